//! The bytes of one connection, over any carrier.
//!
//! [`Link`](super::link::Link) needs few things of a connection: read, and tell when it
//! is drained; write slices; tell whether it has bytes of its own to write; close its
//! sending side. [`Tcp`] carries the bytes as they are. [`Tls`] wraps one, and encrypts:
//! it has bytes of its own to write after a read, and decrypted ones to read.
//!
//! Nothing here blocks, and no `io::Error` leaves.

use std::io::{self, IoSlice};

use mio::event::Event;
use mio::{Registry, Token};

use super::outcome::{Lost, Received};
use super::tcp::Tcp;
use super::tls::Tls;

/// A connection with the server.
#[derive(Debug)]
pub enum Transport {
    /// The bytes as they are.
    Tcp(Tcp),
    /// Encrypted.
    Tls(Tls),
}

impl Transport {
    /// Has its events reported under `token`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.register(registry, token),
            Self::Tls(tls) => tls.register(registry, token),
        }
    }

    /// Has no more events reported.
    pub fn deregister(&mut self, registry: &Registry) {
        match self {
            Self::Tcp(tcp) => tcp.deregister(registry),
            Self::Tls(tls) => tls.deregister(registry),
        }
    }

    /// Takes an event. One that was meant for an earlier connection does no harm: a
    /// read of a socket that is not ready says so.
    pub fn handle_event(&mut self, event: &Event) {
        match self {
            Self::Tcp(tcp) => tcp.handle_event(event),
            Self::Tls(tls) => tls.handle_event(event),
        }
    }

    /// Whether there is nothing to read until the next event.
    pub fn is_drained(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_drained(),
            Self::Tls(tls) => tls.is_drained(),
        }
    }

    /// Whether it takes bytes, as far as is known.
    pub fn is_writable(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_writable(),
            Self::Tls(tls) => tls.is_writable(),
        }
    }

    /// Whether it has bytes of its own to write, so that [`Transport::write`] is to be
    /// called even with nothing to say.
    pub fn wants_write(&self) -> bool {
        match self {
            // Taken bytes are with the system.
            Self::Tcp(_) => false,
            Self::Tls(tls) => tls.wants_write(),
        }
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Whether the server is on this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_local(),
            Self::Tls(tls) => tls.is_local(),
        }
    }

    /// Reads once.
    pub fn read(&mut self, buffer: &mut [u8]) -> Received {
        match self {
            Self::Tcp(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }

    /// Writes once; how many bytes were taken. None are when it is not writable now.
    ///
    /// # Errors
    ///
    /// When no more will ever be taken.
    pub fn write(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, Lost> {
        match self {
            Self::Tcp(tcp) => tcp.write(slices),
            Self::Tls(tls) => tls.write(slices),
        }
    }

    /// Closes the sending side; what the server still says can be read.
    pub fn close(&mut self) {
        match self {
            Self::Tcp(tcp) => tcp.close(),
            Self::Tls(tls) => tls.close(),
        }
    }
}

#[cfg(test)]
mod tests;
