//! The connection to a control socket, and what can be wrong with it, in words for people.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::ops::errors::in_words;

/// A connection.
#[derive(Debug)]
pub(super) struct Session {
    stream: BufReader<UnixStream>,
    path: PathBuf,
    patience: Duration,
}

impl Session {
    /// Connects to the socket there. The server may be silent for as long as `patience`.
    pub(super) fn open(path: &Path, patience: Duration) -> Result<Self, String> {
        let stream = connect(path, patience).map_err(|why| {
            let path = path.display();
            format!("cannot connect to the control socket {path}: {why}")
        })?;
        Ok(Self {
            stream: BufReader::new(stream),
            path: path.to_owned(),
            patience,
        })
    }

    /// Sends lines.
    pub(super) fn send(&mut self, lines: &[u8]) -> Result<(), String> {
        let sent = self.stream.get_mut().write_all(lines);
        match sent {
            // Its last words may have come.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent.map_err(|error| self.lost(&error)),
        }
    }

    /// Waits for the next line, which is given without its end.
    pub(super) fn next_line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        let mut limited = self.stream.by_ref().take(MAX_LINE);
        let read = limited.read_until(b'\n', &mut line);
        read.map_err(|error| self.lost(&error))?;
        if line.pop() != Some(b'\n') {
            return Err(format!("the server has closed {}", self.name()));
        }
        String::from_utf8(line).map_err(|_| format!("{} does not speak UTF-8", self.name()))
    }

    /// Which one it is.
    pub(super) fn name(&self) -> String {
        format!("the control socket {}", self.path.display())
    }

    fn lost(&self, error: &io::Error) -> String {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!(
                "the server at {} has not answered within {} s: is it stopped?",
                self.name(),
                self.patience.as_secs_f64()
            ),
            io::ErrorKind::ConnectionReset => format!("the server has closed {}", self.name()),
            _ => format!("{}: {}", self.name(), in_words(error)),
        }
    }
}

fn connect(path: &Path, patience: Duration) -> Result<UnixStream, String> {
    let found = fs::metadata(path).map_err(|error| why(&error))?;
    if !found.file_type().is_socket() {
        return Err(format!("that is no socket: {NAME_ONE}"));
    }
    let connected = || {
        let address = SockAddr::unix(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // One that takes no connections would hold us up.
        socket.set_nonblocking(true)?;
        socket.connect(&address)?;
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        Ok(UnixStream::from(socket))
    };
    connected().map_err(|error| why(&error))
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is none: start chat-server, or {NAME_ONE}"),
        io::ErrorKind::ConnectionRefused => {
            format!("no server listens there any more: start chat-server, or {NAME_ONE}")
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied: only the user who runs the server, and root, can come in there"
                .to_owned()
        }
        io::ErrorKind::WouldBlock => {
            "the server takes no connection now: is it stopped?".to_owned()
        }
        _ => in_words(error),
    }
}

const NAME_ONE: &str = "name its control socket with --control PATH, as chat-server shows it";

/// The longest line that is taken: the answer to `who` is the longest one that there is.
const MAX_LINE: u64 = 1 << 20;

#[cfg(test)]
mod tests;
