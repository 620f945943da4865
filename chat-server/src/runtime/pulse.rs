//! Whether all threads that the people in the room depend on are alive.
//!
//! A thread without work sleeps, so a thread that says nothing may be well. It is asked: it is
//! woken, and answers at the top of its loop. One that hangs, or waits for a lock that another
//! one holds, does not come there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

/// The threads, and how they have answered.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// How often they were asked.
    asked: AtomicU64,
    threads: Vec<Thread>,
}

#[derive(Debug)]
struct Thread {
    waker: Waker,
    /// The last question that it has answered.
    answered: AtomicU64,
}

impl Pulse {
    /// Of the threads with these wakers.
    pub(crate) fn new(wakers: &[Waker]) -> Self {
        let mut pulse = Self {
            asked: AtomicU64::new(0),
            threads: Vec::new(),
        };
        wakers
            .iter()
            .cloned()
            .for_each(|waker| _ = pulse.add(waker));
        pulse
    }

    /// Counts one more thread; the answer is its number.
    pub(crate) fn add(&mut self, waker: Waker) -> usize {
        self.threads.push(Thread {
            waker,
            answered: AtomicU64::new(0),
        });
        self.threads.len() - 1
    }

    /// A thread is at the top of its loop.
    pub(crate) fn beat(&self, thread: usize) {
        if let Some(thread) = self.threads.get(thread) {
            let asked = self.asked.load(Ordering::Acquire);
            thread.answered.store(asked, Ordering::Release);
        }
    }

    /// Asks all of them.
    pub(crate) fn ask(&self) {
        self.asked.fetch_add(1, Ordering::AcqRel);
        self.threads.iter().for_each(|it| it.waker.wake_by_ref());
    }

    /// Whether all have answered since they were asked last.
    pub(crate) fn is_well(&self) -> bool {
        let asked = self.asked.load(Ordering::Acquire);
        let mut threads = self.threads.iter();
        threads.all(|thread| thread.answered.load(Ordering::Acquire) == asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each counts: one that does not answer is enough.
    #[test]
    fn all_have_to_answer_each_question() {
        let pulse = Pulse::new(&vec![Waker::noop().clone(); 3]);
        for missing in 0..3 {
            pulse.ask();
            (0..3)
                .filter(|it| *it != missing)
                .for_each(|it| pulse.beat(it));
            assert!(!pulse.is_well(), "{missing}");
            pulse.beat(missing);
            assert!(pulse.is_well(), "{missing}");
        }
    }
}
