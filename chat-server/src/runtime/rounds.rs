//! The rounds of one worker, without its poll: the real threads and the simulation run
//! them.
//!
//! A round: if anything concerns the room, have it alone: take connections in, hear
//! them, let time pass, keep what was said. Then, beside the other workers, send what
//! there is to see, and drop what is closed. What is done for each connection is in
//! [`scheduler`](crate::runtime::scheduler).

use std::sync::{Arc, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::clock::Now;
use crate::config::Config;
use crate::hub::Hub;
use crate::net::admission::Visit;
use crate::net::transport::Transport;
use crate::ops::errors::in_words;
use crate::ops::logger::{Record, Topic};
use crate::room::identity::new_run;
use crate::room::request::Request;
use crate::runtime::census::{Census, Report, RoomFigures};
use crate::runtime::control::{Shared, State};
use crate::runtime::counted::Counted;
use crate::runtime::mailbox::{Peer, Task};
use crate::runtime::observer::Observer;
use crate::runtime::reloader::Ask;
use crate::runtime::scheduler::Scheduler;
use crate::sequencer::{Fate, Note};
use crate::session::Reason;
use crate::storage::News;
use crate::timeline::mark::Form;

/// What a worker does, round by round.
pub struct Rounds<S, O = ()> {
    index: usize,
    /// Its connections.
    pub scheduler: Scheduler<S, O>,
    /// When the room wants to be looked after, if nothing happens before.
    room_due: Option<Instant>,
    /// The disk or another worker is slower than the talk, which waits for it.
    overtaken: bool,
    /// The server is stopping, and stops waiting for peers at this moment.
    stopping: Option<Instant>,
}

/// What a round reaches beyond the connections of its worker.
pub struct Outside<'a, S: Transport> {
    /// The room and the other workers.
    pub shared: &'a Shared<S>,
    /// Where connections are watched.
    pub registry: &'a S::Registry,
    /// Where connections come in, which one worker looks after.
    pub entrance: Option<&'a mut dyn Entrance<S>>,
}

/// Where connections come in.
pub trait Entrance<S> {
    /// Whether a connection may be waiting that can be taken.
    fn is_ready(&self) -> bool;

    /// When to try again if the system or the limit had no space.
    fn retry(&self) -> Option<Instant>;

    /// There may be space again.
    fn open(&mut self);

    /// No connection comes in any more.
    fn close(&mut self);

    /// Takes some of the connections that wait.
    fn accept(&mut self, shared: &Shared<S>, now: Now, take: &mut dyn FnMut(Peer<S>));
}

/// What has happened before a round.
#[derive(Debug, Clone, Copy)]
pub struct Polled {
    /// Another thread has called the worker's waker.
    pub woken: bool,
    /// All that had happened to the connections by then has been told of. What is due
    /// is held against this moment, and not against now: the whole process may have
    /// been stopped since, and what peers did meanwhile comes first.
    pub until: Instant,
}

/// How long a worker waits for something to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// At most so long.
    For(Duration),
    /// Until this moment, if there is one.
    Until(Option<Instant>),
}

impl<S: Transport, O: Observer<S>> Rounds<S, O> {
    /// Those of a worker that has no connections yet.
    pub fn new(index: usize, config: Arc<Config>, observer: O) -> Self {
        Self {
            index,
            scheduler: Scheduler::new(index, config, observer),
            room_due: None,
            overtaken: false,
            stopping: None,
        }
    }

    /// Which worker it is.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How long to wait for the next round. From here on until [`Rounds::wakes`] the
    /// other workers wake this one when there is news.
    pub fn sleeps(&self, outside: &Outside<'_, S>) -> Wait {
        let wait = self.wait(outside.entrance.as_deref());
        if wait != Wait::No {
            outside.shared.falls_asleep(self.index);
            if self.scheduler.has_news(outside.shared) {
                self.wakes(outside.shared);
                return Wait::No;
            }
        }
        wait
    }

    /// The wait is over.
    pub fn wakes(&self, shared: &Shared<S>) {
        shared.wakes(self.index);
    }

    fn wait(&self, entrance: Option<&dyn Entrance<S>>) -> Wait {
        if self.overtaken && !self.scheduler.can_send() {
            // The one that is behind wakes us; peers that talk have to wait.
            return Wait::For(OVERTAKEN_FOR);
        }
        if self.scheduler.has_work() || entrance.is_some_and(|entrance| entrance.is_ready()) {
            return Wait::No;
        }
        let timer = self.scheduler.deadline();
        let retry = entrance.and_then(|entrance| entrance.retry());
        let others = timer.into_iter().chain(self.room_due).chain(self.stopping);
        Wait::Until(others.chain(retry).min())
    }

    /// Does the first half of a round, if there is anything to do that changes the room,
    /// and tells the time of the second half. `clock` tells what time it is.
    pub fn change(
        &mut self,
        outside: &mut Outside<'_, S>,
        polled: Polled,
        clock: impl Fn() -> Now,
    ) -> Now {
        let now = clock();
        if !self.needs_room(outside, polled, now) {
            return now;
        }
        let state = outside.shared.write();
        // Not before: times in the room do not go backwards.
        let now = clock();
        self.attend(state, outside, polled.until, now);
        now
    }

    /// Does the second half of a round, beside the other workers.
    pub fn serve(&mut self, outside: &Outside<'_, S>, now: Now) {
        let shared = outside.shared;
        self.scheduler.write(shared, now);
        self.scheduler.serve_past(shared, now);
        self.scheduler.close(outside.registry, shared, now);
        if shared.liveness.is_asked(self.index) {
            self.report(outside, now);
            shared.liveness.answer(self.index);
        }
    }

    /// Tells the metrics how its connections are, if they are wanted.
    #[cold]
    fn report(&self, outside: &Outside<'_, S>, now: Now) {
        let Some(reporter) = &outside.shared.reporter else {
            return;
        };
        let shared = outside.shared;
        let room = outside.entrance.as_ref().map(|_| RoomFigures {
            is_stopping: self.stopping.is_some(),
            ..RoomFigures::of(&shared.read().hub, now)
        });
        let report = Report::Worker {
            index: self.index,
            census: Census::of(self.scheduler.connections(), shared),
            room: room.map(Box::new),
        };
        reporter.send(report);
    }

    /// Whether the server stops and there is no connection left to wait for. The worker
    /// that looks after the entrance stays for the last one of all: the disk and the
    /// second signal wake no other worker.
    pub fn is_done(&self, outside: &Outside<'_, S>, now: Now) -> bool {
        self.stopping.is_some_and(|until| {
            let all_gone = match outside.entrance {
                Some(_) => outside.shared.connections() == 0,
                None => self.scheduler.is_empty(),
            };
            all_gone || until <= now.instant
        })
    }

    /// Whether there is anything to do that changes the room.
    fn needs_room(&self, outside: &Outside<'_, S>, polled: Polled, now: Now) -> bool {
        let is_due = |at: Instant| at <= now.instant;
        let timer = self.scheduler.deadline();
        let (shared, entrance) = (outside.shared, outside.entrance.as_deref());
        // The disk and the other servers wake up the first one.
        polled.woken && (entrance.is_some() && shared.is_woken || shared.has_tasks(self.index))
            || self.overtaken
            || self.room_due.is_some_and(is_due)
            || timer.is_some_and(|at| at <= polled.until)
            || entrance.is_some_and(|one| one.is_ready() || one.retry().is_some_and(is_due))
            || self.scheduler.need_room()
    }

    /// Does what changes the room, which no other worker sees meanwhile.
    fn attend(
        &mut self,
        mut state: RwLockWriteGuard<'_, State>,
        outside: &mut Outside<'_, S>,
        until: Instant,
        now: Now,
    ) {
        let shared = outside.shared;
        if let Some(config) = shared.config_unless(self.scheduler.config()) {
            self.scheduler.set_config(Arc::clone(&config));
            state.hub.set_config(config);
        }
        state.hub.advance(now);
        if state.hub.is_shared() {
            self.take_part(&mut state.hub, outside, now);
        }
        self.scheduler.deliver(&mut state.hub, shared, now);
        self.do_tasks(&mut state, outside, now);
        self.accept(&mut state.hub, outside, now);
        self.overtaken = is_overtaken(&state) || shared.must_wait();
        if !self.overtaken {
            self.scheduler.hear(&mut state.hub, shared, now);
        }
        for client in state.hub.take_reloads() {
            if !shared.ask_to_reload(Ask::Reload(Some(client))) {
                let why = "this server cannot read its configuration again";
                let answer = state.hub.reloaded(Err(why.to_owned()));
                self.scheduler.answer(client, answer, &mut state.hub, now);
            }
        }
        let told = Now {
            instant: until,
            ..now
        };
        self.scheduler.expire(&mut state.hub, shared, told);
        self.scheduler.hold(&state.hub, shared);
        state.hub.tell_presence(now);
        state.hub.flush(now);
        self.scheduler.observer.heard(&state.hub);
        if let Some(text) = state.hub.flow_news(now) {
            let record = Record::new("the order of the room").with("what", text);
            shared.logger.warn(now.time, record);
            self.tell_all(text.into(), &mut state.hub, shared, now);
        }
        self.keep(&mut state, shared, now);
        let floor = [Form::Text, Form::Json].map(|form| shared.floor(form));
        state.hub.trim(floor, now);
        let disk = state.history.as_ref().and_then(|it| it.deadline());
        let presence = state.hub.presence_deadline(now);
        let flush = state.hub.flush_deadline();
        self.room_due = disk.into_iter().chain(presence).chain(flush).min();
        let has_news = shared.show(&state.hub);
        drop(state);
        if has_news {
            shared.wake_others(self.index);
        }
    }

    fn do_tasks(&mut self, state: &mut State, outside: &mut Outside<'_, S>, now: Now) {
        let State { hub, history } = state;
        for task in outside.shared.take_tasks(self.index) {
            match task {
                Task::Peer(peer) => self.welcome(peer, hub, outside, now),
                Task::Outcome(client, answer) => self.scheduler.answer(client, answer, hub, now),
                Task::MakeRoom(silent) => self.scheduler.make_room(&silent, hub, now),
                Task::Tell(text) => self.scheduler.tell(&text, hub, now),
                Task::Stop => self.stop(hub, outside, now),
                Task::ComeBack => self.scheduler.goodbye(Reason::LeftBehind, hub, now),
                Task::Reopen => history.iter_mut().for_each(|history| history.reopen()),
                Task::Open => {
                    if let Some(entrance) = &mut outside.entrance {
                        entrance.open();
                    }
                }
            }
        }
    }

    /// Looks after what this server is to the others.
    #[cold]
    fn take_part(&mut self, hub: &mut Hub, outside: &mut Outside<'_, S>, now: Now) {
        let shared = outside.shared;
        while let Some(note) = hub.note() {
            let record = |what| Record::new("several servers").with("what", what);
            match note {
                Note::News(what) => shared.logger.info(now.time, record(what)),
                Note::Trouble(what) => shared.logger.warn(now.time, record(what)),
            }
        }
        match hub.fate() {
            Fate::GoesOn => hub.set_wanted_topic(now),
            _ if self.stopping.is_some() => {}
            Fate::Ended => match new_run(now.time, hub.last_run()) {
                Ok(run) => {
                    let record = Record::new("the other servers have gone on without this one");
                    shared.logger.warn(now.time, record);
                    self.scheduler.goodbye(Reason::LeftBehind, hub, now);
                    shared.give_others(self.index, || Task::ComeBack);
                    hub.begin_anew(run);
                }
                Err(error) => self.fail(in_words(&error), hub, outside, now),
            },
            Fate::Stops(why) => self.fail(why, hub, outside, now),
        }
    }

    /// The server cannot go on, and stops.
    fn fail(&mut self, why: String, hub: &mut Hub, outside: &mut Outside<'_, S>, now: Now) {
        let shared = outside.shared;
        let record = Record::new("this server cannot go on").with("why", &why);
        shared.logger.error(now.time, record);
        let _ = shared.failure.set(why);
        self.stop(hub, outside, now);
        shared.give_others(self.index, || Task::Stop);
    }

    fn accept(&mut self, hub: &mut Hub, outside: &mut Outside<'_, S>, now: Now) {
        let Some(entrance) = outside.entrance.take() else {
            return;
        };
        let shared = outside.shared;
        entrance.accept(shared, now, &mut |peer| {
            let worker = shared.place();
            if worker == self.index {
                self.welcome(peer, hub, outside, now);
            } else {
                shared.give(worker, Task::Peer(peer));
            }
        });
        outside.entrance = Some(entrance);
    }

    fn welcome(&mut self, peer: Peer<S>, hub: &mut Hub, outside: &Outside<'_, S>, now: Now) {
        let shared = outside.shared;
        let remote = peer.remote;
        let counted = match (remote.ip(), peer.refusal) {
            (None, _) => Counted::Operator,
            (Some(ip), None) => Counted::Admitted(ip, Visit::Outside),
            (Some(_), Some(_)) => Counted::Refused,
        };
        if self.stopping.is_some() {
            shared.leave(self.index, counted, now);
            return;
        }
        match self.scheduler.insert(peer, outside.registry, hub, now) {
            Ok(()) => {
                let record = Record::new("connected").with("address", remote);
                shared.logger.tell(Topic::Connections, now, record);
                let is_admitted = matches!(counted, Counted::Admitted(..));
                shared.counters.accepted.add(is_admitted.into());
            }
            Err(error) => {
                let record = Record::new("cannot serve a connection");
                let record = record.with("address", remote).with("why", in_words(&error));
                shared.logger.tell(Topic::NoSpace, now, record);
                shared.leave(self.index, counted, now);
            }
        }
    }

    /// Tells this to all people at this server.
    fn tell_all(&mut self, text: Arc<str>, hub: &mut Hub, shared: &Shared<S>, now: Now) {
        self.scheduler.tell(&text, hub, now);
        shared.give_others(self.index, || Task::Tell(Arc::clone(&text)));
    }

    /// Has what was said written to disk, where that is wanted, and lets
    /// readers see what may be seen.
    fn keep(&mut self, state: &mut State, shared: &Shared<S>, now: Now) {
        let Some(history) = &mut state.history else {
            state.hub.timeline.show_all();
            return;
        };
        for news in history.keep(&mut state.hub, now) {
            let text: Arc<str> = match &news {
                News::Trouble(why) => {
                    format!("{why}: nothing new is taken until that is over").into()
                }
                News::Recovered => "the history can be written again: go on".into(),
                News::Told(text) | News::Noted(text) => text.as_str().into(),
            };
            let logger = &shared.logger;
            match &news {
                News::Trouble(why) => {
                    let record = Record::new("messages are refused").with("why", why);
                    logger.error(now.time, record);
                }
                News::Recovered => {
                    logger.info(now.time, Record::new("the history can be written again"));
                }
                News::Told(what) => {
                    let record = Record::new("the history was changed").with("what", what);
                    logger.warn(now.time, record);
                }
                News::Noted(what) => {
                    logger.info(now.time, Record::new("history").with("what", what));
                }
            }
            if !matches!(news, News::Noted(_)) {
                self.tell_all(text, &mut state.hub, shared, now);
            }
        }
    }

    /// The first signal says goodbye to every peer, the second stops at once.
    fn stop(&mut self, hub: &mut Hub, outside: &mut Outside<'_, S>, now: Now) {
        if self.stopping.is_some() {
            self.stopping = Some(now.instant);
            return;
        }
        self.stopping = Some(now.instant + GOODBYE_FOR);
        hub.request(Request::TellPending, now);
        if let Some(entrance) = &mut outside.entrance {
            let record = Record::new("stopping").count("people", hub.people().count());
            outside.shared.logger.info(now.time, record);
            entrance.close();
        }
        self.scheduler.goodbye(Reason::ServerStopped, hub, now);
    }
}

fn is_overtaken(state: &State) -> bool {
    let history = state.history.as_ref();
    state.hub.is_full() || history.is_some_and(|history| history.is_overtaken(&state.hub))
}

/// How long a stopping server waits for its last words to be taken.
const GOODBYE_FOR: Duration = Duration::from_secs(1);

/// How long a round waits at most while the disk is behind.
const OVERTAKEN_FOR: Duration = Duration::from_millis(5);
