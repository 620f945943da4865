//! Numbers that no other client can foresee.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

use chat_proto::event::MessageId;

/// Random numbers: the keyed hash (SipHash) of a counter. Without the key of 128 bits,
/// which never leaves this program, earlier numbers tell nothing about the next ones.
///
/// It matters for the ids of messages, which all people in the room see. A client that
/// could foresee our next id could use it first, and our message would be dropped as a
/// second copy.
#[derive(Debug, Clone)]
pub struct Random {
    key: DefaultHasher,
    count: u64,
}

impl Random {
    /// With a key from the system.
    pub fn new() -> Self {
        Self::with_key(RandomState::new().build_hasher())
    }

    /// With this key, a hasher that nothing has been written to.
    pub fn with_key(key: DefaultHasher) -> Self {
        Self { key, count: 0 }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.count += 1;
        let mut hasher = self.key.clone();
        hasher.write_u64(self.count);
        hasher.finish()
    }

    /// The next number, as a part of one: 0 to just below 1.
    pub fn fraction(&mut self) -> f64 {
        // As many bits as the type holds exactly.
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The id of a message: 128 bits in 32 digits.
    pub fn message_id(&mut self) -> MessageId {
        let id = format!("{:016x}{:016x}", self.number(), self.number());
        MessageId::new(&id).expect("32 digits are a mark")
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn marks_are_32_digits_and_never_the_same() {
        let (mut one, mut other) = (Random::new(), Random::new());
        let ids: Vec<MessageId> = (0..500)
            .flat_map(|_| [one.message_id(), other.message_id()])
            .collect();
        for id in &ids {
            let id = id.as_str();
            assert_eq!(id.len(), 32);
            assert!(id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        // No half of one is a half of another, either: nothing in it counts.
        let halves = ids.iter().flat_map(|id| {
            let (first, second) = id.as_str().split_at(16);
            [first, second]
        });
        assert_eq!(halves.collect::<HashSet<_>>().len(), 2 * ids.len());
    }

    #[test]
    fn the_same_key_gives_the_same_numbers() {
        let mut one = Random::with_key(DefaultHasher::new());
        let mut other = one.clone();
        assert_eq!(one.message_id(), other.message_id());
    }

    #[test]
    fn fractions_are_spread() {
        let mut random = Random::new();
        let fractions: Vec<f64> = (0..1000).map(|_| random.fraction()).collect();
        assert!(fractions.iter().all(|part| (0.0..1.0).contains(part)));
        let low = fractions.iter().filter(|part| **part < 0.5).count();
        assert!((300..700).contains(&low), "{low} of 1000");
    }
}
