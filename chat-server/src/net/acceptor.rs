//! The listening sockets together, and the limit on connections.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::clock::Now;
use crate::net::admission::Refusal;
use crate::net::listener::{Accepted, Listener};
use crate::net::proxied::Vestibule;
use crate::net::transport::Transport;
use crate::net::wire::Wire;
use crate::ops::errors::in_words;
use crate::ops::logger::Topic;
use crate::runtime::control::Shared;
use crate::runtime::mailbox::Peer;
use crate::runtime::rounds::Entrance;
use crate::runtime::scheduler::ACCEPTS;

/// The listening sockets.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listeners: Vec<Listener>,
    /// Connections that have to say first whose they are, if all have to.
    vestibule: Option<Vestibule>,
}

impl Acceptor {
    /// Has the listeners watched. If connections come from a proxy each of them has
    /// to begin with a header.
    pub(crate) fn new(
        mut listeners: Vec<Listener>,
        registry: &Registry,
        proxied: bool,
    ) -> anyhow::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            let token = Token(FIRST_LISTENER - index);
            registry
                .register(listener.socket(), token, Interest::READABLE)
                .context("cannot watch the listening socket")?;
        }
        let registry = proxied.then(|| registry.try_clone()).transpose();
        let registry = registry.context("cannot watch those who come from the proxy")?;
        Ok(Self {
            listeners,
            vestibule: registry.map(Vestibule::new),
        })
    }

    /// Takes note that a peer may wait, or that a proxy has said whose connection it
    /// is; whether the token is one of the acceptor's.
    pub(crate) fn note(&mut self, token: usize) -> bool {
        let index = FIRST_LISTENER.wrapping_sub(token);
        if let Some(listener) = self.listeners.get_mut(index) {
            listener.ready = true;
            return true;
        }
        self.vestibule.as_mut().is_some_and(|it| it.note(token))
    }
}

impl Entrance<Wire> for Acceptor {
    fn is_ready(&self) -> bool {
        let vestibule = self.vestibule.as_ref();
        self.listeners.iter().any(|listener| listener.ready)
            || vestibule.is_some_and(Vestibule::is_ready)
    }

    // Also when a connection has waited for its header for too long.
    fn retry(&self) -> Option<Instant> {
        let listeners = self.listeners.iter().filter_map(Listener::retry);
        let vestibule = self.vestibule.as_ref().and_then(Vestibule::deadline);
        listeners.chain(vestibule).min()
    }

    fn open(&mut self) {
        for listener in &mut self.listeners {
            listener.may_retry();
        }
    }

    // A peer that comes later is refused at once, and can look for another server.
    fn close(&mut self) {
        self.listeners.clear();
        self.vestibule = None;
    }

    fn accept(&mut self, shared: &Shared, now: Now, take: &mut dyn FnMut(Peer)) {
        let mut error = None;
        for listener in &mut self.listeners {
            if listener.retry().is_some_and(|retry| retry <= now.instant) {
                listener.may_retry();
            }
            for accepted in 0..ACCEPTS {
                // No faster than those are served who have come already.
                let is_crowded = accepted >= FEW && shared.unserved() >= MANY;
                if !listener.ready || is_crowded {
                    break;
                }
                let waiting = self.vestibule.as_ref().map_or(0, Vestibule::count);
                if shared.connections() + waiting >= shared.config().connections {
                    shared.wait_for_space();
                    listener.wait(now.instant);
                    error = Some("this process may not have more (see `ulimit -n`)".to_owned());
                    break;
                }
                match (listener.accept(now.instant), &mut self.vestibule) {
                    (Accepted::Peer(socket, address), None) => {
                        admit(socket, address, shared, now, take);
                    }
                    (Accepted::Peer(socket, address), Some(vestibule)) => {
                        let watched = vestibule.insert(socket, address, now.instant);
                        error = watched.err().map(|error| error.to_string()).or(error);
                    }
                    (Accepted::Nobody, _) => {}
                    (Accepted::Full(full), _) => {
                        shared.counters.accept_errors.add(1);
                        shared.wait_for_space();
                        error = Some(in_words(&full));
                    }
                }
            }
        }
        if let Some(vestibule) = &mut self.vestibule {
            vestibule.take(now.instant, |socket, address, header| {
                if header.is_ok() {
                    return admit(socket, address, shared, now, take);
                }
                shared.refuse(Refusal::NoHeader, address.ip(), now);
                turn_away(socket.into(), Refusal::NoHeader, shared);
            });
        }
        if let Some(error) = error {
            let connections = shared.connections();
            let text = format!("cannot accept more than {connections} connections: {error}");
            shared.logger.tell(Topic::NoSpace, now, &text);
        }
    }
}

/// A peer comes from this address: lets it in, or has it told why not.
fn admit(
    socket: TcpStream,
    address: SocketAddr,
    shared: &Shared,
    now: Now,
    take: &mut dyn FnMut(Peer),
) {
    match shared.admit(socket.into(), address, now) {
        Ok(peer) => take(peer),
        Err((wire, refusal)) => turn_away(wire, refusal, shared),
    }
}

/// Tells a peer, as far as that can be done at once, why it cannot come in. What it
/// has sent is read first: to close a socket with unread input resets the
/// connection, and the word would be lost.
fn turn_away(mut wire: Wire, refusal: Refusal, shared: &Shared) {
    let text = refusal.greeting(&shared.config().limits);
    let _ = wire.read(&mut [0; 4096]);
    let _ = wire.write(format!("\r-- {text}\n").as_bytes());
    let _ = wire.shut();
}

/// The token of the first listener; the others have those below.
const FIRST_LISTENER: usize = usize::MAX - 3;

/// If that many have been taken and not been served, few are taken in one round.
const MANY: usize = 4096;
const FEW: usize = 64;
