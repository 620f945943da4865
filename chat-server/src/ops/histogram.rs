//! How long something takes, counted by classes of duration.

use std::time::{Duration, Instant};

use super::counters::Counter;

/// How often something took how long, in seconds of the bounds and below.
///
/// One thread adds to it at a time; any thread reads it.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each of [`BOUNDS`], and one for all that took longer.
    classes: [Counter; CLASSES],
    nanoseconds: Counter,
}

/// What a histogram held at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Durations {
    /// How many there were of each class, not added up.
    pub(crate) classes: [u64; CLASSES],
    nanoseconds: u64,
}

impl Histogram {
    /// It took so long once more.
    pub(crate) fn add(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let class = BOUNDS.partition_point(|bound| *bound < nanoseconds);
        self.classes[class].add(1);
        self.nanoseconds.add(nanoseconds);
    }

    /// It began then, if durations are measured, and ends now.
    pub(crate) fn add_since(&self, began: Option<Instant>) {
        if let Some(began) = began {
            self.add(began.elapsed());
        }
    }

    /// What it holds now.
    pub(crate) fn read(&self) -> Durations {
        Durations {
            classes: self.classes.each_ref().map(Counter::count),
            nanoseconds: self.nanoseconds.count(),
        }
    }
}

impl Durations {
    /// The same with those of another thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.classes.iter_mut().zip(other.classes) {
            *ours += theirs;
        }
        self.nanoseconds = self.nanoseconds.wrapping_add(other.nanoseconds);
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// How long all of them took together, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds).as_secs_f64()
    }

    /// The upper bound of each class in seconds, and how many there were in it.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS
            .iter()
            .map(|bound| Duration::from_nanos(*bound).as_secs_f64());
        let bounds = bounds.chain([f64::INFINITY]);
        bounds.zip(self.classes).collect()
    }
}

const CLASSES: usize = BOUNDS.len() + 1;

/// The upper bounds of the classes, in nanoseconds: from a round for a few readers to a
/// disk that hangs.
const BOUNDS: [u64; 19] = [
    10 * MICROSECOND,
    25 * MICROSECOND,
    50 * MICROSECOND,
    100 * MICROSECOND,
    250 * MICROSECOND,
    500 * MICROSECOND,
    MILLISECOND,
    2_500 * MICROSECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    25 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    250 * MILLISECOND,
    500 * MILLISECOND,
    1_000 * MILLISECOND,
    2_500 * MILLISECOND,
    5_000 * MILLISECOND,
    10_000 * MILLISECOND,
];
const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000 * MICROSECOND;

#[cfg(test)]
mod tests {
    use super::*;

    /// A bound belongs to the class that it ends, as Prometheus has it.
    #[test]
    fn each_duration_is_in_one_class() {
        let histogram = Histogram::default();
        for nanoseconds in [0, 10_000, 10_001, 25_000, 10_000_000_000, 10_000_000_001] {
            histogram.add(Duration::from_nanos(nanoseconds));
        }
        histogram.add_since(None);
        let read = histogram.read();
        assert_eq!(read.classes[..2], [2, 2]);
        assert_eq!(read.classes[CLASSES - 2..], [1, 1]);
        assert_eq!(read.count(), 6);
        assert!((read.seconds() - 20.000_045_002).abs() < 1e-6);
        let buckets = read.buckets();
        assert_eq!(buckets[0], (0.000_01, 2));
        assert_eq!(buckets[CLASSES - 1], (f64::INFINITY, 1));
        assert!(BOUNDS.is_sorted());
    }

    #[test]
    fn those_of_several_threads_add_up() {
        let (one, other) = (Histogram::default(), Histogram::default());
        one.add(Duration::from_millis(1));
        other.add(Duration::from_millis(2));
        let mut both = one.read();
        both.merge(&other.read());
        assert_eq!(both.count(), 2);
        assert!((both.seconds() - 0.003).abs() < 1e-9);
    }
}
