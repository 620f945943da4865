//! Who is in the room, by the connection and by the program.
//!
//! A connection may be lost long before the server can notice. Its program comes
//! back over another one, and is to have its own place at once, but no other program
//! is: so each program proves who it is with a [`Secret`](chat_proto::event::Secret),
//! and the room knows which connection each program has.

use std::collections::BTreeMap;

use chat_proto::name::Name;

use super::identity::Owner;
use super::origin::Origin;

/// The members of the room.
#[derive(Debug, Default)]
pub struct Members {
    members: BTreeMap<Origin, Member>,
    /// The connection of each program that is here.
    connections: BTreeMap<Owner, Origin>,
}

/// A person in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person's name.
    pub name: Name,
    /// The program, unless it is a person without one.
    pub owner: Option<Owner>,
}

impl Members {
    /// The member that has this connection.
    pub fn get(&self, origin: Origin) -> Option<&Member> {
        self.members.get(&origin)
    }

    /// The connection of a program, if it is here.
    pub fn connection_of(&self, owner: Owner) -> Option<Origin> {
        self.connections.get(&owner).copied()
    }

    /// All of them, in the order of their connections.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, &Member)> {
        self.members.iter()
    }

    /// The connection is that of this member from now on.
    pub fn insert(&mut self, origin: Origin, member: Member) {
        self.remove(origin);
        if let Some(owner) = member.owner {
            self.connections.insert(owner, origin);
        }
        self.members.insert(origin, member);
    }

    /// The member has another name.
    pub fn rename(&mut self, origin: Origin, name: &Name) {
        if let Some(member) = self.members.get_mut(&origin) {
            member.name = name.clone();
        }
    }

    /// The connection is no member's any more.
    pub fn remove(&mut self, origin: Origin) -> Option<Member> {
        let member = self.members.remove(&origin)?;
        if let Some(owner) = member.owner {
            self.connections.remove(&owner);
        }
        Some(member)
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
