//! The event loop, and nothing else.
//!
//! A round: wait, and note who is ready. If that concerns the room, have it
//! alone: take who has come, hear who speaks, let time pass, keep what was said.
//! Then, beside the others, send what there is to see, and drop what is closed.
//! Every connection has at most one read of a buffer and one share of writing in
//! a round, so nobody waits for anybody. Connections are dropped at the end of
//! the round only, so an event of this round never reaches a newer connection
//! under the same key.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::clock::Now;
use crate::connection::Connection;
use crate::door::Door;
use crate::history::{History, News};
use crate::replay::{Files, NoFiles, Page};
use crate::room::{Form, Room};
use crate::server::now;
use crate::session::Session;
use crate::shared::{Shared, State, Task};
use crate::signals::Signals;

/// One thread: a poll, and the connections that are its own.
pub(crate) struct Worker {
    index: usize,
    poll: Poll,
    /// What only one of them looks after.
    front: Option<Front>,
    connections: Slab<Connection>,
    /// Keys of those to be looked after in this round.
    queue: Vec<usize>,
    /// Keys of those who get pieces of the past, in turn.
    returning: VecDeque<usize>,
    page: Page,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How much everybody was last served, as [`Shared::shown`] counts.
    served: u64,
    /// Before which places in the logs no reader here is.
    floor: [u64; 2],
    /// When the room wants to be looked after, if nothing happens before.
    room_due: Option<Instant>,
    /// The disk or another worker is slower than the talk, which waits for it.
    overtaken: bool,
    /// Somebody in the queue can be sent more.
    sending: bool,
    /// Somebody has woken us up.
    woken: bool,
    buffer: Box<[u8]>,
    /// The server is stopping, and stops waiting for peers at this moment.
    stopping: Option<Instant>,
}

/// Where people come in, and where the server is told to stop.
struct Front {
    door: Door,
    signals: Signals,
}

impl Worker {
    /// A worker that nobody has been given to.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn new(index: usize) -> anyhow::Result<Self> {
        Ok(Self {
            index,
            poll: Poll::new().context("cannot make a poll")?,
            front: None,
            connections: Slab::new(),
            queue: Vec::new(),
            returning: VecDeque::new(),
            page: Page::default(),
            timers: BinaryHeap::new(),
            served: 0,
            floor: NOBODY,
            room_due: None,
            overtaken: false,
            sending: false,
            woken: false,
            buffer: vec![0; READ_BUFFER].into(),
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
        listeners: Vec<crate::listener::Listener>,
    ) -> anyhow::Result<()> {
        let registry = self.poll.registry();
        self.front = Some(Front {
            door: Door::new(listeners, registry, FIRST_LISTENER)?,
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
        let mut events = Events::with_capacity(1024);
        loop {
            self.wait(&mut events, shared)?;
            for event in &events {
                self.note(event, shared);
            }
            let mut now = now();
            if self.needs_room(shared, now) {
                now = self.attend(shared);
            }
            self.write(shared, now);
            self.serve_past(shared, now);
            self.close(shared, now);
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
                None => self.connections.is_empty(),
            };
            all_gone || until <= now.instant
        })
    }

    fn wait(&mut self, events: &mut Events, shared: &Shared) -> anyhow::Result<()> {
        let mut timeout = self.timeout();
        if timeout != Some(Duration::ZERO) {
            shared.set_asleep(self.index, true);
            if self.has_news(shared) {
                timeout = Some(Duration::ZERO);
            }
        }
        let polled = self.poll.poll(events, timeout);
        if timeout != Some(Duration::ZERO) {
            shared.set_asleep(self.index, false);
        }
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                Err(error).context("cannot wait for events")
            }
            _ => Ok(()),
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.overtaken && !self.sending {
            // Who is behind wakes us; those who talk have to wait.
            return Some(OVERTAKEN_FOR);
        }
        let door = self.front.as_ref().map(|front| &front.door);
        if !self.queue.is_empty() || !self.returning.is_empty() || door.is_some_and(Door::is_ready)
        {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let retry = door.and_then(Door::retry);
        let others = timer.into_iter().chain(self.room_due).chain(self.stopping);
        let next = others.chain(retry).min()?;
        let left = next.saturating_duration_since(Instant::now());
        // The poll counts whole milliseconds and rounds down: one more, or the
        // last one would be spent spinning.
        Some(left + Duration::from_millis(1))
    }

    /// Whether there is something to see since everybody was last served.
    /// Nobody here would see it if there is nobody.
    fn has_news(&self, shared: &Shared) -> bool {
        !self.connections.is_empty() && shared.shown() != self.served
    }

    fn note(&mut self, event: &Event, shared: &Shared) {
        let Token(token) = event.token();
        if let Some(connection) = self.connections.get_mut(token) {
            connection.read_closed |= event.is_read_closed() || event.is_error();
            connection.readable |= event.is_readable() || connection.read_closed;
            connection.writable |= event.is_writable();
            self.enqueue(token);
        } else if event.token() == WAKE {
            self.woken = true;
        } else if let Some(front) = &mut self.front {
            let listener = FIRST_LISTENER.wrapping_sub(token);
            if !front.door.note(listener) && front.signals.pending() > 0 {
                self.woken = true;
                shared.give(self.index, Task::Stop);
                shared.give_others(self.index, || Task::Stop);
            }
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

    /// Whether there is anything to do that changes the room.
    fn needs_room(&mut self, shared: &Shared, now: Now) -> bool {
        let is_due = |at: &Instant| *at <= now.instant;
        let woken = std::mem::take(&mut self.woken);
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let door = self.front.as_ref().map(|front| &front.door);
        let connection = |key: &usize| self.connections.get(*key);
        // The disk wakes up the first one.
        woken && (door.is_some() && shared.is_kept || shared.has_tasks(self.index))
            || self.overtaken
            || self.room_due.as_ref().is_some_and(is_due)
            || timer.as_ref().is_some_and(is_due)
            || door.is_some_and(|door| door.is_ready() || door.retry().as_ref().is_some_and(is_due))
            || self
                .queue
                .iter()
                .filter_map(connection)
                .any(Connection::needs_room)
    }

    /// Does what changes the room, which nobody else sees meanwhile.
    fn attend(&mut self, shared: &Shared) -> Now {
        let mut state = shared.write();
        // Not before: times in the room do not go backwards.
        let now = now();
        self.do_tasks(&mut state.room, shared, now);
        self.accept(&state.room, shared, now);
        self.overtaken = is_overtaken(&state) || shared.must_wait();
        if !self.overtaken {
            self.hear(&mut state.room, now);
        }
        self.expire(&mut state.room, shared, now);
        self.hold(&state.room, shared);
        state.room.tell_presence(now);
        self.keep(&mut state, shared, now);
        let floor = [Form::Text, Form::Json].map(|form| shared.floor(form));
        state.room.trim(floor);
        let disk = state.history.as_ref().and_then(History::deadline);
        let presence = state.room.presence_deadline();
        self.room_due = disk.into_iter().chain(presence).min();
        let has_news = shared.show(&state.room);
        drop(state);
        if has_news {
            shared.wake_others(self.index);
        }
        now
    }

    fn do_tasks(&mut self, room: &mut Room, shared: &Shared, now: Now) {
        for task in shared.take_tasks(self.index) {
            match task {
                Task::Peer(socket, address) => {
                    self.welcome(socket, address, room, shared, now);
                }
                Task::Tell(text) => self.tell(&text, room, now),
                Task::Stop => self.stop(room, shared, now),
                Task::Open => {
                    if let Some(front) = &mut self.front {
                        front.door.open();
                    }
                }
            }
        }
    }

    fn accept(&mut self, room: &Room, shared: &Shared, now: Now) {
        let Some(mut front) = self.front.take() else {
            return;
        };
        front.door.accept(shared, now, |socket, address| {
            let worker = shared.place();
            if worker == self.index {
                self.welcome(socket, address, room, shared, now);
            } else {
                shared.give(worker, Task::Peer(socket, address));
            }
        });
        self.front = Some(front);
    }

    fn welcome(
        &mut self,
        mut socket: TcpStream,
        address: SocketAddr,
        room: &Room,
        shared: &Shared,
        now: Now,
    ) {
        if self.stopping.is_some() {
            shared.leave(self.index);
            return;
        }
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(&mut socket, Token(key), interest) {
            let text = format!("cannot watch {address}: {error}");
            shared.journal.warn(now.time, &text);
            shared.leave(self.index);
            return;
        }
        let session = Session::new(address, room, now);
        entry.insert(Connection::new(socket, session));
        let text = format!("connected {address}");
        shared.journal.info(now.time, &text);
        self.enqueue(key);
    }

    /// Hears everybody in turn, until there is as much to tell as one reader
    /// takes in one round, or that were as many as can be heard in one. Those
    /// who were not heard are the first next time.
    fn hear(&mut self, room: &mut Room, now: Now) {
        let written = room.written();
        let (mut passed, mut heard) = (0, 0);
        for &key in &self.queue {
            if room.written() - written >= ROUND_BYTES || heard == TURNS {
                break;
            }
            passed += 1;
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            connection.settle(room, now);
            connection.session.go_on(room, now);
            if connection.wants_read() {
                connection.read(&mut self.buffer, room, now);
                heard += 1;
            }
        }
        self.queue.rotate_left(passed);
    }

    fn expire(&mut self, room: &mut Room, shared: &Shared, now: Now) {
        while let Some(&Reverse((at, key))) = self.timers.peek()
            && at <= now.instant
        {
            self.timers.pop();
            // A timer of a connection that is gone may find another one here,
            // whose own deadline then says that nothing is due.
            if let Some(connection) = self.connections.get_mut(key) {
                if connection.timer() == Some(at) {
                    connection.set_timer(None);
                }
                connection.expire(shared.limits.stall, room, now);
                self.enqueue(key);
            }
        }
        // Everybody has a timer when they come, and hardly anybody later.
        let capacity = self.timers.capacity();
        if capacity > 1024 && self.timers.len() < capacity / 4 {
            self.timers.shrink_to(2 * self.timers.len());
        }
    }

    /// Has what was said written to disk, where that is wanted, and lets
    /// people see what may be seen.
    fn keep(&mut self, state: &mut State, shared: &Shared, now: Now) {
        let Some(history) = &mut state.history else {
            state.room.show_all();
            return;
        };
        let Some(news) = history.keep(&mut state.room, now) else {
            return;
        };
        let text: Arc<str> = match &news {
            News::Trouble(why) => format!("{why}: nothing new is taken until it can be").into(),
            News::Recovered => "the history can be written again: go on".into(),
        };
        match news {
            News::Trouble(_) => shared.journal.warn(now.time, &text),
            News::Recovered => shared.journal.info(now.time, &text),
        }
        self.tell(&text, &state.room, now);
        shared.give_others(self.index, || Task::Tell(Arc::clone(&text)));
    }

    fn tell(&mut self, text: &str, room: &Room, now: Now) {
        for key in 0..self.connections.capacity() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.session.tell(text, room, now);
                self.enqueue(key);
            }
        }
    }

    /// Sends what there is to see. Others may change the room in between, so
    /// that they do not have to wait until everybody has been served.
    fn write(&mut self, shared: &Shared, now: Now) {
        if self.has_news(shared) {
            // What comes after this is news again, also for those who get it.
            self.served = shared.shown();
            let keys = self.connections.capacity();
            for some in (0..keys).step_by(SOME) {
                let state = shared.read();
                for key in some..(some + SOME).min(keys) {
                    self.write_to(key, &state.room, now);
                    if let Some(connection) = self.connections.get(key)
                        && (connection.needs_turn(shared.limits.stall)
                            || connection.can_send(&state.room)
                            || connection.session.is_closing())
                    {
                        self.enqueue(key);
                    }
                }
            }
            shared.set_served(self.index, self.served);
        } else {
            self.write_to_queue(shared, now);
        }
    }

    /// Sends some of those who wait for an answer what waits for them. The
    /// others are the first next time.
    fn write_to_queue(&mut self, shared: &Shared, now: Now) {
        let (mut passed, mut written) = (0, 0);
        while passed < self.queue.len() && written < TURNS {
            let state = shared.read();
            for index in passed..(passed + SOME).min(self.queue.len()) {
                let key = self.queue[index];
                let connection = self.connections.get(key);
                let sends = connection.is_some_and(|one| one.can_send(&state.room));
                written += usize::from(sends);
                self.write_to(key, &state.room, now);
            }
            passed += SOME;
        }
        let passed = passed.min(self.queue.len());
        self.queue.rotate_left(passed);
    }

    fn write_to(&mut self, key: usize, room: &Room, now: Now) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.write(room, now);
            if !connection.returning && connection.wants_past(room) {
                connection.returning = true;
                self.returning.push_back(key);
            }
        }
    }

    /// Sends some of those who come back a page each, but no more in a round
    /// than the others hardly notice.
    fn serve_past(&mut self, shared: &Shared, now: Now) {
        for _ in 0..PAGES.min(self.returning.len()) {
            let Some(key) = self.returning.pop_front() else {
                break;
            };
            let state = shared.read();
            let files: &dyn Files = match &state.history {
                Some(history) => history,
                None => &NoFiles,
            };
            if let Some(connection) = self.connections.get_mut(key)
                && connection.returning
            {
                connection.write_past(&state.room, files, &mut self.page, now);
                connection.returning = connection.wants_past(&state.room);
                if connection.returning {
                    self.returning.push_back(key);
                }
            }
            self.enqueue(key);
        }
    }

    /// Moves those who hold back the log, keeps those in the queue that are not
    /// done, and drops what is closed.
    fn close(&mut self, shared: &Shared, now: Now) {
        let state = shared.read();
        let room = &state.room;
        self.move_laggards(room, shared);
        self.sending = false;
        let mut closed = Vec::new();
        let mut queue = std::mem::take(&mut self.queue);
        queue.retain(|&key| {
            let Some(connection) = self.connections.get_mut(key) else {
                return false;
            };
            connection.close(room, now);
            if connection.is_closed() {
                closed.push(key);
                return false;
            }
            let stall = shared.limits.stall;
            if let Some(deadline) = connection.needs_timer(stall) {
                connection.set_timer(Some(deadline));
                self.timers.push(Reverse((deadline, key)));
            }
            let sends = connection.can_send(room);
            self.sending |= sends;
            connection.queued = sends || connection.needs_turn(stall);
            connection.queued
        });
        drop(state);
        self.queue = queue;
        for key in closed {
            let mut connection = self.connections.remove(key);
            // A socket that is dropped is off the poll as well.
            let _ = self.poll.registry().deregister(connection.socket());
            let session = &connection.session;
            let text = format!("disconnected {} ({})", session.describe(), session.reason());
            shared.journal.info(now.time, &text);
            shared.leave(self.index);
        }
        // The last one must not hold back the log for ever: nobody wakes up a
        // worker that has no people.
        if self.connections.is_empty() {
            self.set_floor(NOBODY, shared);
        }
    }

    /// If the first ones have come: nothing that they read is to be dropped.
    fn hold(&mut self, room: &Room, shared: &Shared) {
        if self.floor == NOBODY && !self.connections.is_empty() {
            let start = [Form::Text, Form::Json].map(|form| room.log(form).start());
            self.set_floor(start, shared);
        }
    }

    /// Nobody may hold back the log.
    fn move_laggards(&mut self, room: &Room, shared: &Shared) {
        let floor = [Form::Text, Form::Json].map(|form| room.trim_point(form));
        if self.connections.is_empty() || floor == self.floor {
            return;
        }
        for (_, connection) in &mut self.connections {
            if connection.session.is_too_far_behind(room) {
                connection.session.fall_behind(room);
            }
        }
        self.set_floor(floor, shared);
    }

    fn set_floor(&mut self, floor: [u64; 2], shared: &Shared) {
        if floor != self.floor {
            self.floor = floor;
            shared.set_floor(self.index, floor);
        }
    }

    /// The first signal says goodbye to everyone, the second stops at once.
    fn stop(&mut self, room: &mut Room, shared: &Shared, now: Now) {
        if self.stopping.is_some() {
            self.stopping = Some(now.instant);
            return;
        }
        self.stopping = Some(now.instant + GOODBYE_FOR);
        room.tell_pending(now);
        if let Some(front) = &mut self.front {
            shared.journal.info(now.time, "stopping");
            front.door.close();
        }
        for key in 0..self.connections.capacity() {
            if let Some(connection) = self.connections.get_mut(key) {
                // Not all at once.
                let after = RETURN_AFTER + RETURN_APART * key as u32;
                let after = after.min(RETURN_AT_MOST);
                connection.session.goodbye(after, room, now);
                self.enqueue(key);
            }
        }
    }
}

fn is_overtaken(state: &State) -> bool {
    let history = state.history.as_ref();
    history.is_some_and(|history| history.is_overtaken(&state.room))
}

/// Tokens from the top; connections have theirs from the bottom.
const SIGNALS: Token = Token(usize::MAX - 1);
const WAKE: Token = Token(usize::MAX - 2);
const FIRST_LISTENER: usize = usize::MAX - 3;

/// Where nobody reads, nothing is needed.
const NOBODY: [u64; 2] = [u64::MAX; 2];

/// What one connection may send in one round.
const READ_BUFFER: usize = 16 * 1024;

/// What may be said in one round, in both forms together: about what one
/// connection is sent in one, so that nobody falls behind who takes it.
const ROUND_BYTES: u64 = 256 * 1024;

/// Connections that are heard in one round, and that are sent an answer: so
/// many that thousands who come at once leave time to accept the others.
const TURNS: usize = 64;

/// Connections that are served before another worker may change the room.
const SOME: usize = 16;

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
