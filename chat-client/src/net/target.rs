//! The server that is meant.

use std::fmt;
use std::path::PathBuf;

/// The server that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One in the network, or at a port of this machine.
    Network(Address),
    /// The one whose control socket this is. The person is its operator: nothing is
    /// encrypted there, and nothing has to be.
    Control(PathBuf),
}

/// A server by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl From<&Address> for Target {
    fn from(address: &Address) -> Self {
        Self::Network(address.clone())
    }
}

/// As it stands behind "connected to".
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(Address { host, port }) => write!(f, "{host} port {port}"),
            Self::Control(path) => write!(f, "the control socket {}", path.display()),
        }
    }
}
