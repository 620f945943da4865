//! The event loop, and nothing else.
//!
//! A round: wait, and note who is ready. If that concerns the room, have it
//! alone: take who has come, hear who speaks, let time pass, keep what was said.
//! Then, beside the others, send what there is to see, and drop what is closed.
//! What is done for each connection is in [`clients`](crate::runtime::scheduler).

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use chat_proto::event::Limits;
use mio::event::Event;
use mio::{Events, Poll, Token, Waker};

use crate::clock::Now;
use crate::hub::Hub;
use crate::net::acceptor::Acceptor;
use crate::net::admission::Visit;
use crate::ops::errors::in_words;
use crate::ops::logger::Topic;
use crate::ops::signals::{Signal, Signals};
use crate::room::request::Request;
use crate::runtime::control::{Peer, Shared, State, Task};
use crate::runtime::scheduler::Scheduler;
use crate::runtime::server::now;
use crate::storage::{History, News};
use crate::timeline::mark::Form;

/// One thread: a poll, and the connections that are its own.
pub(crate) struct Worker {
    index: usize,
    poll: Poll,
    /// What only one of them looks after.
    front: Option<Front>,
    clients: Scheduler,
    /// When the room wants to be looked after, if nothing happens before.
    room_due: Option<Instant>,
    /// The disk or another worker is slower than the talk, which waits for it.
    overtaken: bool,
    /// Somebody has woken us up.
    woken: bool,
    /// All that had happened to the sockets by then has been told of. What is due
    /// is held against this moment, and not against now: the whole process may have
    /// been stopped since, and what people did meanwhile comes first.
    looked: Instant,
    /// The server is stopping, and stops waiting for peers at this moment.
    stopping: Option<Instant>,
}

/// Where people come in, and where the server is told to stop.
struct Front {
    acceptor: Acceptor,
    signals: Signals,
}

impl Worker {
    /// A worker that nobody has been given to.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn new(index: usize, limits: Limits) -> anyhow::Result<Self> {
        Ok(Self {
            index,
            poll: Poll::new().context("cannot make a poll")?,
            front: None,
            clients: Scheduler::new(index, limits),
            room_due: None,
            overtaken: false,
            woken: false,
            looked: Instant::now(),
            stopping: None,
        })
    }

    /// Which one it is.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// What wakes it up.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn waker(&self) -> anyhow::Result<Arc<Waker>> {
        let waker = Waker::new(self.poll.registry(), WAKE).context("cannot make a waker")?;
        Ok(Arc::new(waker))
    }

    /// Has it look after those who come, and after the signals.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn stand_at_front(
        &mut self,
        listeners: Vec<crate::net::listener::Listener>,
        proxied: bool,
    ) -> anyhow::Result<()> {
        let registry = self.poll.registry();
        self.front = Some(Front {
            acceptor: Acceptor::new(listeners, registry, proxied)?,
            signals: Signals::register(registry, SIGNALS).context("cannot watch for signals")?,
        });
        Ok(())
    }

    /// Serves until it is told to stop.
    ///
    /// # Errors
    ///
    /// When the poll itself fails; nothing that a peer does is an error.
    pub(crate) fn run(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            self.wait(&mut events, shared)?;
            for event in &events {
                self.note(event, shared);
            }
            let mut now = now();
            if self.needs_room(shared, now) {
                now = self.attend(shared);
            }
            self.clients.write(shared, now);
            self.clients.serve_past(shared, now);
            self.clients.close(self.poll.registry(), shared, now);
            if self.is_done(shared, now) {
                return Ok(());
            }
        }
    }

    /// Whether the server stops and nobody is left to wait for. Whoever stands at
    /// the front stays for the last people of all: the disk and the second
    /// signal would wake up nobody else.
    fn is_done(&self, shared: &Shared, now: Now) -> bool {
        self.stopping.is_some_and(|until| {
            let all_gone = match self.front {
                Some(_) => shared.connections() == 0,
                None => self.clients.is_empty(),
            };
            all_gone || until <= now.instant
        })
    }

    fn wait(&mut self, events: &mut Events, shared: &Shared) -> anyhow::Result<()> {
        let mut timeout = self.timeout();
        if timeout != Some(Duration::ZERO) {
            shared.set_asleep(self.index, true);
            if self.clients.has_news(shared) {
                timeout = Some(Duration::ZERO);
            }
        }
        let before = Instant::now();
        let polled = self.poll.poll(events, timeout);
        if timeout != Some(Duration::ZERO) {
            shared.set_asleep(self.index, false);
        }
        match polled {
            Ok(()) if events.iter().count() < EVENTS => self.looked = before,
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("cannot wait for events"),
        }
        Ok(())
    }

    fn timeout(&self) -> Option<Duration> {
        if self.overtaken && !self.clients.can_send() {
            // Who is behind wakes us; those who talk have to wait.
            return Some(OVERTAKEN_FOR);
        }
        let acceptor = self.front.as_ref().map(|front| &front.acceptor);
        if self.clients.has_work() || acceptor.is_some_and(Acceptor::is_ready) {
            return Some(Duration::ZERO);
        }
        let timer = self.clients.deadline();
        let retry = acceptor.and_then(Acceptor::retry);
        let others = timer.into_iter().chain(self.room_due).chain(self.stopping);
        let next = others.chain(retry).min()?;
        let left = next.saturating_duration_since(Instant::now());
        // The poll counts whole milliseconds and rounds down: one more, or the
        // last one would be spent spinning.
        Some(left + Duration::from_millis(1))
    }

    fn note(&mut self, event: &Event, shared: &Shared) {
        let Token(token) = event.token();
        if self.clients.note(event) {
            // It is in the queue.
        } else if event.token() == WAKE {
            self.woken = true;
        } else if let Some(front) = &mut self.front {
            if front.acceptor.note(token) {
                return;
            }
            for signal in front.signals.pending() {
                match signal {
                    Signal::Stop => {
                        self.woken = true;
                        shared.give(self.index, Task::Stop);
                        shared.give_others(self.index, || Task::Stop);
                    }
                    Signal::Report => report(shared),
                    Signal::Reopen => {
                        self.woken = true;
                        shared.give(self.index, Task::Reopen);
                    }
                }
            }
        }
    }

    /// Whether there is anything to do that changes the room.
    fn needs_room(&mut self, shared: &Shared, now: Now) -> bool {
        let is_due = |at: &Instant| *at <= now.instant;
        let woken = std::mem::take(&mut self.woken);
        let timer = self.clients.deadline();
        let acceptor = self.front.as_ref().map(|front| &front.acceptor);
        // The disk wakes up the first one.
        woken && (acceptor.is_some() && shared.is_kept || shared.has_tasks(self.index))
            || self.overtaken
            || self.room_due.as_ref().is_some_and(is_due)
            || timer.is_some_and(|at| at <= self.looked)
            || acceptor.is_some_and(|acceptor| {
                acceptor.is_ready() || acceptor.retry().as_ref().is_some_and(is_due)
            })
            || self.clients.need_room()
    }

    /// Does what changes the room, which nobody else sees meanwhile.
    fn attend(&mut self, shared: &Shared) -> Now {
        let mut state = shared.write();
        // Not before: times in the room do not go backwards.
        let now = now();
        state.hub.advance();
        self.clients.deliver(&mut state.hub, shared, now);
        self.do_tasks(&mut state, shared, now);
        self.accept(&state.hub, shared, now);
        self.overtaken = is_overtaken(&state) || shared.must_wait();
        if !self.overtaken {
            self.clients.hear(&mut state.hub, shared, now);
        }
        let looked = Now {
            instant: self.looked,
            ..now
        };
        self.clients.expire(&mut state.hub, shared, looked);
        self.clients.hold(&state.hub, shared);
        state.hub.tell_presence(now);
        self.keep(&mut state, shared, now);
        let floor = [Form::Text, Form::Json].map(|form| shared.floor(form));
        state.hub.trim(floor, now);
        let disk = state.history.as_ref().and_then(History::deadline);
        let presence = state.hub.presence_deadline();
        self.room_due = disk.into_iter().chain(presence).min();
        let has_news = shared.show(&state.hub);
        drop(state);
        if has_news {
            shared.wake_others(self.index);
        }
        now
    }

    fn do_tasks(&mut self, state: &mut State, shared: &Shared, now: Now) {
        let State { hub, history } = state;
        for task in shared.take_tasks(self.index) {
            match task {
                Task::Peer(peer) => self.welcome(peer, hub, shared, now),
                Task::Outcome(client, answer) => self.clients.answer(client, answer, hub, now),
                Task::MakeRoom(silent) => self.clients.make_room(&silent, hub, now),
                Task::Tell(text) => self.clients.tell(&text, hub, now),
                Task::Stop => self.stop(hub, shared, now),
                Task::Reopen => history.iter_mut().for_each(History::reopen),
                Task::Open => {
                    if let Some(front) = &mut self.front {
                        front.acceptor.open();
                    }
                }
            }
        }
    }

    fn accept(&mut self, hub: &Hub, shared: &Shared, now: Now) {
        let Some(mut front) = self.front.take() else {
            return;
        };
        front.acceptor.accept(shared, now, |peer| {
            let worker = shared.place();
            if worker == self.index {
                self.welcome(peer, hub, shared, now);
            } else {
                shared.give(worker, Task::Peer(peer));
            }
        });
        self.front = Some(front);
    }

    fn welcome(&mut self, peer: Peer, hub: &Hub, shared: &Shared, now: Now) {
        let address = peer.address;
        let from = peer.refusal.is_none();
        let from = from.then(|| (address.ip(), Visit::Outside));
        if self.stopping.is_some() {
            shared.leave(self.index, from, now);
            return;
        }
        let registry = self.poll.registry();
        match self.clients.insert(peer, registry, hub, now) {
            Ok(()) => shared.counters.accepted.add(from.is_some().into()),
            Err(error) => {
                let text = format!("cannot serve {address}: {}", in_words(&error));
                shared.logger.tell(Topic::NoSpace, now, &text);
                shared.leave(self.index, from, now);
            }
        }
    }

    /// Has what was said written to disk, where that is wanted, and lets
    /// people see what may be seen.
    fn keep(&mut self, state: &mut State, shared: &Shared, now: Now) {
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
            match news {
                News::Trouble(_) | News::Told(_) => shared.logger.warn(now.time, &text),
                News::Recovered | News::Noted(_) => shared.logger.info(now.time, &text),
            }
            if !matches!(news, News::Noted(_)) {
                self.clients.tell(&text, &state.hub, now);
                shared.give_others(self.index, || Task::Tell(Arc::clone(&text)));
            }
        }
    }

    /// The first signal says goodbye to everyone, the second stops at once.
    fn stop(&mut self, hub: &mut Hub, shared: &Shared, now: Now) {
        if self.stopping.is_some() {
            self.stopping = Some(now.instant);
            return;
        }
        self.stopping = Some(now.instant + GOODBYE_FOR);
        hub.request(Request::TellPending, now);
        if let Some(front) = &mut self.front {
            let text = format!("stopping; people in the room: {}", hub.people().count());
            shared.logger.info(now.time, &text);
            front.acceptor.close();
        }
        self.clients.goodbye(hub, now);
    }
}

/// Writes what happened so far into the log.
fn report(shared: &Shared) {
    let (events, people) = {
        let hub = &shared.read().hub;
        (hub.timeline.head().seq, hub.people().count())
    };
    let (connections, silent) = {
        let admission = shared.admission();
        (admission.connections(), admission.silent())
    };
    let text = format!(
        "people {people}, connections {connections} ({silent} have said nothing), \
         events {events}, {}",
        shared.counters
    );
    shared.logger.info(now().time, &text);
}

fn is_overtaken(state: &State) -> bool {
    let history = state.history.as_ref();
    history.is_some_and(|history| history.is_overtaken(&state.hub))
}

/// Tokens from the top; connections have theirs from the bottom.
const SIGNALS: Token = Token(usize::MAX - 1);
const WAKE: Token = Token(usize::MAX - 2);

/// How long a stopping server waits for its last words to be taken.
const GOODBYE_FOR: Duration = Duration::from_secs(1);

/// What the poll tells at a time.
const EVENTS: usize = 1024;

/// How long a round waits at most while the disk is behind.
const OVERTAKEN_FOR: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests;
