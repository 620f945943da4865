//! Those who are in the room and have not sent a line: how long they may, and how
//! many.

use std::time::Instant;

use super::Clients;
use crate::clock::Now;
use crate::connection::Connection;
use crate::room::Room;
use crate::session::{ANNOUNCE_AFTER, Reason};
use crate::shared::{Shared, Task};

impl Clients {
    /// Somebody comes in who has said nothing, if there are not too many of
    /// those already.
    pub(super) fn take_in_silent(
        &mut self,
        key: usize,
        room: &mut Room,
        shared: &Shared,
        now: Now,
    ) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let address = connection.session.address().ip();
        let waits = shared.admission().wait(address);
        match waits {
            Ok(()) => {
                connection.set_silent(Some(now.instant));
                self.silent.insert((now.instant, key));
                shared.count_silent(self.worker);
                if shared.admission().is_crowded() {
                    shared.give(shared.most_silent(), Task::Crowd);
                }
            }
            Err(refusal) => {
                let text = format!("{refusal}: goodbye");
                shared.refuse(refusal, address, now);
                let reason = Reason::Refused(refusal);
                connection.session.dismiss(&text, reason, room, now);
            }
        }
    }

    /// Of those who say nothing as many go as are too many, those who have been
    /// silent for longest first.
    pub(crate) fn make_room(&mut self, room: &mut Room, shared: &Shared, now: Now) {
        while shared.admission().is_crowded() {
            if self.silent.is_empty() {
                // Others were quicker, or have them.
                let worker = shared.most_silent();
                if worker != self.worker {
                    shared.give(worker, Task::Crowd);
                }
                break;
            }
            let text = "you have said nothing, and others have come who might: goodbye";
            self.drop_silent(Reason::Crowded, text, room, shared, now);
        }
    }

    /// Those who have been silent for too long go.
    pub(super) fn expire_silent(&mut self, room: &mut Room, shared: &Shared, now: Now) {
        while self.silent_until().is_some_and(|at| at <= now.instant) {
            // Whoever has perhaps said something by now is heard first: the server
            // may have been stopped for a while.
            let first = self
                .silent
                .first()
                .and_then(|(_, key)| self.connections.get(*key));
            if first.is_some_and(Connection::wants_read) {
                break;
            }
            let seconds = self.limits.idle_join.as_secs_f64();
            let text = format!("you have said nothing for {seconds} s: goodbye");
            self.drop_silent(Reason::SaidNothing, &text, room, shared, now);
        }
    }

    /// Whoever has been silent for longest goes, for this reason.
    fn drop_silent(
        &mut self,
        reason: Reason,
        text: &str,
        room: &mut Room,
        shared: &Shared,
        now: Now,
    ) {
        // Whoever calls this goes round until they are few enough.
        if let Some((_, key)) = self.silent.pop_first() {
            self.joined(key, shared);
            if let Some(connection) = self.connections.get_mut(key) {
                connection.session.dismiss(text, reason, room, now);
            }
            self.enqueue(key);
        }
    }

    /// Somebody is no longer one of those who are here and say nothing.
    pub(super) fn joined(&mut self, key: usize, shared: &Shared) {
        if let Some(connection) = self.connections.get_mut(key)
            && let Some(since) = connection.silent_since()
        {
            connection.set_silent(None);
            self.silent.remove(&(since, key));
            shared.count_joined(self.worker);
            shared.admission().join(connection.session.address().ip());
        }
    }

    /// When whoever has been silent for longest has been so for too long.
    pub(super) fn silent_until(&self) -> Option<Instant> {
        let (since, _) = self.silent.first()?;
        let patience = self.limits.idle_join;
        // The time counts from connecting on.
        (!patience.is_zero()).then(|| *since + patience.saturating_sub(ANNOUNCE_AFTER))
    }
}
