//! Where the peer of a connection is.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use chat_proto::name::Name;

/// Where the peer of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remote {
    /// At this address. It is kept in its parts, which take less memory than a
    /// [`SocketAddr`].
    Network {
        /// The machine.
        ip: IpAddr,
        /// The port there.
        port: u16,
    },
    /// At the control socket: it is the person who runs the server, and no limit on
    /// addresses counts for it.
    Control,
}

impl Remote {
    /// The address of the machine, unless the peer is at the control socket.
    pub(crate) fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Network { ip, .. } => Some(ip),
            Self::Control => None,
        }
    }

    /// What a peer is called that wants no name.
    pub(crate) fn name(self) -> Name {
        match self {
            Self::Network { ip, port } => Name::of_address(SocketAddr::new(ip, port)),
            Self::Control => Name::choose(OPERATOR).expect("a plain word is a name"),
        }
    }
}

impl From<SocketAddr> for Remote {
    fn from(address: SocketAddr) -> Self {
        Self::Network {
            ip: address.ip(),
            port: address.port(),
        }
    }
}

/// As the log writes it.
impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Network { ip, port } => SocketAddr::new(ip, port).fmt(f),
            Self::Control => f.write_str("control"),
        }
    }
}

const OPERATOR: &str = "operator";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_without_a_name_is_called_by_its_place() {
        let address: SocketAddr = "[2001:db8::1]:7".parse().unwrap();
        for (remote, name, shown) in [
            (Remote::from(address), "[2001:db8::1]:7", "[2001:db8::1]:7"),
            (Remote::Control, "operator", "control"),
        ] {
            assert_eq!(remote.name().as_str(), name);
            assert_eq!(remote.to_string(), shown);
        }
        assert_eq!(Remote::from(address).ip(), Some(address.ip()));
        assert_eq!(Remote::Control.ip(), None);
    }
}
