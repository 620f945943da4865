//! A socket without a system: what has arrived, how much more can be sent, and
//! how it ends. The server has one handle of it and the hall another.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::rc::Rc;

use chat_server::access::keys::PersonKey;
use chat_server::net::transport::{Carrier, Readiness, Received, StallTimer, Transport};

/// One end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// The number of the connection.
    pub(crate) number: usize,
    /// The key that the peer has proved to have.
    key: Option<PersonKey>,
    socket: Rc<RefCell<Socket>>,
}

/// What both ends know of the connection.
#[derive(Debug, Default)]
pub(crate) struct Socket {
    /// The worker that it belongs to, and its key there.
    pub(crate) place: Option<(usize, usize)>,
    /// What has happened to it and the worker is not told of yet.
    pub(crate) happened: Option<Readiness>,
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

impl Wire {
    pub(crate) fn new(number: usize, key: Option<PersonKey>) -> Self {
        let socket = Socket {
            space: usize::MAX,
            ..Socket::default()
        };
        Self {
            number,
            key,
            socket: Rc::new(RefCell::new(socket)),
        }
    }

    pub(crate) fn socket(&self) -> RefMut<'_, Socket> {
        self.socket.borrow_mut()
    }

    /// Whether the other end is gone.
    pub(crate) fn is_alone(&self) -> bool {
        Rc::strong_count(&self.socket) == 1
    }
}

impl Socket {
    /// The poll is to tell of this.
    pub(crate) fn tell(&mut self, happened: Readiness) {
        let earlier = self.happened.unwrap_or_default();
        self.happened = Some(Readiness {
            readable: earlier.readable || happened.readable,
            writable: earlier.writable || happened.writable,
            read_on: earlier.read_on || happened.read_on,
            failed: earlier.failed || happened.failed,
        });
    }

    /// It fails.
    pub(crate) fn fail(&mut self) {
        self.error = Some(io::ErrorKind::ConnectionReset);
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
}

impl Transport for Wire {
    /// The worker whose poll it is.
    type Registry = usize;

    fn register(&mut self, worker: &usize, key: usize) -> io::Result<()> {
        self.socket().place = Some((*worker, key));
        Ok(())
    }

    fn deregister(&mut self, _: &usize) -> io::Result<()> {
        self.socket().place = None;
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        self.socket().read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_slices(&[IoSlice::new(bytes)])
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket().write_slices(slices)
    }

    fn shut(&mut self) -> io::Result<()> {
        self.socket().shut()
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    fn set_stall_timer(&self, _: StallTimer) {}

    fn carrier(&self) -> Carrier {
        match self.key {
            Some(_) => Carrier::Tls,
            None => Carrier::Plain,
        }
    }

    fn take_key(&mut self) -> Option<PersonKey> {
        self.key.clone()
    }
}
