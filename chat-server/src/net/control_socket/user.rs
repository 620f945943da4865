//! Which users may come in at the control socket.

use std::io;

use mio::net::UnixStream;
use rustix::process::{Uid, geteuid};

/// Whether a peer that is this user may come in at the socket of a server that is run by
/// `own`.
fn may_operate(peer: Uid, own: Uid) -> bool {
    peer == own || peer.is_root()
}

/// Whether the user at the other end may come in.
///
/// # Errors
///
/// When the system does not tell who that is.
pub(super) fn is_operator(peer: &UnixStream) -> io::Result<bool> {
    let peer = user_of(peer)?;
    Ok(peer.is_none_or(|peer| may_operate(peer, geteuid())))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn user_of(peer: &UnixStream) -> io::Result<Option<Uid>> {
    Ok(Some(rustix::net::sockopt::socket_peercred(peer)?.uid))
}

/// Without unsafe code it cannot be asked here. The mode of the socket's file, which
/// these systems heed at each connection, keeps other users out.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn user_of(_: &UnixStream) -> io::Result<Option<Uid>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_user_and_root_may_operate() {
        let user = Uid::from_raw;
        for (peer, own, may) in [
            (1000, 1000, true),
            (0, 1000, true),
            (0, 0, true),
            (1001, 1000, false),
            (1000, 0, false),
            // What a user of another namespace looks like.
            (65534, 1000, false),
        ] {
            assert_eq!(may_operate(user(peer), user(own)), may, "{peer} {own}");
        }
    }

    #[test]
    fn the_user_of_a_peer_is_asked_of_the_system() {
        let (peer, _other) = UnixStream::pair().unwrap();
        assert!(is_operator(&peer).unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(user_of(&peer).unwrap(), Some(geteuid()));
    }
}
