//! Numbers that no other client can foresee.

use std::hash::Hasher;
use std::io;

use chat_proto::event::MessageId;
use siphasher::sip::SipHasher24;

/// Random numbers: the keyed hash (SipHash-2-4) of a counter. Without the key of 128 bits,
/// which never leaves this program, earlier numbers tell nothing about the next ones.
///
/// It matters for the ids of messages, which all people in the room see. A client that
/// could foresee our next id could use it first, and our message would be dropped as a
/// second copy.
#[derive(Debug, Clone)]
pub struct Random {
    key: SipHasher24,
    count: u64,
}

impl Random {
    /// With a key from the system.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub fn new() -> io::Result<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self::with_key(&key))
    }

    /// With this key.
    pub fn with_key(key: &[u8; 16]) -> Self {
        Self {
            key: SipHasher24::new_with_key(key),
            count: 0,
        }
    }

    /// Others, for another purpose: the numbers of the one tell nothing about those of the
    /// other.
    pub fn split(&mut self) -> Self {
        let mut key = [0; 16];
        let (first, second) = key.split_at_mut(8);
        first.copy_from_slice(&self.number().to_le_bytes());
        second.copy_from_slice(&self.number().to_le_bytes());
        Self::with_key(&key)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.count += 1;
        let mut hasher = self.key;
        hasher.write(&self.count.to_le_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn marks_are_32_digits_and_never_the_same() {
        let mut one = Random::new().expect("a key");
        let mut other = one.split();
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

    /// The example of the paper on SipHash: key and text are the bytes from 0.
    #[test]
    fn numbers_are_siphash_2_4() {
        let mut random = Random::with_key(&std::array::from_fn(|at| at as u8));
        random.count = 0x0706_0504_0302_0100 - 1;
        assert_eq!(random.number(), 0x93f5_f579_9a93_2462);
    }

    #[test]
    fn each_start_has_a_key_of_its_own() {
        let number = || Random::new().expect("a key").number();
        assert_ne!(number(), number());
    }

    #[test]
    fn the_same_key_gives_the_same_numbers() {
        let mut one = Random::with_key(&[7; 16]);
        let mut other = one.clone();
        assert_eq!(one.message_id(), other.message_id());
    }

    #[test]
    fn fractions_are_spread() {
        let mut random = Random::new().expect("a key");
        let fractions: Vec<f64> = (0..1000).map(|_| random.fraction()).collect();
        assert!(fractions.iter().all(|part| (0.0..1.0).contains(part)));
        let low = fractions.iter().filter(|part| **part < 0.5).count();
        assert!((300..700).contains(&low), "{low} of 1000");
    }
}
