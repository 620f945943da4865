//! An order that several servers in one process share, for tests of what is around it: each
//! request waits until the test gives it its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Flow, Ordered, Sequencer, Step};
use crate::clock::Now;
use crate::hub::CHAPTER_BYTES;
use crate::room::origin::ServerId;
use crate::room::request::Request;

/// One server's end of the order.
#[derive(Debug, Clone)]
pub struct SharedOrder {
    server: ServerId,
    chapter_bytes: u64,
    /// How many of the order it has seen.
    seen: usize,
    state: Arc<Mutex<State>>,
}

/// What has been proposed, and the order of what has its place.
#[derive(Debug, Default)]
pub struct State {
    /// Requests that wait for their place, those of each server in its own order.
    pub proposed: Vec<(ServerId, Ordered)>,
    /// Requests that have their place.
    pub order: Vec<Ordered>,
    /// What the servers say of whether it moves on.
    pub flow: Flow,
}

impl State {
    /// The first request of this server that waits gets its place. Tells whether there
    /// was one.
    pub fn place_next_of(&mut self, server: ServerId) -> bool {
        let index = self.proposed.iter().position(|(of, _)| *of == server);
        let next = index.map(|index| self.proposed.remove(index).1);
        let is_one = next.is_some();
        self.order.extend(next);
        is_one
    }

    /// The first of all requests that wait get their place.
    pub fn place(&mut self, count: usize) {
        let placed = self.proposed.drain(..count);
        self.order.extend(placed.map(|(_, ordered)| ordered));
    }
}

impl SharedOrder {
    /// The end of the first server.
    pub fn new() -> Self {
        Self {
            server: ServerId::default(),
            chapter_bytes: CHAPTER_BYTES,
            seen: 0,
            state: Arc::default(),
        }
    }

    /// The end of another server, which has not seen anything of the order yet.
    pub fn of(&self, server: ServerId) -> Self {
        Self {
            server,
            seen: 0,
            state: Arc::clone(&self.state),
            ..*self
        }
    }

    /// The same, in whose room chapters have this size.
    pub fn with_chapters(self, chapter_bytes: u64) -> Self {
        Self {
            chapter_bytes,
            ..self
        }
    }

    /// The same behind the first `seen` of the order.
    pub fn behind(self, seen: usize) -> Self {
        Self { seen, ..self }
    }

    /// What all servers share.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SharedOrder {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequencer for SharedOrder {
    fn propose(&mut self, request: Request, now: Now) -> Option<Request> {
        let step = Step::Request(request);
        let proposed = (self.server, Ordered { step, now });
        self.state().proposed.push(proposed);
        None
    }

    fn next(&mut self, _: Now) -> Option<Ordered> {
        let state = self.state();
        let ordered = state.order.get(self.seen).cloned()?;
        drop(state);
        self.seen += 1;
        Some(ordered)
    }

    fn server(&self) -> Option<ServerId> {
        Some(self.server)
    }

    fn flow(&self, _: Now) -> Flow {
        self.state().flow
    }

    fn chapter_bytes(&self) -> Option<u64> {
        Some(self.chapter_bytes)
    }
}
