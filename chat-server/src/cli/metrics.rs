//! `--metrics`: where the endpoint for metrics listens.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

use crate::net::listen::Listen;
use crate::ops::errors::in_words;
use crate::ops::metrics::Endpoint;

/// The place of the endpoint for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricsAt {
    /// One address.
    Address(SocketAddr),
    /// The first address of a host, which is looked up at the start.
    Host(String, u16),
}

impl MetricsAt {
    /// Reads `ADDR:PORT`, `[IPV6]:PORT`, `NAME:PORT`, or `PORT`, which is on this machine
    /// only.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what to give instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains([',', ' ']) {
            return Err("metrics are at one place: give ADDR:PORT".to_owned());
        }
        let is_bare = text.bytes().all(|byte| byte.is_ascii_digit());
        match Listen::parse(text)? {
            Listen::Everywhere(port) if is_bare => {
                Ok(Self::Address((Ipv4Addr::LOCALHOST, port).into()))
            }
            Listen::Everywhere(port) => Err(format!(
                "name an address: 0.0.0.0:{port} is all of IPv4, and [::]:{port} all"
            )),
            Listen::At(address) => Ok(Self::Address(address)),
            Listen::Host(name, port) => Ok(Self::Host(name, port)),
        }
    }

    /// Listens there.
    ///
    /// # Errors
    ///
    /// Why that is not possible, and what to do.
    pub fn open(&self) -> Result<Endpoint, String> {
        let address = self.address()?;
        Endpoint::bind(address).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::AddrInUse => "the port is in use: take another one".to_owned(),
                std::io::ErrorKind::AddrNotAvailable => {
                    "this machine does not have that address".to_owned()
                }
                _ => in_words(&error),
            };
            format!("cannot show metrics at {address}: {why} (--metrics)")
        })
    }

    fn address(&self) -> Result<SocketAddr, String> {
        match self {
            Self::Address(address) => Ok(*address),
            Self::Host(name, port) => {
                let found = (&**name, *port).to_socket_addrs();
                found
                    .ok()
                    .and_then(|mut found| found.next())
                    .ok_or_else(|| {
                        format!(
                            "cannot show metrics at {name}:{port}: no address is known for {name} \
                         (--metrics)"
                        )
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_on_this_machine_only() {
        for (text, expected) in [
            ("9100", "127.0.0.1:9100"),
            ("0", "127.0.0.1:0"),
            ("192.0.2.1:9100", "192.0.2.1:9100"),
            ("[::]:9100", "[::]:9100"),
        ] {
            let expected = MetricsAt::Address(expected.parse().unwrap());
            assert_eq!(MetricsAt::parse(text), Ok(expected), "{text}");
        }
        let host = MetricsAt::Host("localhost".to_owned(), 9100);
        assert_eq!(MetricsAt::parse("localhost:9100"), Ok(host));
        for (text, expected) in [
            (":9100", "name an address: 0.0.0.0:9100"),
            ("*:9100", "name an address: 0.0.0.0:9100"),
            ("9100,9101", "metrics are at one place"),
            ("127.0.0.1", "the port is missing"),
            ("127.0.0.1:x", "x is no port"),
            ("http://localhost:9100", "leave out http://"),
            ("", "give ADDR:PORT"),
        ] {
            let why = MetricsAt::parse(text).unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        // A server that listens there is not to be doubled.
        let why = MetricsAt::Address(address).open().unwrap_err();
        let expected = format!("cannot show metrics at {address}: the port is in use");
        assert!(why.starts_with(&expected), "{why}");
    }
}
