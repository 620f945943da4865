//! Files of a history that hold the same events, and how that is mended.
//!
//! When another program moves `FILE` away, what was not known to be safe in it is
//! written into a new `FILE`, and only then taken out of the old one
//! ([`Cut`](super::keeper::Cut)). A server that was killed in between leaves the same
//! events at the end of one file and at the beginning of the next one, or of several
//! if that was moved away meanwhile. Its successor takes them out of all but one, if
//! they are the same to the byte. What differs is left as it is, and is damage. Behind
//! the last event of each file there may be what a power cut has left.

use std::io::{self, BufReader};
use std::ops::Range;
use std::path::PathBuf;

use anyhow::Context;

use super::disk::{Disk, Handle, Make};
use super::opening::{cut, next_line};
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
        // In one without an event there is nothing to compare.
        let first = first_event(&file).with_context(|| format!("cannot read {show}"))?;
        let Some(first) = first else {
            continue;
        };
        let Some((old_path, old)) = &before else {
            before = Some((path, file));
            continue;
        };
        let repeated = find(old, &file, first).with_context(|| format!("cannot read {show}"))?;
        let (path_of_it, it, other) = match &repeated {
            Some(Repeated::InNew(_)) => (path, &file, old),
            _ => (*old_path, old, &file),
        };
        if let Some(Repeated::InOld(events) | Repeated::InNew(events)) = &repeated {
            let show = path_of_it.display();
            // The events are to be on the disk in the file that keeps them.
            it.lock()
                .and_then(|()| other.sync())
                .and_then(|()| match it.status()?.length > events.end {
                    true => cut(disk, path_of_it, it, events.end, notes),
                    false => Ok(()),
                })
                .and_then(|()| it.cut(events.start))
                .and_then(|()| it.sync())
                .with_context(|| format!("cannot shorten {show}"))?;
            notes.push(format!(
                "events at the edge of {show} were in two files, and were taken out of this one"
            ));
        }
        if !matches!(repeated, Some(Repeated::InNew(_))) {
            before = Some((path, file));
        }
    }
    Ok(())
}

/// Which bytes of which file are events that the other one holds as well. They end
/// with its last event.
#[derive(Debug)]
enum Repeated {
    /// They are at the end of the old file, and at the beginning of the new one.
    InOld(Range<u64>),
    /// They are all that the new file holds, and the old one goes on behind them.
    InNew(Range<u64>),
}

/// `first` is the number of the event with which the new file begins.
fn find(old: &Handle, new: &Handle, first: u64) -> io::Result<Option<Repeated>> {
    let (Some((last, old_end)), Some((_, new_end))) = (last_event(old)?, last_event(new)?) else {
        return Ok(None);
    };
    if first > last {
        return Ok(None);
    }
    let Some(at) = place_of(old, first)? else {
        return Ok(None);
    };
    let behind = old_end.saturating_sub(at);
    let (mut in_old, mut in_new) = (Vec::new(), Vec::new());
    let common = behind.min(new_end);
    for offset in (0..common).step_by(SOURCE) {
        let most = SOURCE.min((common - offset) as usize);
        old.read_at(at + offset, most, &mut in_old)?;
        new.read_at(offset, most, &mut in_new)?;
        if in_old != in_new {
            return Ok(None);
        }
    }
    Ok(Some(match behind <= new_end {
        true => Repeated::InOld(at..old_end),
        false => Repeated::InNew(0..new_end),
    }))
}

fn first_event(file: &Handle) -> io::Result<Option<u64>> {
    let mut line = Vec::new();
    next_line(&mut BufReader::new(file.reader()?), &mut line)?;
    Ok(seq_of(&line))
}

/// The number of the last event, and where it ends, if that is near the end.
fn last_event(file: &Handle) -> io::Result<Option<(u64, u64)>> {
    let mut end = file.status()?.length;
    let most = end.min(2 * SOURCE as u64);
    let mut bytes = Vec::new();
    file.read_at(end - most, most as usize, &mut bytes)?;
    for line in bytes.split_inclusive(|&byte| byte == b'\n').rev() {
        if let Some(seq) = seq_of(line) {
            return Ok(Some((seq, end)));
        }
        end -= line.len() as u64;
    }
    Ok(None)
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
