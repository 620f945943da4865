//! The workers of the server, and the poll that each of them waits in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;
use std::time::Instant;

use chat_server::clock::Now;
use chat_server::runtime::rounds::{Entrance, Outside, Polled, Rounds, Wait};

use super::Hall;
use super::scene::Watch;
use crate::script::Then;
use crate::wire::Wire;

/// A worker that has not ended.
pub(super) struct Worker {
    pub(super) rounds: Rounds<Wire, Watch>,
    /// Calls its waker.
    pub(super) bell: Arc<Bell>,
    /// For how long it waits, since which moment.
    pub(super) wait: Wait,
    pub(super) since: Instant,
}

/// What a waker rings.
#[derive(Debug, Default)]
pub(super) struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Hall {
    /// What the server does after a step.
    pub(super) fn serve(&mut self, then: Then) {
        if then == Then::Nothing {
            return;
        }
        self.disk.state().read();
        let count = self.workers.len();
        match then {
            Then::Only(worker) => self.round(worker % count),
            Then::Within(worker) => {
                let outer = worker % count;
                let changed = self.change(outer);
                (0..count)
                    .filter(|worker| *worker != outer)
                    .for_each(|worker| self.round(worker));
                if let Some(now) = changed {
                    self.send(outer, now);
                }
            }
            Then::Rounds | Then::Nothing => (0..count).for_each(|worker| self.round(worker)),
        }
        self.check(then);
    }

    fn round(&mut self, worker: usize) {
        if let Some(now) = self.change(worker) {
            self.send(worker, now);
        }
    }

    /// The first half of a round, if the worker has anything to do.
    fn change(&mut self, worker: usize) -> Option<Now> {
        if !self.is_awake(worker) {
            return None;
        }
        let now = self.now();
        let one = self.workers[worker].as_mut()?;
        one.rounds.wakes(&self.shared);
        for person in self.scene.borrow().people.iter().flatten() {
            let socket = &mut *person.wire.socket();
            if let Some((_, key)) = socket.place.filter(|(place, _)| *place == worker)
                && let Some(happened) = socket.happened.take()
            {
                assert!(one.rounds.scheduler.note(key, happened), "it is watched");
            }
        }
        let polled = Polled {
            woken: one.bell.0.swap(false, Ordering::Relaxed),
            until: now.instant,
        };
        let mut outside = Outside {
            shared: &self.shared,
            registry: &worker,
            entrance: (worker == 0).then_some(&mut self.gate as &mut dyn Entrance<Wire>),
        };
        Some(one.rounds.change(&mut outside, polled, || now))
    }

    /// The second half.
    fn send(&mut self, worker: usize, now: Now) {
        let Some(one) = &mut self.workers[worker] else {
            return;
        };
        let outside = Outside {
            shared: &self.shared,
            registry: &worker,
            entrance: (worker == 0).then_some(&mut self.gate as &mut dyn Entrance<Wire>),
        };
        one.rounds.serve(&outside, now);
        let is_done = one.rounds.is_done(&outside, now);
        one.wait = one.rounds.sleeps(&outside);
        one.since = now.instant;
        let scene = &mut *self.scene.borrow_mut();
        for connection in one.rounds.scheduler.connections() {
            scene.person(connection).standing.served(connection);
        }
        if is_done {
            self.workers[worker] = None;
        }
        scene.ledger.was_unreadable = self.disk.state().was_unreadable;
        let state = self.shared.read();
        scene.look(&state.hub);
        scene.conclude(&state.hub);
        if self.workers.iter().all(Option::is_none) {
            // The process ends, and with it all that it still had.
            scene.people.clear();
        }
    }

    /// Whether a worker does nothing until something happens.
    pub(super) fn is_at_rest(&self, worker: usize) -> bool {
        let one = self.workers[worker].as_ref();
        let waits_for_others = one.is_some_and(|one| matches!(one.wait, Wait::For(_)));
        !waits_for_others && !self.is_awake(worker)
    }

    /// Whether something has happened to a worker.
    fn is_awake(&self, worker: usize) -> bool {
        let Some(one) = &self.workers[worker] else {
            return false;
        };
        let now = self.now().instant;
        let is_over = match one.wait {
            Wait::No => true,
            Wait::For(time) => one.since + time <= now,
            Wait::Until(at) => at.is_some_and(|at| at <= now),
        };
        let is_told = || {
            let scene = self.scene.borrow();
            scene.people.iter().flatten().any(|person| {
                let socket = person.wire.socket();
                let is_here = socket.place.is_some_and(|(place, _)| place == worker);
                is_here && socket.happened.is_some()
            })
        };
        is_over || one.bell.0.load(Ordering::Relaxed) || is_told() || self.has_come(worker)
    }

    fn has_come(&self, worker: usize) -> bool {
        worker == 0 && self.gate.is_ready()
    }
}
