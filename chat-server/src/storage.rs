//! The room on disk: the JSON log, in files that `tail`, `grep` and `jq` can
//! read.
//!
//! A file holds what programs are sent, one event a line, and nothing else.
//! `FILE` is the newest one; when it is full it becomes `FILE.000001` and so
//! on, and the oldest ones go when all together are too large. `segments` knows which
//! file holds which events, `recovery` what a line must be. At the start `opening`
//! finds the files and reads them back; here they are written. All other work on
//! them is a job of the `keeper`, in a thread of its own (`syncer`). Another thread
//! reads them (`reader`).
//!
//! Each poll round appends its events with one write, and only then lets people see
//! them: so no event that a person has seen is lost when the process is killed.
//! [`SyncMode`] says whether people also wait for the disk.
//!
//! When a write fails nothing more is taken from people, and it is tried again
//! every second; a disk that does not answer counts as one that fails. When a sync
//! fails the system may have thrown away what it could not write and would call
//! the next sync a success; so all that was not safe before is then written anew,
//! from memory, before it counts. There is one job at a time, and the only file with
//! anything unsafe in it is the newest one: nothing is written behind the end of a
//! full file before that is safe and another one is begun.
//!
//! When another program has moved, deleted or changed `FILE`, it is begun anew from
//! the events that are held, before any other is confirmed.
//!
//! A text that is erased goes from the file that holds it, which is written anew for that
//! (`rewriting`). The line in memory is replaced at the same moment: places in the JSON log
//! are those in the files. Which file is next, and what comes of it, is in `erasing`.

mod disk;
mod erasing;
mod flight;
mod interface;
mod jobs;
mod joining;
mod keeper;
mod key_file;
mod opening;
mod overlap;
mod paths;
mod read_back;
mod reader;
mod recovery;
mod rewriting;
mod segments;
mod syncer;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::clock::Now;
use crate::hub::{Hub, notice};
use crate::ops::errors::in_words;
use crate::ops::histogram::Histogram;
use crate::timeline::log::ORIGIN;
use crate::timeline::mark::Form;
use crate::timeline::replay::{Files, Wanted};
use disk::Handle;
use flight::{Flight, Lost, SILENT_AFTER, Seen, end};
pub use interface::{Asker, News, Storage};
pub use joining::{Joining, last_number};
use keeper::Cut;
use rewriting::Erasing;
use segments::Segments;
use syncer::Syncer;

/// When what was said is on the disk, and not only with the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SyncMode {
    /// Before people see it.
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
    files: VecDeque<Arc<Handle>>,
    /// Locked as long as this process lives.
    _lock: Handle,
    /// The JSON log is written up to this place.
    written: u64,
    /// The JSON log is safe up to this place.
    safe: u64,
    /// What was seen of the newest file when it was last in its place.
    seen: Seen,
    /// Full files that are to go.
    dropped: Vec<(PathBuf, Arc<Handle>)>,
    /// Files that were moved away and are to be cut.
    cuts: Vec<Cut>,
    syncer: Syncer,
    /// How long its syncs took.
    sync_times: Arc<Histogram>,
    reader: reader::Reader,
    /// The job under way.
    in_flight: Option<Flight>,
    /// The newest file is not in its place: nothing is written until another one is
    /// begun.
    astray: Option<Lost>,
    /// No sync is due before this moment.
    next_sync: Option<Instant>,
    /// When it is looked whether all is in its place, if nothing else does so.
    next_look: Option<Instant>,
    /// The operator has asked whether it is.
    is_asked: bool,
    /// Of the full files one is looked at each time, in turn.
    turn: usize,
    trouble: Option<Trouble>,
    /// Files that are written anew, because texts in them were erased.
    erasing: Erasing,
    /// The names of the files are on the disk, as far as they are to be.
    names_are_safe: bool,
}

/// Nothing can be kept.
#[derive(Debug)]
struct Trouble {
    /// When to try again; not while a job is under way.
    retry: Instant,
    /// The job under way tells whether it is over; not one that was under way when
    /// it began.
    tried: bool,
}

impl History {
    /// The most descriptors that the files take.
    pub fn descriptors(&self) -> usize {
        // And the lock, the directory, one that is begun, one that is dropped, and one that
        // is written anew.
        self.most_files() + 6
    }

    /// How many files are open at most.
    fn most_files(&self) -> usize {
        (self.options.keep / self.segment_size()) as usize + MOST_MOVED
    }

    fn fail(&mut self, error: &io::Error, hub: &mut Hub, now: Now, news: &mut Vec<News>) {
        let why = format!("the history cannot be written ({})", in_words(error));
        self.trouble(why, hub, now, news);
    }

    /// Nothing more is taken.
    fn trouble(&mut self, why: String, hub: &mut Hub, now: Now, news: &mut Vec<News>) {
        hub.timeline.set_trouble(Some(notice(&why)));
        let before = self.trouble.replace(Trouble {
            retry: now.instant + RETRY_AFTER,
            tried: false,
        });
        if before.is_none() {
            news.push(News::Trouble(why));
        }
    }

    /// Writes the rest of the events that belong into the newest file.
    fn write(&mut self, hub: &mut Hub) -> io::Result<()> {
        let start = self.start();
        // None is begun anew before there is anything in it.
        while hub.timeline.next_cut().is_some_and(|cut| cut.json <= start) {
            hub.timeline.cut_done();
        }
        let log = hub.timeline.log(Form::Json);
        let end = end(hub).json;
        if self.written < log.start().min(end) {
            return Err(io::Error::other("it is not in memory any more"));
        }
        let file = Arc::clone(self.newest());
        for piece in log.bytes(self.written..end) {
            let (seq, offset) = log.event_at(self.written);
            if offset == 0 {
                self.segments.note(seq, self.written);
            }
            let (count, result) = file.write_at(piece, self.written - start);
            self.written += count as u64;
            if let Err(error) = result {
                // Programs that read along find no half line. If it cannot be cut
                // now it is written over later.
                let (_, offset) = log.event_at(self.written);
                self.written -= offset;
                let _ = file.cut(self.written - start);
                return Err(error);
            }
            self.segments.grow(self.written);
        }
        Ok(())
    }

    /// Whether the newest file is in its place, and stays there.
    fn can_write(&self) -> bool {
        let is_frozen = self.in_flight.as_ref().is_some_and(|it| it.freezes);
        self.astray.is_none() && !is_frozen
    }

    fn newest(&self) -> &Arc<Handle> {
        self.files
            .back()
            .expect("there is always one that is written to")
    }

    /// Where the newest file begins in the JSON log.
    fn start(&self) -> u64 {
        self.segments.last().map_or(ORIGIN, |last| last.start)
    }

    fn segment_size(&self) -> u64 {
        // Each is open all the time: there are not to be too many of them.
        let most = MAX_SEGMENT.max(self.options.keep / MAX_SEGMENTS);
        most.min(self.options.keep / SEGMENTS)
    }
}

impl Storage for History {
    fn watch(&mut self, waker: Waker) {
        self.syncer.start(waker, self.sync_times());
    }

    fn sync_times(&self) -> Arc<Histogram> {
        Arc::clone(&self.sync_times)
    }

    fn reopen(&mut self) {
        self.is_asked = true;
    }

    fn ask(&self, wanted: Wanted, key: usize, asker: Asker) -> bool {
        let index = self.segments.at(wanted.position);
        let found = index.and_then(|index| self.segments.get(index).zip(self.files.get(index)));
        if let Some((segment, file)) = found {
            let offset = wanted.position - segment.start;
            let place = (Arc::clone(file), offset);
            self.reader.ask(wanted, place, key, asker);
        }
        found.is_some()
    }

    fn keep(&mut self, hub: &mut Hub, now: Now) -> Vec<News> {
        let mut news = Vec::new();
        if let Some(done) = self.syncer.result() {
            self.take(done, hub, now, &mut news);
        }
        let is_silent = |flight: &mut Flight| flight.is_silent(now.instant);
        if self.trouble.is_none() && self.in_flight.as_mut().is_some_and(is_silent) {
            let seconds = SILENT_AFTER.as_secs();
            let why = format!("the disk has not answered for {seconds} s");
            self.trouble(why, hub, now, &mut news);
            // Any answer is one.
            self.trouble.iter_mut().for_each(|it| it.tried = true);
        }
        let waits = |trouble: &Trouble| self.in_flight.is_some() || now.instant < trouble.retry;
        if self.trouble.as_ref().is_some_and(waits) {
            return news;
        }
        if self.can_write() {
            if let Err(error) = self.write(hub) {
                self.fail(&error, hub, now, &mut news);
                return news;
            }
            if self.trouble.is_none() {
                let end = end(hub);
                if self.options.sync != SyncMode::Always {
                    hub.timeline.show(end);
                }
                if self.options.sync == SyncMode::Off {
                    self.made_safe(end, hub);
                }
            }
        }
        self.give(hub, now, &mut news);
        news
    }

    fn deadline(&self) -> Option<Instant> {
        match (&self.trouble, &self.in_flight) {
            (Some(_), Some(_)) => None,
            (Some(trouble), None) => Some(trouble.retry),
            (None, Some(flight)) => Some(flight.silent_from),
            (None, None) => {
                let sync = self.next_sync.filter(|_| self.written > self.safe);
                sync.into_iter().chain(self.next_look).min()
            }
        }
    }

    fn is_overtaken(&self, hub: &Hub) -> bool {
        let head = hub.timeline.head();
        let waits = head.json - self.safe + (head.text - hub.timeline.shown().text);
        self.trouble.is_none() && waits > MAX_UNSAFE
    }

    fn finish(&mut self, hub: &mut Hub, now: Now) -> Option<News> {
        let until = Instant::now() + FINISH_FOR;
        let mut news = Vec::new();
        // It is tried once more.
        self.trouble = None;
        loop {
            if self.in_flight.is_some() {
                let left = until.saturating_duration_since(Instant::now());
                match self.syncer.wait(left) {
                    Some(done) => self.take(done, hub, now, &mut news),
                    None => self.fail(&io::ErrorKind::TimedOut.into(), hub, now, &mut news),
                }
            }
            if self.trouble.is_none()
                && self.can_write()
                && let Err(error) = self.write(hub)
            {
                self.fail(&error, hub, now, &mut news);
            }
            if self.trouble.is_some() {
                return news.into_iter().find(|it| matches!(it, News::Trouble(_)));
            }
            let all_written = self.written == hub.timeline.head().json && self.astray.is_none();
            if all_written && (self.options.sync == SyncMode::Off || self.safe == self.written) {
                return None;
            }
            self.next_sync = None;
            self.give(hub, now, &mut news);
        }
    }
}

impl Files for History {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        self.segments.find(seq)
    }

    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        self.segments.after(position, least)
    }

    fn held(&self, position: u64) -> u64 {
        let index = self.segments.at(position);
        let segment = index.and_then(|index| self.segments.get(index));
        segment.map_or(0, |segment| segment.end.saturating_sub(position))
    }
}

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

/// So many more are open at most, which another program has moved away.
const MOST_MOVED: usize = 16;

#[cfg(test)]
pub(crate) mod tests;
