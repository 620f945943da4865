//! What happens in the room, and what the server says to one person.
//!
//! An [`Event`] is a thing that everybody sees, numbered in the one order of
//! the room; a [`Reply`] is a word to a single connection, without a number.
//! Both have two encodings, in [`text_form`](crate::text_form) and
//! [`json_form`](crate::json_form).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::name::Name;
use crate::text::Text;

/// Something that happened in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the order of the room: 1, 2, 3, … without gaps.
    pub seq: u64,
    /// When the server took it.
    pub time: Timestamp,
    /// What happened.
    pub body: Body,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Somebody said something.
    Message(Speech),
    /// Somebody did something: `* ann waves`.
    Action(Speech),
    /// People came. Never an empty list.
    Entered(Vec<Name>),
    /// People went. Never an empty list.
    Left(Vec<Name>),
    /// Somebody who was `old` is `new` from here on.
    Renamed {
        /// The name up to this event.
        old: Name,
        /// The name from this event on.
        new: Name,
    },
    /// The room was opened, or begins another file of its history, which names
    /// it so. Only a room that is kept on disk has such events, and people are
    /// not told of them.
    Room {
        /// Which room it is.
        room: RoomId,
        /// How many people are in it, as the events before it have told: 0 when
        /// it is opened, so that whoever was there before is gone.
        people: usize,
    },
}

/// What one person said or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// The speaker.
    pub name: Name,
    /// What they said.
    pub text: Text,
    /// The mark that the speaker's program gave it.
    pub id: Option<MessageId>,
}

/// A word from the server to one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The answer to `/hello`.
    Welcome(Welcome),
    /// Something worth knowing.
    Notice(Text),
    /// Something that was asked for and not done.
    Error {
        /// The reason as a word for programs.
        code: ErrorCode,
        /// The reason for people.
        text: Text,
        /// The mark of the message that was refused.
        id: Option<MessageId>,
    },
    /// A piece of the answer to `who`.
    People {
        /// How many people are in the room.
        people: usize,
        /// Some of them, in alphabetical order.
        names: Vec<Name>,
        /// Whether another piece follows.
        more: bool,
    },
    /// The answer to `ping`.
    Pong {
        /// The mark that the `ping` had.
        id: Option<MessageId>,
    },
    /// Events that this connection should have got next are no longer held.
    Gap {
        /// How many.
        missed: u64,
    },
    /// A message came a second time, and is in the room once.
    Confirmed {
        /// The mark of the message.
        id: MessageId,
        /// The event that it is.
        seq: u64,
    },
    /// The end of the answer to `history`, behind the events themselves.
    History {
        /// The first event that was asked for and held.
        first: u64,
        /// The last one; smaller than `first` if there was none.
        last: u64,
        /// The mark that the request had.
        id: Option<MessageId>,
    },
    /// The server stops.
    Goodbye {
        /// The same for people.
        text: Text,
        /// When to come back, counted from now.
        after: Duration,
    },
}

/// What a program is told when it has said `/hello`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The name that it has from now on.
    pub name: Name,
    /// Which room it is; `None` from a server that cannot resume.
    pub room: Option<RoomId>,
    /// The number of the newest event; the next live one is `seq` + 1.
    pub seq: u64,
    /// The number of the oldest event that can be asked for; `seq` + 1 if
    /// there is none.
    pub first: u64,
    /// Whether what is said is kept on disk.
    pub kept: bool,
    /// Whether the events behind those of [`Hello::resume`] follow. `None` if
    /// that was not asked for.
    ///
    /// [`Hello::resume`]: crate::command::Hello::resume
    pub resumed: Option<bool>,
    /// How many people are in the room, the newcomer among them.
    pub people: usize,
    /// Up to [`Welcome::MAX_NAMES`] of them; `who` tells all.
    pub names: Vec<Name>,
    /// What is refused beyond.
    pub limits: Limits,
}

impl Welcome {
    /// The most names in a welcome, and in a piece of the answer to `who`.
    pub const MAX_NAMES: usize = 200;
}

/// The limits in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of UTF-8 in a text.
    pub text: usize,
    /// Bytes in a line of the JSON form.
    pub line: usize,
    /// Columns in a name.
    pub name: usize,
}

/// Anything that the server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// To everybody.
    Event(Event),
    /// To one.
    Reply(Reply),
}

/// Why something was refused, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The line or the text is too long.
    TooLong,
    /// The line is not UTF-8.
    NotUtf8,
    /// There is nothing in it.
    Empty,
    /// It is not understood.
    BadCommand,
    /// The name is not allowed.
    BadName,
    /// Somebody has this name, or one that looks like it.
    NameTaken,
    /// The history cannot be written, and nothing is taken that cannot be kept.
    NotKept,
    /// Anything that this program does not know yet.
    Other,
}

impl ErrorCode {
    const ALL: [(Self, &str); 8] = [
        (Self::TooLong, "too_long"),
        (Self::NotUtf8, "not_utf8"),
        (Self::Empty, "empty"),
        (Self::BadCommand, "bad_command"),
        (Self::BadName, "bad_name"),
        (Self::NameTaken, "name_taken"),
        (Self::NotKept, "not_kept"),
        (Self::Other, "other"),
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(code, _)| *code == self)
            .map_or("other", |(_, word)| word)
    }

    /// The code of a word; [`ErrorCode::Other`] for unknown ones.
    pub fn of_word(word: &str) -> Self {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map_or(Self::Other, |(code, _)| *code)
    }
}

/// A mark that a program gives its message, to know it again when it comes
/// back: 1 to [`MessageId::MAX_BYTES`] visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// The longest mark, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// From this length on a mark can hold 128 random bits, and is taken to be
    /// the only one of its kind in the room.
    pub const UNIQUE_BYTES: usize = 22;

    /// Takes a mark; `None` if it is none.
    pub fn new(id: &str) -> Option<Self> {
        is_mark(id).then(|| Self(id.into()))
    }

    /// The mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The identity of a room: what its numbers count. 1 to 64 visible ASCII
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomId(Box<str>);

impl RoomId {
    /// Takes an identity; `None` if it is none.
    pub fn new(id: &str) -> Option<Self> {
        is_mark(id).then(|| Self(id.into()))
    }

    /// The identity.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_mark(text: &str) -> bool {
    (1..=MessageId::MAX_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A point in time, to the millisecond, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The time `milliseconds` after 1970-01-01T00:00:00Z. Beyond the year
    /// 9999 it is the last that can be written.
    pub fn from_unix_milliseconds(milliseconds: u64) -> Self {
        let time = i64::try_from(milliseconds)
            .ok()
            .and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
        Self(time.unwrap_or(jiff::Timestamp::MAX))
    }

    /// RFC 3339 to the second: `2026-11-23T10:00:00Z`.
    pub fn to_seconds(self) -> String {
        format!("{:.0}", self.0)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }
}

/// RFC 3339 with three decimals: `2026-11-23T10:00:00.123Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let time: jiff::Timestamp = text.parse()?;
        // Cut down to what is written again.
        jiff::Timestamp::from_millisecond(time.as_millisecond()).map(Self)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
