//! Files of a history that hold the same events, and how that is mended.
//!
//! When another program moves `FILE` away, what was not known to be safe in it is
//! written into a new `FILE`, and only then taken out of the old one
//! ([`Cut`](super::keeper::Cut)). A server that was killed in between leaves the same
//! events at the end of one file and at the beginning of the next one, or of several
//! if that was moved away meanwhile. Its successor takes them out of all but one, if
//! they are the same to the byte. What differs is left as it is, and is damage. Behind
//! the last event of each file, and between two, there may be what a power cut or
//! another program has left.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader};
use std::ops::Range;
use std::path::PathBuf;

use anyhow::Context;

use super::disk::{Disk, Handle, Make};
use super::read_back::{cut, next_line};
use super::recovery::seq_of;
use crate::timeline::replay::SOURCE;

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
        let is_repeated = last_event(old).map(|last| last >= Some(first));
        let repeated = is_repeated
            .and_then(|it| {
                if it {
                    find(old, &file, first)
                } else {
                    Ok(None)
                }
            })
            .with_context(|| format!("cannot read {show}"))?;
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
    /// They are at the end of the old file.
    InOld(Range<u64>),
    /// They are all that the new file holds.
    InNew(Range<u64>),
}

/// `first` is the number of the event with which the new file begins.
fn find(old: &Handle, new: &Handle, first: u64) -> io::Result<Option<Repeated>> {
    let (mut old, mut new) = (Events::of(old)?, Events::of(new)?);
    while old.next()? && old.seq < first {}
    new.next()?;
    let at = old.start;
    let (mut only_in_old, mut only_in_new) = (false, false);
    loop {
        match old.place().cmp(&new.place()) {
            _ if old.is_over && new.is_over => break,
            Ordering::Less => {
                only_in_old = true;
                old.next()?;
            }
            Ordering::Greater => {
                only_in_new = true;
                new.next()?;
            }
            Ordering::Equal if old.line != new.line => return Ok(None),
            Ordering::Equal => {
                old.next()?;
                new.next()?;
            }
        }
    }
    Ok(match (only_in_old, only_in_new) {
        (false, _) => Some(Repeated::InOld(at..old.end)),
        (true, false) => Some(Repeated::InNew(0..new.end)),
        (true, true) => None,
    })
}

/// The events of a file one after another, each with a higher number than the one
/// before it. Other bytes between them are passed over.
#[derive(Debug)]
struct Events<'a> {
    lines: BufReader<&'a File>,
    /// The event.
    line: Vec<u8>,
    seq: u64,
    /// Where it begins.
    start: u64,
    /// Where the last one ends.
    end: u64,
    /// Where the next line begins.
    next: u64,
    is_over: bool,
}

impl<'a> Events<'a> {
    fn of(file: &'a Handle) -> io::Result<Self> {
        Ok(Self {
            lines: BufReader::with_capacity(SOURCE, file.reader()?),
            line: Vec::new(),
            seq: 0,
            start: 0,
            end: 0,
            next: 0,
            is_over: false,
        })
    }

    /// Goes on to the next event, if there is one.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            self.line.clear();
            let count = next_line(&mut self.lines, &mut self.line)?;
            self.is_over = count == 0;
            if self.is_over {
                return Ok(false);
            }
            let start = self.next;
            self.next += count as u64;
            if let Some(seq) = seq_of(&self.line).filter(|seq| *seq > self.seq) {
                (self.seq, self.start, self.end) = (seq, start, self.next);
                return Ok(true);
            }
        }
    }

    /// Where it is in the order of all events.
    fn place(&self) -> u64 {
        match self.is_over {
            true => u64::MAX,
            false => self.seq,
        }
    }
}

fn first_event(file: &Handle) -> io::Result<Option<u64>> {
    let mut events = Events::of(file)?;
    Ok(events.next()?.then_some(events.seq))
}

/// The highest number of an event near the end, or further on if there is none.
fn last_event(file: &Handle) -> io::Result<Option<u64>> {
    let mut end = file.status()?.length;
    let mut bytes = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(2 * SOURCE as u64);
        file.read_at(start, (end - start) as usize, &mut bytes)?;
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        if let Some(last) = lines.filter_map(seq_of).max() {
            return Ok(Some(last));
        }
        // An event may lie across the edge of two pieces.
        end = if start > 0 { start + SOURCE as u64 } else { 0 };
    }
    Ok(None)
}
