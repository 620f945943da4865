//! The events whose texts were erased, in this run of the server.
//!
//! A line cannot be replaced where it lies while readers stand before its end: they are sent
//! the bytes of the log as they are. So it is done in two steps. At once all readers that
//! stand there are moved behind the event, as when the log is cut: what lies between becomes
//! the past ([`Replay`](super::replay::Replay)), and each page of the past is filled with the
//! lines as they are without the texts ([`Erasures::line`]), wherever they come from. Only
//! the rest of a line that was begun is still sent as it was. When no reader is left there,
//! the lines are replaced where they lie ([`Log`](super::log::Log), and the files of the
//! history).
//!
//! An erased event stays in the list, because a piece of a file that has been read for a
//! reader may still hold its text, and so may a file that cannot be changed.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::event::{MessageId, SpeechKind, Tag};
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_proto::text::Text;

use crate::room::identity::Key;

/// The erased events, by their numbers.
#[derive(Debug)]
pub struct Erasures {
    key: Key,
    all: BTreeMap<u64, Eraser>,
    /// Those before whose ends readers may stand.
    waiting: BTreeSet<u64>,
    /// Those that are to be replaced in the files of the history.
    ready: BTreeSet<u64>,
}

/// Takes the text out of the line of one event.
#[derive(Debug, Clone)]
pub struct Eraser {
    key: Key,
    /// The person who had it erased; `None` is the operator of the server.
    by: Option<Name>,
}

impl Eraser {
    /// The line without its text. `None` if there is nothing to erase: it was erased
    /// before, or nothing is said in it.
    pub fn erase(&self, line: &[u8]) -> Option<Vec<u8>> {
        let line = str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        json_form::erase(line, self.by.as_ref(), tag_of(&self.key))
    }
}

/// Whether two lines are of one event of a room with this key. In one of them, or in both, the
/// text may be erased.
pub fn are_same(key: &Key, one: &[u8], other: &[u8]) -> bool {
    let becomes = |line: &[u8], erased: &[u8]| {
        let lines = str::from_utf8(line).ok().zip(str::from_utf8(erased).ok());
        lines.is_some_and(|(line, erased)| json_form::becomes(line, erased, tag_of(key)))
    };
    one == other || becomes(one, other) || becomes(other, one)
}

fn tag_of(key: &Key) -> impl FnOnce(SpeechKind, &MessageId, &Text) -> Option<Tag> {
    |kind, id, text| key.tag_of_unique(kind, id, text.as_str())
}

impl Erasures {
    /// None yet, in a room with this key.
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            all: BTreeMap::new(),
            waiting: BTreeSet::new(),
            ready: BTreeSet::new(),
        }
    }

    /// The text of an event is erased. Nothing changes if it was erased before.
    pub(super) fn add(&mut self, seq: u64, by: Option<Name>) {
        let key = self.key;
        self.all.entry(seq).or_insert_with(|| {
            self.waiting.insert(seq);
            Eraser { key, by }
        });
    }

    /// Whether the text of an event was erased.
    pub(super) fn contains(&self, seq: u64) -> bool {
        self.all.contains_key(&seq)
    }

    /// The line of an event as it is now, if `line` still has the text that was erased.
    pub fn line(&self, seq: u64, line: &[u8]) -> Option<Vec<u8>> {
        self.all.get(&seq)?.erase(line)
    }

    /// The first one before whose end readers may stand.
    pub(super) fn first_waiting(&self) -> Option<u64> {
        self.waiting.first().copied()
    }

    /// The last one up to the event `seq` before whose end readers may stand.
    pub(super) fn last_waiting(&self, seq: u64) -> Option<u64> {
        self.waiting.range(..=seq).next_back().copied()
    }

    /// No reader stands before the end of the first one any more.
    pub(super) fn pass_first(&mut self, then: Then) {
        if let Some(seq) = self.waiting.pop_first()
            && then == Then::InFiles
        {
            self.ready.insert(seq);
        }
    }

    /// Those that are to be replaced in the files of the history.
    pub(super) fn ready(&self) -> impl Iterator<Item = (u64, &Eraser)> {
        self.ready.iter().map(|seq| (*seq, &self.all[seq]))
    }

    /// Nothing is left to do in the files for an event.
    pub(super) fn done(&mut self, seq: u64) {
        self.ready.remove(&seq);
    }

    /// Events before `first` are no longer held.
    pub(super) fn forget_before(&mut self, first: u64) {
        while let Some(entry) = self.all.first_entry()
            && *entry.key() < first
        {
            let seq = entry.remove_entry().0;
            self.waiting.remove(&seq);
            self.ready.remove(&seq);
        }
    }
}

/// Where a line is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// In memory, where all that is held is.
    InMemory,
    /// In the files of the history, and then in memory.
    InFiles,
}

#[cfg(test)]
mod tests;
