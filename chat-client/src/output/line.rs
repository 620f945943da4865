//! Lines to show, before they are styled.
//!
//! The conversation gives out [`Line`]s. [`Style`](super::style) makes text of them; a
//! pipe shows another selection of them than a screen.

use std::fmt;

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
    /// The number of the event, if the reader is to see it.
    pub number: Option<u64>,
    /// The content.
    pub kind: Kind,
}

/// Whether a line is new, missed or old when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It happens now.
    New,
    /// It happened while the connection was lost.
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

/// A person as lines name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The name.
    pub name: Name,
    /// Whose it is.
    pub standing: Standing,
}

/// Whose a name is, as far as the reader is shown that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It belongs to a key, which the person has shown.
    Held,
    /// The person uses it.
    InUse,
}

impl Speaker {
    /// A person who uses a name.
    pub fn in_use(name: Name) -> Self {
        let standing = Standing::InUse;
        Self { name, standing }
    }

    /// What stands before the name: `@` if it is held. It is in no name, no character in a
    /// name looks like it, and each terminal shows it in one column.
    pub fn mark(&self) -> &'static str {
        match self.standing {
            Standing::Held => "@",
            Standing::InUse => "",
        }
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.mark(), self.name)
    }
}

/// The kinds of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message {
        /// The speaker; `None` for the reader's own messages.
        speaker: Option<Speaker>,
        /// What.
        text: Text,
    },
    /// An action.
    Action {
        /// Who.
        speaker: Speaker,
        /// The reader did it.
        own: bool,
        /// What.
        text: Text,
    },
    /// People came.
    Entered(Vec<Name>),
    /// People went.
    Left(Vec<Name>),
    /// So many people are in the room.
    People(usize),
    /// A person has another name.
    Renamed {
        /// Up to now.
        old: Name,
        /// From now on.
        new: Name,
    },
    /// What an operator did, a row each, safe to print.
    Measure(Vec<String>),
    /// A word of the server to all.
    Announced {
        /// The reader has said it.
        own: bool,
        /// What.
        text: Text,
    },
    /// A notice to the reader, of one or more lines, safe to print.
    Notice(String),
    /// The state of the connection, likewise.
    Status(String),
    /// A word about the line behind it, likewise.
    Warning(String),
    /// Something that went wrong, likewise. Where standard error is apart, it is told there.
    Error(String),
    /// A line of a plain server, safe to print.
    Raw(String),
}

impl Line {
    /// A notice to the reader.
    pub fn notice(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Notice(text.into()))
    }

    /// The state of the connection.
    pub fn status(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Status(text.into()))
    }

    /// A warning about the next line.
    pub fn warning(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Warning(text.into()))
    }

    /// Something that went wrong.
    pub fn error(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Error(text.into()))
    }

    /// Something that happens now.
    pub fn new(time: Option<Timestamp>, kind: Kind) -> Self {
        Self {
            time,
            age: Age::New,
            number: None,
            kind,
        }
    }
}
