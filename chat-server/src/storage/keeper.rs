//! All work on the files besides writing and reading: they are synced, looked
//! after, begun, renamed, written anew (`rewriting`) and removed.
//!
//! All of that is done here and by one thread ([`syncer`](super::syncer)), one job
//! at a time. So a failed sync, of which the system tells only once, is told to the
//! only one who asks; and no name changes while it is looked at.
//!
//! Other programs can move, delete, truncate or replace `FILE` while the server
//! has it open. Every job ends with a look whether it is still in its place and
//! still holds what was written ([`Astray`]); only then is anything confirmed.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memchr;

use super::disk::{Disk, Handle, Make, Status};
use super::paths::{directory_of, numbered, with_suffix};
use super::rewriting::{Progress, Rewriting};
use crate::timeline::replay::SOURCE;

/// Does the jobs, in a thread of its own once the server runs.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Where the newest file is.
    pub(super) path: PathBuf,
    pub(super) disk: Disk,
    /// What a job does is to be on the disk when it is done.
    pub(super) syncs: bool,
}

/// Work on the files, in this order.
#[derive(Debug)]
pub(super) struct Job {
    /// Full files that are to go.
    pub(super) remove: Vec<(PathBuf, Arc<Handle>)>,
    /// The newest file: `FILE`.
    pub(super) file: Arc<Handle>,
    /// Its contents are to be on the disk.
    pub(super) sync: bool,
    /// What it holds, unless another program has changed it.
    pub(super) expected: Expected,
    /// A full file, to see whether it is in its place.
    pub(super) full: Option<(PathBuf, Arc<Handle>)>,
    /// Another file is to be begun.
    pub(super) begin: Option<Begin>,
    /// Files that were moved away are to be cut, if the newest one is in its place.
    pub(super) cuts: Vec<Cut>,
    /// The names of the files are to be on the disk.
    pub(super) names: bool,
    /// A file is to be written anew, if the newest one is in its place.
    pub(super) rewrite: Option<Rewrite>,
}

/// A piece of a file that is written anew.
#[derive(Debug)]
pub(super) struct Rewrite {
    pub(super) rewriting: Rewriting,
    /// Where the file is.
    pub(super) path: PathBuf,
    /// How long it is, if it is the newest one.
    pub(super) length: Option<u64>,
}

/// What a file that was moved away holds beyond what was safe: it is in the newest
/// one as well.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) file: Arc<Handle>,
    /// Where it is to end, in bytes.
    pub(super) at: u64,
    /// It is cut only if this is its length: otherwise another program has written
    /// to it.
    pub(super) length: u64,
}

/// How another file is begun in the place of the newest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// The newest one is full, and gets a number in its name.
    Next {
        /// At least this one.
        number: u64,
    },
    /// The newest one is not in its place, or is spoilt.
    Again {
        /// So many bytes of it are to be at the beginning of the new one.
        copy: u64,
    },
}

/// What a file holds, as far as that is looked at: its beginning, and what was
/// written since it was looked at last.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    /// What stands before `place`.
    pub(super) before: Vec<u8>,
    /// Here are these events, and nothing else. To write behind the end of a file
    /// that another program has cut leaves zeros.
    pub(super) place: Range<u64>,
    pub(super) events: Range<u64>,
}

/// What came of a job.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) result: io::Result<Outcome>,
    /// The full file was not in its place.
    pub(super) full_is_gone: bool,
    /// The file that is written anew, and how far that has come.
    pub(super) rewritten: Option<(Rewriting, io::Result<Progress>)>,
}

/// What came of a job that could be done.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The newest file is in its place and has this length in bytes.
    InPlace(u64),
    /// It is not, and nothing more was done.
    Astray(Astray),
    /// Another file has been begun.
    Begun(Begun),
}

/// Another file in the place of the newest one.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) file: Arc<Handle>,
    /// The number in the name of the file before it, if it has one now.
    pub(super) number: Option<u64>,
    /// Where something else is now that was in that place.
    pub(super) aside: Option<PathBuf>,
}

/// What another program has done to the newest file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Astray {
    /// It has another name, and there is nothing in its place, or an empty file.
    Moved,
    /// It has no name any more, or something else is in its place. What it holds
    /// can still be read.
    Deleted,
    /// It does not hold what was written.
    Spoilt,
}

impl Rewrite {
    /// Whether nothing may be written meanwhile: the copy takes the place of the newest file.
    pub(super) fn freezes(&self) -> bool {
        let is_last = |length| self.rewriting.is_last(length);
        self.length.is_some_and(is_last)
    }
}

impl Keeper {
    pub(super) fn run(&self, mut job: Job) -> Done {
        for (path, file) in &job.remove {
            // It is gone from the room, so it is not worth an error.
            if let Ok(true) = self.is_at(file, path) {
                let _ = self.disk.remove(path);
            }
        }
        let full = job.full.as_ref();
        let full_is_gone =
            full.is_some_and(|(path, file)| matches!(self.is_at(file, path), Ok(false)));
        let rewrite = job.rewrite.take();
        let result = self.keep(job);
        let rewritten = rewrite.map(|rewrite| {
            let Rewrite {
                mut rewriting,
                path,
                length,
            } = rewrite;
            let progress = match &result {
                Ok(Outcome::InPlace(_)) => rewriting.go_on(&self.disk, &self.path, &path, length),
                _ => Ok(Progress::Copied),
            };
            (rewriting, progress)
        });
        Done {
            result,
            full_is_gone,
            rewritten,
        }
    }

    fn keep(&self, job: Job) -> io::Result<Outcome> {
        let file = &job.file;
        if job.sync {
            file.sync()?;
        }
        if job.names {
            self.sync_directory()?;
        }
        let number = match job.begin {
            Some(Begin::Next { number }) => self.give_number(file, number)?,
            _ => None,
        };
        if number.is_some() {
            self.sync_directory()?;
        } else {
            // Also where it has been put back meanwhile.
            let found = self.look(file, &job.expected)?;
            if let Outcome::InPlace(_) = found {
                job.cuts.iter().for_each(Cut::make);
            }
            let is_next = matches!(job.begin, Some(Begin::Next { .. }));
            if is_next || job.begin.is_none() || matches!(found, Outcome::InPlace(_)) {
                return Ok(found);
            }
        }
        let begun = self.begin(file, job.begin)?;
        Ok(Outcome::Begun(Begun { number, ..begun }))
    }

    /// Whether the newest file is in its place and holds what was written.
    fn look(&self, file: &Handle, expected: &Expected) -> io::Result<Outcome> {
        let (ours, there) = (file.status()?, self.disk.status(&self.path)?);
        let in_place = there.as_ref().is_some_and(|there| ours.is(there));
        let moved = || ours.names > 0 && there.as_ref().is_none_or(is_empty_file);
        Ok(match expected.is_in(file) {
            false => Outcome::Astray(Astray::Spoilt),
            true if in_place => Outcome::InPlace(ours.length),
            true if moved() => Outcome::Astray(Astray::Moved),
            true => Outcome::Astray(Astray::Deleted),
        })
    }

    /// Gives the full file a number. None if it is not where it was, so that
    /// another program must have moved it.
    fn give_number(&self, file: &Handle, least: u64) -> io::Result<Option<u64>> {
        let known = numbered(&self.path).map_err(io::Error::other)?;
        if let Some((number, path)) = known.last()
            && self.is_at(file, path)?
        {
            // An attempt before this one got as far.
            return Ok(Some(*number));
        }
        if !self.is_at(file, &self.path)? {
            return Ok(None);
        }
        let number = known.last().map_or(least, |(last, _)| least.max(last + 1));
        self.disk.rename(&self.path, &full(&self.path, number))?;
        Ok(Some(number))
    }

    /// Begins another file in the place of the newest one.
    fn begin(&self, old: &Arc<Handle>, begin: Option<Begin>) -> io::Result<Begun> {
        let (file, aside) = self.make(old)?;
        let result = self.fill(old, &file, begin);
        if result.is_err() && !Arc::ptr_eq(old, &file) {
            // Or the next attempt would find it and move it aside.
            let _ = file.cut(0).and_then(|()| self.disk.remove(&self.path));
        }
        result?;
        Ok(Begun {
            file,
            number: None,
            aside,
        })
    }

    fn fill(&self, old: &Handle, new: &Handle, begin: Option<Begin>) -> io::Result<()> {
        if let Some(Begin::Again { copy }) = begin {
            copy_start(old, new, copy)?;
            if self.syncs {
                new.sync()?;
            }
        }
        self.sync_directory()
    }

    /// Makes an empty file, or takes the one that is there, as another program
    /// makes one after it has moved ours. What else is there is moved aside.
    fn make(&self, old: &Arc<Handle>) -> io::Result<(Arc<Handle>, Option<PathBuf>)> {
        let mut aside = None;
        let there = self.disk.status(&self.path)?;
        let is_ours = match &there {
            Some(there) => old.status()?.is(there),
            None => false,
        };
        let make = match there {
            Some(there) if is_empty_file(&there) => match is_ours {
                true => return Ok((Arc::clone(old), None)),
                false => Make::Never,
            },
            Some(_) => {
                let path = self.free_name()?;
                self.disk.rename(&self.path, &path)?;
                aside = Some(path);
                Make::New
            }
            None => Make::New,
        };
        let file = self.disk.open(&self.path, make).map_err(|error| {
            match error.kind() == io::ErrorKind::NotFound && make == Make::New {
                true => io::Error::other("its directory is gone"),
                false => error,
            }
        })?;
        file.lock()?;
        Ok((Arc::new(file), aside))
    }

    /// A name for something that is moved aside.
    fn free_name(&self) -> io::Result<PathBuf> {
        let names = (1..=MOST_ASIDE).map(|number| match number {
            1 => with_suffix(&self.path, "replaced"),
            _ => with_suffix(&self.path, &format!("replaced-{number}")),
        });
        for name in names {
            if self.disk.status(&name)?.is_none() {
                return Ok(name);
            }
        }
        let name = with_suffix(&self.path, "replaced");
        let name = name.file_name().unwrap_or_default().display();
        Err(io::Error::other(format!(
            "something else is in its place, and {MOST_ASIDE} such files are beside it \
             already: move {name}* away"
        )))
    }

    fn is_at(&self, file: &Handle, path: &Path) -> io::Result<bool> {
        let there = self.disk.status(path)?;
        there.map_or(Ok(false), |there| Ok(file.status()?.is(&there)))
    }

    pub(super) fn sync_directory(&self) -> io::Result<()> {
        match self.syncs {
            true => self.disk.sync_directory(&directory_of(&self.path)),
            false => Ok(()),
        }
    }
}

impl Cut {
    fn make(&self) {
        let status = self.file.status();
        if status.is_ok_and(|status| status.length == self.length) {
            // To have it in both files is not worth an error.
            let _ = self.file.cut(self.at);
        }
    }
}

impl Expected {
    /// Whether a file holds it. A file that cannot be read counts as one that does:
    /// its readers are told.
    pub(super) fn is_in(&self, file: &Handle) -> bool {
        let mut bytes = Vec::new();
        if let Ok(()) = file.read_at(0, self.head.len(), &mut bytes)
            && bytes != self.head
        {
            return false;
        }
        let mut place = self.place.start - self.before.len() as u64;
        let mut before = &self.before[..];
        let mut next = self.events.start;
        while place < self.place.end {
            let most = (before.len() + SOURCE).min((self.place.end - place) as usize);
            if file.read_at(place, most, &mut bytes).is_err() {
                return true;
            }
            let Some(mut rest) = bytes.strip_prefix(before) else {
                return false;
            };
            while let Some(length) = memchr(b'\n', rest) {
                if !rest.starts_with(format!("{{\"seq\":{next},").as_bytes()) {
                    return false;
                }
                rest = &rest[length + 1..];
                next += 1;
            }
            let count = bytes.len() - rest.len();
            if count == 0 {
                return false;
            }
            place += count as u64;
            before = &[];
        }
        next == self.events.end
    }
}

/// The name of a full file.
pub(super) fn full(path: &Path, number: u64) -> PathBuf {
    with_suffix(path, &format!("{number:06}"))
}

fn is_empty_file(status: &Status) -> bool {
    status.is_file && status.length == 0
}

fn copy_start(from: &Handle, to: &Handle, length: u64) -> io::Result<()> {
    let mut bytes = Vec::new();
    for offset in (0..length).step_by(SOURCE) {
        let most = SOURCE.min((length - offset) as usize);
        from.read_at(offset, most, &mut bytes)?;
        if bytes.len() < most {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.write_at(&bytes, offset).1?;
    }
    Ok(())
}

/// How many things may be beside the history that were moved aside.
const MOST_ASIDE: u64 = 100;
