//! Who comes in: the listening sockets together, and the limit on connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::clock::Now;
use crate::listener::{Accepted, Listener};
use crate::shared::Shared;

/// The listening sockets.
#[derive(Debug)]
pub(crate) struct Door {
    listeners: Vec<Listener>,
    /// No accept error is logged before this moment.
    quiet_until: Option<Instant>,
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
            quiet_until: None,
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
    pub(crate) fn accept(
        &mut self,
        shared: &Shared,
        now: Now,
        mut take: impl FnMut(TcpStream, SocketAddr),
    ) {
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
                    Accepted::Peer(socket, address) => take(socket, address),
                    Accepted::Nobody => {}
                    Accepted::Full(full) => {
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

    fn log(&mut self, error: &str, shared: &Shared, now: Now) {
        if self.quiet_until.is_none_or(|until| until <= now.instant) {
            self.quiet_until = Some(now.instant + QUIET_FOR);
            let people = shared.connections();
            let text = format!("cannot accept more connections ({people} now): {error}");
            shared.journal.warn(now.time, &text);
        }
    }
}

/// Connections that are taken at one listener in one round: a flood of them
/// delays those who talk by a few milliseconds, and does not fill the backlog,
/// after which the next ones would be tried again only a second later.
const ACCEPTS: usize = 512;

/// The time between two complaints.
const QUIET_FOR: Duration = Duration::from_secs(5);
