//! Requests to the room, and their outcomes.

use std::fmt;
use std::net::IpAddr;

use chat_proto::command::Operation;
use chat_proto::event::{Event, MessageId, Person, SpeechKind};
use chat_proto::moderation::{Remark, Subject};
use chat_proto::name::{Name, NamePrefix};
use chat_proto::text::Text;

use super::holders::Forgotten;
use super::identity::Owner;
use super::operated::Operated;
use super::origin::{Authority, Origin};
use super::verdict::{Bar, Farewell, Silence};
use crate::access::keys::PersonKey;
use crate::access::naming::Naming;
use crate::access::people::People;

/// A change of the room. The same requests in the same order, at the same times, give
/// the same room and the same events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The room is opened, or begins another file of its history.
    Open,
    /// The server can be reached from now on: the programs that were in the room
    /// before a restart can come back.
    AwaitReturns,
    /// The pending arrivals and departures are told together.
    TellPending,
    /// The oldest events are no longer held.
    Forget {
        /// The oldest event that is still held.
        first: u64,
    },
    /// The file of people was read.
    SetPeople {
        /// What keys mean for names.
        naming: Naming,
        /// What the file says.
        people: Box<People>,
        /// How many of the room's own changes are in that.
        taken: u64,
    },
    /// The server itself sets the topic.
    SetTopic(Remark),
    /// The keeper of the file of people has so many of the room's own changes.
    ChangesTaken(u64),
    /// A request of a connection.
    Client(Origin, Act),
}

/// What a connection can request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A person without a program enters.
    Enter {
        /// The name that the person wants, or the address or the like.
        wanted: Name,
        /// What happens if that name is not free.
        fallback: Fallback,
        /// The key that the person has shown.
        key: Option<PersonKey>,
        /// Where the person comes from; `None` for the control socket.
        from: Option<IpAddr>,
    },
    /// A program identifies itself: it enters, returns, or takes over its place.
    Join(Join),
    /// A member wants this name.
    Rename(Name),
    /// A member says or does something.
    Say {
        /// Whether it is said or done.
        kind: SpeechKind,
        /// The text.
        text: Text,
        /// The program's own id of the message.
        id: Option<MessageId>,
    },
    /// A member asks for the names of the people in the room.
    List {
        /// The name to go on behind; `None` for the first names.
        after: Option<Name>,
        /// How the names begin; `None` for all names.
        prefix: Option<NamePrefix>,
    },
    /// A name is to belong to no key any more.
    Forget {
        /// The name.
        name: Name,
        /// By what right.
        authority: Authority,
    },
    /// A request that concerns the order of the room.
    Operate {
        /// What is wanted.
        operation: Operation,
        /// By what right.
        authority: Authority,
    },
    /// An operator asks for further bans.
    ListBans {
        /// The subject to go on behind.
        after: Subject,
        /// By what right.
        authority: Authority,
    },
    /// A member leaves.
    Leave,
}

/// What happens to a person whose wanted name is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The person enters under that name with a number behind it.
    Numbered,
    /// The person does not enter.
    Nothing,
}

/// A program that identifies itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The program that it has proved to be; `None` for a new one.
    pub known: Option<Owner>,
    /// The name that it wants.
    pub wanted: Option<Name>,
    /// The name that it gets if it wants none, or one that belongs to another key: its
    /// address, or the like.
    pub otherwise: Name,
    /// The key that it has shown.
    pub key: Option<PersonKey>,
    /// Where it comes from; `None` for the control socket.
    pub from: Option<IpAddr>,
    /// What it calls itself.
    pub program: Option<Remark>,
}

/// The outcome of a request, for the connection that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The request was carried out.
    Done,
    /// A person has entered under this name.
    Entered(Name),
    /// A program has joined.
    Joined(Box<Joined>),
    /// The member has this name now.
    Renamed(Name),
    /// The person does not get the name, for this reason.
    NameRefused(NameRefusal),
    /// The message is a new event.
    Said {
        /// How long the text is, in bytes.
        length: usize,
        /// The speaker's name, if it belongs to the speaker's key from now on.
        claimed: Option<Name>,
    },
    /// The message was this event already.
    SaidBefore {
        /// The program's own id of the message.
        id: MessageId,
        /// The number of the event.
        seq: u64,
    },
    /// The message was refused, since the history cannot be written.
    NotSaid {
        /// The program's own id of the message.
        id: Option<MessageId>,
        /// Why the history cannot be written.
        why: Text,
    },
    /// The people in the room.
    Listed(Listing),
    /// What came of the wish to free a name.
    Forgotten(Forgotten),
    /// The message was refused, since the speaker may not speak now.
    Silenced {
        /// The program's own id of the message.
        id: Option<MessageId>,
        /// Why.
        why: Silence,
    },
    /// The person or program does not come in.
    Barred(Bar),
    /// What came of an operation.
    Operated(Box<Operated>),
    /// An operator has removed this connection, which made no request, from the room.
    Removed(Box<Farewell>),
    /// Nothing was done: the connection is not in the room, or no longer.
    NotHere,
    /// Another connection of the same program has taken over the place of this one,
    /// which made no request.
    Replaced,
}

/// A part of the people in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// How many people are in the room.
    pub people: usize,
    /// Some of them, in order of their names.
    pub names: Vec<Person>,
    /// The name to go on behind; `None` if there are no more names.
    pub next: Option<Name>,
}

/// How a program has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its name.
    pub name: Name,
    /// The program.
    pub owner: Owner,
    /// The place that it has taken.
    pub place: JoinedAs,
    /// Why it has not got the name that it wanted, or has another one than it had.
    pub refusal: Option<NameRefusal>,
    /// The people in the room now.
    pub listing: Listing,
}

/// The place in the room that a program has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinedAs {
    /// A new one.
    New,
    /// The one that it had before a restart, with its name.
    Returned,
    /// The one of an earlier connection of the same program, with its name. The earlier
    /// connection is to be told and closed.
    TookOver(Origin),
}

/// Why a person does not get a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameRefusal {
    /// Another person has it, or one that looks like it.
    Taken(Name),
    /// The person is muted, and keeps the name that they are known by.
    Muted(Silence),
    /// It belongs to a key that the person has not shown, or one that looks like it does.
    /// This is the name as it is listed.
    Held(Name),
    /// It is kept for the person who had it before a restart.
    Kept {
        /// The name.
        name: Name,
        /// For so many seconds from now.
        seconds: u64,
    },
    /// The history cannot be written, for this reason.
    NotKept(Text),
}

impl fmt::Display for NameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(name) => write!(f, "{name} is taken, or looks like a name that is"),
            Self::Held(name) => write!(f, "{name} belongs to another person's key"),
            Self::Kept { name, seconds } => write!(
                f,
                "{name} is kept for {seconds} s, for the person who had it before the restart"
            ),
            Self::NotKept(why) => why.fmt(f),
            Self::Muted(why) => why.fmt(f),
        }
    }
}

/// An event that a request has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The event.
    pub event: Event,
    /// The event is what a peer has requested. In text form it is not sent to that
    /// peer.
    pub is_own: bool,
}
