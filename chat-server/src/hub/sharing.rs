//! A room that several servers share: what has its place in their order is applied, and the
//! chapters of the room follow from that.
//!
//! A server that begins again may have events in its files that the others have told since the
//! snapshot from which it goes on. They come of the same requests once more, and are compared
//! with what is there instead of being appended.

use std::fmt;
use std::mem;

use chat_proto::event::Event;
use chat_proto::json_form;

use super::*;
use crate::sequencer::{Ordered, Progress, Step};
use crate::timeline::erasures::are_same;

/// Why a server that shares a room cannot go on: its events are not those of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An event in its own history is another one than the requests of all servers lead to.
    Differs {
        /// The number of the event.
        seq: u64,
    },
    /// Its own history goes on behind all that the servers have told.
    Ahead {
        /// The last event of the history.
        own: u64,
        /// The last event of the room.
        room: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { seq } => write!(
                f,
                "event {seq} of this server's own history is not the one that the servers share"
            ),
            Self::Ahead { own, room } => write!(
                f,
                "this server's own history has events up to {own}, but the servers share only \
                 those up to {room}"
            ),
        }
    }
}

impl Hub {
    /// A room that this server shares with others, as it was after the last of the requests
    /// that all of them have applied. `json` are the newest events that this server holds:
    /// they can be more than the room has told.
    pub fn joining(room: Room, chapters: Chapters, json: Log, capacity: u64) -> Self {
        let mut hub = Self::of(room, json, capacity);
        hub.server = None;
        if let Some(first) = chapters.first() {
            hub.timeline.hold_from(first);
        }
        hub.chapters = Some(chapters);
        hub
    }

    /// The chapters, if several servers share the room.
    pub fn chapters(&self) -> Option<&Chapters> {
        self.chapters.as_ref()
    }

    /// How the order of the servers goes on, and whether it moves; `None` if this server is
    /// alone.
    pub(crate) fn progress(&self, now: Now) -> Option<(Progress, Flow)> {
        Some((self.sequencer.progress()?, self.sequencer.flow(now)))
    }

    /// How large a chapter is, but for its opening; 0 if the room is not shared.
    pub(crate) fn chapter_bytes(&self) -> u64 {
        self.sequencer.chapter_bytes().unwrap_or(0)
    }

    /// Whether several servers share the room.
    pub fn is_shared(&self) -> bool {
        self.chapters.is_some()
    }

    /// The events of the current chapter, one a line and without the texts that were erased,
    /// for a server that comes later. `None` if not all of them are in memory, as after a
    /// start, or none has happened.
    pub fn chapter_lines(&self) -> Option<Vec<u8>> {
        let (first, next) = (self.chapters()?.first()?, self.room.next());
        let source = self.timeline.source();
        let mut lines = Vec::new();
        for seq in first..next {
            let line = source.json.event(seq)?;
            match source.erasures.line(seq, line) {
                Some(erased) => lines.extend_from_slice(&erased),
                None => lines.extend_from_slice(line),
            }
        }
        Some(lines)
    }

    /// Why this server cannot go on, if it cannot: it applies nothing more.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The server asks for what it decides by itself where the room is its own. Where it is
    /// shared that follows from the events, and nothing is done.
    pub fn request_alone(&mut self, request: Request, now: Now) {
        if !self.is_shared() {
            self.request(request, now);
        }
    }

    /// Applies what has got its place by now. While so many events wait to be kept that there
    /// is no memory for more, this server reads no further, and the others go on without it
    /// after a while.
    pub fn advance(&mut self, now: Now) {
        while self.fault.is_none()
            && self.timeline.has_space()
            && let Some(Ordered { step, now }) = self.sequencer.next(now)
        {
            self.server = self.sequencer.server();
            match step {
                Step::Gone(server) => self.lose(server, now),
                Step::NamesUpTo(most) => self.room.set_names_up_to(most, now),
                Step::Request(request) => {
                    let origin = match &request {
                        Request::Client(origin, _) => Some(*origin),
                        _ => None,
                    };
                    let answer = self.apply(request, now);
                    if let Some(origin) = origin {
                        self.answer_later(origin, answer);
                    }
                }
            }
        }
        self.server = self.sequencer.server();
        // All that is in its own history was told before it could become one of them.
        let (own, room) = (self.timeline.head().seq, self.room.next() - 1);
        if self.takes_part() && own > room {
            self.fault.get_or_insert(Fault::Ahead { own, room });
        }
    }

    /// Another server is gone, and its people with it.
    fn lose(&mut self, server: ServerId, now: Now) {
        self.turn_page(now);
        self.room.lose(server, now, &mut self.events);
        self.append_events();
    }

    /// Another chapter begins if the one before it is full. Only there this server begins
    /// another file, if the newest one is full.
    pub(super) fn begin_chapter_if_due(&mut self, now: Now) {
        let size = self.sequencer.chapter_bytes().unwrap_or(u64::MAX);
        if !self.chapters().is_some_and(|it| it.is_due(size)) {
            return;
        }
        let first = self.room.next();
        let is_new = first > self.timeline.head().seq;
        let cuts = is_new && self.timeline.is_file_full();
        if cuts {
            self.timeline.cut();
        }
        self.append_events_of(Request::Open, now);
        if cuts {
            self.timeline.begin_counting();
        }
        self.timeline.hold_from(first);
        let oldest = self.chapters.as_mut().and_then(|it| it.begin(first));
        if let Some(first) = oldest {
            self.append_events_of(Request::Forget { first }, now);
        }
    }

    /// Appends what the room has told; where the event is that was asked for.
    pub(super) fn append_events(&mut self) -> Option<Place> {
        let mut own = None;
        let mut events = mem::take(&mut self.events);
        for Emitted { event, is_own } in events.drain(..) {
            if event.seq <= self.timeline.head().seq {
                self.repeat(&event);
                continue;
            }
            let place = self.timeline.append(&event);
            if let Body::Measure(measure) = &event.body
                && let MeasureKind::Erased { target, .. } = measure.kind
            {
                self.timeline.erase(target, measure.by.clone());
            }
            if let Some(chapters) = &mut self.chapters {
                chapters.count(place.json.end - place.json.start);
            }
            if is_own {
                own = Some(place);
            }
        }
        self.events = events;
        own
    }

    /// An event has been told that is in this server's own history already. What it erases was
    /// seen when the history was read.
    fn repeat(&mut self, event: &Event) {
        let mut line = Vec::new();
        json_form::encode_event(event, &mut line);
        let key = &self.room.identity().key;
        let held = self.timeline.log(Form::Json).event(event.seq);
        if held.is_some_and(|held| !are_same(key, held, &line)) {
            let seq = event.seq;
            self.fault.get_or_insert(Fault::Differs { seq });
        }
        if let Some(chapters) = &mut self.chapters {
            chapters.count(line.len() as u64);
        }
    }
}
