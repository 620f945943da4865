//! Lines about something that may happen a thousand times a second.

use std::time::{Duration, Instant};

/// Lines that are limited: a number of them at once after a quiet time, and then one in
/// each interval. Of those in between the last one is kept, and the others are counted.
#[derive(Debug)]
pub(super) struct Seldom<T> {
    interval: Duration,
    /// How far ahead of its time a line may be written.
    ahead: Duration,
    /// When as many lines can be written as after a quiet time. (This is the generic
    /// cell rate algorithm of ITU-T I.371.)
    rested: Option<Instant>,
    held: Option<Held<T>>,
}

/// A line that waits for its time.
#[derive(Debug)]
struct Held<T> {
    line: T,
    /// How many other lines it stands for.
    others: u64,
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate<T> {
    /// It is to be written now.
    Written(T),
    /// It waits, as the first line that does so or instead of another one.
    Held { is_first: bool },
}

impl<T> Seldom<T> {
    /// `at_once` lines after a quiet time, and one in each interval.
    pub(super) fn new(at_once: u32, interval: Duration) -> Self {
        Self {
            interval,
            ahead: interval * (at_once - 1),
            rested: None,
            held: None,
        }
    }

    /// Something has happened that this line tells.
    pub(super) fn offer(&mut self, line: T, now: Instant) -> Fate<T> {
        if let Some(held) = &mut self.held {
            held.line = line;
            held.others += 1;
            return Fate::Held { is_first: false };
        }
        if self.next().is_none_or(|next| next <= now) {
            self.spend(now);
            return Fate::Written(line);
        }
        self.held = Some(Held { line, others: 0 });
        Fate::Held { is_first: true }
    }

    /// When the line that waits is to be written, if one does.
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.as_ref().and_then(|_| self.next())
    }

    /// The line that waits, if its time has come, and how many others it stands for.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(T, u64)> {
        self.due().filter(|due| *due <= now)?;
        self.spend(now);
        self.take()
    }

    /// The line that waits, and how many others it stands for.
    pub(super) fn take(&mut self) -> Option<(T, u64)> {
        let Held { line, others } = self.held.take()?;
        Some((line, others))
    }

    /// When the next line can be written.
    fn next(&self) -> Option<Instant> {
        let rested = self.rested?;
        Some(rested.checked_sub(self.ahead).unwrap_or(rested))
    }

    fn spend(&mut self, now: Instant) {
        let rested = self.rested.map_or(now, |rested| rested.max(now));
        self.rested = Some(rested + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How many of a thousand lines in each second are written at once, and what is
    /// written of the others at its end.
    fn second(seldom: &mut Seldom<char>, start: Instant) -> (usize, Option<(char, u64)>) {
        let times = (0..1000).map(|number| start + SECOND / 1000 * number);
        let fates = times.map(|now| seldom.offer('x', now));
        let written = fates.filter(|fate| matches!(fate, Fate::Written(_)));
        (written.count(), seldom.take_due(start + SECOND))
    }

    #[test]
    fn what_happens_often_is_told_seldom_and_counted() {
        let mut seldom = Seldom::new(1, SECOND);
        let start = Instant::now();
        let counted = Some(('x', 998));
        assert_eq!(second(&mut seldom, start), (1, counted));
        // The line at the end of a second is the one of the next second.
        let counted = Some(('x', 999));
        assert_eq!(second(&mut seldom, start + SECOND), (0, counted));
        assert_eq!(seldom.take_due(start + 10 * SECOND), None);
        assert_eq!(seldom.due(), None);
        let later = start + 10 * SECOND;
        assert_eq!(seldom.offer('y', later), Fate::Written('y'));
        assert_eq!(seldom.offer('z', later), Fate::Held { is_first: true });
        assert_eq!(seldom.due(), Some(later + SECOND));
        assert_eq!(seldom.take_due(later), None);
        // One that waits alone stands for no other one.
        assert_eq!(seldom.take(), Some(('z', 0)));
    }

    #[test]
    fn after_a_quiet_time_there_can_be_many() {
        let mut seldom = Seldom::new(100, SECOND);
        let start = Instant::now();
        assert_eq!(second(&mut seldom, start).0, 100);
        let later = start + 1000 * SECOND;
        assert_eq!(second(&mut seldom, later).0, 100);
        // One more in each second since, but for the one at the end.
        assert_eq!(second(&mut seldom, later + 50 * SECOND).0, 49);
    }
}
