//! The input that waits, and the line that has not ended.

use chat_proto::framing::LineDecoder;

use crate::cold::Cold;

/// What has come and is not processed yet.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) decoder: LineDecoder,
    /// Bytes that came and are not to be processed yet.
    pub(super) backlog: Cold<Vec<u8>>,
}

impl Input {
    pub(super) fn has_backlog(&self) -> bool {
        self.backlog.get().is_some()
    }

    /// Bytes that wait behind lines that are not to be processed yet.
    pub(super) fn backlog(&self) -> usize {
        self.backlog.get().map_or(0, Vec::len)
    }

    /// Bytes of a line that has not ended.
    pub(super) fn partial(&self) -> usize {
        self.decoder.pending().len()
    }

    pub(super) fn put_back(&mut self, bytes: &[u8]) {
        self.backlog.change(|backlog| backlog.extend(bytes));
    }
}
