//! A socket and its readiness: one of TCP, or the control socket of a server.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;

use mio::event::{Event, Source};
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use super::outcome::{Lost, Received};

/// A socket that never blocks.
#[derive(Debug)]
pub struct Socket<S> {
    socket: S,
    readable: bool,
    writable: bool,
    /// Nothing more is sent.
    closed: bool,
}

/// What a socket can do beside reading and writing.
pub trait Ends {
    /// Closes the sending side.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn shut(&self) -> io::Result<()>;

    /// Whether the other end is on this machine.
    fn is_local(&self) -> bool;
}

impl Ends for TcpStream {
    fn shut(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn is_local(&self) -> bool {
        let peer = self.peer_addr();
        peer.is_ok_and(|peer| peer.ip().to_canonical().is_loopback())
    }
}

#[cfg(unix)]
impl Ends for UnixStream {
    fn shut(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn is_local(&self) -> bool {
        true
    }
}

impl Socket<TcpStream> {
    /// A carrier on a connected socket of TCP.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn tcp(socket: std::net::TcpStream) -> io::Result<Self> {
        // A keepalive would do no good here: a line to send finds out sooner.
        let _ = socket.set_nodelay(true);
        socket.set_nonblocking(true)?;
        Ok(Self::new(TcpStream::from_std(socket)))
    }
}

impl<S: Read + Write + Source + Ends> Socket<S> {
    /// A carrier on a connected socket.
    pub fn new(socket: S) -> Self {
        Self {
            socket,
            readable: true,
            writable: true,
            closed: false,
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interests = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut self.socket, token, interests)
    }

    pub(super) fn deregister(&mut self, registry: &Registry) {
        // Not left to the closing: not every system forgets it then.
        let _ = registry.deregister(&mut self.socket);
    }

    pub(super) fn handle_event(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable();
    }

    pub(super) fn is_drained(&self) -> bool {
        !self.readable
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Whether the other end is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.socket.is_local()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Received {
        while self.readable {
            match self.socket.read(buffer) {
                Ok(0) => return Received::End,
                Ok(count) => return Received::Bytes(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.readable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => return Received::End,
                },
            }
        }
        Received::Drained
    }

    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, Lost> {
        while self.writable {
            match self.socket.write_vectored(slices) {
                Ok(count) => return Ok(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.writable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => {
                        self.writable = false;
                        // The server may have said something before it went.
                        self.readable = true;
                        return Err(Lost);
                    }
                },
            }
        }
        Ok(0)
    }

    /// Once: each time is an event of the socket, and the loop would go round and
    /// round.
    pub(super) fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            let _ = self.socket.shut();
        }
    }
}
