//! Where in the room's order of events we are. Pure.

use chat_proto::command::Resume;
use chat_proto::event::{RoomId, Secret, Welcome};

use crate::output::line::Age;

/// What of the room has been seen, so that nothing is shown twice and a lost
/// connection goes on where it was.
///
/// A server that does not name its room has numbers that mean nothing to us:
/// there every event is new.
#[derive(Debug, Default)]
pub(super) struct Position {
    seen: Option<Seen>,
    /// What proves to the server that we are the program that was here before.
    secret: Option<Secret>,
    /// The newest event when we were last welcomed: what is not above it has
    /// happened without us.
    welcomed_at: u64,
    /// What we asked to see again on joining may be coming.
    replays: bool,
    /// How many times a part of the past was asked for and is not all here.
    histories: usize,
}

#[derive(Debug)]
struct Seen {
    /// The room as the last welcome named it, with the run of its server.
    room: RoomId,
    /// The newest event that has come.
    seq: u64,
}

/// How a welcome goes on with what was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resumption {
    /// What was missed follows.
    Resumed,
    /// Some of what was seen is lost, as the server says, and what is there in its
    /// place follows.
    RolledBack,
    /// It cannot; the server says why.
    Refused,
    /// It cannot, and the server does not know that we were here.
    Unsupported,
}

impl Position {
    /// What to say at the hello, to get what was missed.
    pub(super) fn resume(&self) -> Option<Resume> {
        self.seen.as_ref().map(|seen| Resume {
            room: seen.room.clone(),
            seq: seen.seq,
            secret: self.secret,
        })
    }

    /// We are in the room; it was asked for `replay` messages.
    pub(super) fn arrive(&mut self, welcome: &Welcome, replay: usize) -> Resumption {
        self.welcomed_at = welcome.seq;
        self.secret = welcome.secret;
        self.histories = 0;
        let before = self.seen.take();
        let same = before.filter(|seen| {
            let room = welcome.room.as_ref();
            room.is_some_and(|room| room.is_same_room(&seen.room))
        });
        let (seq, resumption) = match (same, welcome.resumed, welcome.from) {
            (Some(seen), Some(true), _) => (seen.seq, Resumption::Resumed),
            // Those numbers that were seen are of other events.
            (Some(_), Some(false), Some(from)) => (
                from.saturating_sub(1).min(welcome.seq),
                Resumption::RolledBack,
            ),
            (_, Some(_), _) => (welcome.seq, Resumption::Refused),
            (_, None, _) => (welcome.seq, Resumption::Unsupported),
        };
        let follows = matches!(resumption, Resumption::Resumed | Resumption::RolledBack);
        self.replays = !follows && replay > 0;
        self.seen = welcome.room.clone().map(|room| Seen { room, seq });
        resumption
    }

    /// Takes note of an event. `None` if it has been here before and nobody
    /// has asked for it again.
    pub(super) fn take(&mut self, seq: u64) -> Option<Age> {
        let Some(seen) = &mut self.seen else {
            return Some(Age::New);
        };
        if seq <= seen.seq {
            return (self.replays || self.histories > 0).then_some(Age::Old);
        }
        seen.seq = seq;
        if seq <= self.welcomed_at {
            return Some(Age::Missed);
        }
        // What is replayed comes before everything new.
        self.replays = false;
        Some(Age::New)
    }

    /// So many of the next events will never come; unless it is the past that
    /// was asked for in which they are missing. Tells whether some of them
    /// happened since we were welcomed.
    pub(super) fn skip(&mut self, missed: u64) -> bool {
        let Some(seen) = &mut self.seen else {
            return true;
        };
        if self.histories > 0 || self.replays {
            return false;
        }
        seen.seq = seen.seq.saturating_add(missed);
        seen.seq > self.welcomed_at
    }

    /// Whether the last event that happened without us is this one.
    pub(super) fn is_at_welcome(&self, seq: u64) -> bool {
        seq >= self.welcomed_at
    }

    /// A part of the past is asked for.
    pub(super) fn ask_history(&mut self) {
        self.histories += 1;
    }

    /// It is all here.
    pub(super) fn end_history(&mut self) {
        self.histories = self.histories.saturating_sub(1);
    }
}
