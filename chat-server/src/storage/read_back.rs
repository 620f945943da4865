//! Reading the files of a history back, from beginning to end, and cutting a torn end
//! off.

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, bail};
use memchr::{memchr, memrchr};

use super::disk::{Disk, Handle, Make};
use super::paths::{in_use, with_suffix};
use super::recovery::{Damage, Recovery, is_event, seq_of};
use super::segments::Segments;
use crate::timeline::log::ORIGIN;
use crate::timeline::replay::SOURCE;

/// Reads a file from beginning to end. A torn end of the newest one is cut off.
/// `number` is that in its name, if it is full.
pub(super) fn read_back(
    disk: &Disk,
    path: &Path,
    (number, is_last): (Option<u64>, bool),
    recovery: &mut Recovery,
    segments: &mut Segments,
    notes: &mut Vec<String>,
) -> anyhow::Result<Handle> {
    let show = path.display();
    let file = open(disk, path, number)?;
    let start = recovery.json.head();
    let reader = file
        .reader()
        .with_context(|| format!("cannot read {show}"))?;
    let mut lines = BufReader::with_capacity(READ_BUFFER, reader);
    let mut line = Vec::new();
    // Behind the last event that was read.
    let mut place = 0;
    while next_line(&mut lines, &mut line).with_context(|| format!("cannot read {show}"))? > 0 {
        let before = recovery.json.next();
        let (skipped, taken) = take(&mut lines, &mut line, (start, place), recovery)?;
        if let Err(damage) = taken {
            if !is_behind_history(damage, &file, (start, place))?
                || any_event_from(recovery.json.next(), &mut lines)?
            {
                bail!(
                    "{show} is damaged at byte {place}: {damage}; nothing was changed. \
                     Move it away to begin a new history, or cut the damage out of it"
                );
            }
            match is_last {
                true => cut(disk, path, &file, place, notes)
                    .with_context(|| format!("cannot cut {show}"))?,
                false => notes.push(format!(
                    "from byte {place} on {show} holds no event of the history: it is left as it is"
                )),
            }
            break;
        }
        let seq = recovery.json.next() - 1;
        let at = start + place + skipped;
        if place == 0 {
            segments.begin(number, start, (seq, at));
        } else if skipped > 0 {
            segments.note_behind_gap(seq, at);
        }
        if start > ORIGIN && seq > before || skipped > 0 {
            notes.push(missing(before, seq, path));
        }
        segments.note(seq, at);
        place += skipped + line.len() as u64;
        segments.grow(start + place);
        line.clear();
    }
    Ok(file)
}

fn open(disk: &Disk, path: &Path, number: Option<u64>) -> anyhow::Result<Handle> {
    let make = match number {
        Some(_) => Make::Never,
        None => Make::IfMissing,
    };
    let file = disk
        .open(path, make)
        .with_context(|| format!("cannot open {}", path.display()))?;
    in_use(file.lock(), path)?;
    Ok(file)
}

/// Takes a line that begins at `place` in a file, or what stands behind the zeros in
/// it. The file begins at `start` in the JSON log. Tells how many bytes were passed
/// over, and what came of it.
fn take(
    lines: &mut impl BufRead,
    line: &mut Vec<u8>,
    (start, place): (u64, u64),
    recovery: &mut Recovery,
) -> io::Result<(u64, Result<(), Damage>)> {
    let taken = match line.ends_with(b"\n") {
        true => recovery.line(line),
        false => Err(Damage::NotAnEvent),
    };
    Ok(match taken {
        Err(Damage::NotAnEvent) if memchr(0, line).is_some() => {
            let skipped = skip_zeros(lines, line)?;
            let taken = recovery.line_behind_gap(line, start + place + skipped);
            (skipped, taken)
        }
        // The whole file before this one is missing, or its end.
        Err(Damage::WrongNumber { .. }) if place == 0 => (0, recovery.line_behind_gap(line, start)),
        taken => (0, taken),
    })
}

/// Whether a line that is not the next event can stand behind the end of the history.
fn is_behind_history(
    damage: Damage,
    file: &Handle,
    (start, place): (u64, u64),
) -> io::Result<bool> {
    Ok(match damage {
        Damage::NotAnEvent => start + place > ORIGIN || is_ours(file)?,
        // What another program has appended may look like an event.
        Damage::WrongNumber { expected, found } => place > 0 && found < expected,
    })
}

fn missing(expected: u64, found: u64, path: &Path) -> String {
    let show = path.display();
    match found.saturating_sub(expected) {
        0 => format!("before event {found} there are zeros in {show}"),
        1 => format!("event {expected} is missing before event {found} in {show}"),
        _ => format!(
            "events {expected} to {} are missing before event {found} in {show}",
            found - 1
        ),
    }
}

/// Goes on behind the zeros that are in `line`, which another program leaves that
/// cuts a file while a server writes to it, and a power cut. A whole line is left
/// in `line`, or less if the file ends before that. Tells how many bytes were
/// passed over.
fn skip_zeros(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    let mut skipped = 0;
    let mut is_fragment = true;
    loop {
        let zeros = memrchr(0, line).map_or(0, |zero| zero + 1);
        skipped += zeros as u64;
        line.drain(..zeros);
        let is_whole = line.ends_with(b"\n");
        // What stands right behind them may be the end of a line.
        if is_whole && (is_event(line) || !std::mem::take(&mut is_fragment)) {
            return Ok(skipped);
        }
        if is_whole || line.len() > SOURCE {
            skipped += line.len() as u64;
            line.clear();
        }
        if next_line(lines, line)? == 0 {
            return Ok(skipped);
        }
    }
}

/// Whether a file without any event can be what became of our very first line: zeros,
/// then its beginning, and zeros again. Anything else may be a file that has nothing
/// to do with this program.
fn is_ours(file: &Handle) -> io::Result<bool> {
    const BEGINNING: &[u8] = b"{\"seq\":";
    let mut bytes = BufReader::new(file.reader()?).bytes();
    let first = bytes.find(|byte| !matches!(byte, Ok(0)));
    for (byte, expected) in first.into_iter().chain(bytes).zip(BEGINNING) {
        match byte? {
            0 => break,
            byte if byte != *expected => return Ok(false),
            _ => {}
        }
    }
    Ok(true)
}

/// Appends the next line, or the beginning of one that is too long.
pub(super) fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let mut bounded = lines.by_ref().take(SOURCE as u64 + 1);
    bounded.read_until(b'\n', line)
}

/// Whether an event of the number `least` or a later one stands behind a line that
/// is damaged.
fn any_event_from(least: u64, lines: &mut impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    while next_line(lines, &mut line)? > 0 {
        if seq_of(&line).is_some_and(|seq| seq >= least) {
            return Ok(true);
        }
        line.clear();
    }
    Ok(false)
}

/// Cuts a file at `place`, and keeps a copy of the rest, but for pieces of nothing but
/// zeros: there can be any number of them that take no space.
pub(super) fn cut(
    disk: &Disk,
    path: &Path,
    file: &Handle,
    place: u64,
    notes: &mut Vec<String>,
) -> io::Result<()> {
    let end = file.status()?.length;
    let torn = with_suffix(path, "torn");
    let is_copied = copy_rest(disk, file, place..end, &torn)?;
    file.cut(place)?;
    file.sync()?;
    let count = end - place;
    let path = path.display();
    notes.push(match is_copied {
        true => format!(
            "{count} bytes behind the last event were cut off the end of {path}; they are in {}",
            torn.display()
        ),
        false => format!("{count} zeros behind the last event were cut off the end of {path}"),
    });
    Ok(())
}

/// Appends a range of a file to the file `torn`; tells whether there was anything but
/// zeros.
fn copy_rest(disk: &Disk, file: &Handle, range: Range<u64>, torn: &Path) -> io::Result<bool> {
    let in_copy = |error| named(error, torn);
    let mut copy = None;
    let mut piece = Vec::new();
    for offset in range.clone().step_by(SOURCE) {
        file.read_at(
            offset,
            SOURCE.min((range.end - offset) as usize),
            &mut piece,
        )?;
        if piece.iter().all(|&byte| byte == 0) {
            continue;
        }
        let (copy, end) = match &mut copy {
            Some(open) => open,
            None => {
                let open = disk.open_private(torn).map_err(in_copy)?;
                let end = open.status().map_err(in_copy)?.length;
                copy.insert((open, end))
            }
        };
        copy.write_at(&piece, *end).1.map_err(in_copy)?;
        *end += piece.len() as u64;
    }
    if let Some((copy, _)) = &copy {
        copy.sync().map_err(in_copy)?;
    }
    Ok(copy.is_some())
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

const READ_BUFFER: usize = 256 * 1024;
