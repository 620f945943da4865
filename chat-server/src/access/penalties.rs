//! What wrong passwords cost the address that they come from.
//!
//! Each one costs some seconds. When they add up to 15 s, no password of that
//! address is tried until they have passed, and they add up to 10 minutes at most (as in
//! OpenSSH, `PerSourcePenalties`). Addresses of this machine count like all others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::access::source::Source;

/// The penalties of all addresses.
#[derive(Debug, Default)]
pub struct Penalties {
    of: HashMap<Source, Penalty>,
    /// That of the addresses for which there is no space: a flood of guesses from ever
    /// more addresses is slowed down as if it came from one.
    of_others: Option<Penalty>,
    /// When penalties that have passed were last dropped.
    swept: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Penalty {
    until: Instant,
    is_enforced: bool,
}

impl Penalties {
    /// A wrong password has come from this address.
    pub(super) fn add(&mut self, address: IpAddr, now: Instant) {
        let source = Source::of(address);
        if !self.of.contains_key(&source) && !self.has_space(now) {
            self.of_others = Some(Penalty::more(self.of_others, now));
            return;
        }
        let known = self.of.get(&source).copied();
        self.of.insert(source, Penalty::more(known, now));
    }

    /// Whether another address can be remembered. All of them are looked at for that, which
    /// takes a millisecond: not for every wrong password of a flood.
    fn has_space(&mut self, now: Instant) -> bool {
        let is_due = |swept: Instant| swept + SWEEP_EVERY <= now;
        if self.of.len() >= MAX_SOURCES && self.swept.is_none_or(is_due) {
            self.swept = Some(now);
            self.of.retain(|_, penalty| penalty.until > now);
        }
        self.of.len() < MAX_SOURCES
    }

    /// For how long no password of this address is tried; `None` if one is tried now.
    pub(super) fn left(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let known = self.of.get(&Source::of(address)).copied();
        let of_others = self.of_others.filter(|_| self.of.len() >= MAX_SOURCES);
        let penalty = known.or(of_others)?;
        let left = penalty.until.checked_duration_since(now)?;
        (penalty.is_enforced && !left.is_zero()).then_some(left)
    }
}

impl Penalty {
    fn more(known: Option<Self>, now: Instant) -> Self {
        let known = known.filter(|penalty| penalty.until > now);
        let begin = known.map_or(now, |penalty| penalty.until);
        let until = (begin + COST).min(now + MOST);
        Self {
            until,
            is_enforced: known.is_some_and(|penalty| penalty.is_enforced)
                || until >= now + ENFORCED_FROM,
        }
    }
}

/// What one wrong password costs.
const COST: Duration = Duration::from_secs(5);

/// What wrong passwords have to add up to before others are not tried.
const ENFORCED_FROM: Duration = Duration::from_secs(15);

/// What they can add up to.
const MOST: Duration = Duration::from_secs(600);

/// The time between two searches for penalties that have passed.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Addresses that are remembered.
const MAX_SOURCES: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn three_wrong_ones_at_once_are_enforced_and_pass() {
        let (mut penalties, now) = (Penalties::default(), Instant::now());
        let at = |seconds| now + Duration::from_secs(seconds);
        for left in [None, None, Some(Duration::from_secs(15))] {
            penalties.add(address(1), now);
            assert_eq!(penalties.left(address(1), now), left);
        }
        assert_eq!(penalties.left(address(2), now), None);
        assert!(penalties.left(address(1), at(14)).is_some());
        assert_eq!(penalties.left(address(1), at(15)), None);
        // Then it begins anew.
        penalties.add(address(1), at(15));
        assert_eq!(penalties.left(address(1), at(15)), None);
    }

    #[test]
    fn a_slow_person_is_not_kept_waiting() {
        let (mut penalties, now) = (Penalties::default(), Instant::now());
        for count in 0..20 {
            let now = now + Duration::from_secs(6) * count;
            penalties.add(address(1), now);
            assert_eq!(penalties.left(address(1), now), None);
        }
    }

    #[test]
    fn a_penalty_has_an_end() {
        let (mut penalties, now) = (Penalties::default(), Instant::now());
        for _ in 0..10_000 {
            penalties.add(address(1), now);
        }
        assert_eq!(penalties.left(address(1), now), Some(MOST));
    }

    #[test]
    fn addresses_without_number_take_no_memory_without_end() {
        let (mut penalties, now) = (Penalties::default(), Instant::now());
        for number in 0..100_000 {
            penalties.add(address(number), now);
        }
        assert_eq!(penalties.of.len(), MAX_SOURCES);
        assert!(penalties.left(address(99_999), now).is_some());
        assert_eq!(penalties.left(address(1), now), None);
        // When the time has passed there is space again.
        let later = now + MOST;
        penalties.add(address(99_999), later);
        assert_eq!(penalties.of.len(), 1);
        assert_eq!(penalties.left(address(99_998), later), None);
    }
}
