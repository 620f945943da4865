//! An order that several servers in one process share, for tests and for simulation: it
//! stands for the log that servers on several machines will share. Requests wait until
//! they are given their place, and each server sees the order as far as it is let.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Ordered, Sequencer};
use crate::clock::Now;
use crate::room::origin::ServerId;
use crate::room::request::Request;

/// One server's end of the order.
#[derive(Debug, Clone)]
pub struct SharedOrder {
    server: ServerId,
    /// How many requests it has proposed.
    count: u64,
    /// How many of the order it has seen.
    seen: usize,
    state: Arc<Mutex<State>>,
}

/// What has been proposed, and the order of what has its place.
#[derive(Debug, Default)]
pub struct State {
    /// Requests that wait for their place, those of each server in its own order.
    pub proposed: Vec<Ordered>,
    /// Requests that have their place.
    pub order: Vec<Ordered>,
    /// How much of the order each server may see. A server that is not named sees all.
    pub visible: BTreeMap<ServerId, usize>,
}

impl State {
    /// The first request of this server that waits gets its place. Tells whether there
    /// was one.
    pub fn place_next_of(&mut self, server: ServerId) -> bool {
        let index = self.proposed.iter().position(|it| it.server == server);
        let next = index.map(|index| self.proposed.remove(index));
        let is_one = next.is_some();
        self.order.extend(next);
        is_one
    }

    /// The first of all requests that wait get their place.
    pub fn place(&mut self, count: usize) {
        self.order.extend(self.proposed.drain(..count));
    }

    /// A request that has its place gets another one: its server did not know that it
    /// had one.
    pub fn repeat(&mut self, index: usize) {
        let again = self.order.get(index).cloned();
        self.order.extend(again);
    }
}

impl SharedOrder {
    /// The end of the first server.
    pub fn new() -> Self {
        Self {
            server: ServerId::default(),
            count: 0,
            seen: 0,
            state: Arc::default(),
        }
    }

    /// The end of another server, which has not seen anything of the order yet.
    pub fn of(&self, server: ServerId) -> Self {
        Self {
            server,
            count: 0,
            seen: 0,
            state: Arc::clone(&self.state),
        }
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
        self.count += 1;
        let (server, number) = (self.server, self.count);
        self.state().proposed.push(Ordered {
            server,
            number,
            request,
            now,
        });
        None
    }

    fn next(&mut self) -> Option<Ordered> {
        let state = self.state();
        let visible = state.visible.get(&self.server);
        if visible.is_some_and(|visible| self.seen >= *visible) {
            return None;
        }
        let ordered = state.order.get(self.seen).cloned()?;
        drop(state);
        self.seen += 1;
        Some(ordered)
    }

    fn server(&self) -> ServerId {
        self.server
    }
}
