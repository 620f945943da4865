//! Who is in the room, by name.
//!
//! Names are compared by what they look like: each has up to four keys
//! ([`chat_proto::name`]), none of which anybody else may have.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;
use std::ops::Bound;

use chat_proto::name::Name;

/// Everybody.
#[derive(Debug, Default)]
pub struct People {
    /// By the plain key of their name, which is the order of `/who`.
    here: BTreeMap<String, Name>,
    /// Every key of every name, as a keyed hash: a name is taken for another
    /// one with a chance of one in 2^64 for each that is here.
    taken: HashSet<u64>,
}

impl People {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.here.len()
    }

    /// Up to `most` names behind the name with the key `after`, in order, and
    /// the key to go on behind if there are more.
    pub fn names(&self, after: Option<&str>, most: usize) -> (Vec<Name>, Option<String>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.here.range::<str, _>((from, Bound::Unbounded));
        let mut last = None;
        let mut names = Vec::new();
        for (key, name) in rest.by_ref().take(most) {
            names.push(name.clone());
            last = Some(key);
        }
        let more = rest.next().is_some();
        (names, last.filter(|_| more).cloned())
    }

    /// A name that nobody has: `wanted`, or that with a number behind it.
    pub fn free_name(&self, wanted: &Name) -> Name {
        if !self.is_taken(wanted) {
            return wanted.clone();
        }
        // Small numbers first. Where they are all gone there are about as many
        // of that name as people, and a larger one is found at once.
        let crowd = u32::try_from(self.here.len()).unwrap_or(u32::MAX / 2);
        (2..=20)
            .chain(crowd + 2..)
            .map(|number| wanted.numbered(number))
            .find(|name| !self.is_taken(name))
            .unwrap_or_else(|| wanted.clone())
    }

    /// Whether somebody has this name, or one that looks like it.
    pub fn is_taken(&self, name: &Name) -> bool {
        let hasher = self.taken.hasher();
        name.keys()
            .iter()
            .any(|key| self.taken.contains(&hasher.hash_one(key)))
    }

    /// Somebody of this name is here.
    pub fn enter(&mut self, name: &Name) {
        let keys = name.keys();
        if let Some(plain) = keys.iter().next() {
            self.here.insert(plain.to_owned(), name.clone());
        }
        for key in keys.iter() {
            let hash = self.taken.hasher().hash_one(key);
            self.taken.insert(hash);
        }
    }

    /// Nobody of this name is here any more.
    pub fn leave(&mut self, name: &Name) {
        let keys = name.keys();
        if let Some(plain) = keys.iter().next() {
            self.here.remove(plain);
        }
        for key in keys.iter() {
            let hash = self.taken.hasher().hash_one(key);
            self.taken.remove(&hash);
        }
    }
}
