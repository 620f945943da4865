//! What is asked of the room, and what comes of it.

use std::fmt;

use chat_proto::event::{Event, MessageId, SpeechKind};
use chat_proto::name::Name;
use chat_proto::text::Text;

use super::identity::Owner;
use super::origin::Origin;

/// A change of the room. The same requests in the same order, at the same times, give
/// the same room and the same events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The room is opened, or begins another file of its history.
    Open,
    /// The server can be reached from now on: the programs that were in the room
    /// before a restart can come back.
    AwaitReturns,
    /// Arrivals and departures that wait to be told together are told.
    TellPending,
    /// Events before this one are no longer held.
    Forget {
        /// The oldest event that is held.
        first: u64,
    },
    /// A connection asks for something.
    Client(Origin, Act),
}

/// What a connection asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A person without a program comes in.
    Enter {
        /// The name that the person wants.
        wanted: Name,
        /// What happens if the person cannot have it.
        fallback: Fallback,
    },
    /// A program comes in, or back, or says who it is.
    Join(Join),
    /// A member wants this name.
    Rename(Name),
    /// A member says or does something.
    Say {
        /// Which of the two.
        kind: SpeechKind,
        /// What it is.
        text: Text,
        /// What the program knows it by.
        id: Option<MessageId>,
    },
    /// A member is given the names of the people who are here.
    List {
        /// Behind this name, or from the first one on.
        after: Option<Name>,
    },
    /// A member goes.
    Leave,
}

/// What happens to a person who cannot come in under the wanted name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The person gets that name with a number behind it.
    Numbered,
    /// The person does not come in.
    Nothing,
}

/// A program that says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Which program it has proved to be.
    pub known: Option<Owner>,
    /// The name that it wants.
    pub wanted: Option<Name>,
    /// The name that it gets if it wants none.
    pub address: Name,
}

/// What came of a request, for the connection that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// A person has come in under this name.
    Entered(Name),
    /// A program has come in.
    Joined(Joined),
    /// The member has this name now.
    Renamed(Name),
    /// The person does not get the name, for this reason.
    NameRefused(NameRefusal),
    /// It is a new event.
    Said {
        /// How long the text is, in bytes.
        length: usize,
    },
    /// It was this event already.
    SaidBefore {
        /// What the program knows it by.
        id: MessageId,
        /// The number of the event.
        seq: u64,
    },
    /// It was not said, since nothing can be kept.
    NotSaid {
        /// What the program knows it by.
        id: Option<MessageId>,
        /// Why nothing can be kept.
        why: Text,
    },
    /// The people who are here.
    Listed(Listing),
    /// Nothing was done: the connection is not in the room, or not any more.
    NotHere,
    /// The program is here over another connection now, which has its place. This
    /// connection did not ask for it.
    Replaced,
}

/// Some of the people who are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// How many people are here.
    pub people: usize,
    /// The names of some, in order.
    pub names: Vec<Name>,
    /// The name to go on behind, if there are more.
    pub next: Option<Name>,
}

/// How a program has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its name.
    pub name: Name,
    /// Which program it is.
    pub owner: Owner,
    /// Which place it has.
    pub place: JoinedAs,
    /// It has not got the name that it wanted, for this reason.
    pub refusal: Option<NameRefusal>,
    /// The people who are here now.
    pub listing: Listing,
}

/// Which place in the room a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinedAs {
    /// A new one.
    New,
    /// The one that it had before a restart, with its name.
    Returned,
    /// The one of this other connection of the same program, with its name. That
    /// connection is to be told and closed.
    TookOver(Origin),
}

/// Why a person does not get a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameRefusal {
    /// Another person has it, or one that looks like it.
    Taken(Name),
    /// It is kept for the person who had it before a restart.
    Kept {
        /// The name.
        name: Name,
        /// For so many seconds from now.
        seconds: u64,
    },
    /// Nothing can be kept, for this reason.
    NotKept(Text),
}

impl fmt::Display for NameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(name) => write!(f, "{name} is taken, or looks like a name that is"),
            Self::Kept { name, seconds } => write!(
                f,
                "{name} is kept for {seconds} s, for the person who had it before the restart"
            ),
            Self::NotKept(why) => why.fmt(f),
        }
    }
}

/// An event that a request has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The event.
    pub event: Event,
    /// It is what was asked for. In text form it is not sent to the peer that asked.
    pub is_own: bool,
}
