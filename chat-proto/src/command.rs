//! What a connection asks of the server; the [`catalogue`](crate::catalogue) lists it.

mod operation;

use std::fmt;

use crate::event::{ErrorCode, MessageId, Reply, RoomId, Secret};
use crate::moderation::Remark;
use crate::name::NamePrefix;
use crate::password::Password;
use crate::text::{Text, TextError};

pub use operation::{Given, Operation, OwnConnections, Slot, Unfit};

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
    /// Free a name that a key holds.
    Forget {
        /// The name as it was given.
        name: String,
    },
    /// Who is here?
    Who {
        /// Of the people whose names begin so; `None` for all.
        prefix: Option<NamePrefix>,
    },
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
    /// Something that concerns the order of the room.
    Operate {
        /// What.
        operation: Operation,
        /// The sender's mark, given back with the answer.
        id: Option<MessageId>,
    },
    /// Which commands are there? (Text form only.)
    Help,
    /// The password of the room. (Text form only; a program says it in its hello.)
    Password(Password),
    /// Goodbye.
    Quit,
}

/// Which command: the variants of [`Command`] without what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`Command` has them")]
pub enum Kind {
    Message,
    Action,
    Nick,
    Who,
    History,
    Ping,
    Forget,
    Topic,
    Whois,
    Kick,
    Ban,
    Unban,
    Bans,
    Mute,
    Unmute,
    Slow,
    Lock,
    Unlock,
    Op,
    Deop,
    Announce,
    Erase,
    Reload,
    Quit,
    Help,
    Password,
    Hello,
}

/// `/hello {"protocol":1,"name":"ann"}`, in text form, from a program that
/// wants the JSON form from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The version of the protocol, [`crate::PROTOCOL`].
    pub protocol: u64,
    /// The wanted name.
    pub name: Option<String>,
    /// The password of the room, if it asks for one.
    pub password: Option<Password>,
    /// The last event that the program has; the events behind it follow.
    pub resume: Option<Resume>,
    /// How many of the last messages it wants to see, unless it resumes.
    pub replay: usize,
    /// What it calls itself, such as `chat-client 0.1.0`.
    pub program: Option<Remark>,
    /// Whether it comes into the room.
    pub entry: Entry,
}

/// Whether a program comes into the room with its hello.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entry {
    /// It does.
    #[default]
    Join,
    /// It does not: it is sent no events, and only asks and orders. Over the control socket
    /// only.
    Aside,
}

/// Where a program that was here before goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The room that it was in, as the last welcome named it.
    pub room: RoomId,
    /// The newest event that it has.
    pub seq: u64,
    /// The secret of its last welcome, which proves that it is the same program: it
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

impl Command {
    /// Which command it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Hello(_) => Kind::Hello,
            Self::Message { .. } => Kind::Message,
            Self::Action { .. } => Kind::Action,
            Self::Nick { .. } => Kind::Nick,
            Self::Forget { .. } => Kind::Forget,
            Self::Who { .. } => Kind::Who,
            Self::Ping { .. } => Kind::Ping,
            Self::History { .. } => Kind::History,
            Self::Help => Kind::Help,
            Self::Password(_) => Kind::Password,
            Self::Quit => Kind::Quit,
            Self::Operate { operation, .. } => match operation {
                Operation::Kick { .. } => Kind::Kick,
                Operation::Ban { .. } => Kind::Ban,
                Operation::Unban { .. } => Kind::Unban,
                Operation::Bans => Kind::Bans,
                Operation::Mute { .. } => Kind::Mute,
                Operation::Unmute { .. } => Kind::Unmute,
                Operation::Topic { .. } => Kind::Topic,
                Operation::Slow { .. } => Kind::Slow,
                Operation::Lock => Kind::Lock,
                Operation::Unlock => Kind::Unlock,
                Operation::Op { .. } => Kind::Op,
                Operation::Deop { .. } => Kind::Deop,
                Operation::Whois { .. } => Kind::Whois,
                Operation::Announce { .. } => Kind::Announce,
                Operation::Erase { .. } => Kind::Erase,
                Operation::Reload => Kind::Reload,
            },
        }
    }
}

impl Past {
    /// How many messages `/history` shows without a number, and the client shows to a
    /// person who joins.
    pub const DEFAULT_COUNT: usize = 20;
}

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

    /// The command with this word is for operators, and the peer is none.
    pub fn not_allowed(word: &str) -> Self {
        let text = format!("/{word} is for operators");
        Self::new(ErrorCode::NotAllowed, &text)
    }

    pub(crate) fn usage(text: &str) -> Self {
        Self::new(ErrorCode::BadCommand, text)
    }

    /// What was given is no operation.
    pub(crate) fn unfit(Unfit(why): &Unfit, usage: &str) -> Self {
        match &**why {
            "" => Self::usage(usage),
            why => Self::usage(why),
        }
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

    /// The answer to the sender of the line.
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
