//! The parts of events that not every reader is sent.

use std::collections::VecDeque;
use std::ops::Range;

use chat_proto::event::Rank;

/// Where they are in a log, in order.
#[derive(Debug, Default)]
pub struct HiddenParts(VecDeque<Hidden>);

#[derive(Debug)]
struct Hidden {
    range: Range<u64>,
    /// The lowest rank that is sent it; `None` if it is for the files only.
    rank: Option<Rank>,
}

impl HiddenParts {
    /// Adds a part of the newest event.
    pub(super) fn add(&mut self, range: Range<u64>, rank: Option<Rank>) {
        self.0.push_back(Hidden { range, rank });
    }

    /// Whether something behind `position` is hidden. For nearly all readers nothing is.
    pub fn are_behind(&self, position: u64) -> bool {
        let last = self.0.back();
        last.is_some_and(|last| last.range.start >= position)
    }

    /// What readers of this rank are not sent and begins in `range`, in order.
    pub fn of(&self, range: Range<u64>, rank: Rank) -> impl Iterator<Item = Range<u64>> {
        let first = self.0.partition_point(|it| it.range.start < range.start);
        self.0
            .range(first..)
            .take_while(move |it| it.range.start < range.end)
            .filter(move |it| it.rank.is_none_or(|lowest| rank < lowest))
            .map(|it| it.range.clone())
    }

    /// Those that end at `end` or before are elsewhere from now on.
    pub(super) fn move_before(&mut self, end: u64, moved: impl Fn(u64) -> u64) {
        for hidden in self.0.iter_mut().take_while(|it| it.range.end <= end) {
            let Range { start, end } = hidden.range;
            hidden.range = moved(start)..moved(end);
        }
    }

    /// Forgets those that end at `start` or before.
    pub(super) fn trim(&mut self, start: u64) {
        while self.0.front().is_some_and(|it| it.range.end <= start) {
            self.0.pop_front();
        }
    }
}
