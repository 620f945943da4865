//! The event loop, and nothing else.
//!
//! A round: wait, note who is ready, accept, read, let time pass, keep what was
//! said, write, drop what is closed. Every connection has at most one read of a buffer and one
//! share of writing in a round, so nobody waits for anybody. Connections are
//! dropped at the end of the round only, so an event of this round never
//! reaches a newer connection under the same key.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use chat_proto::event::Timestamp;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::connection::Connection;
use crate::history::{History, News};
use crate::journal::Journal;
use crate::listener::{Accepted, Listener};
use crate::replay::{Files, NoFiles, Page};
use crate::room::{Form, Mark, Room};
use crate::session::{Now, Session};
use crate::signals::Signals;

/// A server that listens.
pub struct Server {
    poll: Poll,
    listeners: Vec<Listener>,
    signals: Signals,
    room: Room,
    history: Option<History>,
    limits: Limits,
    connections: Slab<Connection>,
    /// Keys of those to be looked after in this round.
    queue: Vec<usize>,
    /// Keys of those who get pieces of the past, in turn.
    returning: VecDeque<usize>,
    page: Page,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// What could be seen when everybody was last served.
    served: Mark,
    buffer: Box<[u8]>,
    journal: Journal,
    /// No accept error is logged before this moment.
    quiet_until: Option<Instant>,
    /// The server is stopping, and stops waiting for peers at this moment.
    stopping: Option<Instant>,
}

/// What is not allowed beyond.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long somebody may take nothing of what waits for them before they
    /// are closed.
    pub stall: Duration,
    /// How many connections there can be; others wait outside.
    pub connections: usize,
}

impl Server {
    /// A server for `room` on these listeners.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new(
        mut listeners: Vec<Listener>,
        room: Room,
        mut history: Option<History>,
        limits: Limits,
        journal: Journal,
    ) -> anyhow::Result<Self> {
        let poll = Poll::new().context("cannot make a poll")?;
        for (index, listener) in listeners.iter_mut().enumerate() {
            let token = Token(FIRST_LISTENER - index);
            poll.registry()
                .register(listener.socket(), token, Interest::READABLE)
                .context("cannot watch the listening socket")?;
        }
        let signals =
            Signals::register(poll.registry(), SIGNALS).context("cannot watch for signals")?;
        if let Some(history) = &mut history {
            let waker = Waker::new(poll.registry(), SYNCED).context("cannot make a waker")?;
            history.watch(waker);
        }
        Ok(Self {
            poll,
            listeners,
            signals,
            served: room.shown(),
            room,
            history,
            limits,
            connections: Slab::new(),
            queue: Vec::new(),
            returning: VecDeque::new(),
            page: Page::default(),
            timers: BinaryHeap::new(),
            buffer: vec![0; READ_BUFFER].into(),
            journal,
            quiet_until: None,
            stopping: None,
        })
    }

    /// Serves until a signal says stop.
    ///
    /// # Errors
    ///
    /// When the poll itself fails; nothing that a peer does is an error.
    pub fn run(mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error).context("cannot wait for events");
                }
                _ => {}
            }
            let now = now();
            for event in &events {
                self.note(event, now);
            }
            self.accept(now);
            self.read(now);
            self.expire(now);
            self.keep(now);
            self.write(now);
            self.serve_past(now);
            self.move_laggards();
            self.close(now);
            if self
                .stopping
                .is_some_and(|until| self.connections.is_empty() || until <= now.instant)
            {
                self.finish(now);
                return Ok(());
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.is_overtaken() {
            // The disk wakes us; others have to wait for it.
            return Some(OVERTAKEN_FOR);
        }
        if !self.queue.is_empty()
            || !self.returning.is_empty()
            || self.has_news()
            || self.has_unkept()
            || self.listeners.iter().any(|listener| listener.ready)
        {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let retries = self.listeners.iter().filter_map(Listener::retry);
        let disk = self.history.as_ref().and_then(History::deadline);
        let others = timer.into_iter().chain(disk).chain(self.stopping);
        let next = retries.chain(others).min()?;
        let left = next.saturating_duration_since(Instant::now());
        // The poll counts whole milliseconds and rounds down: one more, or the
        // last one would be spent spinning.
        Some(left + Duration::from_millis(1))
    }

    /// Whether there is something to see since everybody was last served.
    fn has_news(&self) -> bool {
        self.room.shown() != self.served
    }

    /// Whether something was said after [`Server::keep`], by one who leaves
    /// because nothing can be written to them.
    fn has_unkept(&self) -> bool {
        match &self.history {
            Some(history) => history.wants_more(&self.room),
            None => self.room.shown() != self.room.head(),
        }
    }

    /// Whether the disk is slower than the talk, which waits for it then.
    fn is_overtaken(&self) -> bool {
        let history = self.history.as_ref();
        history.is_some_and(|history| history.is_overtaken(&self.room))
    }

    fn note(&mut self, event: &mio::event::Event, now: Now) {
        let Token(token) = event.token();
        if event.token() == SIGNALS {
            if self.signals.pending() > 0 {
                self.stop(now);
            }
        } else if let Some(listener) = self.listeners.get_mut(FIRST_LISTENER.wrapping_sub(token)) {
            listener.ready = true;
        } else if let Some(connection) = self.connections.get_mut(token) {
            connection.read_closed |= event.is_read_closed() || event.is_error();
            connection.readable |= event.is_readable() || connection.read_closed;
            connection.writable |= event.is_writable();
            self.enqueue(token);
        }
    }

    fn enqueue(&mut self, key: usize) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.queued
        {
            connection.queued = true;
            self.queue.push(key);
        }
    }

    fn accept(&mut self, now: Now) {
        for index in 0..self.listeners.len() {
            if self.listeners[index]
                .retry()
                .is_some_and(|retry| retry <= now.instant)
            {
                self.listeners[index].may_retry();
            }
            for _ in 0..ACCEPTS {
                if !self.listeners[index].ready {
                    break;
                }
                if self.connections.len() >= self.limits.connections {
                    self.listeners[index].wait(now.instant);
                    self.log_accept_error("that is as many as there can be", now);
                    break;
                }
                match self.listeners[index].accept(now.instant) {
                    Accepted::Peer(socket, address) => self.welcome(socket, address, now),
                    Accepted::Nobody => {}
                    Accepted::Full(error) => self.log_accept_error(&error.to_string(), now),
                }
            }
        }
    }

    fn welcome(&mut self, mut socket: mio::net::TcpStream, address: SocketAddr, now: Now) {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self
            .poll
            .registry()
            .register(&mut socket, Token(key), interest)
        {
            self.journal
                .warn(now.time, &format!("cannot watch {address}: {error}"));
            return;
        }
        entry.insert(Connection::new(
            socket,
            Session::new(address, &self.room, now),
        ));
        self.journal.info(now.time, &format!("connected {address}"));
        self.enqueue(key);
    }

    fn log_accept_error(&mut self, error: &str, now: Now) {
        if self.quiet_until.is_none_or(|until| until <= now.instant) {
            self.quiet_until = Some(now.instant + Duration::from_secs(5));
            let people = self.connections.len();
            let text = format!("cannot accept more connections ({people} now): {error}");
            self.journal.warn(now.time, &text);
        }
    }

    /// Hears everybody in turn, until there is as much to tell as one reader
    /// takes in one round. Those who were not heard are the first next time.
    fn read(&mut self, now: Now) {
        let written = self.room.written();
        if self.is_overtaken() {
            return;
        }
        let mut heard = 0;
        for &key in &self.queue {
            if self.room.written() - written >= ROUND_BYTES {
                break;
            }
            heard += 1;
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            connection.session.go_on(&mut self.room, now);
            if connection.wants_read() {
                connection.read(&mut self.buffer, &mut self.room, now);
            }
        }
        self.queue.rotate_left(heard);
    }

    fn expire(&mut self, now: Now) {
        while let Some(&Reverse((at, key))) = self.timers.peek()
            && at <= now.instant
        {
            self.timers.pop();
            // A timer of a connection that is gone may find another one here,
            // whose own deadline then says that nothing is due.
            if let Some(connection) = self.connections.get_mut(key) {
                if connection.timer == Some(at) {
                    connection.timer = None;
                }
                connection.expire(self.limits.stall, &mut self.room, now);
                self.enqueue(key);
            }
        }
    }

    /// Has what was said written to disk, where that is wanted, and lets
    /// people see what may be seen.
    fn keep(&mut self, now: Now) {
        let Some(history) = &mut self.history else {
            self.room.show_all();
            return;
        };
        let Some(news) = history.keep(&mut self.room, now) else {
            return;
        };
        let text = match &news {
            News::Trouble(why) => format!("{why}: nothing new is taken until it can be"),
            News::Recovered => "the history can be written again: go on".to_owned(),
        };
        match news {
            News::Trouble(_) => self.journal.warn(now.time, &text),
            News::Recovered => self.journal.info(now.time, &text),
        }
        for key in 0..self.connections.capacity() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.session.tell(&text, &self.room, now);
                self.enqueue(key);
            }
        }
    }

    fn write(&mut self, now: Now) {
        let grown = self.has_news();
        self.served = self.room.shown();
        if grown {
            for key in 0..self.connections.capacity() {
                self.write_to(key, now);
                if let Some(connection) = self.connections.get(key)
                    && connection.needs_turn(&self.room)
                {
                    self.enqueue(key);
                }
            }
        } else {
            for index in 0..self.queue.len() {
                self.write_to(self.queue[index], now);
            }
        }
    }

    fn write_to(&mut self, key: usize, now: Now) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.write(&mut self.room, now);
            if !connection.returning && connection.wants_past(&self.room) {
                connection.returning = true;
                self.returning.push_back(key);
            }
        }
    }

    /// Sends some of those who come back a page each, but no more in a round
    /// than the others hardly notice.
    fn serve_past(&mut self, now: Now) {
        for _ in 0..PAGES.min(self.returning.len()) {
            let Some(key) = self.returning.pop_front() else {
                break;
            };
            let files: &dyn Files = match &self.history {
                Some(history) => history,
                None => &NoFiles,
            };
            if let Some(connection) = self.connections.get_mut(key)
                && connection.returning
            {
                connection.write_past(&mut self.room, files, &mut self.page, now);
                connection.returning = connection.wants_past(&self.room);
                if connection.returning {
                    self.returning.push_back(key);
                }
            }
            self.enqueue(key);
        }
    }

    /// Nobody may hold back the log.
    fn move_laggards(&mut self) {
        let due = |form| self.room.log(form).start() < self.room.trim_point(form);
        if !due(Form::Text) && !due(Form::Json) {
            return;
        }
        for (_, connection) in &mut self.connections {
            if connection.session.is_too_far_behind(&self.room) {
                connection.session.fall_behind(&self.room);
            }
        }
        self.room.trim();
    }

    /// Drops what is closed, and keeps those in the queue that are not done.
    fn close(&mut self, now: Now) {
        let mut queue = std::mem::take(&mut self.queue);
        queue.retain(|&key| {
            let Some(connection) = self.connections.get_mut(key) else {
                return false;
            };
            connection.close(&self.room, now);
            if connection.is_closed() {
                // A socket that is dropped is off the poll as well.
                let _ = self.poll.registry().deregister(connection.socket());
                let connection = self.connections.remove(key);
                let text = format!(
                    "disconnected {} ({})",
                    connection.session.describe(),
                    connection.session.reason()
                );
                self.journal.info(now.time, &text);
                for listener in &mut self.listeners {
                    listener.may_retry();
                }
                return false;
            }
            if let Some(deadline) = connection.deadline(self.limits.stall)
                && connection.timer.is_none_or(|timer| deadline < timer)
            {
                connection.timer = Some(deadline);
                self.timers.push(Reverse((deadline, key)));
            }
            connection.queued = connection.needs_turn(&self.room);
            connection.queued
        });
        // Laggards and others that were added meanwhile stay for the next round.
        queue.append(&mut self.queue);
        self.queue = queue;
    }

    /// The first signal says goodbye to everyone, the second stops at once.
    fn stop(&mut self, now: Now) {
        if self.stopping.is_some() {
            self.stopping = Some(now.instant);
            return;
        }
        self.journal.info(now.time, "stopping");
        self.stopping = Some(now.instant + GOODBYE_FOR);
        // Whoever comes now is refused at once and can look for another server.
        self.listeners.clear();
        for key in 0..self.connections.capacity() {
            if let Some(connection) = self.connections.get_mut(key) {
                // Not all at once.
                let after = RETURN_AFTER + RETURN_APART * key as u32;
                let after = after.min(RETURN_AT_MOST);
                connection.session.goodbye(after, &self.room, now);
                self.enqueue(key);
            }
        }
    }

    fn finish(mut self, now: Now) {
        if let Some(history) = self.history
            && let Some(News::Trouble(why)) = history.finish(&mut self.room, now)
        {
            let text = format!("{why}: the last of what was said is not kept");
            self.journal.warn(now.time, &text);
        }
        self.journal.info(now.time, "stopped");
        self.journal.finish();
    }
}

/// Now, by the clocks of the system.
pub fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Now {
        time: Timestamp::from_unix_milliseconds(milliseconds),
        instant: Instant::now(),
    }
}

/// Tokens from the top; connections have theirs from the bottom.
const SIGNALS: Token = Token(usize::MAX - 1);
const SYNCED: Token = Token(usize::MAX - 2);
const FIRST_LISTENER: usize = usize::MAX - 3;

/// What one connection may send in one round.
const READ_BUFFER: usize = 16 * 1024;

/// Connections that are taken in one round, so that a flood of them does not
/// delay those who talk.
const ACCEPTS: usize = 64;

/// What may be said in one round, in both forms together: about what one
/// connection is sent in one, so that nobody falls behind who takes it.
const ROUND_BYTES: u64 = 256 * 1024;

/// What is kept of each form in memory.
pub const LOG_BYTES: u64 = 6 * 1024 * 1024;

/// Pages of the past that are sent in one round to all together.
const PAGES: usize = 4;

/// How long a stopping server waits for its last words to be taken.
const GOODBYE_FOR: Duration = Duration::from_secs(1);

/// How long a round waits at most while the disk is behind.
const OVERTAKEN_FOR: Duration = Duration::from_millis(5);

/// When people are told to come back after a goodbye: a moment later, one after
/// the other.
const RETURN_AFTER: Duration = Duration::from_secs(1);
const RETURN_APART: Duration = Duration::from_millis(2);
const RETURN_AT_MOST: Duration = Duration::from_secs(10);
