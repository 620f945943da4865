//! Reading a history back: what is in its lines, and where it ends. Pure.

use std::fmt;

use chat_proto::event::{RoomId, Tag, Timestamp};
use chat_proto::json_form::{Record, Recorded};

use crate::room::absent::Roll;
use crate::room::apply::Before;
use crate::room::dedup::DedupIndex;
use crate::room::identity::Key;
use crate::room::runs::Runs;
use crate::timeline::log::{CHUNK, Log};
use crate::timeline::replay::SOURCE;

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Recovery {
    /// The newest events, as many as are kept in memory.
    pub(super) json: Log,
    key: Key,
    /// The messages that have an id.
    ids: DedupIndex,
    runs: Runs,
    /// Who is here.
    roll: Roll,
    capacity: u64,
    trimmed: u64,
}

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
    /// Nothing yet, of a history with this key; `capacity` bytes are to be kept in
    /// memory. Where no event names the room it is `new_room`.
    pub(super) fn new(key: Key, new_room: RoomId, capacity: u64) -> Self {
        Self {
            json: Log::new(capacity, 0, 1),
            key,
            ids: DedupIndex::default(),
            runs: Runs::of(new_room),
            roll: Roll::default(),
            capacity,
            trimmed: 0,
        }
    }

    /// Takes a line, with its end.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Damage> {
        let record = parse(line).ok_or(Damage::NotAnEvent)?;
        let expected = self.json.next();
        if self.json.head() == 0 {
            // The oldest files may have been dropped: it begins anywhere.
            self.json = Log::new(self.capacity, 0, record.seq);
        } else if record.seq != expected {
            let found = record.seq;
            return Err(Damage::WrongNumber { expected, found });
        }
        self.take(record);
        self.json.append(|out| out.extend_from_slice(line));
        if self.json.head() >= self.trimmed + CHUNK as u64 {
            self.trimmed = self.json.head();
            self.json.trim(self.json.trim_point(u64::MAX));
        }
        Ok(())
    }

    /// Takes a line, with its end, before which some are missing. It begins at
    /// `position`, and what is kept in memory begins with it.
    pub(super) fn line_behind_gap(&mut self, line: &[u8], position: u64) -> Result<(), Damage> {
        let record = parse(line).ok_or(Damage::NotAnEvent)?;
        let (expected, found) = (self.json.next(), record.seq);
        if found < expected {
            return Err(Damage::WrongNumber { expected, found });
        }
        self.json = Log::new(self.capacity, position, found);
        self.line(line)
    }

    fn take(&mut self, Record { seq, what }: Record<'_>) {
        if self.runs.is_empty() && !matches!(what, Recorded::Room { .. }) {
            // Nothing says which run it is.
            self.runs.go_on(None, seq);
        }
        match what {
            Recorded::Room { room, run, time } => {
                if let Some(hub) = room {
                    self.runs.set_room(hub);
                }
                self.runs.go_on(run, seq);
                self.roll.open(run, time);
            }
            Recorded::Marked {
                kind,
                id,
                text,
                tag,
            } => {
                let hash = match id.is_unique() {
                    true => Some(self.key.hash_of_message(kind, &id, &text)),
                    false => tag.map(Tag::bits),
                };
                if let Some(hash) = hash {
                    self.ids.insert(hash, seq);
                }
            }
            Recorded::Entered(arrivals) => {
                for arrival in arrivals {
                    self.roll.enter(arrival);
                }
            }
            Recorded::Left(names) => names.iter().for_each(|name| self.roll.leave(name)),
            Recorded::Renamed { old, new } => {
                self.roll.leave(&old);
                self.roll.enter(new);
            }
            Recorded::Other => {}
        }
    }

    /// What the room goes on behind, whose next run begins at `time`, and the newest
    /// events.
    pub(super) fn finish(self, time: Timestamp) -> (Before, Log) {
        let before = Before {
            next: self.json.next(),
            runs: self.runs,
            ids: self.ids,
            absent: self.roll.into_absent(time, self.key),
        };
        (before, self.json)
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
/// for what is said next.
const MAX_SEQ: u64 = 1 << 63;
