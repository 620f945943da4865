//! The runs of the server in a history, and where a program from one of them goes on.
//!
//! Numbers count the events of a room, but the last of them may be lost with
//! the power, cut off, or missing from a copy that was put in place of the
//! history; their numbers are then used again. So a number means something
//! only together with the run that gave it.

use std::borrow::Cow;
use std::collections::VecDeque;

use chat_proto::command::Resume;
use chat_proto::event::{RoomId, RunId};
use serde::{Deserialize, Serialize};

use crate::saved::{self, NoState};

/// The room, and the runs that have events.
#[derive(Debug)]
pub struct Runs {
    room: RoomId,
    /// The oldest first, each with the number of its first event. Events from
    /// before there were runs are of a run without a number.
    list: VecDeque<(Option<RunId>, u64)>,
}

/// Where a program that returns goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// It was in another room: it begins anew.
    Elsewhere,
    /// Behind this event: it has seen all events up to this one.
    Behind(u64),
    /// Some events that it has seen are lost, and other events have their numbers. It
    /// has seen none of those behind the event `behind`.
    Torn {
        /// The event to go on behind.
        behind: u64,
        /// How many of the events that it has seen are lost, if that is known.
        lost: Option<u64>,
    },
}

impl Runs {
    /// A room without events.
    pub fn of(room: RoomId) -> Self {
        let list = VecDeque::new();
        Self { room, list }
    }

    /// Which room it is.
    pub fn room(&self) -> &RoomId {
        &self.room
    }

    /// Changes which room it is.
    pub fn set_room(&mut self, room: RoomId) {
        self.room = room;
    }

    /// The id that programs are given: the room in its newest run.
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

    /// Takes note that the event `seq` is of this run, perhaps like the event before.
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

    /// Where a program goes on, if the events from `first` to `last` are held.
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
            // The program was here so long ago that no event of its run is held.
            return Onward::Behind(seq);
        }
        // The run was cut off, or is missing from an older copy of the history. The
        // program has seen all events of earlier runs and none of later ones. If there
        // is no later run, the clock was set back, and the program is sent everything.
        let later = later.and_then(|index| self.list.get(index));
        let start = later.map_or(first, |(_, start)| *start);
        Onward::Torn {
            behind: start.saturating_sub(1).min(seq),
            lost: None,
        }
    }
}

/// Runs as they are saved: the room, and the list.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedRuns<'a> {
    #[serde(borrow)]
    room: Cow<'a, str>,
    list: Vec<(Option<String>, u64)>,
}

impl Runs {
    pub(super) fn save(&self) -> SavedRuns<'_> {
        let list = self.list.iter();
        let list = list.map(|(run, start)| (run.map(|run| run.to_string()), *start));
        SavedRuns {
            room: self.room.as_str().into(),
            list: list.collect(),
        }
    }

    /// The runs of a room whose next event is `next`.
    pub(super) fn restore(saved: &SavedRuns<'_>, next: u64) -> Result<Self, NoState> {
        let run = |run: &Option<String>| run.as_deref().map(saved::run).transpose();
        let list = saved.list.iter().map(|(of, start)| Ok((run(of)?, *start)));
        let list: VecDeque<_> = list.collect::<Result<_, NoState>>()?;
        let starts = list.iter().map(|(_, start)| *start);
        let is_in_order = starts.is_sorted_by(|one, next| one <= next);
        let are_known = list.iter().all(|(_, start)| (1..=next).contains(start));
        NoState::unless(is_in_order && are_known, "runs")?;
        let room = RoomId::new(&saved.room).ok_or_else(|| NoState::wrong("room"))?;
        Ok(Self { room, list })
    }
}

#[cfg(test)]
mod tests;
