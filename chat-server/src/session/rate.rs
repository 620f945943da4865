//! How fast one connection may speak.
//!
//! Nothing that was sent is lost for being too fast: what is beyond the rate is
//! not read yet, and so waits in the system or with the peer, as long as there is one.
//! A line costs the time in which one more may come, a long one as much more as it
//! is longer than [`LINE_BYTES`], and the debt may be up to [`BURST`]. (As a meter
//! this is the generic cell rate algorithm of ITU-T I.371.)

use std::time::{Duration, Instant};

/// What one connection has said of late.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RateLimiter {
    /// When all that was said is paid for, if that is not so already.
    paid: Option<Instant>,
    /// Nothing more is heard for the moment.
    waits: bool,
}

impl RateLimiter {
    /// `bytes` were taken, where `rate` lines of [`LINE_BYTES`] a second may come, at
    /// least one.
    pub(crate) fn spend(&mut self, bytes: usize, rate: u32, now: Instant) {
        let cost = u32::try_from(bytes).unwrap_or(u32::MAX);
        let paid = self.paid.map_or(now, |paid| paid.max(now));
        let paid = paid + Duration::from_secs(1) * cost / (rate.saturating_mul(LINE_BYTES));
        self.waits = paid > now + BURST;
        self.paid = Some(paid);
    }

    /// Whether nothing more is to be taken now.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waits
    }

    /// When more may be taken, if not now: some lines at a time, or each of
    /// them would be a round of the loop.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let paid = self.paid.filter(|_| self.waits)?;
        Some(paid - BURST + SOME)
    }

    /// Time has passed.
    pub(crate) fn expire(&mut self, now: Instant) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.waits = false;
        }
    }
}

/// What may be said at once after a quiet time: as much as in so long.
const BURST: Duration = Duration::from_secs(5);

/// What counts as one line, in bytes: 20 of them are 64 KiB.
pub(crate) const LINE_BYTES: u32 = 64 * 1024 / 20;

/// How long a peer that is too fast waits at least.
const SOME: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line of so many bytes costs.
    fn line(bytes: usize) -> usize {
        bytes.max(LINE_BYTES as usize)
    }

    /// How many lines of so many bytes can be said until this moment.
    fn lines(bytes: usize, rate: u32, seconds: u64) -> usize {
        let start = Instant::now();
        let (mut pace, mut now, mut lines) = (RateLimiter::default(), start, 0);
        while now < start + Duration::from_secs(seconds) {
            pace.expire(now);
            if pace.is_waiting() {
                now = pace.deadline().unwrap();
            } else {
                pace.spend(line(bytes), rate, now);
                lines += 1;
            }
        }
        lines
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        // The line that goes beyond is taken still.
        assert_eq!(lines(10, 20, 1), 100 + 1 + 15);
        let [one_minute, two] = [60, 120].map(|seconds| lines(10, 20, seconds));
        assert_eq!((one_minute, two - one_minute), (100 + 1 + 1195, 1200));
        // 64 KiB a second, and five seconds of that at once.
        let [one_minute, two] = [60, 120].map(|seconds| lines(4096, 20, seconds) * 4096);
        assert!((60 << 16..=65 << 16).contains(&one_minute), "{one_minute}");
        assert!((59 << 16..=61 << 16).contains(&(two - one_minute)));
    }

    #[test]
    fn a_peer_that_was_quiet_may_say_as_much_again() {
        let mut now = Instant::now();
        let mut pace = RateLimiter::default();
        for _ in 0..3 {
            for _ in 0..100 {
                assert!(!pace.is_waiting());
                pace.spend(line(10), 20, now);
            }
            now += BURST;
        }
    }

    #[test]
    fn pieces_of_a_line_cost_their_bytes_only() {
        let now = Instant::now();
        let mut pace = RateLimiter::default();
        for _ in 0..4095 {
            pace.spend(1, 20, now);
        }
        pace.spend(line(1), 20, now);
        assert!(pace.paid.unwrap() < now + Duration::from_millis(150));
    }
}
