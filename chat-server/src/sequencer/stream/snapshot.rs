//! Snapshots: all that the servers of a room have in common behind one entry of the stream,
//! as bytes. A server that comes later begins with one, and reads on from there.

use std::fmt;
use std::str::FromStr;

/// A snapshot.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is about.
    pub name: SnapshotName,
    /// The state.
    pub bytes: Vec<u8>,
}

/// It holds the key of the room.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({})", self.name)
    }
}

impl Snapshot {
    /// The longest one, in bytes: more than a room of a million people takes. Longer ones are
    /// not read.
    pub const MAX_BYTES: usize = 512 * 1024 * 1024;
}

/// What a snapshot is about. Those of later states are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotName {
    /// The last entry of the stream that is in it.
    pub entry: u64,
    /// The number of the first event that stands in it.
    pub first: u64,
    /// The number of the last event of the room.
    pub last: u64,
}

impl SnapshotName {
    /// Whether a server that begins with it can read on in a stream whose oldest entry is
    /// `oldest`.
    pub fn is_followed_from(&self, oldest: u64) -> bool {
        oldest <= self.entry + 1
    }

    /// Which of these a server begins with that has the events up to `own` already: the
    /// newest one that goes on from there without a gap, or else the oldest one, which
    /// leaves the smallest gap. A server without events takes the newest one.
    pub fn choose(names: &[Self], own: u64) -> Option<Self> {
        let newest = names.iter().max();
        let goes_on = |name: &&Self| name.first <= own + 1;
        let best = names.iter().filter(goes_on).max();
        match own {
            0 => newest.copied(),
            _ => best.or_else(|| names.iter().min()).copied(),
        }
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, first, last } = self;
        write!(f, "{entry}-{first}-{last}")
    }
}

/// Why a text names no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoName;

impl FromStr for SnapshotName {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let numbers: Result<Vec<u64>, _> = text.split('-').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[entry, first, last]) => Ok(Self { entry, first, last }),
            _ => Err(NoName),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(entry: u64, first: u64, last: u64) -> SnapshotName {
        SnapshotName { entry, first, last }
    }

    #[test]
    fn names_are_read_and_shown() {
        let one = name(12, 3, 45);
        assert_eq!(one.to_string(), "12-3-45");
        assert_eq!("12-3-45".parse(), Ok(one));
        for wrong in ["", "1-2", "1-2-3-4", "a-2-3", "1--3", "-1-2-3"] {
            assert_eq!(wrong.parse::<SnapshotName>(), Err(NoName), "{wrong}");
        }
    }

    #[test]
    fn a_snapshot_is_of_use_as_long_as_the_stream_goes_on_behind_it() {
        let names = [name(100, 1, 10), name(200, 11, 20), name(300, 21, 30)];
        for (oldest, expected) in [(0, 3), (1, 3), (101, 3), (102, 2), (301, 1), (302, 0)] {
            let useful = names.iter().filter(|name| name.is_followed_from(oldest));
            assert_eq!(useful.count(), expected, "{oldest}");
        }
    }

    #[test]
    fn a_server_begins_where_it_has_the_smallest_gap() {
        let names = [name(300, 21, 30), name(100, 1, 10), name(200, 11, 20)];
        for (own, expected) in [
            (0, 300),
            (5, 100),
            (10, 200),
            (19, 200),
            (20, 300),
            (99, 300),
        ] {
            let chosen = SnapshotName::choose(&names, own);
            assert_eq!(chosen.map(|it| it.entry), Some(expected), "{own}");
        }
        let chosen = SnapshotName::choose(&names[..1], 5);
        assert_eq!(chosen, Some(names[0]), "with a gap");
        assert_eq!(SnapshotName::choose(&[], 5), None);
    }
}
