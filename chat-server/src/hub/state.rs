//! All that the servers of a room have in common, as one snapshot.
//!
//! ```text
//! {"v":1,"genesis":{…},"time":"…","chapters":{…},"servers":2048,"room":65536}   a line
//! the servers, the room, the events of the chapter                              as bytes
//! ```
//!
//! It comes back from a store that others may write to, so it is read as if a peer had sent
//! it.

use std::fmt;

use chat_proto::event::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Chapters, Hub};
use crate::clock::Now;
use crate::cluster::genesis;
use crate::room::apply::Room;
use crate::saved::NoState;
use crate::sequencer::Common;
use crate::sequencer::stream::servers::Servers;
use crate::sequencer::stream::snapshot::{Snapshot, SnapshotName};

/// What a newcomer begins with.
#[derive(Debug)]
pub struct State {
    /// The servers.
    pub servers: Servers,
    /// The room.
    pub room: Room,
    /// Its chapters.
    pub chapters: Chapters,
    /// The events of the newest chapter, one a line.
    pub lines: Vec<u8>,
    /// A time of the room, and the instant that it has here.
    pub at: Now,
}

impl Hub {
    /// A snapshot of what this server has in common with the others, if it can be taken now.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        let Common { servers, at } = self.sequencer.common()?;
        let (chapters, lines) = (self.chapters()?, self.chapter_lines()?);
        let name = SnapshotName {
            entry: servers.seen().entry,
            first: chapters.first()?,
            last: self.room.next() - 1,
        };
        let (servers, room) = (servers.save(), self.room.save(at));
        let genesis = genesis::to_bytes(&self.room.identity());
        let head = Head {
            v: VERSION,
            genesis: serde_json::from_slice(&genesis).ok()?,
            time: at.time.to_string(),
            chapters: chapters.clone(),
            servers: servers.len(),
            room: room.len(),
        };
        let mut bytes = serde_json::to_vec(&head).ok()?;
        bytes.push(b'\n');
        for part in [&servers, &room, &lines] {
            bytes.extend_from_slice(part);
        }
        Some(Snapshot { name, bytes })
    }
}

impl State {
    /// Reads a snapshot, at this moment.
    ///
    /// # Errors
    ///
    /// When it breaks a rule.
    pub fn parse(snapshot: &Snapshot, now: Now) -> Result<Self, NoSnapshot> {
        let bytes = &snapshot.bytes[..];
        if bytes.len() > Snapshot::MAX_BYTES {
            return Err(NoSnapshot::TooLong);
        }
        let end = memchr::memchr(b'\n', bytes).ok_or(NoSnapshot::Cut)?;
        let head: Head<'_> = serde_json::from_slice(&bytes[..end])?;
        if head.v != VERSION {
            return Err(NoSnapshot::Version(head.v));
        }
        let rest = &bytes[end + 1..];
        let (servers, rest) = rest.split_at_checked(head.servers).ok_or(NoSnapshot::Cut)?;
        let (room, lines) = rest.split_at_checked(head.room).ok_or(NoSnapshot::Cut)?;
        let identity = genesis::parse(head.genesis.get().as_bytes()).ok_or(NoSnapshot::Genesis)?;
        let time: Timestamp = head.time.parse().map_err(|_| NoSnapshot::Cut)?;
        let at = Now { time, ..now };
        Ok(Self {
            servers: Servers::restore(servers)?,
            room: Room::restore(room, &identity, at)?,
            chapters: head.chapters,
            lines: lines.to_vec(),
            at,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    v: u32,
    #[serde(borrow)]
    genesis: &'a RawValue,
    time: String,
    chapters: Chapters,
    /// How many bytes the servers take, and then the room.
    servers: usize,
    room: usize,
}

/// Why bytes are no snapshot.
#[derive(Debug)]
pub enum NoSnapshot {
    /// It has more than [`Snapshot::MAX_BYTES`].
    TooLong,
    /// It ends too early.
    Cut,
    /// It is of another version.
    Version(u32),
    /// It does not say which room it is.
    Genesis,
    /// Its head is no JSON.
    Head(serde_json::Error),
    /// A part breaks a rule.
    State(NoState),
}

impl fmt::Display for NoSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "it has more than {} bytes", Snapshot::MAX_BYTES),
            Self::Cut => f.write_str("it is cut off"),
            Self::Version(version) => write!(
                f,
                "it is of version {version}, and this server knows version {VERSION}"
            ),
            Self::Genesis => f.write_str("it does not say which room it is"),
            Self::Head(error) => error.fmt(f),
            Self::State(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for NoSnapshot {}

impl From<serde_json::Error> for NoSnapshot {
    fn from(error: serde_json::Error) -> Self {
        Self::Head(error)
    }
}

impl From<NoState> for NoSnapshot {
    fn from(why: NoState) -> Self {
        Self::State(why)
    }
}

const VERSION: u32 = 1;
