//! Readers that get pieces of the past, a page at a time. What is not in memory is read
//! by another thread, and only the readers that have asked wait for it.

use super::Scheduler;
use crate::clock::Now;
use crate::net::connection::PastTurn;
use crate::net::transport::Transport;
use crate::runtime::control::Shared;
use crate::runtime::observer::Observer;
use crate::storage::Asker;
use crate::timeline::replay::Piece;

impl<S: Transport, O: Observer<S>> Scheduler<S, O> {
    /// Sends some of them a page each, but no more in a round
    /// than the others hardly notice. This thread does not wait for the disk.
    pub(crate) fn serve_past(&mut self, shared: &Shared<S>, now: Now) {
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
    fn serve(&mut self, key: usize, piece: Option<Piece>, shared: &Shared<S>, now: Now) {
        let state = shared.read();
        let expected = match piece {
            Some(_) => PastTurn::Reading,
            None => PastTurn::Queued,
        };
        // Another one may have the key by now.
        if let Some(connection) = self.connections.get_mut(key)
            && connection.past_turn == expected
        {
            connection.past_turn = PastTurn::Idle;
            let (hub, files) = (&state.hub, state.files());
            let page = &mut self.returning.page;
            let (bytes, wanted) = connection.write_past(hub, files, piece, page, now);
            self.bytes_out += bytes as u64;
            match wanted {
                Some(wanted) => {
                    connection.past_turn = PastTurn::Reading;
                    self.returning.asking.push_back((key, wanted));
                }
                None => self.returning.admit(key, connection, hub),
            }
            if let Some(why) = self.returning.page.failure() {
                shared.tell_unreadable(&why, now);
            }
        }
        self.enqueue(key);
    }

    /// Has pieces read for the readers that wait for that, a few at a time: so each
    /// reader has its turn, also those on other threads.
    fn have_read(&mut self, shared: &Shared<S>) {
        while self.returning.reading < READING
            && let Some((key, wanted)) = self.returning.asking.pop_front()
        {
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            if connection.past_turn != PastTurn::Reading {
                continue;
            }
            let pieces = self.returning.sender.clone();
            let asker = Asker::new(pieces, shared.waker(self.worker).clone());
            let state = shared.read();
            let history = state.history.as_ref();
            if history.is_some_and(|history| history.ask(wanted, key, asker)) {
                self.returning.reading += 1;
            } else {
                // It has been dropped meanwhile.
                self.returning.queue(key, connection);
            }
        }
    }
}

/// Pages of the past that are sent in one round to all together.
const PAGES: usize = 4;

/// Pieces of the files that are read at a time for the readers of one thread.
const READING: usize = 2;
