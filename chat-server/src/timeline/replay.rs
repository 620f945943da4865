//! The past, for peers that were not there: pieces of the log that are read again, from
//! memory or from files, a page at a time.
//!
//! A [`Replay`] is a few numbers, not bytes: which events are to come, and how
//! much of the first one has been sent. Its bytes are made when the socket can
//! take them and thrown away afterwards, but for the rest of a line that was
//! begun; so a thousand readers that have stopped in the middle of the past
//! hold hardly any memory for it. The source is the
//! JSON form, which is what the files hold; for readers of the text form it is
//! encoded again, to the same bytes as the first time.

mod files;
mod reader;
mod selection;

use chat_proto::event::{Event, Rank, Reply, ServerMessage, Timestamp};
use chat_proto::{json_form, text_form};
use memchr::{memchr, memrchr};

use crate::timeline::erasures::Erasures;
use crate::timeline::log::Log;
use crate::timeline::mark::Form;
use crate::timeline::speech::SpeechIndex;
pub use files::{Files, NoFiles, Piece, Wanted};
pub use reader::Reader;
pub use selection::Selection;

/// Events that are to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// The event that comes next.
    pub next: u64,
    /// One past the last event.
    pub end: u64,
    /// Bytes of the event `next` that have been sent: whole lines.
    pub offset: u64,
    /// Which of the events are sent.
    pub what: Selection,
    /// The peer has asked for it, and says nothing more until it has it.
    pub asked: bool,
    /// An event and where it lies in the JSON log: `next` or one not far before it.
    place: Option<(u64, u64)>,
    /// How often places had moved when that was so.
    moves: u64,
    /// How many events before `next` cannot be read; the reader is still to be told.
    lost: u64,
    /// How often in turn nothing could be read.
    failures: u32,
}

/// What pieces of the past are taken from, besides files.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The events in memory.
    pub json: &'a Log,
    /// Which of them are something said or done.
    pub speech: &'a SpeechIndex,
    /// Whose texts were erased.
    pub erasures: &'a Erasures,
    /// How often places in the JSON log have moved.
    pub moves: u64,
    /// The oldest event that is held, in memory or in files.
    pub first: u64,
    /// The newest event that readers may see.
    pub last: u64,
}

impl Source<'_> {
    /// The first event from `seq` on that is something said or done, or one past the
    /// newest event. `None` if that is not known, because it is not in memory.
    fn next_speech(&self, seq: u64) -> Option<u64> {
        let is_known = seq >= self.json.first();
        is_known.then(|| self.speech.next(seq).unwrap_or_else(|| self.json.next()))
    }
}

/// A part of the past, encoded for one reader. Made once and filled again and
/// again.
#[derive(Debug, Default)]
pub struct Page {
    bytes: Vec<u8>,
    steps: Vec<Step>,
    /// Why something could not be read.
    failure: Option<String>,
}

/// After so many bytes of the page this event is the next one, and lies there.
#[derive(Debug, Clone, Copy)]
struct Step {
    bytes: usize,
    next: u64,
    place: Option<u64>,
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
            moves: 0,
            lost: 0,
            failures: 0,
        }
    }

    /// The same, for a peer that has asked for it.
    pub fn on_request(self) -> Self {
        Self {
            asked: true,
            ..self
        }
    }

    /// What is said and done comes with its numbers.
    pub fn numbered(self) -> Self {
        let what = match self.what {
            Selection::Speech => Selection::NumberedSpeech,
            what => what,
        };
        Self { what, ..self }
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        self.next >= self.end && self.lost == 0
    }

    /// Whether something comes of it now, if everything up to `shown` may be seen.
    pub fn is_due(&self, shown: u64) -> bool {
        self.next <= shown || self.next >= self.end
    }

    /// Takes note that events before `seq` cannot be read.
    fn lose_before(&mut self, seq: u64, place: Option<u64>) {
        let seq = seq.min(self.end);
        if seq > self.next {
            self.lost += seq - self.next;
            (self.next, self.offset) = (seq, 0);
            self.place = place.map(|place| (seq, place));
        }
    }

    /// Forgets a place that is not true any more.
    fn find_again(&mut self, moves: u64) {
        if self.moves != moves {
            (self.moves, self.place) = (moves, None);
        }
    }

    /// How far to go on where nothing can be read, in bytes: further each time.
    fn next_distance(&mut self) -> u64 {
        let doubled = self.failures.checked_sub(1);
        self.failures += 1;
        doubled.map_or(1, |times| (SOURCE as u64) << times.min(MOST_DOUBLED))
    }

    /// Nothing can be read at `position`: goes on at least `least` bytes further on.
    fn jump(&mut self, position: u64, least: u64, source: &Source<'_>, files: &dyn Files) {
        let memory = source.json.first();
        let found = files.after(position, least);
        match found.filter(|(seq, _)| *seq < memory) {
            Some((seq, place)) if seq <= self.next => self.place = Some((seq, place)),
            Some((seq, place)) => self.lose_before(seq, Some(place)),
            None => self.lose_before(memory, None),
        }
    }

    /// An event and where it lies, from which `next` can be reached.
    fn start(&self, source: &Source<'_>, files: &dyn Files) -> Option<(u64, u64)> {
        let in_memory = source.json.position_of(self.next);
        let in_memory = in_memory.map(|place| (self.next, place));
        in_memory.or(self.place).or_else(|| files.find(self.next))
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

    /// Takes note that the first `count` bytes were sent.
    pub(crate) fn advance(&self, count: usize, replay: &mut Replay) {
        let done = self.steps.partition_point(|step| step.bytes <= count);
        match done.checked_sub(1).map(|last| self.steps[last]) {
            Some(step) => {
                replay.next = step.next;
                replay.place = step.place.map(|place| (step.next, place));
                replay.offset = (count - step.bytes) as u64;
                replay.lost = 0;
            }
            None => replay.offset += count as u64,
        }
    }

    /// Why an event that was to be in it could not be read, if that is so.
    pub fn failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Takes what comes next of `replay`, as far as it is shown. If that has to be read
    /// first, tells what; `piece` is what was read. Events that cannot be read are left
    /// out, and the reader is told before the next event.
    pub fn fill(
        &mut self,
        replay: &mut Replay,
        reader: Reader,
        source: &Source<'_>,
        files: &dyn Files,
        mut piece: Option<Piece>,
        time: Timestamp,
    ) -> Option<Wanted> {
        self.bytes.clear();
        self.steps.clear();
        replay.find_again(source.moves);
        piece = piece.filter(|piece| piece.wanted.moves == source.moves);
        replay.lose_before(source.first, None);
        let end = replay.end.min(source.last + 1);
        let erasures = source.erasures;
        let reader = For {
            form: reader.form,
            rank: reader.rank,
            time,
            end,
            erasures,
        };
        loop {
            if replay.next >= end {
                if replay.next >= replay.end {
                    self.tell_lost(replay, &reader);
                }
                return None;
            }
            let Some((seq, position)) = replay.start(source, files) else {
                // It is nowhere.
                replay.lose_before(source.json.first(), None);
                continue;
            };
            if position >= source.json.start() {
                replay.lose_before(source.json.first(), None);
                self.take_memory(replay, &reader, source);
                return None;
            }
            let held = usize::try_from(files.held(position)).unwrap_or(usize::MAX);
            let most = match piece.take() {
                Some(piece) if piece.wanted.position == position => {
                    match self.take_piece(replay, &reader, seq, &piece) {
                        Taken::Page => return None,
                        Taken::Passed => continue,
                        Taken::Nothing
                            if piece.is_whole() && piece.wanted.most < held.min(SOURCE) =>
                        {
                            SOURCE
                        }
                        Taken::Nothing => {
                            self.pass_over(replay, &piece, source, files);
                            continue;
                        }
                    }
                }
                _ => READ,
            };
            if held > 0 {
                let most = most.min(held);
                return Some(Wanted {
                    position,
                    most,
                    moves: source.moves,
                });
            }
            replay.jump(position, 1, source, files);
        }
    }

    /// Leaves out a piece of which nothing can be read.
    fn pass_over(
        &mut self,
        replay: &mut Replay,
        piece: &Piece,
        source: &Source<'_>,
        files: &dyn Files,
    ) {
        self.failure = Some(piece.failure(replay.next));
        let position = piece.wanted.position;
        let least = match piece.is_whole() || piece.bytes.is_err() {
            true => replay.next_distance(),
            // As far as the next file, for this one ends here.
            false => u64::MAX - position,
        };
        replay.jump(position, least, source, files);
    }

    /// Takes what is in memory.
    fn take_memory(&mut self, replay: &Replay, reader: &For<'_>, source: &Source<'_>) {
        let log = source.json;
        let mut seq = replay.next;
        self.tell_lost(replay, reader);
        while seq < reader.end && self.bytes.len() < PAGE && self.steps.len() < PAGE_EVENTS {
            if replay.what.is_speech_only()
                && let Some(next) = source.next_speech(seq)
                && next > seq
            {
                // Over all that lies between.
                seq = next.min(reader.end);
                self.step(seq, log.position_of(seq));
                continue;
            }
            let Some(line) = log.event(seq) else {
                return;
            };
            self.put(seq, line, || event(line), replay, reader);
            seq += 1;
            self.step(seq, log.position_of(seq));
        }
    }

    /// Takes what was read, which begins with the event `seq` or where that should
    /// be.
    fn take_piece(
        &mut self,
        replay: &mut Replay,
        reader: &For<'_>,
        seq: u64,
        piece: &Piece,
    ) -> Taken {
        let mut rest = match &piece.bytes {
            Ok(bytes) => &bytes[..],
            Err(_) => &[],
        };
        let mut place = piece.wanted.position;
        let mut taken = Taken::Nothing;
        let mut next = replay.next;
        while next < reader.end
            && self.bytes.len() < PAGE
            && let Some(length) = memchr(b'\n', rest)
        {
            let (line, behind) = rest.split_at(length + 1);
            rest = behind;
            place += line.len() as u64;
            // Zeros are left where a file was cut while the server wrote to it.
            let line = &line[memrchr(0, line).map_or(0, |zero| zero + 1)..];
            let Some(event) = event(line).filter(|event| event.seq >= seq) else {
                self.failure = Some(format!("what is not an event stands before event {next}"));
                continue;
            };
            let number = event.seq;
            replay.failures = 0;
            if number < next {
                replay.place = Some((number + 1, place));
                taken = Taken::Passed;
                continue;
            }
            if number > next {
                if !self.steps.is_empty() {
                    break;
                }
                replay.lose_before(number, Some(place - line.len() as u64));
                if number >= reader.end {
                    return Taken::Passed;
                }
            }
            self.tell_lost(replay, reader);
            self.put(number, line, || Some(event), replay, reader);
            next = number + 1;
            self.step(next, Some(place));
            taken = Taken::Page;
        }
        taken
    }

    /// Encodes an event, which has this number and this line, behind what is there.
    fn put(
        &mut self,
        seq: u64,
        line: &[u8],
        event: impl FnOnce() -> Option<Event>,
        replay: &Replay,
        reader: &For<'_>,
    ) {
        let before = self.bytes.len();
        let erased = reader.erasures.line(seq, line);
        let is_begun = self.steps.is_empty() && replay.offset > 0;
        if is_begun && reader.erasures.contains(seq) {
            // Of one that had many lines some have been sent: the rest does not follow.
            return;
        }
        let line = erased.as_deref().unwrap_or(line);
        let event = || erased.as_deref().map_or_else(event, self::event);
        if replay.what.is_speech_only() && !json_form::is_speech(line) {
            // It is passed over.
        } else if reader.form == Form::Json {
            let private = json_form::private_part(line).filter(|it| !it.is_for(reader.rank));
            let hidden = private.map_or(line.len()..line.len(), |it| it.range);
            self.bytes.extend_from_slice(&line[..hidden.start]);
            self.bytes.extend_from_slice(&line[hidden.end..]);
        } else if let Some(event) = event() {
            match replay.what {
                Selection::Everything => {
                    text_form::encode_event(&event, &mut self.bytes);
                    if reader.rank >= Rank::Operator {
                        text_form::encode_private(&event, &mut self.bytes);
                    }
                }
                Selection::Speech => text_form::encode_dated(&event, &mut self.bytes),
                Selection::NumberedSpeech => text_form::encode_numbered(&event, &mut self.bytes),
            }
        }
        if is_begun {
            let sent = (self.bytes.len() - before).min(replay.offset as usize);
            self.bytes.drain(before..before + sent);
        }
    }

    /// Tells how much is missing, if that is not told yet.
    fn tell_lost(&mut self, replay: &Replay, reader: &For<'_>) {
        if replay.lost > 0 && self.steps.is_empty() {
            let gap = Reply::Gap {
                missed: replay.lost,
            };
            match reader.form {
                Form::Text => text_form::encode_reply(&gap, &mut self.bytes),
                Form::Json => json_form::encode_reply(&gap, reader.time, &mut self.bytes),
            }
            let place = replay.place.filter(|(seq, _)| *seq == replay.next);
            self.step(replay.next, place.map(|(_, place)| place));
        }
    }

    fn step(&mut self, next: u64, place: Option<u64>) {
        self.steps.push(Step {
            bytes: self.bytes.len(),
            next,
            place,
        });
    }
}

/// The reader of a page.
struct For<'a> {
    form: Form,
    rank: Rank,
    time: Timestamp,
    /// One past the last event that may be seen.
    end: u64,
    /// Whose texts it may not see.
    erasures: &'a Erasures,
}

/// What came of a piece.
enum Taken {
    /// There is something to send, or there are steps to be made.
    Page,
    /// Nothing to send, but it goes on further on.
    Passed,
    /// There is no event in it.
    Nothing,
}

/// The event that a line is, if it is one. Nothing else may reach a reader, not even
/// from a file that another program has changed.
fn event(line: &[u8]) -> Option<Event> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    match json_form::parse_server_message(line) {
        Ok(Some(ServerMessage::Event(event))) => Some(event),
        _ => None,
    }
}

/// What one reader is sent of the past at a time.
const PAGE: usize = 32 * 1024;

/// Events in a page that hold none of what was asked for.
const PAGE_EVENTS: usize = 4096;

/// What is read at a time,
const READ: usize = 32 * 1024;

/// unless there is no whole line in it: the longest line that a history may hold.
pub(crate) const SOURCE: usize = 64 * 1024;

/// How often the distance is doubled that is passed over where nothing can be read.
const MOST_DOUBLED: u32 = 10;

#[cfg(test)]
mod tests;
