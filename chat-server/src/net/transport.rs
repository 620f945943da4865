//! What a connection needs of the way its bytes take. The server has TCP, TLS over
//! it, and the control socket; the simulation has another one without a system.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
#[cfg(target_os = "linux")]
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
#[cfg(target_os = "linux")]
use socket2::SockRef;

use crate::access::keys::PersonKey;

/// The bytes of one connection, in both directions. No call blocks.
pub trait Transport {
    /// Where the poll is told to watch it.
    type Registry;

    /// Has its [`Readiness`] told under this key.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn register(&mut self, registry: &Self::Registry, key: usize) -> io::Result<()>;

    /// Has nothing more told.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn deregister(&mut self, registry: &Self::Registry) -> io::Result<()>;

    /// Reads once. `Interrupted` means that nothing came, and that there may be more.
    ///
    /// # Errors
    ///
    /// Those of the system, `WouldBlock` among them.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received>;

    /// Writes some of it. None means that the system has taken some of what was held back,
    /// and not yet all.
    ///
    /// # Errors
    ///
    /// Those of the system, `WouldBlock` among them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes some of these, one after the other, as [`Transport::write`] does.
    ///
    /// # Errors
    ///
    /// Those of the system, `WouldBlock` among them.
    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Whether some of what was written is held back because the system has not taken it
    /// yet: it was encrypted in one piece.
    fn holds_back(&self) -> bool {
        false
    }

    /// How many bytes have come that cannot be read before more comes: the beginning of a
    /// record.
    fn unready(&self) -> usize {
        0
    }

    /// Has the system take some of what is held back.
    ///
    /// # Errors
    ///
    /// Those of the system, `WouldBlock` among them.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Ends our side, behind all that was written.
    ///
    /// # Errors
    ///
    /// Those of the system. `WouldBlock` means that the end itself is held back: this is
    /// to be called once more.
    fn shut(&mut self) -> io::Result<()>;

    /// Takes the error that the system holds for it, if it has failed.
    ///
    /// # Errors
    ///
    /// When the system cannot be asked.
    fn take_error(&self) -> io::Result<Option<io::Error>>;

    /// Whose timer ends it when the peer takes nothing. Not every system can be told.
    fn set_stall_timer(&self, timer: StallTimer);

    /// Whether people on the way can read what it carries.
    fn carrier(&self) -> Carrier {
        Carrier::Plain
    }

    /// Takes the key that the peer has proved to have, if it has shown one.
    fn take_key(&mut self) -> Option<PersonKey> {
        None
    }
}

/// How a connection carries its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// As they are.
    Plain,
    /// Encrypted.
    Tls,
    /// As they are, within this machine, from the person who runs the server.
    Control,
}

/// What one read has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// How many bytes; none at the end.
    pub count: usize,
    /// There is no more for now: what comes later is told of.
    pub is_drained: bool,
}

/// Whose timer ends a connection whose peer takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallTimer {
    /// The system's (`TCP_USER_TIMEOUT`).
    System,
    /// Only our own.
    Own,
}

/// What the poll has told of a connection. It tells of changes only, so this is kept
/// until an operation would block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Readiness {
    /// There may be something to read.
    pub readable: bool,
    /// The last write did not block.
    pub writable: bool,
    /// A drained read is not all there is: the end of the input has been told of, and
    /// only reading finds out how it ended; or the input is marked as urgent, and a
    /// read ends at each mark.
    pub read_on: bool,
    /// The connection has failed.
    pub failed: bool,
}

impl From<&Event> for Readiness {
    fn from(event: &Event) -> Self {
        let failed = event.is_error();
        let read_on = event.is_read_closed() || failed || event.is_priority();
        Self {
            readable: event.is_readable() || read_on,
            writable: event.is_writable(),
            read_on,
            failed,
        }
    }
}

/// What sockets of all kinds do alike.
macro_rules! as_any_socket {
    () => {
        type Registry = Registry;

        fn register(&mut self, registry: &Registry, key: usize) -> io::Result<()> {
            registry.register(self, Token(key), INTEREST)
        }

        fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
            registry.deregister(self)
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Write::write(self, bytes)
        }

        fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            self.write_vectored(slices)
        }

        fn shut(&mut self) -> io::Result<()> {
            self.shutdown(Shutdown::Write)
        }

        fn take_error(&self) -> io::Result<Option<io::Error>> {
            Self::take_error(self)
        }
    };
}

impl Transport for TcpStream {
    as_any_socket!();

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        let count = Read::read(self, buffer)?;
        // Less than was asked for is all there was (epoll(7)). Not every system says so.
        let is_drained = cfg!(target_os = "linux") && count < buffer.len();
        Ok(Received { count, is_drained })
    }

    #[cfg(target_os = "linux")]
    fn set_stall_timer(&self, timer: StallTimer) {
        let timeout = (timer == StallTimer::System).then_some(DEAD_AFTER);
        let _ = SockRef::from(self).set_tcp_user_timeout(timeout);
    }

    #[cfg(not(target_os = "linux"))]
    fn set_stall_timer(&self, _: StallTimer) {}
}

#[cfg(unix)]
impl Transport for UnixStream {
    as_any_socket!();

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        let count = Read::read(self, buffer)?;
        // A read ends at each descriptor that the peer passes along, and more may follow.
        let is_drained = false;
        Ok(Received { count, is_drained })
    }

    // No network is between the two: there is no timer but ours.
    fn set_stall_timer(&self, _: StallTimer) {}
}

/// What the poll tells of a connection.
#[cfg(target_os = "linux")]
const INTEREST: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);
#[cfg(not(target_os = "linux"))]
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// How long a peer may leave unanswered what was sent.
#[cfg(target_os = "linux")]
pub const DEAD_AFTER: Duration = Duration::from_secs(60);
