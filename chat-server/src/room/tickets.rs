//! Who the programs are that are in the room.
//!
//! A connection may be lost long before the server can notice. Its program comes
//! back over another one, and is to have its own place at once, but nobody else
//! is: so each program has a [`Secret`], which proves over all its connections,
//! names and runs of the server that it is the same [`Owner`].

use std::collections::BTreeMap;
use std::mem;

use chat_proto::event::{RunId, Secret};
use chat_proto::name::Name;
use slab::Slab;

use crate::room::identity::{Key, Owner};

/// The programs that are in the room.
#[derive(Debug)]
pub struct ResumeTickets {
    key: Key,
    run: RunId,
    /// How many owners were drawn in this run.
    drawn: u64,
    holders: Slab<Holder>,
    /// Where they are.
    places: BTreeMap<Owner, u32>,
    /// Those whose place another connection has taken.
    replaced: Vec<TicketId>,
    /// How many tickets were given.
    count: u32,
}

#[derive(Debug)]
struct Holder {
    name: Name,
    owner: Owner,
    ticket: TicketId,
}

/// What the server knows the connection of a program by, as long as that is in the
/// room. No two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketId {
    index: u32,
    count: u32,
}

impl ResumeTickets {
    /// No program is in the room yet.
    pub fn new(key: Key, run: RunId) -> Self {
        Self {
            key,
            run,
            drawn: 0,
            holders: Slab::new(),
            places: BTreeMap::new(),
            replaced: Vec::new(),
            count: 0,
        }
    }

    /// Whose secret this is, if it is one.
    pub fn owner_of(&self, secret: &Secret) -> Option<Owner> {
        self.key.owner_of(secret)
    }

    /// What this owner is to prove with that it is the one.
    pub fn secret_of(&self, owner: Owner) -> Secret {
        self.key.secret_of(owner)
    }

    /// An owner that there has not been before.
    pub fn draw(&mut self) -> Owner {
        self.drawn += 1;
        self.key.owner(self.run, self.drawn)
    }

    /// A ticket for the connection of an owner that is not here, and has this name.
    pub fn give(&mut self, owner: Owner, name: &Name) -> TicketId {
        // Long before a number comes again its ticket is over.
        self.count = self.count.wrapping_add(1);
        let entry = self.holders.vacant_entry();
        let ticket = TicketId {
            index: entry.key() as u32,
            count: self.count,
        };
        let name = name.clone();
        entry.insert(Holder {
            name,
            owner,
            ticket,
        });
        self.places.insert(owner, ticket.index);
        ticket
    }

    /// Whether a connection of this owner is here.
    pub fn is_here(&self, owner: Owner) -> bool {
        self.places.contains_key(&owner)
    }

    /// Whose ticket this is.
    pub fn holder_of(&self, ticket: TicketId) -> Option<Owner> {
        let holder = self.holders.get(ticket.index as usize)?;
        (holder.ticket == ticket).then_some(holder.owner)
    }

    /// An owner that is here has another name now.
    pub fn rename(&mut self, owner: Owner, name: &Name) {
        let index = self.places.get(&owner);
        if let Some(holder) = index.and_then(|index| self.holders.get_mut(*index as usize)) {
            holder.name = name.clone();
        }
    }

    /// An owner has left.
    pub fn forget(&mut self, owner: Owner) {
        if let Some(index) = self.places.remove(&owner) {
            self.holders.try_remove(index as usize);
        }
    }

    /// If a connection of this owner is here: its name, for another one that takes
    /// its place. The first one is to be dropped before it is heard again: see
    /// [`ResumeTickets::take_replaced`].
    pub fn take_over(&mut self, owner: Owner) -> Option<Name> {
        let index = self.places.remove(&owner)?;
        let holder = self.holders.try_remove(index as usize)?;
        self.replaced.push(holder.ticket);
        Some(holder.name)
    }

    /// Those whose place another connection has taken since this was last asked.
    pub fn take_replaced(&mut self) -> Vec<TicketId> {
        mem::take(&mut self.replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_over_by_its_owner_only() {
        let mut secrets = ResumeTickets::new(Key::of([1; Key::BYTES]), RunId::new(1, 0));
        let names = ["ann", "bo"].map(|name| Name::parse(name).unwrap());
        let [ann, bo] = [(); 2].map(|()| secrets.draw());
        let old = secrets.give(ann, &names[0]);
        let other = secrets.give(bo, &names[1]);
        assert_eq!(secrets.holder_of(old), Some(ann));
        assert_eq!(secrets.take_over(ann), Some(names[0].clone()));
        assert_eq!(secrets.holder_of(old), None);
        assert_eq!(secrets.take_over(ann), None, "it is not here now");
        // Another one has the same place in the list.
        let new = secrets.give(ann, &names[0]);
        assert_eq!((new.index, new == old), (old.index, false));
        assert_eq!(secrets.take_over(ann), Some(names[0].clone()));
        assert_eq!(secrets.take_replaced(), [old, new]);
        assert_eq!(secrets.holder_of(other), Some(bo));
        secrets.forget(bo);
        assert!(!secrets.is_here(bo));
        assert_eq!(secrets.take_over(bo), None);
        assert_eq!(secrets.take_replaced(), []);
    }
}
