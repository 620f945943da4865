//! Where the talk with the server stands.

use std::time::Instant;

use super::foreign::ForeignServer;
use super::timeouts::{ANSWER_WITHIN, QUIET_FOR};

/// What the connection is good for now.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nothing has come yet; decided at this moment at the latest.
    Undecided { until: Instant },
    /// The server has not greeted in time, but nor has it said anything else.
    PlainSoFar,
    /// Plain lines, for good.
    Plain,
    /// `/hello` is sent; answered at this moment at the latest.
    Hello {
        until: Instant,
        refusal: Option<Refusal>,
    },
    /// The JSON form.
    Json(Liveness),
    /// There is no connection.
    Disconnected,
    /// There is one again, and the greeting is to come; likewise.
    Returning { until: Instant },
    /// What answers is not what we were talking to, or lets nobody in.
    Unfit { refusal: Option<Refusal> },
    /// What answers is no chat, and is not talked to.
    ForeignServer(ForeignServer),
}

/// The server's words to a client that cannot come in.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There may be room later.
    ForNow(String),
    /// It is of no use to try again. The person has been told.
    ForGood,
}

/// The signs of life of a server that has let us in.
#[derive(Debug)]
pub(super) enum Liveness {
    /// It was last heard at this moment.
    Heard(Instant),
    /// It was asked for a sign of life at this moment, and not heard since.
    Pinged(Instant),
    /// It has not given one.
    Silent,
}

/// Whether the person stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// They do.
    Staying,
    /// They said that they leave behind what waits; it is done when that is sent.
    Queued,
    /// They leave.
    Leaving,
}

impl Stage {
    /// Why the server does not let us in over this connection.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Hello { refusal, .. } | Self::Unfit { refusal } => refusal.as_ref(),
            _ => None,
        }
    }

    /// The server has said why it does not let us in.
    pub(super) fn refuse(&mut self, why: Refusal) {
        if let Self::Hello { refusal, .. } = self {
            *refusal = Some(why);
        }
    }
}

impl Liveness {
    /// When the server is to be asked, or is held for gone.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Heard(at) => Some(*at + QUIET_FOR),
            Self::Pinged(at) => Some(*at + ANSWER_WITHIN),
            Self::Silent => None,
        }
    }
}
