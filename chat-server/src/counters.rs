//! What has happened since the start, in numbers, for whoever runs the server.
//!
//! SIGUSR1 has them printed. Threads add to them once in a round, so they cost
//! nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::admission::Refusal;

/// Numbers that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections that came in.
    pub(crate) accepted: Counter,
    /// Connections that could not, by reason.
    pub(crate) refused: [Counter; Refusal::ALL.len()],
    /// Times that the system had nobody or no room for somebody.
    pub(crate) accept_errors: Counter,
    /// What came from people, in bytes.
    pub(crate) bytes_in: Counter,
    /// What went to them, in bytes.
    pub(crate) bytes_out: Counter,
    /// Times that somebody was slower than what memory holds.
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
            "accepted {}, bytes in {}, bytes out {}, laggards {}, took nothing {}, \
             accept errors {}, refused {refused}",
            self.accepted.get(),
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

/// Something that may happen a thousand times a second, and is logged once in a
/// while.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Silence>);

#[derive(Debug, Default)]
struct Silence {
    until: Option<Instant>,
    /// How often it was not logged.
    count: u64,
}

impl Seldom {
    /// It happens: whether it is to be logged now, and how often it was not.
    pub(crate) fn happens(&self, now: Instant) -> Option<u64> {
        let mut silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if silence.until.is_some_and(|until| until > now) {
            silence.count += 1;
            return None;
        }
        silence.until = Some(now + QUIET_FOR);
        Some(std::mem::take(&mut silence.count))
    }
}

/// The time between two lines about the same thing.
const QUIET_FOR: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_logged_seldom_and_counted() {
        let seldom = Seldom::default();
        let mut now = Instant::now();
        assert_eq!(seldom.happens(now), Some(0));
        for _ in 0..1000 {
            assert_eq!(seldom.happens(now), None);
            now += Duration::from_millis(1);
        }
        now += QUIET_FOR;
        assert_eq!(seldom.happens(now), Some(1000));
        assert_eq!(seldom.happens(now + QUIET_FOR), Some(0));
    }
}
