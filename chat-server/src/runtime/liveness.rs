//! Whether each loop of the server still goes round: it is asked, woken for that, and
//! answers in its next round.
//!
//! A loop that sleeps because nothing happens is alive, and one that hangs answers
//! nothing. To look whether it is asked costs a loop one read in a round.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

/// The loops of the server.
#[derive(Debug)]
pub(crate) struct Liveness {
    start: Instant,
    loops: Vec<Pulse>,
}

/// One loop.
#[derive(Debug)]
struct Pulse {
    name: String,
    waker: Waker,
    /// When it was asked what it has not answered yet, in milliseconds behind the start;
    /// [`ANSWERED`] if it owes no answer.
    asked: AtomicU64,
}

/// A loop that owes an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Silent {
    /// Which one it is.
    pub(crate) name: String,
    /// For how long.
    pub(crate) since: Duration,
}

impl Liveness {
    /// Those of the workers, which these wakers wake.
    pub(crate) fn new(workers: &[Waker]) -> Self {
        let name = |index| format!("worker {index}");
        let workers = workers.iter().enumerate();
        let workers = workers.map(|(index, waker)| Pulse::new(name(index), waker.clone()));
        Self {
            start: Instant::now(),
            loops: workers.collect(),
        }
    }

    /// There is one more loop. Tells by which number it answers.
    pub(crate) fn add(&mut self, name: &str, waker: Waker) -> usize {
        self.loops.push(Pulse::new(name.to_owned(), waker));
        self.loops.len() - 1
    }

    /// How many loops there are.
    pub(crate) fn count(&self) -> usize {
        self.loops.len()
    }

    /// Asks all of them. One that owes an answer already owes it since then.
    pub(crate) fn ask(&self, now: Instant) {
        let asked = self.milliseconds(now);
        for pulse in &self.loops {
            let (old, new) = (ANSWERED, asked);
            let _ = pulse
                .asked
                .compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst);
            pulse.waker.wake_by_ref();
        }
    }

    /// Whether a loop owes an answer. It is woken after it was asked, so it need not be
    /// told at once.
    pub(crate) fn is_asked(&self, index: usize) -> bool {
        self.loops[index].asked.load(Ordering::Relaxed) != ANSWERED
    }

    /// A loop answers.
    pub(crate) fn answer(&self, index: usize) {
        self.loops[index].asked.store(ANSWERED, Ordering::SeqCst);
    }

    /// The loops that have owed an answer for `patience`, the first worker first. One that was
    /// asked just now, perhaps by another thread, may be well.
    pub(crate) fn silent(&self, now: Instant, patience: Duration) -> impl Iterator<Item = Silent> {
        let now = self.milliseconds(now);
        self.loops.iter().filter_map(move |pulse| {
            let asked = pulse.asked.load(Ordering::SeqCst);
            let since = Duration::from_millis(now.saturating_sub(asked));
            (asked != ANSWERED && since >= patience).then(|| Silent {
                name: pulse.name.clone(),
                since,
            })
        })
    }

    /// Whether no loop owes an answer.
    pub(crate) fn is_well(&self) -> bool {
        let mut loops = self.loops.iter();
        loops.all(|pulse| pulse.asked.load(Ordering::SeqCst) == ANSWERED)
    }

    fn milliseconds(&self, now: Instant) -> u64 {
        let time = now.saturating_duration_since(self.start);
        u64::try_from(time.as_millis()).unwrap_or(ANSWERED - 1)
    }
}

impl Pulse {
    fn new(name: String, waker: Waker) -> Self {
        Self {
            name,
            waker,
            asked: AtomicU64::new(ANSWERED),
        }
    }
}

const ANSWERED: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_loop_that_answers_is_alive_and_the_others_are_named() {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut liveness = Liveness::new(&[waker.clone(), waker.clone()]);
        let entry = liveness.add("the entry", waker);
        assert_eq!((entry, liveness.count()), (2, 3));
        let start = Instant::now();
        // No loop owes anything before it is asked.
        assert_eq!(liveness.silent(start, Duration::ZERO).count(), 0);
        assert!(!liveness.is_asked(0));

        liveness.ask(start);
        assert_eq!(wakes.0.load(Ordering::SeqCst), 3);
        liveness.answer(0);
        liveness.answer(entry);
        assert!(!liveness.is_asked(0) && liveness.is_asked(1));
        // To ask again does not start its time anew.
        let later = start + Duration::from_secs(3);
        liveness.ask(later);
        liveness.answer(0);
        liveness.answer(entry);
        let patience = Duration::from_secs(2);
        assert_eq!(liveness.silent(start, patience).count(), 0);
        let silent: Vec<Silent> = liveness.silent(later, patience).collect();
        assert!(silent.len() == 1 && !liveness.is_well());
        assert_eq!(silent[0].name, "worker 1");
        assert!(
            silent[0].since >= Duration::from_millis(2_999),
            "{silent:?}"
        );
        liveness.answer(1);
        assert!(liveness.silent(later, Duration::ZERO).count() == 0 && liveness.is_well());
    }
}
