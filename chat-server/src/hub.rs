//! The room and its timeline: the way of a request, from where it is proposed to where
//! its events are.
//!
//! A session proposes a change ([`Hub::propose`]) and the sequencer gives it its place.
//! Then the room decides what comes of it ([`Room::apply`]), and its events go into the
//! timeline. The outcome is for the connection that has asked: it is returned, or waits in
//! [`Hub::take_outcomes`] until it is delivered, which is before any reader is shown the
//! events.

mod barring;
mod chapters;
mod refusing;
mod sharing;
pub mod state;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use chat_proto::command::{Operation, Resume};
use chat_proto::event::{Body, Limits, Rank, RunId, Timestamp};
use chat_proto::moderation::{MeasureKind, Remark, Subject};
use chat_proto::text::Text;

use crate::access::Access;
use crate::access::keys::PersonKey;
use crate::clock::Now;
use crate::config::{Config, TlsMode};
use crate::room::apply::{Before, Room};
use crate::room::identity::{Identity, Key};
use crate::room::moderation::Traces;
use crate::room::operated::{self, Operated, Refused};
use crate::room::origin::{ClientId, Origin, ServerId};
use crate::room::request::{Act, Emitted, JoinedAs, Outcome, Request};
use crate::room::roster::People;
use crate::room::runs::Onward;
use crate::room::verdict::Bar;
use crate::sequencer::{Alone, Common, Fate, Flow, Note, Sequencer};
use crate::timeline::Timeline;
use crate::timeline::log::{Log, ORIGIN};
use crate::timeline::mark::{Form, Mark, Place};

pub use chapters::{CHAPTER_BYTES, Chapters, NoChapters};
pub use sharing::Fault;

/// The room and its timeline.
#[derive(Debug)]
pub struct Hub {
    room: Room,
    /// What has happened, and how far readers may see it.
    pub timeline: Timeline,
    /// The password that lets connections come in, and what wrong ones cost.
    pub access: Access,
    config: Arc<Config>,
    sequencer: Box<dyn Sequencer>,
    /// How often bans have kept a connection of this server out since its start.
    ban_hits: BTreeMap<Subject, u64>,
    /// How often bans, and then locks of the room, have kept a connection of this server
    /// out since its start.
    barred: [u64; 2],
    /// Which server this is, as the sequencer says; `None` until it is one of those that share
    /// the room.
    server: Option<ServerId>,
    /// What came of requests, for connections that do not know it yet.
    outcomes: Vec<(ClientId, Answer)>,
    /// Connections that have asked for another configuration.
    reloads: Vec<ClientId>,
    /// People were told that the order stands still.
    stands: bool,
    /// What the topic is to be if the room has none.
    wanted_topic: Option<Remark>,
    /// How often it was said anew whose names are whose.
    people_set: u64,
    /// How often what was proposed was lost.
    losses: u64,
    /// It is proposed that those who wait to be told of are told.
    is_telling: bool,
    /// The events of one request; empty in between.
    events: Vec<Emitted>,
    /// Where several servers share the room: its chapters.
    chapters: Option<Chapters>,
    /// Why this server cannot go on.
    fault: Option<Fault>,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What came of it.
    pub outcome: Outcome,
    /// Where the event is that was asked for. None if there is none, or it is told
    /// later, together with others.
    pub own: Option<Place>,
    /// Where a reply stands that is about the room as it is now.
    pub mark: Mark,
}

impl Hub {
    /// An empty room that keeps about `capacity` bytes in memory, as
    /// [`Timeline::behind`] says.
    pub fn new(identity: Identity, capacity: u64) -> Self {
        let json = Log::new(capacity, ORIGIN, 1);
        Self::of(Room::new(identity), json, capacity)
    }

    /// A room that goes on, in this run of its server, behind what was `before`; `json`
    /// are the newest events.
    pub fn behind(before: Before, json: Log, run: RunId, key: Key, capacity: u64) -> Self {
        Self::of(Room::behind(before, run, key), json, capacity)
    }

    fn of(room: Room, json: Log, capacity: u64) -> Self {
        Self {
            timeline: Timeline::behind(json, capacity, room.key()),
            room,
            access: Access::default(),
            config: Arc::new(Config::of(Limits::default())),
            sequencer: Box::new(Alone),
            ban_hits: BTreeMap::new(),
            barred: [0; 2],
            server: Alone.server(),
            outcomes: Vec::new(),
            reloads: Vec::new(),
            stands: false,
            is_telling: false,
            people_set: 0,
            losses: 0,
            wanted_topic: None,
            events: Vec::new(),
            chapters: None,
            fault: None,
        }
    }

    /// The limits that the server enforces.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Whether clients may ask for an encrypted connection.
    pub fn offers_tls(&self) -> bool {
        self.config.tls != TlsMode::Off
    }

    /// What each person who comes in is told.
    pub fn greeting(&self) -> Option<&Text> {
        self.config.greeting.as_ref()
    }

    /// A connection asks for the configuration to be read again. It is answered with an
    /// outcome.
    pub fn ask_to_reload(&mut self, client: ClientId) {
        self.reloads.push(client);
    }

    /// The connections that have asked for that since the last call.
    pub fn take_reloads(&mut self) -> Vec<ClientId> {
        mem::take(&mut self.reloads)
    }

    /// What came of that, in words.
    pub fn reloaded(&self, told: Result<String, String>) -> Answer {
        let answer = match told {
            Ok(text) => Ok(operated::Answer::Told(text)),
            Err(text) => Err(Refused::Impossible(text)),
        };
        let operated = Operated {
            word: Operation::Reload.word(),
            answer,
            removed: Vec::new(),
        };
        self.answer(Outcome::Operated(Box::new(operated)), None)
    }

    /// Goes by another configuration.
    pub fn set_config(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    /// Has requests get their place from `sequencer`, which is not asked before.
    pub fn set_sequencer(&mut self, sequencer: impl Sequencer + 'static) {
        self.server = sequencer.server();
        if sequencer.chapter_bytes().is_some() {
            self.chapters.get_or_insert_default();
        }
        self.sequencer = Box::new(sequencer);
    }

    /// What all servers know of the order, between two entries of it, by which the room is as
    /// it is now; `None` where there is one server only.
    pub fn common(&self) -> Option<Common<'_>> {
        self.sequencer.common()
    }

    /// The room.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// What a connection of this server may do.
    pub fn rank_of(&self, client: ClientId) -> Rank {
        self.room.rank_of(self.origin_of(client))
    }

    /// How often it was said anew whose names are whose, since the start of this server.
    pub(crate) fn people_set(&self) -> u64 {
        self.people_set
    }

    /// How often what was proposed and had no place yet was lost, because the others had gone on
    /// without this server.
    pub(crate) fn losses(&self) -> u64 {
        self.losses
    }

    /// Who is here.
    pub fn people(&self) -> &People {
        self.room.people()
    }

    /// How a program goes on that was here before, up to `mark`. At another server it may
    /// have seen what this one does not show yet: that comes once more.
    pub fn onward(&self, resume: &Resume, mark: Mark) -> Onward {
        let last = match self.is_shared() {
            true => self.room.next() - 1,
            false => mark.seq,
        };
        match self.room.onward(resume, self.timeline.first(), last) {
            Onward::Behind(seq) => Onward::Behind(seq.min(mark.seq)),
            onward => onward,
        }
    }

    /// A connection of this server asks for something. What came of it is returned, if
    /// that is known at once.
    pub fn propose(&mut self, client: ClientId, act: Act, now: Now) -> Option<Answer> {
        let origin = self.origin_of(client);
        match self.known_outcome(origin, &act, now) {
            Some(outcome) => Some(self.answer(outcome, None)),
            None => self.submit(Request::Client(origin, act), now),
        }
    }

    /// A connection of this server. Before the server has its number no person is known by what
    /// comes of this.
    fn origin_of(&self, client: ClientId) -> Origin {
        let server = self.server.unwrap_or(NO_SERVER);
        Origin { server, client }
    }

    /// Makes this the topic of the room if it has none, as soon as that is known.
    pub fn want_topic(&mut self, topic: Remark, now: Now) {
        self.wanted_topic = Some(topic);
        self.set_wanted_topic(now);
    }

    /// Sets the topic that is wanted, if this server takes part in the room by now.
    pub fn set_wanted_topic(&mut self, now: Now) {
        if self.takes_part()
            && let Some(topic) = self.wanted_topic.take()
            && self.room.moderation().topic().is_none()
        {
            self.request(Request::SetTopic(topic), now);
        }
    }

    /// The server itself asks for something.
    pub fn request(&mut self, request: Request, now: Now) {
        self.submit(request, now);
    }

    fn submit(&mut self, request: Request, now: Now) -> Option<Answer> {
        let request = self.sequencer.propose(request, now)?;
        Some(self.apply(request, now))
    }

    /// A round is over: what was proposed in it goes on its way.
    pub fn flush(&mut self, now: Now) {
        if self.sequencer.wants_snapshot()
            && let Some(snapshot) = self.snapshot()
        {
            self.sequencer.save(snapshot);
        }
        self.sequencer.flush(now);
    }

    /// Whether this server is one of those that share the room.
    pub fn takes_part(&self) -> bool {
        self.server.is_some()
    }

    /// Wakes this when something more has its place.
    pub fn watch(&mut self, waker: Waker) {
        self.sequencer.watch(waker);
    }

    /// Whether this server can go on.
    pub fn fate(&self) -> Fate {
        match self.fault() {
            Some(fault) => Fate::Stops(fault.to_string()),
            None => self.sequencer.fate(),
        }
    }

    /// The newest run in the order.
    pub fn last_run(&self) -> Option<RunId> {
        self.sequencer.last_run()
    }

    /// The others have gone on without this server: it takes part again, as this run.
    pub fn begin_anew(&mut self, run: RunId) {
        self.sequencer.begin_anew(run);
        self.losses += 1;
        self.server = None;
        self.is_telling = false;
    }

    /// What the operator should know of the order.
    pub fn note(&mut self) -> Option<Note> {
        self.sequencer.note()
    }

    /// When [`Hub::flush`] is to be called, if nothing happens before.
    pub fn flush_deadline(&self) -> Option<Instant> {
        self.sequencer.deadline()
    }

    /// Whether peers who talk have to wait, since so much of what they said waits for its place.
    pub fn is_full(&self) -> bool {
        self.sequencer.is_full()
    }

    /// What to tell all people here, if the order has begun to stand still since the last call,
    /// or to move on.
    pub fn flow_news(&mut self, now: Now) -> Option<&'static str> {
        let stands = self.sequencer.flow(now) != Flow::Moves;
        let is_new = mem::replace(&mut self.stands, stands) != stands;
        is_new.then_some(match stands {
            true => WAITS,
            false => MOVES,
        })
    }

    /// Whether there are outcomes to take.
    pub fn has_outcomes(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// What came of requests, for connections that do not know it yet, in order.
    pub fn take_outcomes(&mut self) -> Vec<(ClientId, Answer)> {
        mem::take(&mut self.outcomes)
    }

    /// The request has its place in the order: it is done, and its events are appended.
    fn apply(&mut self, request: Request, now: Now) -> Answer {
        let turns_no_page = matches!(
            request,
            Request::Open
                | Request::Forget { .. }
                | Request::SetPeople { .. }
                | Request::ChangesTaken(_)
        );
        if !turns_no_page {
            self.turn_page(now);
        }
        match request {
            Request::TellPending => self.is_telling = false,
            Request::SetPeople { .. } => self.people_set += 1,
            _ => {}
        }
        let (mut outcome, own) = self.append_events_of(request, now);
        if let Outcome::Barred(bar) = &outcome {
            self.count_hit(bar, now.time);
        }
        if let Outcome::Operated(operated) = &mut outcome {
            for (origin, farewell) in mem::take(&mut operated.removed) {
                let removed = self.answer(Outcome::Removed(Box::new(farewell)), None);
                self.answer_later(origin, removed);
            }
        }
        if let Outcome::Joined(joined) = &outcome
            && let JoinedAs::TookOver(earlier) = joined.place
        {
            let replaced = self.answer(Outcome::Replaced, None);
            self.answer_later(earlier, replaced);
        }
        self.answer(outcome, own)
    }

    /// The history goes on in another file, or the room in another chapter, before the next
    /// request if that is due.
    fn turn_page(&mut self, now: Now) {
        if self.is_shared() {
            self.begin_chapter_if_due(now);
        } else if self.timeline.is_file_full() {
            self.timeline.cut();
            self.append_events_of(Request::Open, now);
            self.timeline.begin_counting();
        }
    }

    fn append_events_of(&mut self, request: Request, now: Now) -> (Outcome, Option<Place>) {
        let outcome = self.room.apply(request, now, &mut self.events);
        (outcome, self.append_events())
    }

    fn answer(&self, outcome: Outcome, own: Option<Place>) -> Answer {
        Answer {
            outcome,
            own,
            mark: self.timeline.reply_mark(),
        }
    }

    fn answer_later(&mut self, origin: Origin, answer: Answer) {
        // An earlier run of another server may have had that number, too.
        if Some(origin.server) == self.server {
            self.outcomes.push((origin.client, answer));
        }
    }

    /// When [`Hub::tell_presence`] wants to be called, if nothing happens before.
    pub fn presence_deadline(&self, now: Now) -> Option<Instant> {
        // What is proposed already is not due again before it has its place.
        let deadline = self.room.presence_deadline().filter(|_| !self.is_telling)?;
        let left = deadline.saturating_duration_since(self.sequencer.room_now(now));
        Some(now.instant + left)
    }

    /// Tells together who came and went, if they have waited long enough.
    pub fn tell_presence(&mut self, now: Now) {
        if self
            .presence_deadline(now)
            .is_some_and(|at| at <= now.instant)
        {
            self.is_telling = true;
            self.request(Request::TellPending, now);
        }
    }

    /// Another file had to be begun at `start` in the JSON log, which is to tell
    /// that the room goes on.
    pub fn begin_file(&mut self, start: u64, now: Now) {
        self.timeline.cut_at(start);
        self.request_alone(Request::Open, now);
    }

    /// Events before this one are no longer on disk.
    pub fn forget_before(&mut self, first: u64, now: Now) {
        if self.timeline.is_kept() {
            self.timeline.set_first(first);
            self.request_alone(Request::Forget { first }, now);
        }
    }

    /// Drops the oldest events, as [`Timeline::trim`] says.
    pub fn trim(&mut self, floor: [u64; 2], now: Now) {
        let before = self.timeline.first();
        self.timeline.trim(floor);
        let first = self.timeline.first();
        if first > before && !self.timeline.is_kept() {
            self.request_alone(Request::Forget { first }, now);
        }
    }
}

/// The number that no server has.
const NO_SERVER: ServerId = ServerId(u16::MAX);

const WAITS: &str = "the room does not answer; what you say waits";
const MOVES: &str = "the room answers again";
const STANDS: &str = "the room does not answer; try again when it does";

/// A text of the server's own.
pub(crate) fn notice(text: &str) -> Text {
    Text::clean(text).expect("the server's own words are short and not empty")
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
