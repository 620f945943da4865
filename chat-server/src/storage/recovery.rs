//! Reading a history back: which lines are its events, and where it ends. What the
//! events mean is known to the room ([`Rebuild`]). Pure.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use chat_proto::event::{RoomId, Timestamp};
use chat_proto::json_form::{Record, Recorded};
use chat_proto::moderation::MeasureKind;
use chat_proto::name::Name;

use crate::room::apply::Before;
use crate::room::rebuild::Rebuild;
use crate::timeline::log::{CHUNK, Log, ORIGIN};
use crate::timeline::replay::SOURCE;

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Recovery {
    /// The newest events, as many as are kept in memory.
    pub(super) json: Log,
    rebuild: Rebuild,
    /// The events without their texts,
    erased: HashSet<u64>,
    /// and those that are still to be erased.
    unfinished: Unfinished,
    capacity: u64,
    trimmed: u64,
}

/// Events whose texts were erased, but not in the files, and who did it.
pub(super) type Unfinished = BTreeMap<u64, Option<Name>>;

/// Why a line is not the next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// It is no event at all.
    NotAnEvent,
    /// It is another event.
    WrongNumber {
        /// That which should come.
        expected: u64,
        /// That which it is.
        found: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnEvent => f.write_str("it is no event of chat/1"),
            Self::WrongNumber { expected, found } => {
                write!(f, "event {expected} should come, and it is event {found}")
            }
        }
    }
}

impl Recovery {
    /// No line yet; `capacity` bytes are to be kept in memory. The events go to
    /// `rebuild`.
    pub(super) fn new(rebuild: Rebuild, capacity: u64) -> Self {
        Self {
            json: Log::new(capacity, ORIGIN, 1),
            rebuild,
            erased: HashSet::new(),
            unfinished: Unfinished::new(),
            capacity,
            trimmed: ORIGIN,
        }
    }

    /// Takes a line, with its end.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Damage> {
        let record = parse(line).ok_or(Damage::NotAnEvent)?;
        let expected = self.json.next();
        if self.json.head() == ORIGIN {
            // The oldest files may have been dropped: it begins anywhere.
            self.json = Log::new(self.capacity, ORIGIN, record.seq);
        } else if record.seq != expected {
            let found = record.seq;
            return Err(Damage::WrongNumber { expected, found });
        }
        let seq = record.seq;
        self.note_erased(&record);
        self.rebuild.event(record);
        let place = self.json.append(|out| out.extend_from_slice(line));
        self.json.hide_private_part(seq, place.start);
        if self.json.head() >= self.trimmed + CHUNK as u64 {
            self.trimmed = self.json.head();
            self.json.trim(self.json.trim_point(u64::MAX));
        }
        Ok(())
    }

    /// Takes a line, with its end, before which some are missing. It begins at
    /// `position`, and is the first one that is kept in memory.
    pub(super) fn line_behind_gap(&mut self, line: &[u8], position: u64) -> Result<(), Damage> {
        let record = parse(line).ok_or(Damage::NotAnEvent)?;
        let (expected, found) = (self.json.next(), record.seq);
        if found < expected {
            return Err(Damage::WrongNumber { expected, found });
        }
        self.json = Log::new(self.capacity, position, found);
        self.line(line)
    }

    /// An event that tells of an erasure stands behind the event that it is of.
    fn note_erased(&mut self, record: &Record<'_>) {
        if record.is_erased {
            self.erased.insert(record.seq);
        }
        if let Recorded::Measure { measure, .. } = &record.what
            && let MeasureKind::Erased { target, .. } = measure.kind
            && !self.erased.contains(&target)
        {
            let by = || measure.by.clone();
            self.unfinished.entry(target).or_insert_with(by);
        }
    }

    /// The number of the last event, if there is one.
    pub(super) fn last(&self) -> Option<u64> {
        (self.json.head() > ORIGIN).then(|| self.json.next() - 1)
    }

    /// Which room it is.
    pub(super) fn room(&self) -> &RoomId {
        self.rebuild.room()
    }

    /// What is still to be erased. To be asked when all is read.
    pub(super) fn take_unfinished(&mut self) -> Unfinished {
        std::mem::take(&mut self.unfinished)
    }

    /// What the room goes on with in its next run, which begins at `time`, and the
    /// newest events.
    pub(super) fn finish(self, time: Timestamp) -> (Before, Log) {
        (self.rebuild.finish(time), self.json)
    }
}

/// Whether a line is an event, of whatever number.
pub(super) fn is_event(line: &[u8]) -> bool {
    parse(line).is_some()
}

/// The number of the event that a line is, if it is one.
pub(super) fn seq_of(line: &[u8]) -> Option<u64> {
    parse(line).map(|record| record.seq)
}

/// Whether a line is an event that opens this room.
pub(super) fn is_opening_of(line: &[u8], room: &RoomId) -> bool {
    let what = parse(line).map(|record| record.what);
    matches!(what, Some(Recorded::Room { room: Some(named), .. }) if named == *room)
}

fn parse(line: &[u8]) -> Option<Record<'_>> {
    if line.len() > SOURCE {
        return None;
    }
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    Record::parse(line)
        .ok()
        .filter(|record| (1..MAX_SEQ).contains(&record.seq))
}

/// No room comes that far: a number beyond it is damage, and there is always one
/// for the next event.
const MAX_SEQ: u64 = 1 << 63;
