//! How much waits for its place.

use super::asks::Ask;

/// How much something is, for what may wait at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) requests: usize,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn of(ask: &Ask) -> Self {
        Self {
            requests: 1,
            bytes: ask.weight(),
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.bytes += more.bytes;
    }

    pub(super) fn subtract(&mut self, less: Self) {
        self.requests -= less.requests;
        self.bytes -= less.bytes;
    }
}
