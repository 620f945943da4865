//! Those who get pieces of the past, a page at a time. What is not in memory is read
//! by another thread, and only those wait for it who have asked.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::Scheduler;
use crate::clock::Now;
use crate::runtime::control::Shared;
use crate::storage::Asker;
use crate::timeline::replay::{Files, NoFiles, Page, Piece, Wanted};

/// Whose turn it is.
pub(super) struct Returning {
    /// Keys of those who get a page, in turn.
    turns: VecDeque<usize>,
    /// Keys of those for whom something has to be read first, and what, in turn.
    asking: VecDeque<(usize, Wanted)>,
    /// How many pieces are being read.
    reading: usize,
    /// Where they come, each with the key of the connection that it is for.
    pieces: Receiver<(usize, Piece)>,
    sender: Sender<(usize, Piece)>,
    page: Page,
}

impl Returning {
    /// No reader comes back yet.
    pub(super) fn new() -> Self {
        let (sender, pieces) = channel();
        Self {
            turns: VecDeque::new(),
            asking: VecDeque::new(),
            reading: 0,
            pieces,
            sender,
            page: Page::default(),
        }
    }

    /// Whether anybody is to get a page in the next round.
    pub(super) fn has_work(&self) -> bool {
        !self.turns.is_empty()
    }

    /// It is to get a page, behind all others.
    pub(super) fn push(&mut self, key: usize) {
        self.turns.push_back(key);
    }

    fn next_piece(&mut self) -> Option<(usize, Piece)> {
        // Where nothing is read there is nothing to look for.
        let piece = (self.reading > 0).then(|| self.pieces.try_recv().ok())??;
        self.reading -= 1;
        Some(piece)
    }
}

impl Scheduler {
    /// Sends some of those who come back a page each, but no more in a round
    /// than the others hardly notice. This thread does not wait for the disk.
    pub(crate) fn serve_past(&mut self, shared: &Shared, now: Now) {
        while let Some((key, piece)) = self.returning.next_piece() {
            self.serve(key, Some(piece), shared, now);
        }
        for _ in 0..PAGES.min(self.returning.turns.len()) {
            if let Some(key) = self.returning.turns.pop_front() {
                self.serve(key, None, shared, now);
            }
        }
        self.have_read(shared);
    }

    /// Sends one of them a page, or has them wait until it is read. `piece` is what
    /// was read.
    fn serve(&mut self, key: usize, piece: Option<Piece>, shared: &Shared, now: Now) {
        let state = shared.read();
        let files: &dyn Files = match &state.history {
            Some(history) => history,
            None => &NoFiles,
        };
        // Another one may have the key by now.
        if let Some(connection) = self.connections.get_mut(key)
            && mem::take(match piece {
                Some(_) => &mut connection.reading,
                None => &mut connection.returning,
            })
        {
            let (bytes, wanted) =
                connection.write_past(&state.hub, files, piece, &mut self.returning.page, now);
            self.bytes_out += bytes as u64;
            if let Some(wanted) = wanted {
                connection.reading = true;
                self.returning.asking.push_back((key, wanted));
            } else if connection.wants_past(&state.hub) {
                connection.returning = true;
                self.returning.push(key);
            }
            if let Some(why) = self.returning.page.failure() {
                shared.tell_unreadable(&why, now);
            }
        }
        self.enqueue(key);
    }

    /// Has pieces read for the readers that wait for that, a few at a time: so each
    /// reader has its turn, also those on other threads.
    fn have_read(&mut self, shared: &Shared) {
        while self.returning.reading < READING
            && let Some((key, wanted)) = self.returning.asking.pop_front()
        {
            let Some(connection) = self.connections.get_mut(key).filter(|one| one.reading) else {
                continue;
            };
            let asker = Asker {
                pieces: self.returning.sender.clone(),
                waker: shared.waker(self.worker),
            };
            let state = shared.read();
            let history = state.history.as_ref();
            if history.is_some_and(|history| history.ask(wanted, key, asker)) {
                self.returning.reading += 1;
            } else {
                // It has been dropped meanwhile.
                connection.reading = false;
                connection.returning = true;
                self.returning.push(key);
            }
        }
    }
}

/// Pages of the past that are sent in one round to all together.
const PAGES: usize = 4;

/// Pieces of the files that are read at a time for those on one thread.
const READING: usize = 2;
