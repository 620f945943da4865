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

/// How long it may take in all, name and connection.
pub const CONNECT_FOR: Duration = Duration::from_millis(4500);

/// How long an address is tried alone before the next one is, too.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address that answers.
///
/// # Errors
///
/// One line that names host, port and the reasons, at the latest after
/// [`CONNECT_FOR`].
pub fn connect(target: &Target) -> Result<TcpStream, String> {
    let Target { host, port } = target;
    let fail = |reason: String| format!("cannot connect to {host} port {port}: {reason}");
    let until = Instant::now() + CONNECT_FOR;
    let addresses = resolve(target, until).map_err(|error| fail(error.to_string()))?;
    race(&interleaved(addresses), HEAD_START, until, attempt).map_err(fail)
}

fn attempt(address: SocketAddr, within: Duration) -> Result<TcpStream, String> {
    match TcpStream::connect_timeout(&address, within) {
        Ok(socket) if is_to_itself(&socket) => Err("only we ourselves".to_owned()),
        Ok(socket) => Ok(socket),
        Err(error) => Err(reason(&error)),
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
fn race<T: Send + 'static>(
    addresses: &[SocketAddr],
    head_start: Duration,
    until: Instant,
    attempt: impl Fn(SocketAddr, Duration) -> Result<T, String> + Copy + Send + 'static,
) -> Result<T, String> {
    let (answer, answers) = mpsc::channel();
    let mut failed: Vec<Option<String>> = vec![None; addresses.len()];
    let mut started = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || failed.iter().all(Option::is_some) {
            return Err(reasons(&addresses[..started], &failed));
        }
        let mut wait = left;
        if let Some(&address) = addresses.get(started) {
            let answer = answer.clone();
            let place = started;
            let thread = thread::Builder::new().spawn(move || {
                let _ = answer.send((place, attempt(address, left)));
            });
            failed[place] = thread.err().map(|error| error.to_string());
            started += 1;
            if started < addresses.len() {
                wait = wait.min(head_start);
            }
        }
        match answers.recv_timeout(wait) {
            Ok((_, Ok(socket))) => return Ok(socket),
            Ok((place, Err(reason))) => failed[place] = Some(reason),
            Err(_) => {}
        }
    }
}

/// What became of the addresses that were tried.
fn reasons(addresses: &[SocketAddr], failed: &[Option<String>]) -> String {
    let mut reasons: Vec<String> = addresses
        .iter()
        .zip(failed)
        .take(MAX_TOLD)
        .map(|(address, reason)| {
            let reason = reason.as_deref().unwrap_or(NO_ANSWER);
            format!("{reason} ({address})")
        })
        .collect();
    if addresses.len() > MAX_TOLD {
        reasons.push(format!("and {} more", addresses.len() - MAX_TOLD));
    }
    reasons.join(", ")
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
fn resolve(target: &Target, until: Instant) -> io::Result<Vec<SocketAddr>> {
    let (answer, answers) = mpsc::channel();
    let name = (target.host.clone(), target.port);
    thread::spawn(move || {
        let _ = answer.send(name.to_socket_addrs().map(Iterator::collect));
    });
    let left = until.saturating_duration_since(Instant::now());
    let addresses: Vec<SocketAddr> = answers.recv_timeout(left).map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, "the name was not resolved in time")
    })??;
    if addresses.is_empty() {
        return Err(io::Error::other("the name has no address"));
    }
    Ok(addresses)
}

/// Whoever tries again and again to reach a port of their own machine where
/// nobody listens is one day given that very port to call from, and TCP then
/// connects the socket with itself.
fn is_to_itself(socket: &TcpStream) -> bool {
    let ends = (socket.local_addr(), socket.peer_addr());
    matches!(ends, (Ok(here), Ok(there)) if here == there)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => NO_ANSWER.to_owned(),
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there: is chat-server running?".to_owned()
        }
        _ => error.to_string(),
    }
}

const NO_ANSWER: &str = "no answer";

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

    fn nothing_comes(within: Duration) -> Result<u16, String> {
        thread::sleep(within);
        Err("too late".to_owned())
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
            _ => Err("refused".to_owned()),
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
                port => Err(format!("refused by {port}")),
            }
        });
        assert_eq!(
            failed,
            Err::<u16, _>(
                "refused by 1 ([::1]:1), no answer (127.0.0.1:2), \
                 refused by 3 (127.0.0.1:3)"
                    .to_owned()
            )
        );
        assert_eq!(TRIED.load(Ordering::SeqCst), 3);
        let many = vec![three()[1]; MAX_TOLD + 5];
        let refused = |_, _| Err::<u16, _>("refused".to_owned());
        let told = race(&many, LONG, Instant::now() + LONG, refused);
        assert!(told.is_err_and(|told| told.ends_with(", and 5 more")));
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
