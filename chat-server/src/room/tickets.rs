//! The secrets with which programs prove their identity.
//!
//! Each program has a [`Secret`], which proves over all its connections, names and
//! runs of the server that it is the same [`Owner`].

use chat_proto::event::{RunId, Secret};

use crate::room::identity::{Key, Owner};

/// Draws owners, and knows the secret of each.
#[derive(Debug)]
pub struct ResumeTickets {
    key: Key,
    run: RunId,
    /// How many owners were drawn in this run.
    drawn: u64,
}

impl ResumeTickets {
    /// The tickets of a run in which no owner is drawn yet.
    pub fn new(key: Key, run: RunId) -> Self {
        Self::behind(key, run, 0)
    }

    /// How many owners were drawn, by which the tickets are saved.
    pub(super) fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The tickets of a run in which so many owners are drawn.
    pub(super) fn behind(key: Key, run: RunId, drawn: u64) -> Self {
        Self { key, run, drawn }
    }

    /// The owner whose secret this is; `None` if it is not a secret.
    pub fn owner_of(&self, secret: &Secret) -> Option<Owner> {
        self.key.owner_of(secret)
    }

    /// The secret with which this owner proves its identity.
    pub fn secret_of(&self, owner: Owner) -> Secret {
        self.key.secret_of(owner)
    }

    /// Draws a new owner.
    pub fn draw(&mut self) -> Owner {
        self.drawn += 1;
        self.key.owner(self.run, self.drawn)
    }
}
