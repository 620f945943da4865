//! The room on disk: the JSON log, in files that `tail`, `grep` and `jq` can
//! read.
//!
//! A file holds what programs are sent, one event a line, and nothing else.
//! `FILE` is the newest one; when it is full it becomes `FILE.000001` and so
//! on, and the oldest ones go when all together are too large. Which file holds
//! what is known to `segments`, what a line must be to `recovery`, how they are
//! found at the start to `opening`; here they are written.
//!
//! Each poll round appends what was said in it, with one write, and only then
//! lets people see it: so nothing that anybody was told is lost when the
//! process is killed. Whether it also waits for the disk, and who waits, says
//! [`SyncMode`]; the waiting itself is done by `syncer`.
//!
//! When a write fails nothing more is taken from people, and it is tried again
//! every second. When a sync fails the system may have thrown away what it
//! could not write and would call the next sync a success; so all that was not
//! safe before is then written anew, from memory, before it counts.

mod disk;
mod key_file;
mod opening;
mod recovery;
mod segments;
mod syncer;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use chat_proto::event::Timestamp;
use clap::ValueEnum;
use mio::Waker;

use crate::absent::Absent;
use crate::clock::Now;
use crate::errors::in_words;
use crate::identity::{new_room, new_run};
use crate::replay::{Files, SOURCE};
use crate::room::{Form, Mark, Room, notice};
use disk::Make;
use key_file::Found;
use opening::{lock, numbered, read_back, real_path};
use recovery::Recovery;
use segments::Segments;
use syncer::{Job, Syncer};

/// When what was said is on the disk, and not only with the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SyncMode {
    /// Before anybody sees it.
    Always,
    /// At most 200 ms later.
    Batch,
    /// When the operating system writes it.
    Off,
}

/// How a history is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// The newest file.
    pub path: PathBuf,
    /// When it is safe.
    pub sync: SyncMode,
    /// Bytes of all files together.
    pub keep: u64,
}

/// The files, and how much of the room is in them.
#[derive(Debug)]
pub struct History {
    options: Options,
    segments: Segments,
    /// The files of the segments.
    files: VecDeque<Arc<File>>,
    /// Locked as long as this process lives.
    _lock: File,
    /// What is before this in the JSON log has been written.
    written: u64,
    /// Where they are; not every system can sync that.
    directory: Option<Arc<File>>,
    /// Names have changed since the last job was given.
    renamed: bool,
    /// Files that are to go.
    dropped: Vec<PathBuf>,
    syncer: Option<Syncer>,
    /// What the job under way makes safe.
    in_flight: Option<Mark>,
    /// The end of what is safe.
    safe: Mark,
    /// No sync is due before this moment.
    next_sync: Option<Instant>,
    trouble: Option<Trouble>,
}

/// Nothing can be kept.
#[derive(Debug)]
struct Trouble {
    /// When to try again; not while a job is under way.
    retry: Instant,
    /// What was given to be made safe since then tells whether it is over; not
    /// what was under way when it began.
    tried: bool,
}

/// Something to tell people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// From now on nothing can be kept, and why.
    Trouble(String),
    /// It can be kept again.
    Recovered,
}

impl History {
    /// Opens a history, or begins one. The room goes on behind what is in it,
    /// and keeps about `capacity` bytes in memory, see [`Room::behind`]. What is worth
    /// a line in the log goes to `notes`.
    ///
    /// # Errors
    ///
    /// When another server has it, it cannot be read or written, or it is
    /// damaged in the middle; a torn end is cut off.
    pub fn open(
        options: Options,
        capacity: u64,
        time: Timestamp,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<(Self, Room)> {
        let options = Options {
            path: real_path(&options.path)?,
            ..options
        };
        let path = &options.path;
        let lock = lock(path)?;
        let key_path = with_suffix(path, "key");
        let found = key_file::find(&key_path)?;
        let (Found::Old(key) | Found::New(key)) = found;
        let mut recovery = Recovery::new(key, new_room()?, capacity);
        let mut segments = Segments::default();
        let mut files = VecDeque::new();
        let numbered = numbered(path)?;
        let newest_is_there = path.exists();
        let last = numbered.last().map_or(0, |(number, _)| *number);
        for (number, path) in numbered {
            let is_last = number == last && !newest_is_there;
            let begun = segments.len();
            let file = read_back(&path, number, is_last, &mut recovery, &mut segments, notes)?;
            // One without any event in it holds no part of the history.
            if segments.len() > begun {
                files.push_back(Arc::new(file));
            }
        }
        let file = read_back(path, last + 1, true, &mut recovery, &mut segments, notes)?;
        if segments.last().is_none_or(|newest| newest.number <= last) {
            segments.begin(last + 1, recovery.json.head(), recovery.json.next());
        }
        files.push_back(Arc::new(file));

        let mut before = recovery.finish(time);
        if matches!(found, Found::New(_)) {
            key_file::make(&key_path, &key)?;
            // Nobody could prove that a name is theirs.
            before.absent = Absent::default();
        }
        let run = new_run(time, before.runs.newest())?;
        let mut room = Room::behind(before, run, key, capacity);
        let safe = room.head();
        let mut history = Self {
            segments,
            files,
            _lock: lock,
            written: safe.json,
            directory: disk::directory(&directory_of(path))?.map(Arc::new),
            renamed: true,
            dropped: Vec::new(),
            syncer: None,
            in_flight: None,
            safe,
            next_sync: None,
            trouble: None,
            options,
        };
        let first = history.segments.first().map_or(1, |first| first.first);
        let start = history.segments.last().map_or(0, |last| last.start);
        room.keep(first, start, history.segment_size());
        room.open(time);
        history
            .write(&mut room)
            .and_then(|()| history.job().run())
            .with_context(|| {
                format!(
                    "cannot write the history {}",
                    history.options.path.display()
                )
            })?;
        history.safe = room.head();
        room.show(history.safe);
        room.set_safe(history.safe.json);
        Ok((history, room))
    }

    /// The most descriptors that the files take.
    pub fn descriptors(&self) -> usize {
        // And the lock, the directory, and one that is being dropped.
        (self.options.keep / self.segment_size()) as usize + 4
    }

    /// Starts the thread that waits for the disk, and wakes the loop.
    pub fn watch(&mut self, waker: Arc<Waker>) {
        self.syncer = Some(Syncer::start(waker));
    }

    /// Writes what the room has said since, and shows it to everybody if that
    /// is enough. To be called in each round.
    pub fn keep(&mut self, room: &mut Room, now: Now) -> Option<News> {
        let news = self.take_result(room, now);
        let waits = self
            .trouble
            .as_ref()
            .is_some_and(|trouble| self.in_flight.is_some() || now.instant < trouble.retry);
        if waits {
            return news;
        }
        if let Err(error) = self.write(room) {
            return self.fail(&error, room, now).or(news);
        }
        match self.options.sync {
            // Over only when a sync says so, too.
            _ if self.trouble.is_some() => self.sync(room, now),
            SyncMode::Always => self.sync(room, now),
            SyncMode::Batch => {
                room.show_all();
                if self.next_sync.is_none_or(|next| next <= now.instant) {
                    self.sync(room, now);
                }
            }
            SyncMode::Off => {
                room.show_all();
                self.safe = room.head();
                room.set_safe(self.safe.json);
                self.tidy();
            }
        }
        news
    }

    /// When [`History::keep`] wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        if self.in_flight.is_some() {
            return None;
        }
        match &self.trouble {
            Some(trouble) => Some(trouble.retry),
            None if self.written > self.safe.json => self.next_sync,
            None => None,
        }
    }

    /// Whether so much waits for the disk that no more should be taken in.
    pub fn is_overtaken(&self, room: &Room) -> bool {
        let (head, safe) = (room.head(), self.safe);
        let waits = head.json - safe.json + (head.text - safe.text);
        self.trouble.is_none() && waits > MAX_UNSAFE
    }

    /// Writes and makes safe what is left, as far as that is possible soon.
    pub fn finish(mut self, room: &mut Room, now: Now) -> Option<News> {
        let until = Instant::now() + FINISH_FOR;
        if self.in_flight.take().is_some()
            && let Some(syncer) = &mut self.syncer
        {
            match syncer.wait(FINISH_FOR) {
                Some(Ok(())) => {}
                Some(Err(_)) => self.written = self.safe.json,
                None => return self.fail(&io::ErrorKind::TimedOut.into(), room, now),
            }
        }
        if let Err(error) = self.write(room) {
            return self.fail(&error, room, now);
        }
        if self.options.sync != SyncMode::Off
            && let Some(mut syncer) = self.syncer.take()
        {
            syncer.give(self.job());
            let left = until.saturating_duration_since(Instant::now());
            let timed_out = || Err(io::ErrorKind::TimedOut.into());
            if let Err(error) = syncer.wait(left).unwrap_or_else(timed_out) {
                return self.fail(&error, room, now);
            }
        }
        None
    }

    fn take_result(&mut self, room: &mut Room, now: Now) -> Option<News> {
        let result = self.syncer.as_mut()?.result()?;
        let mark = self.in_flight.take()?;
        match result {
            Ok(()) => {
                self.safe = mark;
                room.set_safe(mark.json);
                let due = self.options.sync == SyncMode::Always || self.trouble.is_some();
                // More may have been shown while it was under way.
                if due && mark.json > room.shown().json {
                    room.show(mark);
                }
                if self.trouble.as_ref().is_some_and(|trouble| !trouble.tried) {
                    return None;
                }
                self.trouble.take().map(|_| {
                    room.set_trouble(None);
                    News::Recovered
                })
            }
            Err(error) => {
                // Whatever it was that could not be written is written again.
                self.written = self.safe.json;
                self.renamed = true;
                self.fail(&error, room, now)
            }
        }
    }

    fn fail(&mut self, error: &io::Error, room: &mut Room, now: Now) -> Option<News> {
        let first = self.trouble.is_none();
        self.trouble = Some(Trouble {
            retry: now.instant + RETRY_AFTER,
            tried: false,
        });
        let why = format!("the history cannot be written ({})", in_words(error));
        room.set_trouble(Some(notice(&why)));
        first.then_some(News::Trouble(why))
    }

    /// Has made safe what is written, unless that is under way.
    fn sync(&mut self, room: &Room, now: Now) {
        let mark = room.head();
        let nothing_new = mark == self.safe && self.trouble.is_none();
        if self.in_flight.is_some() || nothing_new || self.syncer.is_none() {
            return;
        }
        let job = self.job();
        if let Some(syncer) = &self.syncer {
            syncer.give(job);
            self.in_flight = Some(mark);
            if let Some(trouble) = &mut self.trouble {
                trouble.tried = true;
            }
            self.next_sync = Some(now.instant + SYNC_EVERY);
        }
    }

    fn job(&mut self) -> Job {
        let unsafe_from = self.segments.at(self.safe.json).unwrap_or(0);
        let renamed = std::mem::take(&mut self.renamed);
        Job {
            files: self.files.range(unsafe_from..).cloned().collect(),
            directory: self.directory.clone().filter(|_| renamed),
            remove: std::mem::take(&mut self.dropped),
        }
    }

    /// Has files removed, where nothing is ever synced.
    fn tidy(&mut self) {
        if !self.dropped.is_empty()
            && let Some(syncer) = &self.syncer
        {
            syncer.give(Job {
                remove: std::mem::take(&mut self.dropped),
                ..Job::default()
            });
        }
    }

    /// Writes all that is not written yet.
    fn write(&mut self, room: &mut Room) -> io::Result<()> {
        let head = room.head().json;
        // What was dropped meanwhile need not be written again.
        let first = self.segments.first().map_or(0, |first| first.start);
        self.written = self.written.max(first);
        while self.written < head {
            let last_start = self.segments.last().map_or(0, |last| last.start);
            if room.next_cut() == Some(self.written) && self.written > last_start {
                self.rotate(room)?;
                room.cut_done();
            }
            self.write_some(room, head)?;
        }
        Ok(())
    }

    /// Writes as much as goes into one file.
    fn write_some(&mut self, room: &Room, head: u64) -> io::Result<()> {
        let log = room.log(Form::Json);
        let Some(index) = self.segments.at(self.written) else {
            return Err(io::Error::other("there is no file for it"));
        };
        let (Some(segment), Some(file)) = (self.segments.get(index), self.files.get(index)) else {
            return Err(io::Error::other("there is no file for it"));
        };
        let is_last = index + 1 == self.files.len();
        let end = if is_last {
            room.next_cut().unwrap_or(head).min(head)
        } else {
            segment.end
        };
        if end <= self.written || self.written < log.start() {
            // Never to go round in circles, whatever is wrong.
            return Err(io::Error::other("there is nothing to go on with"));
        }
        let start = segment.start;
        let (seq, offset) = log.event_at(self.written);
        if is_last && offset == 0 {
            self.segments.note(seq, self.written);
        }
        for piece in log.bytes(self.written..end) {
            let (count, result) = disk::write_at(file, piece, self.written - start);
            self.written += count as u64;
            if let Err(error) = result {
                // No line is left half written, for those who read along; what
                // cannot be cut now is written over later.
                let (_, offset) = log.event_at(self.written);
                self.written -= offset;
                let _ = file.set_len(self.written - start);
                return Err(error);
            }
        }
        self.segments.grow(self.written);
        Ok(())
    }

    /// Begins another file at the end of what is written.
    fn rotate(&mut self, room: &mut Room) -> io::Result<()> {
        let path = &self.options.path;
        let number = self.segments.last().map_or(1, |last| last.number);
        let full = with_suffix(path, &format!("{number:06}"));
        let begun = with_suffix(path, "new");
        // After a power cut the end of a full file must not be missing while
        // the next one is there. This waits, once in a file.
        if self.options.sync != SyncMode::Off
            && let Some(file) = self.files.back()
        {
            file.sync_data()?;
        }
        let file = disk::open(&begun, Make::Anew)?;
        match std::fs::rename(path, &full) {
            // An attempt before this one got as far, or somebody removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
        std::fs::rename(&begun, path)?;
        self.files.push_back(Arc::new(file));
        self.renamed = true;
        let (seq, _) = room.log(Form::Json).event_at(self.written);
        self.segments.begin(number + 1, self.written, seq);
        // With room for the new one, which the last event can make larger.
        let new = self.segment_size() + SOURCE as u64 / 2;
        let least = self.options.keep.saturating_sub(self.segment_size() + new);
        while let Some(oldest) = self.segments.drop_oldest(least) {
            self.files.pop_front();
            let path = with_suffix(&self.options.path, &format!("{:06}", oldest.number));
            self.dropped.push(path);
        }
        // Not only with the next sync: much can be said until then.
        self.tidy();
        if let Some(first) = self.segments.first() {
            room.forget_before(first.first);
        }
        Ok(())
    }

    fn segment_size(&self) -> u64 {
        // Each is open all the time: there are not to be too many of them.
        let most = MAX_SEGMENT.max(self.options.keep / MAX_SEGMENTS);
        most.min(self.options.keep / SEGMENTS)
    }
}

impl Files for History {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        self.segments.find(seq)
    }

    fn read(&self, position: u64, most: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let Some(index) = self.segments.at(position) else {
            return Ok(());
        };
        let (Some(segment), Some(file)) = (self.segments.get(index), self.files.get(index)) else {
            return Ok(());
        };
        let left = usize::try_from(segment.end - position).unwrap_or(usize::MAX);
        disk::read_at(file, position - segment.start, most.min(left), out)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The time between two syncs in [`SyncMode::Batch`].
const SYNC_EVERY: Duration = Duration::from_millis(200);

/// How often it is tried again when the disk refuses.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What may wait for the disk, in both forms, before no more is taken in: more
/// than can be said between two syncs in [`SyncMode::Batch`].
const MAX_UNSAFE: u64 = 24 * 1024 * 1024;

/// How long the end of the server waits for the disk.
const FINISH_FOR: Duration = Duration::from_secs(5);

/// The history is kept in about so many files,
const SEGMENTS: u64 = 16;

/// or in more that are as large as this,
const MAX_SEGMENT: u64 = 64 * 1024 * 1024;

/// but in no more than so many.
const MAX_SEGMENTS: u64 = 64;

#[cfg(test)]
mod tests;
