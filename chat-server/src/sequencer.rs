//! Where requests get their place in the order.
//!
//! A request is proposed, and takes effect when it has its place: at once on a server
//! that is alone, and later where several servers share one room and agree on the order
//! first. Every server then applies the same requests in the same order, and so has the
//! same room. The events that come of a request get their numbers there
//! ([`Room::apply`](crate::room::apply::Room::apply)).

pub mod shared;

use std::collections::BTreeMap;
use std::fmt;

use crate::clock::Now;
use crate::room::origin::ServerId;
use crate::room::request::Request;

/// Gives requests their place.
pub trait Sequencer: fmt::Debug + Send + Sync {
    /// Takes a request of this server. Gives it back if it is the next one in the order.
    /// Otherwise it will come from [`Sequencer::next`], behind those that were proposed
    /// before it.
    fn propose(&mut self, request: Request, now: Now) -> Option<Request>;

    /// The next request that has its place.
    fn next(&mut self) -> Option<Ordered>;

    /// Which of the servers this is.
    fn server(&self) -> ServerId {
        ServerId::default()
    }
}

/// A request that has its place.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// The server that has proposed it.
    pub server: ServerId,
    /// As which of its requests, counted from 1. A request that comes again, or behind a
    /// later one of the same server, is void.
    pub number: u64,
    /// What is asked for.
    pub request: Request,
    /// The time that it takes effect at, on every server.
    pub now: Now,
}

/// A server that has its room for itself: requests have their place as they come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Sequencer for Alone {
    fn propose(&mut self, request: Request, _: Now) -> Option<Request> {
        Some(request)
    }

    fn next(&mut self) -> Option<Ordered> {
        None
    }
}

/// Which requests have been applied. A server that does not know whether one of its
/// requests has got its place proposes it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied(BTreeMap<ServerId, u64>);

impl Applied {
    /// Whether the request is a new one, which is to be applied now.
    pub fn is_new(&mut self, server: ServerId, number: u64) -> bool {
        let last = self.0.entry(server).or_default();
        let is_new = number > *last;
        *last = number.max(*last);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_comes_again_is_void() {
        let mut applied = Applied::default();
        let [one, other] = [1, 2].map(ServerId);
        for (server, number, is_new) in [
            (one, 1, true),
            (one, 1, false),
            (other, 1, true),
            (one, 3, true),
            (one, 2, false),
            (other, 2, true),
        ] {
            assert_eq!(
                applied.is_new(server, number),
                is_new,
                "{server:?} {number}"
            );
        }
    }
}
