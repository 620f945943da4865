//! How far sessions have come, and how long some of their stages last.

use std::time::{Duration, Instant};

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It has to say the password of the room first. If it has said nothing at all by this
    /// moment, it counts as silent from then on.
    Locked(Option<Instant>),
    /// It is greeted, and comes in at this moment at the latest.
    Arriving(Instant),
    /// It is at the control socket, and comes in when it says something.
    Outside,
    /// It is told why it cannot come in.
    Refused,
    /// It has asked to come in, and waits for the outcome.
    Joining,
    /// It is in the room.
    Present,
    /// It has left the room, and still receives.
    Listening,
    /// It is to be closed once all is sent.
    Closing,
}

/// How long a newcomer may take to say who they are.
pub const ANNOUNCE_AFTER: Duration = Duration::from_millis(500);

/// How long a newcomer may take to say the password of the room.
pub(super) const PASSWORD_WITHIN: Duration = Duration::from_secs(60);

/// How long a peer that has closed its sending side still receives.
pub const LISTEN_FOR: Duration = Duration::from_secs(30);

/// How long the last words to a peer may take to be sent.
pub const FAREWELL_FOR: Duration = Duration::from_secs(5);
