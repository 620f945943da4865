//! An order that several servers share, and that a test moves on.

use std::sync::{Arc, Mutex, MutexGuard};

use super::{Ordered, Sequencer};
use crate::clock::Now;
use crate::room::origin::ServerId;
use crate::room::request::Request;

/// One server's end of the order.
#[derive(Debug, Clone)]
pub(crate) struct SharedOrder {
    server: ServerId,
    /// How many requests it has proposed.
    count: u64,
    /// How many of the order it has seen.
    seen: usize,
    state: Arc<Mutex<State>>,
}

/// What has been proposed, and the order of what has its place.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) proposed: Vec<Ordered>,
    pub(crate) order: Vec<Ordered>,
}

impl SharedOrder {
    /// The end of the first server.
    pub(crate) fn new() -> Self {
        Self {
            server: ServerId(0),
            count: 0,
            seen: 0,
            state: Arc::default(),
        }
    }

    /// The end of another server.
    pub(crate) fn of(&self, server: u16) -> Self {
        Self {
            server: ServerId(server),
            ..self.clone()
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How many requests wait for their place.
    pub(crate) fn waiting(&self) -> usize {
        self.state().proposed.len()
    }

    /// The first of the requests that wait get their place.
    pub(crate) fn order(&self, count: usize) {
        let State { proposed, order } = &mut *self.state();
        order.extend(proposed.drain(..count));
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
        let ordered = self.state().order.get(self.seen).cloned()?;
        self.seen += 1;
        Some(ordered)
    }

    fn server(&self) -> ServerId {
        self.server
    }
}
