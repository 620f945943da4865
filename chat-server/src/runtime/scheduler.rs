//! The connections of one worker, and whose turn it is.
//!
//! Every connection has at most one read of a buffer and one share of writing in
//! a round, so nobody waits for anybody. Connections are dropped at the end of
//! the round only, so an event of this round never reaches a newer connection
//! under the same key.

pub(crate) mod input;
mod returning;
mod silent;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};
use std::{io, mem};

use chat_proto::event::Limits;
use mio::event::Event;
use mio::{Interest, Registry, Token};
use slab::Slab;

use crate::clock::Now;
use crate::hub::{Answer, Hub};
use crate::net::acceptor::ACCEPTS;
use crate::net::admission::Visit;
use crate::net::connection::Connection;
use crate::ops::logger::Topic;
use crate::room::origin::ClientId;
use crate::runtime::control::{Peer, Shared, Task};
use crate::session::{Held, Reason, Session};
use crate::timeline::mark::Form;
use returning::Returning;

/// Connections, by the number of their token.
pub(crate) struct Scheduler {
    /// The worker whose they are.
    worker: usize,
    limits: Limits,
    connections: Slab<Connection>,
    /// Tells connections that have had the same key from one another.
    generation: u32,
    /// Keys of those to be looked after in this round: of those who are in the
    /// room, and then of all others. However many come and go, whoever talks
    /// does not wait for them.
    queues: [Vec<usize>; 2],
    /// Those who get pieces of the past.
    returning: Returning,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How much everybody was last served, as [`Shared::shown`] counts.
    served: u64,
    /// Before which places in the logs no reader here is.
    floor: [u64; 2],
    /// Somebody in the queue can be sent more.
    sending: bool,
    buffer: Box<[u8]>,
    /// What came and went since it was last counted, in bytes.
    bytes_in: u64,
    bytes_out: u64,
}

impl Scheduler {
    /// Nobody yet.
    pub(crate) fn new(worker: usize, limits: Limits) -> Self {
        Self {
            worker,
            limits,
            connections: Slab::new(),
            generation: 0,
            queues: Default::default(),
            returning: Returning::new(),
            timers: BinaryHeap::new(),
            served: 0,
            floor: NOBODY,
            sending: false,
            buffer: vec![0; READ_BUFFER].into(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Whether there is nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Whether somebody is to be looked after in the next round.
    pub(crate) fn has_work(&self) -> bool {
        self.queued().next().is_some() || self.returning.has_work()
    }

    /// Whether somebody in the queue can be sent more.
    pub(crate) fn can_send(&self) -> bool {
        self.sending
    }

    /// Whether somebody in the queue would change the room.
    pub(crate) fn need_room(&self) -> bool {
        self.queued().any(|key| {
            self.connections
                .get(key)
                .is_some_and(Connection::needs_room)
        })
    }

    fn queued(&self) -> impl Iterator<Item = usize> {
        self.queues.iter().flatten().copied()
    }

    /// When [`Scheduler::expire`] wants to be called, if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes somebody in.
    ///
    /// # Errors
    ///
    /// When the socket cannot be watched.
    pub(crate) fn insert(
        &mut self,
        peer: Peer,
        registry: &Registry,
        hub: &Hub,
        now: Now,
    ) -> io::Result<()> {
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let Peer {
            mut socket,
            address,
            refusal,
        } = peer;
        registry.register(&mut socket, Token(key), INTEREST)?;
        // Long before a number comes again its connection is gone.
        self.generation = self.generation.wrapping_add(1);
        let client = ClientId {
            worker: self.worker as u16,
            key: key as u32,
            generation: self.generation,
        };
        let session = match refusal {
            None => Session::new(client, address, hub, now),
            Some(refusal) => Session::refused(client, address, refusal, hub, now),
        };
        entry.insert(Connection::new(socket, session, refusal.is_none()));
        self.enqueue(key);
        Ok(())
    }

    /// Takes note of what has happened to a socket; whether it is one of these.
    pub(crate) fn note(&mut self, event: &Event) -> bool {
        let Token(key) = event.token();
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let read_on = event.is_read_closed() || event.is_error() || event.is_priority();
        connection.read_on |= read_on;
        connection.readable |= event.is_readable() || connection.read_on;
        connection.writable |= event.is_writable();
        if event.is_error() {
            connection.notice_reset();
        }
        self.enqueue(key);
        true
    }

    /// Says goodbye to everyone.
    pub(crate) fn goodbye(&mut self, hub: &Hub, now: Now) {
        for key in 0..self.connections.capacity() {
            if let Some(connection) = self.connections.get_mut(key) {
                // Not all at once.
                let after = RETURN_AFTER + RETURN_APART * key as u32;
                let after = after.min(RETURN_AT_MOST);
                connection.session.goodbye(after, hub, now);
                self.enqueue(key);
            }
        }
    }

    fn enqueue(&mut self, key: usize) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.queued
        {
            connection.queued = true;
            let queue = usize::from(!connection.session.is_present());
            self.queues[queue].push(key);
        }
    }

    /// Hears everybody in turn, until there is as much to tell as one reader
    /// takes in one round, the answers to each included, or that were as many as
    /// can be heard in one. Those who were not heard are the first next time.
    /// However much is said, there is always a turn for those who come and go, and
    /// a connection that has only ended takes no turn of the others.
    pub(crate) fn hear(&mut self, hub: &mut Hub, shared: &Shared, now: Now) {
        for (index, bytes) in ROUND_BYTES.into_iter().enumerate() {
            let enough = hub.timeline.written() + bytes;
            let mut queue = mem::take(&mut self.queues[index]);
            let (mut passed, mut heard, mut answers) = (0, 0, 0);
            let looks = queue.len().min(LOOKS);
            while passed < looks && heard < TURNS && hub.timeline.written() + answers < enough {
                let key = queue[passed];
                let before = self.held(key);
                heard += usize::from(self.hear_one(key, hub, shared, now));
                let after = self.held(key);
                answers += after.answers.saturating_sub(before.answers) as u64;
                shared.waiting.change(before, after);
                passed += 1;
            }
            queue.rotate_left(passed);
            // Meanwhile others may have been put there.
            queue.append(&mut self.queues[index]);
            self.queues[index] = queue;
        }
        self.shed(hub, shared, now);
    }

    /// What is in memory for this one alone.
    fn held(&self, key: usize) -> Held {
        let connection = self.connections.get(key);
        connection.map_or_else(Held::default, |one| one.session.held())
    }

    /// Whether anything was read.
    fn hear_one(&mut self, key: usize, hub: &mut Hub, shared: &Shared, now: Now) -> bool {
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        connection.settle(hub, now);
        connection.session.go_on(hub, now);
        let mut bytes = 0;
        if connection.wants_read() {
            let buffer = &mut self.buffer[..shared.waiting.read_size()];
            bytes = connection.read(buffer, hub, now);
            self.bytes_in += bytes as u64;
        }
        if !connection.came_in && connection.session.is_present() {
            connection.came_in = true;
            shared.let_back(connection.session.address().ip());
        }
        if connection.silence().is_some() && !connection.session.is_unjoined() {
            self.joined(key, shared);
        }
        self.deliver(hub, shared, now);
        bytes > 0
    }

    /// Has connections know what came of their requests.
    pub(crate) fn deliver(&mut self, hub: &mut Hub, shared: &Shared, now: Now) {
        for (client, answer) in hub.take_outcomes() {
            match usize::from(client.worker) {
                worker if worker == self.worker => self.answer(client, answer, hub, now),
                worker => shared.give(worker, Task::Outcome(client, answer)),
            }
        }
    }

    /// Has a connection know what came of its request, unless it is gone.
    pub(crate) fn answer(&mut self, client: ClientId, answer: Answer, hub: &mut Hub, now: Now) {
        let key = client.key as usize;
        if let Some(connection) = self.connections.get_mut(key)
            && connection.session.client() == client
        {
            connection.session.outcome(answer, hub, now);
            self.enqueue(key);
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, hub: &mut Hub, shared: &Shared, now: Now) {
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
                if connection.comes_in_silent(now) {
                    self.take_in_silent(key, hub, shared, now);
                }
            }
            if let Some(connection) = self.connections.get_mut(key) {
                connection.expire(self.limits.stall, hub, now);
                self.expire_silent(key, hub, shared, now);
                self.enqueue(key);
            }
        }
        // Everybody has a timer when they come, and hardly anybody later.
        let capacity = self.timers.capacity();
        if capacity > 1024 && self.timers.len() < capacity / 4 {
            self.timers.shrink_to(2 * self.timers.len());
        }
    }

    /// Tells everybody something.
    pub(crate) fn tell(&mut self, text: &str, hub: &Hub, now: Now) {
        for key in 0..self.connections.capacity() {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.session.tell(text, hub, now);
                self.enqueue(key);
            }
        }
    }

    /// Sends what there is to see. Others may change the room in between, so
    /// that they do not have to wait until everybody has been served.
    pub(crate) fn write(&mut self, shared: &Shared, now: Now) {
        if self.has_news(shared) {
            // What comes after this is news again, also for those who get it.
            let served = mem::replace(&mut self.served, shared.shown());
            let keys = self.connections.capacity();
            for some in (0..keys).step_by(SOME) {
                let state = shared.read();
                if shared.has_outcomes(self.worker) {
                    self.served = served;
                    return;
                }
                for key in some..(some + SOME).min(keys) {
                    self.write_to(key, &state.hub, now);
                    if let Some(connection) = self.connections.get(key)
                        && (connection.needs_turn(self.limits.stall)
                            || connection.can_send(&state.hub)
                            || connection.session.is_closing())
                    {
                        self.enqueue(key);
                    }
                }
            }
            shared.set_served(self.worker, self.served);
        } else {
            self.write_to_queue(shared, now);
        }
    }

    /// Sends some of those who wait for an answer what waits for them, and those who
    /// go their last words. The others are the first next time.
    fn write_to_queue(&mut self, shared: &Shared, now: Now) {
        for index in 0..self.queues.len() {
            let mut queue = mem::take(&mut self.queues[index]);
            let (mut passed, mut written) = (0, 0);
            while passed < queue.len().min(LOOKS) && written < TURNS {
                let state = shared.read();
                if shared.has_outcomes(self.worker) {
                    break;
                }
                let some = passed..(passed + SOME).min(queue.len());
                passed = some.end;
                for &key in &queue[some] {
                    let connection = self.connections.get(key);
                    let stays = connection.filter(|one| !one.session.is_closing());
                    let sends = stays.is_some_and(|one| one.can_send(&state.hub));
                    written += usize::from(sends);
                    self.write_to(key, &state.hub, now);
                }
            }
            queue.rotate_left(passed);
            self.queues[index] = queue;
        }
    }

    fn write_to(&mut self, key: usize, hub: &Hub, now: Now) {
        if let Some(connection) = self.connections.get_mut(key) {
            self.bytes_out += connection.write(hub, now) as u64;
            if !connection.returning && connection.wants_past(hub) {
                connection.returning = true;
                self.returning.push(key);
            }
        }
    }

    /// Moves those who hold back the log, keeps those in the queue that are not
    /// done, and drops what is closed.
    pub(crate) fn close(&mut self, registry: &Registry, shared: &Shared, now: Now) {
        let state = shared.read();
        let hub = &state.hub;
        self.move_laggards(hub, shared);
        self.sending = false;
        let (mut closed, mut told) = (Vec::new(), Vec::new());
        let stall = self.limits.stall;
        for queue in &mut self.queues {
            queue.retain(|&key| {
                let Some(connection) = self.connections.get_mut(key) else {
                    return false;
                };
                connection.close(hub, now);
                let session = &mut connection.session;
                for change in session.take_changes() {
                    told.extend(change.line(session.address(), session.reason()));
                }
                if connection.is_closed() {
                    closed.push(key);
                    return false;
                }
                if let Some(deadline) = connection.needs_timer(stall) {
                    connection.set_timer(Some(deadline));
                    self.timers.push(Reverse((deadline, key)));
                }
                let sends = connection.can_send(hub);
                self.sending |= sends;
                connection.queued = sends || connection.needs_turn(stall);
                connection.queued
            });
        }
        drop(state);
        shared.set_unserved(self.worker, self.queues[1].len());
        for (topic, text) in told {
            shared.logger.tell(topic, now, &text);
        }
        for key in closed {
            self.joined(key, shared);
            let mut connection = self.connections.remove(key);
            // A socket that is dropped is off the poll as well.
            let _ = registry.deregister(connection.socket());
            let session = &connection.session;
            shared.waiting.change(session.held(), Held::default());
            let stalled = session.reason() == Reason::TookNothing;
            shared.counters.stalled.add(stalled.into());
            let (address, reason) = (session.address(), session.reason());
            let visit = match session.name() {
                Some(_) => Visit::Inside,
                None => Visit::Outside,
            };
            let from = connection.came_in.then_some((address.ip(), visit));
            shared.leave(self.worker, from, now);
            // That it was refused is told already.
            let is_told = matches!(reason, Reason::Refused(_) | Reason::ServerStopped);
            if connection.came_in && visit == Visit::Outside && !is_told {
                let text = format!("{address} did not come in: {reason}");
                shared.logger.tell(Topic::Strangers, now, &text);
            }
        }
        let counters = &shared.counters;
        counters.bytes_in.add(mem::take(&mut self.bytes_in));
        counters.bytes_out.add(mem::take(&mut self.bytes_out));
        // The last one must not hold back the log for ever: nobody wakes up a
        // worker that has no people.
        if self.connections.is_empty() {
            self.set_floor(NOBODY, shared);
        }
    }

    /// If the first ones have come: nothing that they read is to be dropped.
    pub(crate) fn hold(&mut self, hub: &Hub, shared: &Shared) {
        if self.floor == NOBODY && !self.connections.is_empty() {
            let start = [Form::Text, Form::Json].map(|form| hub.timeline.log(form).start());
            self.set_floor(start, shared);
        }
    }

    /// Nobody may hold back the log.
    fn move_laggards(&mut self, hub: &Hub, shared: &Shared) {
        let floor = [Form::Text, Form::Json].map(|form| hub.timeline.trim_point(form));
        if self.connections.is_empty() || floor == self.floor {
            return;
        }
        for (key, connection) in &mut self.connections {
            if connection.session.is_too_far_behind(hub) {
                connection.session.fall_behind(hub);
                shared.counters.laggards.add(1);
                // Nothing else may happen to it before the next event.
                if !connection.returning && connection.wants_past(hub) {
                    connection.returning = true;
                    self.returning.push(key);
                }
            }
        }
        self.set_floor(floor, shared);
    }

    fn set_floor(&mut self, floor: [u64; 2], shared: &Shared) {
        if floor != self.floor {
            self.floor = floor;
            shared.set_floor(self.worker, floor);
        }
    }

    /// Whether there is something to see since everybody was last served.
    /// Nobody here would see it if there is nobody.
    pub(crate) fn has_news(&self, shared: &Shared) -> bool {
        !self.connections.is_empty() && shared.shown() != self.served
    }
}

/// What the poll tells of a connection.
#[cfg(target_os = "linux")]
const INTEREST: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);
#[cfg(not(target_os = "linux"))]
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Where nobody reads, nothing is needed.
const NOBODY: [u64; 2] = [u64::MAX; 2];

/// What one connection may send in one round.
const READ_BUFFER: usize = 16 * 1024;

/// What may be said in one round, in both forms together, and answered, by those
/// who are in the room and by all others: about what one connection is sent in one,
/// so that nobody falls behind who takes it, and thousands of programs that come at
/// once do not have all their welcomes in memory.
const ROUND_BYTES: [u64; 2] = [192 * 1024, 64 * 1024];

/// Connections that are heard in one round, and that are sent an answer: so
/// many that thousands who come at once leave time to accept the others.
const TURNS: usize = 64;

/// Connections that are looked at in one round, of those who come and go: as many as
/// come in one, so that those who have gone do not pile up before those who come.
const LOOKS: usize = 2 * ACCEPTS;

/// Connections that are served before another worker may change the room.
const SOME: usize = 16;

/// When people are told to come back after a goodbye: a moment later, one after
/// the other.
const RETURN_AFTER: Duration = Duration::from_secs(1);
const RETURN_APART: Duration = Duration::from_millis(2);
const RETURN_AT_MOST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
