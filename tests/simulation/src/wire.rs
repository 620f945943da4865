//! A socket without a system: what has arrived, how much more can be sent, and
//! how it ends.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};

use chat_server::net::transport::{Received, StallTimer, Transport};

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

impl Transport for Wire {
    type Registry = ();

    fn register(&mut self, (): &(), _: usize) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, (): &()) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        if !self.arrived.is_empty() {
            self.arrived.make_contiguous();
            let count = self.arrived.read(buffer)?;
            let is_drained = count < buffer.len();
            return Ok(Received { count, is_drained });
        }
        let end = Received {
            count: 0,
            is_drained: true,
        };
        match self.error {
            Some(error) => Err(error.into()),
            None if self.ended => Ok(end),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_slices(&[IoSlice::new(bytes)])
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
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

    fn set_stall_timer(&self, _: StallTimer) {}
}
