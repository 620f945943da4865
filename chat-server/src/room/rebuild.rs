//! The room as its history tells it: everything but who is connected outlives the
//! server, and is rebuilt here from the events.
//!
//! The oldest files of a history are dropped, with the events in them. So each file
//! begins with a `room` event, and state that must outlive the files before it is
//! in there: `Room::opening` puts it in, [`Rebuild::event`] reads it back. That is the
//! room's identity, the run, and the measures that stand, in as many such events as they
//! take.

use chat_proto::event::{Body, RoomId, Timestamp};
use chat_proto::json_form::{Record, Recorded};

use super::absent::Roll;
use super::apply::{Before, Room};
use super::dedup::DedupIndex;
use super::identity::Key;
use super::moderation::Moderation;
use super::runs::Runs;

/// The events of a history, one after the other.
#[derive(Debug)]
pub struct Rebuild {
    key: Key,
    runs: Runs,
    ids: DedupIndex,
    roll: Roll,
    moderation: Moderation,
    next: u64,
}

impl Rebuild {
    /// No event yet, of a room with this key. Where no event names the room it is
    /// `new_room`.
    pub fn new(key: Key, new_room: RoomId) -> Self {
        Self {
            key,
            runs: Runs::of(new_room),
            ids: DedupIndex::default(),
            roll: Roll::default(),
            moderation: Moderation::default(),
            next: 1,
        }
    }

    /// Takes the next event. Some may be missing before it.
    pub fn event(&mut self, Record { seq, what, .. }: Record<'_>) {
        self.next = seq + 1;
        if self.runs.is_empty() && !matches!(what, Recorded::Room { .. }) {
            // Nothing says which run it is.
            self.runs.go_on(None, seq);
        }
        match what {
            Recorded::Room {
                room,
                run,
                time,
                standing,
            } => {
                // The counterpart of `Room::opening`.
                if let Some(room) = room {
                    self.runs.set_room(room);
                }
                self.runs.go_on(run, seq);
                self.roll.open(run, time);
                if let Some(standing) = standing {
                    self.moderation.take(*standing);
                }
            }
            Recorded::Marked {
                kind,
                id,
                text,
                tag,
            } => {
                // One whose text was erased has a tag in any case.
                let tag = tag.or_else(|| self.key.tag_of_unique(kind, &id, &text));
                if let Some(tag) = tag {
                    self.ids.insert(tag.bits(), seq);
                }
            }
            Recorded::Entered(arrivals) => {
                for arrival in arrivals {
                    self.roll.enter(arrival);
                }
            }
            Recorded::Left(names) => names.iter().for_each(|name| self.roll.leave(name)),
            Recorded::Renamed { old, new } => {
                self.roll.leave(&old);
                self.roll.enter(new);
            }
            Recorded::Measure { measure, time } => self.moderation.apply(&measure, time),
            Recorded::Other => {}
        }
    }

    /// Which room it is, as far as the events tell.
    pub fn room(&self) -> &RoomId {
        self.runs.room()
    }

    /// What the room goes on with in its next run, which begins at `time`.
    pub fn finish(self, time: Timestamp) -> Before {
        Before {
            runs: self.runs,
            ids: self.ids,
            absent: self.roll.into_absent(time, self.key),
            moderation: self.moderation,
            next: self.next,
        }
    }
}

impl Room {
    /// What each file of the history begins with. A reader learns from it which room
    /// that is; [`Rebuild`] also learns what the files before it told.
    pub(super) fn opening(&mut self, time: Timestamp) -> Vec<Body> {
        self.moderation.drop_ended(time);
        let body = |standing| Body::Room {
            room: self.runs.room().clone(),
            run: Some(self.run),
            people: self.told,
            standing: Box::new(standing),
        };
        self.moderation.parts().into_iter().map(body).collect()
    }
}

#[cfg(test)]
mod tests;
