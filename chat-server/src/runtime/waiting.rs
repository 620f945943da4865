//! What has come and cannot be processed yet: how much there may be of all together.
//!
//! One connection holds little of it, the beginning of a line and what is left of one
//! read. Of thousands together that would be hundreds of megabytes.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::session::Held;

/// Bytes of input that wait, on all threads.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// Of lines that have not ended.
    pub(crate) partial: AtomicUsize,
    /// Behind lines that are not to be heard yet.
    pub(crate) backlog: AtomicUsize,
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
    pub(crate) fn change(&self, before: Held, after: Held) {
        for (count, before, after) in [
            (&self.partial, before.partial, after.partial),
            (&self.backlog, before.backlog, after.backlog),
        ] {
            if before != after {
                count.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
            }
        }
    }

    /// How much there is, of both kinds.
    pub(crate) fn bytes(&self) -> usize {
        self.partial.load(Ordering::Relaxed) + self.backlog.load(Ordering::Relaxed)
    }

    /// Bytes of lines that are to be got rid of.
    pub(crate) fn excess(&self) -> usize {
        let partial = self.partial.load(Ordering::Relaxed);
        match partial > self.most {
            // Some more, so that it is not to be done again at once.
            true => partial - self.most + self.most / 8,
            false => 0,
        }
    }

    /// What is read at a time. If much waits it is little, and the rest waits with
    /// the system, or the peer.
    pub(crate) fn read_size(&self) -> usize {
        match self.backlog.load(Ordering::Relaxed) < self.most {
            true => READ_BUFFER,
            false => SMALL_READ,
        }
    }
}

/// What one connection may send in one round.
pub(crate) const READ_BUFFER: usize = 16 * 1024;

/// The most that waits of all together, in bytes, of either kind.
pub(crate) const MAX_WAITING: usize = 16 << 20;

/// What is read at a time if much waits already.
const SMALL_READ: usize = 512;
