//! Who is in the room, by name.
//!
//! Names are compared by what they look like: each has up to four keys
//! ([`chat_proto::name`]), none of which anybody else may have.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher;
use std::ops::Bound;

use chat_proto::name::Name;

/// Everybody.
#[derive(Debug, Default)]
pub struct People {
    /// In the order of `/who`.
    here: BTreeSet<Listed>,
    /// Every key of every name, as a keyed hash: a name is taken for another
    /// one with a chance of one in 2^64 for each that is here.
    taken: HashSet<u64>,
}

/// A name in its place in `/who`, where capital letters make no difference.
#[derive(Debug, PartialEq, Eq)]
struct Listed(Name);

impl Ord for Listed {
    fn cmp(&self, other: &Self) -> Ordering {
        let [mine, theirs] = [self, other].map(|listed| listed.0.as_str().chars());
        let letters = mine.clone().zip(theirs.clone());
        letters
            .filter(|(mine, theirs)| mine != theirs)
            .map(|(mine, theirs)| mine.to_lowercase().cmp(theirs.to_lowercase()))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| mine.count().cmp(&theirs.count()))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Listed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl People {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.here.len()
    }

    /// Up to `most` names behind `after`, in order, and the one to go on behind
    /// if there are more.
    pub fn names(&self, after: Option<&Name>, most: usize) -> (Vec<Name>, Option<Name>) {
        let after = after.map(|name| Listed(name.clone()));
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.here.range((from, Bound::Unbounded));
        let listed = rest.by_ref().take(most);
        let names: Vec<Name> = listed.map(|Listed(name)| name.clone()).collect();
        let last = names.last().filter(|_| rest.next().is_some()).cloned();
        (names, last)
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
        let mut keys = self.keys(name).into_iter();
        keys.any(|key| self.taken.contains(&key))
    }

    /// Somebody of this name is here.
    pub fn enter(&mut self, name: &Name) {
        self.here.insert(Listed(name.clone()));
        self.taken.extend(self.keys(name));
    }

    /// Nobody of this name is here any more.
    pub fn leave(&mut self, name: &Name) {
        self.here.remove(&Listed(name.clone()));
        for key in self.keys(name) {
            self.taken.remove(&key);
        }
    }

    /// The keys of a name, hashed. One is enough for an address: what is in it
    /// has one spelling, and no other name has its colons.
    fn keys(&self, name: &Name) -> Vec<u64> {
        let hasher = self.taken.hasher();
        let count = if name.is_address() { 1 } else { usize::MAX };
        let keys = name.keys();
        let keys = keys.iter().take(count);
        keys.map(|key| hasher.hash_one(key)).collect()
    }
}
