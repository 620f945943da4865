//! Where requests come from: a connection of one of the servers that share the room.

use std::hash::{Hash, Hasher};

/// One of the servers that share a room. A server that is alone is number 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerId(pub u16);

/// A connection, as every thread of its server can address it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientId {
    /// The thread that has the connection.
    pub worker: u16,
    /// The key of the connection there. Another connection may have it later.
    pub key: u32,
    /// Tells connections with the same key from one another.
    pub generation: u32,
}

/// A connection, as every server addresses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The server that has the connection.
    pub server: ServerId,
    /// Which of its connections it is.
    pub client: ClientId,
}

/// For a hasher that passes keys on: connections that differ in any part are spread. A
/// peer chooses none of the parts.
impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { server, client } = self;
        let place =
            u64::from(client.key) << 32 | u64::from(client.worker) << 16 | u64::from(server.0);
        let bits = place ^ u64::from(client.generation).rotate_left(40);
        state.write_u64(bits.wrapping_mul(ODD));
    }
}

/// 2^64 divided by the golden ratio: to multiply with it spreads what differs little
/// (Knuth, The Art of Computer Programming, 6.4).
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
