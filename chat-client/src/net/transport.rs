//! The bytes of one connection, over any carrier.
//!
//! [`Link`](super::link::Link) needs few things of a connection: read, and tell when it
//! is drained; write slices; tell whether it has bytes of its own to write; close its
//! sending side. A [`Socket`] carries the bytes as they are. [`Tls`] wraps one of TCP, and
//! encrypts: it has bytes of its own to write after a read, and decrypted ones to read.
//!
//! Nothing here blocks, and no `io::Error` leaves.

use std::io::{self, IoSlice};

use mio::event::Event;
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use mio::{Registry, Token};

use super::outcome::{Lost, Received};
use super::socket::Socket;
use super::tls::Tls;

/// A connection with the server.
#[derive(Debug)]
pub enum Transport {
    /// The bytes as they are.
    Tcp(Socket<TcpStream>),
    /// Encrypted.
    Tls(Tls),
    /// The bytes as they are, over the server's control socket.
    #[cfg(unix)]
    Control(Socket<UnixStream>),
}

/// Does the same with each of them.
macro_rules! each {
    ($transport:ident.$call:ident($($argument:expr),*)) => {
        match $transport {
            Transport::Tcp(socket) => socket.$call($($argument),*),
            Transport::Tls(tls) => tls.$call($($argument),*),
            #[cfg(unix)]
            Transport::Control(socket) => socket.$call($($argument),*),
        }
    };
}

impl Transport {
    /// Has its events reported under `token`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        each!(self.register(registry, token))
    }

    /// Has no more events reported.
    pub fn deregister(&mut self, registry: &Registry) {
        each!(self.deregister(registry))
    }

    /// Takes an event. One that was meant for an earlier connection does no harm: a
    /// read of a socket that is not ready says so.
    pub fn handle_event(&mut self, event: &Event) {
        each!(self.handle_event(event))
    }

    /// Whether there is nothing to read until the next event.
    pub fn is_drained(&self) -> bool {
        each!(self.is_drained())
    }

    /// Whether it takes bytes, as far as is known.
    pub fn is_writable(&self) -> bool {
        each!(self.is_writable())
    }

    /// Whether it has bytes of its own to write, so that [`Transport::write`] is to be
    /// called even with nothing to say.
    pub fn wants_write(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.wants_write(),
            // Taken bytes are with the system.
            _ => false,
        }
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Whether the server is on this machine.
    pub fn is_local(&self) -> bool {
        each!(self.is_local())
    }

    /// Reads once.
    pub fn read(&mut self, buffer: &mut [u8]) -> Received {
        each!(self.read(buffer))
    }

    /// Writes once; how many bytes were taken. None are when it is not writable now.
    ///
    /// # Errors
    ///
    /// When no more will ever be taken.
    pub fn write(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, Lost> {
        each!(self.write(slices))
    }

    /// Closes the sending side; what the server still says can be read.
    pub fn close(&mut self) {
        each!(self.close())
    }
}

#[cfg(test)]
mod tests;
