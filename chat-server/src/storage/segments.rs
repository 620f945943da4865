//! Which file holds which part of the history. Pure.
//!
//! The history is one long row of bytes, the JSON log, cut into segments at
//! the boundaries of events. The last segment is the one that is written to.
//! Between two segments, and within one, some of it can be missing.

use std::collections::VecDeque;
use std::ops::Range;

use crate::timeline::log::moved;

/// The segments, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Segments {
    list: VecDeque<Segment>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The number in its name. None as long as it is written to, and if another
    /// program has moved it away.
    pub(super) number: Option<u64>,
    /// Where it begins in the JSON log.
    pub(super) start: u64,
    /// Where it ends, so far.
    pub(super) end: u64,
    /// The number of its first event.
    pub(super) first: u64,
    /// It was told that it has not its name any more.
    pub(super) is_gone: bool,
    /// Where some of its events are, at least [`INDEX_EVERY`] bytes apart:
    /// number and place.
    index: Vec<(u64, u64)>,
}

impl Segments {
    /// Another segment begins at `start`, with the event `first` at `place`.
    pub(super) fn begin(&mut self, number: Option<u64>, start: u64, (first, place): (u64, u64)) {
        self.list.push_back(Segment {
            number,
            start,
            end: start,
            first,
            is_gone: false,
            index: vec![(first, place)],
        });
    }

    /// The last segment begins anew, at `start` with the event `first`.
    pub(super) fn begin_again(&mut self, start: u64, first: u64) {
        self.list.pop_back();
        self.begin(None, start, (first, start));
    }

    /// The last segment has this number now.
    pub(super) fn set_number(&mut self, number: u64) {
        if let Some(last) = self.list.back_mut() {
            last.number = Some(number);
        }
    }

    /// The last segment reaches no further than `end`. Whether anything is left.
    pub(super) fn cut(&mut self, end: u64) -> bool {
        let Some(last) = self.list.back_mut() else {
            return false;
        };
        last.end = end;
        last.index.retain(|(_, place)| *place < end);
        let is_left = end > last.start;
        if !is_left {
            self.list.pop_back();
        }
        is_left
    }

    /// The file of this number is not in its place. Whether that is news.
    pub(super) fn set_gone(&mut self, number: u64) -> bool {
        let mut list = self.list.iter_mut();
        list.find(|segment| segment.number == Some(number))
            .is_some_and(|segment| !std::mem::replace(&mut segment.is_gone, true))
    }

    /// The last segment reaches as far as `end`.
    pub(super) fn grow(&mut self, end: u64) {
        if let Some(last) = self.list.back_mut() {
            last.end = last.end.max(end);
        }
    }

    /// The event `seq` begins at `position`: kept if that is worth it.
    pub(super) fn note(&mut self, seq: u64, position: u64) {
        if let Some(last) = self.list.back_mut()
            && let Some((_, latest)) = last.index.last()
            && position >= latest + INDEX_EVERY
        {
            last.index.push((seq, position));
        }
    }

    /// The event `seq`, behind some that are missing, begins at `position`.
    pub(super) fn note_behind_gap(&mut self, seq: u64, position: u64) {
        if let Some(last) = self.list.back_mut() {
            last.index.push((seq, position));
        }
    }

    /// Number and place of the event `seq`, or of one not far before it in the
    /// same segment.
    pub(super) fn find(&self, seq: u64) -> Option<(u64, u64)> {
        let index = &self.list.get(self.holding(seq)?)?.index;
        let behind = index.partition_point(|(first, _)| *first <= seq);
        index.get(behind.checked_sub(1)?).copied()
    }

    /// The index of the segment in which the event `seq` is, if it is in one.
    pub(super) fn holding(&self, seq: u64) -> Option<usize> {
        let behind = self.list.partition_point(|segment| segment.first <= seq);
        behind.checked_sub(1)
    }

    /// In the segment of this index the line at `place` has become another one. What lies
    /// behind it keeps its place, and what lies before it moves.
    pub(super) fn replace(&mut self, index: usize, place: &Range<u64>, line: &[u8]) {
        let move_down = |at: &mut u64| {
            if *at <= place.start {
                *at = moved(*at, place.end - place.start, line);
            }
        };
        for segment in self.list.iter_mut().take(index + 1) {
            let places = segment.index.iter_mut().map(|(_, place)| place);
            let all = places.chain([&mut segment.start, &mut segment.end]);
            all.for_each(move_down);
        }
    }

    /// The index of the segment in which `position` lies or, at the end, will
    /// lie.
    pub(super) fn at(&self, position: u64) -> Option<usize> {
        let behind = self
            .list
            .partition_point(|segment| segment.start <= position);
        behind.checked_sub(1)
    }

    /// Number and place of an event at least `least` bytes behind `position`, and
    /// not beyond the first one of the next segment.
    pub(super) fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        let next = self.list.partition_point(|one| one.start <= position);
        let within = next.checked_sub(1).and_then(|at| self.list.get(at));
        let entry = within.and_then(|segment| {
            let behind = |(_, place): &(u64, u64)| *place < position + least;
            let at = segment.index.partition_point(behind);
            segment.index.get(at).copied()
        });
        entry.or_else(|| self.list.get(next)?.index.first().copied())
    }

    /// The segment of this index.
    pub(super) fn get(&self, index: usize) -> Option<&Segment> {
        self.list.get(index)
    }

    /// The numbers in the names of files, the oldest first.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.list.iter().filter_map(|segment| segment.number)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The segment that is written to.
    pub(super) fn last(&self) -> Option<&Segment> {
        self.list.back()
    }

    /// The oldest segment.
    pub(super) fn first(&self) -> Option<&Segment> {
        self.list.front()
    }

    /// Takes the oldest segment out, if without it there are still `least`
    /// bytes in whole segments; not the one that is written to.
    pub(super) fn drop_oldest(&mut self, least: u64) -> Option<Segment> {
        let (first, last) = (self.list.front()?, self.list.back()?);
        if self.list.len() > 1 && last.start - first.start > least {
            self.list.pop_front()
        } else {
            None
        }
    }

    /// Takes the oldest segment out that was moved away, if there are more than
    /// `most`; tells where it was. Not the one that is written to.
    pub(super) fn drop_moved(&mut self, most: usize) -> Option<usize> {
        let full = self.list.len().saturating_sub(1);
        let mut full = self.list.range(..full);
        let index = full.position(|segment| segment.number.is_none())?;
        (self.list.len() > most).then(|| self.list.remove(index).map(|_| index))?
    }
}

/// How many bytes of a file are looked through for an event at most, but for
/// those that are written at once.
const INDEX_EVERY: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Beside the list of all events with their places.
        #[test]
        fn an_event_is_found_not_far_before_it(
            lengths in proptest::collection::vec((1u64..30_000, 0u8..40), 1..300),
            least in 0u64..2_000_000,
        ) {
            let mut segments = Segments::default();
            let mut events = Vec::new();
            let (mut position, mut number) = (500, 0);
            for (index, (length, cut)) in lengths.into_iter().enumerate() {
                let seq = 10 + index as u64;
                if cut == 0 || index == 0 {
                    number += 1;
                    segments.begin(Some(number), position, (seq, position));
                }
                segments.note(seq, position);
                events.push((seq, position, number));
                position += length;
                segments.grow(position);
            }
            let mut dropped = Vec::new();
            while let Some(segment) = segments.drop_oldest(least) {
                dropped.push(segment.number.unwrap());
            }
            prop_assert!(dropped.is_sorted());
            let last_start = segments.last().unwrap().start;
            let first = segments.first().unwrap().clone();
            if dropped.is_empty() {
                prop_assert_eq!(first.start, 500);
            }
            // As little as is allowed, and never the last one.
            prop_assert!(segments.list.len() == 1 || last_start - first.start <= least);
            for (seq, position, number) in events {
                if seq < first.first {
                    prop_assert!(dropped.contains(&number));
                    prop_assert_eq!(segments.find(seq), None);
                    continue;
                }
                let (near, place) = segments.find(seq).unwrap();
                prop_assert!(near <= seq && place <= position);
                prop_assert!(position - place < INDEX_EVERY + 30_000);
                let index = segments.at(position).unwrap();
                prop_assert_eq!(segments.get(index).unwrap().number, Some(number));
            }
        }
    }
}
