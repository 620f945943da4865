//! The file of people where several servers share a room.
//!
//! What the servers have agreed on counts, and the file of each of them is a copy. A server
//! that begins brings its file in only where the room has none yet. An edit while it runs is
//! brought in for all servers, and the last one counts.

use super::keeper::PeopleKeeper;
use crate::access::people::People;
use crate::ops::errors::in_words;
use crate::ops::logger::Record;
use crate::room::request::Request;
use crate::runtime::control::Shared;
use crate::runtime::system_clock::now;

/// How far the copy is.
#[derive(Debug, Default)]
pub(super) struct CopyState {
    /// The file was compared with the room's people for the first time.
    has_begun: bool,
    /// The room has had what the file says, or what the operator wrote there is kept aside.
    has_agreed: bool,
    /// The operator has edited the file, and the room is yet to be told.
    pub(super) is_edited: bool,
    /// The room is told what the file says.
    told: Option<Told>,
    /// The room is told that so many of its changes are in the file, and what was proposed has
    /// been lost so often before.
    taken: Option<(u64, u64)>,
}

/// When the room was told, which shows whether it knows.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// So often it had been told before ([`Hub::people_set`]).
    ///
    /// [`Hub::people_set`]: crate::hub::Hub::people_set
    set: u64,
    /// So often what was proposed had been lost ([`Hub::losses`]).
    ///
    /// [`Hub::losses`]: crate::hub::Hub::losses
    losses: u64,
}

/// What is to be done.
#[derive(Debug)]
enum Next {
    Nothing,
    /// The file says what is to count.
    Tell,
    /// This is to stand in the file.
    Copy(Box<People>),
}

impl PeopleKeeper {
    /// Keeps the file and what the servers have agreed on the same.
    pub(super) fn keep_copy(&mut self, shared: &Shared) {
        match self.next(shared) {
            Next::Nothing => {}
            Next::Tell => self.tell(shared),
            Next::Copy(people) => self.become_copy(*people, shared),
        }
        if self.file.is_unwritten() {
            self.write(&shared.logger);
        }
        let (made, is_behind, losses) = {
            let hub = &shared.read().hub;
            let holders = hub.room().holders();
            let made = holders.made();
            (made, holders.has_pending(made), hub.losses())
        };
        // Once: where the order stands still nothing is known of it for long.
        let is_told = self.copy.taken == Some((made, losses));
        if is_behind && !is_told && !self.file.is_unwritten() {
            self.copy.taken = Some((made, losses));
            let request = Request::ChangesTaken(made);
            shared.write().hub.request(request, now());
        }
    }

    fn next(&mut self, shared: &Shared) -> Next {
        let hub = &shared.read().hub;
        let (room, set) = (hub.room().holders(), hub.people_set());
        let losses = hub.losses();
        let waits = self.copy.told.filter(|told| told.set == set);
        let is_lost = waits.is_some_and(|told| told.losses != losses);
        if !hub.takes_part() || waits.is_some() && !is_lost {
            return Next::Nothing;
        }
        self.copy.told = None;
        self.copy.is_edited |= is_lost;
        let is_new = !self.copy.has_begun
            && (room.naming() != self.naming
                || room.people().is_empty() && !self.file.people().is_empty());
        if is_new || self.copy.is_edited {
            self.copy.told = Some(Told { set, losses });
            return Next::Tell;
        }
        match room.people() == self.file.people() {
            true => {
                self.copy.has_agreed = true;
                Next::Nothing
            }
            false => Next::Copy(Box::new(room.people().clone())),
        }
    }

    fn tell(&mut self, shared: &Shared) {
        self.copy.has_begun = true;
        self.copy.is_edited = false;
        // Another server may tell something else at the same time.
        self.copy.has_agreed = false;
        let bytes = self.file.people().to_bytes().len();
        if bytes > MOST {
            (self.copy.told, self.copy.has_agreed) = (None, true);
            // It becomes a copy again.
            let _ = self.file.keep_aside();
            let record =
                Record::new("the file of people is too large for servers that share a room");
            let record = record.with("path", self.file.path().display());
            let record = record.count("bytes", bytes).count("most", MOST);
            shared.logger.error(now().time, record);
            return;
        }
        self.made = shared.read().hub.room().holders().made();
        let first = self.first();
        shared.write().hub.request(first, now());
    }

    fn become_copy(&mut self, people: People, shared: &Shared) {
        let is_lost = !self.copy.has_agreed && !self.file.people().is_empty();
        (self.copy.has_begun, self.copy.has_agreed) = (true, true);
        if is_lost {
            let path = self.file.path().display();
            let record = Record::new("the file of people becomes that of the other servers");
            let record = record.with("path", path);
            let record = match self.file.keep_aside() {
                Ok(aside) => record.with("before", aside.display()),
                Err(error) => record.with("why-it-is-not-kept", in_words(&error)),
            };
            shared.logger.warn(now().time, record);
        }
        self.file.become_copy(people);
    }
}

/// The largest file that goes into one record, in bytes: thousands of people.
const MOST: usize = 256 * 1024;

#[cfg(test)]
mod tests;
