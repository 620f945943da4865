//! An encrypted connection, behind its handshake.

use std::io::{self, IoSlice, Read, Write};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Registry, Token};
use rustls::ClientConnection;

use super::super::outcome::{Lost, Received};
use super::super::socket::Socket;

/// A TLS session over a socket that never blocks.
///
/// Bytes that are decrypted and not read yet count as readable, since no event comes for
/// them. The socket is only read when there are none: so a socket that has been found
/// empty, and no other, means that there is nothing to read.
///
/// Bytes that are encrypted and not sent yet are 64 KiB at most: nothing more is taken
/// until they are with the system.
#[derive(Debug)]
pub struct Tls {
    tcp: Socket<TcpStream>,
    session: Box<ClientConnection>,
    sending: Sending,
}

/// Whether more is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// It is.
    Open,
    /// Only what is encrypted already, and then the end.
    Closing,
    /// The end is sent.
    Closed,
}

impl Tls {
    /// A session behind its handshake, over the socket that had it.
    pub(in crate::net) fn new(tcp: Socket<TcpStream>, session: ClientConnection) -> Self {
        Self {
            tcp,
            session: Box::new(session),
            sending: Sending::Open,
        }
    }

    pub(in crate::net) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.tcp.register(registry, token)
    }

    pub(in crate::net) fn deregister(&mut self, registry: &Registry) {
        self.tcp.deregister(registry);
    }

    pub(in crate::net) fn handle_event(&mut self, event: &Event) {
        self.tcp.handle_event(event);
    }

    pub(in crate::net) fn is_drained(&self) -> bool {
        self.tcp.is_drained()
    }

    pub(in crate::net) fn is_writable(&self) -> bool {
        self.tcp.is_writable()
    }

    pub(in crate::net) fn wants_write(&self) -> bool {
        self.session.wants_write()
    }

    pub(in crate::net) fn is_local(&self) -> bool {
        self.tcp.is_local()
    }

    pub(in crate::net) fn read(&mut self, buffer: &mut [u8]) -> Received {
        loop {
            match self.session.reader().read(buffer) {
                // The server has said that this is the end.
                Ok(0) => return Received::End,
                Ok(count) => return Received::Bytes(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The end came without a word: any machine on the way can do that.
                Err(_) => return Received::Cut,
            }
            match self.session.read_tls(&mut Carrier(&mut self.tcp)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Received::Drained;
                }
                Err(_) => return Received::Cut,
            }
            if self.session.process_new_packets().is_err() {
                // The alert, for the server's log.
                let _ = self.flush();
                return Received::Cut;
            }
        }
    }

    pub(in crate::net) fn write(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, Lost> {
        self.flush()?;
        let has_bytes = slices.iter().any(|slice| !slice.is_empty());
        if has_bytes && self.sending != Sending::Open {
            return Err(Lost);
        }
        if !has_bytes || self.session.wants_write() {
            return Ok(0);
        }
        let taken = self.session.writer().write_vectored(slices);
        let taken = taken.map_err(|_| Lost)?;
        self.flush()?;
        Ok(taken)
    }

    /// Tells the server that nothing more comes, once: behind it what the server still
    /// says can be read.
    pub(in crate::net) fn close(&mut self) {
        if self.sending == Sending::Open {
            self.sending = Sending::Closing;
            self.session.send_close_notify();
            let _ = self.flush();
        }
    }

    /// Sends what is encrypted, as far as the system takes it.
    fn flush(&mut self) -> Result<(), Lost> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Carrier(&mut self.tcp)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Lost),
            }
        }
        if self.sending == Sending::Closing {
            self.sending = Sending::Closed;
            self.tcp.close();
        }
        Ok(())
    }
}

/// The socket as the session wants it.
struct Carrier<'a>(&'a mut Socket<TcpStream>);

impl Read for Carrier<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Received::Bytes(count) => Ok(count),
            Received::Drained => Err(io::ErrorKind::WouldBlock.into()),
            Received::End | Received::Cut => Ok(0),
        }
    }
}

impl Write for Carrier<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.0.write(slices) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            Ok(count) => Ok(count),
            Err(Lost) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
