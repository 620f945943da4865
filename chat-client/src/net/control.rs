//! Connecting to the control socket of a server of this machine.

use std::io;
use std::path::Path;

use super::transport::Transport;
use crate::reason::reason;

/// Connects at once, or says why there is no connection.
#[cfg(unix)]
pub(super) fn reach(path: &Path) -> Result<Transport, String> {
    use std::os::unix::fs::FileTypeExt;

    use mio::net::UnixStream;

    use super::socket::Socket;

    let found = std::fs::metadata(path).map_err(|error| why(&error))?;
    if !found.file_type().is_socket() {
        return Err("that is no socket. Is the path right?".to_owned());
    }
    let socket = UnixStream::connect(path).map_err(|error| why(&error))?;
    Ok(Transport::Control(Socket::new(socket)))
}

#[cfg(not(unix))]
pub(super) fn reach(_: &Path) -> Result<Transport, String> {
    Err(NOWHERE.to_owned())
}

#[cfg_attr(not(unix), expect(dead_code, reason = "there are no such sockets"))]
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is none. Is chat-server running, and is the path right?",
        io::ErrorKind::ConnectionRefused => "no server listens there any more. Is it running?",
        io::ErrorKind::PermissionDenied => {
            "permission denied. Only the user who runs the server, and root, can come in there"
        }
        io::ErrorKind::WouldBlock => "the server takes no connection now. Is it stopped?",
        _ => return reason(error),
    }
    .to_owned()
}

/// The words for a system that has no such sockets.
pub const NOWHERE: &str = "there are no control sockets on this system";

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_socket_that_cannot_be_reached_is_told_in_plain_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ctl");
        let told = |path: &Path| reach(path).expect_err("no server");
        assert!(told(&path).starts_with("there is none. "));
        std::fs::write(&path, "").expect("a file");
        assert!(told(&path).starts_with("that is no socket. "));
        assert!(told(&path.join("x")).starts_with("a part of its path is not a folder"));
        assert!(told(folder.path()).starts_with("that is no socket. "));
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).expect("a path");
        let transport = reach(&socket).expect("a listener");
        assert!(transport.is_local() && !transport.is_encrypted());
        drop(listener);
        assert!(told(&socket).starts_with("no server listens there any more"));
    }
}
