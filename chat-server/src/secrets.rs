//! How a program that comes back is known.
//!
//! A connection may be lost long before the server can notice. Its program comes
//! back over another one, and is to have its own name at once, but nobody else is:
//! so each program in the room has a [`Secret`], which is good for one return.
//!
//! No secret is kept: one tells which [`Pass`] it is of, to whoever has the key, and
//! proves by a keyed hash (SipHash) that it was given for that.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::mem;

use chat_proto::event::Secret;
use chat_proto::name::Name;
use slab::Slab;

/// The programs that are in the room.
#[derive(Debug, Default)]
pub struct Secrets {
    owners: Slab<Owner>,
    /// Those whose place another connection has taken.
    replaced: Vec<Pass>,
    key: RandomState,
    /// How many passes were given.
    count: u32,
}

#[derive(Debug)]
struct Owner {
    name: Name,
    pass: Pass,
}

/// What the server knows a program by, as long as that is in the room. No two have
/// the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    index: u32,
    count: u32,
}

impl Secrets {
    /// A pass for whoever has this name, and the secret that goes with it.
    pub fn give(&mut self, name: &Name) -> (Pass, Secret) {
        // Long before a number comes again its pass is over.
        self.count = self.count.wrapping_add(1);
        let entry = self.owners.vacant_entry();
        let pass = Pass {
            index: entry.key() as u32,
            count: self.count,
        };
        let name = name.clone();
        entry.insert(Owner { name, pass });
        (pass, self.secret_of(pass))
    }

    /// Whoever holds this pass has another name now.
    pub fn rename(&mut self, pass: Pass, name: &Name) {
        if let Some(owner) = self.owners.get_mut(pass.index as usize)
            && owner.pass == pass
        {
            owner.name = name.clone();
        }
    }

    /// Whoever holds this pass has left.
    pub fn forget(&mut self, pass: Pass) {
        self.remove(pass);
    }

    /// The name of the connection that was given this secret, for another one that
    /// says it. The first one is to be dropped before it is heard again: see
    /// [`Secrets::take_replaced`].
    pub fn take_over(&mut self, secret: &Secret) -> Option<Name> {
        let pass = self.pass_of(secret)?;
        let owner = self.remove(pass)?;
        self.replaced.push(pass);
        Some(owner.name)
    }

    /// Those whose place another connection has taken since this was last asked.
    pub fn take_replaced(&mut self) -> Vec<Pass> {
        mem::take(&mut self.replaced)
    }

    fn remove(&mut self, pass: Pass) -> Option<Owner> {
        let index = pass.index as usize;
        let is_held = self.owners.get(index).is_some_and(|one| one.pass == pass);
        is_held.then(|| self.owners.remove(index))
    }

    fn secret_of(&self, pass: Pass) -> Secret {
        let number = u64::from(pass.index) << 32 | u64::from(pass.count);
        let proof = self.key.hash_one(number);
        let hidden = number ^ self.mask(proof);
        Secret::new(u128::from(hidden) << 64 | u128::from(proof))
    }

    /// Whoever guesses is right once in 2^64 times.
    fn pass_of(&self, secret: &Secret) -> Option<Pass> {
        let [hidden, proof] = [secret.bits() >> 64, secret.bits()].map(|bits| bits as u64);
        let number = hidden ^ self.mask(proof);
        let pass = Pass {
            index: (number >> 32) as u32,
            count: number as u32,
        };
        (self.secret_of(pass) == *secret).then_some(pass)
    }

    fn mask(&self, proof: u64) -> u64 {
        self.key.hash_one((proof, "mask"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_good_once_and_only_where_it_was_given() {
        let [mut here, mut there] = [Secrets::default(), Secrets::default()];
        let names = ["ann", "bo"].map(|name| Name::parse(name).unwrap());
        let [(ann, secret), (bo, other)] = names.each_ref().map(|name| here.give(name));
        there.give(&names[0]);
        assert_eq!(there.take_over(&secret), None);
        for bit in 0..128 {
            let wrong = Secret::new(secret.bits() ^ 1 << bit);
            assert_eq!(here.take_over(&wrong), None, "{bit}");
        }
        assert_eq!(here.take_over(&secret), Some(names[0].clone()));
        assert_eq!(here.take_over(&secret), None);
        // Somebody else has the same place now.
        let (newer, _) = here.give(&names[0]);
        assert_eq!((newer.index, newer == ann), (ann.index, false));
        assert_eq!(here.take_over(&secret), None);
        here.forget(bo);
        assert_eq!(here.take_over(&other), None);
        assert_eq!(here.take_replaced(), [ann]);
    }
}
