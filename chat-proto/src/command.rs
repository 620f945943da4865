//! What a connection asks of the server.

use std::fmt;

use crate::event::{ErrorCode, MessageId, Reply, RoomId, Secret};
use crate::json_form;
use crate::text::{Text, TextError};

/// A line from a connection, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Switch this connection to the JSON form.
    Hello(Hello),
    /// Say something.
    Message {
        /// What.
        text: Text,
        /// The sender's mark.
        id: Option<MessageId>,
    },
    /// Do something: `/me waves`.
    Action {
        /// What.
        text: Text,
        /// The sender's mark.
        id: Option<MessageId>,
    },
    /// Take another name. The room decides whether it is one.
    Nick {
        /// The wanted name as it was given.
        name: String,
    },
    /// Who is here?
    Who,
    /// Are you there?
    Ping {
        /// The sender's mark, given back with the answer.
        id: Option<MessageId>,
    },
    /// What was said?
    History {
        /// Which part of it.
        past: Past,
        /// The sender's mark, given back at the end of the answer.
        id: Option<MessageId>,
    },
    /// Which commands are there? (Text form only.)
    Help,
    /// Goodbye.
    Quit,
}

/// `/hello {"protocol":1,"name":"ann"}`, in text form, from a program that
/// wants the JSON form from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The version of the protocol, [`crate::PROTOCOL`].
    pub protocol: u64,
    /// The wanted name.
    pub name: Option<String>,
    /// The last event that the program has; it gets those behind it.
    pub resume: Option<Resume>,
    /// How many of the last messages it wants to see, unless it resumes.
    pub replay: usize,
}

/// Where a program goes on that was here before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The room that it was in, as the last welcome named it.
    pub room: RoomId,
    /// The newest event that it has.
    pub seq: u64,
    /// That of its last welcome, which proves that it is the same program: it
    /// takes the place of its earlier connection, and has its name back.
    pub secret: Option<Secret>,
}

/// A part of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// The last messages and actions, this many.
    Last(usize),
    /// All events of these numbers.
    Range {
        /// The first one.
        first: u64,
        /// The last one, the newest if not given.
        last: Option<u64>,
    },
}

impl Past {
    /// What `/history` without a number and a person who joins get.
    pub const DEFAULT_COUNT: usize = 20;
}

impl Hello {
    /// Reads what stands behind `/hello`.
    ///
    /// # Errors
    ///
    /// When it is not an object with a `protocol`.
    pub fn parse(json: &str) -> Result<Self, CommandError> {
        json_form::parse_hello(json)
    }

    /// The line to send, with its end.
    pub fn encode(&self) -> Vec<u8> {
        json_form::encode_hello(self)
    }
}

/// The command that is meant by a word that is none: the beginning of one, a slip of
/// the finger, or what another chat calls it. Without its `/`, as `word` is.
pub fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let synonym = SYNONYMS.iter().find(|(_, words)| words.contains(&&*word));
    if let Some((command, _)) = synonym {
        return Some(command);
    }
    let mut begun = COMMANDS.iter().filter(|command| command.starts_with(&word));
    if let (Some(command), None) = (begun.next(), begun.next()) {
        return Some(command);
    }
    let longest = COMMANDS.iter().map(|command| command.len()).max()?;
    if !word.is_ascii() || word.len() > longest + 2 {
        return None;
    }
    let slips = |command: &&&str| slips(word.as_bytes(), command.as_bytes());
    let nearest = COMMANDS.iter().min_by_key(slips)?;
    // In a short word two slips would make anything of anything.
    let most = if word.len() > 4 { 2 } else { 1 };
    (word.len() > 1 && slips(&nearest) <= most).then_some(nearest)
}

/// How many letters were left out, put in, exchanged or swapped with the next one.
fn slips(typed: &[u8], meant: &[u8]) -> usize {
    // The rows of the table of distances between beginnings of the two words.
    let mut rows: Vec<Vec<usize>> = vec![(0..=meant.len()).collect()];
    for (i, letter) in typed.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in meant.iter().enumerate() {
            let exchanged = rows[i][j] + usize::from(letter != other);
            let mut least = exchanged.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == meant[j - 1] && typed[i - 1] == *other {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[typed.len()][meant.len()]
}

/// The commands of the text form that people use, without their `/`.
pub const COMMANDS: [&str; 6] = ["help", "history", "me", "nick", "quit", "who"];

/// What they are called elsewhere.
const SYNONYMS: [(&str, &[&str]); 6] = [
    ("help", &["?", "commands", "keys", "man"]),
    ("history", &["backlog", "last", "log", "scrollback"]),
    ("me", &["action", "do", "emote"]),
    ("nick", &["name", "rename"]),
    (
        "quit",
        &["bye", "disconnect", "exit", "leave", "logout", "part"],
    ),
    ("who", &["here", "list", "members", "names", "users", "w"]),
];

/// Why a line is not a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    code: ErrorCode,
    text: Text,
    id: Option<MessageId>,
}

impl CommandError {
    /// An error with a sentence for people.
    pub(crate) fn new(code: ErrorCode, text: &str) -> Self {
        let text = Text::clean(text)
            .unwrap_or_else(|_| Text::clean("that was not understood").expect("a short text"));
        Self {
            code,
            text,
            id: None,
        }
    }

    pub(crate) fn usage(text: &str) -> Self {
        Self::new(ErrorCode::BadCommand, text)
    }

    pub(crate) fn text(error: TextError) -> Self {
        let code = match error {
            TextError::Empty => ErrorCode::Empty,
            TextError::TooLong => ErrorCode::TooLong,
        };
        Self::new(code, &format!("that was not sent: {error}"))
    }

    /// With the mark of the message that it is about.
    pub(crate) fn about(self, id: Option<MessageId>) -> Self {
        Self { id, ..self }
    }

    /// The answer to whoever sent the line.
    pub fn into_reply(self) -> Reply {
        Reply::Error {
            code: self.code,
            text: self.text,
            id: self.id,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl std::error::Error for CommandError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: Option<&str>) {
        for word in words {
            assert_eq!(nearest(word), expected, "/{word}");
        }
    }

    #[test]
    fn what_is_nearly_a_command_is_known() {
        check(
            &[
                "nik", "nic", "NIK", "nikc", "n", "nickk", "inck", "nick/", "name",
            ],
            Some("nick"),
        );
        check(&["hlep", "hel", "hepl", "help?", "?", "elp"], Some("help"));
        check(
            &["hist", "histroy", "histori", "History1", "log"],
            Some("history"),
        );
        check(&["q", "qiut", "exit", "quit.", "bye"], Some("quit"));
        check(&["w", "wo", "whos", "whi", "names"], Some("who"));
        check(&["m", "em", "mee", "emote"], Some("me"));
    }

    #[test]
    fn what_is_nothing_like_a_command_is_none() {
        // Two commands begin like the first, and as of the second any could be meant.
        check(&["h", "x", "", "/", "中文", "🙂"], None);
        check(
            &["dance", "password", "join", "msg", "etc", "usr", "nonsense"],
            None,
        );
        check(&["historyhistoryhistory", &"x".repeat(4096)], None);
    }

    #[test]
    fn commands_and_their_synonyms_are_told_apart() {
        for command in COMMANDS {
            check(&[command], Some(command));
            let known = |(_, words): &(&str, &[&str])| words.contains(&command);
            assert!(!SYNONYMS.iter().any(known), "{command}");
        }
        assert!(
            SYNONYMS
                .iter()
                .all(|(command, _)| COMMANDS.contains(command))
        );
    }
}
