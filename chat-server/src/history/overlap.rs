//! Two files of a history that hold the same events, and how that is mended.
//!
//! When another program moves `FILE` away, what was not known to be safe in it is
//! written into a new `FILE`, and only then taken out of the old one
//! ([`Cut`](super::keeper::Cut)). A server that was killed in between leaves the same
//! events at the end of one file and at the beginning of the next one. Its successor
//! takes them out of one of the two, if they are the same to the byte. What differs is
//! left as it is, and is damage.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::disk::{Disk, Handle, Make};
use super::opening::next_line;
use super::recovery::seq_of;
use crate::replay::SOURCE;

/// Mends each file of `paths`, in order, that repeats the end of the one before it.
/// What was done is added to `notes`.
///
/// # Errors
///
/// When a file cannot be opened, read or written.
pub(super) fn mend(disk: &Disk, paths: &[PathBuf], notes: &mut Vec<String>) -> anyhow::Result<()> {
    let mut before: Option<(&PathBuf, Handle)> = None;
    for path in paths {
        let show = path.display();
        let file = match disk.open(path, Make::Never) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.with_context(|| format!("cannot open {show}"))?,
        };
        let repeated = match &before {
            Some((_, old)) => find(old, &file).with_context(|| format!("cannot read {show}"))?,
            None => None,
        };
        match (&before, repeated) {
            (Some((old_path, old)), Some(Repeated::InBoth { at })) => {
                notes.push(take_out(old_path, old, at)?);
            }
            (_, Some(Repeated::InOld)) => {
                notes.push(take_out(path, &file, 0)?);
                continue;
            }
            _ => {}
        }
        before = Some((path, file));
    }
    Ok(())
}

/// Cuts a file off at this byte. Returns what is to be said of it.
fn take_out(path: &Path, file: &Handle, at: u64) -> anyhow::Result<String> {
    let show = path.display();
    file.lock()
        .and_then(|()| file.cut(at))
        .and_then(|()| file.sync())
        .with_context(|| format!("cannot shorten {show}"))?;
    Ok(format!(
        "events at the edge of {show} were in two files, and were taken out of this one"
    ))
}

/// Where the same events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeated {
    /// From this byte of the old file on, everything is at the beginning of the new
    /// one as well.
    InBoth { at: u64 },
    /// All that the new file holds is in the old one, which goes on behind it.
    InOld,
}

fn find(old: &Handle, new: &Handle) -> io::Result<Option<Repeated>> {
    let (Some(first), Some(last)) = (first_event(new)?, last_event(old)?) else {
        return Ok(None);
    };
    if first > last {
        return Ok(None);
    }
    let Some(at) = place_of(old, first)? else {
        return Ok(None);
    };
    let (behind, length) = (old.status()?.length - at, new.status()?.length);
    let (mut in_old, mut in_new) = (Vec::new(), Vec::new());
    let common = behind.min(length);
    for offset in (0..common).step_by(SOURCE) {
        let most = SOURCE.min((common - offset) as usize);
        old.read_at(at + offset, most, &mut in_old)?;
        new.read_at(offset, most, &mut in_new)?;
        if in_old != in_new {
            return Ok(None);
        }
    }
    Ok(Some(match behind <= length {
        true => Repeated::InBoth { at },
        false => Repeated::InOld,
    }))
}

fn first_event(file: &Handle) -> io::Result<Option<u64>> {
    let mut line = Vec::new();
    next_line(&mut BufReader::new(file.reader()?), &mut line)?;
    Ok(seq_of(&line))
}

/// The last whole line's, if it stands near the end.
fn last_event(file: &Handle) -> io::Result<Option<u64>> {
    let length = file.status()?.length;
    let most = length.min(2 * SOURCE as u64);
    let mut bytes = Vec::new();
    file.read_at(length - most, most as usize, &mut bytes)?;
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').rev();
    Ok(lines.find_map(seq_of))
}

/// Where the event of this number begins.
fn place_of(file: &Handle, wanted: u64) -> io::Result<Option<u64>> {
    let mut lines = BufReader::with_capacity(SOURCE, file.reader()?);
    let (mut line, mut place) = (Vec::new(), 0);
    loop {
        line.clear();
        let count = next_line(&mut lines, &mut line)?;
        match seq_of(&line) {
            _ if count == 0 => return Ok(None),
            Some(seq) if seq == wanted => return Ok(Some(place)),
            _ => place += count as u64,
        }
    }
}
