//! Making a connection: from a host and a port, or from the path of a control socket, to
//! a [`Transport`].
//!
//! The first connection and each later one is an [`Attempt`], made in a thread,
//! because finding the address of a name can take seconds.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use chat_proto::text;
use rustls::ClientConnection;

use super::control;
use super::failure::{Cause, ConnectError, Failure};
use super::race::{HEAD_START, interleaved, race};
use super::security::{Plan, Remark, Security};
use super::socket::Socket;
use super::target::{Address, Target};
use super::tls::{Fault, Meeting, Tls, shake_hands};
use super::transport::Transport;
use crate::reason::reason;
use crate::trust::{Known, Trusted};

/// How long it may take in all: name, connection and handshake. The time in which the
/// person's key is looked for, and signs, does not count.
pub const CONNECT_FOR: Duration = Duration::from_millis(4500);

/// An attempt to connect, which ends after [`CONNECT_FOR`]. One that is
/// dropped closes its connection.
#[derive(Debug)]
pub struct Attempt {
    target: Target,
    outcome: Receiver<Result<Connected, ConnectError>>,
}

/// A connection that was made.
#[derive(Debug)]
pub struct Connected {
    /// The connection.
    pub transport: Transport,
    /// What the server is known by, if the connection is encrypted.
    pub met: Option<Known>,
    /// What the person is to know.
    pub remarks: Vec<Remark>,
}

impl Attempt {
    /// Begins to connect to the first address that answers, and calls `done` when that
    /// is over.
    pub fn begin(target: Target, security: Security, done: impl FnOnce() + Send + 'static) -> Self {
        let (sender, outcome) = mpsc::channel();
        let to = target.clone();
        // Where there is no thread to be had, the channel is closed.
        let _ = thread::Builder::new().spawn(move || {
            let _ = sender.send(connect(&to, &security));
            done();
        });
        Self { target, outcome }
    }

    /// Waits for the outcome.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub fn wait(self) -> Result<Connected, ConnectError> {
        let outcome = self.outcome.recv();
        outcome.unwrap_or_else(|_| Err(self.no_thread()))
    }

    /// The outcome, if there is one yet.
    pub fn poll(&self) -> Option<Result<Connected, ConnectError>> {
        match self.outcome.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(self.no_thread())),
        }
    }

    fn no_thread(&self) -> ConnectError {
        ConnectError::new(self.target.clone(), Cause::System(NO_THREAD.to_owned()))
    }
}

fn connect(target: &Target, security: &Security) -> Result<Connected, ConnectError> {
    let address = match target {
        Target::Network(address) => address,
        Target::Control(path) => {
            let reached = control::reach(path);
            let failed = |why| ConnectError::new(target.clone(), Cause::System(why));
            return Ok(Connected {
                transport: reached.map_err(failed)?,
                met: None,
                remarks: Vec::new(),
            });
        }
    };
    connect_to(address, security)
}

/// Connects to a server in the network.
fn connect_to(target: &Address, security: &Security) -> Result<Connected, ConnectError> {
    let mut remarks = Vec::new();
    let plan = security.plan(target, &mut remarks)?;
    let identity = security.key(&plan, target, &mut remarks)?;
    // An agent may have asked the person, which is no delay of the network.
    let until = Instant::now() + CONNECT_FOR;
    let addresses = resolve(target, until).map_err(|cause| ConnectError::new(target, cause))?;
    let addresses = interleaved(addresses);
    let (transport, met) = match plan {
        Plan::Plain => {
            let socket = reach(target, &addresses, until)?;
            (Transport::Tcp(tcp(target, socket)?), None)
        }
        Plan::Tls(trust) => {
            let meeting = Meeting {
                host: &target.host,
                trust: &trust,
                roots: security.roots,
                identity,
            };
            let (socket, session, trusted) = encrypt(target, meeting, &addresses, until)?;
            security.remember(target, &trusted, &mut remarks)?;
            let tls = Tls::new(tcp(target, socket)?, session);
            (Transport::Tls(tls), Some(trusted.known))
        }
    };
    Ok(Connected {
        transport,
        met,
        remarks,
    })
}

/// Connects to the first address that answers.
fn reach(
    target: &Address,
    addresses: &[SocketAddr],
    until: Instant,
) -> Result<TcpStream, ConnectError> {
    race(addresses, HEAD_START, until, attempt)
        .map_err(|failed| ConnectError::new(target, Cause::Addresses(failed)))
}

fn tcp(target: &Address, socket: TcpStream) -> Result<Socket<mio::net::TcpStream>, ConnectError> {
    Socket::tcp(socket).map_err(|error| ConnectError::system(target, &error))
}

/// Makes an encrypted connection. A busy server may greet in plain before our first
/// bytes have come; then it is tried again, still encrypted.
fn encrypt(
    target: &Address,
    meeting: Meeting<'_>,
    addresses: &[SocketAddr],
    until: Instant,
) -> Result<(TcpStream, ClientConnection, Trusted), ConnectError> {
    for _ in 0..HANDSHAKES {
        let socket = reach(target, addresses, until)?;
        let failure = match shake_hands(&socket, meeting, until) {
            Ok((session, trusted)) => return Ok((socket, session, trusted)),
            Err(Fault::Distrusted(distrust)) => {
                return Err(ConnectError::new(target, Cause::Distrusted(distrust)));
            }
            Err(Fault::NotSigned(why)) => {
                let why = format!("your key does not sign: {}", text::clean(&why));
                return Err(ConnectError::new(target, Cause::System(why)));
            }
            Err(Fault::Late) => continue,
            Err(Fault::NoAnswer) => Failure::NoAnswer,
            Err(Fault::BrokenOff) => Failure::Other(BROKEN_OFF.to_owned()),
        };
        let address = socket.peer_addr().unwrap_or(addresses[0]);
        let failed = vec![(address, failure)];
        return Err(ConnectError::new(target, Cause::Addresses(failed)));
    }
    Err(ConnectError::new(target, Cause::System(LATE.to_owned())))
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
fn resolve(target: &Address, until: Instant) -> Result<Vec<SocketAddr>, Cause> {
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

/// How often a server is tried that does not see in time that we speak TLS.
const HANDSHAKES: usize = 3;

/// The words for such a server.
const LATE: &str = "the server is too busy for a new encrypted connection";

/// The words for a server that closes before it has shown its key.
const BROKEN_OFF: &str = "the server closed the connection before it was encrypted";

/// The words for a machine that has no thread left.
const NO_THREAD: &str = "this machine has no thread left";

#[cfg(test)]
mod tests;
