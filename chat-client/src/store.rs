//! The history of earlier runs, in a file.
//!
//! One entry a line, the oldest first; a line end in an entry is `\n` and a backslash
//! `\\`. Each client appends its entries under a lock, so that several clients share
//! one file and a crash loses nothing. The same entry may stand in it more than once:
//! the last one counts. At the end of a run, or when it has grown beyond 1 MiB or twice
//! [`MAX_HISTORY`] lines, the file is shortened in place.
//!
//! The file may be a link or have several names, and belongs to the person: it is
//! never replaced by another one, and keeps its permissions. In the place of a
//! file there may be something else, such as `/dev/null`: then nothing is kept.
//!
//! [`known_hosts`] is another file of the person, beside this one.

pub(crate) mod file;
pub mod known_hosts;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::editor::{History, MAX_HISTORY, MAX_HISTORY_BYTES};
use crate::sys;
use file::{Lock, open, wait_for_lock};

/// The file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The file of this person, `$XDG_STATE_HOME/chat/history`.
    pub fn of_user() -> Option<Self> {
        file::of_user("history").map(Self::at)
    }

    /// A file at `path`, which need not be there yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it. A file that is not there is an empty history, and so is a device.
    ///
    /// # Errors
    ///
    /// Those of the system, and when there is something else than a file.
    pub fn load(&self) -> io::Result<History> {
        match open(&self.path, OpenOptions::new().read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(History::default()),
            Err(error) => Err(error),
            Ok(None) => Ok(History::default()),
            Ok(Some(mut file)) => {
                // Without the lock it may be in the middle of being shortened,
                // which shows nothing worse than an entry cut in two.
                wait_for_lock(LOCK_TIMEOUT, || file.try_lock_shared());
                Ok(history(&read_end(&mut file)?))
            }
        }
    }

    /// Adds an entry, unless it is one that is not kept.
    ///
    /// # Errors
    ///
    /// Those of the system, and when there is something else than a file. The
    /// entry is not added then.
    pub fn add(&self, entry: &str) -> io::Result<()> {
        let entry = History::from_lines([entry.to_owned()]);
        let Some(entry) = entry.lines().next().map(escape) else {
            return Ok(());
        };
        if let Some(directory) = self.path.parent() {
            sys::create_private_dir(directory)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let Some(mut file) = open(&self.path, &mut options)? else {
            return Ok(());
        };
        let lock = wait_for_lock(LOCK_TIMEOUT, || file.try_lock());
        if lock == Lock::Held {
            append(&mut file, &entry)?;
        } else if let Some(mut file) = open(&self.path, OpenOptions::new().read(true).append(true))?
        {
            // The system finds the end, also while other clients write.
            append(&mut file, &entry)?;
        }
        if lock != Lock::Busy {
            // A full disk, for example: there is another time.
            let _ = shorten(&mut file, 2 * MAX_HISTORY);
        }
        Ok(())
    }

    /// Leaves each entry in the file once, if no other client uses it now.
    ///
    /// # Errors
    ///
    /// As for [`Store::add`]; no entry is lost.
    pub fn tidy(&self) -> io::Result<()> {
        match open(&self.path, OpenOptions::new().read(true).write(true))? {
            Some(mut file) if wait_for_lock(LOCK_TIMEOUT, || file.try_lock()) != Lock::Busy => {
                shorten(&mut file, 0)
            }
            _ => Ok(()),
        }
    }
}

/// Puts an entry, or several, at the end, in one write; what of it does not fit on
/// the disk is taken back.
fn append(file: &mut File, lines: &str) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if end > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    // An editor, or a crash, may have left a line without an end.
    let before = if last == *b"\n" { "" } else { "\n" };
    let written = file.write_all(format!("{before}{lines}\n").as_bytes());
    if written.is_err() {
        let _ = file.set_len(end);
    }
    written
}

/// Rewrites a file with only its history, if it has more than `most_lines` or
/// [`MAX_FILE`] bytes.
fn shorten(file: &mut File, most_lines: usize) -> io::Result<()> {
    let before = read_end(file)?;
    let end = file.seek(SeekFrom::End(0))?;
    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
    if end <= MAX_FILE && lines <= most_lines {
        return Ok(());
    }
    let history = history(&before);
    let entries: Vec<String> = history.lines().map(escape).collect();
    let entries = entries.join("\n");
    // The copy at the beginning must not reach the one behind.
    if history.is_empty() || entries.len() as u64 + 1 >= end {
        return Ok(());
    }
    replace(file, &entries, File::write_all)
}

/// Puts `entries` in the place of all that is in a file, and is longer.
///
/// They are first put behind what is there, then written over the beginning, and then
/// the file is cut off. However that is interrupted, all of them are in the file.
fn replace(
    file: &mut File,
    entries: &str,
    write_over: impl FnOnce(&mut File, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    append(file, entries)?;
    file.sync_data()?;
    file.seek(SeekFrom::Start(0))?;
    write_over(file, format!("{entries}\n").as_bytes())?;
    file.sync_data()?;
    file.set_len(entries.len() as u64 + 1)
}

/// The last [`MAX_FILE`] bytes, from the beginning of a line.
fn read_end(file: &mut File) -> io::Result<Vec<u8>> {
    let skipped = file.seek(SeekFrom::End(0))?.saturating_sub(MAX_FILE);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    if skipped > 0 {
        let partial = bytes.iter().position(|&byte| byte == b'\n');
        bytes.drain(..partial.map_or(bytes.len(), |end| end + 1));
    }
    Ok(bytes)
}

fn history(bytes: &[u8]) -> History {
    let text = String::from_utf8_lossy(bytes);
    History::from_lines(text.lines().map(unescape))
}

fn escape(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => entry.push('\n'),
                Some(other) => entry.push(other),
                None => {}
            },
            _ => entry.push(character),
        }
    }
    entry
}

/// From here on a file is shortened: more than a history can be, escaped. Of a longer
/// one, which is not of our making, so much is read.
const MAX_FILE: u64 = 4 * MAX_HISTORY_BYTES as u64;

/// How long to wait for other clients, which use the file for a moment. A person waits
/// for the prompt meanwhile.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
