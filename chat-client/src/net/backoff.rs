//! How long to wait before the server is tried again. Pure.
//!
//! After the loss of a good connection the first attempt is made at once; after
//! failures the waits double. All waits are jittered, so that the clients of a full
//! room do not all return in the same moment.

use std::time::{Duration, Instant};

/// The attempts since things last went well.
#[derive(Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// How long to wait before the next attempt, now that a connection is lost
    /// that had lived for `lived`, or an attempt has failed (none at all).
    /// `fraction` is a random number from 0 to 1.
    pub fn wait(&mut self, lived: Duration, fraction: f64) -> Duration {
        if lived >= LONGEST {
            self.attempts = 0;
        }
        let attempt = self.attempts;
        self.attempts = self.attempts.saturating_add(1);
        match attempt {
            0 if lived >= LIVED => Duration::ZERO,
            0 => jittered(SOON, fraction),
            _ => jittered(
                LONGEST.min(FIRST.saturating_mul(1 << attempt.min(16))),
                fraction,
            ),
        }
    }

    /// New events came since the last attempt, and not only a welcome.
    pub fn progress(&mut self) {
        self.attempts = 0;
    }
}

/// How long to stay away when the server asks for `asked`: no shorter, and up
/// to half as long again.
pub fn asked_to_wait(asked: Duration, fraction: f64) -> Duration {
    let asked = asked.min(LONGEST_ASKED);
    asked + asked.mul_f64(fraction / 2.0)
}

/// From half of `most` to all of it.
fn jittered(most: Duration, fraction: f64) -> Duration {
    most.mul_f64(0.5 + fraction / 2.0)
}

/// When a client stops trying to reconnect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// It does not: a person can see the outage and leave, and an open pipe may have
    /// more to say at any time.
    Never,
    /// [`GIVE_UP_AFTER`] after this moment, or after the loss if that is later. At this
    /// moment all input had been read, or as much as can be kept, and a job without a
    /// person must end.
    After(Instant),
}

impl GiveUp {
    /// The moment, for an outage that began at `since`.
    pub fn deadline(self, since: Instant) -> Option<Instant> {
        match self {
            Self::Never => None,
            // A line that comes during a long outage is tried for as long, too.
            Self::After(from) => Some(since.max(from) + GIVE_UP_AFTER),
        }
    }
}

/// How long a pipe whose input has ended tries to come back.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(60);

/// The longest wait between two attempts.
pub const LONGEST: Duration = Duration::from_secs(30);

/// What the waits double from.
const FIRST: Duration = Duration::from_secs(1);

/// A connection that has lived so long was a good one.
const LIVED: Duration = Duration::from_secs(1);

/// The first wait after a connection that was not good. On average it is more than
/// [`LIVED`], so that no client connects more often than once a second, also to a
/// server that welcomes its clients and closes at once.
const SOON: Duration = Duration::from_millis(1500);

/// A longer time that a server asks for is cut to this.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_good_connection_is_wanted_back_at_once() {
        assert_eq!(Backoff::default().wait(LIVED, 0.9), NONE);
        let wait = Backoff::default().wait(LIVED - seconds(0.001), 0.5);
        assert_eq!(wait, seconds(1.125));
    }

    #[test]
    fn waits_grow_up_to_the_longest_and_are_jittered() {
        for (fraction, part) in [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)] {
            let mut backoff = Backoff::default();
            assert_eq!(backoff.wait(LIVED, fraction), NONE);
            for whole in [2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
                assert_eq!(backoff.wait(NONE, fraction), seconds(whole * part));
            }
            for _ in 0..100 {
                assert_eq!(backoff.wait(NONE, fraction), LONGEST.mul_f64(part));
            }
        }
    }

    #[test]
    fn only_progress_begins_anew() {
        let mut backoff = Backoff::default();
        backoff.wait(LIVED, 1.0);
        // Let in and thrown out, again and again.
        assert_eq!(backoff.wait(LIVED, 1.0), seconds(2.0));
        assert_eq!(backoff.wait(LIVED, 1.0), seconds(4.0));
        backoff.progress();
        assert_eq!(backoff.wait(LIVED, 1.0), NONE);
        assert_eq!(backoff.wait(NONE, 1.0), seconds(2.0));
        // In a quiet room nothing new may come for hours.
        assert_eq!(backoff.wait(LONGEST, 1.0), NONE);
    }

    /// A server is called once a second at most, in the long run, and not by all its
    /// clients at the same moment.
    #[test]
    fn no_client_connects_more_than_once_a_second() {
        for lived in [0.0, 0.5, 0.999, 1.0, 40.0].map(seconds) {
            for progresses in [true, false] {
                let mut backoff = Backoff::default();
                let rounds = 1000;
                let fractions = (0..rounds).map(|n| f64::from(n) / f64::from(rounds - 1));
                let waited: Duration = fractions
                    .map(|fraction| {
                        if progresses {
                            backoff.progress();
                        }
                        lived + backoff.wait(lived, fraction)
                    })
                    .sum();
                let each = waited / rounds;
                assert!(each >= seconds(1.0), "{each:?}: {lived:?}, {progresses}");
            }
        }
        let wait = |fraction| Backoff::default().wait(NONE, fraction);
        assert!(wait(1.0) - wait(0.0) > seconds(0.5));
    }

    #[test]
    fn a_goodbye_names_the_shortest_wait() {
        assert_eq!(asked_to_wait(seconds(2.0), 0.0), seconds(2.0));
        assert_eq!(asked_to_wait(seconds(2.0), 1.0), seconds(3.0));
        assert_eq!(asked_to_wait(NONE, 1.0), NONE);
        assert_eq!(asked_to_wait(Duration::MAX, 0.0), LONGEST_ASKED);
    }

    #[test]
    fn only_a_client_without_more_input_gives_up() {
        let lost = Instant::now();
        assert_eq!(GiveUp::Never.deadline(lost), None);
        let at_first = GiveUp::After(lost);
        let (before, later) = (lost + seconds(1.0), lost + seconds(100.0));
        assert_eq!(at_first.deadline(before), Some(before + GIVE_UP_AFTER));
        // Before the last line came the server has not been tried for it.
        let later_on = GiveUp::After(later);
        assert_eq!(later_on.deadline(lost), Some(later + GIVE_UP_AFTER));
    }
}
