//! Lines without an end, which take memory that others need.

use std::cmp::Reverse;

use super::Scheduler;
use crate::clock::Now;
use crate::hub::Hub;
use crate::net::transport::Transport;
use crate::runtime::control::Shared;
use crate::runtime::observer::Observer;

impl<S: Transport, O: Observer<S>> Scheduler<S, O> {
    /// If all lines without an end are too much together, the peers with the longest
    /// ones go.
    pub(super) fn shed(&mut self, hub: &mut Hub, shared: &Shared<S>, now: Now) {
        let excess = shared.waiting.excess();
        if excess == 0 {
            return;
        }
        let held = |key: &usize| Reverse(self.held(*key).partial);
        let mut keys: Vec<usize> = self.connections.iter().map(|(key, _)| key).collect();
        keys.sort_by_cached_key(held);
        let mut shed = 0;
        for key in keys {
            let before = self.held(key);
            if shed >= excess || before.partial == 0 {
                return;
            }
            self.turn(key, hub, |session, hub| session.end_partial_line(hub, now));
            shared.waiting.change(before, self.held(key));
            // What is left of it, the beginning of a record, goes with the connection.
            shed += before.partial;
        }
    }
}
