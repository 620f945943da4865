//! The way to the ssh-agent.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection to an agent. Reading and writing fail when its time is over.
#[derive(Debug)]
pub struct AgentStream {
    stream: Stream,
    until: Instant,
}

#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;

/// There is none: the agent of Windows listens at a named pipe.
#[cfg(not(unix))]
type Stream = io::Empty;

impl AgentStream {
    /// Whether an agent can be reached on this system at all.
    pub const AVAILABLE: bool = cfg!(unix);

    /// Connects to the agent at `path`, and gives it so much time for all that is asked.
    ///
    /// # Errors
    ///
    /// Those of the system.
    #[cfg(unix)]
    pub fn connect(path: &Path, within: Duration) -> io::Result<Self> {
        Ok(Self {
            stream: Stream::connect(path)?,
            until: Instant::now() + within,
        })
    }

    /// There is no way.
    ///
    /// # Errors
    ///
    /// Always.
    #[cfg(not(unix))]
    pub fn connect(_: &Path, _: Duration) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The time that is left.
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }

    /// Gives the socket the time that is left.
    #[cfg(unix)]
    fn limit(&self) -> io::Result<()> {
        let left = Some(self.left()?);
        self.stream.set_read_timeout(left)?;
        self.stream.set_write_timeout(left)
    }

    #[cfg(not(unix))]
    fn limit(&self) -> io::Result<()> {
        self.left().map(drop)
    }
}

impl Read for AgentStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl Write for AgentStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.limit()?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A socket whose time is over says that it would block.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
