//! A socket without a system: what has arrived, how much more can be sent, and
//! how it ends.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};

use chat_server::net::socket::Socket;

/// The server's end of a connection.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// What has arrived and is not read yet.
    pub(crate) arrived: VecDeque<u8>,
    /// The peer sends nothing behind that.
    pub(crate) ended: bool,
    /// It receives nothing more either: what is written to it is reset.
    pub(crate) deaf: bool,
    /// Some of what was sent never arrives.
    pub(crate) lost: bool,
    /// It fails behind that.
    pub(crate) error: Option<io::ErrorKind>,
    /// So many more bytes can be written before it would block.
    pub(crate) space: usize,
    /// What was written and the peer has not looked at yet.
    pub(crate) written: Vec<u8>,
    /// Our side was shut.
    pub(crate) shut: bool,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.arrived.is_empty() {
            // Less than was asked for means that there is no more.
            self.arrived.make_contiguous();
            return self.arrived.read(buffer);
        }
        match self.error {
            Some(error) => Err(error.into()),
            None if self.ended => Ok(0),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!(!self.shut, "something is sent behind the end");
        if let Some(error) = self.error {
            return Err(error.into());
        }
        if self.deaf {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let before = self.written.len();
        for slice in slices {
            assert!(!slice.is_empty(), "an empty slice is sent");
            let count = slice.len().min(self.space);
            self.written.extend_from_slice(&slice[..count]);
            self.space -= count;
        }
        match self.written.len() - before {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Wire {
    fn shut(&mut self) -> io::Result<()> {
        self.shut = true;
        match self.error {
            Some(error) => Err(error.into()),
            None if self.deaf => Err(io::ErrorKind::NotConnected.into()),
            None => Ok(()),
        }
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    fn set_dead_after(&self, _: bool) {}
}
