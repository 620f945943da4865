//! The messages that the room has already, by the ids from their senders.
//!
//! A message that comes again after a lost connection must not become a second event. A
//! keyed hash of 64 bits stands for each id. Only the server knows the key, so a sender
//! cannot choose messages that collide; two collide with a chance of one in 2^64.
//!
//! A long id counts as random. It stands for one text of any program. The same id with
//! another text is another message: no sender may be told that a text is in the room if
//! it is not. A short id may be a counter, and other programs may count as well: it
//! stands for one text of one program ([`Owner`](crate::room::identity::Owner)).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

use crate::saved::{NoState, pack, unpack};

/// The hash of a message, in two halves, which make an entry smaller.
type Hash = [u32; 2];

/// The ids of the events that are held.
#[derive(Debug, Default)]
pub struct DedupIndex {
    /// Event numbers relative to `base`, so that an entry is 12 bytes: there can be as
    /// many entries as the history has lines.
    events: HashMap<Hash, u32, BuildHasherDefault<AsIs>>,
    base: u64,
    /// Events before this one are no longer held.
    first: u64,
    /// The number of entries at which those of dropped events are removed.
    clean_at: usize,
}

impl DedupIndex {
    /// The event of a message, if it is held.
    pub fn find(&self, hash: u64) -> Option<u64> {
        let seq = self.base + u64::from(*self.events.get(&halves(hash))?);
        (seq >= self.first).then_some(seq)
    }

    /// Adds a message, which is the event `seq`.
    pub fn insert(&mut self, hash: u64, seq: u64) {
        if self.events.is_empty() {
            self.base = seq;
        }
        if let Some(offset) = seq.checked_sub(self.base)
            && let Ok(offset) = u32::try_from(offset)
        {
            self.events.insert(halves(hash), offset);
        }
    }

    /// Events before `first` are no longer held.
    pub fn forget_before(&mut self, first: u64) {
        self.first = first;
        if self.events.len() >= self.clean_at.max(MIN_CLEAN) {
            let base = self.base;
            self.events
                .retain(|_, offset| base + u64::from(*offset) >= first);
            // At twice the number that is left: each entry is looked at about twice.
            self.clean_at = 2 * self.events.len();
        }
    }
}

/// An index as it is saved.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedIds {
    /// Each entry as the number of its event relative to `base`, and its hash; in order.
    events: String,
    base: u64,
    first: u64,
    clean_at: u64,
}

impl DedupIndex {
    pub(super) fn save(&self) -> SavedIds {
        let events = self.events.iter();
        let mut entries: Vec<Entry> = events.map(|(&hash, &offset)| (offset, hash)).collect();
        entries.sort_unstable();
        let bytes = entries.iter().flat_map(|&(offset, [low, high])| {
            [offset, low, high]
                .map(u32::to_le_bytes)
                .into_iter()
                .flatten()
        });
        SavedIds {
            events: pack(&bytes.collect::<Vec<_>>()),
            base: self.base,
            first: self.first,
            clean_at: self.clean_at as u64,
        }
    }

    /// The index of a room whose next event is `next`.
    pub(super) fn restore(saved: &SavedIds, next: u64) -> Result<Self, NoState> {
        let bytes = unpack(&saved.events)?;
        let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        let events: HashMap<Hash, u32, _> = entries.iter().map(entry_of).collect();
        let last = events.values().max();
        let is_before = |last: &u32| {
            let last = saved.base.checked_add((*last).into());
            last.is_some_and(|last| last < next)
        };
        let is_whole = rest.is_empty() && events.len() == entries.len();
        NoState::unless(is_whole && last.is_none_or(is_before), "ids of messages")?;
        Ok(Self {
            events,
            base: saved.base,
            first: saved.first,
            clean_at: usize::try_from(saved.clean_at).unwrap_or(usize::MAX),
        })
    }
}

type Entry = (u32, Hash);

const ENTRY_BYTES: usize = 12;

fn entry_of(bytes: &[u8; ENTRY_BYTES]) -> (Hash, u32) {
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    ([word(4), word(8)], word(0))
}

fn halves(hash: u64) -> Hash {
    [hash as u32, (hash >> 32) as u32]
}

/// Passes keys on, which are hashes already.
#[derive(Debug, Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 ^= hash;
    }

    fn write_usize(&mut self, _: usize) {
        // The length of the array, always the same.
    }
}

const MIN_CLEAN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_as_long_as_it_is_held() {
        let mut ids = DedupIndex::default();
        let [one, two] = [1 << 40 | 5, 2 << 40 | 5];
        ids.insert(one, 7);
        assert_eq!((ids.find(one), ids.find(two)), (Some(7), None));
        ids.insert(two, 8);
        assert_eq!((ids.find(one), ids.find(two)), (Some(7), Some(8)));
        ids.forget_before(8);
        assert_eq!((ids.find(one), ids.find(two)), (None, Some(8)));
    }

    #[test]
    fn what_is_not_held_any_more_is_dropped() {
        let mut ids = DedupIndex::default();
        let hash = |seq: u64| seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for seq in 1..100_000u64 {
            ids.insert(hash(seq), seq);
            ids.forget_before(seq.saturating_sub(1000));
            assert!(ids.events.len() <= MIN_CLEAN + 1);
        }
        let find = |seq: u64| ids.find(hash(seq));
        assert_eq!(find(99_999), Some(99_999));
        assert_eq!(find(98_999), Some(98_999));
        assert_eq!(find(98_998), None);
    }
}
