//! What there is to show, before it is decided how it looks.
//!
//! The talk with the server gives out [`Line`]s. [`Style`](super::style) makes
//! text of them, and a pipe may want another selection of them than a person.

use chat_proto::event::Timestamp;
use chat_proto::name::Name;
use chat_proto::text::Text;

/// One thing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it happened, if it is an event of the room.
    pub time: Option<Timestamp>,
    /// Whether it happens now.
    pub age: Age,
    /// What it is.
    pub kind: Kind,
}

/// How what is shown lies to the moment at which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It happens now.
    New,
    /// It happened while the reader was away against their will.
    Missed,
    /// It happened before, and the reader wanted to see it.
    Old,
}

/// Whether arrivals and departures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// They are.
    #[default]
    Shown,
    /// They are not.
    Hidden,
}

/// The kinds of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Somebody said something.
    Message {
        /// Who; nobody is the reader.
        name: Option<Name>,
        /// What.
        text: Text,
    },
    /// Somebody did something.
    Action {
        /// Who.
        name: Name,
        /// The reader did it.
        own: bool,
        /// What.
        text: Text,
    },
    /// People came.
    Entered(Vec<Name>),
    /// People went.
    Left(Vec<Name>),
    /// Somebody has another name.
    Renamed {
        /// Up to now.
        old: Name,
        /// From now on.
        new: Name,
    },
    /// A word to the reader, of one or more lines, safe to print.
    Notice(String),
    /// What became of the connection, likewise.
    Status(String),
    /// Something that went wrong, likewise.
    Error(String),
    /// A line of a plain server, safe to print.
    Raw(String),
}

impl Line {
    /// A word to the reader.
    pub fn notice(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Notice(text.into()))
    }

    /// What became of the connection.
    pub fn status(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Status(text.into()))
    }

    /// Something that went wrong.
    pub fn error(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Error(text.into()))
    }

    /// Something that happens now.
    pub fn new(time: Option<Timestamp>, kind: Kind) -> Self {
        let age = Age::New;
        Self { time, age, kind }
    }
}
