//! The command line.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use clap::Parser;

/// The port of the chat.
pub const DEFAULT_PORT: u16 = 5000;

/// A group chat for the terminal: the server.
///
/// Everyone who connects is in the one room, with chat-client, nc or telnet.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    /// Where to listen: ADDR:PORT, or PORT for all addresses; port 0 picks a
    /// free one. May be given several times. Without it: all addresses, IPv4
    /// and IPv6, port 5000
    #[arg(long, value_name = "ADDR:PORT", value_parser = Listen::parse)]
    pub listen: Vec<Listen>,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// On all addresses, IPv4 and IPv6.
    Everywhere(u16),
    /// On these.
    At(Vec<SocketAddr>),
}

impl Listen {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.parse() {
            return Ok(Self::Everywhere(port));
        }
        let hint = "give ADDR:PORT, [IPV6]:PORT or PORT";
        let addresses: Vec<_> = text
            .to_socket_addrs()
            .map_err(|error| format!("{hint} ({error})"))?
            .collect();
        if addresses.is_empty() {
            Err(hint.to_owned())
        } else {
            Ok(Self::At(addresses))
        }
    }

    /// The sockets to open, each with whether it must be had: a machine
    /// without IPv6 still has a chat.
    pub fn addresses(&self) -> Vec<(SocketAddr, bool)> {
        match self {
            Self::Everywhere(port) => vec![
                (SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port)), true),
                (SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port)), false),
            ],
            Self::At(addresses) => addresses.iter().map(|address| (*address, true)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_listen() {
        assert_eq!(Listen::parse("0"), Ok(Listen::Everywhere(0)));
        assert_eq!(
            Listen::parse("127.0.0.1:0"),
            Ok(Listen::At(vec!["127.0.0.1:0".parse().unwrap()]))
        );
        assert_eq!(
            Listen::parse("[::1]:7"),
            Ok(Listen::At(vec!["[::1]:7".parse().unwrap()]))
        );
        for wrong in ["", "127.0.0.1", "99999", "127.0.0.1:99999", "::"] {
            assert!(Listen::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn everywhere_is_both_families() {
        assert_eq!(Listen::Everywhere(5).addresses().len(), 2);
    }
}
