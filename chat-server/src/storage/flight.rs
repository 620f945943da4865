//! The job under way, and what it has to find in the newest file.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::disk::{EDGE, Handle};
use super::keeper::{Astray, Cut, Expected};
use crate::hub::Hub;
use crate::timeline::mark::{Form, Mark};

/// A job that was given.
#[derive(Debug)]
pub(super) struct Flight {
    /// If it is not done by then the disk does not answer.
    pub(super) silent_from: Instant,
    /// It was not done by then, but the whole process may have been stopped.
    pub(super) is_late: bool,
    /// Everything before this is safe when it is done, if it syncs.
    pub(super) mark: Mark,
    pub(super) syncs: bool,
    /// The number of the full file that it looks for.
    pub(super) full: Option<u64>,
    /// The last bytes before the mark.
    pub(super) tail: Vec<u8>,
    pub(super) expected: Expected,
    /// Files that are cut if the newest one is in its place.
    pub(super) cuts: Vec<Cut>,
    pub(super) is_asked: bool,
    /// It syncs the names of the files.
    pub(super) names: bool,
    /// A copy of the newest file takes its place: nothing may be written to it meanwhile.
    pub(super) freezes: bool,
}

/// The newest file is not in its place.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) how: Astray,
    /// What it did not hold.
    pub(super) expected: Expected,
}

/// Of the newest file, to see whether another program has changed it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Its beginning.
    pub(super) head: Vec<u8>,
    /// What stands before `end`.
    pub(super) tail: Vec<u8>,
    /// Everything before this place in the JSON log has been looked at.
    pub(super) end: u64,
    /// The event that begins there.
    pub(super) next: u64,
}

impl Flight {
    /// Whether the disk does not answer.
    pub(super) fn is_silent(&mut self, now: Instant) -> bool {
        if self.silent_from > now {
            return false;
        }
        self.silent_from = now + GRACE;
        std::mem::replace(&mut self.is_late, true)
    }
}

impl Seen {
    /// Of a file that begins at `start` and reaches as far as `mark`.
    pub(super) fn of(file: &Handle, hub: &Hub, start: u64, mark: Mark) -> io::Result<Self> {
        let mut head = Vec::new();
        file.read_at(0, EDGE.min((mark.json - start) as usize), &mut head)?;
        Ok(Self {
            head,
            tail: edge(hub, start..mark.json),
            end: mark.json,
            next: mark.seq + 1,
        })
    }

    /// Nothing yet of a file whose event `next` begins at `end`.
    pub(super) fn before(end: u64, next: u64) -> Self {
        Self {
            end,
            next,
            ..Self::default()
        }
    }

    /// What the file holds if it begins at `start` and reaches as far as `mark`.
    pub(super) fn expected(&self, start: u64, mark: Mark) -> Expected {
        Expected {
            head: self.head.clone(),
            before: self.tail.clone(),
            place: self.end - start..mark.json - start,
            events: self.next..mark.seq + 1,
        }
    }
}

/// As far as may be written into one file.
pub(super) fn end(hub: &Hub) -> Mark {
    hub.timeline
        .next_cut()
        .unwrap_or_else(|| hub.timeline.head())
}

/// The first few bytes of a range of the JSON log, if they are in memory.
pub(super) fn beginning(hub: &Hub, range: Range<u64>) -> Vec<u8> {
    let log = hub.timeline.log(Form::Json);
    match log.start() <= range.start {
        true => {
            let end = range.end.min(range.start + EDGE as u64);
            log.bytes(range.start..end).flatten().copied().collect()
        }
        false => Vec::new(),
    }
}

/// The last few bytes of a range of the JSON log, as far as they are in memory.
pub(super) fn edge(hub: &Hub, range: Range<u64>) -> Vec<u8> {
    let log = hub.timeline.log(Form::Json);
    let start = range.end.saturating_sub(EDGE as u64);
    let start = start.max(range.start).max(log.start().min(range.end));
    log.bytes(start..range.end).flatten().copied().collect()
}

/// When people are told that the disk does not answer.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(5);

/// How long a job may still take after the time in which it should be done.
const GRACE: Duration = Duration::from_millis(200);
