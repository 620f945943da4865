//! Finding the server: every address of the host, one after the other.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

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
            Ok(socket) => return Ok(socket),
            Err(error) => reasons.push(format!("{} ({address})", reason(&error))),
        }
    }
    Err(fail(reasons.join(", ")))
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

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => "no answer".to_owned(),
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there: is chat-server running?".to_owned()
        }
        _ => error.to_string(),
    }
}
