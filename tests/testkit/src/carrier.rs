//! What a client's bytes go through: plain TCP, or TLS over it.
//!
//! A test of what the room promises takes the [`Carrier`] as a parameter, and is then a
//! test of both.

mod wire;

use std::net::SocketAddr;

pub use wire::Wire;

/// How a client talks to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// TCP, and nothing more.
    Plain,
    /// TLS 1.3, for any server.
    Tls,
}

impl Carrier {
    /// A server that is reached in this way.
    pub fn to(self, addr: SocketAddr) -> Target {
        Target {
            addr,
            carrier: self,
        }
    }

    /// The `--tls` of a server whose clients talk in this way.
    pub fn mode(self) -> &'static str {
        match self {
            Self::Plain => "off",
            Self::Tls => "require",
        }
    }
}

/// Where a server is, and how its clients talk to it. An address by itself is that of a
/// server without encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub addr: SocketAddr,
    pub carrier: Carrier,
}

impl From<SocketAddr> for Target {
    fn from(addr: SocketAddr) -> Self {
        Carrier::Plain.to(addr)
    }
}
