//! Bytes on their way: what one connection keeps, and what a thread uses for all of
//! its connections in turn.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};

use rustls::server::ServerConnectionData;
use rustls::unbuffered::{EncodeError, EncodeTlsData, InsufficientSizeError};

/// Bytes that are taken from the front. Without any it has no memory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rest {
    bytes: Vec<u8>,
    taken: usize,
}

impl Rest {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is left.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Appends, and takes no more memory than that needs.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.reserve_exact(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// The first `count` bytes are no longer needed.
    pub(super) fn advance(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.bytes.len() {
            *self = Self::default();
        }
    }

    /// Moves as much as possible to the front of `buffer`; tells how much.
    pub(super) fn move_to(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.as_slice().len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.as_slice()[..count]);
        self.advance(count);
        count
    }

    /// Writes once, if there is anything. Tells how much was written.
    pub(super) fn write_to(&mut self, mut socket: impl Write) -> io::Result<usize> {
        if self.is_empty() {
            return Ok(0);
        }
        match socket.write(self.as_slice()) {
            // A socket does not say so.
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                self.advance(count);
                Ok(count)
            }
            Err(error) => Err(error),
        }
    }

    /// Appends a record that is ready.
    pub(super) fn encode(&mut self, mut record: EncodeTlsData<'_, ServerConnectionData>) {
        let Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) =
            record.encode(&mut [])
        else {
            return;
        };
        let before = self.bytes.len();
        self.bytes.resize(before + required_size, 0);
        // It fits: that much was asked for.
        let count = record.encode(&mut self.bytes[before..]).unwrap_or(0);
        self.bytes.truncate(before + count);
    }
}

/// Memory for one read or write, which a thread uses for all of its connections.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) incoming: Vec<u8>,
    pub(super) plain: Vec<u8>,
    pub(super) outgoing: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const {
        RefCell::new(Scratch {
            incoming: Vec::new(),
            plain: Vec::new(),
            outgoing: Vec::new(),
        })
    };
}

/// Has the memory of this thread for a moment.
pub(super) fn with_scratch<R>(act: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with_borrow_mut(act)
}

/// The longest record: a header, what may be in it, and what may be around that.
pub(super) const MAX_RECORD: usize = HEADER + 16 * 1024 + 256;

/// Content type, version and length of a record.
pub(super) const HEADER: usize = 5;

/// What a record has beyond its plain bytes, at least: its header, its content type, and
/// the tag that proves that it was not changed.
pub(super) const RECORD_OVERHEAD: usize = HEADER + 1 + 16;
