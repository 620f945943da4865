//! Where the stream is: `nats://HOST[:PORT][,HOST…][/ROOM]`.

use std::fmt;

/// Where the stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAddress {
    /// Whether connections to NATS are encrypted from the start.
    pub tls: bool,
    /// The servers of NATS, each with its port. The first one that answers is taken.
    pub hosts: Vec<(String, u16)>,
    /// Which of the rooms there.
    pub room: RoomName,
}

/// What the stream of a room is named after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// The name of the stream, and of the bucket with the snapshots.
    pub fn stream(&self) -> String {
        format!("chat-{}", self.0)
    }

    /// The subject that records are published on.
    pub fn records(&self) -> String {
        format!("chat.{}.in", self.0)
    }

    /// The subject that NATS tells the entries of the stream on.
    pub fn entries(&self) -> String {
        format!("chat.{}.out", self.0)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let is_one = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(is_one) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "ROOM is 1 to {MAX_NAME} letters, digits, - and _ (nats://HOST/ROOM)"
            )),
        }
    }
}

impl ClusterAddress {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what to give instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let tls = match scheme {
            "nats" => false,
            "tls" => true,
            _ => {
                return Err("give nats://HOST[:PORT][,HOST…][/ROOM], or tls:// for TLS".to_owned());
            }
        };
        if rest.contains('@') {
            return Err("put the user and the password into a file: --cluster-credentials".into());
        }
        let (hosts, room) = match rest.split_once('/') {
            Some((hosts, "")) => (hosts, DEFAULT_ROOM),
            Some((hosts, room)) => (hosts, room),
            None => (rest, DEFAULT_ROOM),
        };
        let hosts = hosts.split(',').map(host).collect::<Result<_, _>>()?;
        let room = RoomName::parse(room)?;
        Ok(Self { tls, hosts, room })
    }

    /// The servers of NATS as URLs.
    pub fn urls(&self) -> impl Iterator<Item = String> {
        let scheme = if self.tls { "tls" } else { "nats" };
        let hosts = self.hosts.iter();
        hosts.map(move |(host, port)| match host.contains(':') {
            true => format!("{scheme}://[{host}]:{port}"),
            false => format!("{scheme}://{host}:{port}"),
        })
    }
}

/// As it is given.
impl fmt::Display for ClusterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<String> = self.urls().collect();
        write!(f, "{}/{}", urls.join(","), self.room.0)
    }
}

fn host(text: &str) -> Result<(String, u16), String> {
    let wrong = || format!("{text:?} is not HOST or HOST:PORT");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            (
                host,
                port.strip_prefix(':')
                    .or_else(|| port.is_empty().then_some("")),
            )
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("")),
        },
    };
    let port = match port.ok_or_else(wrong)? {
        "" if !text.ends_with(':') => DEFAULT_PORT,
        port => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(wrong)?,
    };
    let is_one = |byte: char| byte.is_alphanumeric() || "-._:%".contains(byte);
    match !host.is_empty() && host.chars().all(is_one) {
        true => Ok((host.to_owned(), port)),
        false => Err(wrong()),
    }
}

/// The port that NATS listens at unless it is told otherwise.
const DEFAULT_PORT: u16 = 4222;

const DEFAULT_ROOM: &str = "room";

/// It is part of subjects and of the names of files.
const MAX_NAME: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, expected) in [
            ("nats://a", "nats://a:4222/room"),
            ("nats://a/", "nats://a:4222/room"),
            (
                "nats://a:1,b,c:3/hall-2",
                "nats://a:1,nats://b:4222,nats://c:3/hall-2",
            ),
            (
                "tls://[::1]:5,[fe80::1]/x",
                "tls://[::1]:5,tls://[fe80::1]:4222/x",
            ),
        ] {
            let address = ClusterAddress::parse(text).unwrap();
            assert_eq!(address.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_named() {
        for (text, expected) in [
            ("", "give nats://HOST"),
            ("localhost:4222", "give nats://HOST"),
            ("http://a", "give nats://HOST"),
            ("nats://", "\"\" is not HOST"),
            ("nats://a,,b", "\"\" is not HOST"),
            ("nats://a:", "\"a:\" is not HOST"),
            ("nats://a:0", "\"a:0\" is not HOST"),
            ("nats://a:70000", "is not HOST"),
            ("nats://::1", "is not HOST"),
            ("nats://[::1]5", "is not HOST"),
            ("nats://a b", "is not HOST"),
            ("nats://u:p@a", "--cluster-credentials"),
            ("nats://a/x/y", "ROOM is"),
            ("nats://a/x.y", "ROOM is"),
            ("nats://a/*", "ROOM is"),
        ] {
            let why = ClusterAddress::parse(text).unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }
}
