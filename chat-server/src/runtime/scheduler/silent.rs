//! Peers that are in the room and have not sent a line: for how long they may, and how
//! many.

use super::Scheduler;
use crate::clock::Now;
use crate::hub::Hub;
use crate::net::admission::Silent;
use crate::net::connection::Silence;
use crate::net::transport::Transport;
use crate::runtime::control::Shared;
use crate::runtime::mailbox::Task;
use crate::runtime::observer::Observer;
use crate::session::{ANNOUNCE_AFTER, Reason};

impl<S: Transport, O: Observer<S>> Scheduler<S, O> {
    /// A peer comes in that has said nothing, if there are not too many of those
    /// from the same address already.
    pub(super) fn take_in_silent(
        &mut self,
        key: usize,
        hub: &mut Hub,
        shared: &Shared<S>,
        now: Now,
    ) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let Some(address) = connection.session.remote().ip() else {
            return;
        };
        let since = now.instant;
        let silent = Silent {
            since,
            worker: self.worker,
            key,
        };
        let waits = shared.admission().wait(silent, address);
        match waits {
            Ok(first) => {
                let patience = self.config.limits.idle_join;
                // The time counts from connecting on.
                let left = patience.saturating_sub(ANNOUNCE_AFTER);
                let until = (!patience.is_zero()).then(|| since + left);
                connection.set_silence(Some(Silence { since, until }));
                if let Some(first) = first {
                    shared.give(first.worker, Task::MakeRoom(first));
                }
            }
            Err(refusal) => {
                let text = format!("{}: goodbye", refusal.reason(&self.config.limits));
                shared.refuse(refusal, address, now);
                let reason = Reason::Refused(refusal);
                self.turn(key, hub, |session, hub| {
                    session.dismiss(&text, reason, hub, now)
                });
            }
        }
    }

    /// A peer goes because too many say nothing, unless it has said something
    /// by now.
    pub(crate) fn make_room(&mut self, silent: &Silent, hub: &mut Hub, now: Now) {
        if let Some(connection) = self.connections.get_mut(silent.key)
            && connection.silence().map(|silence| silence.since) == Some(silent.since)
        {
            let most = self.config.limits.unjoined;
            let text = format!(
                "you have said nothing, and others have come who might \
                 (at most {most} may, --max-unjoined): goodbye"
            );
            connection.set_silence(None);
            self.turn(silent.key, hub, |session, hub| {
                session.dismiss(&text, Reason::Crowded, hub, now);
            });
        }
    }

    /// A peer that has been silent for too long goes.
    pub(super) fn expire_silent(
        &mut self,
        key: usize,
        hub: &mut Hub,
        shared: &Shared<S>,
        now: Now,
    ) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection
                .silent_until()
                .is_some_and(|at| at <= now.instant)
        {
            let seconds = self.config.limits.idle_join.as_secs_f64();
            let text = format!("you have said nothing for {seconds} s (--idle-join): goodbye");
            let reason = Reason::SaidNothing;
            self.turn(key, hub, |session, hub| {
                session.dismiss(&text, reason, hub, now)
            });
            self.joined(key, shared);
        }
    }

    /// A peer is no longer one of those that are here and say nothing.
    pub(super) fn joined(&mut self, key: usize, shared: &Shared<S>) {
        if let Some(connection) = self.connections.get_mut(key)
            && let Some(Silence { since, .. }) = connection.silence()
        {
            connection.set_silence(None);
            shared.admission().join(&Silent {
                since,
                worker: self.worker,
                key,
            });
        }
    }
}
