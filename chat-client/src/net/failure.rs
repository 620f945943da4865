//! Why there is no connection, and the words for it.

use std::net::SocketAddr;
use std::{fmt, io};

use super::target::{Address, Target};
use crate::reason::reason;
use crate::trust::{Distrust, HostPort};

/// A connection that could not be made: the host, the port, the reasons and advice, in
/// one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    target: Target,
    cause: Cause,
}

/// The step at which an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// The host is not known by this name.
    NoSuchHost,
    /// The resolver cannot answer now, and would have us ask again.
    NoNames,
    /// The resolver did not answer in time.
    NoAddress,
    /// Each address that was tried, and why it failed.
    Addresses(Vec<(SocketAddr, Failure)>),
    /// The server is not the one that is meant, or does not encrypt as it must.
    Distrusted(Distrust),
    /// The key that the person has asked for cannot be used; why, in words.
    NoKey(String),
    /// This machine, in the words of the system.
    System(String),
}

/// Why there is no connection with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The machine is there, and no program listens at the port.
    Refused,
    /// Nothing came back.
    NoAnswer,
    /// The network knows no way.
    NoWay,
    /// This machine does not allow it.
    Forbidden,
    /// Anything else, in the words of the system.
    Other(String),
}

impl ConnectError {
    pub(super) fn new(target: impl Into<Target>, cause: Cause) -> Self {
        let target = target.into();
        Self { target, cause }
    }

    /// An error of this machine.
    pub(super) fn system(target: impl Into<Target>, error: &io::Error) -> Self {
        Self::new(target, Cause::System(reason(error)))
    }

    /// The exit status of a client that ends for it.
    pub fn status(&self) -> u8 {
        match self.cause {
            Cause::Distrusted(_) => NOT_TRUSTED,
            Cause::NoKey(_) => BAD_USAGE,
            _ => CANNOT_CONNECT,
        }
    }

    /// Whether there is a server, and it is not to be talked to. Another attempt is of
    /// no use.
    pub fn is_distrust(&self) -> bool {
        matches!(self.cause, Cause::Distrusted(_))
    }
}

impl std::error::Error for ConnectError {}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match (&self.target, &self.cause) {
            (Target::Network(Address { host, port }), Cause::Distrusted(distrust)) => {
                return distrust.tell(&HostPort::new(host, *port)).fmt(f);
            }
            (_, Cause::NoKey(why)) => return f.write_str(why),
            (Target::Network(Address { host, .. }), _) => host,
            (Target::Control(_), _) => "",
        };
        write!(f, "cannot connect to {}: ", self.target)?;
        match &self.cause {
            Cause::NoSuchHost => write!(f, "no such host: {host}. Is the name spelt right?"),
            Cause::NoNames => write!(
                f,
                "no such host: {host}, or names cannot be looked up now. \
                 Is the name spelt right, and is this machine on the network?"
            ),
            Cause::NoAddress => write!(
                f,
                "the address of {host} was not found in time. Is this machine on the network?"
            ),
            Cause::Addresses(failed) => f.write_str(&tell(failed)),
            Cause::System(reason) => f.write_str(reason),
            Cause::Distrusted(_) | Cause::NoKey(_) => Ok(()),
        }
    }
}

impl Failure {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::NoAnswer,
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Self::Refused,
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => Self::NoWay,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            _ => Self::Other(reason(error)),
        }
    }

    /// The words before the addresses.
    fn words(&self) -> &str {
        match self {
            Self::Refused => "nobody listens at",
            Self::NoAnswer => "no answer from",
            Self::NoWay => "the network does not reach",
            Self::Forbidden => "this machine does not allow a connection to",
            Self::Other(reason) => reason,
        }
    }

    /// Advice for the person.
    fn advice(&self) -> &'static str {
        match self {
            Self::Refused => ". Is chat-server running there, and is the port right?",
            Self::NoAnswer => ". Is the address right, and does a firewall keep the port closed?",
            Self::NoWay => ". Is the address right, and is this machine on the network?",
            Self::Forbidden => ". Does a firewall keep programs from the network?",
            Self::Other(_) => "",
        }
    }
}

/// The failures in words; addresses with the same failure stand together.
fn tell(failed: &[(SocketAddr, Failure)]) -> String {
    let mut groups: Vec<(&Failure, String)> = Vec::new();
    for (address, failure) in failed.iter().take(MAX_TOLD) {
        match groups.iter_mut().find(|(known, _)| *known == failure) {
            Some((_, addresses)) => *addresses += &format!(", {address}"),
            None => groups.push((failure, address.to_string())),
        }
    }
    let told = groups.iter().map(|(failure, addresses)| match failure {
        Failure::Other(reason) => format!("{reason} ({addresses})"),
        _ => format!("{} {addresses}", failure.words()),
    });
    let mut told = told.collect::<Vec<_>>().join("; ");
    if failed.len() > MAX_TOLD {
        told += &format!(" and {} more", failed.len() - MAX_TOLD);
    }
    // An address where a machine answered is the likeliest to be meant.
    let likeliest = groups.iter().find(|(known, _)| **known == Failure::Refused);
    let likeliest = likeliest.or_else(|| groups.first());
    told + likeliest.map_or("", |(failure, _)| failure.advice())
}

/// The exit status where an argument cannot be used.
const BAD_USAGE: u8 = 2;

/// The exit status where no server is reached.
const CANNOT_CONNECT: u8 = 3;

/// The exit status where the server is not the one that is meant.
const NOT_TRUSTED: u8 = 4;

/// Addresses that are told of one by one when none of them answers.
const MAX_TOLD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<SocketAddr> {
        let addresses = ["[::1]:1", "127.0.0.1:2", "127.0.0.1:3"];
        addresses
            .map(|address| address.parse().expect("an address"))
            .to_vec()
    }

    #[test]
    fn failures_are_told_in_plain_words_with_advice() {
        use Failure::*;
        let told = |failures: &[Failure]| {
            let addresses = three().into_iter().cycle();
            tell(&addresses.zip(failures.iter().cloned()).collect::<Vec<_>>())
        };
        assert_eq!(
            told(&[Refused, Refused, Refused]),
            "nobody listens at [::1]:1, 127.0.0.1:2, 127.0.0.1:3. \
             Is chat-server running there, and is the port right?"
        );
        assert_eq!(
            told(&[NoWay, Refused, NoAnswer]),
            "the network does not reach [::1]:1; nobody listens at 127.0.0.1:2; \
             no answer from 127.0.0.1:3. Is chat-server running there, and is the port right?"
        );
        assert_eq!(
            told(&[NoAnswer]),
            "no answer from [::1]:1. Is the address right, and does a firewall keep \
             the port closed?"
        );
        assert_eq!(told(&[Other("odd".to_owned())]), "odd ([::1]:1)");
        let many = vec![Refused; MAX_TOLD + 5];
        assert!(told(&many).contains("127.0.0.1:2 and 5 more. Is"));
        for failure in [Refused, NoAnswer, NoWay, Forbidden] {
            assert!(told(&[failure]).ends_with('?'));
        }
    }

    #[test]
    fn the_systems_errors_are_known() {
        // Linux's numbers are not those of others; the kinds are the same.
        for (kind, failure) in [
            (io::ErrorKind::ConnectionRefused, Failure::Refused),
            (io::ErrorKind::TimedOut, Failure::NoAnswer),
            (io::ErrorKind::NetworkUnreachable, Failure::NoWay),
            (io::ErrorKind::HostUnreachable, Failure::NoWay),
            (io::ErrorKind::PermissionDenied, Failure::Forbidden),
        ] {
            assert_eq!(Failure::of(&io::Error::from(kind)), failure);
        }
    }

    #[test]
    fn an_error_names_the_server_and_the_cause() {
        let target = Address {
            host: "example.org".to_owned(),
            port: 7,
        };
        let refused = three()
            .into_iter()
            .map(|address| (address, Failure::Refused));
        for (cause, told) in [
            (Cause::NoSuchHost, "no such host: example.org. Is the name"),
            (Cause::NoNames, "no such host: example.org, or names cannot"),
            (Cause::NoAddress, "the address of example.org was not found"),
            (
                Cause::Addresses(refused.collect()),
                "nobody listens at [::1]:1, ",
            ),
            (Cause::System("no memory".to_owned()), "no memory"),
        ] {
            let error = ConnectError::new(&target, cause).to_string();
            let told = format!("cannot connect to example.org port 7: {told}");
            assert!(error.starts_with(&told), "{error}");
        }
        let control = Target::Control("/run/ctl".into());
        let error = ConnectError::new(control, Cause::System("no memory".to_owned()));
        let told = "cannot connect to the control socket /run/ctl: no memory";
        assert_eq!(error.to_string(), told);
    }
}
