//! Lines that the person types or pipes.

use chat_proto::command::Command;
use chat_proto::json_form;
use chat_proto::text_form;

use super::Conversation;
use super::commands::{help, is_quit};
use super::outbox::SpeechKind;
use super::stage::{Departure, Stage};
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
            | Stage::TlsOffered
            | Stage::Password
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
        let command = match text_form::parse_command(line, self.rank) {
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
                return self.show(Line::notice(help(self.rank, self.options.audience)));
            }
            Command::Password(_) => return self.refuse(NO_PASSWORD.to_owned()),
            Command::Hello(_) => return self.refuse("/hello is for programs".to_owned()),
            Command::History { .. } => self.position.ask_history(),
            // The server does the other commands, or refuses them: what we know of the
            // person's rank may be out of date.
            _ => {}
        }
        json_form::encode_command(&command, &mut self.output);
    }
}

const NO_PASSWORD: &str = "you are in the room already: no password is needed";
