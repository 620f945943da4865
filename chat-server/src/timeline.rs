//! The log in memory, and each reader's place in it.
//!
//! Every event is encoded once for each form, at the end of a [`Log`], and a
//! connection is an integer that moves along ([`cursor`]). What is appended is
//! shown to no reader before [`Timeline::show`]: where the room is kept on disk, only
//! what is kept is confirmed. The timeline knows neither sockets, files nor clocks.

pub mod cursor;
pub mod erasures;
pub mod log;
pub mod mark;
pub mod replay;
pub mod slices;
pub mod speech;

use std::collections::VecDeque;
use std::ops::Range;

use chat_proto::command::Past;
use chat_proto::event::{Body, Event, Rank, ServerMessage, Timestamp};
use chat_proto::name::Name;
use chat_proto::text::Text;
use chat_proto::{json_form, text_form};

use crate::room::identity::Key;
use erasures::{Eraser, Erasures, Then};
use log::{Log, View, moved};
use mark::{Form, Mark, Place};
use replay::{Replay, Selection, Source};
use speech::SpeechIndex;

/// The events in memory, and how far readers may see them.
#[derive(Debug)]
pub struct Timeline {
    text: Log,
    json: Log,
    /// The end of what readers may see.
    shown: Mark,
    speech: SpeechIndex,
    erasures: Erasures,
    /// The end of the last erased event that readers may see.
    erased_until: Mark,
    /// How often lines were replaced, and those before them have moved.
    moves: u64,
    /// How many messages were appended since the server started.
    messages: u64,
    /// The history on disk, if there is one.
    kept: Option<Kept>,
    /// Events from this one on stay in memory in JSON form, however large they are.
    held: Option<u64>,
}

/// What the timeline knows of the history on disk.
#[derive(Debug)]
struct Kept {
    /// The oldest event in it.
    first: u64,
    /// Bytes of the JSON log after which another file is begun.
    segment: u64,
    /// Where the newest file begins in the JSON log.
    segment_start: u64,
    /// Where further files are to begin.
    cuts: VecDeque<Mark>,
    /// Events behind this place in the JSON log are not safe on disk yet, and must stay
    /// in memory.
    safe: u64,
    /// Events are shown only when they are safe.
    is_late: bool,
    /// Why nothing can be kept now.
    trouble: Option<Text>,
}

impl Timeline {
    /// Goes on behind the events of `json`. It keeps about `capacity` bytes in JSON
    /// form, and half as many in text form: older events are made of the JSON form for
    /// the few readers that are that far behind. The room has this `key`.
    pub fn behind(json: Log, capacity: u64, key: Key) -> Self {
        let text = Log::new(capacity / 2, 0, json.next());
        let shown = Mark {
            seq: json.next() - 1,
            text: text.head(),
            json: json.head(),
        };
        Self {
            speech: SpeechIndex::of(&json),
            text,
            json,
            shown,
            erasures: Erasures::new(key),
            erased_until: Mark {
                seq: 0,
                text: 0,
                json: 0,
            },
            moves: 0,
            messages: 0,
            kept: None,
            held: None,
        }
    }

    /// Has the events kept in files, another one after each `segment` bytes of
    /// the JSON log, the newest of which begins at `segment_start`. `first` is
    /// the oldest event in them.
    pub fn keep(&mut self, first: u64, segment_start: u64, segment: u64) {
        self.kept = Some(Kept {
            first,
            segment,
            segment_start,
            cuts: VecDeque::new(),
            safe: self.json.head(),
            is_late: false,
            trouble: None,
        });
    }

    /// Events will be shown only when they are safe on disk, however long that takes.
    pub fn show_late(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.is_late = true;
        }
    }

    /// Keeps the events from `first` on in memory, in JSON form.
    pub fn hold_from(&mut self, first: u64) {
        self.held = Some(first);
    }

    /// Takes the memory for both logs from the system.
    pub fn reserve(&mut self) {
        self.text.reserve();
        self.json.reserve();
    }

    /// Appends an event, whose number is the next one. This is the only place where an
    /// event is encoded for the readers that follow the room.
    pub fn append(&mut self, event: &Event) -> Place {
        debug_assert_eq!(event.seq, self.json.next());
        if matches!(event.body, Body::Message(_) | Body::Action(_)) {
            self.speech.push(event.seq);
            self.messages += 1;
        }
        let json = self.json.append(|out| json_form::encode_event(event, out));
        if matches!(event.body, Body::Measure(_) | Body::Room { .. }) {
            self.json.hide_private_part(event.seq, json.start);
        }
        let mut public = 0;
        let text = self.text.append(|out| {
            let start = out.len();
            text_form::encode_event(event, out);
            public = out.len() - start;
            text_form::encode_private(event, out);
        });
        let private = text.start + public as u64..text.end;
        if !private.is_empty() {
            self.text.hide(private, Rank::Operator);
        }
        Place { text, json }
    }

    /// The log of a form.
    pub fn log(&self, form: Form) -> &Log {
        match form {
            Form::Text => &self.text,
            Form::Json => &self.json,
        }
    }

    /// How many messages were appended since the server started.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// How many bytes have been appended since the beginning, in all forms.
    pub fn written(&self) -> u64 {
        self.head().bytes()
    }

    /// The end of everything.
    pub fn head(&self) -> Mark {
        Mark {
            seq: self.json.next() - 1,
            text: self.text.head(),
            json: self.json.head(),
        }
    }

    /// The end of what readers may see.
    pub fn shown(&self) -> Mark {
        self.shown
    }

    /// Lets readers see what is before `mark`.
    pub fn show(&mut self, mark: Mark) {
        self.shown = mark;
        self.pass_erased();
    }

    /// Lets readers see everything.
    pub fn show_all(&mut self) {
        self.show(self.head());
    }

    /// What is to be seen of the log of a form.
    pub fn view(&self, form: Form) -> View<'_> {
        View {
            log: self.log(form),
            until: self.shown.of(form),
            seq: self.shown.seq,
            first: self.first(),
        }
    }

    /// Where pieces of the past are taken from.
    pub fn source(&self) -> Source<'_> {
        Source {
            json: &self.json,
            speech: &self.speech,
            erasures: &self.erasures,
            moves: self.moves,
            first: self.first(),
            last: self.shown.seq,
        }
    }

    /// Where replies go: behind everything, so that a reply to a message comes after
    /// the message. But no reply waits for the disk: where events are shown only when
    /// they are safe, replies go behind the last shown event.
    pub fn reply_mark(&self) -> Mark {
        match self.kept.as_ref().is_some_and(|kept| kept.is_late) {
            true => self.shown,
            false => self.last_mark(),
        }
    }

    /// Where the last words to a peer go, and words that are true only when all events
    /// are kept: behind everything. While nothing can be kept, and so nothing more is
    /// shown, they go behind the last shown event.
    pub fn last_mark(&self) -> Mark {
        match self.trouble() {
            Some(_) => self.shown,
            None => self.head(),
        }
    }

    /// The number of the oldest event that is held, in memory or on disk.
    pub fn first(&self) -> u64 {
        let kept = self.kept.as_ref().map(|kept| kept.first);
        kept.unwrap_or_else(|| self.json.first())
    }

    /// Whether the history is on disk.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Why nothing can be kept now, if that is so.
    pub fn trouble(&self) -> Option<&Text> {
        self.kept.as_ref()?.trouble.as_ref()
    }

    /// Sets why nothing can be kept now; `None` if everything can again.
    pub fn set_trouble(&mut self, trouble: Option<Text>) {
        if let Some(kept) = &mut self.kept {
            kept.trouble = trouble;
        }
    }

    /// Whether there is memory for more events: while nothing can be kept they fill
    /// it.
    pub fn has_space(&self) -> bool {
        self.trouble().is_none() || self.json.head() - self.shown.json < MAX_UNKEPT
    }

    /// What lies before `position` in the JSON log is safe on disk.
    pub fn set_safe(&mut self, position: u64) {
        if let Some(kept) = &mut self.kept {
            kept.safe = position;
        }
    }

    /// Bytes of the JSON log that are not known to be safe on disk, if the history is to be.
    pub(crate) fn unsynced(&self) -> Option<u64> {
        let kept = self.kept.as_ref()?;
        Some(self.json.head().saturating_sub(kept.safe))
    }

    /// When the oldest of the events happened that are not known to be safe on disk.
    pub(crate) fn unsynced_since(&self) -> Option<Timestamp> {
        let safe = self.kept.as_ref()?.safe;
        if safe >= self.json.head() {
            return None;
        }
        let (seq, _) = self.json.event_at(safe);
        let line = std::str::from_utf8(self.json.event(seq)?).ok()?;
        match json_form::parse_server_message(line.trim_end()) {
            Ok(Some(ServerMessage::Event(event))) => Some(event.time),
            _ => None,
        }
    }

    /// Events before this one are no longer on disk.
    pub fn set_first(&mut self, first: u64) {
        if let Some(kept) = &mut self.kept {
            kept.first = first;
        }
    }

    /// Whether the newest file is full: the next event is to be the first one of
    /// another file.
    pub fn is_file_full(&self) -> bool {
        let full = |kept: &Kept| self.json.head() - kept.segment_start >= kept.segment;
        self.kept.as_ref().is_some_and(full)
    }

    /// Another file is to begin at the head.
    pub fn cut(&mut self) {
        let head = self.head();
        if let Some(kept) = &mut self.kept {
            kept.cuts.push_back(head);
            kept.segment_start = head.json;
        }
    }

    /// What stands at the head of the newest file does not count: it is repeated in each
    /// file, and may be more than a file is to hold.
    pub fn begin_counting(&mut self) {
        let head = self.json.head();
        if let Some(kept) = &mut self.kept {
            kept.segment_start = head;
        }
    }

    /// Another file had to be begun at `start` in the JSON log.
    pub fn cut_at(&mut self, start: u64) {
        if let Some(kept) = &mut self.kept
            && kept.cuts.is_empty()
        {
            kept.segment_start = start;
        }
    }

    /// Where the next file is to begin, if that is before the head.
    pub fn next_cut(&self) -> Option<Mark> {
        self.kept.as_ref()?.cuts.front().copied()
    }

    /// The next file has been begun.
    pub fn cut_done(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.cuts.pop_front();
        }
    }

    /// The part of the past that a peer asked for, as far as it is held and may be seen
    /// before `upto`. Of the last messages, only those in memory.
    pub fn past(&self, past: Past, upto: Mark) -> Replay {
        let end = upto.seq + 1;
        match past {
            Past::Range { first, last } => {
                let end = last.map_or(end, |last| last.saturating_add(1).min(end));
                let first = first.max(self.first());
                Replay::new(first, end.max(first), Selection::Everything)
            }
            Past::Last(count) => {
                let last = self.speech.last(count, end);
                Replay::new(last.start, last.end, Selection::Speech)
            }
        }
    }

    /// Whether an event is held, in memory or on disk.
    pub fn holds(&self, seq: u64) -> bool {
        (self.first()..self.json.next()).contains(&seq)
    }

    /// Erases the text of an event, if it is held and something is said in it: from now on
    /// no reader is sent the text, and it is replaced in memory and on disk as soon as that
    /// is possible. `by` had it erased; `None` is the operator of the server.
    pub fn erase(&mut self, seq: u64, by: Option<Name>) {
        // Of one that is not in memory it is not known whether anything is said in it.
        if self.holds(seq) && self.json.event(seq).is_none_or(json_form::is_speech) {
            self.erasures.add(seq, by);
            self.pass_erased();
        }
    }

    /// The end of the last erased event that readers may see. When it changes, readers
    /// before [`Timeline::live_from`] have to be moved there before they are sent anything.
    pub fn erased_until(&self) -> Mark {
        self.erased_until
    }

    /// What is not shown yet is passed when it is shown.
    fn pass_erased(&mut self) {
        if let Some(seq) = self.erasures.last_waiting(self.shown.seq)
            && seq > self.erased_until.seq
        {
            self.erased_until = Mark {
                seq,
                text: end_of(&self.text, seq),
                json: end_of(&self.json, seq),
            };
        }
    }

    /// The erased events whose lines can be replaced in the files now: they are safe there,
    /// and no reader stands before them in memory.
    pub fn to_erase(&self) -> impl Iterator<Item = (u64, &Eraser)> {
        let safe = self.kept.as_ref().map_or(0, |kept| kept.safe);
        let ready = self.erasures.ready();
        ready.take_while(move |(seq, _)| end_of(&self.json, *seq) <= safe)
    }

    /// On disk the line of an erased event, which lay at `place` in the JSON log, has been
    /// replaced by this one. All that lies before it has moved by the difference.
    pub fn replaced(&mut self, seq: u64, place: Range<u64>, line: &[u8]) {
        let old = place.end - place.start;
        if self.json.position_of(seq) == Some(place.start)
            && self.json.event(seq).map(<[u8]>::len) == Some(old as usize)
        {
            self.json.replace(seq, line);
        }
        if let Some(kept) = &mut self.kept
            && kept.segment_start <= place.start
        {
            kept.segment_start = moved(kept.segment_start, old, line);
        }
        self.moves += 1;
    }

    /// Nothing is left to do in the files for an erased event.
    pub fn erasure_done(&mut self, seq: u64) {
        self.erasures.done(seq);
    }

    /// Where readers of the live log of a form are at least: those before this place have
    /// to be moved, because the log will be cut there or a text before it was erased.
    pub fn live_from(&self, form: Form) -> u64 {
        self.trim_point(form).max(self.erased_until.of(form))
    }

    /// What [`Timeline::trim`] will drop of the log of a form.
    pub fn trim_point(&self, form: Form) -> u64 {
        let safe = self.kept.as_ref().map_or(u64::MAX, |kept| kept.safe);
        self.log(form).trim_point(match form {
            Form::Text => self.shown.text,
            Form::Json => {
                let held = self.held.and_then(|first| self.json.position_of(first));
                self.shown.json.min(safe).min(held.unwrap_or(u64::MAX))
            }
        })
    }

    /// Drops the oldest events beyond the capacity, and the texts of erased ones, as far as
    /// no reader needs them: `floor` is where the readers of each form are, at least.
    pub fn trim(&mut self, floor: [u64; 2]) {
        let [text, json] = floor;
        self.drop_erased(floor);
        let (text, json) = (
            self.trim_point(Form::Text).min(text),
            self.trim_point(Form::Json).min(json),
        );
        self.text.trim(text);
        self.json.trim(json);
        self.speech.trim(self.json.first());
        self.erasures.forget_before(self.first());
    }

    /// The texts go before whose ends no reader stands any more. Where there are files the
    /// JSON log holds the same bytes as they do, and waits for them.
    fn drop_erased(&mut self, [text, json]: [u64; 2]) {
        while let Some(seq) = self.erasures.first_waiting()
            && seq <= self.shown.seq
            && end_of(&self.text, seq) <= text
            && end_of(&self.json, seq) <= json
        {
            self.text.blank(seq);
            if self.is_kept() {
                self.erasures.pass_first(Then::InFiles);
                continue;
            }
            let line = self.json.event(seq);
            if let Some(line) = line.and_then(|line| self.erasures.line(seq, line)) {
                self.json.replace(seq, &line);
                self.moves += 1;
            }
            self.erasures.pass_first(Then::InMemory);
        }
    }
}

/// Where an event ends in a log; 0 if that is before its beginning.
fn end_of(log: &Log, seq: u64) -> u64 {
    log.position_of(seq + 1).unwrap_or(0)
}

/// Bytes of events that may wait to be kept while nothing can be kept.
const MAX_UNKEPT: u64 = 1 << 20;
