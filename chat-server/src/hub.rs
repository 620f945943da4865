//! Where requests get their place in the order, and events their place in the log.
//!
//! A session proposes a change ([`Hub::propose`]); the room decides what comes of it
//! ([`Room::apply`]), and the events go into the timeline. A single server orders
//! requests as they come, under the lock that it holds anyway.

use std::time::Instant;

use chat_proto::command::Resume;
use chat_proto::event::{Limits, RunId};
use chat_proto::text::Text;

use crate::clock::Now;
use crate::room::apply::{Before, Room};
use crate::room::identity::{Identity, Key};
use crate::room::request::{Emitted, Outcome, Request};
use crate::room::roster::People;
use crate::room::runs::{Onward, Runs};
use crate::timeline::Timeline;
use crate::timeline::log::Log;
use crate::timeline::mark::{Mark, Place};

/// The room and its timeline.
#[derive(Debug)]
pub struct Hub {
    room: Room,
    /// What has happened, and how far readers may see it.
    pub timeline: Timeline,
    limits: Limits,
    /// The events of one request; empty in between.
    events: Vec<Emitted>,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// For the peer that it was of.
    pub outcome: Outcome,
    /// Where the event is that was asked for. None if there is none, or it is told
    /// later, together with others.
    pub own: Option<Place>,
}

impl Hub {
    /// An empty room that keeps about `capacity` bytes in memory, as
    /// [`Timeline::behind`] says.
    pub fn new(identity: Identity, capacity: u64) -> Self {
        let Identity { room, run, key } = identity;
        let before = Before {
            runs: Runs::of(room),
            ids: Default::default(),
            absent: Default::default(),
            next: 1,
        };
        Self::behind(before, Log::new(capacity, 0, 1), run, key, capacity)
    }

    /// A room that goes on, in this run of its server, behind what was `before`; `json`
    /// are the newest events.
    pub fn behind(before: Before, json: Log, run: RunId, key: Key, capacity: u64) -> Self {
        Self {
            room: Room::behind(before, run, key),
            timeline: Timeline::behind(json, capacity),
            limits: Limits::default(),
            events: Vec::new(),
        }
    }

    /// The limits that the server enforces.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Enforces other limits than the usual ones.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The room.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Who is here.
    pub fn people(&self) -> &People {
        self.room.people()
    }

    /// The connections whose places others have taken since this was last asked.
    pub fn take_replaced(&mut self) -> Vec<crate::room::tickets::TicketId> {
        self.room.take_replaced()
    }

    /// How a program goes on that was here before, up to `mark`.
    pub fn onward(&self, resume: &Resume, mark: Mark) -> Onward {
        self.room.onward(resume, self.timeline.first(), mark.seq)
    }

    /// Asks for a change of the room.
    pub fn propose(&mut self, request: Request, now: Now) -> Ordered {
        if let Some(refused) = self.refuse(&request) {
            return Ordered {
                outcome: refused,
                own: None,
            };
        }
        if self.timeline.is_file_full() {
            self.timeline.cut();
            self.order(Request::Open, now);
        }
        self.order(request, now)
    }

    /// While nothing can be kept nothing is said and no name is changed. What the room
    /// has already is known all the same.
    fn refuse(&self, request: &Request) -> Option<Outcome> {
        let trouble = self.timeline.trouble()?;
        let is_new = match request {
            Request::Say {
                kind,
                speech,
                owner,
            } => {
                let find = |id| self.room.find(*kind, id, speech.text.as_str(), *owner);
                speech.id.as_ref().and_then(find).is_none()
            }
            Request::Rename { .. } => true,
            _ => false,
        };
        is_new.then(|| Outcome::NotKept(trouble.clone()))
    }

    /// The request has its place in the order: it is done, and its events are appended.
    fn order(&mut self, request: Request, now: Now) -> Ordered {
        let outcome = self.room.apply(request, now, &mut self.events);
        let mut own = None;
        for Emitted { event, is_own } in self.events.drain(..) {
            let place = self.timeline.append(&event);
            if is_own {
                own = Some(place);
            }
        }
        Ordered { outcome, own }
    }

    /// When [`Hub::tell_presence`] wants to be called, if nothing happens before.
    pub fn presence_deadline(&self) -> Option<Instant> {
        self.room.presence_deadline()
    }

    /// Tells together who came and went, if they have waited long enough.
    pub fn tell_presence(&mut self, now: Now) {
        if self.presence_deadline().is_some_and(|at| at <= now.instant) {
            self.propose(Request::TellPending, now);
        }
    }

    /// Begins the room: tells whoever reads the history that it goes on, and that
    /// nobody is here yet.
    pub fn open(&mut self, now: Now) {
        self.order(Request::Open, now);
    }

    /// Another file had to be begun at `start` in the JSON log, which is to tell
    /// that the room goes on.
    pub fn begin_file(&mut self, start: u64, now: Now) {
        self.timeline.cut_at(start);
        self.order(Request::Open, now);
    }

    /// Events before this one are no longer on disk.
    pub fn forget_before(&mut self, first: u64, now: Now) {
        if self.timeline.is_kept() {
            self.timeline.set_first(first);
            self.order(Request::Forget { first }, now);
        }
    }

    /// Drops the oldest events, as [`Timeline::trim`] says.
    pub fn trim(&mut self, floor: [u64; 2], now: Now) {
        let before = self.timeline.first();
        self.timeline.trim(floor);
        let first = self.timeline.first();
        if first > before && !self.timeline.is_kept() {
            self.order(Request::Forget { first }, now);
        }
    }
}

/// A text of the server's own.
pub(crate) fn notice(text: &str) -> Text {
    Text::clean(text).expect("the server's own words are short and not empty")
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
