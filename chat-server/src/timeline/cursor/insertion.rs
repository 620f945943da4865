//! A detour of a reader from the log.

use crate::timeline::replay::Replay;

#[derive(Debug)]
pub(super) struct Insertion {
    pub(super) at: u64,
    pub(super) what: Payload,
    pub(super) resume: u64,
    /// It waits until readers may see everything up to here.
    pub(super) after: u64,
}

#[derive(Debug)]
pub(super) enum Payload {
    /// A reply; one without any bytes leaves out a part of the log.
    Bytes(Vec<u8>),
    /// A piece of the past.
    Replay(Replay),
    /// Nothing: a part of the log is left out that readers are not sent.
    Hidden,
}

impl Insertion {
    /// Whether nothing is left of it when so many of its bytes are sent.
    pub(super) fn is_over(&self, sent: usize) -> bool {
        match &self.what {
            Payload::Bytes(bytes) => sent == bytes.len(),
            Payload::Replay(replay) => replay.is_over(),
            Payload::Hidden => true,
        }
    }

    pub(super) fn is_hidden(&self) -> bool {
        matches!(self.what, Payload::Hidden)
    }

    pub(super) fn is_skip(&self) -> bool {
        match &self.what {
            Payload::Bytes(bytes) => bytes.is_empty(),
            Payload::Replay(_) => false,
            Payload::Hidden => true,
        }
    }
}
