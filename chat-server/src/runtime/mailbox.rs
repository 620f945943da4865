//! Where a worker is reached by the others: its tasks, its waker, and what they need to
//! know of it.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::hub::Answer;
use crate::net::admission::{Refusal, Silent};
use crate::net::remote::Remote;
use crate::net::wire::Wire;
use crate::room::origin::ClientId;

/// One worker, as the others know it.
#[derive(Debug)]
pub(super) struct Mailbox<S> {
    tasks: Mutex<Vec<Task<S>>>,
    /// One of the tasks is a [`Task::Outcome`].
    has_outcomes: AtomicBool,
    pub(super) waker: Waker,
    pub(super) asleep: AtomicBool,
    /// How many connections it has, or is about to have.
    pub(super) connections: AtomicUsize,
    /// How many of them wait to be served, and are not in the room.
    pub(super) unserved: AtomicUsize,
    /// How much its readers were last offered.
    pub(super) served: AtomicU64,
    /// Its readers need nothing before this, in the log of each form.
    pub(super) floor: [AtomicU64; 2],
}

/// A connection that has come.
#[derive(Debug)]
pub struct Peer<S = Wire> {
    pub(crate) transport: S,
    pub(crate) remote: Remote,
    /// Why it is not to come in.
    pub refusal: Option<Refusal>,
}

/// Something for one worker to do.
#[derive(Debug)]
pub enum Task<S = Wire> {
    /// A connection has come, and belongs to this worker from now on.
    Peer(Peer<S>),
    /// What came of a request of one of its connections.
    Outcome(ClientId, Answer),
    /// Too many peers say nothing: the one that has been silent for longest goes.
    MakeRoom(Silent),
    /// Every peer is told this.
    Tell(Arc<str>),
    /// The others have gone on without this server: its people are to come back.
    ComeBack,
    /// The server stops; the second time, at once.
    Stop,
    /// The files of the history are to be looked after.
    Reopen,
    /// A connection has ended: another one may come in.
    Open,
}

impl<S> Mailbox<S> {
    /// Of a worker without connections, which has nothing to serve before `shown`.
    pub(super) fn new(waker: Waker, shown: u64) -> Self {
        Self {
            tasks: Mutex::default(),
            has_outcomes: AtomicBool::new(false),
            waker,
            asleep: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            unserved: AtomicUsize::new(0),
            served: AtomicU64::new(shown),
            floor: [u64::MAX; 2].map(AtomicU64::new),
        }
    }

    pub(super) fn has_people(&self) -> bool {
        self.connections.load(Ordering::SeqCst) > 0
    }

    pub(super) fn has_tasks(&self) -> bool {
        !self.tasks().is_empty()
    }

    pub(super) fn has_outcomes(&self) -> bool {
        self.has_outcomes.load(Ordering::SeqCst)
    }

    /// Puts a task there. To wake the worker is another step.
    pub(super) fn put(&self, task: Task<S>) {
        if matches!(task, Task::Outcome(..)) {
            self.has_outcomes.store(true, Ordering::SeqCst);
        }
        self.tasks().push(task);
    }

    pub(super) fn take_tasks(&self) -> Vec<Task<S>> {
        self.has_outcomes.store(false, Ordering::SeqCst);
        mem::take(&mut *self.tasks())
    }

    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<Task<S>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
