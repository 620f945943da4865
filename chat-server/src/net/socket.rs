//! What a connection needs of a socket: so that a room full of connections can be
//! simulated with the code that runs in the server.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
#[cfg(target_os = "linux")]
use socket2::SockRef;

#[cfg(target_os = "linux")]
use crate::net::connection::DEAD_AFTER;

/// What a connection needs of its socket, which never blocks.
pub trait Socket: Read + Write {
    /// Ends our side, behind all that was written.
    ///
    /// # Errors
    ///
    /// Those of the system.
    fn shut(&mut self) -> io::Result<()>;

    /// Takes away what the system has to say of it, if it has failed.
    ///
    /// # Errors
    ///
    /// When the system cannot be asked.
    fn take_error(&self) -> io::Result<Option<io::Error>>;

    /// Whether the system is to end it when its peer takes nothing for a minute.
    /// Not every system can be told.
    fn set_dead_after(&self, timeout: bool);
}

impl Socket for TcpStream {
    fn shut(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Self::take_error(self)
    }

    #[cfg(target_os = "linux")]
    fn set_dead_after(&self, timeout: bool) {
        let timeout = timeout.then_some(DEAD_AFTER);
        let _ = SockRef::from(self).set_tcp_user_timeout(timeout);
    }

    #[cfg(not(target_os = "linux"))]
    fn set_dead_after(&self, _: bool) {}
}
