//! Finding the server: every address of the host, one after the other.

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

/// How long one address may take.
const ADDRESS_FOR: Duration = Duration::from_secs(2);

/// Connects to the first address that answers.
///
/// # Errors
///
/// One line that names host, port and the reason, at the latest after
/// [`CONNECT_FOR`].
pub fn connect(target: &Target) -> Result<TcpStream, String> {
    let Target { host, port } = target;
    let fail = |reason: String| format!("cannot connect to {host} port {port}: {reason}");
    let until = Instant::now() + CONNECT_FOR;
    let mut reasons: Vec<String> = Vec::new();
    for address in resolve(target, until).map_err(|error| fail(error.to_string()))? {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left.min(ADDRESS_FOR)) {
            Ok(socket) if is_to_itself(&socket) => {
                reasons.push(format!("only we ourselves ({address})"));
            }
            Ok(socket) => return Ok(socket),
            Err(error) => reasons.push(format!("{} ({address})", reason(&error))),
        }
    }
    Err(fail(reasons.join(", ")))
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
        io::ErrorKind::TimedOut => "no answer".to_owned(),
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there: is chat-server running?".to_owned()
        }
        _ => error.to_string(),
    }
}
