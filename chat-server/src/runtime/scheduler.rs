//! The connections of one worker, and whose turn it is.
//!
//! Every connection has at most one read of a buffer and one share of writing in
//! a round, so none waits for another. Connections are dropped at the end of
//! the round only, so an event of this round never reaches a newer connection
//! under the same key.

mod closing;
mod replaying;
mod returning;
mod sending;
mod shed;
mod silent;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, mem};

use slab::Slab;

use crate::clock::Now;
use crate::config::Config;
use crate::hub::{Answer, Hub};
use crate::net::connection::Connection;
use crate::net::transport::{Readiness, Transport};
use crate::room::origin::ClientId;
use crate::runtime::control::Shared;
use crate::runtime::mailbox::{Peer, Task};
use crate::runtime::observer::Observer;
use crate::runtime::waiting::READ_BUFFER;
use crate::session::{Caller, Held, Reason, Session, Stage};
use returning::Returning;

/// The connections of one worker, by key.
pub struct Scheduler<S, O = ()> {
    /// The worker whose they are.
    worker: usize,
    /// What goes for this round.
    config: Arc<Config>,
    connections: Slab<Connection<S>>,
    /// Tells connections that have had the same key from one another.
    generation: u32,
    /// Keys of those to be looked after in this round: of those that are in the room or
    /// at the control socket, and then of all others. However many come and go, the
    /// former do not wait for them.
    queues: [Vec<usize>; 2],
    /// Readers that get pieces of the past.
    returning: Returning,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How much the readers were last served, as [`Shared::shown`] counts.
    served: u64,
    /// Before which places in the logs no reader here is.
    floor: [u64; 2],
    /// The last erased event that readers here are known to be behind.
    erased_until: u64,
    /// A connection in the queue can be sent more.
    sending: bool,
    buffer: Box<[u8]>,
    /// What came and went since it was last counted, in bytes.
    bytes_in: u64,
    bytes_out: u64,
    /// Readers that were sent something since messages were last counted as delivered.
    reached: u64,
    /// Messages that were counted as delivered, as [`Timeline::messages`] counts.
    ///
    /// [`Timeline::messages`]: crate::timeline::Timeline::messages
    delivered: u64,
    pub(crate) observer: O,
}

impl<S: Transport, O: Observer<S>> Scheduler<S, O> {
    /// No connections yet.
    pub(crate) fn new(worker: usize, config: Arc<Config>, observer: O) -> Self {
        Self {
            worker,
            config,
            connections: Slab::new(),
            generation: 0,
            queues: Default::default(),
            returning: Returning::new(),
            timers: BinaryHeap::new(),
            served: 0,
            floor: NO_READER,
            erased_until: 0,
            sending: false,
            buffer: vec![0; READ_BUFFER].into(),
            bytes_in: 0,
            bytes_out: 0,
            reached: 0,
            delivered: 0,
            observer,
        }
    }

    /// All of them.
    pub fn connections(&self) -> impl Iterator<Item = &Connection<S>> {
        self.connections.iter().map(|(_, connection)| connection)
    }

    /// What it goes by.
    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Goes by another configuration from here on.
    pub(crate) fn set_config(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Whether a connection is to be looked after in the next round.
    pub(crate) fn has_work(&self) -> bool {
        self.queued().next().is_some() || self.returning.has_work()
    }

    /// Whether a connection in the queue can be sent more.
    pub(crate) fn can_send(&self) -> bool {
        self.sending
    }

    /// Whether a connection in the queue would change the room.
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

    /// Takes a connection in.
    ///
    /// # Errors
    ///
    /// When it cannot be watched.
    pub(crate) fn insert(
        &mut self,
        peer: Peer<S>,
        registry: &S::Registry,
        hub: &mut Hub,
        now: Now,
    ) -> io::Result<()> {
        if self.connections.is_empty() {
            // Nothing was delivered here of what was said before.
            self.delivered = hub.timeline.messages();
        }
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let Peer {
            mut transport,
            remote,
            refusal,
        } = peer;
        transport.register(registry, key)?;
        // Long before a number comes again its connection is gone.
        self.generation = self.generation.wrapping_add(1);
        let client = ClientId {
            worker: self.worker as u16,
            key: key as u32,
            generation: self.generation,
        };
        let caller = Caller {
            remote,
            carrier: transport.carrier(),
            key: transport.take_key(),
        };
        let session = match refusal {
            None => Session::new(client, caller, hub, now),
            Some(refusal) => Session::refused(client, caller, refusal, hub, now),
        };
        let mut connection = Connection::new(transport, session);
        connection.came_in = refusal.is_none();
        self.observer.came(entry.insert(connection), hub);
        self.enqueue(key);
        Ok(())
    }

    /// Takes note of what has happened to a connection; whether it is one of these.
    pub fn note(&mut self, key: usize, told: Readiness) -> bool {
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        connection.note(told);
        self.enqueue(key);
        true
    }

    /// Says goodbye to every peer, for this reason.
    pub(crate) fn goodbye(&mut self, why: Reason, hub: &mut Hub, now: Now) {
        for key in 0..self.connections.capacity() {
            // Not all at once.
            let after = RETURN_AFTER + RETURN_APART * key as u32;
            let after = after.min(RETURN_AT_MOST);
            self.turn(key, hub, |session, hub| {
                session.goodbye(why, after, hub, now)
            });
        }
    }

    /// Tells every peer something.
    pub(crate) fn tell(&mut self, text: &str, hub: &mut Hub, now: Now) {
        for key in 0..self.connections.capacity() {
            self.turn(key, hub, |session, hub| session.tell(text, hub, now));
        }
    }

    /// Something happens to a session besides what its peer does.
    fn turn(&mut self, key: usize, hub: &mut Hub, act: impl FnOnce(&mut Session, &mut Hub)) {
        if let Some(connection) = self.connections.get_mut(key) {
            self.observer.turn(connection, hub, |connection, hub| {
                act(&mut connection.session, hub);
            });
            self.enqueue(key);
        }
    }

    fn enqueue(&mut self, key: usize) {
        if let Some(connection) = self.connections.get_mut(key)
            && !connection.queued
        {
            connection.queued = true;
            let stage = connection.session.stage();
            let queue = usize::from(!matches!(stage, Stage::Present | Stage::Outside));
            self.queues[queue].push(key);
        }
    }

    /// Reads from queued connections until the round's bytes, answers included, or its
    /// turns are spent; the rest go first in the next round. Connections that come and
    /// go have bytes and turns of their own, however much is said in the room, and one
    /// that has only ended takes no turn of the others.
    pub(crate) fn hear(&mut self, hub: &mut Hub, shared: &Shared<S>, now: Now) {
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
        connection.map_or_else(Held::default, Connection::held)
    }

    /// Whether anything was read.
    fn hear_one(&mut self, key: usize, hub: &mut Hub, shared: &Shared<S>, now: Now) -> bool {
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let buffer = &mut self.buffer[..shared.waiting.read_size()];
        let bytes = self.observer.turn(connection, hub, |connection, hub| {
            connection.hear(buffer, hub, now)
        });
        self.bytes_in += bytes as u64;
        if !connection.came_in && connection.session.stage() == Stage::Present {
            connection.came_in = true;
            if let Some(ip) = connection.session.remote().ip() {
                shared.let_back(ip);
            }
        }
        if connection.silence().is_some() && !connection.session.is_unjoined() {
            self.joined(key, shared);
        }
        self.deliver(hub, shared, now);
        bytes > 0
    }

    /// Has connections know what came of their requests.
    pub(crate) fn deliver(&mut self, hub: &mut Hub, shared: &Shared<S>, now: Now) {
        if !hub.has_outcomes() {
            return;
        }
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
        let connection = self.connections.get(key);
        if connection.is_some_and(|one| one.session.client() == client) {
            self.turn(key, hub, |session, hub| session.outcome(answer, hub, now));
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, hub: &mut Hub, shared: &Shared<S>, now: Now) {
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
                let stall = self.config.limits.stall;
                self.observer.turn(connection, hub, |connection, hub| {
                    connection.expire(stall, hub, now);
                });
                self.expire_silent(key, hub, shared, now);
                self.enqueue(key);
            }
        }
        // Every connection has a timer when it comes, and few have one later.
        let capacity = self.timers.capacity();
        if capacity > 1024 && self.timers.len() < capacity / 4 {
            self.timers.shrink_to(2 * self.timers.len());
        }
    }

    /// Whether there is something to see since the readers were last served, and any
    /// reader to see it.
    pub(crate) fn has_news(&self, shared: &Shared<S>) -> bool {
        !self.connections.is_empty() && shared.shown() != self.served
    }
}

/// Where there are no readers the log is not needed.
const NO_READER: [u64; 2] = [u64::MAX; 2];

/// What may be said in one round, in both forms together, and answered, by the
/// connections in the room and by all others: about what one connection is sent in one,
/// so that no reader that takes it falls behind, and thousands of programs that come at
/// once do not have all their welcomes in memory.
const ROUND_BYTES: [u64; 2] = [192 * 1024, 64 * 1024];

/// Connections that are heard in one round, and that are sent an answer: so
/// many that thousands that come at once leave time to accept the others.
const TURNS: usize = 64;

/// Connections that are looked at in one round, of those that come and go: as many as
/// come in one, so that those that have gone do not pile up before those that come.
const LOOKS: usize = 2 * ACCEPTS;

/// Connections that are accepted at one listener in one round: a flood of them
/// delays the others by a few milliseconds, and does not fill the backlog,
/// after which the next ones would be tried again only a second later.
pub(crate) const ACCEPTS: usize = 512;

/// When people are told to come back after a goodbye: a moment later, one after
/// the other.
const RETURN_AFTER: Duration = Duration::from_secs(1);
const RETURN_APART: Duration = Duration::from_millis(2);
const RETURN_AT_MOST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
