//! Reading a history back: what is in its lines, and where it ends. Pure.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

use chat_proto::event::RoomId;
use chat_proto::json_form::Record;

use crate::ids::Ids;
use crate::log::{CHUNK, Log};
use crate::replay::SOURCE;

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Recovery {
    /// The newest events, as many as are kept in memory.
    pub(super) json: Log,
    /// The messages that have an id.
    pub(super) ids: Ids,
    room: Option<RoomId>,
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
    /// Nothing yet; `capacity` bytes are to be kept in memory.
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            json: Log::new(capacity, 0, 1),
            ids: Ids::default(),
            room: None,
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
        if let Some([id, name, text]) = record.message {
            let key = self.ids.key(&id, &name, &text);
            self.ids.insert(key, record.seq);
        }
        if record.room.is_some() {
            self.room = record.room;
        }
        self.json.append(|out| out.extend_from_slice(line));
        if self.json.head() >= self.trimmed + CHUNK as u64 {
            self.trimmed = self.json.head();
            self.json.trim(self.json.trim_point(u64::MAX));
        }
        Ok(())
    }

    /// Which room it is: a new one if nothing says so.
    pub(super) fn room(&self) -> RoomId {
        self.room.clone().unwrap_or_else(new_room_id)
    }
}

/// Whether a line is an event, of whatever number.
pub(super) fn is_event(line: &[u8]) -> bool {
    parse(line).is_some()
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

/// An identity that no other room has: 128 random bits.
pub fn new_room_id() -> RoomId {
    // The keys of std's hash maps come from the system's random numbers.
    let key = RandomState::new();
    let id = format!("{:016x}{:016x}", key.hash_one(0), key.hash_one(1));
    RoomId::new(&id).expect("32 hexadecimal digits")
}
