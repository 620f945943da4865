//! Where requests get their place in the order.
//!
//! A request is proposed, and takes effect when it has its place: at once on a server
//! that is alone, and later where several servers share one room and agree on the order
//! first. Every server then applies the same requests in the same order, and so has the
//! same room. The events that come of a request get their numbers there
//! ([`Room::apply`](crate::room::apply::Room::apply)).
//!
//! A server is [`Alone`] until its program has a way to a [`stream`] that several servers
//! share; the simulation has one.

#[cfg(test)]
pub mod shared;
pub mod stream;

use std::fmt;
use std::task::Waker;
use std::time::Instant;

use chat_proto::event::RunId;

use crate::clock::Now;
use crate::room::origin::ServerId;
use crate::room::request::Request;

use self::stream::servers::Servers;
use self::stream::snapshot::Snapshot;

/// Gives requests their place.
pub trait Sequencer: fmt::Debug + Send + Sync {
    /// Takes a request of this server. Gives it back if it is the next one in the order.
    /// Otherwise it will come from [`Sequencer::next`], behind those that were proposed
    /// before it.
    fn propose(&mut self, request: Request, now: Now) -> Option<Request>;

    /// What comes next in the order, if that is known by now.
    fn next(&mut self, now: Now) -> Option<Ordered>;

    /// Which of the servers this is, if it is one of them.
    fn server(&self) -> Option<ServerId> {
        Some(ServerId::default())
    }

    /// A round is over: what was proposed in it goes on its way.
    fn flush(&mut self, _: Now) {}

    /// Now, as what has its place is timed ([`Ordered::now`]).
    fn room_now(&self, now: Now) -> Instant {
        now.instant
    }

    /// Whether the order moves on.
    fn flow(&self, _: Now) -> Flow {
        Flow::Moves
    }

    /// Whether so much is under way that peers who talk have to wait.
    fn is_full(&self) -> bool {
        false
    }

    /// What all servers know of the order, as far as [`Sequencer::next`] has given it; `None`
    /// where there is one server only, and behind a part of an entry.
    fn common(&self) -> Option<Common<'_>> {
        None
    }

    /// If several servers share the room: after how many bytes of events it begins another
    /// chapter. It is the same at each of them.
    fn chapter_bytes(&self) -> Option<u64> {
        None
    }

    /// Whether a snapshot is to be taken for servers that come later.
    fn wants_snapshot(&self) -> bool {
        false
    }

    /// Keeps a snapshot.
    fn save(&mut self, _: Snapshot) {}

    /// When [`Sequencer::flush`] is to be called, if nothing happens before.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Whether this server can go on.
    fn fate(&self) -> Fate {
        Fate::GoesOn
    }

    /// The newest run in the order. [`Sequencer::begin_anew`] needs a later one.
    fn last_run(&self) -> Option<RunId> {
        None
    }

    /// The others have gone on without this server ([`Fate::Ended`]): it takes part again, as
    /// this run.
    fn begin_anew(&mut self, _: RunId) {}

    /// Wakes this when something more has its place.
    fn watch(&mut self, _: Waker) {}

    /// How the order goes on, for metrics; `None` where there is one server only.
    fn progress(&self) -> Option<Progress> {
        None
    }

    /// What the operator should know.
    fn note(&mut self) -> Option<Note> {
        None
    }
}

/// What the operator should know of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// All is well.
    News(String),
    /// Something is not as it should be.
    Trouble(String),
}

/// How the order of several servers goes on, as one of them knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Which of the servers this is; `None` before it is one of them.
    pub server: Option<ServerId>,
    /// How many servers share the room.
    pub servers: usize,
    /// Since when the oldest record of this server waits that has not come back.
    pub waits_since: Option<Instant>,
    /// The number of the last entry that was read.
    pub entries: u64,
    /// How many records were sent again since the start of this server.
    pub again: u64,
}

/// Whether a server can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It can.
    GoesOn,
    /// The others have gone on without it, and its people have left. It can take part again.
    Ended,
    /// It cannot, for this reason.
    Stops(String),
}

/// What all servers know of the order: with the room, the state that a newcomer begins with.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// The servers that share the room, by the entries that were read.
    pub servers: &'a Servers,
    /// A time of the room, and the instant that this server has for it.
    pub at: Now,
}

/// Whether the order moves on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// What is proposed gets its place.
    #[default]
    Moves,
    /// What was proposed has waited for long enough that people are told.
    Waits,
    /// It has waited for so long, or so much waits, that nothing more is to be proposed.
    Stands,
}

/// Something that has its place.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// What happens.
    pub step: Step,
    /// The time that it takes effect at, on every server.
    pub now: Now,
}

/// What happens next.
#[derive(Debug, Clone)]
pub enum Step {
    /// Something is asked for.
    Request(Request),
    /// A server is gone, and its connections with it.
    Gone(ServerId),
    /// Up to so many people are told by name, by the rules of the servers.
    NamesUpTo(usize),
}

/// A server that has its room for itself: requests have their place as they come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Sequencer for Alone {
    fn propose(&mut self, request: Request, _: Now) -> Option<Request> {
        Some(request)
    }

    fn next(&mut self, _: Now) -> Option<Ordered> {
        None
    }
}
