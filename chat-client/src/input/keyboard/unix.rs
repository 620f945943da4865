//! The keyboard on Unix: bytes of a terminal, which we decode.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use super::decoder::Decoder;
use crate::input::event::Typed;
use crate::sys::{is_nothing, wait_to_read};

/// The terminal that standard input is; or that of the process, if lines come by standard input.
pub struct Keyboard {
    tty: File,
    decoder: Decoder,
    buffer: Box<[u8]>,
}

impl Keyboard {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        Ok(Self {
            tty: match stdin.is_terminal() {
                true => stdin.as_fd().try_clone_to_owned()?.into(),
                false => File::open("/dev/tty")?,
            },
            decoder: Decoder::default(),
            buffer: vec![0; READ_BUFFER].into(),
        })
    }

    /// Whether something comes within this time.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn is_ready(&self, within: Duration) -> io::Result<bool> {
        self.wait(Some(within))
    }

    /// Waits, and takes the bytes that have come, perhaps half a key.
    ///
    /// # Errors
    ///
    /// When the terminal is gone.
    pub fn read(&mut self, typed: &mut Vec<Typed>) -> io::Result<()> {
        let alone = self.decoder.is_waiting().then_some(ESCAPE_ALONE);
        if !self.wait(alone)? {
            self.decoder.expire(typed);
            return Ok(());
        }
        match self.tty.read(&mut self.buffer) {
            // Some terminals end so when they are gone; others give EIO.
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.decoder.decode(&self.buffer[..count], typed);
                Ok(())
            }
            Err(error) if is_nothing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits without end, if no time is given.
    fn wait(&self, within: Option<Duration>) -> io::Result<bool> {
        wait_to_read(self.tty.as_fd(), within)
    }
}

/// A terminal gives at most as much at once.
const READ_BUFFER: usize = 4096;

/// After so long without another byte an ESC was the key of that name.
const ESCAPE_ALONE: Duration = Duration::from_millis(50);
