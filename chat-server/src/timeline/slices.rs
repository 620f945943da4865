//! What is written to a socket at once: pieces of the log and of replies.

use std::io::IoSlice;

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
    pub(super) fn push_all(&mut self, pieces: impl Iterator<Item = &'a [u8]>) -> bool {
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
