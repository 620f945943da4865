//! Writes of which the system knows whether more follows.

use std::io::{self, Write};

use mio::net::TcpStream;

/// What follows a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// Another write, at once.
    More,
}

/// Writes once; tells how much. Linux need not send what it could send together with
/// more: a segment takes several records, and the reader is woken once for all of them.
/// Where nothing follows after all, it waits for 0.2 s at most.
pub(super) fn send(mut socket: &TcpStream, bytes: &[u8], then: Then) -> io::Result<usize> {
    match then {
        #[cfg(target_os = "linux")]
        Then::More => {
            use rustix::net::{SendFlags, send};
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            socket.try_io(|| Ok(send(socket, bytes, flags)?))
        }
        _ => socket.write(bytes),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::net::tls::testing::{sockets, wait};

    /// The reader is not woken for what more follows.
    #[test]
    fn what_more_follows_is_sent_with_that() {
        let (socket, reader) = sockets();
        let mut held = 0;
        for _ in 0..20 {
            assert_eq!(send(&socket, b"first ", Then::More).unwrap(), 6);
            // Without a word on what follows it would be there now.
            held += usize::from(reader.peek(&mut [0]).is_err());
            assert_eq!(send(&socket, b"second", Then::Nothing).unwrap(), 6);
            let mut both = [0; 20];
            wait(|| reader.peek(&mut both).ok().filter(|count| *count == 12));
            assert_eq!((&reader).read(&mut both).unwrap(), 12);
            assert_eq!(&both[..12], b"first second");
        }
        // Some may have waited for too long, on a machine that is busy.
        assert!(held > 10, "{held}");
    }
}
