//! The secrets with which programs prove who they are.
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
    /// No owner was drawn in this run yet.
    pub fn new(key: Key, run: RunId) -> Self {
        Self { key, run, drawn: 0 }
    }

    /// Whose secret this is, if it is one.
    pub fn owner_of(&self, secret: &Secret) -> Option<Owner> {
        self.key.owner_of(secret)
    }

    /// What this owner is to prove with that it is the one.
    pub fn secret_of(&self, owner: Owner) -> Secret {
        self.key.secret_of(owner)
    }

    /// An owner that there has not been before.
    pub fn draw(&mut self) -> Owner {
        self.drawn += 1;
        self.key.owner(self.run, self.drawn)
    }
}
