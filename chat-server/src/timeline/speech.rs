//! Which events in memory are something said or done: newcomers are shown the last of
//! those.

use std::collections::VecDeque;
use std::ops::Range;

use chat_proto::json_form;

use super::log::Log;

/// The numbers of the events in memory that are something said or done.
#[derive(Debug, Default)]
pub struct SpeechIndex {
    seqs: VecDeque<u64>,
}

impl SpeechIndex {
    /// Those of a log in JSON form.
    pub fn of(json: &Log) -> Self {
        let mut seqs: VecDeque<u64> = json
            .backwards()
            .filter(|(_, line)| json_form::is_speech(line))
            .map(|(seq, _)| seq)
            .collect();
        seqs.make_contiguous().reverse();
        Self { seqs }
    }

    /// Adds the newest event.
    pub fn push(&mut self, seq: u64) {
        self.seqs.push_back(seq);
    }

    /// Drops those before `first`.
    pub fn trim(&mut self, first: u64) {
        while self.seqs.front().is_some_and(|seq| *seq < first) {
            self.seqs.pop_front();
        }
    }

    /// The first one from `seq` on.
    pub fn next(&self, seq: u64) -> Option<u64> {
        let index = self.seqs.partition_point(|known| *known < seq);
        self.seqs.get(index).copied()
    }

    /// The last `count` before `end`, as the range of events from the first to the
    /// last of them. Empty, at `end`, if there are none.
    pub fn last(&self, count: usize, end: u64) -> Range<u64> {
        let until = self.seqs.partition_point(|seq| *seq < end);
        let oldest = until.saturating_sub(count);
        // Not beyond the last one: no reader misses what would not be sent.
        match oldest < until {
            true => self.seqs[oldest]..self.seqs[until - 1] + 1,
            false => end..end,
        }
    }
}
