//! What the threads of the server have in common.
//!
//! Every worker has its own poll and its own connections. The room belongs to all of
//! them, behind one lock: a worker with input has it alone for a moment, and all workers
//! read it at the same time to send, out of the same log. So there is one order, and no
//! byte is copied from thread to thread.
//!
//! A worker that sleeps misses nothing. It marks its mailbox as asleep *before* it looks
//! for news a last time. A worker with news publishes it *before* it looks which mailboxes
//! are asleep. So one of the two sees the other. Every task is followed by a wake-up.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use std::task::Waker;
use std::thread;

use crate::clock::Now;
use crate::config::Config;
use crate::hub::Hub;
use crate::net::admission::{Admission, Refusal};
use crate::net::wire::Wire;
use crate::ops::counters::Counters;
use crate::ops::logger::{Logger, Record, Topic};
use crate::ops::systemd::notify::Manager;
use crate::runtime::census::Reporter;
use crate::runtime::counted::{Counted, Operators};
use crate::runtime::liveness::Liveness;
use crate::runtime::mailbox::{Mailbox, Peer, Task};
use crate::runtime::reloader::Ask;
use crate::runtime::waiting::{MAX_WAITING, Waiting};
use crate::storage::Storage;
use crate::timeline::mark::Form;
use crate::timeline::replay::{Files, NoFiles};

/// The room, and what the workers do with it.
#[derive(Debug)]
pub struct Shared<S = Wire> {
    state: RwLock<State>,
    /// How many bytes readers may see, of both forms together.
    shown: AtomicU64,
    mailboxes: Box<[Mailbox<S>]>,
    /// There is a history or an order that several servers share, which wakes the first
    /// worker up.
    pub(crate) is_woken: bool,
    /// Why the server cannot go on.
    pub(crate) failure: OnceLock<String>,
    admission: Mutex<Admission>,
    pub(crate) counters: Counters,
    /// Whether the loops go round.
    pub(crate) liveness: Liveness,
    /// Where they report how they are, if metrics are shown.
    pub(crate) reporter: Option<Reporter>,
    /// Input of all connections that cannot be processed yet.
    pub(crate) waiting: Waiting,
    /// Connections that are refused, and may still prove that they have a place.
    refused: AtomicUsize,
    pub(crate) operators: Operators,
    /// A connection waits outside for another one to end.
    acceptor_waits: AtomicBool,
    /// A worker does not read from its peers because other workers are behind.
    talk_waits: AtomicBool,
    config: RwLock<Arc<Config>>,
    /// How the configuration is read again, if it can be.
    reload: OnceLock<Sender<Ask>>,
    pub(crate) logger: Logger,
    /// What has started the server and looks after it, if it wants to be told.
    pub(crate) manager: Manager,
}

/// How much there is of what the server limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// All connections.
    pub connections: usize,
    /// Connections that have been let in.
    pub admitted: usize,
    /// Connections that are in the room and have said nothing.
    pub silent: usize,
    /// Connections that are refused, and may still prove that they have a place.
    pub refused: usize,
    /// Bytes of input that wait.
    pub input: usize,
}

/// The room and its history.
#[derive(Debug)]
pub struct State {
    /// The room and its timeline.
    pub hub: Hub,
    /// Its history, if one is kept.
    pub history: Option<Box<dyn Storage>>,
}

impl State {
    /// The events that are no longer in memory.
    pub(crate) fn files(&self) -> &dyn Files {
        match &self.history {
            Some(history) => history.as_ref(),
            None => &NoFiles,
        }
    }
}

impl<S> Shared<S> {
    /// `wakers` are those of the workers.
    pub fn new(
        mut hub: Hub,
        mut history: Option<Box<dyn Storage>>,
        wakers: Vec<Waker>,
        config: Arc<Config>,
        logger: Logger,
    ) -> Self {
        if let Some(first) = wakers.first() {
            hub.watch(first.clone());
            history
                .iter_mut()
                .for_each(|history| history.watch(first.clone()));
        }
        hub.set_config(Arc::clone(&config));
        let shown = hub.timeline.shown().bytes();
        let mailbox = |waker| Mailbox::new(waker, shown);
        let sync_times = history.as_ref().map(|history| history.sync_times());
        let counters = Counters::new(wakers.len(), sync_times.unwrap_or_default());
        Self {
            shown: AtomicU64::new(shown),
            is_woken: history.is_some() || hub.is_shared(),
            failure: OnceLock::new(),
            liveness: Liveness::new(&wakers),
            reporter: None,
            manager: Manager::default(),
            state: RwLock::new(State { hub, history }),
            mailboxes: wakers.into_iter().map(mailbox).collect(),
            admission: Mutex::new(Admission::new(Arc::clone(&config))),
            counters,
            waiting: Waiting::new(MAX_WAITING),
            refused: AtomicUsize::new(0),
            operators: Operators::default(),
            acceptor_waits: AtomicBool::new(false),
            talk_waits: AtomicBool::new(false),
            config: RwLock::new(config),
            reload: OnceLock::new(),
            logger,
        }
    }

    /// What to do from now on.
    pub fn config(&self) -> Arc<Config> {
        let config = self.config.read();
        Arc::clone(&config.unwrap_or_else(PoisonError::into_inner))
    }

    /// What to do from now on, if that is not this.
    pub(crate) fn config_unless(&self, current: &Arc<Config>) -> Option<Arc<Config>> {
        let config = self.config.read();
        let config = config.unwrap_or_else(PoisonError::into_inner);
        (!Arc::ptr_eq(&config, current)).then(|| Arc::clone(&config))
    }

    /// Has the workers go by another configuration, each from its next round on.
    pub fn set_config(&self, config: Arc<Config>) {
        self.admission().set_config(Arc::clone(&config));
        let old = self.config.write();
        *old.unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Has the configuration be read again in this way.
    pub(crate) fn set_reload(&self, reload: Sender<Ask>) {
        let _ = self.reload.set(reload);
    }

    /// Asks for the configuration to be read again; whether there is a thread that does.
    pub(crate) fn ask_to_reload(&self, ask: Ask) -> bool {
        let sent = self.reload.get().map(|reload| reload.send(ask));
        sent.is_some_and(|sent| sent.is_ok())
    }

    /// The room to read, at the same time as other workers. A panic ends the process a
    /// moment later; until then no other thread finds the room half changed.
    pub fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(|_| wait_for_the_end())
    }

    /// Looks at the room if no worker changes it at this moment.
    pub(crate) fn try_read<T>(&self, look: impl FnOnce(&State) -> T) -> Option<T> {
        self.state.try_read().ok().map(|state| look(&state))
    }

    /// The room to change, without other workers.
    pub fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(|_| wait_for_the_end())
    }

    /// The room and the logger, when all workers are done.
    pub(crate) fn into_parts(self) -> (State, Logger) {
        let state = self.state.into_inner();
        (state.unwrap_or_else(PoisonError::into_inner), self.logger)
    }

    /// How many bytes readers may see, of both forms together.
    pub(crate) fn shown(&self) -> u64 {
        self.shown.load(Ordering::SeqCst)
    }

    /// Publishes how much readers may see; tells whether that is news.
    pub(crate) fn show(&self, hub: &Hub) -> bool {
        let bytes = hub.timeline.shown().bytes();
        self.shown.swap(bytes, Ordering::SeqCst) != bytes
    }

    /// Wakes the other workers that sleep, because there is news.
    pub(crate) fn wake_others(&self, worker: usize) {
        for (index, mailbox) in self.mailboxes.iter().enumerate() {
            if index != worker
                && mailbox.has_people()
                && mailbox.asleep.swap(false, Ordering::SeqCst)
            {
                mailbox.wake();
            }
        }
    }

    /// The readers of this worker were offered everything up to `shown`.
    pub(crate) fn set_served(&self, worker: usize, shown: u64) {
        self.mailboxes[worker].served.store(shown, Ordering::SeqCst);
        if self.talk_waits.load(Ordering::SeqCst) && !self.is_behind() {
            self.talk_waits.store(false, Ordering::SeqCst);
            self.wake_others(worker);
        }
    }

    /// Whether a worker is so far behind that input has to wait: a fast speaker is not to
    /// outrun readers that take at once what they are sent. If so, all workers are woken
    /// when that is over.
    pub(crate) fn must_wait(&self) -> bool {
        if !self.is_behind() {
            return false;
        }
        self.talk_waits.store(true, Ordering::SeqCst);
        // That may have been too late for the last one to see it.
        self.is_behind()
    }

    fn is_behind(&self) -> bool {
        let shown = self.shown();
        let people = self.mailboxes.iter().filter(|mailbox| mailbox.has_people());
        people
            .map(|mailbox| mailbox.served.load(Ordering::SeqCst))
            .any(|served| shown - served.min(shown) >= MAX_LAG)
    }

    /// A worker is about to sleep, if it finds no news after this.
    pub(crate) fn falls_asleep(&self, worker: usize) {
        let asleep = &self.mailboxes[worker].asleep;
        asleep.store(true, Ordering::SeqCst);
    }

    /// A worker is awake again.
    pub(crate) fn wakes(&self, worker: usize) {
        let asleep = &self.mailboxes[worker].asleep;
        asleep.store(false, Ordering::SeqCst);
    }

    /// Gives a task to a worker.
    pub fn give(&self, worker: usize, task: Task<S>) {
        let mailbox = &self.mailboxes[worker];
        mailbox.put(task);
        mailbox.wake();
    }

    /// The waker of a worker.
    pub(crate) fn waker(&self, worker: usize) -> &Waker {
        &self.mailboxes[worker].waker
    }

    /// Gives tasks to all workers but one.
    pub(crate) fn give_others(&self, worker: usize, task: impl Fn() -> Task<S>) {
        for index in (0..self.mailboxes.len()).filter(|index| *index != worker) {
            self.give(index, task());
        }
    }

    /// Whether a worker has tasks.
    pub(crate) fn has_tasks(&self, worker: usize) -> bool {
        self.mailboxes[worker].has_tasks()
    }

    /// Whether outcomes wait for connections of a worker. Until these connections know
    /// them they are shown nothing: it may be their own. Only the thread that has the room
    /// alone gives outcomes, so nothing changes for a thread that reads the room.
    pub(crate) fn has_outcomes(&self, worker: usize) -> bool {
        self.mailboxes[worker].has_outcomes()
    }

    /// Takes the tasks of a worker, which has the room alone.
    pub(crate) fn take_tasks(&self, worker: usize) -> Vec<Task<S>> {
        self.mailboxes[worker].take_tasks()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        let counts = self.mailboxes.iter().map(|mailbox| &mailbox.connections);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// What is counted now.
    pub fn load(&self) -> Load {
        let admission = self.admission();
        Load {
            connections: self.connections(),
            admitted: admission.connections(),
            silent: admission.silent(),
            refused: self.refused.load(Ordering::SeqCst),
            input: self.waiting.bytes(),
        }
    }

    /// A connection comes from this address. `Err` if it is refused and may not stay to
    /// prove that it has a place in the room.
    pub fn admit(
        &self,
        transport: S,
        address: SocketAddr,
        now: Now,
    ) -> Result<Peer<S>, (S, Refusal)> {
        let ip = address.ip().to_canonical();
        let refusal = self.admission().arrive(ip, now.instant).err();
        if let Some(refusal) = refusal {
            self.refuse(refusal, ip, now);
            if !self.can_refuse(ip) {
                return Err((transport, refusal));
            }
        }
        Ok(Peer {
            transport,
            remote: SocketAddr::new(ip, address.port()).into(),
            refusal,
        })
    }

    /// The worker that gets the next connection, which counts from now on. A small room
    /// is quickest if one worker has all connections: no other thread has to be woken.
    pub(crate) fn place(&self) -> usize {
        let together = self.config().together;
        let load = |mailbox: &Mailbox<S>| mailbox.connections.load(Ordering::Relaxed);
        let with_space = self
            .mailboxes
            .iter()
            .position(|mailbox| load(mailbox) < together);
        let emptiest = || {
            let all = self.mailboxes.iter().enumerate();
            all.min_by_key(|(_, mailbox)| load(mailbox))
                .map_or(0, |(index, _)| index)
        };
        let worker = with_space.unwrap_or_else(emptiest);
        let mailbox = &self.mailboxes[worker];
        mailbox.connections.fetch_add(1, Ordering::SeqCst);
        mailbox.unserved.fetch_add(1, Ordering::Relaxed);
        worker
    }

    /// This worker has so many connections that wait to be served and are not in the room.
    pub(crate) fn set_unserved(&self, worker: usize, count: usize) {
        self.mailboxes[worker]
            .unserved
            .store(count, Ordering::Relaxed);
    }

    /// About how many connections of all workers come or go and have not been served.
    pub(crate) fn unserved(&self) -> usize {
        let counts = self.mailboxes.iter().map(|mailbox| &mailbox.unserved);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Who may connect, and how many connections there are.
    pub(crate) fn admission(&self) -> MutexGuard<'_, Admission> {
        let admission = self.admission.lock();
        admission.unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a connection that has come to a worker.
    pub(crate) fn give_peer(&self, peer: Peer<S>) {
        self.give(self.place(), Task::Peer(peer));
    }

    /// Takes note that a connection could not come in.
    pub(crate) fn refuse(&self, refusal: Refusal, address: IpAddr, now: Now) {
        let limit = refusal.limit(&self.config().limits);
        let record = refused(refusal, address).with("limit", limit);
        self.note_refusal(refusal, record, now);
    }

    /// Takes note that the handshake of a connection has failed.
    pub(crate) fn tell_of_handshake(&self, address: IpAddr, why: &str, now: Now) {
        let refusal = Refusal::Handshake;
        let record = refused(refusal, address).with("why", why);
        self.note_refusal(refusal, record, now);
    }

    fn note_refusal(&self, refusal: Refusal, record: Record, now: Now) {
        self.counters.refused[refusal as usize].add(1);
        self.logger.tell(Topic::Refused(refusal), now, record);
    }

    /// Takes note that a part of the history cannot be read.
    pub(crate) fn tell_unreadable(&self, why: &str, now: Now) {
        let record = Record::new("a part of the history cannot be read").with("why", why);
        self.logger.tell(Topic::Unreadable, now, record);
    }

    /// Whether there is space for a refused connection to stay for a moment. If so it
    /// counts.
    pub(crate) fn can_refuse(&self, address: IpAddr) -> bool {
        let has_space = self.refused.load(Ordering::SeqCst) < self.config().returning
            && self.admission().may_return(address);
        self.refused
            .fetch_add(usize::from(has_space), Ordering::SeqCst);
        has_space
    }

    /// A refused connection has proved that it has a place in the room, and is let in.
    pub(crate) fn let_back(&self, address: IpAddr) {
        self.admission().let_back(address);
        self.refused.fetch_sub(1, Ordering::SeqCst);
        self.counters.accepted.add(1);
    }

    /// A connection of this worker has ended.
    pub(crate) fn leave(&self, worker: usize, counted: Counted, now: Now) {
        match counted {
            Counted::Admitted(ip, visit) => self.admission().leave(ip, visit, now.instant),
            Counted::Refused => _ = self.refused.fetch_sub(1, Ordering::SeqCst),
            Counted::Operator => self.operators.leave(),
        }
        let connections = &self.mailboxes[worker].connections;
        connections.fetch_sub(1, Ordering::SeqCst);
        self.tell_of_space();
    }

    /// Has the connections come in that wait outside, if there are any.
    pub(crate) fn tell_of_space(&self) {
        if self.acceptor_waits.swap(false, Ordering::SeqCst) {
            self.give(ACCEPTOR, Task::Open);
        }
    }

    /// Asks for [`Task::Open`] when a connection ends.
    pub fn wait_for_space(&self) {
        self.acceptor_waits.store(true, Ordering::SeqCst);
    }

    /// The readers of this worker need nothing before `floor`.
    pub(crate) fn set_floor(&self, worker: usize, floor: [u64; 2]) {
        for (known, floor) in self.mailboxes[worker].floor.iter().zip(floor) {
            known.store(floor, Ordering::Release);
        }
    }

    /// The place in the log of a form before which no reader needs it. A reader for which
    /// an outcome waits may begin where the room was at its request.
    pub(crate) fn floor(&self, form: Form) -> u64 {
        if self.mailboxes.iter().any(Mailbox::has_outcomes) {
            return 0;
        }
        let floors = self
            .mailboxes
            .iter()
            .map(|mailbox| &mailbox.floor[form as usize]);
        floors
            .map(|floor| floor.load(Ordering::Acquire))
            .min()
            .unwrap_or(u64::MAX)
    }
}

fn refused(refusal: Refusal, address: IpAddr) -> Record {
    let record = Record::new("refused");
    record.with("address", address).with("reason", refusal)
}

fn wait_for_the_end() -> ! {
    loop {
        thread::park();
    }
}

/// The worker that accepts, and that goes last.
pub(crate) const ACCEPTOR: usize = 0;

/// How far a worker may be behind, in bytes of both forms together: far less
/// than the log holds.
const MAX_LAG: u64 = 1 << 20;

#[cfg(test)]
mod tests;
