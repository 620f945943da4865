//! Who waits at the entry, and for how long: limits and deadlines, without a socket and
//! without a clock.
//!
//! A connection is held until its first byte tells whether it is TLS, or until it has been
//! silent for so long that it is none. Then it may shake hands.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crate::access::source::Source;
use crate::net::admission::MOST_PER_ADDRESS;

/// The connections at the entry, by numbers that grow: the first one has come first.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// When each of those came that have said nothing.
    held: BTreeMap<usize, Instant>,
    shaking: BTreeMap<usize, Shaking>,
    /// How many of those come from each address that is limited.
    from: HashMap<Source, usize>,
}

/// A connection that shakes hands.
#[derive(Debug)]
struct Shaking {
    came: Instant,
    source: Option<Source>,
}

/// What is to be done with a connection because time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It has been silent: unless it has said something just now, it is plain.
    Silent(usize),
    /// Its handshake takes too long.
    TooLong(usize),
}

/// Why a connection may not shake hands: there are too many from its address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Rules {
    /// A connection has come, and has said nothing.
    pub(super) fn hold(&mut self, number: usize, came: Instant) {
        self.held.insert(number, came);
    }

    /// A connection that came then has begun TLS, from a limited address if there is a
    /// `source`.
    pub(super) fn begin(
        &mut self,
        number: usize,
        came: Instant,
        source: Option<Source>,
    ) -> Result<(), TooMany> {
        self.held.remove(&number);
        if let Some(source) = source {
            let from = self.from.entry(source).or_default();
            if *from >= MOST_PER_ADDRESS {
                return Err(TooMany);
            }
            *from += 1;
        }
        self.shaking.insert(number, Shaking { came, source });
        Ok(())
    }

    /// A connection is no longer here.
    pub(super) fn leave(&mut self, number: usize) {
        self.held.remove(&number);
        if let Some(Shaking { source, .. }) = self.shaking.remove(&number)
            && let Some(source) = source
            && let Some(from) = self.from.get_mut(&source)
        {
            *from -= 1;
            if *from == 0 {
                self.from.remove(&source);
            }
        }
    }

    /// What is due first. One that is silent is no longer held then.
    pub(super) fn next_due(&mut self, now: Instant) -> Option<Due> {
        if let Some((&number, came)) = self.held.first_key_value()
            && *came + HOLD_FOR <= now
        {
            self.held.remove(&number);
            return Some(Due::Silent(number));
        }
        let patience = self.patience();
        let (number, first) = self.shaking.first_key_value()?;
        (first.came + patience <= now).then_some(Due::TooLong(*number))
    }

    /// When something is due, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let held = self.held.first_key_value();
        let held = held.map(|(_, came)| *came + HOLD_FOR);
        let shaking = self.shaking.first_key_value();
        let shaking = shaking.map(|(_, one)| one.came + self.patience());
        held.into_iter().chain(shaking).min()
    }

    /// How long a handshake may take. When no other connection could come in, a peer that
    /// stalls makes room sooner.
    fn patience(&self) -> Duration {
        match self.held.len() + self.shaking.len() >= MOST {
            true => SHAKE_IN_A_CROWD,
            false => SHAKE_WITHIN,
        }
    }
}

/// How long a peer may be silent before it is greeted without TLS.
pub(super) const HOLD_FOR: Duration = Duration::from_millis(100);

/// How long a handshake may take, from accept.
pub(super) const SHAKE_WITHIN: Duration = Duration::from_secs(10);

/// The same while [`MOST`] connections wait.
pub(super) const SHAKE_IN_A_CROWD: Duration = Duration::from_secs(2);

/// Connections at the entry; others wait in the system's queue.
pub(super) const MOST: usize = 1024;

/// Steps of handshakes in one round. One costs up to 0.3 ms, and all the others wait.
pub(super) const STEPS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn source(last: u8) -> Option<Source> {
        Some(Source::V4([192, 0, 2, last]))
    }

    #[test]
    fn a_silent_peer_is_held_for_a_tenth_of_a_second() {
        let mut rules = Rules::default();
        let start = Instant::now();
        rules.hold(1, start);
        rules.hold(2, start + MILLISECOND);
        assert_eq!(rules.deadline(), Some(start + HOLD_FOR));
        assert_eq!(rules.next_due(start + HOLD_FOR - MILLISECOND), None);
        assert_eq!(rules.next_due(start + HOLD_FOR), Some(Due::Silent(1)));
        assert_eq!(rules.next_due(start + HOLD_FOR), None);
        // One that speaks in time is not due.
        rules.leave(2);
        assert_eq!(rules.next_due(start + 2 * HOLD_FOR), None);
        assert_eq!(rules.deadline(), None);
    }

    /// The time counts from accept, however long a peer was silent, and however slowly
    /// it says something.
    #[test]
    fn a_handshake_has_ten_seconds() {
        let mut rules = Rules::default();
        let start = Instant::now();
        rules.hold(1, start);
        rules.begin(1, start, source(1)).unwrap();
        assert_eq!(rules.deadline(), Some(start + SHAKE_WITHIN));
        assert_eq!(rules.next_due(start + SHAKE_WITHIN - MILLISECOND), None);
        let due = Some(Due::TooLong(1));
        assert_eq!(rules.next_due(start + SHAKE_WITHIN), due);
        rules.leave(1);
        assert_eq!(rules.next_due(start + SHAKE_WITHIN), None);
        assert!(rules.from.is_empty());
    }

    #[test]
    fn one_address_has_few_handshakes() {
        let mut rules = Rules::default();
        let start = Instant::now();
        let mut begin = |number, source| rules.begin(number, start, source);
        for number in 0..MOST_PER_ADDRESS {
            assert_eq!(begin(number, source(1)), Ok(()));
        }
        assert_eq!(begin(100, source(1)), Err(TooMany));
        assert_eq!(begin(101, source(2)), Ok(()));
        for number in 0..2 * MOST_PER_ADDRESS {
            assert_eq!(begin(200 + number, None), Ok(()));
        }
        // A refused one counts nowhere.
        rules.leave(100);
        assert_eq!(rules.begin(100, start, source(1)), Err(TooMany));
        rules.leave(7);
        assert_eq!(rules.begin(100, start, source(1)), Ok(()));
    }

    /// Peers that stall do not keep the others out for ten seconds.
    #[test]
    fn in_a_crowd_a_handshake_has_less_time() {
        let mut rules = Rules::default();
        let start = Instant::now();
        for number in 0..MOST - 1 {
            rules.begin(number, start, None).unwrap();
        }
        assert_eq!(rules.deadline(), Some(start + SHAKE_WITHIN));
        assert_eq!(rules.next_due(start + SHAKE_IN_A_CROWD), None);
        let late = start + SHAKE_IN_A_CROWD;
        rules.hold(MOST, late);
        assert_eq!(rules.deadline(), Some(late));
        assert_eq!(rules.next_due(late), Some(Due::TooLong(0)));
        rules.leave(0);
        // There is space again.
        assert_eq!(rules.next_due(late), None);
    }
}
