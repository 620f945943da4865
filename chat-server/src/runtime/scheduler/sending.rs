//! What readers are sent in a round, and how far the log may be dropped.

use std::mem;

use super::{LOOKS, NO_READER, Scheduler, TURNS};
use crate::clock::Now;
use crate::hub::Hub;
use crate::net::transport::Transport;
use crate::runtime::control::Shared;
use crate::runtime::observer::Observer;
use crate::session::Stage;
use crate::timeline::mark::Form;

impl<S: Transport, O: Observer<S>> Scheduler<S, O> {
    /// Sends what there is to see. Other workers may change the room in between, so
    /// that they do not have to wait until all readers here have been served.
    pub(crate) fn write(&mut self, shared: &Shared<S>, now: Now) {
        if self.has_news(shared) {
            let began = shared.counters.begin();
            // What comes after this is news again, also for those who get it.
            let served = mem::replace(&mut self.served, shared.shown());
            let keys = self.connections.capacity();
            let mut messages = self.delivered;
            for some in (0..keys).step_by(SOME) {
                let state = shared.read();
                if shared.has_outcomes(self.worker) {
                    self.served = served;
                    return;
                }
                self.pass_erased(&state.hub, shared);
                messages = state.hub.timeline.messages();
                let (mut sent, mut reached) = (0, 0);
                for key in some..(some + SOME).min(keys) {
                    let bytes = self.write_to(key, &state.hub, now);
                    sent += bytes as u64;
                    reached += u64::from(bytes > 0);
                    if let Some(connection) = self.connections.get(key)
                        && connection.is_due(self.config.limits.stall, &state.hub)
                    {
                        self.enqueue(key);
                    }
                }
                self.bytes_out += sent;
                self.reached += reached;
            }
            shared.set_served(self.worker, self.served);
            self.count_deliveries(messages, shared);
            let counters = shared.counters.worker(self.worker);
            counters.fan_outs.add_since(began);
        } else {
            self.write_to_queue(shared, now);
        }
    }

    /// All readers have been sent what there was, up to so many messages. They are not
    /// counted one by one, which would cost each delivery something: a reader that was sent
    /// anything counts with all messages since the last time.
    fn count_deliveries(&mut self, messages: u64, shared: &Shared<S>) {
        let new = messages - mem::replace(&mut self.delivered, messages);
        let reached = mem::take(&mut self.reached);
        let counters = shared.counters.worker(self.worker);
        counters.deliveries.add(new * reached);
    }

    /// Sends answers to some of the connections in the queue, and their last words to
    /// those that end. The others are the first next time.
    fn write_to_queue(&mut self, shared: &Shared<S>, now: Now) {
        for index in 0..self.queues.len() {
            let mut queue = mem::take(&mut self.queues[index]);
            let (mut passed, mut written) = (0, 0);
            while passed < queue.len().min(LOOKS) && written < TURNS {
                let state = shared.read();
                if shared.has_outcomes(self.worker) {
                    break;
                }
                self.pass_erased(&state.hub, shared);
                let some = passed..(passed + SOME).min(queue.len());
                passed = some.end;
                for &key in &queue[some] {
                    let connection = self.connections.get(key);
                    let stays = connection.filter(|one| one.session.stage() != Stage::Closing);
                    let sends = stays.is_some_and(|one| one.can_send(&state.hub));
                    written += usize::from(sends);
                    self.bytes_out += self.write_to(key, &state.hub, now) as u64;
                }
            }
            queue.rotate_left(passed);
            self.queues[index] = queue;
        }
    }

    /// Tells how many bytes were sent.
    fn write_to(&mut self, key: usize, hub: &Hub, now: Now) -> usize {
        let Some(connection) = self.connections.get_mut(key) else {
            return 0;
        };
        let bytes = connection.write(hub, now);
        self.returning.admit(key, connection, hub);
        bytes
    }

    /// If the first connections have come: nothing that they read is to be dropped.
    pub(crate) fn hold(&mut self, hub: &Hub, shared: &Shared<S>) {
        if self.floor == NO_READER && !self.connections.is_empty() {
            let start = [Form::Text, Form::Json].map(|form| hub.timeline.log(form).start());
            self.set_floor(start, shared);
        }
    }

    /// Readers that stand before a text that was erased are moved before they are sent
    /// anything.
    fn pass_erased(&mut self, hub: &Hub, shared: &Shared<S>) {
        let until = hub.timeline.erased_until().seq;
        if mem::replace(&mut self.erased_until, until) != until {
            self.move_laggards(hub, shared);
        }
    }

    /// No reader may hold back the log.
    pub(super) fn move_laggards(&mut self, hub: &Hub, shared: &Shared<S>) {
        let floor = [Form::Text, Form::Json].map(|form| hub.timeline.live_from(form));
        if self.connections.is_empty() || floor == self.floor {
            return;
        }
        for (key, connection) in &mut self.connections {
            if connection.session.is_too_far_behind(hub) {
                connection.session.fall_behind(hub);
                shared.counters.laggards.add(1);
                // Nothing else may happen to it before the next event.
                self.returning.admit(key, connection, hub);
            }
        }
        self.set_floor(floor, shared);
    }

    pub(super) fn set_floor(&mut self, floor: [u64; 2], shared: &Shared<S>) {
        if floor != self.floor {
            self.floor = floor;
            shared.set_floor(self.worker, floor);
        }
    }
}

/// Connections that are served before another worker may change the room.
const SOME: usize = 16;
