//! A race between the addresses of a host.
//!
//! An address that nothing answers at would cost seconds before the next one has its
//! turn, and many hosts have one, IPv6 that leads nowhere most of all. So the next one
//! begins a little later, also while earlier ones are still tried (RFC 8305, "happy
//! eyeballs").

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::failure::Failure;

/// The addresses with those of both families by turns, so that neither keeps
/// the other waiting; beginning with the one that the system wants first.
pub(super) fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
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

/// Tries the addresses in order, each one `head_start` after the one before it or as
/// soon as one has failed, and takes the first that answers. Later answers are dropped.
///
/// # Errors
///
/// The failures of the addresses that were tried.
pub(super) fn race<T: Send + 'static>(
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

/// How long an address is tried alone before the next one is, too.
pub(super) const HEAD_START: Duration = Duration::from_millis(250);

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

    /// An address that is silent costs its head start, and no more.
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

    /// Nor does one that refuses.
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

    /// The error tells of all that were tried.
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
