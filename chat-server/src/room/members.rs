//! The members of the room, by connection and by program.
//!
//! A connection may be lost long before the server can notice. Its program then comes
//! back over another connection and takes its own place at once. No other program may
//! take that place: each program proves its identity with a
//! [`Secret`](chat_proto::event::Secret), and the room knows the connection of each
//! program.

use std::collections::BTreeMap;

use chat_proto::name::Name;

use super::identity::Owner;
use super::origin::{Origin, ServerId};

/// The members of the room.
#[derive(Debug, Default)]
pub struct Members {
    /// Those of each thread of each server, by the key of their connection. Keys are
    /// given out from 0 on, so these lists have few gaps.
    threads: BTreeMap<(ServerId, u16), Vec<Option<Place>>>,
    /// The connection of each program in the room.
    connections: BTreeMap<Owner, Origin>,
}

#[derive(Debug)]
struct Place {
    member: Member,
    /// That of the member's connection.
    generation: u32,
}

/// A person in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person's name.
    pub name: Name,
    /// The person's program; `None` for a person without one.
    pub owner: Option<Owner>,
}

impl Members {
    /// The member on this connection.
    pub fn get(&self, origin: Origin) -> Option<&Member> {
        let thread = self.threads.get(&thread_of(origin))?;
        let place = thread.get(origin.client.key as usize)?.as_ref()?;
        (place.generation == origin.client.generation).then_some(&place.member)
    }

    /// The connection of a program, if it is in the room.
    pub fn connection_of(&self, owner: Owner) -> Option<Origin> {
        self.connections.get(&owner).copied()
    }

    /// Puts a member on this connection, in place of an earlier one.
    pub fn insert(&mut self, origin: Origin, member: Member) {
        self.remove(origin);
        if let Some(owner) = member.owner {
            self.connections.insert(owner, origin);
        }
        let (key, generation) = (origin.client.key as usize, origin.client.generation);
        let thread = self.threads.entry(thread_of(origin)).or_default();
        if thread.len() <= key {
            thread.resize_with(key + 1, || None);
        }
        // A connection leaves before another one has its key.
        debug_assert!(thread[key].is_none());
        thread[key] = Some(Place { member, generation });
    }

    /// Changes the name of the member on this connection.
    pub fn rename(&mut self, origin: Origin, name: &Name) {
        if let Some(place) = self.place(origin) {
            place.member.name = name.clone();
        }
    }

    /// Removes the member on this connection.
    pub fn remove(&mut self, origin: Origin) -> Option<Member> {
        self.place(origin)?;
        let thread = self.threads.get_mut(&thread_of(origin))?;
        let Place { member, .. } = thread.get_mut(origin.client.key as usize)?.take()?;
        if let Some(owner) = member.owner {
            self.connections.remove(&owner);
        }
        Some(member)
    }

    fn place(&mut self, origin: Origin) -> Option<&mut Place> {
        let thread = self.threads.get_mut(&thread_of(origin))?;
        let place = thread.get_mut(origin.client.key as usize)?.as_mut()?;
        (place.generation == origin.client.generation).then_some(place)
    }
}

fn thread_of(origin: Origin) -> (ServerId, u16) {
    (origin.server, origin.client.worker)
}

#[cfg(test)]
impl Members {
    /// All members, in the order of their connections.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Origin, &Member)> {
        self.threads.iter().flat_map(|(&(server, worker), places)| {
            let places = (0..).zip(places);
            places.filter_map(move |(key, place)| {
                let Place { member, generation } = place.as_ref()?;
                let client = super::origin::ClientId {
                    worker,
                    key,
                    generation: *generation,
                };
                Some((Origin { server, client }, member))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::identity::tests::owner;
    use crate::room::origin::{ClientId, ServerId};

    fn origin(key: u32, generation: u32) -> Origin {
        let (server, worker) = (ServerId(0), 0);
        let client = ClientId {
            worker,
            key,
            generation,
        };
        Origin { server, client }
    }

    #[test]
    fn a_program_has_one_connection() {
        let mut members = Members::default();
        let names = ["ann", "bo"].map(|name| Name::parse(name).unwrap());
        let [ann, bo] = [1, 2].map(owner);
        let [old, other] = [origin(0, 1), origin(1, 2)];
        for (origin, name, owner) in [(old, &names[0], ann), (other, &names[1], bo)] {
            let (name, owner) = (name.clone(), Some(owner));
            members.insert(origin, Member { name, owner });
        }
        assert_eq!(members.connection_of(ann), Some(old));
        let member = members.remove(old).unwrap();
        assert_eq!((&member.name, member.owner), (&names[0], Some(ann)));
        assert_eq!(members.connection_of(ann), None);
        // A later connection may have the same key.
        let new = origin(0, 3);
        members.insert(new, member);
        assert_eq!(members.get(old), None);
        assert_eq!(members.connection_of(ann), Some(new));
        members.rename(new, &names[1]);
        assert_eq!(members.get(new).unwrap().name, names[1]);
        assert_eq!(members.remove(other).unwrap().owner, Some(bo));
        assert_eq!(members.connection_of(bo), None);
    }
}
