//! A file is written anew, without texts that were erased.
//!
//! A copy is made beside it with the lines of the erased events replaced (`FILE.erasing`),
//! and takes the place of the file when all of it is on the disk. A power cut leaves either
//! the old file or the new one.
//!
//! Each job copies one piece, so that no other work waits for long, and the newest file can
//! be written to meanwhile. Only for the last piece nothing may be written to it.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use memchr::{memchr, memrchr};

use super::disk::{Disk, EDGE, Handle, Make};
use super::paths::with_suffix;
use super::recovery::seq_of;
use crate::timeline::erasures::Eraser;
use crate::timeline::replay::SOURCE;

/// The erasure of texts in the files.
#[derive(Debug, Default)]
pub(super) struct Erasing {
    /// The file that is written anew.
    pub(super) rewriting: Option<Rewriting>,
    /// Nothing is tried before this moment,
    pub(super) retry: Option<Instant>,
    /// and then first what is behind this event, so that one file that cannot be written
    /// does not keep the others.
    pub(super) behind: u64,
    /// It was told that it fails.
    pub(super) is_failing: bool,
}

/// A file that is written anew.
#[derive(Debug)]
pub(super) struct Rewriting {
    /// The file, which stays in its place until the copy is whole.
    pub(super) old: Arc<Handle>,
    /// The erased events in it.
    pub(super) targets: Vec<Target>,
    /// The copy; `None` as long as it is not known what is to be replaced.
    pub(super) copy: Option<Copy>,
}

/// An event that was erased.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) seq: u64,
    pub(super) eraser: Eraser,
    /// The place in the file of the event or one not far before it.
    pub(super) near: u64,
}

/// A copy of a file, as far as it is made.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) new: Arc<Handle>,
    /// The lines that are replaced, in order.
    pub(super) edits: Vec<Edit>,
    /// How many of them are in the copy.
    done: usize,
    /// As far as this the old file is in the copy,
    from: u64,
    /// which ends here.
    to: u64,
    /// Its beginning, once it is whole.
    pub(super) head: Vec<u8>,
}

/// A line that is replaced.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) seq: u64,
    /// Where it is in the old file.
    pub(super) place: Range<u64>,
    /// The line in its place.
    pub(super) line: Vec<u8>,
}

/// How far it has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More is to be copied.
    Copied,
    /// The copy is in the place of the file; or nothing is to be replaced, and there is none.
    Done,
}

impl Rewriting {
    /// Whether the next piece is the last one of a file of this length.
    pub(super) fn is_last(&self, length: u64) -> bool {
        length - self.copied().min(length) <= PIECE
    }

    fn copied(&self) -> u64 {
        self.copy.as_ref().map_or(0, |copy| copy.from)
    }

    /// Copies the next piece of the file, which is at `path`, for the history `history`. It
    /// ends at `length`, or where it ends on the disk.
    pub(super) fn go_on(
        &mut self,
        disk: &Disk,
        history: &Path,
        path: &Path,
        length: Option<u64>,
    ) -> io::Result<Progress> {
        let status = self.old.status()?;
        if !disk.status(path)?.is_some_and(|there| status.is(&there)) {
            return Err(io::Error::other("it is not in its place"));
        }
        let copy = match &mut self.copy {
            Some(copy) => copy,
            None => {
                let edits = find(&self.old, &self.targets)?;
                if edits.is_empty() {
                    return Ok(Progress::Done);
                }
                self.copy
                    .insert(Copy::begin(disk, history, &self.old, edits)?)
            }
        };
        let length = length.unwrap_or(status.length);
        copy.take(&self.old, length.min(copy.from + PIECE))?;
        // Also where the history is not synced: otherwise a power cut could take what has
        // been on the disk for long.
        copy.new.sync()?;
        if copy.from < length {
            return Ok(Progress::Copied);
        }
        copy.new.read_at(0, EDGE, &mut copy.head)?;
        disk.rename(&beside(history), path)?;
        Ok(Progress::Done)
    }
}

impl Copy {
    fn begin(disk: &Disk, history: &Path, old: &Handle, edits: Vec<Edit>) -> io::Result<Self> {
        let path = beside(history);
        // Of an attempt before this one.
        remove(disk, &path)?;
        let new = disk.open(&path, Make::New)?;
        new.lock()?;
        new.take_access_of(old)?;
        Ok(Self {
            new: Arc::new(new),
            edits,
            done: 0,
            from: 0,
            to: 0,
            head: Vec::new(),
        })
    }

    /// Copies the old file as far as `until`, or to the end of a line there that is replaced.
    fn take(&mut self, old: &Handle, until: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        while self.from < until {
            let edit = self.edits.get(self.done);
            if let Some(edit) = edit.filter(|edit| edit.place.start == self.from) {
                self.new.write_at(&edit.line, self.to).1?;
                self.to += edit.line.len() as u64;
                self.from = edit.place.end;
                self.done += 1;
                continue;
            }
            let next = edit.map_or(until, |edit| edit.place.start.min(until));
            let most = SOURCE.min((next - self.from) as usize);
            old.read_at(self.from, most, &mut bytes)?;
            if bytes.len() < most {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.new.write_at(&bytes, self.to).1?;
            self.to += most as u64;
            self.from += most as u64;
        }
        Ok(())
    }
}

/// The lines that are to be replaced. An event that is not there, or in which nothing is
/// said, is left out, and so is one whose text has been erased.
fn find(file: &Handle, targets: &[Target]) -> io::Result<Vec<Edit>> {
    let mut edits = Vec::new();
    for Target { seq, eraser, near } in targets {
        if let Some((at, line)) = line_of(file, *seq, *near)?
            && let Some(erased) = eraser.erase(&line)
        {
            edits.push(Edit {
                seq: *seq,
                place: at..at + line.len() as u64,
                line: erased,
            });
        }
    }
    edits.sort_unstable_by_key(|edit| edit.place.start);
    Ok(edits)
}

/// The line of an event, and where it is: at `place` or behind it.
fn line_of(file: &Handle, seq: u64, mut place: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        file.read_at(place, 2 * SOURCE, &mut bytes)?;
        let mut at = 0;
        while let Some(length) = memchr(b'\n', &bytes[at..]) {
            let line = &bytes[at..=at + length];
            // Zeros are left where a file was cut while the server wrote to it.
            let zeros = memrchr(0, line).map_or(0, |zero| zero + 1);
            let line = &line[zeros..];
            match seq_of(line) {
                Some(found) if found == seq => {
                    return Ok(Some((place + (at + zeros) as u64, line.to_vec())));
                }
                Some(found) if found > seq => return Ok(None),
                _ => at += length + 1,
            }
        }
        match at {
            0 if bytes.len() < 2 * SOURCE => return Ok(None),
            0 => place += bytes.len() as u64,
            _ => place += at as u64,
        }
    }
}

/// Where the copy is made.
pub(super) fn beside(history: &Path) -> PathBuf {
    with_suffix(history, "erasing")
}

/// Removes a copy that was left there, if there is one.
pub(super) fn remove(disk: &Disk, path: &Path) -> io::Result<()> {
    match disk.status(path)? {
        Some(_) => disk.remove(path),
        None => Ok(()),
    }
}

/// So much is copied at a time. A job with this much to write and to sync takes no longer
/// than others.
const PIECE: u64 = 1024 * 1024;
