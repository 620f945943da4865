//! What the person who starts the server is told: where it listens, and how others join.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use ssh_key::Fingerprint;

use crate::config::TlsMode;
use crate::net::listener::own_addresses;
use crate::ops::logger::{Level, Logger, Record};

/// What there is to tell.
#[derive(Debug)]
pub struct Introduction<'a> {
    addresses: &'a [SocketAddr],
    tls: TlsMode,
    fingerprint: Option<Fingerprint>,
    /// A newcomer has to say a password.
    has_password: bool,
    /// Only people whose key is listed come in.
    is_for_listed: bool,
    /// What this machine is called.
    host: String,
    /// The addresses of this machine.
    own: Vec<IpAddr>,
    /// Where the control socket is, if there is one.
    control: Option<String>,
}

impl<'a> Introduction<'a> {
    /// For a server that listens there, and is known by this key if it has one.
    pub fn of(addresses: &'a [SocketAddr], tls: TlsMode, fingerprint: Option<Fingerprint>) -> Self {
        let is_open = is_everywhere(addresses);
        let named = is_open.then(|| whoami::hostname().ok()).flatten();
        Self {
            addresses,
            tls,
            fingerprint,
            has_password: false,
            is_for_listed: false,
            host: named.unwrap_or_else(|| "localhost".to_owned()),
            own: is_open.then(own_addresses).unwrap_or_default(),
            control: None,
        }
    }

    /// For a server that has a control socket there.
    pub fn with_control(self, path: &Path) -> Self {
        Self {
            control: Some(path.display().to_string()),
            ..self
        }
    }

    /// For a room that has a password.
    pub fn with_password(self) -> Self {
        Self {
            has_password: true,
            ..self
        }
    }

    /// For a room that lets in only people whose key is listed.
    pub fn with_people(self) -> Self {
        Self {
            is_for_listed: true,
            ..self
        }
    }

    /// Tells it at the start.
    pub fn tell(&self, logger: &Logger) {
        for (level, line, record) in self.lines() {
            logger.say(level, &line, record);
        }
    }

    /// Line by line, each for people and for programs.
    fn lines(&self) -> Vec<(Level, String, Record)> {
        let addresses = self.addresses.iter();
        let mut lines: Vec<_> = addresses
            .map(|address| {
                let record = Record::new("listening").with("address", address);
                (Level::Info, format!("listening on {address}"), record)
            })
            .collect();
        lines.extend(self.join());
        if !self.own.is_empty() {
            let own: Vec<String> = self.own.iter().map(ToString::to_string).collect();
            let own = own.join(", ");
            let record = Record::new("addresses of this machine").with("addresses", &own);
            let line = format!("addresses of this machine: {own}");
            lines.push((Level::Info, line, record));
        }
        if let Some(path) = &self.control {
            let line = format!("as the operator: chat-client --socket {path}   or: nc -U {path}");
            let record = Record::new("control socket").with("path", path);
            lines.push((Level::Info, line, record));
        }
        let is_reachable = self.addresses.iter().any(|at| !at.ip().is_loopback());
        if self.tls == TlsMode::Off && is_reachable {
            let line = "warning: other machines can connect, and people on the way can read and \
                        change everything (--tls off)";
            let record = Record::new("nothing is encrypted, and other machines can connect");
            lines.push((Level::Warn, line.to_owned(), record));
        }
        let closing = match self.tls {
            // A key is shown within TLS.
            _ if self.is_for_listed => "can join, encrypted",
            TlsMode::Off => "can join, and nothing is encrypted",
            TlsMode::Offer => "can join; chat-client encrypts, and nc does not",
            TlsMode::Require => "can join, encrypted; without, only from this machine",
        };
        let record = Record::new("people can join").with("who", self.who());
        let record = record.with("how", closing);
        lines.push((Level::Info, format!("{} {closing}", self.who()), record));
        lines
    }

    fn who(&self) -> &'static str {
        match (self.is_for_listed, self.has_password) {
            (false, false) => "any person who can reach this port",
            (false, true) => "any person who knows the password",
            (true, false) => "the people whose key is listed",
            (true, true) => "the people whose key is listed, and who know the password,",
        }
    }

    /// How to join.
    fn join(&self) -> Option<(Level, String, Record)> {
        let first = self.addresses.first()?;
        let port = first.port();
        let host = match is_everywhere(self.addresses) {
            true => self.host.clone(),
            false => first.ip().to_string(),
        };
        let known = self.fingerprint.map(|key| format!("--fingerprint {key} "));
        let known = known.unwrap_or_default();
        let client = format!("chat-client {known}{host} {port}");
        let record = Record::new("join with").with("command", &client);
        let line = format!("join with: {client}");
        let line = match self.tls {
            TlsMode::Require => line,
            _ if self.is_for_listed => line,
            TlsMode::Offer | TlsMode::Off => format!("{line}   or: nc {host} {port}"),
        };
        Some((Level::Info, line, record))
    }
}

fn is_everywhere(addresses: &[SocketAddr]) -> bool {
    addresses.iter().any(|at| at.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(introduction: &Introduction<'_>) -> Vec<String> {
        let lines = introduction.lines().into_iter();
        lines.map(|(_, words, _)| words).collect()
    }

    fn lines(address: &str, tls: TlsMode) -> Vec<String> {
        let key = (tls != TlsMode::Off).then_some(Fingerprint::Sha256([0; 32]));
        let addresses = [address.parse().unwrap()];
        let introduction = Introduction {
            host: "desk".to_owned(),
            own: Vec::new(),
            ..Introduction::of(&addresses, tls, key)
        };
        words(&introduction)
    }

    #[test]
    fn each_mode_says_how_to_join_and_what_is_encrypted() {
        let shown = format!("SHA256:{}", "A".repeat(43));
        assert_eq!(
            lines("127.0.0.1:5000", TlsMode::Off),
            [
                "listening on 127.0.0.1:5000",
                "join with: chat-client 127.0.0.1 5000   or: nc 127.0.0.1 5000",
                "any person who can reach this port can join, and nothing is encrypted",
            ]
        );
        let offer = lines("0.0.0.0:5000", TlsMode::Offer);
        let join =
            format!("join with: chat-client --fingerprint {shown} desk 5000   or: nc desk 5000");
        assert_eq!(offer[1], join);
        assert!(offer[2].ends_with("chat-client encrypts, and nc does not"));
        let require = lines("192.0.2.1:5000", TlsMode::Require);
        let join = format!("join with: chat-client --fingerprint {shown} 192.0.2.1 5000");
        assert_eq!(require[1], join);
        assert!(!require.iter().any(|line| line.contains("nc ")));
    }

    /// Also where people with nc cannot join.
    #[test]
    fn the_operator_is_told_the_way_in() {
        let addresses = ["127.0.0.1:5000".parse().unwrap()];
        let introduction = Introduction::of(&addresses, TlsMode::Require, None).with_people();
        let lines = words(&introduction.with_control(Path::new("/run/ctl")));
        let way = "as the operator: chat-client --socket /run/ctl   or: nc -U /run/ctl";
        assert!(lines.iter().any(|line| line == way), "{lines:?}");
    }

    /// With nc no key is shown.
    #[test]
    fn who_can_join_is_told() {
        let addresses = ["127.0.0.1:5000".parse().unwrap()];
        let of = || Introduction::of(&addresses, TlsMode::Offer, None);
        for (introduction, closing, with_nc) in [
            (of(), "any person who can reach this port can join; ", true),
            (
                of().with_password(),
                "any person who knows the password can join; ",
                true,
            ),
            (
                of().with_people(),
                "the people whose key is listed can join, ",
                false,
            ),
            (
                of().with_people().with_password(),
                "the people whose key is listed, and who know the password, can join, ",
                false,
            ),
        ] {
            let lines = words(&introduction);
            let last = lines.last().unwrap();
            assert!(last.starts_with(closing), "{last}");
            assert_eq!(
                lines.iter().any(|line| line.contains("nc ")),
                with_nc,
                "{lines:?}"
            );
        }
    }

    /// Once, and only where there is something to warn of.
    #[test]
    fn an_open_port_without_encryption_is_warned_of() {
        for (address, tls, warnings) in [
            ("0.0.0.0:5000", TlsMode::Off, 1),
            ("192.0.2.1:5000", TlsMode::Off, 1),
            ("[::1]:5000", TlsMode::Off, 0),
            ("0.0.0.0:5000", TlsMode::Offer, 0),
            ("0.0.0.0:5000", TlsMode::Require, 0),
        ] {
            let lines = lines(address, tls);
            let warned = lines.iter().filter(|line| line.starts_with("warning: "));
            assert_eq!(warned.count(), warnings, "{lines:?}");
        }
    }
}
