//! The runs of the server that the history is of, and how a program that was
//! in one of them goes on.
//!
//! Numbers count the events of a room, but the last of them may be lost with
//! the power, cut off, or missing from a copy that was put in place of the
//! history; their numbers are then used again. So a number means something
//! only together with the run that gave it.

use std::collections::VecDeque;

use chat_proto::command::Resume;
use chat_proto::event::{RoomId, RunId};

/// The room, and the runs of which there are events.
#[derive(Debug)]
pub struct Runs {
    room: RoomId,
    /// The oldest first, each with the number of its first event. Events from
    /// before there were runs are of a run without a number.
    list: VecDeque<(Option<RunId>, u64)>,
}

/// How a program that comes back goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// It was in another room: it begins anew.
    Elsewhere,
    /// Behind this event, which it has seen like everything before.
    Behind(u64),
    /// Some of what it saw is not in the room any more. Behind this event it has
    /// seen nothing of the events in its place.
    Torn {
        /// The event.
        behind: u64,
        /// How many of the last events that it saw are lost, if that is known.
        lost: Option<u64>,
    },
}

impl Runs {
    /// A room of which nothing is known.
    pub fn of(room: RoomId) -> Self {
        let list = VecDeque::new();
        Self { room, list }
    }

    /// Which room it is.
    pub fn room(&self) -> &RoomId {
        &self.room
    }

    /// It is this one.
    pub fn set_room(&mut self, room: RoomId) {
        self.room = room;
    }

    /// The room in the newest run, as programs are told.
    pub fn current(&self) -> RoomId {
        match self.newest() {
            Some(run) => self.room.in_run(run),
            None => self.room.clone(),
        }
    }

    /// The newest run, if it has a number.
    pub fn newest(&self) -> Option<RunId> {
        self.list.back().and_then(|(run, _)| *run)
    }

    /// Whether there are events of any run.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// From the event `seq` on it is this run; it may have been so before.
    pub fn go_on(&mut self, run: Option<RunId>, seq: u64) {
        if self.list.back().is_none_or(|(newest, _)| *newest != run) {
            self.list.push_back((run, seq));
        }
    }

    /// Events before `first` are no longer held.
    pub fn forget_before(&mut self, first: u64) {
        while self.list.get(1).is_some_and(|(_, start)| *start <= first) {
            self.list.pop_front();
        }
    }

    /// How a program goes on, where the events from `first` to `last` are held.
    pub fn onward(&self, resume: &Resume, first: u64, last: u64) -> Onward {
        let Some(run) = self.room.run_in(&resume.room) else {
            return Onward::Elsewhere;
        };
        let seq = resume.seq;
        if let Some(index) = self.list.iter().rposition(|(known, _)| *known == run) {
            let next = self.list.get(index + 1);
            let end = next.map_or(last, |(_, start)| start - 1);
            return match seq <= end {
                true => Onward::Behind(seq),
                false => Onward::Torn {
                    behind: end,
                    lost: Some(seq - end),
                },
            };
        }
        let later = self.list.iter().position(|(known, _)| *known > run);
        if later == Some(0) && seq < first {
            // It was here so long ago that its run is no longer held.
            return Onward::Behind(seq);
        }
        // Its run has been cut off, or is not in an older copy. Of what began later
        // the program has seen nothing, and all of what began before. If nothing
        // began later the clock has been set back, and it is sent everything.
        let later = later.and_then(|index| self.list.get(index));
        let start = later.map_or(first, |(_, start)| *start);
        Onward::Torn {
            behind: start.saturating_sub(1).min(seq),
            lost: None,
        }
    }
}

#[cfg(test)]
mod tests;
