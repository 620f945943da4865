//! Finding the files of a history at the start, and reading them back.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::disk::{self, Make};
use super::recovery::{Damage, Recovery, is_event};
use super::segments::Segments;
use super::{directory_of, with_suffix};
use crate::replay::SOURCE;

/// Where a file really is: under another name it would not be known again.
pub(super) fn real_path(path: &Path) -> anyhow::Result<PathBuf> {
    // A link may lead to a file that is yet to be made.
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match path.read_link() {
            Ok(target) if !path.exists() => path = directory_of(&path).join(target),
            _ => break,
        }
    }
    let directory = directory_of(&path);
    let name = path.file_name().unwrap_or_default();
    if path.exists() {
        return path
            .canonicalize()
            .with_context(|| format!("cannot find {}", path.display()));
    }
    let show = directory.display();
    match directory.canonicalize() {
        Ok(directory) if directory.is_dir() => Ok(directory.join(name)),
        Ok(_) => bail!("{show} is not a folder: keep the history in one"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{show} does not exist: make that folder, or keep the history in another one")
        }
        Err(error) => Err(error).with_context(|| format!("cannot look into {show}")),
    }
}

/// Makes sure that no other server writes to the same files.
pub(super) fn lock(path: &Path) -> anyhow::Result<File> {
    let show = path.display();
    if path.is_dir() {
        bail!(
            "{show} is a folder: name a file in it, such as {}",
            path.join("room.jsonl").display()
        );
    }
    // To read a pipe or a device would never end.
    if path.exists() && !path.is_file() {
        bail!("{show} is not a file: name one, or one that does not exist yet");
    }
    let lock_path = with_suffix(path, "lock");
    let lock = match disk::open(&lock_path, Make::IfMissing) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !lock_path.exists() => {
            let folder = directory_of(path);
            let folder = folder.display();
            bail!(
                "cannot write in {folder}: permission denied; \
                 let this user write there, or keep the history in another folder"
            )
        }
        opened => opened.with_context(|| format!("cannot open {}", lock_path.display()))?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => bail!(
            "the history {show} is in use by another chat-server: stop that one, or name another file"
        ),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", lock_path.display()))
        }
    }
}

/// The full files, in order.
pub(super) fn numbered(path: &Path) -> anyhow::Result<Vec<(u64, PathBuf)>> {
    let directory = directory_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!("{name}.");
    let mut found = Vec::new();
    let entries = std::fs::read_dir(&directory)
        .with_context(|| format!("cannot look into {}", directory.display()))?;
    for entry in entries {
        let name = entry?.file_name();
        let number = name
            .to_string_lossy()
            .strip_prefix(&prefix)
            .and_then(|digits| {
                let number = digits.parse::<u64>().ok();
                number.filter(|number| digits == format!("{number:06}"))
            });
        if let Some(number) = number {
            found.push((number, directory.join(name)));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads a file from beginning to end; a torn end of the last one is cut off.
pub(super) fn read_back(
    path: &Path,
    number: u64,
    is_last: bool,
    recovery: &mut Recovery,
    segments: &mut Segments,
    notes: &mut Vec<String>,
) -> anyhow::Result<File> {
    let show = path.display();
    let file = disk::open(path, Make::IfMissing).with_context(|| format!("cannot open {show}"))?;
    let start = recovery.json.head();
    let mut lines = BufReader::with_capacity(READ_BUFFER, &file);
    let mut line = Vec::new();
    let mut place = 0;
    let mut begun = false;
    loop {
        line.clear();
        let count =
            next_line(&mut lines, &mut line).with_context(|| format!("cannot read {show}"))?;
        if count == 0 {
            break;
        }
        let damage = match recovery.line(&line) {
            _ if !line.ends_with(b"\n") => Damage::NotAnEvent,
            Err(damage) => damage,
            Ok(()) => {
                let seq = recovery.json.next() - 1;
                if !std::mem::replace(&mut begun, true) {
                    segments.begin(number, start, seq);
                }
                segments.note(seq, start + place);
                place += count as u64;
                segments.grow(start + place);
                continue;
            }
        };
        let looks_torn = damage == Damage::NotAnEvent
            && is_last
            && (start + place > 0 || is_torn_beginning(&line));
        if !looks_torn || any_event_in(&mut lines)? {
            bail!(
                "{show} is damaged at byte {place}: {damage}; nothing was changed. \
                 Move it away to begin a new history, or cut the damage out of it"
            );
        }
        cut(path, &file, place, notes).with_context(|| format!("cannot cut {show}"))?;
        break;
    }
    Ok(file)
}

/// Whether this can be what became of our very first line. Anything else may be
/// somebody's file that has nothing to do with us.
fn is_torn_beginning(line: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"{\"seq\":";
    let common = line.len().min(BEGINNING.len());
    line[..common] == BEGINNING[..common] || line.iter().all(|&byte| byte == 0)
}

/// Appends the next line, or the beginning of one that is too long.
fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let mut bounded = lines.by_ref().take(SOURCE as u64 + 1);
    bounded.read_until(b'\n', line)
}

/// Whether something that counts stands behind a line that is damaged.
fn any_event_in(lines: &mut impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    while next_line(lines, &mut line)? > 0 {
        if is_event(&line) {
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}

/// Cuts a file at `place`, and keeps a copy of what is cut off.
fn cut(path: &Path, file: &File, place: u64, notes: &mut Vec<String>) -> io::Result<()> {
    let length = file.metadata()?.len() - place;
    let mut rest = Vec::new();
    disk::read_at(file, place, length.min(MAX_TORN) as usize, &mut rest)?;
    let torn = with_suffix(path, "torn");
    let copy = disk::open(&torn, Make::IfMissing)?;
    disk::write_at(&copy, &rest, copy.metadata()?.len()).1?;
    file.set_len(place)?;
    file.sync_all()?;
    notes.push(format!(
        "{length} bytes of an unfinished line were cut off the end of {}; they are in {}",
        path.display(),
        torn.display()
    ));
    Ok(())
}

/// Links that may lead to one another, as on Linux.
const MAX_LINKS: usize = 40;

const READ_BUFFER: usize = 256 * 1024;

/// The most that is copied of a torn end.
const MAX_TORN: u64 = 16 * 1024 * 1024;
