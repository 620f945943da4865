//! The name under which a server is remembered.

use std::fmt;
use std::net::Ipv6Addr;

/// A host and a port, in one form however the person writes them: in small letters,
/// without a dot at the end, and an IPv6 address in its usual short form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// That of a host as the person writes it.
    pub fn new(host: &str, port: u16) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host);
        let (address, zone) = match host.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (host, None),
        };
        let host = match (address.parse::<Ipv6Addr>(), zone) {
            (Ok(address), None) => address.to_string(),
            // The name of an interface may have any letters.
            (Ok(address), Some(zone)) => format!("{address}%{zone}"),
            (Err(_), _) => host.to_lowercase(),
        };
        Self { host, port }
    }

    /// Reads `HOST:PORT` or `[IPV6]:PORT`.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|&port| port > 0)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?,
            None if host.contains(':') => return None,
            None => host,
        };
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
        (!host.is_empty() && host.chars().all(is_plain)).then(|| Self::new(host, port))
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}
