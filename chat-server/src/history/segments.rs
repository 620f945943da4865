//! Which file holds which part of the history. Pure.
//!
//! The history is one long row of bytes, the JSON log, cut into segments at
//! the boundaries of events. The last segment is the one that is written to.

use std::collections::VecDeque;

/// The segments, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Segments {
    list: VecDeque<Segment>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The number in its name, once it has one.
    pub(super) number: u64,
    /// Where it begins in the JSON log.
    pub(super) start: u64,
    /// Where it ends, so far.
    pub(super) end: u64,
    /// The number of its first event.
    pub(super) first: u64,
    /// Where some of its events are, at least [`INDEX_EVERY`] bytes apart:
    /// number and place.
    index: Vec<(u64, u64)>,
}

impl Segments {
    /// Another segment begins, with the event `first` at `start`.
    pub(super) fn begin(&mut self, number: u64, start: u64, first: u64) {
        self.list.push_back(Segment {
            number,
            start,
            end: start,
            first,
            index: vec![(first, start)],
        });
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

    /// Number and place of the event `seq`, or of one not far before it in the
    /// same segment.
    pub(super) fn find(&self, seq: u64) -> Option<(u64, u64)> {
        let behind = self.list.partition_point(|segment| segment.first <= seq);
        let index = &self.list.get(behind.checked_sub(1)?)?.index;
        let behind = index.partition_point(|(first, _)| *first <= seq);
        index.get(behind.checked_sub(1)?).copied()
    }

    /// The index of the segment in which `position` lies or, at the end, will
    /// lie.
    pub(super) fn at(&self, position: u64) -> Option<usize> {
        let behind = self
            .list
            .partition_point(|segment| segment.start <= position);
        behind.checked_sub(1)
    }

    /// The segment of this index.
    pub(super) fn get(&self, index: usize) -> Option<&Segment> {
        self.list.get(index)
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
}

/// How many bytes of a file are looked through for an event at most, but for
/// what is written at once.
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
                    segments.begin(number, position, seq);
                }
                segments.note(seq, position);
                events.push((seq, position, number));
                position += length;
                segments.grow(position);
            }
            let mut dropped = Vec::new();
            while let Some(segment) = segments.drop_oldest(least) {
                dropped.push(segment.number);
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
                prop_assert_eq!(segments.get(index).unwrap().number, number);
            }
        }
    }
}
