//! Bytes on their way from the socket to the reader.

use super::buffers::{HEADER, MAX_RECORD, RECORD_OVERHEAD, Rest};

/// Encrypted bytes that were read, in the memory of the thread.
pub(super) struct Window<'a> {
    memory: &'a mut Vec<u8>,
    /// Where the bytes begin that are not processed.
    start: usize,
    /// Where they end.
    filled: usize,
}

impl<'a> Window<'a> {
    /// One that is empty, in this memory.
    pub(super) fn new(memory: &'a mut Vec<u8>) -> Self {
        if memory.len() < WINDOW {
            memory.resize(WINDOW, 0);
        }
        Self {
            memory,
            start: 0,
            filled: 0,
        }
    }

    /// One of these bytes.
    pub(super) fn filled(bytes: &'a mut Vec<u8>) -> Self {
        Self {
            filled: bytes.len(),
            memory: bytes,
            start: 0,
        }
    }

    /// So many bytes were read into the space.
    pub(super) fn advance_end(&mut self, count: usize) {
        self.filled += count;
    }

    /// So many bytes at the front are processed.
    pub(super) fn discard(&mut self, count: usize) {
        self.start += count;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.filled
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.filled]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.filled]
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.memory.len() < self.filled + bytes.len() {
            self.memory.resize(self.filled + bytes.len(), 0);
        }
        self.memory[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// Where the next read goes to. It is as much as a reader with a buffer of this
    /// length has space for when it is decrypted, and at least the rest of a record.
    pub(super) fn space(&mut self, buffer: usize) -> &mut [u8] {
        self.memory.copy_within(self.start..self.filled, 0);
        (self.start, self.filled) = (0, self.filled - self.start);
        let missing = match *self.bytes() {
            [_, _, _, high, low, ..] => HEADER + usize::from(u16::from_be_bytes([high, low])),
            _ => 0,
        };
        let wanted = missing.max(buffer + RECORD_OVERHEAD);
        let wanted = match wanted.saturating_sub(self.filled) {
            // Of a message in several records, of which these are not all.
            0 => RECORD_OVERHEAD,
            wanted => wanted,
        };
        let end = self.memory.len().min(self.filled + wanted);
        &mut self.memory[self.filled..end]
    }
}

/// Where decrypted bytes go.
pub(super) struct Plain<'a> {
    pub(super) buffer: &'a mut [u8],
    /// How many are in the buffer.
    pub(super) count: usize,
    /// Those that do not fit.
    pub(super) rest: Rest,
}

impl<'a> Plain<'a> {
    pub(super) fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            count: 0,
            rest: Rest::default(),
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let space = &mut self.buffer[self.count..];
        let count = bytes.len().min(space.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.count += count;
        if count < bytes.len() {
            self.rest.append(&bytes[count..]);
        }
    }
}

/// The longest record, and as much as a read takes.
const WINDOW: usize = 2 * MAX_RECORD;
