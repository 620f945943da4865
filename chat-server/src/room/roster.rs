//! The people in the room, by name.
//!
//! Names are compared by what they look like: each has up to four keys
//! ([`chat_proto::name`]), none of which another name may have.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasherDefault;
use std::ops::Bound;

use chat_proto::name::{Name, NameKeys, NamePrefix, Numbering};

use super::dedup::AsIs;
use super::identity::Key;
use crate::saved::{NoState, pack_numbers, unpack_numbers};

/// The people in the room.
#[derive(Debug)]
pub struct People {
    key: Key,
    /// In the order of `/who`.
    here: BTreeSet<Listed>,
    /// Every key of every name, as a keyed hash. Two names collide with a chance of one
    /// in 2^64.
    taken: HashSet<u64, BuildHasherDefault<AsIs>>,
}

/// A name in its place in `/who`, where capital letters make no difference.
#[derive(Debug, PartialEq, Eq)]
enum Listed {
    /// The place before all names that begin so. No person has it.
    Before(NamePrefix),
    Name(Name),
}

impl Listed {
    fn as_str(&self) -> &str {
        match self {
            Self::Before(prefix) => prefix.as_str(),
            Self::Name(name) => name.as_str(),
        }
    }

    fn name(&self) -> Option<&Name> {
        match self {
            Self::Before(_) => None,
            Self::Name(name) => Some(name),
        }
    }

    /// Whether it begins so. In order these stand together.
    fn begins_with(&self, prefix: &NamePrefix) -> bool {
        let mut letters = self.as_str().chars();
        let is_next = |letter: char| {
            let next = letters.next();
            next.is_some_and(|next| next.to_lowercase().eq(letter.to_lowercase()))
        };
        prefix.as_str().chars().all(is_next)
    }

    /// The order of two that differ in nothing but capital letters.
    fn tie(&self, other: &Self) -> Ordering {
        self.name().cmp(&other.name())
    }
}

impl Ord for Listed {
    fn cmp(&self, other: &Self) -> Ordering {
        let texts = [self, other].map(Self::as_str);
        if texts.iter().all(|text| text.is_ascii()) {
            // The same for most names, in a fraction of the time.
            let [mine, theirs] = texts.map(|text| text.bytes().map(|it| it.to_ascii_lowercase()));
            return mine.cmp(theirs).then_with(|| self.tie(other));
        }
        let [mine, theirs] = texts.map(str::chars);
        let letters = mine.clone().zip(theirs.clone());
        letters
            .filter(|(mine, theirs)| mine != theirs)
            .map(|(mine, theirs)| mine.to_lowercase().cmp(theirs.to_lowercase()))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| mine.count().cmp(&theirs.count()))
            .then_with(|| self.tie(other))
    }
}

impl PartialOrd for Listed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl People {
    /// No people yet. Names are hashed with this key.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            here: BTreeSet::new(),
            taken: HashSet::default(),
        }
    }

    /// How many people there are.
    pub fn count(&self) -> usize {
        self.here.len()
    }

    /// Up to `most` names behind `after`, in order, and the one to go on behind
    /// if there are more.
    pub fn names(&self, after: Option<&Name>, most: usize) -> (Vec<Name>, Option<Name>) {
        self.names_like(None, after, most, |_| true, [])
    }

    /// The same of names that begin with `prefix`, with `more` names, and of those that are
    /// here with the ones for which `counts` holds.
    pub fn names_like<'a>(
        &self,
        prefix: Option<&NamePrefix>,
        after: Option<&Name>,
        most: usize,
        counts: impl Fn(&Name) -> bool,
        more: impl IntoIterator<Item = &'a Name>,
    ) -> (Vec<Name>, Option<Name>) {
        let before = prefix.cloned().map(Listed::Before);
        let after = after.cloned().map(Listed::Name);
        let from = before.as_ref().max(after.as_ref());
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (from, Bound::Unbounded);
        let fits = |listed: &&Listed| prefix.is_none_or(|prefix| listed.begins_with(prefix));
        let more: BTreeSet<Listed> = more.into_iter().cloned().map(Listed::Name).collect();
        let here = self.here.range(range).take_while(fits);
        let here = here.filter(|it| it.name().is_some_and(&counts));
        let mut listed: Vec<&Listed> = here.take(most.saturating_add(1)).collect();
        if !more.is_empty() {
            listed.extend(
                more.range(range)
                    .take_while(fits)
                    .take(most.saturating_add(1)),
            );
            listed.sort_unstable();
        }
        let is_all = listed.len() <= most;
        let names: Vec<Name> = listed
            .into_iter()
            .take(most)
            .filter_map(|listed| listed.name().cloned())
            .collect();
        let last = names.last().filter(|_| !is_all).cloned();
        (names, last)
    }

    /// A name that is free and not `kept`: `wanted`, or that with a
    /// number behind it.
    pub fn free_name(&self, wanted: &Name, kept: impl Fn(&Name) -> bool) -> Name {
        let is_free = |name: &Name| !self.is_taken(name) && !kept(name);
        if is_free(wanted) {
            return wanted.clone();
        }
        // Small numbers first. If all of them are taken, the search goes on above the
        // number of people, where it soon ends.
        let crowd = u32::try_from(self.here.len()).unwrap_or(u32::MAX / 2);
        let mut numbering = Numbering::new(wanted.as_str());
        let mut is_free = |number: &u32| {
            if self.has(&numbering.keys(*number), wanted) {
                return false;
            }
            let name = wanted.numbered(*number);
            !self.contains(&name) && !kept(&name)
        };
        let number = (2..=20).chain(crowd + 2..).find(&mut is_free);
        number.map_or_else(|| wanted.clone(), |number| wanted.numbered(number))
    }

    /// Whether a person has this name, or one that looks like it.
    pub fn is_taken(&self, name: &Name) -> bool {
        // The keys alone say so, unless they were restored from a state that is wrong: then, too,
        // no two people have one name.
        self.has(&name.keys(), name) || self.contains(name)
    }

    /// Whether one of these keys is taken, of a name that is an address if `like` is one.
    fn has(&self, keys: &NameKeys, like: &Name) -> bool {
        let mut keys = self.hashed(keys, like);
        keys.any(|key| self.taken.contains(&key))
    }

    /// Adds a person with this name.
    pub fn enter(&mut self, name: &Name) {
        self.here.insert(Listed::Name(name.clone()));
        let keys = self.keys(name);
        self.taken.extend(keys);
    }

    /// Removes the person with this name.
    pub fn leave(&mut self, name: &Name) {
        self.here.remove(&Listed::Name(name.clone()));
        for key in self.keys(name) {
            self.taken.remove(&key);
        }
    }

    /// Whether there is a person with exactly this name.
    pub(super) fn contains(&self, name: &Name) -> bool {
        self.here.contains(&Listed::Name(name.clone()))
    }

    /// The hashes of the keys of all names. To make them again takes far longer than to read
    /// them.
    pub(super) fn save_taken(&self) -> String {
        let mut taken: Vec<u64> = self.taken.iter().copied().collect();
        taken.sort_unstable();
        pack_numbers(taken)
    }

    /// People with these names, and what [`People::save_taken`] has saved of them.
    pub(super) fn restore(
        key: Key,
        names: impl IntoIterator<Item = Name>,
        taken: &str,
    ) -> Result<Self, NoState> {
        let names: Vec<Listed> = names.into_iter().map(Listed::Name).collect();
        let count = names.len();
        let here: BTreeSet<Listed> = names.into_iter().collect();
        NoState::unless(here.len() == count, "people")?;
        let taken = unpack_numbers(taken)?.into_iter().collect();
        Ok(Self { key, here, taken })
    }

    fn keys(&self, name: &Name) -> Vec<u64> {
        self.hashed(&name.keys(), name).collect()
    }

    /// The hashes of a name's keys. One is enough for an address: it has one spelling,
    /// and no other name has its colons.
    fn hashed(&self, keys: &NameKeys, like: &Name) -> impl Iterator<Item = u64> {
        let key = self.key;
        let count = if like.is_address() { 1 } else { usize::MAX };
        let keys = keys.iter().take(count);
        keys.map(move |name| key.hash_of_name(name))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// The time of the fastest of several runs.
    fn time(mut what: impl FnMut()) -> Duration {
        let mut once = || {
            let start = Instant::now();
            what();
            start.elapsed()
        };
        (0..50).map(|_| once()).min().unwrap()
    }

    #[test]
    fn names_are_found_by_how_they_begin() {
        let mut people = People::new(Key::of([1; Key::BYTES]));
        for name in [
            "ann",
            "An",
            "Anton",
            "amy",
            "bo",
            "\u{c4}nne",
            "\u{e4}nn",
            "aN-2",
        ] {
            people.enter(&Name::choose(name).unwrap());
        }
        let list = |prefix: &str, after: Option<&str>, most| {
            let prefix = NamePrefix::new(prefix);
            let after = after.map(|name| Name::choose(name).unwrap());
            let (names, next) =
                people.names_like(prefix.as_ref(), after.as_ref(), most, |_| true, []);
            let names: Vec<&str> = names.iter().map(Name::as_str).collect();
            (names.join(" "), next.map(|name| name.to_string()))
        };
        assert_eq!(list("an", None, 9), ("An aN-2 ann Anton".to_owned(), None));
        assert_eq!(list("ANN", None, 9), ("ann".to_owned(), None));
        assert_eq!(list("\u{ff41}\u{ff4d}", None, 9), ("amy".to_owned(), None));
        assert_eq!(list("a\u{308}n", None, 9).0, "\u{e4}nn \u{c4}nne");
        assert_eq!(
            list("an", None, 2),
            ("An aN-2".to_owned(), Some("aN-2".to_owned()))
        );
        assert_eq!(list("an", Some("aN-2"), 9), ("ann Anton".to_owned(), None));
        assert_eq!(list("an", Some("amy"), 9).0, "An aN-2 ann Anton");
        assert_eq!(list("x", None, 9), (String::new(), None));
        assert_eq!(list(" ", None, 99).0.split(' ').count(), 8);
    }

    /// A name that many people want costs little more than a free one.
    #[test]
    fn a_number_is_found_without_much_work() {
        for wanted in ["ann", "a_name_that_is_shortened_by_that", "anna.maria"] {
            let wanted = Name::choose(wanted).unwrap();
            let mut people = People::new(Key::of([1; Key::BYTES]));
            for number in 1..=20 {
                let name = people.free_name(&wanted, |_| false);
                let expected = match number {
                    1 => wanted.clone(),
                    number => wanted.numbered(number),
                };
                assert_eq!(name, expected);
                people.enter(&name);
            }
            let keys = time(|| _ = people.keys(&wanted));
            let free = time(|| _ = people.free_name(&wanted, |_| false));
            assert!(free < 10 * keys, "{free:?}, where a name takes {keys:?}");
        }
    }
}
