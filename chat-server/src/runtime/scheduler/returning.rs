//! Whose turn it is of the readers that get pieces of the past.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::hub::Hub;
use crate::net::connection::{Connection, PastTurn};
use crate::net::transport::Transport;
use crate::timeline::replay::{Page, Piece, Wanted};

/// Whose turn it is.
pub(super) struct Returning {
    /// Keys of readers that get a page, in turn.
    pub(super) turns: VecDeque<usize>,
    /// Keys of readers for which something has to be read first, and what, in turn.
    pub(super) asking: VecDeque<(usize, Wanted)>,
    /// How many pieces are being read.
    pub(super) reading: usize,
    /// Where they come, each with the key of the connection that it is for.
    pieces: Receiver<(usize, Piece)>,
    pub(super) sender: Sender<(usize, Piece)>,
    pub(super) page: Page,
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

    /// Whether a reader is to get a page in the next round.
    pub(super) fn has_work(&self) -> bool {
        !self.turns.is_empty()
    }

    /// If the past is what it is to get next, it gets a page, behind all others.
    pub(super) fn admit<S: Transport>(
        &mut self,
        key: usize,
        connection: &mut Connection<S>,
        hub: &Hub,
    ) {
        if connection.past_turn == PastTurn::Idle && connection.wants_past(hub) {
            self.queue(key, connection);
        }
    }

    pub(super) fn queue<S>(&mut self, key: usize, connection: &mut Connection<S>) {
        connection.past_turn = PastTurn::Queued;
        self.turns.push_back(key);
    }

    pub(super) fn next_piece(&mut self) -> Option<(usize, Piece)> {
        // Where nothing is read there is nothing to look for.
        let piece = (self.reading > 0).then(|| self.pieces.try_recv().ok())??;
        self.reading -= 1;
        Some(piece)
    }
}
