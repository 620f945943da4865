//! Lines that the person types or pipes.

use chat_proto::catalogue;
use chat_proto::command::{Command, Kind};
use chat_proto::json_form;
use chat_proto::text_form;

use super::commands::is_quit;
use super::outbox::SpeechKind;
use super::stage::{Departure, Stage};
use super::{Audience, Conversation};
use crate::output::line::Line;

impl Conversation {
    /// Takes a line that the person typed or piped. A blank one says nothing.
    pub fn say(&mut self, line: String) {
        // Lines behind a `/quit` are not meant to be said, whether or not they are read
        // before the client has left.
        if self.has_said_quit() || line.trim().is_empty() {
            return;
        }
        match self.stage {
            Stage::PlainSoFar | Stage::Plain => self.send_plain(&line),
            Stage::Json(_) => self.send_json(&line),
            _ if is_quit(&line) => self.departure = Departure::Queued,
            Stage::Undecided { .. }
            | Stage::Hello { .. }
            | Stage::Disconnected
            | Stage::Returning { .. }
            | Stage::Unfit { .. }
            | Stage::ForeignServer(_) => self.outbox.wait(line),
        }
    }

    /// The person leaves.
    pub fn quit(&mut self) {
        // Without a goodbye the server tells the room that the connection was lost.
        if matches!(self.stage, Stage::Hello { .. } | Stage::Json(_)) && !self.is_leaving() {
            json_form::encode_command(&Command::Quit, &mut self.output);
        }
        self.departure = Departure::Leaving;
    }

    /// Leaves, if `/quit` was the last line that waited.
    pub(super) fn quit_next(&mut self) {
        if self.departure == Departure::Queued {
            self.quit();
        }
    }

    /// Whether the person has said `/quit`, even behind lines that wait.
    pub fn has_said_quit(&self) -> bool {
        self.departure != Departure::Staying
    }

    /// Tells the person that a line is not sent.
    pub fn refuse(&mut self, why: String) {
        self.refusals += 1;
        self.show(Line::error(why));
    }

    pub(super) fn send_json(&mut self, line: &str) {
        let command = match text_form::parse_command(line) {
            Ok(None) => return,
            Ok(Some(command)) => command,
            Err(error) => return self.refuse(error.to_string()),
        };
        match command {
            Command::Message { text, .. } => {
                return self
                    .outbox
                    .send(SpeechKind::Message, text, &mut self.output);
            }
            Command::Action { text, .. } => {
                return self.outbox.send(SpeechKind::Action, text, &mut self.output);
            }
            Command::Quit => return self.quit(),
            Command::Help => {
                let commands = catalogue::help(Some((Kind::Quit, ", and so does Ctrl-D")));
                return self.show(Line::notice(match self.options.audience {
                    Audience::Prompt => format!("{commands}\n{KEYS}"),
                    Audience::Lines | Audience::Program => commands,
                }));
            }
            Command::Hello(_) => return self.refuse("/hello is for programs".to_owned()),
            Command::History { .. } => self.position.ask_history(),
            // The server does the other commands.
            _ => {}
        }
        json_form::encode_command(&command, &mut self.output);
    }
}

/// `chat-client/README.md` has the others.
const KEYS: &str = "\
keys (C-r is Ctrl and R together, M-Enter is Alt and Enter):
Enter         sends what you have typed
M-Enter, C-j  begins another line in it
Tab           completes a name, or a command that begins with /
Up, Down      what you sent before; C-r searches it
C-a, C-e      to the start and to the end of the line
C-w, C-u      deletes the word, the line before the cursor; C-y puts it back
C-_           undoes
C-l           empties the screen
C-z           stops the client until you type fg
C-c           clears what you have typed; twice in an empty line, leaves
C-d           leaves, in an empty line";
