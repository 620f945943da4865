//! Going on with a room that several servers share.
//!
//! What the room is like comes from a snapshot that the servers have, and not from the files:
//! those are a second copy of the events, and what `/history` shows. A snapshot holds the room
//! as it was after one of its events, and the lines of the chapter up to that one. The files
//! may end before that event or behind it:
//!
//! - There are none yet, or none with an event: they begin with the chapter.
//! - They end behind it, or at it: the servers tell the events in between once more, and
//!   [`Hub::fault`] says if those in the files are others.
//! - They end within the chapter, or right before it: the rest of the chapter is appended.
//! - They end before that: the events in between are lost to this server, and with them which
//!   texts in the files were erased meanwhile. So that no reader is sent one of those, the
//!   files are set apart, and others begin with the chapter.
//!
//! A snapshot comes from elsewhere: its lines are judged by what judges the lines of files
//! ([`recovery`](super::recovery)).

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};

use super::disk::{Disk, Handle};
use super::keeper::{self, Keeper};
use super::key_file::Found;
use super::opening::{Place, read_files};
use super::paths::{numbered, with_suffix};
use super::recovery::{Recovery, is_opening_of, seq_of};
use super::segments::Segments;
use super::{History, Options, SyncMode};
use crate::clock::Now;
use crate::hub::{Chapters, Hub};
use crate::room::apply::Room;
use crate::room::rebuild::Rebuild;
use crate::timeline::erasures::are_same;

/// The number of the last event in the history at this path, as far as its end tells; 0 if
/// there is none. What is wrong with it is found when it is opened.
pub fn last_number(path: &Path) -> u64 {
    let full = numbered(path).unwrap_or_default();
    let full = full.into_iter().rev().map(|(_, path)| path);
    let mut files = [path.to_owned()].into_iter().chain(full);
    files.find_map(|path| last_in(&path).ok()?).unwrap_or(0)
}

/// That of the last whole line of one file.
fn last_in(path: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    Ok(lines.rev().find_map(seq_of))
}

/// What is read of the end of a file, in bytes: more than any line has.
const TAIL: u64 = 256 * 1024;

/// A room that several servers share, as it was after one of its events.
#[derive(Debug)]
pub struct Joining {
    /// The room.
    pub room: Room,
    /// Its chapters.
    pub chapters: Chapters,
    /// The events of the chapter, as [`Hub::chapter_lines`] gives them; empty if nothing has
    /// happened yet.
    pub lines: Vec<u8>,
}

impl Joining {
    /// Goes on without a history: about `capacity` bytes are kept in memory, and the chapter
    /// is, so that programs that were at another server get what they have missed.
    ///
    /// # Errors
    ///
    /// When the lines are not the events of the chapter.
    pub fn in_memory(self, capacity: u64) -> anyhow::Result<Hub> {
        let mut recovery = self.recovery(capacity);
        for line in self.events()? {
            recovery.line(line).map_err(|damage| bad(&damage))?;
        }
        let unfinished = recovery.take_unfinished();
        let mut hub = Hub::joining(self.room, self.chapters, recovery.json, capacity);
        for (target, by) in unfinished {
            hub.timeline.erase(target, by);
        }
        Ok(hub)
    }

    /// The first event of the chapter.
    fn first(&self) -> u64 {
        self.chapters.first().unwrap_or(1)
    }

    /// The lines of the chapter, from its first event up to the last one of the room.
    fn events(&self) -> anyhow::Result<Vec<&[u8]>> {
        let lines: Vec<&[u8]> = self.lines.split_inclusive(|&byte| byte == b'\n').collect();
        let (first, next) = (self.first(), self.room.next());
        ensure!(
            first + lines.len() as u64 == next,
            bad(&format!(
                "event {first} is to be the first of its {} lines, and event {next} the one \
                 behind them",
                lines.len()
            ))
        );
        for (line, expected) in lines.iter().zip(first..) {
            ensure!(
                seq_of(line) == Some(expected),
                bad(&format!("a line is not event {expected}"))
            );
        }
        let room = self.room.identity().room;
        ensure!(
            lines.first().is_none_or(|line| is_opening_of(line, &room)),
            bad(&format!("event {first} does not open the room"))
        );
        Ok(lines)
    }

    fn recovery(&self, capacity: u64) -> Recovery {
        let identity = self.room.identity();
        Recovery::new(Rebuild::new(identity.key, identity.room), capacity)
    }

    /// Reads the files, which have to be of this room.
    fn read_own(
        &self,
        disk: &Disk,
        path: &Path,
        capacity: u64,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Own> {
        let (recovery, segments, files) = read_files(disk, path, self.recovery(capacity), notes)?;
        ensure!(
            *recovery.room() == self.room.identity().room,
            "{} is the history of another room than the one that the servers share: {ELSEWHERE}",
            path.display()
        );
        Ok(Own {
            recovery,
            segments,
            files,
        })
    }
}

fn bad(why: &dyn fmt::Display) -> anyhow::Error {
    anyhow!("the snapshot of the room is damaged: {why}")
}

impl History {
    /// Opens the history of a room that several servers share, or begins one, as the room is
    /// after `state`. It keeps about `capacity` bytes in memory, see [`Hub::behind`]. `notes`
    /// are for the log.
    ///
    /// # Errors
    ///
    /// When the lines of `state` are not the events of the chapter, the history is that of
    /// another room or has other events, and as [`History::open`] says.
    pub fn join(
        options: Options,
        capacity: u64,
        state: Joining,
        now: Now,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<(Self, Hub)> {
        Self::join_on(Disk::default(), options, capacity, state, now, notes)
    }

    pub(super) fn join_on(
        disk: Disk,
        options: Options,
        capacity: u64,
        state: Joining,
        now: Now,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<(Self, Hub)> {
        let events = state.events()?;
        let (key, first) = (state.room.identity().key, state.first());
        let place = Place::take(&disk, options)?;
        let path = place.options.path.clone();
        ensure!(
            !matches!(place.key, Found::Old(own) if own != key),
            "{} is not the key of the room that the servers share: {ELSEWHERE}",
            place.key_path.display()
        );
        let mut own = state.read_own(&disk, &path, capacity, notes)?;
        if let Some(last) = own.recovery.last()
            && last + 1 < first
        {
            drop(own);
            set_apart(&disk, &path, last)
                .with_context(|| format!("cannot set the history {} apart", path.display()))?;
            notes.push(format!(
                "the history ended with event {last}, and the servers have only those from \
                 {first} on: it was set apart in {}*, since texts in it may have been erased \
                 meanwhile, and another one begins with event {first}",
                apart(&path, last).display()
            ));
            own = state.read_own(&disk, &path, capacity, notes)?;
        }
        for (line, seq) in events.iter().zip(first..) {
            let held = own.recovery.json.event(seq);
            ensure!(
                held.is_none_or(|held| are_same(&key, held, line)),
                "event {seq} in the history {} is not the one that the servers share: {ELSEWHERE}",
                path.display()
            );
        }
        place.make_key(&disk, &key)?;
        own.append(&events, first)
            .with_context(|| format!("cannot write the history {}", path.display()))?;
        let Own {
            mut recovery,
            segments,
            files,
        } = own;
        let unfinished = recovery.take_unfinished();
        let head = recovery.json.head();
        let mut hub = Hub::joining(state.room, state.chapters, recovery.json, capacity);
        let keeper = Keeper {
            path,
            disk,
            syncs: place.options.sync != SyncMode::Off,
        };
        let history = Self::new(place.options, (segments, files), head, place.lock, keeper);
        let history = history.opened(&mut hub, unfinished, now)?;
        Ok((history, hub))
    }
}

/// The files, and what is in them.
struct Own {
    recovery: Recovery,
    segments: Segments,
    files: VecDeque<Arc<Handle>>,
}

impl Own {
    /// Appends what of the chapter, which begins with the event `first`, is not in the files.
    fn append(&mut self, chapter: &[&[u8]], first: u64) -> anyhow::Result<()> {
        let next = self.recovery.last().map_or(first, |last| last + 1);
        let held = usize::try_from(next - first)?.min(chapter.len());
        let at = self.recovery.json.head();
        if self.recovery.last().is_none() {
            self.segments.begin_again(at, first);
        }
        let missing = &chapter[held..];
        for (line, seq) in missing.iter().zip(next..) {
            let place = self.recovery.json.head();
            self.recovery.line(line).map_err(|damage| bad(&damage))?;
            self.segments.note(seq, place);
            self.segments.grow(self.recovery.json.head());
        }
        let newest = self.files.back().zip(self.segments.last());
        newest.map_or(Ok(()), |(file, newest)| {
            Ok(file.write_at(&missing.concat(), at - newest.start).1?)
        })
    }
}

/// Where the files of a history are that ended with the event `last`: this, and what it begins
/// the names of the full ones with.
fn apart(path: &Path, last: u64) -> PathBuf {
    with_suffix(path, &format!("until-{last}"))
}

/// Gives all files other names, the newest one last: as long as it is in its place the
/// others are found and moved by the next attempt.
fn set_apart(disk: &Disk, path: &Path, last: u64) -> anyhow::Result<()> {
    let apart = apart(path, last);
    for (number, full) in numbered(path)? {
        move_to(disk, &full, &keeper::full(&apart, number))?;
    }
    move_to(disk, path, &apart)
}

fn move_to(disk: &Disk, from: &Path, to: &Path) -> anyhow::Result<()> {
    if disk.status(to)?.is_some() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists))
            .with_context(|| format!("{} is there", to.display()));
    }
    disk.rename(from, to)?;
    Ok(())
}

/// What to do with a history that cannot be gone on with.
const ELSEWHERE: &str = "name another history, or move that one away together with its key";
