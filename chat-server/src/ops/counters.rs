//! Counters since the start, for the operator.
//!
//! SIGUSR1 writes them to the log. Threads add to them once in a round, so they cost
//! nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::net::admission::Refusal;
use crate::ops::logger::Record;

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

impl Counters {
    /// Adds them to a record of the log. Of refusals it has those that there were.
    pub(crate) fn record(&self, record: Record) -> Record {
        let refused: u64 = self.refused.iter().map(Counter::get).sum();
        let mut record = record
            .count("accepted", self.accepted.get())
            .count("tls_handshakes", self.handshakes.get())
            .count("bytes_in", self.bytes_in.get())
            .count("bytes_out", self.bytes_out.get())
            .count("fell_behind", self.laggards.get())
            .count("read_nothing", self.stalled.get())
            .count("accept_errors", self.accept_errors.get())
            .count("refused", refused);
        for (refusal, count) in Refusal::ALL.iter().zip(&self.refused) {
            if count.get() > 0 {
                record = record.count(refusal.counter(), count.get());
            }
        }
        record
    }
}
