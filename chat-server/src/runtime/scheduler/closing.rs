//! The end of a round: connections that have nothing more to do wait for the poll, and
//! those that have ended are dropped.

use std::cmp::Reverse;
use std::mem;

use super::{NO_READER, Scheduler};
use crate::clock::Now;
use crate::net::admission::Visit;
use crate::net::connection::{Next, Work};
use crate::net::transport::Transport;
use crate::ops::logger::{Record, Topic};
use crate::runtime::control::Shared;
use crate::runtime::counted::Counted;
use crate::runtime::observer::Observer;
use crate::session::{Held, Reason};

impl<S: Transport, O: Observer<S>> Scheduler<S, O> {
    /// Moves readers that hold back the log, keeps connections in the queue that are not
    /// done, and drops those that have ended.
    pub(crate) fn close(&mut self, registry: &S::Registry, shared: &Shared<S>, now: Now) {
        for key in self.conclude(shared, now) {
            self.drop(key, registry, shared, now);
        }
        let counters = shared.counters.worker(self.worker);
        counters.bytes_in.add(mem::take(&mut self.bytes_in));
        counters.bytes_out.add(mem::take(&mut self.bytes_out));
        // The last one must not hold back the log for ever: a worker that has no
        // people is not woken.
        if self.connections.is_empty() {
            self.set_floor(NO_READER, shared);
        }
    }

    /// Tells which ones have ended.
    fn conclude(&mut self, shared: &Shared<S>, now: Now) -> Vec<usize> {
        let state = shared.read();
        let hub = &state.hub;
        self.move_laggards(hub, shared);
        self.sending = false;
        let (mut ended, mut told) = (Vec::new(), Vec::new());
        let stall = self.config.limits.stall;
        for queue in &mut self.queues {
            queue.retain(|&key| {
                let Some(connection) = self.connections.get_mut(key) else {
                    return false;
                };
                let next = connection.conclude(stall, hub, now);
                let session = &mut connection.session;
                for change in session.take_changes() {
                    told.extend(change.record(session.remote(), session.reason()));
                }
                let Next::Stay { work, timer } = next else {
                    ended.push(key);
                    return false;
                };
                self.timers.extend(timer.map(|at| Reverse((at, key))));
                self.sending |= work == Work::Send;
                connection.queued = work != Work::None;
                connection.queued
            });
        }
        drop(state);
        shared.set_unserved(self.worker, self.queues[1].len());
        for (topic, record) in told {
            match topic {
                Some(topic) => shared.logger.tell(topic, now, record),
                None => shared.logger.info(now.time, record),
            }
        }
        ended
    }

    fn drop(&mut self, key: usize, registry: &S::Registry, shared: &Shared<S>, now: Now) {
        self.joined(key, shared);
        let mut connection = self.connections.remove(key);
        connection.deregister(registry);
        let session = &connection.session;
        shared.waiting.change(connection.held(), Held::default());
        let stalled = session.reason() == Reason::TookNothing;
        shared.counters.stalled.add(stalled.into());
        let (remote, reason) = (session.remote(), session.reason());
        let visit = match session.name() {
            Some(_) => Visit::Inside,
            None => Visit::Outside,
        };
        let counted = match remote.ip() {
            None => Counted::Operator,
            Some(ip) if connection.came_in => Counted::Admitted(ip, visit),
            Some(_) => Counted::Refused,
        };
        shared.leave(self.worker, counted, now);
        // That it was refused is told already. An operator need not come in.
        let is_told = matches!(reason, Reason::Refused(_) | Reason::ServerStopped);
        if matches!(counted, Counted::Admitted(_, Visit::Outside)) && !is_told {
            let record = Record::new("did not come in");
            let record = record.with("address", remote).with("reason", reason);
            shared.logger.tell(Topic::Strangers, now, record);
        }
        let closed = Record::new("closed").with("address", remote);
        let closed = closed.with("reason", reason);
        shared.logger.tell(Topic::Connections, now, closed);
        self.observer.dropped(connection);
    }
}
