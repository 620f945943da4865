//! What a line asks for. Pure.

use chat_proto::catalogue::{self, When};
use chat_proto::command::Command;
use chat_proto::event::{MessageId, Rank};
use chat_proto::text_form;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Nothing: it is blank.
    Nothing,
    /// The list of commands.
    Help,
    /// The end.
    Leave,
    /// Something of the server.
    Ask(Command),
}

impl Request {
    /// Reads a line, which may have a `/` before the command. A command that takes a mark gets
    /// this one. An error is for the person.
    pub(super) fn read(line: &str, id: &MessageId) -> Result<Self, String> {
        let line = line.trim();
        let line = line.strip_prefix('/').unwrap_or(line);
        if line.is_empty() {
            return Ok(Self::Nothing);
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        if catalogue::by_word(word.strip_suffix('!').unwrap_or(word)).is_none() {
            return Err(unknown(word, line));
        }
        let parsed = text_form::parse_command(&format!("/{line}"), Rank::Control);
        let Some(mut command) = parsed.map_err(|error| error.to_string())? else {
            return Ok(Self::Nothing);
        };
        if command.kind().entry().when != When::Anywhere {
            return Err(format!("{word} is nothing for ctl, {OUTSIDE}"));
        }
        match &mut command {
            Command::Help => return Ok(Self::Help),
            Command::Quit => return Ok(Self::Leave),
            Command::Operate { id: mark, .. } | Command::History { id: mark, .. } => {
                *mark = Some(id.clone());
            }
            _ => {}
        }
        Ok(Self::Ask(command))
    }
}

/// The mark of a command.
pub(super) fn number(number: u64) -> MessageId {
    MessageId::new(&number.to_string()).expect("digits are a mark")
}

fn unknown(word: &str, line: &str) -> String {
    // Behind two of them stands what is said to the room.
    let near = catalogue::nearest(word, Rank::Control).filter(|_| !word.starts_with('/'));
    match near {
        Some(near) => format!("there is no command {word}: did you mean {near}? {LIST}"),
        None => format!("that is no command: {line}; {LIST}. ctl {OUTSIDE}"),
    }
}

const LIST: &str = "help lists the commands";

const OUTSIDE: &str = "which does not come into the room: announce TEXT tells something to all, \
                       and to talk there is chat-client --socket PATH";

#[cfg(test)]
mod tests;
