//! Counters since the start, for the operator: SIGUSR1 writes them to the log, and the
//! endpoint for metrics shows them.
//!
//! Threads add to them once in a round, each worker to its own on a cache line of their
//! own, so they cost nothing. They are added up when they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::histogram::{Durations, Histogram};
use crate::net::admission::Refusal;
use crate::ops::logger::Record;

/// Numbers that only grow.
#[derive(Debug)]
pub(crate) struct Counters {
    /// What each worker counts by itself.
    workers: Box<[WorkerCounters]>,
    /// Connections that came in.
    pub(crate) accepted: Counter,
    /// Connections that were encrypted, refused ones included.
    pub(crate) handshakes: Counter,
    /// How long their handshakes took, from accept.
    pub(crate) handshake_times: Histogram,
    /// Connections that were refused, by reason.
    pub(crate) refused: [Counter; Refusal::ALL.len()],
    /// Times that `accept` failed: the connection was gone, or the system had no room
    /// for it.
    pub(crate) accept_errors: Counter,
    /// Times that a reader fell behind the log in memory.
    pub(crate) laggards: Counter,
    /// Connections that were closed for taking nothing.
    pub(crate) stalled: Counter,
    /// How long the history took to be on the disk, each time.
    pub(crate) sync_times: Arc<Histogram>,
    /// Whether durations are measured, which is only when they are shown.
    is_timed: bool,
}

/// What one worker counts.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct WorkerCounters {
    /// Bytes from people.
    pub(crate) bytes_in: Counter,
    /// Bytes to people.
    pub(crate) bytes_out: Counter,
    /// Messages, once for each reader that was sent them.
    pub(crate) deliveries: Counter,
    /// How long the rounds took, without the wait for the next one.
    pub(crate) rounds: Histogram,
    /// How long it took in them to send what was new to all readers.
    pub(crate) fan_outs: Histogram,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// So many more.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// Those of a server with so many workers.
    pub(crate) fn new(workers: usize, sync_times: Arc<Histogram>) -> Self {
        Self {
            workers: (0..workers).map(|_| WorkerCounters::default()).collect(),
            accepted: Counter::default(),
            handshakes: Counter::default(),
            handshake_times: Histogram::default(),
            refused: Default::default(),
            accept_errors: Counter::default(),
            laggards: Counter::default(),
            stalled: Counter::default(),
            sync_times,
            is_timed: false,
        }
    }

    /// Has durations measured from now on.
    pub(crate) fn measure_times(&mut self) {
        self.is_timed = true;
    }

    /// When something begins whose duration is measured, if any is.
    pub(crate) fn begin(&self) -> Option<Instant> {
        self.is_timed.then(Instant::now)
    }

    /// What this worker counts.
    pub(crate) fn worker(&self, index: usize) -> &WorkerCounters {
        &self.workers[index]
    }

    /// One of the counters of the workers, added up.
    pub(crate) fn sum(&self, which: impl Fn(&WorkerCounters) -> &Counter) -> u64 {
        self.workers.iter().map(|one| which(one).count()).sum()
    }

    /// One of the histograms of the workers, added up.
    pub(crate) fn durations(&self, which: impl Fn(&WorkerCounters) -> &Histogram) -> Durations {
        let mut all = Durations::default();
        for one in &self.workers {
            all.merge(&which(one).read());
        }
        all
    }

    /// How many connections were refused for this reason.
    pub(crate) fn refused_for(&self, refusal: Refusal) -> u64 {
        self.refused[refusal as usize].count()
    }

    /// Adds them to a record of the log. Of refusals it has those that there were.
    pub(crate) fn record(&self, record: Record) -> Record {
        let refused: u64 = self.refused.iter().map(Counter::count).sum();
        let mut record = record
            .count("accepted", self.accepted.count())
            .count("tls_handshakes", self.handshakes.count())
            .count("deliveries", self.sum(|worker| &worker.deliveries))
            .count("bytes_in", self.sum(|worker| &worker.bytes_in))
            .count("bytes_out", self.sum(|worker| &worker.bytes_out))
            .count("fell_behind", self.laggards.count())
            .count("read_nothing", self.stalled.count())
            .count("accept_errors", self.accept_errors.count())
            .count("refused", refused);
        for (refusal, count) in Refusal::ALL.iter().zip(&self.refused) {
            if count.count() > 0 {
                record = record.count(refusal.counter(), count.count());
            }
        }
        record
    }
}
