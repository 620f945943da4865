//! Killed texts, which C-y and M-y bring back.

use std::collections::VecDeque;

use super::draft::MAX_DRAFT;

/// The kills, latest last.
#[derive(Debug, Default)]
pub(super) struct KillRing {
    kills: VecDeque<String>,
    bytes: usize,
}

/// On which side of the cursor a kill was: kills in a row become one text in
/// the order in which it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Behind,
}

impl KillRing {
    /// Keeps a kill. The oldest go when there are too many, but the latest is
    /// kept however long.
    pub(super) fn push(&mut self, text: String) {
        self.bytes += text.len();
        self.kills.push_back(text);
        self.trim();
    }

    /// Makes a kill a part of the latest.
    pub(super) fn extend(&mut self, text: &str, side: Side) {
        let Some(latest) = self.kills.back_mut() else {
            return self.push(text.to_owned());
        };
        match side {
            Side::Before => latest.insert_str(0, text),
            Side::Behind => latest.push_str(text),
        }
        self.bytes += text.len();
        self.trim();
    }

    /// The kill of that age, with the latest at 0. It is a ring: behind the
    /// oldest comes the latest again.
    pub(super) fn at(&self, age: usize) -> Option<&str> {
        let age = age.checked_rem(self.kills.len())?;
        self.kills.iter().nth_back(age).map(String::as_str)
    }

    fn trim(&mut self) {
        while self.kills.len() > MAX_KILLS || (self.bytes > MAX_BYTES && self.kills.len() > 1) {
            let oldest = self.kills.pop_front();
            self.bytes -= oldest.map_or(0, |kill| kill.len());
        }
    }
}

/// As many as a person looks through with M-y.
const MAX_KILLS: usize = 32;

/// Two of the longest drafts, so that a ring of pasted files stays small.
const MAX_BYTES: usize = 2 * MAX_DRAFT;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_ring() {
        let mut ring = KillRing::default();
        assert_eq!(ring.at(0), None);
        for kill in ["a", "b", "c"] {
            ring.push(kill.to_owned());
        }
        let ages = [0, 1, 2, 3].map(|age| ring.at(age).unwrap());
        assert_eq!(ages, ["c", "b", "a", "c"]);
    }

    #[test]
    fn it_is_bounded() {
        for count in [MAX_KILLS - 1, MAX_KILLS, MAX_KILLS + 1] {
            let mut ring = KillRing::default();
            (0..count).for_each(|kill| ring.push(kill.to_string()));
            assert_eq!(ring.kills.len(), count.min(MAX_KILLS));
            assert_eq!(ring.at(0), Some(&*(count - 1).to_string()));
        }
        for (length, left) in [
            (MAX_BYTES - 2, 2),
            (MAX_BYTES - 1, 2),
            (MAX_BYTES, 1),
            (MAX_BYTES + 1, 1),
        ] {
            let mut ring = KillRing::default();
            ring.push("x".to_owned());
            ring.push("y".repeat(length));
            assert_eq!(ring.kills.len(), left, "{length}");
            assert_eq!(
                ring.bytes,
                ring.kills.iter().map(String::len).sum::<usize>()
            );
        }
    }
}
