//! The moments that matter to a connection.

use std::time::Instant;

/// The moments that matter to a connection. Nothing is due for most.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    /// The moment for which a timer is set.
    pub(super) timer: Option<Instant>,
    /// Since when it has taken nothing of what waits for it.
    pub(super) stalled: Option<Instant>,
    /// It is tried once more, before that is the end.
    pub(super) probed: bool,
    /// It is in the room and has said nothing.
    pub(super) silence: Option<Silence>,
    pub(super) linger: Option<Linger>,
}

/// Since when it has said nothing, and until when it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) since: Instant,
    pub(crate) until: Option<Instant>,
}

/// How long and for how many more bytes of input it lingers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Linger {
    pub(super) until: Instant,
    pub(super) left: usize,
}
