//! Where requests come from: a connection of one of the servers that share the room.

use std::fmt;

/// One of the servers that share a room. A server that is alone is number 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerId(pub u16);

/// For the log.
impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A connection, as every thread of its server can address it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId {
    /// The thread that has the connection.
    pub worker: u16,
    /// The key of the connection there. Another connection may have it later.
    pub key: u32,
    /// Tells connections with the same key from one another.
    pub generation: u32,
}

impl ClientId {
    /// More threads than a server has.
    pub const MAX_WORKERS: u16 = 1 << 10;

    /// More connections than a thread has at a time; keys are given out from 0 on.
    pub const MAX_KEYS: u32 = 1 << 22;

    /// Whether a server can have such a connection. Memory is laid out by these numbers.
    pub fn is_one(self) -> bool {
        self.worker < Self::MAX_WORKERS && self.key < Self::MAX_KEYS
    }
}

/// A connection, as every server addresses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The server that has the connection.
    pub server: ServerId,
    /// Which of its connections it is.
    pub client: ClientId,
}

/// An origin as it is saved: its server, and the thread, key and generation of its connection.
pub(crate) type SavedOrigin = (u16, u16, u32, u32);

impl Origin {
    pub(crate) fn save(self) -> SavedOrigin {
        let Self { server, client } = self;
        (server.0, client.worker, client.key, client.generation)
    }

    pub(crate) fn of((server, worker, key, generation): SavedOrigin) -> Self {
        let client = ClientId {
            worker,
            key,
            generation,
        };
        let server = ServerId(server);
        Self { server, client }
    }
}

/// By what right a connection gives orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// It comes over the control socket, and need not be in the room.
    Control,
    /// By the member's rank in the room.
    Member,
}
