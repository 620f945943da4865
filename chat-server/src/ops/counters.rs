//! Counters since the start, for the operator.
//!
//! SIGUSR1 writes them to the log. Threads add to them once in a round, so they cost
//! nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::net::admission::Refusal;

/// Numbers that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections that came in.
    pub(crate) accepted: Counter,
    /// Connections that were encrypted, refused ones included.
    pub(crate) handshakes: Counter,
    /// Connections that were refused, by reason.
    pub(crate) refused: [Counter; Refusal::ALL.len()],
    /// Times that `accept` failed: the connection was gone, or the system had no room
    /// for it.
    pub(crate) accept_errors: Counter,
    /// Bytes from people.
    pub(crate) bytes_in: Counter,
    /// Bytes to people.
    pub(crate) bytes_out: Counter,
    /// Times that a reader fell behind the log in memory.
    pub(crate) laggards: Counter,
    /// Connections that were closed for taking nothing.
    pub(crate) stalled: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// So many more.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.refused.iter().map(Counter::get).sum();
        write!(
            f,
            "accepted {}, TLS handshakes {}, bytes in {}, bytes out {}, fell behind {}, read nothing {}, \
             accept errors {}, refused {refused}",
            self.accepted.get(),
            self.handshakes.get(),
            self.bytes_in.get(),
            self.bytes_out.get(),
            self.laggards.get(),
            self.stalled.get(),
            self.accept_errors.get(),
        )?;
        for (refusal, count) in Refusal::ALL.iter().zip(&self.refused) {
            if count.get() > 0 {
                write!(f, ", {} {refusal}", count.get())?;
            }
        }
        Ok(())
    }
}
