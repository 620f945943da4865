//! The log that everybody reads, and each reader's place in it.
//!
//! Fan-out is done by position, not by copies: a line is encoded once, at the
//! end of a [`Log`], and a [`Reader`] is an integer that moves along. What a
//! reader gets that others do not (a reply), and what others get that it does
//! not (its own lines, in text form), are detours from the log: at this
//! position, first these bytes, then go on there. Nothing in here knows a
//! socket.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;

/// Encoded events, in chunks, addressed by the number of bytes before them
/// since the room began. Events never straddle two chunks.
#[derive(Debug)]
pub struct Log {
    chunks: VecDeque<Chunk>,
    head: u64,
    capacity: u64,
}

#[derive(Debug)]
struct Chunk {
    start: u64,
    bytes: Vec<u8>,
}

impl Log {
    /// A log that is cut from the front to about `capacity` bytes by
    /// [`Log::trim`].
    pub fn new(capacity: u64) -> Self {
        Self {
            chunks: VecDeque::new(),
            head: 0,
            capacity,
        }
    }

    /// The position behind the last byte.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Appends what `encode` writes; tells where it lies.
    pub fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Range<u64> {
        if self
            .chunks
            .back()
            .is_none_or(|last| last.bytes.len() >= FULL)
        {
            self.chunks.push_back(Chunk {
                start: self.head,
                bytes: Vec::with_capacity(CHUNK),
            });
        }
        let start = self.head;
        if let Some(last) = self.chunks.back_mut() {
            encode(&mut last.bytes);
            self.head = last.start + last.bytes.len() as u64;
        }
        start..self.head
    }

    /// The oldest position that [`Log::trim`] will keep. Readers before it
    /// have to be moved first.
    pub fn trim_point(&self) -> u64 {
        let keep_from = self.head.saturating_sub(self.capacity);
        self.chunks
            .iter()
            .rev()
            .find(|chunk| chunk.start <= keep_from)
            .or_else(|| self.chunks.front())
            .map_or(self.head, |chunk| chunk.start)
    }

    /// The oldest position held.
    pub fn start(&self) -> u64 {
        self.chunks.front().map_or(self.head, |chunk| chunk.start)
    }

    /// Drops what lies before [`Log::trim_point`].
    pub fn trim(&mut self) {
        let point = self.trim_point();
        while self.chunks.front().is_some_and(|chunk| chunk.start < point) {
            self.chunks.pop_front();
        }
    }

    /// The bytes of `range`, as far as they are held, chunk by chunk.
    fn bytes(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> {
        let first = self
            .chunks
            .partition_point(|chunk| chunk.end() <= range.start);
        self.chunks
            .range(first..)
            .take_while(move |chunk| chunk.start < range.end)
            .map(move |chunk| {
                let from = range.start.saturating_sub(chunk.start) as usize;
                let to = (range.end.min(chunk.end()) - chunk.start) as usize;
                &chunk.bytes[from..to]
            })
    }

    /// What is missing of the line in whose middle `position` lies.
    fn rest_of_line(&self, position: u64) -> Vec<u8> {
        let at_start = position == self.start()
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
        rest
    }
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// A place in a [`Log`], and what is to be said or left out on the way.
///
/// The order of replies against events: a reply is sent after everything that
/// was in the log when the reply was made, and before everything after.
#[derive(Debug)]
pub struct Reader {
    position: u64,
    /// Reads no further than this. Ahead of a newcomer and behind a leaver.
    end: u64,
    /// In order of position; `detour.resume` is never behind the next one.
    detours: VecDeque<Detour>,
    /// How much of the first detour's bytes has been sent.
    sent: usize,
    /// Bytes of replies that wait.
    private: usize,
}

#[derive(Debug)]
struct Detour {
    at: u64,
    insert: Vec<u8>,
    resume: u64,
}

impl Reader {
    /// A reader at the end of `log` that reads nothing of it until
    /// [`Reader::go_on`].
    pub fn held_at(log: &Log) -> Self {
        Self {
            position: log.head(),
            end: log.head(),
            detours: VecDeque::new(),
            sent: 0,
            private: 0,
        }
    }

    /// Reads `log` from where it was held, or from its oldest event if the
    /// log has been cut beyond that meanwhile.
    pub fn go_on(&mut self, log: &Log) {
        self.go_on_at(self.position.max(log.start()));
    }

    /// Reads `new` from its present end on, instead of `old`. Only the line in
    /// whose middle it is, is still sent.
    pub fn change_log(&mut self, old: &Log, new: &Log) {
        if self.sent == 0 {
            let insert = old.rest_of_line(self.position);
            self.private += insert.len();
            self.detours.push_front(Detour {
                at: self.position,
                insert,
                resume: self.position,
            });
        }
        self.go_on_at(new.head());
        self.pass_skips();
    }

    /// Replies that wait are kept, and come first.
    fn go_on_at(&mut self, position: u64) {
        self.position = position;
        for detour in &mut self.detours {
            (detour.at, detour.resume) = (position, position);
        }
        self.end = u64::MAX;
    }

    /// Reads no further than what is in `log` now.
    pub fn stop_at_head_of(&mut self, log: &Log) {
        self.end = self.end.min(log.head());
    }

    /// Leaves the log where it stands: only the line in whose middle it is,
    /// and the reply in whose middle it is, are still sent.
    pub fn abandon(&mut self, log: &Log) {
        let in_reply = self.sent > 0;
        self.detours.truncate(usize::from(in_reply));
        let rest = if in_reply {
            Vec::new()
        } else {
            log.rest_of_line(self.position)
        };
        self.detours.push_back(Detour {
            at: self.position,
            insert: rest,
            resume: self.position,
        });
        for detour in &mut self.detours {
            detour.resume = self.position;
        }
        self.private = self
            .detours
            .iter()
            .map(|detour| detour.insert.len())
            .sum::<usize>()
            - self.sent;
        self.end = self.position;
    }

    /// Leaves out `range`, the newest part of the log.
    pub fn skip(&mut self, range: Range<u64>) {
        match self.detours.back_mut() {
            Some(last) if last.insert.is_empty() && last.resume == range.start => {
                last.resume = range.end;
            }
            _ => self.detours.push_back(Detour {
                at: range.start,
                insert: Vec::new(),
                resume: range.end,
            }),
        }
        self.pass_skips();
    }

    /// Sends what `encode` writes, after all that is in `log` now.
    pub fn reply(&mut self, log: &Log, encode: impl FnOnce(&mut Vec<u8>)) {
        let at = log.head().min(self.end).max(self.position);
        let append = self
            .detours
            .back()
            .is_some_and(|last| !last.insert.is_empty() && last.at == at && last.resume == at);
        if !append {
            self.detours.push_back(Detour {
                at,
                insert: Vec::new(),
                resume: at,
            });
        }
        if let Some(last) = self.detours.back_mut() {
            let before = last.insert.len();
            encode(&mut last.insert);
            self.private += last.insert.len() - before;
        }
        self.pass_skips();
    }

    /// Bytes of replies that wait.
    pub fn private_bytes(&self) -> usize {
        self.private
    }

    /// Detours that wait.
    pub fn detours(&self) -> usize {
        self.detours.len()
    }

    /// The place in the log.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether the log before `point` is still needed.
    pub fn needs_before(&self, point: u64) -> bool {
        self.position < point.min(self.end)
    }

    /// Whether there is anything to send.
    pub fn is_behind(&self, log: &Log) -> bool {
        self.position < log.head().min(self.end) || !self.detours.is_empty()
    }

    /// Fills `slices` with what is to be sent next.
    pub fn slices<'a>(&'a self, log: &'a Log, slices: &mut Slices<'a>) {
        let mut position = self.position;
        let mut sent = self.sent;
        for detour in &self.detours {
            if !slices.push_all(log.bytes(position..detour.at)) {
                return;
            }
            if !slices.push_all(std::iter::once(&detour.insert[sent..])) {
                return;
            }
            sent = 0;
            position = detour.resume;
        }
        slices.push_all(log.bytes(position..log.head().min(self.end).max(position)));
    }

    /// Takes note that the first `count` bytes of the slices were sent.
    pub fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(detour) = self.detours.front() else {
                self.position += count as u64;
                return;
            };
            let before = (detour.at - self.position).min(count as u64);
            self.position += before;
            count -= before as usize;
            if self.position == detour.at {
                let now = (detour.insert.len() - self.sent).min(count);
                self.sent += now;
                self.private -= now;
                count -= now;
            }
            self.pass_skips();
        }
    }

    /// Goes around every detour that has nothing left to send.
    fn pass_skips(&mut self) {
        while let Some(detour) = self.detours.front()
            && detour.at == self.position
            && self.sent == detour.insert.len()
        {
            self.position = detour.resume;
            self.sent = 0;
            self.detours.pop_front();
        }
        if self.detours.is_empty() {
            // An idle connection holds no buffer.
            self.detours = VecDeque::new();
        }
    }
}

/// Slices for one vectored write, bounded in number and bytes so that no
/// reader has more than its share of a round.
#[derive(Debug)]
pub struct Slices<'a> {
    slices: [IoSlice<'a>; MAX_SLICES],
    used: usize,
    bytes: usize,
}

impl<'a> Slices<'a> {
    /// No slices.
    pub fn new() -> Self {
        Self {
            slices: [IoSlice::new(&[]); MAX_SLICES],
            used: 0,
            bytes: 0,
        }
    }

    /// The slices.
    pub fn as_slice(&self) -> &[IoSlice<'a>] {
        &self.slices[..self.used]
    }

    /// How many bytes they hold.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds pieces; `false` once it is full.
    fn push_all(&mut self, pieces: impl Iterator<Item = &'a [u8]>) -> bool {
        for piece in pieces {
            if piece.is_empty() {
                continue;
            }
            if self.used == MAX_SLICES || self.bytes >= MAX_SLICE_BYTES {
                return false;
            }
            self.slices[self.used] = IoSlice::new(piece);
            self.used += 1;
            self.bytes += piece.len();
        }
        true
    }
}

impl Default for Slices<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// Far below what the system takes (1024 on Linux); a gap costs one.
const MAX_SLICES: usize = 64;

/// A write takes no further slice beyond this.
const MAX_SLICE_BYTES: usize = 256 * 1024;

/// What a chunk is made for. A larger event makes it grow.
const CHUNK: usize = 64 * 1024;

/// When a chunk is this full the next event begins a new one: most events fit
/// into the rest, so that a chunk is seldom moved and never half empty.
const FULL: usize = CHUNK - 8 * 1024;

#[cfg(test)]
mod tests;
