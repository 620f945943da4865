//! The room: who is in it, and the log of what happens.
//!
//! Everything that everybody sees goes through `Room::append`, once: there
//! the event gets its number and is encoded for each form that somebody reads.
//! What is appended is shown to nobody before [`Room::show`]: where the room is
//! kept on disk, only what is kept is confirmed. The room knows neither
//! sockets, files nor clocks; time is an argument.

pub mod absent;
pub mod dedup;
pub mod identity;
mod names;
pub mod presence;
pub mod roster;
pub mod runs;
pub mod tickets;

use std::collections::VecDeque;
use std::ops::Range;

use chat_proto::command::{Past, Resume};
use chat_proto::event::{Body, Event, Limits, RoomId, RunId, Speech, SpeechKind, Tag, Timestamp};
use chat_proto::text::Text;
use chat_proto::{json_form, text_form};

use crate::clock::Now;
use crate::room::absent::Absent;
use crate::room::dedup::Ids;
use crate::room::identity::{Identity, Key, Owner};
use crate::room::presence::Presence;
use crate::room::roster::People;
use crate::room::runs::{Onward, Runs};
use crate::room::tickets::Secrets;
use crate::timeline::cursor::Shown;
use crate::timeline::log::Log;
use crate::timeline::replay::{Replay, Selection};

pub use names::RenameError;

/// The encodings, one of which each connection reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For `nc` and eyes.
    Text,
    /// For programs.
    Json,
}

/// The one room.
#[derive(Debug)]
pub struct Room {
    key: Key,
    run: RunId,
    runs: Runs,
    text: Log,
    json: Log,
    /// What everybody may see ends here.
    shown: Mark,
    people: People,
    /// Who of them is still to be told of.
    presence: Presence,
    /// How many people are here as the events in the log tell it.
    told: usize,
    /// The messages that are held, by their ids.
    ids: Ids,
    /// The numbers of the events in memory that are something said or done.
    speech: VecDeque<u64>,
    /// The history on disk, if there is one.
    kept: Option<Kept>,
    /// What nobody may do beyond.
    limits: Limits,
    secrets: Secrets,
    /// Who is awaited after a restart.
    absent: Absent,
}

/// What there was before the room was opened.
#[derive(Debug)]
pub struct Before {
    /// The room, and the runs of its server.
    pub runs: Runs,
    /// The newest events, in JSON form.
    pub json: Log,
    /// Those of all events that carry an id.
    pub ids: Ids,
    /// Who was here.
    pub absent: Absent,
}

/// What the room knows of its history on disk.
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
    /// What lies behind this in the JSON log is not safe on disk yet, and must
    /// stay in memory.
    safe: u64,
    /// What is said is shown only when it is safe.
    is_late: bool,
    /// Why nothing can be kept now.
    trouble: Option<Text>,
}

/// A boundary between two events, in both logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The number of the last event before it.
    pub seq: u64,
    /// Its place in the log of the text form.
    pub text: u64,
    /// Its place in the log of the JSON form.
    pub json: u64,
}

impl Mark {
    /// How many bytes there are before it, in both logs.
    pub fn bytes(&self) -> u64 {
        self.text + self.json
    }

    /// Its place in the log of a form.
    pub fn of(&self, form: Form) -> u64 {
        match form {
            Form::Text => self.text,
            Form::Json => self.json,
        }
    }
}

/// Where an event lies in each log.
#[derive(Debug, Clone)]
pub struct Place {
    /// In the log of the text form.
    pub text: Range<u64>,
    /// In the log of the JSON form.
    pub json: Range<u64>,
}

/// What became of a message.
#[derive(Debug, Clone)]
pub enum Said {
    /// It is a new event.
    New(Place),
    /// It was this event already.
    Again(u64),
    /// It cannot be kept, for this reason.
    Refused(Text),
}

impl Room {
    /// An empty room that keeps about `capacity` bytes in memory, as
    /// [`Room::behind`] says.
    pub fn new(identity: Identity, capacity: u64) -> Self {
        let Identity { room, run, key } = identity;
        let before = Before {
            runs: Runs::of(room),
            json: Log::new(capacity, 0, 1),
            ids: Ids::default(),
            absent: Absent::default(),
        };
        Self::behind(before, run, key, capacity)
    }

    /// A room that goes on, in this run of its server, behind what was `before`.
    /// It keeps about `capacity` bytes in JSON form, and half as many in text
    /// form: what is older is made of the JSON form for those few who are that
    /// far behind.
    pub fn behind(before: Before, run: RunId, key: Key, capacity: u64) -> Self {
        let Before {
            mut runs,
            json,
            ids,
            absent,
        } = before;
        runs.go_on(Some(run), json.next());
        let text = Log::new(capacity / 2, 0, json.next());
        let shown = Mark {
            seq: json.next() - 1,
            text: text.head(),
            json: json.head(),
        };
        let mut speech: VecDeque<u64> = json
            .backwards()
            .filter(|(_, line)| json_form::is_speech(line))
            .map(|(seq, _)| seq)
            .collect();
        speech.make_contiguous().reverse();
        Self {
            key,
            run,
            runs,
            text,
            json,
            speech,
            shown,
            people: People::default(),
            presence: Presence::default(),
            told: 0,
            ids,
            kept: None,
            limits: Limits::default(),
            secrets: Secrets::new(key, run),
            absent,
        }
    }

    /// What nobody may do beyond.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Has other limits than the usual ones.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Has the room kept in files, another one after each `segment` bytes of
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

    /// What is said will be shown only when it is safe on disk, however long that
    /// takes.
    pub fn show_late(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.is_late = true;
        }
    }

    /// Another file had to be begun at `start` in the JSON log, which is to tell
    /// that the room goes on.
    pub fn begin_file(&mut self, start: u64, time: Timestamp) {
        if let Some(kept) = &mut self.kept
            && kept.cuts.is_empty()
        {
            kept.segment_start = start;
        }
        self.open(time);
    }

    /// Tells whoever reads the history that it goes on, and that nobody is
    /// here yet.
    pub fn open(&mut self, time: Timestamp) {
        self.append_to_logs(time, self.opening());
    }

    fn opening(&self) -> Body {
        Body::Room {
            room: self.runs.room().clone(),
            run: Some(self.run),
            people: self.told,
        }
    }

    /// Which room it is, in this run of its server.
    pub fn id(&self) -> RoomId {
        self.runs.current()
    }

    /// How a program goes on that was here before, up to `mark`.
    pub fn onward(&self, resume: &Resume, mark: Mark) -> Onward {
        self.runs.onward(resume, self.first(), mark.seq)
    }

    /// The log of a form.
    pub fn log(&self, form: Form) -> &Log {
        match form {
            Form::Text => &self.text,
            Form::Json => &self.json,
        }
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

    /// The end of what everybody may see.
    pub fn shown(&self) -> Mark {
        self.shown
    }

    /// Lets everybody see what is before `mark`.
    pub fn show(&mut self, mark: Mark) {
        self.shown = mark;
    }

    /// Lets everybody see everything.
    pub fn show_all(&mut self) {
        self.shown = self.head();
    }

    /// Takes the memory for both logs from the system.
    pub fn reserve(&mut self) {
        self.text.reserve();
        self.json.reserve();
    }

    /// What is to be seen of the log of a form.
    pub fn view(&self, form: Form) -> Shown<'_> {
        Shown {
            log: self.log(form),
            until: self.shown.of(form),
            seq: self.shown.seq,
            first: self.first(),
        }
    }

    /// Where replies go: behind everything, so that a reply to a message comes
    /// after the message. But no reply waits for the disk: where that decides what
    /// may be shown they go behind what is shown.
    pub fn reply_mark(&self) -> Mark {
        match self.kept.as_ref().is_some_and(|kept| kept.is_late) {
            true => self.shown,
            false => self.last_mark(),
        }
    }

    /// Where the last words to a peer go, and what is true only when all events are
    /// kept: behind everything. But while nothing can be kept, and so nothing more be
    /// shown, behind what is shown.
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

    /// Why nothing can be said now, if that is so.
    pub fn trouble(&self) -> Option<&Text> {
        self.kept.as_ref()?.trouble.as_ref()
    }

    /// Nothing can be kept now, for this reason, or everything again.
    pub fn set_trouble(&mut self, trouble: Option<Text>) {
        if let Some(kept) = &mut self.kept {
            kept.trouble = trouble;
        }
    }

    /// The secrets of the programs that are here.
    pub fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }

    /// Whether more people may come: while nothing can be kept those who come
    /// and go fill the memory.
    pub fn has_space(&self) -> bool {
        self.trouble().is_none() || self.json.head() - self.shown.json < MAX_UNKEPT
    }

    /// What lies before `position` in the JSON log is safe on disk.
    pub fn set_safe(&mut self, position: u64) {
        if let Some(kept) = &mut self.kept {
            kept.safe = position;
        }
    }

    /// Events before this one are no longer on disk.
    pub fn forget_before(&mut self, first: u64) {
        if let Some(kept) = &mut self.kept {
            kept.first = first;
            self.ids.forget_before(first);
            self.runs.forget_before(first);
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

    /// The number of the first event from `seq` on that is something said or
    /// done. `None` if that is not known, because they are no longer in memory.
    pub fn next_speech(&self, seq: u64) -> Option<u64> {
        if seq < self.json.first() {
            return None;
        }
        let index = self.speech.partition_point(|known| *known < seq);
        Some(
            self.speech
                .get(index)
                .copied()
                .unwrap_or_else(|| self.json.next()),
        )
    }

    /// The piece of the past that was asked for, as far as it is held, and may
    /// be seen before `upto`. Of the last messages those that are in memory.
    pub fn past(&self, past: Past, upto: Mark) -> Replay {
        let end = upto.seq + 1;
        match past {
            Past::Range { first, last } => {
                let end = last.map_or(end, |last| last.saturating_add(1).min(end));
                let first = first.max(self.first());
                Replay::new(first, end.max(first), Selection::Everything)
            }
            Past::Last(count) => {
                let until = self.speech.partition_point(|seq| *seq < end);
                let oldest = until.saturating_sub(count);
                // Not beyond the last one: what would not be sent cannot be missed.
                let (next, end) = if oldest < until {
                    (self.speech[oldest], self.speech[until - 1] + 1)
                } else {
                    (end, end)
                };
                Replay::new(next, end, Selection::Speech)
            }
        }
    }

    /// A person says or does something. A message with a
    /// short id is known again only if it comes from the same owner.
    pub fn say(
        &mut self,
        mut speech: Speech,
        owner: Option<Owner>,
        kind: SpeechKind,
        now: Now,
    ) -> Said {
        let text = speech.text.as_str();
        let hash = match &speech.id {
            Some(id) if id.is_unique() => Some(self.key.hash_of_message(kind, id, text)),
            Some(id) => {
                speech.tag = owner.map(|owner| self.key.tag_of_message(owner, kind, id, text));
                speech.tag.map(Tag::bits)
            }
            None => None,
        };
        if let Some(seq) = hash.and_then(|hash| self.ids.find(hash)) {
            return Said::Again(seq);
        }
        if let Some(trouble) = self.trouble() {
            return Said::Refused(trouble.clone());
        }
        self.tell_before(&[&speech.name], now);
        let place = self.append(now, kind.body(speech));
        let seq = self.json.next() - 1;
        self.speech.push_back(seq);
        if let Some(hash) = hash {
            self.ids.insert(hash, seq);
        }
        Said::New(place)
    }

    /// What [`Room::trim`] will drop of the log of a form.
    pub fn trim_point(&self, form: Form) -> u64 {
        let safe = self.kept.as_ref().map_or(u64::MAX, |kept| kept.safe);
        self.log(form).trim_point(match form {
            Form::Text => self.shown.text,
            Form::Json => self.shown.json.min(safe),
        })
    }

    /// Drops the oldest events beyond the capacity, as far as nobody needs them:
    /// `floor` is where the readers of each form are, at least.
    pub fn trim(&mut self, floor: [u64; 2]) {
        let [text, json] = floor;
        let (text, json) = (
            self.trim_point(Form::Text).min(text),
            self.trim_point(Form::Json).min(json),
        );
        self.text.trim(text);
        self.json.trim(json);
        let gone = self.json.first();
        while self.speech.pop_front_if(|seq| *seq < gone).is_some() {}
        if self.kept.is_none() {
            self.ids.forget_before(self.json.first());
        }
    }

    /// Appends an event, in another file if the last one is full.
    fn append(&mut self, now: Now, body: Body) -> Place {
        let head = self.head();
        if let Some(kept) = &mut self.kept
            && head.json - kept.segment_start >= kept.segment
        {
            kept.cuts.push_back(head);
            kept.segment_start = head.json;
            self.append_to_logs(now.time, self.opening());
        }
        match &body {
            Body::Entered(names) => self.told += names.len(),
            Body::Left(names) => self.told -= names.len(),
            _ => {}
        }
        self.append_to_logs(now.time, body)
    }

    fn append_to_logs(&mut self, time: Timestamp, body: Body) -> Place {
        let event = Event {
            seq: self.json.next(),
            time,
            body,
        };
        Place {
            text: self.text.append(|out| text_form::encode_event(&event, out)),
            json: self.json.append(|out| json_form::encode_event(&event, out)),
        }
    }
}

/// Bytes of events that may wait to be kept while nothing can be kept.
const MAX_UNKEPT: u64 = 1 << 20;

/// A text of our own.
pub(crate) fn notice(text: &str) -> Text {
    Text::clean(text).expect("the server's own words are short and not empty")
}

#[cfg(test)]
mod tests;
