//! How far a pipe has been read. Pure.

use std::time::Instant;

/// How far the input has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    /// There may be more.
    Open,
    /// As many lines of it wait as may, since this moment.
    Full(Instant),
    /// All of it was read at this moment.
    Ended(Instant),
    /// From this moment on it could not be read.
    Broken(Instant),
}

impl Intake {
    /// There is room for more lines.
    pub(super) fn open(&mut self) {
        if let Self::Full(_) = self {
            *self = Self::Open;
        }
    }

    /// As many lines wait as may.
    pub(super) fn fill(&mut self, now: Instant) {
        if *self == Self::Open {
            *self = Self::Full(now);
        }
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, now: Instant) {
        if !self.has_ended() {
            *self = Self::Ended(now);
        }
    }

    /// The rest cannot be read.
    pub(super) fn fail(&mut self, now: Instant) {
        *self = match *self {
            Self::Ended(at) | Self::Broken(at) => Self::Broken(at),
            Self::Open | Self::Full(_) => Self::Broken(now),
        };
    }

    pub(super) fn has_ended(self) -> bool {
        matches!(self, Self::Ended(_) | Self::Broken(_))
    }

    pub(super) fn is_broken(self) -> bool {
        matches!(self, Self::Broken(_))
    }
}
