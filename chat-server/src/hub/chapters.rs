//! Chapters of a room that several servers share.
//!
//! Each server keeps as much of the history as it wants, and yet all of them are to tell the
//! same events. So no server decides by itself where the room is opened anew, or which
//! messages it forgets: both follow from the events alone. When those behind the last opening
//! come to so many bytes a chapter ends, and the next one begins with an opening. A file of a
//! history begins where a chapter does, and a server that comes later begins its history
//! there, too.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::saved::count;

/// How far the chapter has come, and where it and those before it begin. It is part of what
/// the servers share, and does not depend on what one of them keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Chapters {
    /// The bytes of the events behind the opening, in JSON form as they were when they
    /// happened.
    counted: u64,
    /// The first events of the last chapters, the newest last.
    first: VecDeque<u64>,
}

/// The same for a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Saved {
    counted: u64,
    first: Vec<u64>,
}

/// Numbers that cannot be those of chapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoChapters;

impl Chapters {
    /// The first event of the chapter; `None` before the first one.
    pub fn first(&self) -> Option<u64> {
        self.first.back().copied()
    }

    /// Whether a chapter of about `size` bytes is over, or none has begun.
    pub(super) fn is_due(&self, size: u64) -> bool {
        self.first.is_empty() || self.counted >= size
    }

    /// An event of so many bytes has happened.
    pub(super) fn count(&mut self, bytes: u64) {
        self.counted += bytes;
    }

    /// A chapter begins with the event `first`, and its opening has happened. Returns the
    /// first event of the oldest chapter whose messages are still known, if there are older
    /// ones.
    pub(super) fn begin(&mut self, first: u64) -> Option<u64> {
        self.counted = 0;
        let oldest = match self.first.len() < KNOWN {
            true => None,
            false => self.first.pop_front(),
        };
        self.first.push_back(first);
        oldest
    }
}

impl From<Chapters> for Saved {
    fn from(Chapters { counted, first }: Chapters) -> Self {
        let first = first.into();
        Self { counted, first }
    }
}

impl TryFrom<Saved> for Chapters {
    type Error = NoChapters;

    fn try_from(Saved { counted, first }: Saved) -> Result<Self, NoChapters> {
        let is_in_order = first.is_sorted_by(|one, next| one < next);
        let begins = first.first().is_none_or(|first| *first > 0);
        let numbers = first.last().into_iter().chain([&counted]);
        let are_counts = numbers.copied().all(|it| count(it, "chapters").is_ok());
        match is_in_order && begins && are_counts && first.len() <= KNOWN {
            true => Ok(Self {
                counted,
                first: first.into(),
            }),
            false => Err(NoChapters),
        }
    }
}

impl fmt::Display for NoChapters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these are not the first events of chapters")
    }
}

impl std::error::Error for NoChapters {}

/// How large a chapter is, in bytes of JSON, but for its opening: so small that a server which
/// comes later has read it soon, and holds it in memory.
pub const CHAPTER_BYTES: u64 = 4 * 1024 * 1024;

/// So many chapters before the current one, the messages are known by their ids when they are
/// sent again.
const KNOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapter_begins_when_the_one_before_it_is_full() {
        let mut chapters = Chapters::default();
        assert!(chapters.is_due(100));
        assert_eq!((chapters.begin(1), chapters.first()), (None, Some(1)));
        chapters.count(99);
        assert!(!chapters.is_due(100));
        chapters.count(1);
        assert!(chapters.is_due(100));
        let forgotten: Vec<_> = (2..=10).map(|number| chapters.begin(number * 10)).collect();
        assert_eq!(forgotten[..7], [None; 7]);
        assert_eq!(forgotten[7..], [Some(1), Some(20)]);
        assert!(!chapters.is_due(100));
    }

    #[test]
    fn they_are_saved_and_read_back() {
        let mut chapters = Chapters::default();
        for first in 1..20 {
            chapters.begin(first * 7);
            chapters.count(first);
            let saved = serde_json::to_string(&chapters).unwrap();
            assert_eq!(serde_json::from_str::<Chapters>(&saved).unwrap(), chapters);
        }
        let far = format!("{{\"counted\":{},\"first\":[1]}}", u64::MAX);
        assert!(serde_json::from_str::<Chapters>(&far).is_err());
        for bad in [
            "[18446744073709551615]",
            "[0]",
            "[2,2]",
            "[3,2]",
            "[1,2,3,4,5,6,7,8,9]",
            "[-1]",
        ] {
            let saved = format!("{{\"counted\":1,\"first\":{bad}}}");
            assert!(serde_json::from_str::<Chapters>(&saved).is_err(), "{bad}");
        }
    }
}
