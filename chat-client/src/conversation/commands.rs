//! Lines that are commands. Pure.

use chat_proto::catalogue;
use chat_proto::command::{Command, Kind};
use chat_proto::event::Rank;
use chat_proto::text_form;

use super::options::Audience;

/// Whether a line is `/quit`.
pub fn is_quit(line: &str) -> bool {
    matches!(
        text_form::parse_command(line, Rank::Ordinary),
        Ok(Some(Command::Quit))
    )
}

/// The answer to `/help` of a person of this rank.
pub(super) fn help(rank: Rank, audience: Audience) -> String {
    let commands = catalogue::help(rank, Some((Kind::Quit, ", and so does Ctrl-D")));
    match audience {
        Audience::Prompt => format!("{commands}\n{MARK}\n{KEYS}"),
        Audience::Lines => format!("{commands}\n{MARK}"),
        Audience::Program => commands,
    }
}

/// What stands before names that are held.
const MARK: &str = "<@ann> hi     ann is a name that belongs to a key, which this ann has shown";

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
