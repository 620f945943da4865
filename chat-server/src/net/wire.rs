//! How the bytes of a connection of this server go: as they are, encrypted, or over the
//! control socket.

use std::io::{self, IoSlice};

use mio::Registry;
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;

use crate::access::keys::PersonKey;
use crate::net::tls::TlsStream;
use crate::net::transport::{Carrier, Received, StallTimer, Transport};

/// A connection of the real server.
#[derive(Debug)]
pub enum Wire {
    /// As they are.
    Tcp(TcpStream),
    /// Encrypted. What that takes lies apart: a connection without it stays small.
    Tls(Box<TlsStream>),
    /// As they are, over the control socket.
    #[cfg(unix)]
    Control(UnixStream),
}

impl From<TcpStream> for Wire {
    fn from(socket: TcpStream) -> Self {
        Self::Tcp(socket)
    }
}

impl From<TlsStream> for Wire {
    fn from(stream: TlsStream) -> Self {
        Self::Tls(Box::new(stream))
    }
}

/// Does the same with each of them.
macro_rules! each {
    ($wire:ident.$call:ident($($argument:expr),*)) => {
        match $wire {
            Wire::Tcp(socket) => Transport::$call(socket, $($argument),*),
            Wire::Tls(stream) => stream.$call($($argument),*),
            #[cfg(unix)]
            Wire::Control(socket) => Transport::$call(socket, $($argument),*),
        }
    };
}

impl Transport for Wire {
    type Registry = Registry;

    fn register(&mut self, registry: &Registry, key: usize) -> io::Result<()> {
        each!(self.register(registry, key))
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        each!(self.deregister(registry))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        each!(self.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        each!(self.write(bytes))
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        each!(self.write_slices(slices))
    }

    fn holds_back(&self) -> bool {
        each!(self.holds_back())
    }

    fn unready(&self) -> usize {
        each!(self.unready())
    }

    fn flush(&mut self) -> io::Result<()> {
        each!(self.flush())
    }

    fn shut(&mut self) -> io::Result<()> {
        each!(self.shut())
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        each!(self.take_error())
    }

    fn set_stall_timer(&self, timer: StallTimer) {
        each!(self.set_stall_timer(timer));
    }

    fn take_key(&mut self) -> Option<PersonKey> {
        each!(self.take_key())
    }

    fn carrier(&self) -> Carrier {
        match self {
            Self::Tcp(_) => Carrier::Plain,
            Self::Tls(_) => Carrier::Tls,
            #[cfg(unix)]
            Self::Control(_) => Carrier::Control,
        }
    }
}
