//! What is asked of the room, and what comes of it.

use std::fmt;

use chat_proto::event::{Event, Speech, SpeechKind};
use chat_proto::name::Name;
use chat_proto::text::Text;

use super::identity::Owner;
use super::tickets::TicketId;

/// A change of the room. The same requests in the same order give the same room and
/// the same events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The room is opened, or begins another file of its history.
    Open,
    /// The server can be reached from now on: the programs that were in the room
    /// before a restart can come back.
    AwaitReturns,
    /// A person without a program comes in.
    Enter {
        /// The name that they want.
        wanted: Name,
        /// What happens if they cannot have that.
        fallback: Fallback,
    },
    /// A program comes in, or back, or says who it is.
    Join(Join),
    /// A person wants another name.
    Rename {
        /// The name that they have.
        old: Name,
        /// The one that they want.
        new: Name,
        /// Which program it is, if it is one.
        owner: Option<Owner>,
    },
    /// A person says or does something.
    Say {
        /// Which of the two.
        kind: SpeechKind,
        /// What it is.
        speech: Speech,
        /// Which program it is, if it is one.
        owner: Option<Owner>,
    },
    /// A person goes.
    Leave {
        /// Their name.
        name: Name,
        /// Which program it is, if it is one.
        owner: Option<Owner>,
    },
    /// A peer is given the names of all who are here.
    List,
    /// Arrivals and departures that wait to be told together are told.
    TellPending,
    /// Events before this one are no longer held.
    Forget {
        /// The oldest event that is held.
        first: u64,
    },
}

/// What happens to a person who cannot come in under the wanted name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// They get that name with a number behind it.
    Numbered,
    /// They do not come in.
    Nothing,
}

/// A program that says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Which program it has proved to be.
    pub known: Option<Owner>,
    /// The name that it wants.
    pub wanted: Option<Name>,
    /// The name under which its connection is in the room already.
    pub present: Option<Name>,
    /// The name that it gets if it wants none.
    pub address: Name,
}

/// What came of a request, for the peer that it was of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// A person has come in under this name.
    Entered(Name),
    /// A program has come in.
    Joined(Joined),
    /// A person has this name now.
    Renamed(Name),
    /// They have it not, for this reason.
    NotRenamed(NameRefusal),
    /// It is this new event.
    Said(u64),
    /// It was this event already.
    SaidBefore(u64),
    /// Nothing was done, since nothing can be kept, for this reason.
    NotKept(Text),
}

/// How a program has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its name.
    pub name: Name,
    /// Which program it is.
    pub owner: Owner,
    /// What its connection is known by.
    pub ticket: TicketId,
    /// Which place it has.
    pub place: JoinedAs,
    /// It has not got the name that it wanted, for this reason.
    pub refusal: Option<NameRefusal>,
}

/// Which place in the room a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinedAs {
    /// A new one.
    New,
    /// The one that it had before a restart, with its name.
    Returned,
    /// The one of another connection of the same program, with its name. That
    /// connection is to be told and closed.
    TookOver,
}

/// Why a person cannot have a name.
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
}

impl fmt::Display for NameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(name) => write!(f, "{name} is taken, or looks like a name that is"),
            Self::Kept { name, seconds } => write!(
                f,
                "{name} is kept for {seconds} s, for the person who had it before the restart"
            ),
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
