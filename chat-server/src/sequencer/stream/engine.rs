//! The way to the stream, as [`Stream`](super::Stream) needs it.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use super::snapshot::Snapshot;
use crate::sequencer::Note;

/// What carries records to the stream, and entries back.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Sends a record, perhaps `again`. It may get lost, or come more than once, or behind
    /// later ones.
    fn publish(&mut self, record: Arc<[u8]>, again: bool);

    /// The next entry of the stream, if it has come: each one once, in order.
    fn next(&mut self) -> Option<Entry>;

    /// Keeps a snapshot for servers that come later.
    fn save(&mut self, snapshot: Snapshot);

    /// Why no entry will come any more, if that is so: the stream is gone, or another one.
    fn failure(&self) -> Option<&str> {
        None
    }

    /// What the operator should know of the way to the stream.
    fn note(&mut self) -> Option<Note> {
        None
    }

    /// Wakes this when there are entries or notes.
    fn watch(&mut self, _: Waker) {}
}

/// An entry of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place: 1, 2, 3, … without gaps.
    pub number: u64,
    /// What stands there.
    pub bytes: Arc<[u8]>,
}
