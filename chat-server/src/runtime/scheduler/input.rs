//! What has come and cannot be processed yet: how much there may be of all together.
//!
//! One connection holds little of it, the beginning of a line and what is left of one
//! read. Of thousands together that would be hundreds of megabytes, which nobody has
//! said yet.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{READ_BUFFER, Scheduler};
use crate::clock::Now;
use crate::hub::Hub;
use crate::runtime::control::Shared;
use crate::session::Held;

/// Bytes of input that wait, on all threads.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// Of lines that have not ended.
    pub(super) partial: AtomicUsize,
    /// Behind lines that are not to be heard yet.
    pub(super) backlog: AtomicUsize,
    /// The most of either.
    most: usize,
}

impl Waiting {
    /// None, and up to `most` bytes of either kind later.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            partial: AtomicUsize::new(0),
            backlog: AtomicUsize::new(0),
            most,
        }
    }

    /// A connection held this much, and holds that much now.
    pub(super) fn change(&self, before: Held, after: Held) {
        for (count, before, after) in [
            (&self.partial, before.partial, after.partial),
            (&self.backlog, before.backlog, after.backlog),
        ] {
            if before != after {
                count.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
            }
        }
    }

    /// Bytes of lines that are to be got rid of.
    fn excess(&self) -> usize {
        let partial = self.partial.load(Ordering::Relaxed);
        match partial > self.most {
            // Some more, so that it is not to be done again at once.
            true => partial - self.most + self.most / 8,
            false => 0,
        }
    }

    /// What is read at a time. If much waits it is little, and the rest waits with
    /// the system, or the peer.
    pub(super) fn read_size(&self) -> usize {
        match self.backlog.load(Ordering::Relaxed) < self.most {
            true => READ_BUFFER,
            false => SMALL_READ,
        }
    }
}

impl Scheduler {
    /// If all lines without an end are too much together, those who have the longest
    /// ones go.
    pub(super) fn shed(&mut self, hub: &mut Hub, shared: &Shared, now: Now) {
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
            if let Some(connection) = self.connections.get_mut(key) {
                connection.session.end_partial_line(hub, now);
                self.enqueue(key);
            }
            let after = self.held(key);
            shared.waiting.change(before, after);
            shed += before.partial - after.partial;
        }
    }
}

/// The most that waits of all together, in bytes, of either kind.
pub(crate) const MAX_WAITING: usize = 16 << 20;

/// What is read at a time if much waits already.
const SMALL_READ: usize = 512;
