//! Which messages the room has already, by the ids that their senders gave.
//!
//! A message that comes again after a lost connection must not become a second
//! event. A keyed hash of 64 bits stands for each id. Only the server knows the key,
//! so another message is taken for this one with a chance of one in 2^64 for each
//! that is remembered.
//!
//! A long id counts as random. It stands for one text of any program: a second
//! message with the same id and another text is another message, so that no sender
//! is told that a text is in the room which is not. A short id is one that a
//! program counts up, and others may count as well: it stands for one text of
//! one program ([`Owner`](crate::room::identity::Owner)).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What a message is known by, in two halves: an entry is smaller so.
type Hash = [u32; 2];

/// The ids of the events that are held.
#[derive(Debug, Default)]
pub struct DedupIndex {
    /// Relative to `base`, so that an entry is 12 bytes: there can be as many
    /// as the history has lines.
    events: HashMap<Hash, u32, BuildHasherDefault<AsIs>>,
    base: u64,
    /// Events before this one are no longer held.
    first: u64,
    /// With so many entries those that are no longer held are dropped.
    clean_at: usize,
}

impl DedupIndex {
    /// The event that a message is, if it is held.
    pub fn find(&self, hash: u64) -> Option<u64> {
        let seq = self.base + u64::from(*self.events.get(&halves(hash))?);
        (seq >= self.first).then_some(seq)
    }

    /// Takes note of a message that is the event `seq`.
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
            // Twice as many as are held: each entry is looked at twice.
            self.clean_at = 2 * self.events.len();
        }
    }
}

fn halves(hash: u64) -> Hash {
    [hash as u32, (hash >> 32) as u32]
}

/// The key is a hash already.
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
