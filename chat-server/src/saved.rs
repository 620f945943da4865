//! The state of a room as bytes, for a server that begins where another one is: what all
//! parts of it have in common.
//!
//! Each type whose private parts are state has `save` and `restore` beside it, and
//! [`Room::save`](crate::room::apply::Room::save) and
//! [`Servers::save`](crate::sequencer::stream::servers::Servers::save) put them together. The
//! bytes are JSON. The same state gives the same bytes, at every server.
//!
//! Bytes are read as if a peer had sent them: what later code relies on is checked or made
//! anew, so that no bytes can end a server, neither here nor later.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use chat_proto::event::{RunId, Timestamp};
use chat_proto::name::Name;
use ssh_encoding::base64::{Base64, Encoding};

use crate::clock::Now;

/// Why bytes are no state, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoState(String);

impl NoState {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// This part of it breaks a rule.
    pub(crate) fn wrong(part: &str) -> Self {
        Self(format!("its {part} cannot be what a server has saved"))
    }

    /// An error unless this part of it is as it has to be.
    pub(crate) fn unless(is_right: bool, part: &str) -> Result<(), Self> {
        is_right.then_some(()).ok_or_else(|| Self::wrong(part))
    }
}

impl fmt::Display for NoState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoState {}

impl From<serde_json::Error> for NoState {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// A moment in the time of the room: milliseconds since 1970, and nanoseconds beyond them.
pub(crate) type Moment = (i64, u32);

/// What instants of this server are in the time of the room. Each server has other instants for
/// the same moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    /// A time of the room, and the instant that this server has for it.
    at: Now,
}

impl Moments {
    pub(crate) fn new(at: Now) -> Self {
        Self { at }
    }

    pub(crate) fn save(self, instant: Instant) -> Moment {
        let Now { time, instant: at } = self.at;
        let nanoseconds = |time: Duration| time.as_nanos() as i128;
        let since = match instant.checked_duration_since(at) {
            Some(later) => nanoseconds(later),
            None => -nanoseconds(at.saturating_duration_since(instant)),
        };
        let of_time = i128::from(time.unix_milliseconds()) * MILLISECOND;
        let all = of_time + since;
        let milliseconds = i64::try_from(all.div_euclid(MILLISECOND)).unwrap_or(i64::MAX);
        (milliseconds, all.rem_euclid(MILLISECOND) as u32)
    }

    /// The instant of a moment, to which [`HEADROOM`] can be added.
    pub(crate) fn restore(self, (milliseconds, beyond): Moment) -> Result<Instant, NoState> {
        let Now { time, instant: at } = self.at;
        let is_one = milliseconds.unsigned_abs() <= FARTHEST && i128::from(beyond) < MILLISECOND;
        let since = i128::from(milliseconds) - i128::from(time.unix_milliseconds());
        let since = since * MILLISECOND + i128::from(beyond);
        let distance = since.unsigned_abs();
        const SECOND: u128 = 1_000_000_000;
        let seconds = u64::try_from(distance / SECOND).map_err(|_| NoState::wrong("time"))?;
        let distance = Duration::new(seconds, (distance % SECOND) as u32);
        let instant = match since >= 0 {
            true => at.checked_add(distance),
            false => at.checked_sub(distance),
        };
        let instant = instant.filter(|instant| is_one && instant.checked_add(HEADROOM).is_some());
        instant.ok_or_else(|| NoState::wrong("time"))
    }
}

/// In nanoseconds.
const MILLISECOND: i128 = 1_000_000;

/// In milliseconds: some 20,000 years. Times end in the year 9999.
const FARTHEST: u64 = 20_000 * 366 * 24 * 60 * 60 * 1000;

/// More than the room ever adds to an instant: `u32::MAX` seconds of slow mode.
const HEADROOM: Duration = Duration::from_secs(200 * 366 * 24 * 60 * 60);

/// A number that is counted up, and has far to go before it overflows.
pub(crate) fn count(number: u64, part: &str) -> Result<u64, NoState> {
    NoState::unless(number <= u64::MAX / 4, part)?;
    Ok(number)
}

/// A name, exactly as it was saved.
pub(crate) fn name(text: &str) -> Result<Name, NoState> {
    let name = Name::parse(text).ok();
    let name = name.filter(|name| name.as_str() == text);
    name.ok_or_else(|| NoState::wrong("name"))
}

/// Names, each once.
pub(crate) fn names(texts: &[&str]) -> Result<BTreeSet<Name>, NoState> {
    let names: BTreeSet<Name> = texts.iter().map(|it| name(it)).collect::<Result<_, _>>()?;
    NoState::unless(names.len() == texts.len(), "names")?;
    Ok(names)
}

pub(crate) fn run(digits: &str) -> Result<RunId, NoState> {
    RunId::parse(digits).ok_or_else(|| NoState::wrong("run"))
}

pub(crate) fn time(text: &str) -> Result<Timestamp, NoState> {
    text.parse().map_err(|_| NoState::wrong("time"))
}

/// Bytes as text, for what there is much of.
pub(crate) fn pack(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The opposite of [`pack`].
pub(crate) fn unpack(text: &str) -> Result<Vec<u8>, NoState> {
    Base64::decode_vec(text).map_err(|_| NoState::wrong("packed part"))
}

/// Numbers as text, in their order.
pub(crate) fn pack_numbers(numbers: impl IntoIterator<Item = u64>) -> String {
    let bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
    pack(&bytes)
}

/// The opposite of [`pack_numbers`].
pub(crate) fn unpack_numbers(text: &str) -> Result<Vec<u64>, NoState> {
    let bytes = unpack(text)?;
    let (numbers, rest) = bytes.as_chunks::<8>();
    NoState::unless(rest.is_empty(), "packed part")?;
    Ok(numbers.iter().map(|it| u64::from_le_bytes(*it)).collect())
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::system_clock;

    proptest! {
        /// Two servers have other instants for the same moment, and the same bytes.
        #[test]
        fn a_moment_is_the_same_at_each_server(
            time in -1_000_000_000_000i64..100_000_000_000_000,
            away in -10_000_000_000_000_000_000i128..10_000_000_000_000_000_000,
            [one, other] in any::<[u32; 2]>(),
        ) {
            let all = i128::from(time) * MILLISECOND + away;
            let beyond = all.rem_euclid(MILLISECOND) as u32;
            let moment = (all.div_euclid(MILLISECOND) as i64, beyond);
            let now = system_clock::now();
            let moments = [one, other].map(|milliseconds| Moments::new(Now {
                instant: now.instant + Duration::from_millis(milliseconds.into()),
                ..now
            }));
            let instants = moments.map(|moments| moments.restore(moment).unwrap());
            prop_assert_eq!(moments[0].save(instants[0]), moment);
            prop_assert_eq!(moments[1].save(instants[1]), moment);
            let apart = i128::from(other) - i128::from(one);
            let [early, late] = match apart >= 0 {
                true => instants,
                false => [instants[1], instants[0]],
            };
            prop_assert_eq!(late.duration_since(early).as_millis(), apart.unsigned_abs());
        }
    }

    #[test]
    fn moments_out_of_reach_are_none() {
        let moments = Moments::new(system_clock::now());
        for moment in [
            (i64::MAX, 0),
            (i64::MIN, 0),
            (FARTHEST as i64 + 1, 0),
            (0, 1_000_000),
        ] {
            assert!(moments.restore(moment).is_err(), "{moment:?}");
        }
        assert!(moments.restore((FARTHEST as i64, 999_999)).is_ok());
    }
}
