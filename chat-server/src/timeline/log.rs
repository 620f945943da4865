//! Encoded events in memory: the newest part of everything that was said.
//!
//! An event is encoded once, at the end of a [`Log`], and all readers are sent the same
//! bytes. A place in it is the number of bytes before it since the room began, so it
//! stays true when the log is cut from the front. The files of the history hold the
//! bytes of the JSON form, at the same places.

mod hidden;

use std::collections::VecDeque;
use std::ops::Range;

use chat_proto::event::Rank;
use chat_proto::json_form;

pub use hidden::HiddenParts;

/// The part of a log that readers may see now.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The log.
    pub log: &'a Log,
    /// The end of what readers may see; events behind it are not kept safely yet.
    pub until: u64,
    /// The number of the last event before that.
    pub seq: u64,
    /// The oldest event that is held, in memory or in files.
    pub first: u64,
}

/// Encoded events, in chunks. Events never straddle two chunks.
#[derive(Debug)]
pub struct Log {
    chunks: VecDeque<Chunk>,
    /// Chunks that are not used yet, and those that were dropped, to be used again:
    /// where each thread has a heap of its own, one thread does not get memory that
    /// another one gives back, and a room that goes on for hours would grow to twice
    /// its size.
    spare: Vec<Chunk>,
    hidden: HiddenParts,
    head: u64,
    /// The number of the event that will be appended next.
    next: u64,
    capacity: u64,
}

#[derive(Debug)]
struct Chunk {
    start: u64,
    /// The number of its first event.
    first: u64,
    /// Where each of its events begins in `bytes`.
    events: Vec<u32>,
    bytes: Vec<u8>,
}

impl Log {
    /// A log whose first event has the number `next` and lies at `head`, and
    /// that is cut from the front to about `capacity` bytes by [`Log::trim`].
    pub fn new(capacity: u64, head: u64, next: u64) -> Self {
        Self {
            chunks: VecDeque::new(),
            spare: Vec::new(),
            hidden: HiddenParts::default(),
            head,
            next,
            capacity,
        }
    }

    /// Takes all the memory that it will need from the system: so a room that goes on
    /// for hours takes no more than one that has just begun.
    pub fn reserve(&mut self) {
        let chunks = (self.capacity as usize).div_ceil(FULL) + 1;
        let missing = chunks.saturating_sub(self.chunks.len() + self.spare.len());
        self.spare.extend((0..missing).map(|_| Chunk::in_memory()));
    }

    /// The position behind the last byte.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The oldest position held.
    pub fn start(&self) -> u64 {
        self.chunks.front().map_or(self.head, |chunk| chunk.start)
    }

    /// The number of the event that will be appended next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The number of the oldest event held; [`Log::next`] if there is none.
    pub fn first(&self) -> u64 {
        self.chunks.front().map_or(self.next, |chunk| chunk.first)
    }

    /// Appends what `encode` writes as one event; tells where it lies.
    pub fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Range<u64> {
        if self
            .chunks
            .back()
            .is_none_or(|last| last.bytes.len() >= FULL)
        {
            let chunk = self.spare.pop().unwrap_or_else(Chunk::new);
            self.chunks.push_back(Chunk {
                start: self.head,
                first: self.next,
                ..chunk
            });
        }
        let start = self.head;
        if let Some(last) = self.chunks.back_mut() {
            last.events.push(last.bytes.len() as u32);
            encode(&mut last.bytes);
            self.head = last.end();
            self.next += 1;
        }
        start..self.head
    }

    /// Has the private part of the newest event, whose line in JSON form begins at `start`, be
    /// sent only to those whom it is for.
    pub fn hide_private_part(&mut self, seq: u64, start: u64) {
        let line = self.event(seq).unwrap_or_default();
        if let Some(private) = json_form::private_part(line) {
            let [from, to] = [private.range.start, private.range.end].map(|at| start + at as u64);
            self.hidden.add(from..to, private.rank);
        }
    }

    /// Has a part of the newest event be sent only to readers of at least this rank.
    pub fn hide(&mut self, range: Range<u64>, rank: Rank) {
        self.hidden.add(range, Some(rank));
    }

    /// What not every reader is sent.
    pub fn hidden(&self) -> &HiddenParts {
        &self.hidden
    }

    /// Where the event of this number begins, or will begin if it is the next
    /// one. `None` if it is not held, or is further ahead.
    pub fn position_of(&self, seq: u64) -> Option<u64> {
        if seq == self.next {
            return Some(self.head);
        }
        let index = self.chunks.partition_point(|chunk| chunk.first <= seq);
        let chunk = self.chunks.get(index.checked_sub(1)?)?;
        let event = chunk.events.get((seq - chunk.first) as usize)?;
        Some(chunk.start + u64::from(*event))
    }

    /// The bytes of the event of this number, if it is held.
    pub fn event(&self, seq: u64) -> Option<&[u8]> {
        let index = self.chunks.partition_point(|chunk| chunk.first <= seq);
        let chunk = self.chunks.get(index.checked_sub(1)?)?;
        Some(&chunk.bytes[chunk.range_of(seq)?])
    }

    /// The number of the event in which `position` lies, and how many bytes of
    /// it are before that. Between two events it is the later one.
    pub fn event_at(&self, position: u64) -> (u64, u64) {
        let index = self.chunks.partition_point(|chunk| chunk.start <= position);
        let Some(chunk) = index.checked_sub(1).and_then(|i| self.chunks.get(i)) else {
            return (self.first(), 0);
        };
        if position >= chunk.end() {
            return (chunk.first + chunk.events.len() as u64, 0);
        }
        let offset = position - chunk.start;
        let later = chunk
            .events
            .partition_point(|&event| u64::from(event) <= offset);
        let event = later.saturating_sub(1);
        (
            chunk.first + event as u64,
            offset - u64::from(chunk.events[event]),
        )
    }

    /// Events from the newest to the oldest, each with its number.
    pub fn backwards(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.chunks.iter().rev().flat_map(|chunk| {
            let mut end = chunk.bytes.len();
            let events = chunk.events.iter().enumerate().rev();
            events.map(move |(index, &start)| {
                let start = start as usize;
                let bytes = &chunk.bytes[start..end];
                end = start;
                (chunk.first + index as u64, bytes)
            })
        })
    }

    /// The bytes of `range`, as far as they are held, chunk by chunk.
    pub fn bytes(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> {
        let Range { start, end } = range;
        let first = self.chunks.partition_point(|chunk| chunk.end() <= start);
        self.chunks
            .range(first..)
            .take_while(move |chunk| start < end && chunk.start < end)
            .map(move |chunk| {
                let from = start.saturating_sub(chunk.start) as usize;
                let to = (end.min(chunk.end()) - chunk.start) as usize;
                &chunk.bytes[from..to]
            })
    }

    /// The bytes of `range` if they are not empty and lie in the newest chunk, as they
    /// do for a reader that is up to date.
    pub fn newest_bytes(&self, range: Range<u64>) -> Option<&[u8]> {
        let chunk = self.chunks.back()?;
        if range.is_empty() || range.start < chunk.start || range.end > chunk.end() {
            return None;
        }
        let from = (range.start - chunk.start) as usize;
        let to = (range.end - chunk.start) as usize;
        Some(&chunk.bytes[from..to])
    }

    /// What is missing of the line in whose middle `position` lies, without what is not for
    /// every reader, and where that line ends.
    pub fn rest_of_line(&self, position: u64) -> (Vec<u8>, u64) {
        let at_start = position <= self.start()
            || self
                .bytes(position - 1..position)
                .next()
                .is_none_or(|before| before == b"\n");
        let mut rest = Vec::new();
        if !at_start {
            for piece in self.bytes(position..self.head) {
                let end = piece.iter().position(|&byte| byte == b'\n');
                rest.extend_from_slice(&piece[..end.map_or(piece.len(), |end| end + 1)]);
                if end.is_some() {
                    break;
                }
            }
        }
        let end = position + rest.len() as u64;
        if let Some(hidden) = self.hidden.of(position..end, Rank::Ordinary).next() {
            let offset = |place: u64| (place - position) as usize;
            rest.drain(offset(hidden.start)..offset(hidden.end));
        }
        (rest, end)
    }

    /// The oldest position that [`Log::trim`] will keep: about the capacity,
    /// and nothing that lies behind `needed`. Readers before it have to be
    /// moved first.
    pub fn trim_point(&self, needed: u64) -> u64 {
        let keep_from = self.head.saturating_sub(self.capacity).min(needed);
        let behind = self
            .chunks
            .partition_point(|chunk| chunk.start <= keep_from);
        self.chunks
            .get(behind.saturating_sub(1))
            .map_or(self.head, |chunk| chunk.start)
    }

    /// The line of an event is another one from now on, if it is held. What lies behind it
    /// keeps its place, and what lies before it moves by the difference.
    pub fn replace(&mut self, seq: u64, line: &[u8]) {
        let index = self.chunks.partition_point(|chunk| chunk.first <= seq);
        let Some(chunk) = index.checked_sub(1).and_then(|i| self.chunks.get_mut(i)) else {
            return;
        };
        let Some(range) = chunk.range_of(seq) else {
            return;
        };
        let old = range.len() as u64;
        let end = chunk.start + range.end as u64;
        for event in &mut chunk.events[(seq - chunk.first) as usize + 1..] {
            *event = *event - old as u32 + line.len() as u32;
        }
        chunk.bytes.splice(range, line.iter().copied());
        for chunk in self.chunks.range_mut(..index) {
            chunk.start = moved(chunk.start, old, line);
        }
        // A text has no private part.
        self.hidden.move_before(end, |at| moved(at, old, line));
    }

    /// Leaves nothing of an event but its length, if it is held. No reader may stand
    /// within it; one that stands behind it finds a line end before it, as it should.
    pub fn blank(&mut self, seq: u64) {
        let index = self.chunks.partition_point(|chunk| chunk.first <= seq);
        if let Some(chunk) = index.checked_sub(1).and_then(|i| self.chunks.get_mut(i))
            && let Some(range) = chunk.range_of(seq)
        {
            chunk.bytes[range].fill(b'\n');
        }
    }

    /// Drops the chunks before `point`, which may lie within one.
    pub fn trim(&mut self, point: u64) {
        let is_before = |chunk: &Chunk| chunk.start < point && chunk.end() <= point;
        while self.chunks.front().is_some_and(is_before)
            && let Some(mut chunk) = self.chunks.pop_front()
        {
            if self.spare.len() < SPARES && chunk.bytes.capacity() <= 2 * CHUNK {
                chunk.events.clear();
                chunk.bytes.clear();
                self.spare.push(chunk);
            }
        }
        let start = self.start();
        self.hidden.trim(start);
    }
}

impl Chunk {
    fn new() -> Self {
        Self {
            start: 0,
            first: 0,
            events: Vec::new(),
            bytes: Vec::with_capacity(CHUNK),
        }
    }

    /// A chunk for which the system has given the memory: it does so only when
    /// something is written there, and not for zeros.
    fn in_memory() -> Self {
        let mut bytes = vec![b'\n'; CHUNK];
        bytes.clear();
        Self {
            bytes,
            ..Self::new()
        }
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Where the event of this number lies in `bytes`. It is not before the first one.
    fn range_of(&self, seq: u64) -> Option<Range<usize>> {
        let index = (seq - self.first) as usize;
        let start = *self.events.get(index)? as usize;
        let end = self.events.get(index + 1);
        Some(start..end.map_or(self.bytes.len(), |end| *end as usize))
    }
}

/// Where something lies in a log when a line of `old` bytes behind it has become this one.
pub fn moved(place: u64, old: u64, line: &[u8]) -> u64 {
    place + old - line.len() as u64
}

/// Where the JSON log of a room begins. Lines that are replaced can become longer, and what
/// lies before them moves towards 0, which no room reaches.
pub const ORIGIN: u64 = 1 << 48;

/// Dropped chunks that are kept, at most.
const SPARES: usize = 8;

/// What a chunk is made for. A larger event makes it grow.
pub(crate) const CHUNK: usize = 64 * 1024;

/// When a chunk is this full the next event begins a new one: most events fit
/// into the rest, so that a chunk is seldom moved and never half empty.
const FULL: usize = CHUNK - 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_places_belong_together() {
        let mut log = Log::new(50_000, 1000, 7);
        assert_eq!((log.first(), log.next()), (7, 7));
        assert_eq!(log.position_of(7), Some(1000));
        let mut places = Vec::new();
        for length in [10usize, 0, 70_000, 5, 60_000, 0, 3] {
            places.push(log.append(|out| out.extend(std::iter::repeat_n(b'x', length))));
        }
        for (index, place) in places.iter().enumerate() {
            let seq = 7 + index as u64;
            assert_eq!(log.position_of(seq), Some(place.start));
            let length = (place.end - place.start) as usize;
            assert_eq!(log.event(seq).map(<[u8]>::len), Some(length));
            if !place.is_empty() {
                assert_eq!(log.event_at(place.start), (seq, 0));
                assert_eq!(
                    log.event_at(place.end - 1),
                    (seq, place.end - 1 - place.start)
                );
            }
        }
        assert_eq!(log.event_at(log.head()), (14, 0));
        assert_eq!(log.position_of(14), Some(log.head()));
        assert_eq!(log.position_of(15), None);
        assert_eq!(log.event(14), None);
        let backwards: Vec<_> = log
            .backwards()
            .map(|(seq, bytes)| (seq, bytes.len()))
            .collect();
        assert_eq!(backwards[..3], [(13, 3), (12, 0), (11, 60_000)]);
        assert_eq!(backwards.len(), 7);
        log.trim(log.trim_point(u64::MAX));
        assert_eq!(log.first(), 10);
        assert_eq!(log.position_of(9), None);
        assert_eq!(log.position_of(10), Some(71_010));
    }

    /// Whether it becomes longer or shorter.
    #[test]
    fn before_a_line_that_is_replaced_everything_moves() {
        for line in [&b"x\n"[..], &[b'y'; 50_000]] {
            let mut log = Log::new(1 << 20, ORIGIN, 1);
            let mut places = Vec::new();
            for length in [40_000, 40_000, 100, 60_000, 5] {
                places.push(log.append(|out| out.extend(vec![b'z'; length])).start);
            }
            log.blank(3);
            assert_eq!(log.event(3), Some(&[b'\n'; 100][..]));
            log.replace(3, line);
            assert_eq!(log.event(3), Some(line));
            for seq in 1..=5 {
                let place = places[seq as usize - 1];
                let expected = if seq <= 3 {
                    moved(place, 100, line)
                } else {
                    place
                };
                assert_eq!(log.position_of(seq), Some(expected));
            }
            assert_eq!(log.event(4).map(<[u8]>::len), Some(60_000));
            // What is not there is no concern.
            log.replace(6, b"");
            log.blank(0);
        }
    }

    #[test]
    fn what_is_needed_is_not_cut() {
        let mut log = Log::new(1000, 0, 1);
        for _ in 0..10 {
            log.append(|out| out.extend([b'x'; 60_000]));
        }
        assert_eq!(log.trim_point(u64::MAX), 9 * 60_000);
        assert_eq!(log.trim_point(60_001), 60_000);
        assert_eq!(log.trim_point(0), 0);
    }

    /// A room that fills up takes no more memory either.
    #[test]
    fn reserved_chunks_are_enough() {
        let mut log = Log::new(1 << 20, 0, 1);
        log.reserve();
        let places = |log: &Log| {
            let all = log.chunks.iter().chain(&log.spare);
            all.map(|chunk| chunk.bytes.as_ptr())
                .collect::<std::collections::BTreeSet<_>>()
        };
        let reserved = places(&log);
        for length in (100..4000).step_by(7).cycle().take(2000) {
            log.append(|out| out.extend(std::iter::repeat_n(b'x', length)));
            log.trim(log.trim_point(u64::MAX));
        }
        assert!(log.start() > 0);
        let used = places(&log);
        assert!(used.is_subset(&reserved), "others are used");
    }

    /// A room that goes on takes no more memory from the system.
    #[test]
    fn dropped_chunks_are_used_again() {
        let mut log = Log::new(1000, 0, 1);
        let mut buffers = std::collections::BTreeSet::new();
        // Another thread would take memory that is given back.
        let mut others = Vec::new();
        for number in 0..100 {
            log.append(|out| out.extend([number; 60_000]));
            buffers.insert(log.chunks.back().unwrap().bytes.as_ptr());
            log.trim(log.trim_point(u64::MAX));
            others.push(vec![0u8; CHUNK]);
            let newest = log.bytes(log.start()..log.head()).last();
            assert!(newest.unwrap().iter().all(|byte| *byte == number));
        }
        assert!(buffers.len() <= 3, "{} buffers", buffers.len());
    }
}
