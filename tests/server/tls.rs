//! Encrypted and plain connections on one port, and the key of the server.

pub(crate) mod client;
mod identity;
mod names;
mod password;
mod refused;
mod slow;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use chat_server::net::listener::own_addresses;
use chat_testkit::{Peer, ServerProcess, Signal, until};
use client::TlsPeer;

use crate::{SERVER, join};

const PLAIN: &str = "-- this connection is not encrypted\n";

/// A server in this mode, with more arguments.
#[track_caller]
fn server(mode: &str, args: &[&str]) -> ServerProcess {
    ServerProcess::start(SERVER, &[&["--tls", mode], args].concat())
}

/// How long the quickest of some greetings took that plain peers waited for, who said this
/// before.
fn quickest_greeting(addr: SocketAddr, said: &str) -> Duration {
    let wait = |_| {
        let mut peer = Peer::connect(addr);
        let start = Instant::now();
        peer.send_str(said);
        peer.expect("\r-- chat/1 tls welcome: ");
        let elapsed = start.elapsed();
        peer.expect(PLAIN);
        elapsed
    };
    (0..5).map(wait).min().expect("there are some")
}

/// A peer without TLS is greeted after a moment, or at once if it speaks first, and told
/// that others can read along.
#[test]
fn plain_peers_are_greeted_as_such() {
    let server = server("offer", &[]);
    let silent = quickest_greeting(server.addr(), "");
    let range = Duration::from_millis(95)..Duration::from_millis(300);
    assert!(range.contains(&silent), "{silent:?}");
    let speaking = quickest_greeting(server.addr(), "hi\n");
    assert!(speaking < Duration::from_millis(90), "{speaking:?}");
}

/// Both kinds are in one room, and each is told of its own connection.
#[test]
fn encrypted_and_plain_peers_talk() {
    for mode in ["offer", "require"] {
        let server = server(mode, &[]);
        let mut ann = TlsPeer::connect(server.addr());
        ann.expect("\r-- chat/1 welcome: ");
        ann.send_str("/nick ann\n");
        let greeting = ann.expect("you are now known as ann\n");
        assert!(!greeting.contains("encrypted"), "{greeting}");
        let mut bo = join(server.addr(), "bo");
        bo.send_str("hello\n");
        ann.expect("\r<bo> hello\n");
        ann.send_str("hello yourself\n");
        bo.expect("\r<ann> hello yourself\n");
        ann.send_str("/quit\n");
        ann.expect_end();
        server.wait_for_log("left name=ann address=127.0.0.1:");
        assert_eq!(server.count("tls_handshakes"), 1);
    }
}

/// What is no TLS behind the handshake says nothing in the room, and ends the connection.
#[test]
fn what_cannot_be_decrypted_is_not_said() {
    let server = server("offer", &[]);
    let mut bo = join(server.addr(), "bo");
    let mut ann = TlsPeer::connect(server.addr());
    ann.send_str("/nick ann\n");
    ann.expect("you are now known as ann\n");
    ann.send_in_plain(b"I am ann, send money\n");
    let heard = bo.expect("[ann] is offline\n");
    assert!(!heard.contains("money"), "{heard}");
    server.wait_for_log("reason=\"what it sent cannot be decrypted\"");
}

/// Without TLS nothing of this is seen, and there is no delay and no key.
#[test]
fn off_is_as_if_there_were_no_tls() {
    let state = tempfile::tempdir().expect("a directory");
    let folder = state.path().to_str().expect("a name in UTF-8");
    let server = server("off", &["--state", folder, "--control", "none"]);
    let mut peer = Peer::connect(server.addr());
    let greeting = peer.expect("to stay\n");
    assert!(greeting.starts_with("\r-- chat/1 welcome: "), "{greeting}");
    peer.send_str("/nick ann\n");
    let rest = peer.expect("you are now known as ann\n");
    assert_eq!(rest, "\r-- you are now known as ann\n");
    let mut hello = Peer::connect(server.addr());
    hello.send(&client::hello());
    assert!(hello.expect_eof().contains("TLS"));
    assert_eq!(state.path().read_dir().expect("it is there").count(), 0);
    server.wait_for_log("can join, and nothing is encrypted\n");
}

/// The server is stopped while a silent peer is held, until that has been silent for too
/// long by the clock; but it has spoken meanwhile.
#[test]
fn a_server_that_is_late_looks_once_more() {
    let server = server("offer", &[]);
    for _ in 0..3 {
        let mut peer = Peer::connect(server.addr());
        // It has been accepted by then.
        until("it is held", || server.count("connections") == 0);
        server.signal(Signal::Stop);
        peer.send(&client::hello());
        std::thread::sleep(Duration::from_millis(150));
        server.signal(Signal::Continue);
        // A handshake, and not a greeting.
        until("it answers", || {
            let _ = peer.try_send(b"");
            let mut first = [0];
            let peeked = peer.stream().peek(&mut first).expect("it answers");
            assert_eq!((peeked, first), (1, [0x16]));
            true
        });
    }
}

/// Who is on the way does not keep a server from ending.
#[test]
fn a_stop_closes_what_is_at_the_entry() {
    let server = server("offer", &[]);
    let mut silent = Peer::connect(server.addr());
    let mut half = Peer::connect(server.addr());
    half.send(&client::hello()[..100]);
    let mut ann = join(server.addr(), "ann");
    drop(silent.try_send(b""));
    server.signal(Signal::Terminate);
    ann.expect("-- the server is shutting down");
    half.expect_end();
    silent.expect_end();
    drop((ann, half, silent));
    let status = server.wait_exit(Duration::from_secs(3));
    assert_eq!(status.code(), Some(0));
}

/// The header of a proxy stands before TLS.
#[test]
fn a_proxy_says_who_comes_over_tls() {
    let server = server("require", &["--proxy-protocol"]);
    let mut stream = std::net::TcpStream::connect(server.addr()).expect("it listens");
    let header = b"PROXY TCP4 192.0.2.1 192.0.2.9 56324 80\r\n";
    stream.write_all(header).expect("it is taken");
    let mut ann = TlsPeer::over(stream, &[b"chat/1"]).expect("a handshake");
    ann.expect("and you are 192.0.2.1:56324\n");
}

/// The modes of what it keeps.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path.metadata().expect("it is there");
    metadata.permissions().mode() & 0o777
}
