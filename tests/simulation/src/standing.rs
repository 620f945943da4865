//! What the server makes of a connection, as the checks need it.

use std::time::Instant;

use chat_server::net::connection::Connection;
use chat_server::session::{Held, Reason, Session, Stage};

use crate::wire::Wire;

/// Where a connection stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) entry: Entry,
    pub(crate) phase: Phase,
    /// What it is called in the room, or was.
    pub(crate) name: Option<String>,
    /// What is in memory for it alone.
    pub(crate) held: Held,
    /// It is not read from.
    pub(crate) is_held: bool,
    /// When something is due for it.
    pub(crate) deadline: Option<Instant>,
    /// Its end was checked.
    pub(crate) is_shut: bool,
}

/// Whether it was let in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It waits outside.
    #[default]
    Outside,
    /// It is told at once that it cannot come in.
    TurnedAway,
    /// It is told so at leisure, and may prove that it has a place in the room.
    Refused,
    /// It counts.
    Admitted,
}

/// How far it has come in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is not in the room, or has left it and still hears.
    #[default]
    Outside,
    /// It is greeted.
    Arriving,
    /// It is in the room; since this moment, if it has said nothing.
    Here(Option<Instant>),
    /// Another connection has its place, and it does not know that yet.
    Replaced,
    /// It is to be closed.
    Closing,
    /// It is closed, for this reason.
    Closed(Reason),
}

impl Standing {
    /// It has had a turn.
    pub(crate) fn turned(&mut self, session: &Session, now: Instant) {
        let since = match self.phase {
            Phase::Here(since) => since,
            _ => Some(now),
        };
        self.phase = match session.stage() {
            Stage::Closing => Phase::Closing,
            _ if self.phase == Phase::Replaced => Phase::Replaced,
            Stage::Present => Phase::Here(since.filter(|_| session.is_unjoined())),
            Stage::Arriving(_) => Phase::Arriving,
            Stage::Locked(_)
            | Stage::Outside
            | Stage::Refused
            | Stage::Joining
            | Stage::Listening => Phase::Outside,
        };
        if session.stage() == Stage::Present && self.entry == Entry::Refused {
            self.entry = Entry::Admitted;
        }
        self.name = session.name().map(ToString::to_string);
    }

    /// The worker that it belongs to has sent.
    pub(crate) fn served(&mut self, connection: &Connection<Wire>) {
        let session = &connection.session;
        self.held = connection.held();
        self.is_held = session.is_held();
        self.deadline = session.deadline();
    }

    /// Whether it counts as one that was let in, or is being refused.
    pub(crate) fn counts_as(&self, entry: Entry) -> bool {
        self.entry == entry && !matches!(self.phase, Phase::Closed(_))
    }
}
