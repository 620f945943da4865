//! The members of the room, by connection and by program.
//!
//! A connection may be lost long before the server can notice. Its program then comes
//! back over another connection and takes its own place at once. No other program may
//! take that place: each program proves its identity with a
//! [`Secret`](chat_proto::event::Secret), and the room knows the connection of each
//! program.

mod saved;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use chat_proto::event::Timestamp;
use chat_proto::moderation::Remark;
use chat_proto::name::Name;

use super::identity::Owner;
use super::origin::{ClientId, Origin, ServerId};
use crate::access::keys::PersonKey;

pub(super) use saved::SavedMembers;

/// The members of the room.
#[derive(Debug, Default)]
pub struct Members {
    /// Those of each thread of each server.
    threads: BTreeMap<(ServerId, u16), Thread>,
    /// The connection of each program in the room.
    connections: BTreeMap<Owner, Origin>,
    /// What programs call themselves, each once.
    programs: Vec<Remark>,
}

/// The members of one thread, by the key of their connection. Keys are given out from 0
/// on, so these lists have few gaps. Each detail has a list of its own, because a row of
/// all of them would be half as large again.
#[derive(Debug, Default)]
struct Thread {
    names: Vec<Option<Name>>,
    /// Those of the members' connections.
    generations: Vec<u32>,
    /// Ends with the last program.
    owners: Vec<Option<Owner>>,
    visits: Vec<Visit>,
    /// Those who have shown a key.
    keys: BTreeMap<u32, Keyed>,
}

/// A person in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person's name.
    pub name: Name,
    /// The person's program; `None` for a person without one.
    pub owner: Option<Owner>,
    /// The person's key; `None` for a person who has shown none.
    pub keyed: Option<Keyed>,
    /// Where the person comes from, and since when.
    pub visit: Visit,
}

/// A person without a program who comes in.
pub(super) struct Newcomer {
    pub(super) origin: Origin,
    /// The key that the person has shown.
    pub(super) key: Option<PersonKey>,
    /// Where the person comes from; `None` for the control socket.
    pub(super) from: Option<IpAddr>,
}

/// What is known of a person's stay in the room. There is one for each connection, so it is
/// small: times are seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visit {
    /// Where the person comes from; `None` for the control socket.
    pub address: Option<IpAddr>,
    /// Which of [`Members::program`] the person chats with.
    program: Option<NonZeroU16>,
    came: u32,
    spoke: u32,
}

impl Visit {
    /// A person comes from there at this time.
    pub fn new(address: Option<IpAddr>, time: Timestamp) -> Self {
        let came = seconds(time);
        Self {
            address,
            program: None,
            came,
            spoke: came,
        }
    }

    /// The same visit over another connection, from there.
    pub fn from(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// When the person came.
    pub fn came(&self) -> Timestamp {
        Timestamp::from_unix_milliseconds(u64::from(self.came) * 1000)
    }

    /// How long the person has said nothing at this time.
    pub fn idle(&self, time: Timestamp) -> Duration {
        Duration::from_secs(seconds(time).saturating_sub(self.spoke).into())
    }
}

fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.unix_milliseconds() / 1000).unwrap_or(0)
}

/// The key of a person in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// The key.
    pub key: PersonKey,
    /// The person has asked for the name, so to say something claims it if it is free.
    pub may_claim: bool,
}

impl Members {
    /// The member on this connection.
    pub fn get(&self, origin: Origin) -> Option<Member> {
        let thread = self.threads.get(&thread_of(origin))?;
        let name = thread.name(origin.client)?.clone();
        let owner = thread.owner(origin.client);
        let keyed = thread.keys.get(&origin.client.key).cloned();
        let visit = thread.visits[origin.client.key as usize];
        Some(Member {
            name,
            owner,
            keyed,
            visit,
        })
    }

    /// The key of the member on this connection. To look it up copies nothing: what a peer
    /// may do is asked for each line.
    pub fn key_of(&self, origin: Origin) -> Option<&PersonKey> {
        let thread = self.threads.get(&thread_of(origin))?;
        let keyed = thread.keys.get(&origin.client.key)?;
        thread.name(origin.client).map(|_| &keyed.key)
    }

    /// What a person's program calls itself.
    pub fn program(&self, visit: &Visit) -> Option<&Remark> {
        self.programs.get(usize::from(visit.program?.get()) - 1)
    }

    /// A visit with a program that calls itself so.
    pub fn visit_with(&mut self, visit: Visit, program: Option<Remark>) -> Visit {
        let Some(program) = program else {
            return visit;
        };
        let known = self.programs.iter().position(|known| *known == program);
        let index = known.or_else(|| {
            let is_room = self.programs.len() < MAX_PROGRAMS;
            is_room.then(|| {
                self.programs.push(program);
                self.programs.len() - 1
            })
        });
        let number = index.and_then(|index| NonZeroU16::new(index as u16 + 1));
        Visit {
            program: number,
            ..visit
        }
    }

    /// The member on this connection says something at this time.
    pub fn note_speech(&mut self, origin: Origin, time: Timestamp) {
        let thread = self.threads.get_mut(&thread_of(origin));
        let visit = thread.and_then(|it| it.visits.get_mut(origin.client.key as usize));
        if let Some(visit) = visit {
            visit.spoke = seconds(time);
        }
    }

    /// All members, in the order of their connections.
    pub fn iter(&self) -> impl Iterator<Item = (Origin, Member)> {
        let origins = self.threads.iter().flat_map(Thread::origins);
        origins.filter_map(|origin| Some((origin, self.get(origin)?)))
    }

    /// The connection of the member with this name. All names are looked at, since few
    /// people ask, and none is copied.
    pub fn find(&self, name: &Name) -> Option<Origin> {
        let mut threads = self.threads.iter();
        threads.find_map(|(&(server, worker), thread)| {
            let mut names = thread.names.iter();
            let key = names.position(|its| its.as_ref() == Some(name))?;
            let client = ClientId {
                worker,
                key: key as u32,
                generation: thread.generations[key],
            };
            Some(Origin { server, client })
        })
    }

    /// The connection of a program, if it is in the room.
    pub fn connection_of(&self, owner: Owner) -> Option<Origin> {
        self.connections.get(&owner).copied()
    }

    /// Whether a newcomer can be put on this connection: no other one has its place, and the
    /// lists do not get longer than all servers need. Records of a stream can say anything.
    pub(super) fn has_place_for(&self, origin: Origin) -> bool {
        let ClientId {
            key, generation, ..
        } = origin.client;
        let thread = self.threads.get(&thread_of(origin));
        let is_free = thread.is_none_or(|thread| {
            let name = thread.names.get(key as usize).and_then(Option::as_ref);
            name.is_none() || thread.generations[key as usize] == generation
        });
        let own = thread.map_or(0, Thread::places);
        let places: u64 = self.threads.values().map(Thread::places).sum();
        is_free && places - own + own.max(u64::from(key) + 1) <= MAX_PLACES
    }

    /// Puts a member on this connection, in place of an earlier one.
    pub fn insert(&mut self, origin: Origin, member: Member) {
        self.remove(origin);
        if let Some(owner) = member.owner {
            self.connections.insert(owner, origin);
        }
        let thread = self.threads.entry(thread_of(origin)).or_default();
        thread.insert(origin.client, member);
    }

    /// Changes the name of the member on this connection to one that the member has asked
    /// for.
    pub fn rename(&mut self, origin: Origin, name: &Name) {
        let thread = self.threads.get_mut(&thread_of(origin));
        let Some(thread) = thread.filter(|thread| thread.name(origin.client).is_some()) else {
            return;
        };
        thread.names[origin.client.key as usize] = Some(name.clone());
        if let Some(keyed) = thread.keys.get_mut(&origin.client.key) {
            keyed.may_claim = true;
        }
    }

    /// The member on this connection has claimed the name, or cannot.
    pub fn settle_claim(&mut self, origin: Origin) {
        let thread = self.threads.get_mut(&thread_of(origin));
        let keyed = thread.and_then(|thread| thread.keys.get_mut(&origin.client.key));
        if let Some(keyed) = keyed {
            keyed.may_claim = false;
        }
    }

    /// The members with one of these names do not claim it by what they say next.
    pub fn settle_claims_of(&mut self, freed: &[Name]) {
        for thread in self.threads.values_mut() {
            for (&key, keyed) in &mut thread.keys {
                let name = thread.names.get(key as usize).and_then(Option::as_ref);
                keyed.may_claim &= !name.is_some_and(|name| freed.contains(name));
            }
        }
    }

    /// The names of all members.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        let threads = self.threads.values();
        threads.flat_map(|thread| thread.names.iter().flatten())
    }

    /// The names of the members who have shown a key, with that key.
    pub fn keyed(&self) -> impl Iterator<Item = (&Name, &PersonKey)> {
        self.threads.values().flat_map(|thread| {
            let keyed = thread.keys.iter();
            keyed.filter_map(|(&key, keyed)| {
                let name = thread.names.get(key as usize)?.as_ref()?;
                Some((name, &keyed.key))
            })
        })
    }

    /// The connections of all members at this server.
    pub fn of(&self, server: ServerId) -> impl Iterator<Item = Origin> + use<> {
        let threads = self.threads.range((server, 0)..=(server, u16::MAX));
        let origins: Vec<Origin> = threads.flat_map(Thread::origins).collect();
        origins.into_iter()
    }

    /// A server has no members any more, and gets none.
    pub fn forget(&mut self, server: ServerId) {
        self.threads.retain(|(of, _), _| *of != server);
    }

    /// Removes the member on this connection.
    pub fn remove(&mut self, origin: Origin) -> Option<Member> {
        let thread = self.threads.get_mut(&thread_of(origin))?;
        let member = thread.remove(origin.client)?;
        if thread.names.is_empty() {
            self.threads.remove(&thread_of(origin));
        }
        if let Some(owner) = member.owner {
            self.connections.remove(&owner);
        }
        Some(member)
    }
}

impl Thread {
    /// The connections that it has had a member on.
    fn origins(
        (&(server, worker), thread): (&(ServerId, u16), &Self),
    ) -> impl Iterator<Item = Origin> {
        let generations = (0..).zip(&thread.generations);
        generations.map(move |(key, &generation)| {
            let client = ClientId {
                worker,
                key,
                generation,
            };
            Origin { server, client }
        })
    }

    fn name(&self, client: ClientId) -> Option<&Name> {
        let key = client.key as usize;
        let is_its = self.generations.get(key) == Some(&client.generation);
        self.names.get(key)?.as_ref().filter(|_| is_its)
    }

    /// Where the name is, if there is a member.
    fn name_mut(&mut self, client: ClientId) -> Option<&mut Option<Name>> {
        self.name(client)?;
        self.names.get_mut(client.key as usize)
    }

    fn owner(&self, client: ClientId) -> Option<Owner> {
        self.owners.get(client.key as usize).copied().flatten()
    }

    fn insert(&mut self, client: ClientId, member: Member) {
        let key = client.key as usize;
        if self.names.len() <= key {
            self.names.resize(key + 1, None);
            self.generations.resize(key + 1, 0);
            self.visits.resize(key + 1, Visit::default());
        }
        if member.owner.is_some() && self.owners.len() <= key {
            self.owners.resize(key + 1, None);
        }
        // A connection leaves before another one has its key.
        debug_assert!(self.names[key].is_none());
        self.names[key] = Some(member.name);
        self.generations[key] = client.generation;
        self.visits[key] = member.visit;
        if let Some(owner) = self.owners.get_mut(key) {
            *owner = member.owner;
        }
        if let Some(keyed) = member.keyed {
            self.keys.insert(client.key, keyed);
        }
    }

    fn remove(&mut self, client: ClientId) -> Option<Member> {
        let name = self.name_mut(client)?.take()?;
        let owner = self.owners.get_mut(client.key as usize);
        let owner = owner.and_then(Option::take);
        let keyed = self.keys.remove(&client.key);
        let visit = self.visits[client.key as usize];
        self.drop_gap();
        Some(Member {
            name,
            owner,
            keyed,
            visit,
        })
    }

    /// How long the lists are: the same at each server, since they end with the last member.
    fn places(&self) -> u64 {
        self.names.len() as u64
    }

    /// Drops what is behind the last member, and the memory of long lists that are short now.
    fn drop_gap(&mut self) {
        let last = self.names.iter().rposition(Option::is_some);
        let length = last.map_or(0, |last| last + 1);
        if length == self.names.len() {
            return;
        }
        self.names.truncate(length);
        self.generations.truncate(length);
        self.owners.truncate(length);
        self.visits.truncate(length);
        if self.names.capacity() > MIN_SHRUNK.max(4 * length) {
            self.names.shrink_to(2 * length);
            self.generations.shrink_to(2 * length);
            self.owners.shrink_to(2 * length);
            self.visits.shrink_to(2 * length);
        }
    }
}

/// More connections, and gaps between them, than all servers together have.
const MAX_PLACES: u64 = ClientId::MAX_KEYS as u64;

/// Lists up to this length keep their memory.
const MIN_SHRUNK: usize = 1024;

/// More kinds of programs than there are; those of further ones are not told.
const MAX_PROGRAMS: usize = 256;

fn thread_of(origin: Origin) -> (ServerId, u16) {
    (origin.server, origin.client.worker)
}

#[cfg(test)]
mod tests;
