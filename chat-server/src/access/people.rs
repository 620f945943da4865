//! The file of people: which key has which name.
//!
//! Its lines are those of ssh's `authorized_keys`, `[options] keytype base64 [comment]`:
//!
//! ```text
//! # written by the operator
//! ssh-ed25519 AAAAC3Nz… ann@laptop
//! name="ann" ssh-rsa AAAAB3Nz…
//! op,name="bo" ecdsa-sha2-nistp256 AAAAE2Vj… the key of the office
//! # written by the server when a name was claimed
//! name="cy" ssh-ed25519 AAAAC3Nz… claimed 2026-11-23 used 2026-12-01
//! ```
//!
//! The name is the option `name`, else the first word of the comment up to an `@`. So the
//! `.pub` file of a key needs nothing added, and the keys that a forge lists without
//! comments need their name behind each line:
//!
//! ```sh
//! curl https://github.com/ann.keys | sed 's/$/ ann/' >> people
//! ```
//!
//! A person has one key or several. Names that look alike ([`NameKeys`]) are one name: the
//! person is called as in the first of the lines. Options of sshd have no effect; `op` is
//! ours. A line that cannot be used is a [`Problem`] with its number, and the others count.
//!
//! A **claim** is a line with the only option `name` and the comment `claimed DATE` or
//! `claimed DATE used DATE`. The server writes it, changes its second date at most once a
//! day, and may drop it: there are [`MAX_PEOPLE`] names, and when one more is claimed, the
//! claimed name that was not used for longest is free again. A line of the operator is
//! never changed and never dropped, but by [`People::forget`]. A claim becomes a line of the
//! operator when its options or its comment are edited.
//!
//! All lines stay as they are in the file, in their order, also those that cannot be used.

mod change;
mod day;
mod limits;
mod line;
mod problem;
mod saved;

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::name::{Name, NameKeys};
use ssh_key::{Fingerprint, PublicKey};

pub use change::Change;
pub use day::Day;
pub use limits::{MAX_BYTES, MAX_CLAIMS_OF_KEY, MAX_LINE, MAX_LINES, MAX_PEOPLE};
pub use line::Rights;
pub use problem::{Problem, Problems, Reason, TooLarge};
pub(crate) use saved::{SavedChange, SavedPeople};

use super::keys;
use line::{Claim, Entry};

/// What the file says, and the text of the file itself.
///
/// Invariants: each usable line is in exactly one person, each person has a line, no two
/// persons have a [`NameKeys`] key in common, and there are at
/// most [`MAX_PEOPLE`] of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// How many people there may be: [`MAX_PEOPLE`].
    most: usize,
    /// The lines of the file by their place; places of removed lines stay empty.
    lines: BTreeMap<usize, Line>,
    /// People by the place of their first line when they were added.
    people: BTreeMap<PersonId, Person>,
    /// The people by each key of their names.
    by_name: BTreeMap<Box<str>, PersonId>,
    /// The people who have a key.
    by_key: BTreeMap<Fingerprint, BTreeSet<PersonId>>,
    /// The people who have claims only, by the last use of their names.
    by_use: BTreeSet<(Day, PersonId)>,
}

/// A line of the file, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: Box<[u8]>,
    entry: Option<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PersonId(usize);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    name: Name,
    /// The places of the lines; never empty.
    lines: BTreeSet<usize>,
}

/// What a key has to do with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding<'a> {
    /// No key holds the name, nor one that looks like it.
    Free,
    /// The person with this key holds it, and it is listed in this form.
    Own(&'a Name),
    /// Another person holds it, or one that looks like it: this one.
    Others(&'a Name),
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The key holds the name now.
    Now {
        /// The claimed name that is free again to make room.
        freed: Option<Name>,
    },
    /// The name is held already, by this key or by another one.
    Held(Name),
    /// The operator has listed [`MAX_PEOPLE`] people.
    Full,
}

impl People {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it has more than [`MAX_BYTES`] or [`MAX_LINES`].
    pub fn parse(file: &[u8]) -> Result<(Self, Problems), TooLarge> {
        Self::parse_at_most(file, MAX_PEOPLE)
    }

    /// Reads the file with this many people.
    fn parse_at_most(file: &[u8], most: usize) -> Result<(Self, Problems), TooLarge> {
        let mut people = Self::at_most(most);
        let mut problems = Problems::default();
        if file.len() > MAX_BYTES {
            return Err(TooLarge);
        }
        let lines = file.strip_suffix(b"\n").unwrap_or(file);
        let lines = lines.split(|&byte| byte == b'\n');
        for (place, text) in lines.take_while(|_| !file.is_empty()).enumerate() {
            if place == MAX_LINES {
                return Err(TooLarge);
            }
            // Some editors begin a file with a mark of its encoding.
            let bare = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
            let mut report = |reason| problems.push(place + 1, reason);
            let entry = line::parse(bare, &mut report).unwrap_or_else(|reason| {
                report(reason);
                None
            });
            people.lines.insert(place, Line::of_text(text));
            if let Some(Err(reason)) = entry.map(|entry| people.add(place, entry)) {
                report(reason);
            }
        }
        Ok((people, problems))
    }

    fn at_most(most: usize) -> Self {
        Self {
            most,
            lines: BTreeMap::new(),
            people: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_use: BTreeSet::new(),
        }
    }

    /// The file: each line as it was read or written, with a line end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = self.lines.values().map(|line| line.text.len() + 1).sum();
        let mut bytes = Vec::with_capacity(length);
        for line in self.lines.values() {
            bytes.extend_from_slice(&line.text);
            bytes.push(b'\n');
        }
        bytes
    }

    /// How many people hold a name.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether no key holds a name.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Who holds a name, seen by a peer that has shown this key, or none.
    ///
    /// A name that looks like those of two people belongs to a key only if both do.
    pub fn holding(&self, name: &Name, key: Option<&Fingerprint>) -> Holding<'_> {
        let mut own = None;
        for person in self.like(name) {
            let name = &self.people[&person].name;
            let is_own = key.is_some_and(|key| self.keys_of_person(person).any(|its| its == key));
            if !is_own {
                return Holding::Others(name);
            }
            own.get_or_insert(name);
        }
        own.map_or(Holding::Free, Holding::Own)
    }

    /// The names that a key holds, in the order of the file.
    pub fn names_of(&self, key: &Fingerprint) -> impl Iterator<Item = &Name> {
        let people = self.by_key.get(key).into_iter().flatten();
        people.map(|person| &self.people[person].name)
    }

    /// Whether this key holds the name, in the form in which it is listed. Unlike
    /// [`People::holding`] this compares letters only, and takes little time.
    pub fn is_held_by(&self, name: &Name, key: &Fingerprint) -> bool {
        self.names_of(key).any(|held| held == name)
    }

    /// The first key that is listed for a name.
    pub fn key_of(&self, name: &Name) -> Option<Fingerprint> {
        let people = self.like(name).into_iter();
        let mut people = people.filter(|person| self.people[person].name == *name);
        let person = people.next()?;
        self.keys_of_person(person).next().copied()
    }

    /// What a key may do, by all of its lines.
    pub fn rights_of(&self, key: &Fingerprint) -> Rights {
        let people = self.by_key.get(key).into_iter().flatten();
        let entries = people.flat_map(|&person| self.entries_of(person));
        let mut of_key = entries.filter(|(_, entry)| entry.key == *key);
        Rights {
            op: of_key.any(|(_, entry)| entry.rights.op),
        }
    }

    /// Gives a free name to a key.
    pub fn claim(&mut self, name: &Name, key: &PublicKey, day: Day) -> Claimed {
        if let Some(&person) = self.like(name).first() {
            return Claimed::Held(self.people[&person].name.clone());
        }
        let claim = Claim {
            made: day,
            used: day,
        };
        let fingerprint = keys::fingerprint(key);
        let Ok(freed) = self.make_room(&fingerprint) else {
            return Claimed::Full;
        };
        let entry = Entry {
            name: name.clone(),
            key: fingerprint,
            rights: Rights::default(),
            claim: Some(claim),
        };
        let place = self.lines.last_key_value().map_or(0, |(last, _)| last + 1);
        let line = line::of_claim(name, key, claim);
        self.lines.insert(place, Line::of_text(line.as_bytes()));
        let added = self.add(place, entry);
        added.expect("the name is like no other, and there is room");
        Claimed::Now { freed }
    }

    /// Notes that a person who has claimed a name was there under it, as it is listed.
    /// Whether the file has changed: at most once a day for each line.
    pub fn note_use(&mut self, name: &Name, key: &Fingerprint, day: Day) -> bool {
        let mut has_changed = false;
        let people = self.by_key.get(key).into_iter().flatten().copied();
        let people = people.filter(|person| self.people[person].name == *name);
        for person in people.collect::<Vec<_>>() {
            let before = self.last_use(person);
            for place in &self.people[&person].lines {
                let line = self.lines.get_mut(place).expect("a person's line is there");
                has_changed |= line.note_use(key, day);
            }
            self.move_in_use(person, before);
        }
        has_changed
    }

    /// Frees a name: removes all lines of those who hold it or one that looks like it, also
    /// lines of the operator. The names as they were listed.
    pub fn forget(&mut self, name: &Name) -> Vec<Name> {
        let people = self.like(name).into_iter();
        people.map(|person| self.remove(person)).collect()
    }

    /// Makes a change, as far as that is possible: a name that another key holds by now is
    /// not claimed.
    pub fn make(&mut self, change: &Change) {
        match change {
            Change::Claim { name, key, day } => _ = self.claim(name, &key.public(), *day),
            Change::Use { name, key, day } => _ = self.note_use(name, key, *day),
            Change::Forget(name) => _ = self.forget(name),
        }
    }

    /// The people who hold this name, or one that looks like it. Usually one at most: a
    /// name may look like two that do not look like each other.
    fn like(&self, name: &Name) -> BTreeSet<PersonId> {
        self.like_keys(&name.keys())
    }

    fn like_keys(&self, keys: &NameKeys) -> BTreeSet<PersonId> {
        let people = keys.iter().filter_map(|key| self.by_name.get(key));
        people.copied().collect()
    }

    fn entries_of(&self, person: PersonId) -> impl Iterator<Item = (usize, &Entry)> {
        let lines = self.people[&person].lines.iter();
        lines.filter_map(|&place| Some((place, self.lines[&place].entry.as_ref()?)))
    }

    fn keys_of_person(&self, person: PersonId) -> impl Iterator<Item = &Fingerprint> {
        self.entries_of(person).map(|(_, entry)| &entry.key)
    }

    /// When a name was last used that the server may drop: one with claims only.
    fn last_use(&self, person: PersonId) -> Option<Day> {
        let mut days = self
            .entries_of(person)
            .map(|(_, entry)| Some(entry.claim?.used));
        days.try_fold(None, |last, day| Some(last.max(Some(day?))))?
    }

    /// Puts a person in its place by last use, after a change.
    fn move_in_use(&mut self, person: PersonId, before: Option<Day>) {
        if let Some(before) = before {
            self.by_use.remove(&(before, person));
        }
        if let Some(now) = self.last_use(person) {
            self.by_use.insert((now, person));
        }
    }

    /// Has the line at `place` give a key a name: to the person with that name, or to a
    /// new one.
    fn add(&mut self, place: usize, entry: Entry) -> Result<(), Reason> {
        // Made once: half of the time that a file takes to be read goes into these.
        let keys = entry.name.keys();
        let like: Vec<_> = self.like_keys(&keys).into_iter().collect();
        let (id, before) = match like[..] {
            [] if self.people.len() == self.most => return Err(Reason::TooMany),
            [] => (PersonId(place), None),
            [person] => (person, self.last_use(person)),
            [one, other, ..] => {
                let name = |id| self.people[&id].name.to_string();
                return Err(Reason::AmbiguousName(name(one), name(other)));
            }
        };
        let person = self.people.entry(id).or_insert_with(|| Person {
            name: entry.name.clone(),
            lines: BTreeSet::new(),
        });
        person.lines.insert(place);
        for key in keys.iter() {
            self.by_name.insert(key.into(), id);
        }
        self.by_key.entry(entry.key).or_default().insert(id);
        let line = self.lines.get_mut(&place);
        line.expect("the line is put there first").entry = Some(entry);
        self.move_in_use(id, before);
        Ok(())
    }

    /// Frees a name if this key has claimed too many, or if there are too many at all.
    /// An error if no name may be freed.
    fn make_room(&mut self, key: &Fingerprint) -> Result<Option<Name>, Full> {
        let of_key = self.by_key.get(key).into_iter().flatten();
        let in_use = |&person: &PersonId| Some((self.last_use(person)?, person));
        let claims: Vec<_> = of_key.filter_map(in_use).collect();
        let unused = if claims.len() >= MAX_CLAIMS_OF_KEY {
            claims.iter().min()
        } else if self.people.len() >= self.most {
            self.by_use.first()
        } else {
            return Ok(None);
        };
        let &(_, unused) = unused.ok_or(Full)?;
        Ok(Some(self.remove(unused)))
    }

    fn remove(&mut self, id: PersonId) -> Name {
        if let Some(last) = self.last_use(id) {
            self.by_use.remove(&(last, id));
        }
        let person = self
            .people
            .remove(&id)
            .expect("people are looked up before");
        for place in &person.lines {
            let line = self.lines.remove(place).expect("a person's line is there");
            let entry = line.entry.expect("a person's line is one that is used");
            for key in entry.name.keys().iter() {
                self.by_name.remove(key);
            }
            if let Some(people) = self.by_key.get_mut(&entry.key) {
                people.remove(&id);
                if people.is_empty() {
                    self.by_key.remove(&entry.key);
                }
            }
        }
        person.name
    }
}

/// A file with nothing in it.
impl Default for People {
    fn default() -> Self {
        Self::at_most(MAX_PEOPLE)
    }
}

impl Line {
    /// A line that says nothing yet.
    fn of_text(text: &[u8]) -> Self {
        Self {
            text: text.into(),
            entry: None,
        }
    }

    fn note_use(&mut self, key: &Fingerprint, day: Day) -> bool {
        let entry = self.entry.as_mut().filter(|entry| entry.key == *key);
        let Some(Entry {
            claim: Some(claim), ..
        }) = entry
        else {
            return false;
        };
        let now = Claim {
            used: day.max(claim.made),
            ..*claim
        };
        // A clock that was set back changes nothing.
        if now.used <= claim.used {
            return false;
        }
        let text = std::str::from_utf8(&self.text).ok();
        let Some(text) = text.and_then(|text| line::with_claim(text, *claim, now)) else {
            return false;
        };
        *claim = now;
        self.text = text.into_bytes().into();
        true
    }
}

/// There are [`MAX_PEOPLE`] people, and the operator has listed all of them.
struct Full;

#[cfg(test)]
mod tests;
