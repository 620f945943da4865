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
use std::time::Instant;

use crate::clock::Now;
use crate::room::origin::ServerId;
use crate::room::request::Request;

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

    /// If several servers share the room: after how many bytes of events it begins another
    /// chapter. It is the same at each of them.
    fn chapter_bytes(&self) -> Option<u64> {
        None
    }

    /// When [`Sequencer::flush`] is to be called, if nothing happens before.
    fn deadline(&self) -> Option<Instant> {
        None
    }
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
