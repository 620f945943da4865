//! Making a connection: from a host and a port to a [`Transport`].
//!
//! The first connection and each later one is an [`Attempt`], made in a thread,
//! because finding the address of a name can take seconds.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::{Cause, ConnectError, Failure};
use super::race::{HEAD_START, interleaved, race};
use super::target::Target;
use super::tcp::Tcp;
use super::transport::Transport;
use crate::reason::reason;

/// How long it may take in all, name and connection.
pub const CONNECT_FOR: Duration = Duration::from_millis(4500);

/// An attempt to connect, which ends after [`CONNECT_FOR`] at the latest. One that is
/// dropped closes its connection.
#[derive(Debug)]
pub struct Attempt {
    target: Target,
    outcome: Receiver<Result<Transport, ConnectError>>,
}

impl Attempt {
    /// Begins to connect to the first address that answers, and calls `done` when that
    /// is over.
    pub fn begin(target: Target, done: impl FnOnce() + Send + 'static) -> Self {
        let (sender, outcome) = mpsc::channel();
        let to = target.clone();
        // Where there is no thread to be had, the channel is closed.
        let _ = thread::Builder::new().spawn(move || {
            let _ = sender.send(connect(&to));
            done();
        });
        Self { target, outcome }
    }

    /// Waits for the outcome.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub fn wait(self) -> Result<Transport, ConnectError> {
        let outcome = self.outcome.recv();
        outcome.unwrap_or_else(|_| Err(self.no_thread()))
    }

    /// The outcome, if there is one yet.
    pub fn poll(&self) -> Option<Result<Transport, ConnectError>> {
        match self.outcome.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(self.no_thread())),
        }
    }

    fn no_thread(&self) -> ConnectError {
        ConnectError::new(&self.target, Cause::System(NO_THREAD.to_owned()))
    }
}

fn connect(target: &Target) -> Result<Transport, ConnectError> {
    let until = Instant::now() + CONNECT_FOR;
    let addresses = resolve(target, until).map_err(|cause| ConnectError::new(target, cause))?;
    let socket = race(&interleaved(addresses), HEAD_START, until, attempt)
        .map_err(|failed| ConnectError::new(target, Cause::Addresses(failed)))?;
    // An encrypted connection begins here.
    let tcp = Tcp::new(socket).map_err(|error| ConnectError::system(target, &error))?;
    Ok(Transport::Tcp(tcp))
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

/// The system's resolver has no time limit of its own: it gets a thread, which
/// is left behind if it takes too long.
fn resolve(target: &Target, until: Instant) -> Result<Vec<SocketAddr>, Cause> {
    let (answer, answers) = mpsc::channel();
    let name = (target.host.clone(), target.port);
    let thread = thread::Builder::new().spawn(move || {
        let addresses = name.to_socket_addrs();
        let _ = answer.send(addresses.map(Iterator::collect::<Vec<_>>));
    });
    thread.map_err(|error| Cause::System(reason(&error)))?;
    let left = until.saturating_duration_since(Instant::now());
    match answers.recv_timeout(left) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Err(error)) if is_passing(&error) => Err(Cause::NoNames),
        Ok(_) => Err(Cause::NoSuchHost),
        Err(_) => Err(Cause::NoAddress),
    }
}

/// Whether the resolver would have us ask again. It has only words for that.
fn is_passing(error: &io::Error) -> bool {
    error.to_string().to_lowercase().contains("temporary")
}

/// A client that tries again and again to reach a closed port of its own machine is
/// one day given that very port to call from, and TCP then connects the socket with
/// itself.
fn is_to_itself(socket: &TcpStream) -> bool {
    let ends = (socket.local_addr(), socket.peer_addr());
    matches!(ends, (Ok(here), Ok(there)) if here == there)
}

/// The words for a machine that has no thread left.
const NO_THREAD: &str = "this machine has no thread left";

#[cfg(test)]
mod tests;
