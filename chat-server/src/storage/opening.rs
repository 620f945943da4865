//! Opening a history: everything that is done at the start, in order.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::disk::{Disk, Handle};
use super::flight::Seen;
use super::keeper::Keeper;
use super::key_file::{self, Found};
use super::paths::{lock, numbered, real_path, with_suffix};
use super::read_back::read_back;
use super::reader::Reader;
use super::recovery::{Recovery, Unfinished};
use super::rewriting::Erasing;
use super::segments::Segments;
use super::syncer::Syncer;
use super::{History, Options, SyncMode, overlap, rewriting};
use crate::clock::Now;
use crate::hub::Hub;
use crate::room::absent::Absent;
use crate::room::identity::{Key, new_room, new_run};
use crate::room::rebuild::Rebuild;
use crate::room::request::Request;

/// Where a history is, before any of its events is read: no other server has it.
pub(super) struct Place {
    pub(super) options: Options,
    pub(super) lock: Handle,
    pub(super) key_path: PathBuf,
    pub(super) key: Found,
}

impl Place {
    pub(super) fn take(disk: &Disk, options: Options) -> anyhow::Result<Self> {
        let options = Options {
            path: real_path(&options.path)?,
            ..options
        };
        let lock = lock(disk, &options.path)?;
        let key_path = with_suffix(&options.path, "key");
        let key = key_file::find(&key_path)?;
        let copy = rewriting::beside(&options.path);
        rewriting::remove(disk, &copy)
            .with_context(|| format!("cannot remove {}", copy.display()))?;
        Ok(Self {
            options,
            lock,
            key_path,
            key,
        })
    }

    /// Makes the file of the key if there is none. Whether there was none.
    pub(super) fn make_key(&self, disk: &Disk, key: &Key) -> anyhow::Result<bool> {
        let is_new = matches!(self.key, Found::New(_));
        if is_new {
            key_file::make(disk, &self.key_path, key)?;
        }
        Ok(is_new)
    }
}

impl History {
    /// Opens a history, or begins one. The room goes on behind its last event, and
    /// keeps about `capacity` bytes in memory, see [`Hub::behind`]. `notes` are for the
    /// log.
    ///
    /// # Errors
    ///
    /// When another server has it, it cannot be read or written, or it is
    /// damaged in the middle; a torn end is cut off.
    pub fn open(
        options: Options,
        capacity: u64,
        now: Now,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<(Self, Hub)> {
        Self::open_on(Disk::default(), options, capacity, now, notes)
    }

    pub(crate) fn open_on(
        disk: Disk,
        options: Options,
        capacity: u64,
        now: Now,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<(Self, Hub)> {
        let place = Place::take(&disk, options)?;
        let (Found::Old(key) | Found::New(key)) = place.key;
        let recovery = Recovery::new(Rebuild::new(key, new_room()?), capacity);
        let path = &place.options.path;
        let (mut recovery, segments, files) = read_files(&disk, path, recovery, notes)?;
        let unfinished = recovery.take_unfinished();

        let (mut before, json) = recovery.finish(now.time);
        if place.make_key(&disk, &key)? {
            // No program could prove that a name is its own.
            before.absent = Absent::default();
        }
        let run = new_run(now.time, before.runs.newest())?;
        let mut hub = Hub::behind(before, json, run, key, capacity);
        let head = hub.timeline.head().json;
        let keeper = Keeper {
            path: path.clone(),
            disk,
            syncs: place.options.sync != SyncMode::Off,
        };
        let history = Self::new(place.options, (segments, files), head, place.lock, keeper);
        let history = history.opened(&mut hub, unfinished, now)?;
        Ok((history, hub))
    }

    /// The same, opened: see [`History::begin`].
    pub(super) fn opened(
        mut self,
        hub: &mut Hub,
        unfinished: Unfinished,
        now: Now,
    ) -> anyhow::Result<Self> {
        let begun = self.begin(hub, unfinished, now);
        begun.with_context(|| {
            let path = self.options.path.display();
            format!("cannot write the history {path}")
        })?;
        Ok(self)
    }

    /// Of these files, which reach as far as `head` in the JSON log.
    pub(super) fn new(
        options: Options,
        (segments, files): (Segments, VecDeque<Arc<Handle>>),
        head: u64,
        lock: Handle,
        keeper: Keeper,
    ) -> Self {
        Self {
            options,
            segments,
            files,
            _lock: lock,
            written: head,
            safe: head,
            seen: Seen::default(),
            dropped: Vec::new(),
            cuts: Vec::new(),
            syncer: Syncer::Here(keeper, None),
            sync_times: Arc::default(),
            reader: Reader::start(),
            in_flight: None,
            astray: None,
            next_sync: None,
            next_look: None,
            is_asked: false,
            turn: 0,
            trouble: None,
            erasing: Erasing::default(),
            names_are_safe: true,
        }
    }

    /// Opens the room, unless it is shared, writes that, and waits until it is safe. What is left to be erased is
    /// shown to no reader from here on.
    fn begin(&mut self, hub: &mut Hub, unfinished: Unfinished, now: Now) -> io::Result<()> {
        let first = self.segments.first().map_or(1, |first| first.first);
        hub.timeline.keep(first, self.start(), self.segment_size());
        for (target, by) in unfinished {
            hub.timeline.erase(target, by);
        }
        if self.options.sync == SyncMode::Always {
            hub.timeline.show_late();
        }
        hub.request_alone(Request::Open, now);
        self.write(hub)?;
        let (start, mark) = (self.start(), hub.timeline.head());
        let newest = self.newest();
        newest.sync()?;
        self.syncer.sync_directory()?;
        self.seen = Seen::of(newest, hub, start, mark)?;
        self.made_safe(mark, hub);
        hub.timeline.show(mark);
        Ok(())
    }
}

/// Reads all files back, the oldest first; the newest one is made if it is missing.
pub(super) fn read_files(
    disk: &Disk,
    path: &Path,
    mut recovery: Recovery,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Recovery, Segments, VecDeque<Arc<Handle>>)> {
    let mut segments = Segments::default();
    let mut files = VecDeque::new();
    let numbered = numbered(path)?;
    let newest_is_there = path.exists();
    let last = numbered.last().map_or(0, |(number, _)| *number);
    let paths: Vec<PathBuf> = numbered
        .iter()
        .map(|(_, path)| path.clone())
        .chain([path.to_owned()])
        .collect();
    overlap::mend(disk, &paths, notes)?;
    for (number, path) in numbered {
        let is_last = number == last && !newest_is_there;
        let begun = segments.len();
        let what = (Some(number), is_last);
        let file = read_back(disk, &path, what, &mut recovery, &mut segments, notes)?;
        // One without any event in it holds no part of the history.
        if segments.len() > begun {
            files.push_back(Arc::new(file));
        }
    }
    let what = (None, true);
    let file = read_back(disk, path, what, &mut recovery, &mut segments, notes)?;
    if segments.last().is_none_or(|newest| newest.number.is_some()) {
        let start = recovery.json.head();
        segments.begin(None, start, (recovery.json.next(), start));
    }
    files.push_back(Arc::new(file));
    Ok((recovery, segments, files))
}
