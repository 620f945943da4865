//! How a program that comes back is known.
//!
//! A connection may be lost long before the server can notice. Its program comes
//! back over another one, and is to have its own name at once, but nobody else is:
//! so each program in the room has a [`Secret`], which is good for one return.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::mem;

use chat_proto::event::Secret;
use chat_proto::name::Name;

/// The secrets of the programs that are in the room.
#[derive(Debug, Default)]
pub struct Secrets {
    owners: HashMap<Secret, Name>,
    /// Those whose place another connection has taken.
    replaced: Vec<Secret>,
    /// Where secrets come from: the keyed hash (SipHash) of their count. Whoever
    /// sees some of them learns nothing of the others without the key.
    key: RandomState,
    /// How many were given.
    count: u64,
}

impl Secrets {
    /// A secret for whoever has this name.
    pub fn give(&mut self, name: &Name) -> Secret {
        self.count += 1;
        let half = |half: u64| u128::from(self.key.hash_one((self.count, half)));
        let secret = Secret::new(half(0) << 64 | half(1));
        self.owners.insert(secret, name.clone());
        secret
    }

    /// Whoever holds this secret has another name now.
    pub fn rename(&mut self, secret: &Secret, name: &Name) {
        if let Some(owned) = self.owners.get_mut(secret) {
            owned.clone_from(name);
        }
    }

    /// Whoever holds this secret has left.
    pub fn forget(&mut self, secret: &Secret) {
        self.owners.remove(secret);
    }

    /// The name of the connection that holds this secret, for another one that
    /// says it. The first one is to be dropped before it is heard again: see
    /// [`Secrets::take_replaced`].
    pub fn take_over(&mut self, secret: &Secret) -> Option<Name> {
        let name = self.owners.remove(secret)?;
        self.replaced.push(*secret);
        Some(name)
    }

    /// Those whose place another connection has taken since this was last asked.
    pub fn take_replaced(&mut self) -> Vec<Secret> {
        mem::take(&mut self.replaced)
    }
}
