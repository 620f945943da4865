//! What happens in the room, and what the server says to one person.
//!
//! All people see an [`Event`], which has its number in the one order of the room. A
//! [`Reply`] is for a single connection and has no number.
//! Both have two encodings, in [`text_form`](crate::text_form) and
//! [`json_form`](crate::json_form).

use std::net::IpAddr;
use std::time::Duration;

use crate::moderation::{Ban, Measure, Remark, Standing, Topic};
use crate::name::{MAX_NAME_COLUMNS, Name};
use crate::text::{MAX_TEXT, Text};

pub use crate::identity::{Fingerprint, KeyId, MessageId, RoomId, RunId, Secret, Tag};
pub use crate::timestamp::Timestamp;

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
    /// A person said something.
    Message(Speech),
    /// A person did something: `* ann waves`.
    Action(Speech),
    /// People came. Never an empty list.
    Entered(Vec<Arrival>),
    /// People went. Never an empty list.
    Left(Vec<Name>),
    /// A person changed the name.
    Renamed {
        /// The name up to this event.
        old: Name,
        /// The name from this event on.
        new: Name,
        /// Of a program: as in [`Arrival::tag`].
        tag: Option<Tag>,
    },
    /// How many people are in the room, of whom not all are told by name: a server tells it
    /// in the place of arrivals and departures while many people are there.
    People {
        /// How many.
        people: usize,
        /// From here on all of them are told by name again, and the events before this one
        /// have told all.
        named: bool,
    },
    /// The room was opened, or begins another file of its history, which names
    /// it so. Only a room that is kept on disk has such events, and people are
    /// not told of them.
    Room {
        /// Which room it is.
        room: RoomId,
        /// The run of the server that this event and those behind it are of, up
        /// to the next event of this kind.
        run: Option<RunId>,
        /// How many people are in it, as the events before it have told: 0 when
        /// it is opened, when all who were in it before are gone.
        people: usize,
        /// The measures that stand.
        standing: Box<Standing>,
    },
    /// An operator did something.
    Measure(Box<Measure>),
}

/// A person who comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The name in the room.
    pub name: Name,
    /// Of a program: by this tag the server knows after a restart which program had the
    /// name.
    pub tag: Option<Tag>,
    /// It had this name when the last run of the server ended, and has proved
    /// it. Without this another person may have taken the name.
    pub back: bool,
}

impl Arrival {
    /// A person of whom nothing is known but the name.
    pub fn of(name: Name) -> Self {
        Self {
            name,
            tag: None,
            back: false,
        }
    }
}

/// A person who is in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name in the room.
    pub name: Name,
    /// The key that holds the name, if the person has shown it.
    pub held: Option<KeyId>,
}

/// Whether a person said something or did it. The same text is another event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechKind {
    /// [`Body::Message`]
    Message,
    /// [`Body::Action`]
    Action,
}

impl SpeechKind {
    /// The event of a `speech` of this kind.
    pub fn body(self, speech: Speech) -> Body {
        match self {
            Self::Message => Body::Message(speech),
            Self::Action => Body::Action(speech),
        }
    }
}

/// What one person said or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// The speaker.
    pub name: Name,
    /// What they said.
    pub text: Text,
    /// The key that holds the name, if the speaker has shown it.
    pub held: Option<KeyId>,
    /// The mark that the speaker's program gave it.
    pub id: Option<MessageId>,
    /// Only beside an `id` that is too short to be unique, or where the text was erased: by
    /// this tag the server recognizes the message when the same program sends it again.
    pub tag: Option<Tag>,
}

/// What the server says to one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The answer to `/hello`.
    Welcome(Box<Welcome>),
    /// A sentence for the person.
    Notice(Text),
    /// A refusal of a request.
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
        names: Vec<Person>,
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
        /// How many events.
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
    /// A request was carried out, of a kind that has no other answer.
    Done {
        /// What was done.
        text: Text,
        /// The mark that the request had.
        id: Option<MessageId>,
    },
    /// A piece of the answer to `bans`.
    Bans {
        /// Some of the bans.
        bans: Vec<CountedBan>,
        /// Whether another piece follows.
        more: bool,
        /// The mark that the request had.
        id: Option<MessageId>,
    },
    /// The answer to `whois`.
    Whois {
        /// The person.
        person: Box<Profile>,
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

/// A ban, and how often it was hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedBan {
    /// The ban.
    pub ban: Ban,
    /// How many connections it has kept out, since the server was started.
    pub hits: u64,
}

/// What a peer may know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name in the room, and the key that holds it.
    pub person: Person,
    /// When they came.
    pub since: Timestamp,
    /// How long they have said nothing.
    pub idle: Duration,
    /// What they chat with, as it says itself; `None` for one that says nothing, as `nc`.
    pub program: Option<Remark>,
    /// Whether they are an operator.
    pub rank: Rank,
    /// Until when they may not speak.
    pub muted: Option<Timestamp>,
    /// Only for operators: where they come from; `None` for the control socket.
    pub address: Option<IpAddr>,
    /// Only for operators: the key that they have shown.
    pub key: Option<Fingerprint>,
}

/// What a person may do in the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What all people may do.
    #[default]
    Ordinary,
    /// Keep order.
    Operator,
    /// Run the server: what its control socket lets do beyond that. No message tells it; a
    /// program at that socket is told that it is an operator.
    Control,
}

/// The answer to a program's `/hello`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The name that it has from now on.
    pub name: Name,
    /// Which room it is, and in which run of the server; `None` from a server
    /// that cannot resume.
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
    /// If that was asked for: the number of the first event that follows. It may
    /// be below the numbers that the program has seen, if the room has lost
    /// some of those events and has others in their place.
    pub from: Option<u64>,
    /// How many people are in the room, the newcomer among them.
    pub people: usize,
    /// Up to [`Welcome::MAX_NAMES`] of them; `who` tells all.
    pub names: Vec<Person>,
    /// The limits that the server enforces.
    pub limits: Limits,
    /// What the room is about.
    pub topic: Option<Topic>,
    /// A text of the person who runs the server, for all who come in.
    pub greeting: Option<Text>,
    /// What the program may do.
    pub rank: Rank,
    /// The secret by which the program proves later that it is the same one; from a
    /// server that knows secrets.
    pub secret: Option<Secret>,
}

impl Welcome {
    /// The most names in a welcome, and in a piece of the answer to `who`.
    pub const MAX_NAMES: usize = 200;
}

/// The limits in force. Where nothing else is said, 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of UTF-8 in a text.
    pub text: usize,
    /// Bytes in a line of the JSON form.
    pub line: usize,
    /// Columns in a name.
    pub name: usize,
    /// Lines that are read from one connection in a second, after a burst of as
    /// many as in five seconds; a line of more than 3,276 bytes counts as more.
    pub rate: u32,
    /// Connections.
    pub clients: usize,
    /// Connections from one address: of IPv4, or 64 bits of IPv6.
    pub per_address: usize,
    /// Connections from one address that come into the room within ten minutes.
    pub new_per_address: u32,
    /// Connections that have not sent a line yet.
    pub unjoined: usize,
    /// Connections from one address that have not sent a line yet.
    pub unjoined_per_address: usize,
    /// The time from connecting in which a peer has to send its first line.
    pub idle_join: Duration,
    /// How long a peer may take nothing while data waits for it. It is never 0.
    pub stall: Duration,
}

impl Limits {
    /// The defaults of a server.
    pub const DEFAULT: Self = Self {
        text: MAX_TEXT,
        line: MAX_LINE,
        name: MAX_NAME_COLUMNS,
        rate: 20,
        clients: 0,
        per_address: 16,
        new_per_address: 60,
        unjoined: 100,
        unjoined_per_address: 10,
        idle_join: Duration::from_secs(60),
        stall: Duration::from_secs(60),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The longest line that a connection in JSON form may send: the longest text
/// with every byte of it escaped, and room for the other members.
pub const MAX_LINE: usize = 32 * 1024;

/// Anything that the server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// To all readers.
    Event(Event),
    /// To one connection.
    Reply(Reply),
}

/// Why something was refused, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The line or the text is too long.
    TooLong,
    /// The line is not UTF-8.
    NotUtf8,
    /// The text shows nothing.
    Empty,
    /// The server does not understand the line.
    BadCommand,
    /// The name is not allowed.
    BadName,
    /// Another person has this name or one that looks like it, or it is kept for
    /// the person who had it before a restart.
    NameTaken,
    /// The name, or one that looks like it, belongs to a key that the peer has not shown.
    NameHeld,
    /// The history cannot be written, and the server takes nothing that it cannot keep.
    NotKept,
    /// Too many connections, in all or from one address. Later there may be space.
    Full,
    /// The room asks for a password, and did not get the right one.
    Password,
    /// The peer may not do this, or may not come in without a key that is listed.
    NotAllowed,
    /// There is no person, ban, mute or message that the request means.
    NotFound,
    /// An operator has removed the peer from the room.
    Removed,
    /// The peer is banned.
    Banned,
    /// The peer may not speak for now.
    Muted,
    /// The peer has spoken a moment ago, and is to wait: slow mode.
    Slow,
    /// No newcomers come in now.
    Locked,
    /// A code that this version does not know.
    Other,
}

impl ErrorCode {
    const ALL: [(Self, &str); 18] = [
        (Self::TooLong, "too_long"),
        (Self::NotUtf8, "not_utf8"),
        (Self::Empty, "empty"),
        (Self::BadCommand, "bad_command"),
        (Self::BadName, "bad_name"),
        (Self::NameTaken, "name_taken"),
        (Self::NameHeld, "name_held"),
        (Self::NotKept, "not_kept"),
        (Self::Full, "full"),
        (Self::Password, "password"),
        (Self::NotAllowed, "not_allowed"),
        (Self::NotFound, "not_found"),
        (Self::Removed, "removed"),
        (Self::Banned, "banned"),
        (Self::Muted, "muted"),
        (Self::Slow, "slow"),
        (Self::Locked, "locked"),
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
