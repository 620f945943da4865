//! A disk that does what the schedule says: when it is done, when it fails, what
//! it drops, and when it reads.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use chat_proto::text::Text;
use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::storage::{Asker, News, Storage};
use chat_server::timeline::erasures::Eraser;
use chat_server::timeline::log::{ORIGIN, moved};
use chat_server::timeline::mark::{Form, Mark};
use chat_server::timeline::replay::{Files, Piece, Wanted};

use crate::script::Keeping;

/// The history of the simulated room. The server has one handle of it and the hall
/// another.
#[derive(Debug, Clone)]
pub(crate) struct Disk(Arc<Mutex<State>>);

/// What is on the disk, and what it is to do.
#[derive(Debug)]
pub(crate) struct State {
    keeping: Keeping,
    /// Where the files begin in the JSON log.
    start: u64,
    /// The JSON log, as far as it is written.
    written: Vec<u8>,
    /// Where the events begin in it.
    starts: Vec<usize>,
    /// What was given to be made safe.
    in_flight: Option<Mark>,
    /// What is before this in the JSON log is safe.
    pub(crate) safe: u64,
    /// It fails.
    pub(crate) fails: bool,
    /// The room knows that.
    fails_for_all: bool,
    /// It has done what it was given.
    is_done: bool,
    /// The oldest of what is kept is to be dropped.
    forgets: bool,
    /// It reads nothing for the moment.
    pub(crate) is_slow: bool,
    /// What it reads fails.
    pub(crate) is_unreadable: bool,
    /// That has happened.
    pub(crate) was_unreadable: bool,
    /// What it is to read, and for whom.
    reading: VecDeque<(Wanted, usize, Asker)>,
    waker: Option<Waker>,
}

impl Disk {
    /// An empty one for a new room.
    pub(crate) fn new(keeping: Keeping, hub: &mut Hub) -> Self {
        if keeping != Keeping::Not {
            hub.timeline.keep(1, ORIGIN, SEGMENT);
        }
        if keeping == Keeping::Always {
            hub.timeline.show_late();
        }
        Self(Arc::new(Mutex::new(State {
            keeping,
            start: ORIGIN,
            written: Vec::new(),
            starts: Vec::new(),
            in_flight: None,
            safe: ORIGIN,
            fails: false,
            fails_for_all: false,
            is_done: false,
            forgets: false,
            is_slow: false,
            is_unreadable: false,
            was_unreadable: false,
            reading: VecDeque::new(),
            waker: None,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// It has made safe what it was given.
    pub(crate) fn sync(&mut self) {
        if !self.fails && self.in_flight.is_some() {
            self.is_done = true;
            self.wake();
        }
    }

    /// It fails from now on.
    pub(crate) fn fail(&mut self) {
        self.fails = true;
        self.wake();
    }

    /// It fails no longer.
    pub(crate) fn recover(&mut self) {
        self.fails = false;
        self.wake();
    }

    /// A third of what is safe and not in memory is dropped.
    pub(crate) fn forget(&mut self) {
        self.forgets = true;
        self.wake();
    }

    /// Reads some of what it is to read, unless it is slow.
    pub(crate) fn read(&mut self) {
        let count = if self.is_slow { 0 } else { READS };
        for (wanted, key, asker) in self.reading.drain(..count.min(self.reading.len())) {
            self.was_unreadable |= self.is_unreadable;
            // Places may have moved since it was asked.
            let from = wanted.position.saturating_sub(self.start) as usize;
            let from = from.min(self.written.len());
            let to = (from + wanted.most).min(self.written.len());
            let bytes = match self.is_unreadable {
                true => Err(io::ErrorKind::Other.into()),
                false => Ok(self.written[from..to].to_vec()),
            };
            asker.answer(key, Piece { wanted, bytes });
        }
    }

    /// Whether there is something to read.
    pub(crate) fn is_asked(&self) -> bool {
        !self.reading.is_empty()
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    fn write(&mut self, hub: &mut Hub) {
        while hub.timeline.next_cut().is_some() {
            hub.timeline.cut_done();
        }
        let log = hub.timeline.log(Form::Json);
        let mut start = self.written.len();
        for piece in log.bytes(self.start + start as u64..log.head()) {
            self.written.extend_from_slice(piece);
        }
        while let Some(length) = memchr::memchr(b'\n', &self.written[start..]) {
            self.starts.push(start);
            start += length + 1;
        }
        if self.keeping != Keeping::Always {
            hub.timeline.show_all();
        }
        if self.in_flight.is_none() {
            self.in_flight = Some(hub.timeline.head());
        }
    }

    /// Replaces the lines of erased events, as far as that may be.
    fn erase(&mut self, hub: &mut Hub) {
        let ready = hub.timeline.to_erase();
        let ready: Vec<(u64, Eraser)> = ready.map(|(seq, it)| (seq, it.clone())).collect();
        for (seq, eraser) in ready {
            let end = self.starts.get(seq as usize);
            let range = self.starts[seq as usize - 1]..end.map_or(self.written.len(), |end| *end);
            if let Some(line) = eraser.erase(&self.written[range.clone()]) {
                let place = [range.start, range.end].map(|at| self.start + at as u64);
                for start in &mut self.starts[seq as usize..] {
                    *start = *start - range.len() + line.len();
                }
                self.start = moved(self.start, range.len() as u64, &line);
                self.written.splice(range, line.iter().copied());
                hub.timeline.replaced(seq, place[0]..place[1], &line);
            }
            hub.timeline.erasure_done(seq);
        }
    }

    fn made_safe(&mut self, hub: &mut Hub) {
        if let Some(mark) = self.in_flight.take() {
            hub.timeline.set_safe(mark.json);
            self.safe = mark.json;
            if mark.json > hub.timeline.shown().json {
                hub.timeline.show(mark);
            }
        }
    }

    fn forget_now(&self, hub: &mut Hub, now: Now) {
        let (first, memory) = (hub.timeline.first(), hub.timeline.log(Form::Json).first());
        if first < memory {
            hub.forget_before(first + (memory - first).div_ceil(3), now);
        }
    }
}

impl Storage for Disk {
    fn watch(&mut self, waker: Waker) {
        self.state().waker = Some(waker);
    }

    fn keep(&mut self, hub: &mut Hub, now: Now) -> Vec<News> {
        let mut state = self.state();
        if std::mem::take(&mut state.is_done) {
            state.made_safe(hub);
        }
        if std::mem::take(&mut state.forgets) {
            state.forget_now(hub, now);
        }
        let is_news = state.fails != state.fails_for_all;
        state.fails_for_all = state.fails;
        if state.fails {
            let why = "the history cannot be written (no space)";
            hub.timeline
                .set_trouble(Some(Text::clean(why).expect("a text")));
            let news = is_news.then(|| News::Trouble(why.to_owned()));
            return news.into_iter().collect();
        }
        hub.timeline.set_trouble(None);
        state.write(hub);
        state.erase(hub);
        if !is_news {
            return Vec::new();
        }
        state.in_flight = Some(hub.timeline.head());
        state.made_safe(hub);
        vec![News::Recovered]
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn is_overtaken(&self, hub: &Hub) -> bool {
        let (state, head) = (self.state(), hub.timeline.head());
        let waits = head.json - state.safe + (head.text - hub.timeline.shown().text);
        !state.fails_for_all && waits > MAX_UNSAFE
    }

    fn ask(&self, wanted: Wanted, key: usize, asker: Asker) -> bool {
        self.state().reading.push_back((wanted, key, asker));
        true
    }

    fn reopen(&mut self) {}

    fn finish(&mut self, _: &mut Hub, _: Now) -> Option<News> {
        None
    }
}

impl Files for Disk {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        // As an index has it: one not far before it.
        let near = (seq - 1) / INDEXED * INDEXED + 1;
        let state = self.state();
        let is_written = seq <= state.starts.len() as u64;
        is_written.then(|| (near, state.start + state.starts[near as usize - 1] as u64))
    }

    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        let state = self.state();
        let indexed = (1..).zip(&state.starts).step_by(INDEXED as usize);
        let mut places = indexed.map(|(seq, start)| (seq, state.start + *start as u64));
        places.find(|(_, place)| *place >= position + least)
    }

    fn held(&self, position: u64) -> u64 {
        let state = self.state();
        (state.start + state.written.len() as u64).saturating_sub(position)
    }
}

/// Bytes of the JSON form in one file.
const SEGMENT: u64 = 50_000;

/// One event of so many is in the index.
const INDEXED: u64 = 5;

/// Pieces that are read before a worker has its next round.
const READS: usize = 2;

/// What may wait for the disk before no more is taken in.
const MAX_UNSAFE: u64 = 256 * 1024;
