//! Connections that do not come in: those that are no TLS, or too many.

use super::*;

/// A browser that comes to the port by mistake, or is sent there by a page, says nothing
/// in the room.
#[test]
fn http_is_refused_in_the_handshake() {
    let server = server("offer", &[]);
    for protocols in [&[&b"h2"[..], b"http/1.1"][..], &[b"http/1.1"], &[b"x"]] {
        let refused = TlsPeer::try_connect(server.addr(), protocols);
        let error = refused.err().expect("it is refused").to_string();
        assert!(error.contains("NoApplicationProtocol"), "{error}");
    }
    for protocols in [&[&b"h2"[..], b"chat/1"][..], &[]] {
        let mut peer = TlsPeer::try_connect(server.addr(), protocols).expect("a handshake");
        peer.expect("chat/1 welcome");
    }
    server.wait_for_log("warn refused address=127.0.0.1 reason=\"the TLS handshake failed\" why=");
}

/// Where encryption is required a plain peer from elsewhere is told so, and nothing of the
/// room, whether it speaks first or not.
#[test]
fn a_plain_peer_from_elsewhere_is_told_tls_only() {
    let line = "\r-- chat/1 tls only: chat-client HOST PORT, or ncat --ssl HOST PORT\n";
    let proxied = server("require", &["--proxy-protocol"]);
    for said in ["", "hi\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut peer = Peer::connect(proxied.addr());
        peer.send_str("PROXY TCP4 192.0.2.1 192.0.2.9 56324 80\r\n");
        peer.send_str(said);
        assert_eq!(peer.expect_eof(), line);
    }
    proxied
        .wait_for_log("warn refused address=192.0.2.1 reason=\"the connection is not encrypted\"");
    // Over loopback there is no way on which others are.
    let mut local = Peer::connect(proxied.addr());
    local.send_str("PROXY TCP4 127.0.0.1 127.0.0.1 56324 80\r\n");
    local.expect(PLAIN);
    // Another address of this machine, where it has one.
    for own in own_addresses() {
        let at = SocketAddr::new(own, 0).to_string();
        let open = server("require", &["--listen", &at]);
        let log = open.log();
        let mut lines = log.lines().rev();
        let listening = lines.find_map(|line| line.strip_prefix(&format!("listening on {own}:")));
        let Some(port) = listening.and_then(|port| port.parse().ok()) else {
            // Addresses of IPv6 are in brackets; one family is enough.
            continue;
        };
        let mut peer = Peer::connect(SocketAddr::new(own, port));
        assert_eq!(peer.expect_eof(), line);
        TlsPeer::connect(SocketAddr::new(own, port)).expect("chat/1 welcome");
    }
}

/// A refusal is told over TLS to a peer that speaks it, and ends in order.
#[test]
fn a_full_room_says_so_over_tls() {
    let server = server("offer", &["--max-clients", "1"]);
    let mut inside = TlsPeer::connect(server.addr());
    inside.expect("chat/1 welcome");
    let line = "\r-- chat/1 the room is full (at most 1, --max-clients): try again later\n";
    let mut outside = TlsPeer::connect(server.addr());
    outside.send_str("hello?\n");
    assert_eq!(outside.expect_end(), line);
    let mut plain = Peer::connect(server.addr());
    plain.send_str("hello?\n");
    assert_eq!(plain.expect_eof(), line);
}

/// A limited address has few handshakes at once; one that ends makes room.
#[test]
fn one_address_does_not_fill_the_entry() {
    let server = server("offer", &["--limit-loopback"]);
    let begin = |last: u8| {
        let mut peer = Peer::connect_from([127, 0, 0, last], server.addr());
        peer.send(&client::hello()[..50]);
        peer
    };
    let mut stalled: Vec<Peer> = (0..32).map(|_| begin(2)).collect();
    begin(2).expect_end();
    server.wait_for_log(
        "warn refused address=127.0.0.2 reason=\"too many TLS handshakes from one address\"",
    );
    TlsPeer::connect(server.addr()).expect("chat/1 welcome");
    drop(stalled.pop());
    let _again = until_held(|| begin(2));
}

/// Tries until a connection is not closed at once.
#[track_caller]
fn until_held(mut begin: impl FnMut() -> Peer) -> Peer {
    let mut held = None;
    until("one of them is held", || {
        let peer = begin();
        let limit = Some(Duration::from_millis(300));
        peer.stream().set_read_timeout(limit).expect("a limit");
        let peeked = peer.stream().peek(&mut [0]);
        held = peeked
            .is_err_and(|error| is_timeout(&error))
            .then_some(peer);
        held.is_some()
    });
    held.expect("it is held")
}

fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}

/// Handshakes that fail count as probes of the port: an address has only so many.
#[test]
fn failed_handshakes_are_limited() {
    let args = ["--limit-loopback", "--max-new-per-address", "1"];
    let server = server("offer", &args);
    let is_answered = || {
        let peer = Peer::connect_from([127, 0, 0, 2], server.addr());
        let stream = peer.stream().try_clone().expect("a handle");
        let refused = TlsPeer::over(stream, &[b"http/1.1"]).err();
        let error = refused.expect("it is refused").to_string();
        error.contains("NoApplicationProtocol")
    };
    // One more turn comes back in six seconds.
    let answered = (0..110).filter(|_| is_answered()).count();
    assert!((100..105).contains(&answered), "{answered}");
    server.wait_for_log(
        "warn refused address=127.0.0.2 reason=\"too many from one address that come and go",
    );
}
