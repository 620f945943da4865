//! How far a reader is behind, for the metrics.

use super::{Cursor, Pending};
use crate::timeline::log::View;

/// How far a reader is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Bytes that wait for it: of the log, and replies. Not those of the past.
    pub bytes: u64,
    /// The past comes first.
    pub is_past: bool,
}

impl Cursor {
    /// How far it is behind what it may read, if it is.
    pub fn lag(&self, shown: &View<'_>) -> Option<Lag> {
        let pending = self.pending(shown);
        let left = shown.until.min(self.end()).saturating_sub(self.position);
        (pending != Pending::Nothing).then(|| Lag {
            bytes: left + self.private_bytes() as u64,
            is_past: pending == Pending::Past,
        })
    }
}
