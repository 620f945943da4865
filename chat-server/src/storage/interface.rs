//! What the rounds of the server need of a history. The files are one; the simulation
//! has another one, whose disk does what a schedule says.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::Waker;
use std::time::Instant;

use crate::clock::Now;
use crate::hub::Hub;
use crate::ops::histogram::Histogram;
use crate::timeline::replay::{Files, Piece, Wanted};

/// Where the events of the room are kept.
pub trait Storage: Files + fmt::Debug + Send + Sync {
    /// Has `waker` called whenever something that was under way is done.
    fn watch(&mut self, waker: Waker);

    /// Writes what the room has said since, and shows it to people if that
    /// is enough. To be called in each round.
    fn keep(&mut self, hub: &mut Hub, now: Now) -> Vec<News>;

    /// How long it took each time until what was written was on the disk.
    fn sync_times(&self) -> Arc<Histogram> {
        Arc::default()
    }

    /// When [`Storage::keep`] wants to be called, if nothing happens before.
    fn deadline(&self) -> Option<Instant>;

    /// Whether so much waits for the disk that no more should be taken in.
    fn is_overtaken(&self, hub: &Hub) -> bool;

    /// Has a piece of the files read for the connection `key`, if it is in one.
    fn ask(&self, wanted: Wanted, key: usize, asker: Asker) -> bool;

    /// Has it looked whether all files are in their places, and begun anew if
    /// they have been moved.
    fn reopen(&mut self);

    /// Writes the rest and makes it safe, as far as that is possible soon.
    fn finish(&mut self, hub: &mut Hub, now: Now) -> Option<News>;
}

/// Something to tell people, or only the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// From now on nothing can be kept, and why.
    Trouble(String),
    /// It can be kept again.
    Recovered,
    /// Something has happened to the files, and the room goes on.
    Told(String),
    /// The same, for the log only.
    Noted(String),
}

/// Where a worker gets the pieces that it has asked for.
#[derive(Debug)]
pub struct Asker {
    pieces: Sender<(usize, Piece)>,
    waker: Waker,
}

impl Asker {
    /// Pieces go to `pieces`, each with the key of the connection that it is for, and
    /// `waker` is called for each.
    pub fn new(pieces: Sender<(usize, Piece)>, waker: Waker) -> Self {
        Self { pieces, waker }
    }

    /// A piece that was asked for.
    pub fn answer(&self, key: usize, piece: Piece) {
        // A worker that is gone needs nothing.
        if self.pieces.send((key, piece)).is_ok() {
            self.waker.wake_by_ref();
        }
    }
}
