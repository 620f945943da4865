//! The past, for those who were not there: pieces of the log that are read
//! again, from memory or from files, a page at a time.
//!
//! A [`Replay`] is a few numbers, not bytes: which events are to come, and how
//! much of the first one has been sent. Its bytes are made when the socket can
//! take them and thrown away afterwards, but for the rest of a line that was
//! begun; so a thousand readers that have stopped in the middle of the past
//! hold hardly any memory for it. The source is the
//! JSON form, which is what the files hold; for readers of the text form it is
//! encoded again, to the same bytes as the first time.

use std::io;

use chat_proto::event::ServerMessage;
use chat_proto::{json_form, text_form};
use memchr::memchr;

use crate::room::{Form, Room};

/// Events that are to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// The event that comes next.
    pub next: u64,
    /// The event that does not come any more.
    pub end: u64,
    /// Bytes of the event `next` that have been sent: whole lines.
    pub offset: u64,
    /// Which of the events.
    pub what: Selection,
    /// The peer has asked for it, and says nothing more until it has it.
    pub asked: bool,
    /// Where the event `next` lies in the JSON log, if known.
    place: Option<u64>,
}

/// Which events come, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All, as they were sent the first time.
    Everything,
    /// What was said and done; in text form with its time.
    Speech,
}

/// The files of the history.
pub trait Files {
    /// Where the event `seq` lies in the JSON log, or one before it: its
    /// number and its place.
    fn find(&self, seq: u64) -> Option<(u64, u64)>;

    /// Appends up to `most` bytes from `position` on to `out`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn read(&self, position: u64, most: usize, out: &mut Vec<u8>) -> io::Result<()>;
}

/// No files: what is not in memory is gone.
#[derive(Debug, Clone, Copy)]
pub struct NoFiles;

impl Files for NoFiles {
    fn find(&self, _: u64) -> Option<(u64, u64)> {
        None
    }

    fn read(&self, _: u64, _: usize, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

/// A piece of the past, encoded for one reader. Made once and filled again and
/// again.
#[derive(Debug, Default)]
pub struct Page {
    bytes: Vec<u8>,
    steps: Vec<Step>,
    source: Vec<u8>,
}

/// After so many bytes of the page this event is the next one, and lies there.
#[derive(Debug, Clone, Copy)]
struct Step {
    bytes: usize,
    next: u64,
    place: u64,
}

impl Replay {
    /// The events from `next` up to and without `end`.
    pub fn new(next: u64, end: u64, what: Selection) -> Self {
        Self {
            next,
            end,
            offset: 0,
            what,
            asked: false,
            place: None,
        }
    }

    /// The same, for a peer that has asked for it.
    pub fn on_request(self) -> Self {
        Self {
            asked: true,
            ..self
        }
    }

    /// The same, from `next` on.
    pub fn starting_at(self, next: u64) -> Self {
        Self {
            asked: self.asked,
            ..Self::new(next, self.end, self.what)
        }
    }

    /// Takes note that the first `count` bytes of the page were sent.
    pub fn advance(&mut self, count: usize, page: &Page) {
        let done = page.steps.partition_point(|step| step.bytes <= count);
        match done.checked_sub(1).map(|last| page.steps[last]) {
            Some(step) => {
                (self.next, self.place) = (step.next, Some(step.place));
                self.offset = (count - step.bytes) as u64;
            }
            None => self.offset += count as u64,
        }
    }
}

impl Page {
    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is missing of the line of which the first bytes are the last ones
    /// before `count`.
    pub fn rest_of_line(&self, count: usize) -> &[u8] {
        let (sent, rest) = self.bytes.split_at(count);
        match memchr(b'\n', rest) {
            Some(end) if !sent.is_empty() && !sent.ends_with(b"\n") => &rest[..=end],
            _ => &[],
        }
    }

    /// Makes it empty.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.steps.clear();
    }

    /// Takes what comes next of `replay`, as far as everybody may see it.
    ///
    /// # Errors
    ///
    /// When the files cannot be read.
    pub fn fill(
        &mut self,
        replay: &Replay,
        form: Form,
        room: &Room,
        files: &dyn Files,
    ) -> io::Result<()> {
        self.clear();
        let end = replay.end.min(room.shown().seq + 1);
        let (mut seq, mut place) = Self::place_of(replay, room, files)?;
        let log = room.log(Form::Json);
        while seq < end && self.bytes.len() < PAGE && self.steps.len() < PAGE_EVENTS {
            let mut most = SOURCE;
            if replay.what == Selection::Speech
                && let Some(next) = room.next_speech(seq)
                && let Some(start) = log.position_of(next)
            {
                // Over all that lies between, to one line.
                (seq, place) = (next.min(end), start);
                if next >= end {
                    self.steps.push(Step {
                        bytes: self.bytes.len(),
                        next: end,
                        place,
                    });
                    break;
                }
                let behind = log.position_of(next + 1).unwrap_or_else(|| log.head());
                most = (behind - start) as usize;
            }
            self.source.clear();
            read(place, most, room, files, &mut self.source)?;
            let mut rest = &self.source[..];
            let before = place;
            while seq < end
                && self.bytes.len() < PAGE
                && let Some(length) = memchr(b'\n', rest)
            {
                let (line, behind) = rest.split_at(length + 1);
                rest = behind;
                place += line.len() as u64;
                seq += 1;
                if seq > replay.next {
                    encode(line, replay.what, form, &mut self.bytes);
                    if self.steps.is_empty() && replay.offset > 0 {
                        let sent = self.bytes.len().min(replay.offset as usize);
                        self.bytes.drain(..sent);
                    }
                    self.steps.push(Step {
                        bytes: self.bytes.len(),
                        next: seq,
                        place,
                    });
                }
            }
            if place == before {
                let text = format!("event {seq} is not where it should be");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        Ok(())
    }

    /// The event `next`, or one not far before it, and where it lies.
    fn place_of(replay: &Replay, room: &Room, files: &dyn Files) -> io::Result<(u64, u64)> {
        if let Some(place) = replay.place {
            return Ok((replay.next, place));
        }
        if let Some(place) = room.log(Form::Json).position_of(replay.next) {
            return Ok((replay.next, place));
        }
        files.find(replay.next).ok_or_else(|| {
            let text = format!("event {} is in no file", replay.next);
            io::Error::new(io::ErrorKind::NotFound, text)
        })
    }
}

/// Bytes of the JSON log, from memory if they are there.
fn read(
    position: u64,
    most: usize,
    room: &Room,
    files: &dyn Files,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let log = room.log(Form::Json);
    if position < log.start() {
        return files.read(position, most, out);
    }
    for piece in log.bytes(position..position + most as u64) {
        out.extend_from_slice(piece);
    }
    Ok(())
}

fn encode(line: &[u8], what: Selection, form: Form, out: &mut Vec<u8>) {
    if what == Selection::Speech && !json_form::is_speech(line) {
        return;
    }
    if form == Form::Json {
        out.extend_from_slice(line);
        return;
    }
    // What stands in the files was looked through when they were opened.
    if let Ok(line) = std::str::from_utf8(line)
        && let Ok(Some(ServerMessage::Event(event))) = json_form::parse_server_message(line)
    {
        match what {
            Selection::Everything => text_form::encode_event(&event, out),
            Selection::Speech => text_form::encode_dated(&event, out),
        }
    }
}

/// What one reader is sent of the past at a time.
const PAGE: usize = 32 * 1024;

/// Events in a page that hold none of what was asked for.
const PAGE_EVENTS: usize = 4096;

/// What is read at a time, and the longest line that a history may hold.
pub(crate) const SOURCE: usize = 64 * 1024;
