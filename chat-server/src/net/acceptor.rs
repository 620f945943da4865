//! The listening sockets together, that of the operator among them, and the limit on
//! connections.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::clock::Now;
use crate::config::Config;
use crate::net::admission::Refusal;
use crate::net::admit::{admit, turn_away};
use crate::net::control_socket::ControlSocket;
use crate::net::entry::Entry;
use crate::net::listener::{Accepted, Listener};
use crate::net::proxied::Vestibule;
use crate::net::wire::Wire;
use crate::ops::errors::in_words;
use crate::ops::logger::{Record, Topic};
use crate::runtime::control::Shared;
use crate::runtime::mailbox::Peer;
use crate::runtime::rounds::Entrance;
use crate::runtime::scheduler::ACCEPTS;

/// The listening sockets.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listeners: Vec<Listener>,
    way: Way,
    control: Option<ControlSocket>,
}

/// The way of a connection that has come, before it is let in.
#[derive(Debug)]
struct Way {
    /// Connections that have to say first whose they are, if all have to.
    vestibule: Option<Vestibule>,
    /// Where those may shake hands that have said so, if they can be encrypted.
    entry: Option<Entry>,
}

impl Acceptor {
    /// Has the listeners watched. If connections come from a proxy each of them has
    /// to begin with a header.
    pub(crate) fn new(
        mut listeners: Vec<Listener>,
        registry: &Registry,
        config: &Config,
    ) -> anyhow::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            let token = Token(FIRST_LISTENER - index);
            registry
                .register(listener.socket(), token, Interest::READABLE)
                .context("cannot watch the listening socket")?;
        }
        let registry = config.proxied.then(|| registry.try_clone()).transpose();
        let registry = registry.context("cannot watch those who come from the proxy")?;
        Ok(Self {
            listeners,
            way: Way {
                vestibule: registry.map(Vestibule::new),
                entry: None,
            },
            control: None,
        })
    }

    /// Has operators come in there.
    pub(crate) fn set_control(
        &mut self,
        mut control: ControlSocket,
        registry: &Registry,
    ) -> anyhow::Result<()> {
        let registered = control.register(registry, CONTROL);
        registered.context("cannot watch the control socket")?;
        self.control = Some(control);
        Ok(())
    }

    /// Has connections go through this entry from now on.
    pub(crate) fn encrypt(&mut self, entry: Entry) {
        self.way.entry = Some(entry);
    }

    /// Takes note that a peer may wait, or that a proxy has said whose connection it
    /// is; whether the token is one of the acceptor's.
    pub(crate) fn note(&mut self, token: usize) -> bool {
        if let Some(control) = &mut self.control
            && Token(token) == CONTROL
        {
            control.note();
            return true;
        }
        let index = FIRST_LISTENER.wrapping_sub(token);
        if let Some(listener) = self.listeners.get_mut(index) {
            listener.ready = true;
            return true;
        }
        let vestibule = self.way.vestibule.as_mut();
        vestibule.is_some_and(|it| it.note(token))
    }
}

impl Entrance<Wire> for Acceptor {
    fn is_ready(&self) -> bool {
        let vestibule = self.way.vestibule.as_ref();
        self.listeners.iter().any(|listener| listener.ready)
            || self.control.as_ref().is_some_and(ControlSocket::is_ready)
            || vestibule.is_some_and(Vestibule::is_ready)
    }

    // Also when a connection has waited for its header for too long.
    fn retry(&self) -> Option<Instant> {
        let listeners = self.listeners.iter().filter_map(Listener::retry);
        let control = self.control.as_ref().and_then(ControlSocket::retry);
        let vestibule = self.way.vestibule.as_ref();
        let header = vestibule.and_then(Vestibule::deadline);
        listeners.chain(control).chain(header).min()
    }

    fn open(&mut self) {
        for listener in &mut self.listeners {
            listener.may_retry();
        }
        self.control.iter_mut().for_each(ControlSocket::may_retry);
    }

    // A peer that comes later is refused at once, and can look for another server.
    fn close(&mut self) {
        self.listeners.clear();
        self.control = None;
        self.way = Way {
            vestibule: None,
            entry: None,
        };
    }

    fn accept(&mut self, shared: &Shared, now: Now, take: &mut dyn FnMut(Peer)) {
        // First of all: a crowd does not delay the operator.
        if let Some(control) = &mut self.control {
            control.accept(shared, now, take);
        }
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
                if let Some(why) = self.way.is_closed(shared) {
                    shared.wait_for_space();
                    listener.wait(now.instant);
                    error = Some(why);
                    break;
                }
                match listener.accept(now.instant) {
                    Accepted::Peer(socket, address) => {
                        let taken = self.way.take_in(socket, address, shared, now, take);
                        error = taken.err().map(|error| error.to_string()).or(error);
                    }
                    Accepted::NoPeer => {}
                    Accepted::Full(full) => {
                        shared.counters.accept_errors.add(1);
                        shared.wait_for_space();
                        error = Some(in_words(&full));
                    }
                }
            }
        }
        self.way.take_headers(shared, now, take);
        if let Some(error) = error {
            let record = Record::new("cannot accept more connections");
            let record = record.count("connections", shared.connections());
            shared
                .logger
                .tell(Topic::NoSpace, now, record.with("why", error));
        }
    }
}

impl Way {
    /// Why no connection can be taken now, if none can.
    fn is_closed(&self, shared: &Shared) -> Option<String> {
        let waiting = self.vestibule.as_ref().map_or(0, Vestibule::count)
            + self.entry.as_ref().map_or(0, Entry::count);
        // Descriptors for operators are set aside.
        let connections = shared.connections() - shared.operators.count();
        if connections + waiting >= shared.config().connections {
            return Some("this process may not have more (see `ulimit -n`)".to_owned());
        }
        let entry = self.entry.as_ref()?;
        entry
            .is_full()
            .then(|| format!("{} others have yet to say something", entry.count()))
    }

    /// A connection has been accepted.
    fn take_in(
        &mut self,
        socket: TcpStream,
        address: SocketAddr,
        shared: &Shared,
        now: Now,
        take: &mut dyn FnMut(Peer),
    ) -> io::Result<()> {
        match &mut self.vestibule {
            Some(vestibule) => vestibule.insert(socket, address, now.instant),
            None => {
                go_on(self.entry.as_ref(), socket, address, shared, now, take);
                Ok(())
            }
        }
    }

    /// Has those go on that have said whose they are.
    fn take_headers(&mut self, shared: &Shared, now: Now, take: &mut dyn FnMut(Peer)) {
        let Some(vestibule) = &mut self.vestibule else {
            return;
        };
        let entry = self.entry.as_ref();
        vestibule.take(now.instant, |socket, address, header| {
            if header.is_ok() {
                return go_on(entry, socket, address, shared, now, take);
            }
            shared.refuse(Refusal::NoHeader, address.ip(), now);
            let greeting = Refusal::NoHeader.greeting(&shared.config().limits);
            turn_away(socket.into(), &greeting);
        });
    }
}

/// It is known whose the connection is.
fn go_on(
    entry: Option<&Entry>,
    socket: TcpStream,
    address: SocketAddr,
    shared: &Shared,
    now: Now,
    take: &mut dyn FnMut(Peer),
) {
    match entry {
        Some(entry) => entry.insert(socket, address, now.instant),
        None => admit(socket.into(), address, shared, now, take),
    }
}

const CONTROL: Token = Token(usize::MAX - 3);

/// The token of the first listener; the others have those below.
const FIRST_LISTENER: usize = usize::MAX - 4;

/// If that many have been taken and not been served, few are taken in one round.
const MANY: usize = 4096;
const FEW: usize = 64;
