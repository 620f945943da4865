//! The event loop, and nothing else: a poll, and what only one of the threads looks
//! after. What is done in a round is in [`rounds`](crate::runtime::rounds).

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::event::Event;
use mio::{Events, Poll, Token};

use crate::config::Config;
use crate::net::acceptor::Acceptor;
use crate::net::control_socket::ControlSocket;
use crate::net::entry::Entry;
use crate::net::wire::Wire;
use crate::ops::logger::Record;
use crate::ops::signals::{Signal, Signals};
use crate::runtime::census::RoomFigures;
use crate::runtime::control::Shared;
use crate::runtime::mailbox::Task;
use crate::runtime::reloader::Ask;
use crate::runtime::rounds::{Entrance, Outside, Polled, Rounds, Wait};
use crate::runtime::system_clock::now;
use crate::wake::waker;

/// One thread: a poll, and the connections that are its own.
pub(crate) struct Worker {
    poll: Poll,
    /// What only one of them looks after.
    front: Option<Front>,
    rounds: Rounds<Wire>,
    polled: Polled,
}

/// Where connections come in, and where the server is told to stop.
struct Front {
    acceptor: Acceptor,
    signals: Signals,
}

impl Worker {
    /// A worker without connections.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn new(index: usize, config: Arc<Config>) -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new().context("cannot make a poll")?,
            front: None,
            rounds: Rounds::new(index, config, ()),
            polled: Polled {
                woken: false,
                until: Instant::now(),
            },
        })
    }

    /// Which one it is.
    pub(crate) fn index(&self) -> usize {
        self.rounds.index()
    }

    /// What wakes it up.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn waker(&self) -> anyhow::Result<Waker> {
        waker(self.poll.registry(), WAKE).context("cannot make a waker")
    }

    /// Has it look after the listening sockets and the signals.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn stand_at_front(
        &mut self,
        listeners: Vec<crate::net::listener::Listener>,
        config: &Config,
    ) -> anyhow::Result<()> {
        let registry = self.poll.registry();
        self.front = Some(Front {
            acceptor: Acceptor::new(listeners, registry, config)?,
            signals: Signals::register(registry, SIGNALS).context("cannot watch for signals")?,
        });
        Ok(())
    }

    /// Has operators come in there.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn set_control(&mut self, control: ControlSocket) -> anyhow::Result<()> {
        match &mut self.front {
            Some(front) => front.acceptor.set_control(control, self.poll.registry()),
            None => Ok(()),
        }
    }

    /// Has its connections go through this entry.
    pub(crate) fn encrypt(&mut self, entry: Entry) {
        if let Some(front) = &mut self.front {
            front.acceptor.encrypt(entry);
        }
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
            if self.round(shared) {
                return Ok(());
            }
        }
    }

    /// Does a round; whether it was the last one.
    fn round(&mut self, shared: &Shared) -> bool {
        let began = shared.counters.begin();
        let mut outside = outside(&mut self.front, &self.poll, shared);
        let now = self.rounds.change(&mut outside, self.polled, now);
        self.polled.woken = false;
        self.rounds.serve(&outside, now);
        let counters = shared.counters.worker(self.rounds.index());
        counters.rounds.add_since(began);
        self.rounds.is_done(&outside, now)
    }

    fn wait(&mut self, events: &mut Events, shared: &Shared) -> anyhow::Result<()> {
        let outside = outside(&mut self.front, &self.poll, shared);
        let wait = self.rounds.sleeps(&outside);
        let before = Instant::now();
        let polled = self.poll.poll(events, timeout(wait, before));
        if wait != Wait::No {
            self.rounds.wakes(shared);
        }
        match polled {
            Ok(()) if events.iter().count() < EVENTS => self.polled.until = before,
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("cannot wait for events"),
        }
        Ok(())
    }

    fn note(&mut self, event: &Event, shared: &Shared) {
        let Token(token) = event.token();
        if self.rounds.scheduler.note(token, event.into()) {
            // It is in the queue.
        } else if event.token() == WAKE {
            self.polled.woken = true;
        } else if let Some(front) = &mut self.front {
            if front.acceptor.note(token) {
                return;
            }
            for signal in front.signals.pending() {
                let index = self.rounds.index();
                match signal {
                    Signal::Stop => {
                        shared.manager.stopping();
                        self.polled.woken = true;
                        shared.give(index, Task::Stop);
                        shared.give_others(index, || Task::Stop);
                    }
                    Signal::Report => report(shared),
                    Signal::Reload => {
                        shared.ask_to_reload(Ask::Reload(None));
                    }
                }
            }
        }
    }
}

fn outside<'a>(
    front: &'a mut Option<Front>,
    poll: &'a Poll,
    shared: &'a Shared,
) -> Outside<'a, Wire> {
    let front = front.as_mut();
    Outside {
        shared,
        registry: poll.registry(),
        entrance: front.map(|front| &mut front.acceptor as &mut dyn Entrance<Wire>),
    }
}

fn timeout(wait: Wait, now: Instant) -> Option<Duration> {
    match wait {
        Wait::No => Some(Duration::ZERO),
        Wait::For(time) => Some(time),
        // The poll counts whole milliseconds and rounds down: one more, or the
        // last one would be spent spinning.
        Wait::Until(at) => at.map(|at| at.saturating_duration_since(now) + MILLISECOND),
    }
}

/// Writes what happened so far into the log.
fn report(shared: &Shared) {
    let room = RoomFigures::of(&shared.read().hub, now());
    let load = shared.load();
    let record = Record::new("counters")
        .count("people", room.people)
        .count("connections", load.admitted)
        .count("silent", load.silent)
        .count("events", room.events)
        .count("messages", room.messages);
    let record = match room.order {
        Some((order, _)) => record
            .count("servers", order.servers)
            .count("entries", order.entries)
            .count("records-again", order.again),
        None => record,
    };
    shared
        .logger
        .info(now().time, shared.counters.record(record));
}

/// Tokens from the top; connections have theirs from the bottom.
const SIGNALS: Token = Token(usize::MAX - 1);
const WAKE: Token = Token(usize::MAX - 2);

/// What the poll tells at a time.
const EVENTS: usize = 1024;

const MILLISECOND: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
