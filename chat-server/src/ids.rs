//! Which messages the room has already, by the ids that their senders gave.
//!
//! A message that comes again after a lost connection must not become a second
//! event. What is remembered of an id is a keyed hash of 64 bits: nobody
//! outside knows the key, so that another message is taken for this one with a
//! chance of one in 2^64 for each that is remembered.
//!
//! An id that is too short to be random is one that a program counts up, and
//! others may count as well: it stands only for the same text by the same
//! person.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use chat_proto::event::MessageId;

/// What a message is known by, in two halves.
pub type Key = [u32; 2];

/// The ids of the events that are held.
#[derive(Debug, Default)]
pub struct Ids {
    key: RandomState,
    /// Relative to `base`, so that an entry is 12 bytes: there can be as many
    /// as the history has lines.
    events: HashMap<Key, u32, BuildHasherDefault<AsIs>>,
    base: u64,
    /// Events before this one are no longer held.
    first: u64,
    /// With so many entries those that are no longer held are dropped.
    clean_at: usize,
}

impl Ids {
    /// The event that a message is, if it is held.
    pub fn find(&self, key: Key) -> Option<u64> {
        let seq = self.base + u64::from(*self.events.get(&key)?);
        (seq >= self.first).then_some(seq)
    }

    /// Takes note of a message that is the event `seq`.
    pub fn insert(&mut self, key: Key, seq: u64) {
        if self.events.is_empty() {
            self.base = seq;
        }
        if let Some(offset) = seq.checked_sub(self.base)
            && let Ok(offset) = u32::try_from(offset)
        {
            self.events.insert(key, offset);
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

    /// The key of the message `text` with this id, by somebody of this name.
    pub fn key(&self, id: &str, name: &str, text: &str) -> Key {
        let unique = id.len() >= MessageId::UNIQUE_BYTES;
        let hash = match unique {
            true => self.key.hash_one(id),
            false => self.key.hash_one((id, name, text)),
        };
        [hash as u32, (hash >> 32) as u32]
    }
}

/// The key is a hash already.
#[derive(Debug, Default)]
struct AsIs(u64);

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

    fn write_usize(&mut self, _: usize) {
        // The length of the array, always the same.
    }
}

const MIN_CLEAN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(ids: &mut Ids, id: &str, name: &str, text: &str, seq: u64) {
        ids.insert(ids.key(id, name, text), seq);
    }

    fn find(ids: &Ids, id: &str, name: &str, text: &str) -> Option<u64> {
        ids.find(ids.key(id, name, text))
    }

    #[test]
    fn a_message_is_known_again() {
        let mut ids = Ids::default();
        let long = "0123456789abcdef012345";
        insert(&mut ids, long, "ann", "hi", 7);
        insert(&mut ids, "1", "ann", "hi", 8);
        assert_eq!(find(&ids, long, "ann", "hi"), Some(7));
        assert_eq!(find(&ids, long, "ann-2", "something else"), Some(7));
        assert_eq!(find(&ids, "1", "ann", "hi"), Some(8));
        // Somebody else counts their messages, too.
        assert_eq!(find(&ids, "1", "bo", "hi"), None);
        assert_eq!(find(&ids, "1", "ann", "ho"), None);
        assert_eq!(find(&ids, "2", "ann", "hi"), None);
        ids.forget_before(8);
        assert_eq!(find(&ids, long, "ann", "hi"), None);
        assert_eq!(find(&ids, "1", "ann", "hi"), Some(8));
    }

    #[test]
    fn what_is_not_held_any_more_is_dropped() {
        let mut ids = Ids::default();
        for seq in 1..100_000u64 {
            insert(&mut ids, &seq.to_string(), "ann", "x", seq);
            ids.forget_before(seq.saturating_sub(1000));
            assert!(ids.events.len() <= MIN_CLEAN + 1);
        }
        let find = |seq: u64| find(&ids, &seq.to_string(), "ann", "x");
        assert_eq!(find(99_999), Some(99_999));
        assert_eq!(find(98_999), Some(98_999));
        assert_eq!(find(98_998), None);
    }
}
