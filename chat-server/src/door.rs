//! Who comes in: the listening sockets together, and the limit on connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Instant;

use anyhow::Context;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::admission::Refusal;
use crate::clock::Now;
use crate::counters::Seldom;
use crate::listener::{Accepted, Listener};
use crate::shared::{Peer, Shared};

/// The listening sockets.
#[derive(Debug)]
pub(crate) struct Door {
    listeners: Vec<Listener>,
    errors: Seldom,
}

impl Door {
    /// Has the listeners watched, under tokens from `first` downwards.
    pub(crate) fn new(
        mut listeners: Vec<Listener>,
        registry: &Registry,
        first: usize,
    ) -> anyhow::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            let token = Token(first - index);
            registry
                .register(listener.socket(), token, Interest::READABLE)
                .context("cannot watch the listening socket")?;
        }
        Ok(Self {
            listeners,
            errors: Seldom::default(),
        })
    }

    /// Takes note that somebody may wait at a listener; whether there is such
    /// a one.
    pub(crate) fn note(&mut self, index: usize) -> bool {
        let listener = self.listeners.get_mut(index);
        listener.map(|listener| listener.ready = true).is_some()
    }

    /// Whether anybody may be waiting who can be taken.
    pub(crate) fn is_ready(&self) -> bool {
        self.listeners.iter().any(|listener| listener.ready)
    }

    /// When to try again, if the system or the limit had no room.
    pub(crate) fn retry(&self) -> Option<Instant> {
        self.listeners.iter().filter_map(Listener::retry).min()
    }

    /// There may be room again.
    pub(crate) fn open(&mut self) {
        for listener in &mut self.listeners {
            listener.may_retry();
        }
    }

    /// Nobody comes in any more. Whoever comes is refused at once, and can look
    /// for another server.
    pub(crate) fn close(&mut self) {
        self.listeners.clear();
    }

    /// Takes some of those who wait.
    pub(crate) fn accept(&mut self, shared: &Shared, now: Now, mut take: impl FnMut(Peer)) {
        let mut error = None;
        for listener in &mut self.listeners {
            if listener.retry().is_some_and(|retry| retry <= now.instant) {
                listener.may_retry();
            }
            for _ in 0..ACCEPTS {
                if !listener.ready {
                    break;
                }
                if shared.connections() >= shared.limits.connections {
                    shared.wait_for_space();
                    listener.wait(now.instant);
                    error = Some("that is as many as there can be".to_owned());
                    break;
                }
                match listener.accept(now.instant) {
                    Accepted::Peer(socket, address) => {
                        let ip = address.ip().to_canonical();
                        let address = SocketAddr::new(ip, address.port());
                        let refusal = shared.admission().arrive(ip, now.instant).err();
                        if let Some(refusal) = refusal {
                            shared.refuse(refusal, ip, now);
                            if !shared.can_refuse() {
                                turn_away(socket, refusal);
                                continue;
                            }
                        }
                        take(Peer {
                            socket,
                            address,
                            refusal,
                        });
                    }
                    Accepted::Nobody => {}
                    Accepted::Full(full) => {
                        shared.counters.accept_errors.add(1);
                        shared.wait_for_space();
                        error = Some(full.to_string());
                    }
                }
            }
        }
        if let Some(error) = error {
            self.log(&error, shared, now);
        }
    }

    fn log(&self, error: &str, shared: &Shared, now: Now) {
        if self.errors.happens(now.instant).is_some() {
            let people = shared.connections();
            let text = format!("cannot accept more connections ({people} now): {error}");
            shared.journal.warn(now.time, &text);
        }
    }
}

/// Tells somebody in a flood, as far as that can be done at once, why they cannot
/// come in. What they have sent is read first: to close a socket with unread input
/// resets the connection, and the word would be lost.
fn turn_away(mut socket: TcpStream, refusal: Refusal) {
    let _ = socket.read(&mut [0; 4096]);
    let _ = socket.write_all(format!("\r-- {}\n", refusal.greeting()).as_bytes());
    let _ = socket.shutdown(Shutdown::Write);
}

/// Connections that are taken at one listener in one round: a flood of them
/// delays those who talk by a few milliseconds, and does not fill the backlog,
/// after which the next ones would be tried again only a second later.
const ACCEPTS: usize = 512;
