//! Bans and mutes, by whom they hit.
//!
//! A lookup takes the same time for one entry and for tens of thousands: one search for the
//! key, one for the program, and for the address one for each length of a prefix that is in
//! use, of which IPv4 has 33 and IPv6 129.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use chat_proto::event::{Fingerprint, Tag, Timestamp};
use chat_proto::moderation::{Ban, Mute, Network, Subject};

/// What is known of a person by which they are recognized.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traces {
    /// Where they come from; `None` for the control socket.
    pub address: Option<IpAddr>,
    /// The key that they have shown.
    pub key: Option<Fingerprint>,
    /// Whether a name belongs to that key.
    pub holds_name: bool,
    /// Their program.
    pub program: Option<Tag>,
}

impl Traces {
    /// Whether a subject is this person.
    pub fn are_of(&self, subject: &Subject) -> bool {
        let comes_from = |network: &Network| self.address.is_some_and(|it| network.contains(it));
        match subject {
            Subject::Key(key) => self.key == Some(*key),
            Subject::Program(program) => self.program == Some(*program),
            Subject::Network(network) => comes_from(network),
            Subject::Guests(network) => self.key.is_none() && comes_from(network),
        }
    }
}

/// Something that hits one subject, until a time.
pub trait Entry {
    /// Whom it hits.
    fn subject(&self) -> Subject;

    /// When it ends.
    fn until(&self) -> Option<Timestamp>;
}

impl Entry for Ban {
    fn subject(&self) -> Subject {
        self.subject
    }

    fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl Entry for Mute {
    fn subject(&self) -> Subject {
        self.subject
    }

    fn until(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

/// Entries by their subjects, one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<T> {
    entries: BTreeMap<Subject, T>,
    /// The lengths of prefixes, each with how many entries have it.
    prefixes: BTreeMap<u8, usize>,
    /// The ends of entries, the next one first.
    ends: BTreeSet<(Timestamp, Subject)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            prefixes: BTreeMap::new(),
            ends: BTreeSet::new(),
        }
    }
}

impl<T: Entry> Table<T> {
    /// How many there are, those that have ended among them.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many stand at `time`. Those that have ended are dropped with the next one.
    pub fn count(&self, time: Timestamp) -> usize {
        let ended = self.ends.iter().take_while(|(until, _)| *until <= time);
        self.len() - ended.count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an entry, in the place of one with the same subject.
    pub(super) fn insert(&mut self, entry: T) {
        let subject = entry.subject();
        self.remove(&subject);
        if let Some(until) = entry.until() {
            self.ends.insert((until, subject));
        }
        if let Some(prefix) = prefix_of(&subject) {
            *self.prefixes.entry(prefix).or_default() += 1;
        }
        self.entries.insert(subject, entry);
    }

    /// Removes the entry of this subject.
    pub(super) fn remove(&mut self, subject: &Subject) {
        let Some(entry) = self.entries.remove(subject) else {
            return;
        };
        if let Some(until) = entry.until() {
            self.ends.remove(&(until, *subject));
        }
        if let Some(prefix) = prefix_of(subject)
            && let Some(count) = self.prefixes.get_mut(&prefix)
        {
            *count -= 1;
            if *count == 0 {
                self.prefixes.remove(&prefix);
            }
        }
    }

    /// Drops the entries that have ended at `time`.
    pub(super) fn drop_ended(&mut self, time: Timestamp) {
        while let Some(&(until, subject)) = self.ends.first()
            && until <= time
        {
            self.remove(&subject);
        }
    }

    /// The entry that hits a person at `time`; of several, the one that ends last.
    pub fn find(&self, traces: &Traces, time: Timestamp) -> Option<&T> {
        if self.entries.is_empty() {
            return None;
        }
        let key = traces.key.map(Subject::Key);
        let program = traces.program.map(Subject::Program);
        let prefixes = traces.address.map(|address| {
            let networks = self.prefixes.keys();
            networks.filter_map(move |prefix| Network::new(address, *prefix))
        });
        let networks = prefixes.into_iter().flatten().flat_map(|network| {
            let guests = traces.key.is_none().then_some(Subject::Guests(network));
            guests.into_iter().chain([Subject::Network(network)])
        });
        let subjects = key.into_iter().chain(program).chain(networks);
        let entries = subjects.filter_map(|subject| self.entries.get(&subject));
        let standing = entries.filter(|entry| stands(entry.until(), time));
        standing.max_by_key(|entry| (entry.until().is_none(), entry.until()))
    }

    /// The entry of this subject, if it stands at `time`.
    pub fn get(&self, subject: &Subject, time: Timestamp) -> Option<&T> {
        let entry = self.entries.get(subject);
        entry.filter(|entry| stands(entry.until(), time))
    }

    /// All entries, those that have ended among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values()
    }

    /// The entries that stand at `time`.
    pub fn standing(&self, time: Timestamp) -> impl Iterator<Item = &T> {
        let entries = self.entries.values();
        entries.filter(move |entry| stands(entry.until(), time))
    }

    /// The entries that stand at `time`, behind this subject.
    pub fn standing_after(
        &self,
        after: Option<Subject>,
        time: Timestamp,
    ) -> impl Iterator<Item = &T> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let entries = self
            .entries
            .range((from, Unbounded))
            .map(|(_, entry)| entry);
        entries.filter(move |entry| stands(entry.until(), time))
    }
}

/// Whether a measure that ends at this time stands at `now`.
fn stands(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}

/// The length of the prefix by which a subject is looked up.
fn prefix_of(subject: &Subject) -> Option<u8> {
    match subject {
        Subject::Network(network) | Subject::Guests(network) => Some(network.prefix()),
        Subject::Key(_) | Subject::Program(_) => None,
    }
}

/// What a ban takes in JSON form, at most.
pub(super) fn bytes_of_ban(ban: &Ban) -> usize {
    let names = [&ban.of, &ban.by];
    let names = names.into_iter().flatten().map(|name| name.as_str().len());
    // Each character of a reason may be escaped.
    let reason = ban.reason.as_ref().map_or(0, |it| 2 * it.as_str().len());
    ENTRY_BYTES + names.sum::<usize>() + reason
}

/// What a mute takes in JSON form, at most.
pub(super) fn bytes_of_mute(mute: &Mute) -> usize {
    let by = mute.by.as_ref().map_or(0, |name| name.as_str().len());
    ENTRY_BYTES + mute.of.as_str().len() + by
}

/// The keys, the subject and two times.
const ENTRY_BYTES: usize = 220;
