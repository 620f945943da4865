//! Identities on the wire: of a message, a room, a run of the server, and the program
//! behind a connection. To a reader all of them are opaque, and are compared as they are.

mod key;

use std::fmt;

pub use key::{Fingerprint, KeyId};

/// A mark that a program gives its message, to know it again when it comes
/// back: 1 to [`MessageId::MAX_BYTES`] visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// The longest mark, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// A mark of this length can hold 128 random bits. Such a mark counts as the only one
    /// of its kind in the room.
    pub const UNIQUE_BYTES: usize = 22;

    /// Takes a mark; `None` if it is none.
    pub fn new(id: &str) -> Option<Self> {
        is_mark(id).then(|| Self(id.into()))
    }

    /// The mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has [`MessageId::UNIQUE_BYTES`].
    pub fn is_unique(&self) -> bool {
        self.0.len() >= Self::UNIQUE_BYTES
    }
}

/// The identity of a room: 1 to 64 visible ASCII characters, and behind them
/// perhaps the run of the server that it is in.
///
/// The room itself stays the same over the restarts of its server. The welcome names the
/// run as well (`ROOM.RUN`), so that a number that a program saw can be told from the
/// same number of another run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomId(Box<str>);

impl RoomId {
    /// Takes an identity; `None` if it is none.
    pub fn new(id: &str) -> Option<Self> {
        is_mark(without_run(id)).then(|| Self(id.into()))
    }

    /// The identity.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This room in a run of its server.
    pub fn in_run(&self, run: RunId) -> Self {
        Self(format!("{}.{run}", self.0).into())
    }

    /// If `other` is this room, in whichever run: that run. A room that names
    /// none is one from before there were runs.
    pub fn run_in(&self, other: &Self) -> Option<Option<RunId>> {
        let run = other.0.strip_prefix(&*self.0)?;
        match run.strip_prefix('.') {
            Some(run) => RunId::parse(run).map(Some),
            None => run.is_empty().then_some(None),
        }
    }

    /// Whether both are the same room, if perhaps in different runs.
    pub fn is_same_room(&self, other: &Self) -> bool {
        without_run(&self.0) == without_run(&other.0)
    }
}

fn without_run(id: &str) -> &str {
    match id.rsplit_once('.') {
        Some((room, run)) if RunId::parse(run).is_some() => room,
        _ => id,
    }
}

fn is_mark(text: &str) -> bool {
    (1..=MessageId::MAX_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A run of a server, from its start to its end: on the wire 16 hexadecimal
/// digits. Runs are in the order in which they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(u64);

impl RunId {
    /// A run that began so many milliseconds after 1970-01-01T00:00:00Z. The
    /// `random` bits, of which some are taken, tell it from another one that
    /// began in the same millisecond on a copy of the history.
    pub fn new(milliseconds: u64, random: u64) -> Self {
        Self(milliseconds << RANDOM_BITS | random & ((1 << RANDOM_BITS) - 1))
    }

    /// The time of its beginning, as in [`RunId::new`].
    pub fn milliseconds(self) -> u64 {
        self.0 >> RANDOM_BITS
    }

    /// All of it, as a number.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(digits: &str) -> Option<Self> {
        sixteen_digits(digits).map(Self)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The other 44 bits of a run are enough until the year 2527.
const RANDOM_BITS: u32 = 20;

/// The server's note in an event, from which it knows after a restart which
/// program the event is of. Without the server's key it tells nothing. On the wire
/// 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u64);

impl Tag {
    /// A tag of these bits.
    pub fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// Those bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(digits: &str) -> Option<Self> {
        sixteen_digits(digits).map(Self)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

fn sixteen_digits(digits: &str) -> Option<u64> {
    let is_one = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = u64::from_str_radix(digits, 16).ok();
    bits.filter(|_| is_one)
}

/// A secret of the server and one program. A program that says it at its hello is the one
/// that got it in a welcome. 128 bits that cannot be guessed, on the wire 32 hexadecimal
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret([u8; 16]);

impl Secret {
    /// A secret of these bits, which are to be random.
    pub fn new(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// Those bits.
    pub fn bits(&self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// Reads what [`Secret::to_digits`] wrote.
    pub fn parse(digits: &str) -> Option<Self> {
        let is_one = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u128::from_str_radix(digits, 16).ok();
        bits.filter(|_| is_one).map(Self::new)
    }

    /// Its form on the wire. Do not show it.
    pub fn to_digits(self) -> String {
        format!("{:032x}", self.bits())
    }
}

/// Secrets do not get into logs.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_room_is_the_same_in_each_of_its_runs(
            id in "[!-~]{1,64}",
            other in "[!-~]{1,64}",
            [one, two] in any::<[u64; 2]>(),
        ) {
            let [Some(room), Some(other)] = [id, other].map(|id| RoomId::new(&id)) else {
                return Ok(());
            };
            prop_assert_eq!(room.run_in(&room), Some(None));
            for run in [RunId(one), RunId(two)] {
                let wire = room.in_run(run);
                // It can be said on the wire, and is what was said.
                prop_assert_eq!(RoomId::new(wire.as_str()), Some(wire.clone()));
                prop_assert_eq!(room.run_in(&wire), Some(Some(run)));
                prop_assert!(wire.is_same_room(&room));
                prop_assert!(wire.is_same_room(&room.in_run(RunId(one))));
                let differs = !other.as_str().starts_with(room.as_str());
                prop_assert!(!differs || room.run_in(&other.in_run(run)).is_none());
            }
        }

        #[test]
        fn runs_are_in_the_order_of_their_beginnings(
            [early, late] in [0u64..1 << 43, 0..1 << 43],
            random in any::<[u64; 2]>(),
        ) {
            let [one, two] = [RunId::new(early, random[0]), RunId::new(late, random[1])];
            prop_assert!(early == late || (one < two) == (early < late));
            prop_assert_eq!(one.milliseconds(), early);
            prop_assert_eq!(RunId::parse(&one.to_string()), Some(one));
        }
    }

    #[test]
    fn what_is_no_run_belongs_to_the_room() {
        let room = RoomId::new("a.b").unwrap();
        assert!(!room.is_same_room(&RoomId::new("a").unwrap()));
        assert_eq!(room.run_in(&RoomId::new("a.b.").unwrap()), None);
        assert_eq!(room.run_in(&RoomId::new("a.b.0123").unwrap()), None);
        assert_eq!(room.run_in(&RoomId::new("a.bc").unwrap()), None);
        let long = RoomId::new(&"x".repeat(64)).unwrap();
        assert!(RoomId::new(long.in_run(RunId(7)).as_str()).is_some());
        assert_eq!(RoomId::new(&"x".repeat(65)), None);
    }
}
