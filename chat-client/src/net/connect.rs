//! Finding the server: a race between the addresses of the host.
//!
//! An address that nothing answers at would cost seconds before the next one
//! has its turn, and many hosts have one, IPv6 that leads nowhere most of all.
//! So the next one begins a little later, whatever has become of those before
//! it (RFC 8305, "happy eyeballs").

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use mio::Waker;

use crate::cli::Target;
use crate::reason::reason;

/// How long it may take in all, name and connection.
pub const CONNECT_FOR: Duration = Duration::from_millis(4500);

/// How long an address is tried alone before the next one is, too.
const HEAD_START: Duration = Duration::from_millis(250);

/// Why there is no connection with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
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

/// Connects to the first address that answers.
///
/// # Errors
///
/// One line that names host, port, the reasons and what to look at, at the latest
/// after [`CONNECT_FOR`].
pub fn connect(target: &Target) -> Result<TcpStream, String> {
    let Target { host, port } = target;
    let fail = |reason: String| format!("cannot connect to {host} port {port}: {reason}");
    let until = Instant::now() + CONNECT_FOR;
    let addresses = resolve(target, until).map_err(fail)?;
    let failed = race(&interleaved(addresses), HEAD_START, until, attempt);
    failed.map_err(|failed| fail(tell(&failed)))
}

fn attempt(address: SocketAddr, within: Duration) -> Result<TcpStream, Failure> {
    if let SocketAddr::V6(address) = address
        && address.ip().is_unicast_link_local()
        && address.scope_id() == 0
    {
        let advice = "the address needs the name of an interface behind it, like %eth0";
        return Err(Failure::Other(advice.to_owned()));
    }
    match TcpStream::connect_timeout(&address, within) {
        Ok(socket) if is_to_itself(&socket) => Err(Failure::Refused),
        Ok(socket) => Ok(socket),
        Err(error) => Err(Failure::of(&error)),
    }
}

/// The addresses with those of both families by turns, so that neither keeps
/// the other waiting; beginning with the one that the system wants first.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().map(SocketAddr::is_ipv6);
    let (ours, others): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| Some(address.is_ipv6()) == first);
    let longest = ours.len().max(others.len());
    (0..longest)
        .flat_map(|place| [ours.get(place), others.get(place)])
        .flatten()
        .copied()
        .collect()
}

/// Tries the addresses in order, each one `head_start` after the one before it
/// or as soon as one has failed, and takes the first that answers. Whatever
/// comes of the others later is dropped.
///
/// # Errors
///
/// What became of those that were tried.
fn race<T: Send + 'static>(
    addresses: &[SocketAddr],
    head_start: Duration,
    until: Instant,
    attempt: impl Fn(SocketAddr, Duration) -> Result<T, Failure> + Copy + Send + 'static,
) -> Result<T, Vec<(SocketAddr, Failure)>> {
    let (answer, answers) = mpsc::channel();
    let mut failed: Vec<Option<Failure>> = vec![None; addresses.len()];
    let mut started = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || failed.iter().all(Option::is_some) {
            let tried = addresses[..started].iter().copied();
            let failed = failed.into_iter();
            let failed = failed.map(|failure| failure.unwrap_or(Failure::NoAnswer));
            return Err(tried.zip(failed).collect());
        }
        let mut wait = left;
        if let Some(&address) = addresses.get(started) {
            let answer = answer.clone();
            let place = started;
            let thread = thread::Builder::new().spawn(move || {
                let _ = answer.send((place, attempt(address, left)));
            });
            failed[place] = thread.err().map(|error| Failure::of(&error));
            started += 1;
            if started < addresses.len() {
                wait = wait.min(head_start);
            }
        }
        match answers.recv_timeout(wait) {
            Ok((_, Ok(socket))) => return Ok(socket),
            Ok((place, Err(failure))) => failed[place] = Some(failure),
            Err(_) => {}
        }
    }
}

impl Failure {
    fn of(error: &io::Error) -> Self {
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

    /// What happened, before the addresses where it did.
    fn words(&self) -> &str {
        match self {
            Self::Refused => "nobody listens at",
            Self::NoAnswer => "no answer from",
            Self::NoWay => "the network does not reach",
            Self::Forbidden => "this machine does not allow a connection to",
            Self::Other(reason) => reason,
        }
    }

    /// What to look at.
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

/// What became of the addresses that were tried: those together that failed alike.
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
    // Where something answered is the likeliest to be meant.
    let likeliest = groups.iter().find(|(known, _)| **known == Failure::Refused);
    let likeliest = likeliest.or_else(|| groups.first());
    told + likeliest.map_or("", |(failure, _)| failure.advice())
}

/// The same in a thread, which wakes the loop when it is done. Nobody needs to
/// wait for it: what nobody takes is closed.
pub fn connect_aside(target: Target, waker: Arc<Waker>) -> Receiver<Result<TcpStream, String>> {
    let (answer, answers) = mpsc::channel();
    // Where there is no thread to be had, the channel is closed, which is a
    // failure like any other.
    let _ = thread::Builder::new().spawn(move || {
        let _ = answer.send(connect(&target));
        let _ = waker.wake();
    });
    answers
}

/// The system's resolver has no time limit of its own: it gets a thread, which
/// is left behind if it takes too long.
fn resolve(target: &Target, until: Instant) -> Result<Vec<SocketAddr>, String> {
    let (answer, answers) = mpsc::channel();
    let name = (target.host.clone(), target.port);
    let thread = thread::Builder::new().spawn(move || {
        let addresses = name.to_socket_addrs();
        let _ = answer.send(addresses.map(Iterator::collect::<Vec<_>>));
    });
    thread.map_err(|error| reason(&error))?;
    let host = &target.host;
    let left = until.saturating_duration_since(Instant::now());
    match answers.recv_timeout(left) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Err(error)) if is_passing(&error) => Err(format!(
            "no such host: {host}, or names cannot be looked up now. \
             Is the name spelt right, and is this machine on the network?"
        )),
        Ok(_) => Err(format!("no such host: {host}. Is the name spelt right?")),
        Err(_) => Err(format!(
            "the address of {host} was not found in time. Is this machine on the network?"
        )),
    }
}

/// Whether the resolver would have us ask again. It has only words for that.
fn is_passing(error: &io::Error) -> bool {
    error.to_string().to_lowercase().contains("temporary")
}

/// Whoever tries again and again to reach a port of their own machine where
/// nobody listens is one day given that very port to call from, and TCP then
/// connects the socket with itself.
fn is_to_itself(socket: &TcpStream) -> bool {
    let ends = (socket.local_addr(), socket.peer_addr());
    matches!(ends, (Ok(here), Ok(there)) if here == there)
}

/// Addresses that are told of one by one when none of them answers.
const MAX_TOLD: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    fn addresses(addresses: &[&str]) -> Vec<SocketAddr> {
        let parse = |address: &&str| address.parse().expect("an address");
        addresses.iter().map(parse).collect()
    }

    fn three() -> Vec<SocketAddr> {
        addresses(&["[::1]:1", "127.0.0.1:2", "127.0.0.1:3"])
    }

    fn nothing_comes(within: Duration) -> Result<u16, Failure> {
        thread::sleep(within);
        Err(Failure::NoAnswer)
    }

    /// C-11: an address that is silent costs its head start, and no more.
    #[test]
    fn a_silent_address_does_not_keep_the_next_one_waiting() {
        let started = Instant::now();
        let answered = race(
            &three(),
            HEAD_START,
            started + LONG,
            |address, within| match address.port() {
                3 => Ok(3),
                _ => nothing_comes(within),
            },
        );
        assert_eq!(answered, Ok(3));
        assert!(started.elapsed() >= 2 * HEAD_START);
        assert!(started.elapsed() < LONG / 2, "{:?}", started.elapsed());
    }

    /// C-11: nor does one that refuses.
    #[test]
    fn after_a_refusal_the_next_one_begins_at_once() {
        let until = Instant::now() + LONG;
        let answered = race(&three(), LONG, until, |address, _| match address.port() {
            3 => Ok(3),
            _ => Err(Failure::Refused),
        });
        assert_eq!(answered, Ok(3));
        assert!(Instant::now() < until);
    }

    /// C-11: the error tells of all that were tried.
    #[test]
    fn when_none_answers_all_are_told() {
        static TRIED: AtomicUsize = AtomicUsize::new(0);
        let until = Instant::now() + Duration::from_millis(200);
        let failed = race(&three(), Duration::ZERO, until, |address, _| {
            TRIED.fetch_add(1, Ordering::SeqCst);
            match address.port() {
                2 => nothing_comes(LONG),
                _ => Err(Failure::Refused),
            }
        });
        let expected = [Failure::Refused, Failure::NoAnswer, Failure::Refused];
        let expected: Vec<_> = three().into_iter().zip(expected).collect();
        assert_eq!(failed, Err(expected));
        assert_eq!(TRIED.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn what_failed_is_told_in_plain_words_with_what_to_do() {
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
    fn an_address_of_one_link_needs_the_link() {
        let address = addresses(&["[fe80::1]:1"])[0];
        let failed = attempt(address, LONG).expect_err("which link?");
        assert_eq!(
            tell(&[(address, failed)]),
            "the address needs the name of an interface behind it, like %eth0 ([fe80::1]:1)"
        );
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
    fn the_families_take_turns() {
        let both = addresses(&[
            "[::1]:1",
            "[::1]:2",
            "[::1]:3",
            "127.0.0.1:4",
            "127.0.0.1:5",
        ]);
        let ports = |addresses: Vec<SocketAddr>| -> Vec<u16> {
            interleaved(addresses)
                .iter()
                .map(SocketAddr::port)
                .collect()
        };
        assert_eq!(ports(both.clone()), [1, 4, 2, 5, 3]);
        assert_eq!(ports(both[..2].to_vec()), [1, 2]);
        assert_eq!(ports(Vec::new()), [0; 0]);
    }
}
