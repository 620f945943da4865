//! Our position in the room's order of events. Pure.

use chat_proto::command::Resume;
use chat_proto::event::{RoomId, Secret, Welcome};

use crate::output::line::Age;

/// The events that have been seen, so that none is shown twice and a lost connection
/// goes on where it was.
///
/// The numbers of a server that does not name its room mean nothing to us: every event
/// of it is new.
#[derive(Debug, Default)]
pub(super) struct Position {
    seen: Option<Seen>,
    /// Proves to the server that we are the program that was here before.
    secret: Option<Secret>,
    /// The newest event when we were last welcomed: it and the events before it
    /// happened without us.
    welcomed_at: u64,
    /// The old messages that we asked for on joining may be coming.
    replays: bool,
    /// How many `/history` requests are not answered in full.
    histories: usize,
}

#[derive(Debug)]
struct Seen {
    /// The room as the last welcome named it, with the run of its server.
    room: RoomId,
    /// The newest event that has come.
    seq: u64,
}

/// How a welcome continues the earlier connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resumption {
    /// The missed events follow.
    Resumed,
    /// The server has lost some of the events that were seen; the events in their place
    /// follow.
    RolledBack,
    /// It does not continue; the server says why.
    Refused,
    /// It does not continue: the server does not know that we were here.
    Unsupported,
}

impl Position {
    /// The part of the hello that asks for the missed events.
    pub(super) fn resume(&self) -> Option<Resume> {
        self.seen.as_ref().map(|seen| Resume {
            room: seen.room.clone(),
            seq: seen.seq,
            secret: self.secret,
        })
    }

    /// Whether we can prove that we were here before.
    pub(super) fn has_secret(&self) -> bool {
        self.seen.is_some() && self.secret.is_some()
    }

    /// We are in the room, and have asked for `replay` old messages.
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
            // The numbers that were seen belong to other events now.
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

    /// Notes an event. `None` if it has come before and was not asked for again.
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
        // Replayed messages come before all new ones.
        self.replays = false;
        Some(Age::New)
    }

    /// So many of the next events will never come, unless they are missing in the
    /// answer to a `/history`. Tells whether some of them happened since we were
    /// welcomed.
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

    /// The number of the newest event that has come.
    pub(super) fn newest(&self) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.seq)
    }

    /// Whether the last event that happened without us is this one.
    pub(super) fn is_at_welcome(&self, seq: u64) -> bool {
        seq >= self.welcomed_at
    }

    /// Old messages are asked for.
    pub(super) fn ask_history(&mut self) {
        self.histories += 1;
    }

    /// Whether old messages that were asked for may be coming.
    pub(super) fn answers_history(&self) -> bool {
        self.histories > 0
    }

    /// One answer is here in full.
    pub(super) fn end_history(&mut self) {
        self.histories = self.histories.saturating_sub(1);
    }
}
