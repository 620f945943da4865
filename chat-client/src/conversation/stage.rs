//! The stages of the conversation with a server.

use std::time::Instant;

use super::foreign::ForeignServer;
use super::timeouts::{ANSWER_WITHIN, QUIET_FOR};

/// The stage of the conversation.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nothing has come yet; decided at this moment at the latest.
    Undecided { until: Instant },
    /// The server has said nothing in time, neither a greeting nor anything else.
    PlainSoFar,
    /// Plain lines, for good.
    Plain,
    /// The server asks for a password, and the person is to type it.
    Password,
    /// `/hello` is sent; answered at this moment at the latest.
    Hello {
        until: Instant,
        refusal: Option<Refusal>,
    },
    /// The JSON form.
    Json(Liveness),
    /// There is no connection.
    Disconnected,
    /// There is one again; the greeting has come by this moment at the latest.
    Returning { until: Instant },
    /// The server has offered TLS, and is to be met anew that way.
    TlsOffered,
    /// The server is not the one that we were talking to, or does not let us in.
    Unfit { refusal: Option<Refusal> },
    /// The server is no chat server, and is not talked to.
    ForeignServer(ForeignServer),
}

/// Why the server does not let us in.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There may be room later.
    ForNow(String),
    /// Another attempt is of no use. The person has been told.
    ForGood,
    /// An operator has removed or banned us. The person has been told.
    PutOut,
    /// It lets no client in without TLS, and the person wants none.
    TlsOnly,
}

/// The signs of life of a server that has let us in.
#[derive(Debug)]
pub(super) enum Liveness {
    /// It was last heard at this moment.
    Heard(Instant),
    /// It was asked for a sign of life at this moment, and not heard since.
    Pinged(Instant),
    /// It has not given a sign of life.
    Silent,
}

/// Whether the person stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// They do.
    Staying,
    /// They have said `/quit` behind lines that wait, and leave when these are sent.
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
    /// The server was heard, unless it is given up already.
    pub(super) fn hear(&mut self, now: Instant) {
        if !matches!(self, Self::Silent) {
            *self = Self::Heard(now);
        }
    }

    /// When to ask the server for a sign of life, or to take it for gone.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Heard(at) => Some(*at + QUIET_FOR),
            Self::Pinged(at) => Some(*at + ANSWER_WITHIN),
            Self::Silent => None,
        }
    }
}
