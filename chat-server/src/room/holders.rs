//! Whose names are whose: which name belongs to which key, and who in the room has shown
//! the key of their name.
//!
//! The file of people is a copy of what is decided here. A claim counts in the room at once,
//! so that of two people who claim a name the first one in the order has it; the same
//! [`Change`] is made in the file later. When the file is read again because the operator
//! has edited it, the changes that it does not have yet are made once more.

mod saved;

use super::origin::Authority;
use std::collections::{BTreeMap, VecDeque};

use chat_proto::event::{Fingerprint, KeyId, Timestamp};
use chat_proto::name::Name;
use chat_proto::text::Text;

use crate::access::keys::PersonKey;
use crate::access::naming::Naming;
use crate::access::people::{Change, Claimed, Day, Holding, People};

pub(super) use saved::SavedHolders;

/// The names that belong to keys.
#[derive(Debug, Default)]
pub struct Holders {
    naming: Naming,
    people: People,
    /// The names in the room whose bearers have shown the key that holds them.
    here: BTreeMap<Name, Present>,
    /// What was changed here and the keeper of the file has not taken, the oldest first.
    pending: VecDeque<Change>,
    /// How many changes the keeper has taken.
    taken: u64,
}

/// A holder in the room.
#[derive(Debug, Clone, Copy)]
struct Present {
    key: KeyId,
    /// The day on which the use of the name was noted last, counted from 1970.
    noted: i64,
}

/// What came of a request to free a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// These names belong to no key any more.
    Freed(Vec<Name>),
    /// No key holds the name, or one that looks like it.
    NotHeld,
    /// The person neither holds it nor is an operator.
    NotAllowed,
    /// The order of several servers stands still, and nothing was done.
    Standing(Text),
}

impl Holders {
    /// Whether a person with this key may come in.
    pub fn lets_in(&self, key: Option<&PersonKey>) -> bool {
        let is_listed = |key: &PersonKey| self.people.names_of(&key.fingerprint()).next().is_some();
        self.naming != Naming::Known || key.is_some_and(is_listed)
    }

    /// Who holds a name, seen by a person with this key.
    pub fn holding(&self, name: &Name, key: Option<&PersonKey>) -> Holding<'_> {
        if self.naming == Naming::Free || self.people.is_empty() || name.is_address() {
            return Holding::Free;
        }
        let key = key.map(PersonKey::fingerprint);
        self.people.holding(name, key.as_ref())
    }

    /// The first name that the key holds.
    pub fn name_of(&self, key: &PersonKey) -> Option<&Name> {
        let names = || self.people.names_of(&key.fingerprint()).next();
        (self.naming != Naming::Free).then(names)?
    }

    /// The key by which a person in the room holds this name.
    pub fn key_of(&self, name: &Name) -> Option<KeyId> {
        self.here.get(name).map(|present| present.key)
    }

    /// Whether the owner of a key is an operator by the file of people.
    pub fn is_operator(&self, key: &PersonKey) -> bool {
        self.people.rights_of(&key.fingerprint()).op
    }

    /// The same by the fingerprint of the key.
    pub(super) fn is_operator_print(&self, key: &Fingerprint) -> bool {
        let key = ssh_key::Fingerprint::Sha256(key.digest());
        self.people.rights_of(&key).op
    }

    /// The first key that is listed for a name.
    pub(super) fn listed_key_of(&self, name: &Name) -> Option<Fingerprint> {
        if self.naming == Naming::Free {
            return None;
        }
        let digest = self.people.key_of(name)?.sha256()?;
        Some(Fingerprint::of_digest(digest))
    }

    /// A person with this key is in the room under this name from now on.
    pub(super) fn enter(&mut self, name: &Name, key: Option<&PersonKey>) {
        if let Some(key) = key
            && self.naming != Naming::Free
            && self.people.is_held_by(name, &key.fingerprint())
        {
            let present = Present {
                key: key.id(),
                noted: i64::MIN,
            };
            self.here.insert(name.clone(), present);
        }
    }

    /// The person with this name has gone, or has another name.
    pub(super) fn leave(&mut self, name: &Name) {
        self.here.remove(name);
    }

    /// The holder of the name says something at this time.
    pub(super) fn note_use(&mut self, name: &Name, key: &PersonKey, time: Timestamp) {
        let today = time.unix_milliseconds().div_euclid(DAY);
        let Some(present) = self.here.get_mut(name).filter(|it| it.noted < today) else {
            return;
        };
        present.noted = today;
        let (key, day) = (key.fingerprint(), Day::of(time));
        if self.people.note_use(name, &key, day) {
            let name = name.clone();
            self.pending.push_back(Change::Use { name, key, day });
        }
    }

    /// Gives a free name to the key of the person in the room who has it. Whether that was
    /// possible.
    pub(super) fn claim(&mut self, name: &Name, key: &PersonKey, time: Timestamp) -> bool {
        if self.naming != Naming::Claim || self.pending.len() >= MAX_PENDING {
            return false;
        }
        let day = Day::of(time);
        let Claimed::Now { freed } = self.people.claim(name, &key.public(), day) else {
            return false;
        };
        freed.iter().for_each(|freed| self.leave(freed));
        let present = Present {
            key: key.id(),
            noted: time.unix_milliseconds().div_euclid(DAY),
        };
        self.here.insert(name.clone(), present);
        let (name, key) = (name.clone(), key.clone());
        self.pending.push_back(Change::Claim { name, key, day });
        true
    }

    /// A person with this key and this right asks to free a name.
    pub(super) fn forget(
        &mut self,
        name: &Name,
        key: Option<&PersonKey>,
        authority: Authority,
    ) -> Forgotten {
        let is_own = match self.holding(name, key) {
            Holding::Free => return Forgotten::NotHeld,
            Holding::Own(_) => true,
            Holding::Others(_) => false,
        };
        let is_operator =
            authority == Authority::Control || key.is_some_and(|key| self.is_operator(key));
        if !is_own && !is_operator {
            return Forgotten::NotAllowed;
        }
        let freed = self.people.forget(name);
        freed.iter().for_each(|freed| self.leave(freed));
        self.pending.push_back(Change::Forget(name.clone()));
        Forgotten::Freed(freed)
    }

    /// Goes by another file from now on, which has the first `taken` changes. The people in
    /// the room are to be entered again.
    pub(super) fn replace(&mut self, naming: Naming, people: People, taken: u64) {
        self.take(taken);
        self.naming = naming;
        self.people = people;
        self.pending
            .iter()
            .for_each(|change| self.people.make(change));
        self.here.clear();
    }

    /// The keeper has the first `taken` changes, and writes them.
    pub(super) fn take(&mut self, taken: u64) {
        let new = taken
            .saturating_sub(self.taken)
            .min(self.pending.len() as u64);
        self.pending.drain(..new as usize);
        self.taken += new;
    }

    /// The changes behind the first `given` ones.
    pub fn changes_behind(&self, given: u64) -> impl Iterator<Item = &Change> {
        let skipped = given.saturating_sub(self.taken);
        self.pending
            .iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }

    /// What keys mean for names.
    pub fn naming(&self) -> Naming {
        self.naming
    }

    /// Whose names are whose, with all changes.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// How many changes were made.
    pub fn made(&self) -> u64 {
        self.taken + self.pending.len() as u64
    }

    /// Whether some of the first `made` changes are not known to be taken.
    pub fn has_pending(&self, made: u64) -> bool {
        self.taken < made
    }
}

/// In milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// While the keeper has not taken so many changes, as when its disk does not answer, no more
/// names are claimed.
const MAX_PENDING: usize = 4096;

#[cfg(test)]
mod tests;
