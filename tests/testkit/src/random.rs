//! Random choices that can be made again.
//!
//! The seed is printed at the start, which the test harness shows only when
//! the test fails, and can be set by a variable.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;

/// The variable that sets the seed.
pub const SEED: &str = "CHAT_TEST_SEED";

/// A row of random numbers that its seed determines (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From the seed in the environment, or from a new one; prints it.
    ///
    /// What threads make of it still depends on when they run.
    #[track_caller]
    pub fn of_test() -> Self {
        let seed = match std::env::var(SEED) {
            Ok(text) => match text.parse() {
                Ok(seed) => seed,
                Err(_) => panic!("{SEED} is no number: {text:?}"),
            },
            Err(_) => RandomState::new().hash_one(0),
        };
        println!("random choices of this test: {SEED}={seed}");
        Self::new(seed)
    }

    /// From this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in this range.
    #[track_caller]
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        assert!(range.start < range.end, "there is none in {range:?}");
        range.start + self.number() % (range.end - range.start)
    }

    /// A number in this range, of each magnitude about as often as of another.
    #[track_caller]
    pub fn magnitude(&mut self, range: Range<u64>) -> u64 {
        let (low, high) = (range.start.max(1).ilog2(), range.end.ilog2());
        let bits = self.within(u64::from(low)..u64::from(high) + 1);
        let number = (1 << bits) + self.within(0..1 << bits);
        number.clamp(range.start, range.end - 1)
    }

    /// True once in so many times.
    #[track_caller]
    pub fn once_in(&mut self, times: u64) -> bool {
        self.within(0..times) == 0
    }

    /// Another row that this one determines.
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }

    /// An id for a message: 128 random bits.
    pub fn id(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_it_all() {
        let (mut one, mut other) = (Random::new(7), Random::new(7));
        assert_eq!(one.id(), other.id());
        assert_eq!(one.fork().number(), other.fork().number());
        assert_ne!(Random::new(8).id(), Random::new(7).id());
    }

    #[test]
    fn numbers_are_in_their_range() {
        let mut random = Random::new(1);
        let mut magnitudes = [0; 20];
        for _ in 0..10_000 {
            assert!((5..8).contains(&random.within(5..8)));
            let number = random.magnitude(3..300_000);
            assert!((3..300_000).contains(&number));
            magnitudes[number.ilog2() as usize] += 1;
        }
        assert!(magnitudes[1..18].iter().all(|&times| times > 200));
        assert_eq!(random.id().len(), 32);
    }
}
