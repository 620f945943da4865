//! What systemd is for a service: a socket that hears what the service tells of itself.

use std::io::ErrorKind;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tempfile::TempDir;

use crate::DEADLINE;

/// A socket for `NOTIFY_SOCKET`.
#[derive(Debug)]
pub struct NotifySocket {
    socket: UnixDatagram,
    address: String,
    _folder: TempDir,
}

impl NotifySocket {
    /// One in a folder.
    #[track_caller]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        Self::of(socket, path.to_string_lossy().into_owned(), folder)
    }

    /// One with a name that is in no folder.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn without_path() -> Self {
        use std::os::linux::net::SocketAddrExt;
        let folder = tempfile::tempdir().expect("a folder");
        // It is no other's as long as the folder is there.
        let name = folder.path().to_string_lossy().into_owned();
        let address = SocketAddr::from_abstract_name(&name).expect("a short name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");
        Self::of(socket, format!("@{name}"), folder)
    }

    fn of(socket: UnixDatagram, address: String, folder: TempDir) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).expect("a time");
        Self {
            socket,
            address,
            _folder: folder,
        }
    }

    /// The value of `NOTIFY_SOCKET`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next word of the service, which comes in time.
    #[track_caller]
    pub fn next(&self) -> String {
        let mut bytes = [0; 1024];
        loop {
            match self.socket.recv(&mut bytes) {
                Ok(count) => return String::from_utf8_lossy(&bytes[..count]).into_owned(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("the service tells nothing: {error}"),
            }
        }
    }

    /// The next word that begins so; others are passed over.
    #[track_caller]
    pub fn wait_for(&self, start: &str) -> String {
        loop {
            let word = self.next();
            if word.starts_with(start) {
                return word;
            }
        }
    }

    /// What it has told and was not looked at.
    pub fn rest(&self) -> Vec<String> {
        self.socket.set_nonblocking(true).expect("a socket");
        let mut bytes = [0; 1024];
        let mut rest = Vec::new();
        while let Ok(count) = self.socket.recv(&mut bytes) {
            rest.push(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
        self.socket.set_nonblocking(false).expect("a socket");
        rest
    }
}

impl Default for NotifySocket {
    fn default() -> Self {
        Self::new()
    }
}
