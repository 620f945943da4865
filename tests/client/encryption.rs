//! TLS: servers that are known, new, changed or pretended, and what is remembered.

#[cfg(target_os = "linux")]
mod authorities;
mod identity;
mod impostors;
mod memory;
mod real;

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use chat_testkit::{Identity, Output, Peer, Program, Terminal, TlsFront, keys, until};
use rustls::{ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::scripted::{listen, send_message, welcome};
use crate::{USUAL, client, nc, server};

/// What a person's client remembers.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn state(&self) -> &str {
        self.0.path().to_str().expect("a plain path")
    }

    fn known_hosts(&self) -> PathBuf {
        self.0.path().join("chat/known_hosts")
    }

    /// The lines that are remembered.
    fn remembered(&self) -> Vec<String> {
        let lines = fs::read_to_string(self.known_hosts()).unwrap_or_default();
        lines.lines().map(str::to_owned).collect()
    }

    /// A client in a terminal.
    #[track_caller]
    fn open(&self, addr: SocketAddr, args: &[&str]) -> Terminal {
        let addr = addr.to_string();
        let args = [&[&addr, "--name", "ann"], USUAL, args].concat();
        let env = [("XDG_STATE_HOME", self.state())];
        Terminal::spawn(client(), &args, &env, 24, 80)
    }

    /// A client with pipes.
    #[track_caller]
    fn pipe(&self, addr: SocketAddr, args: &[&str]) -> Program {
        let addr = addr.to_string();
        let args = [&[&addr, "--name", "ann"], args].concat();
        Program::spawn(client(), &args, &[("XDG_STATE_HOME", self.state())])
    }

    /// What becomes of a client with a pipe that says `secret`.
    #[track_caller]
    fn say_secret(&self, addr: SocketAddr, args: &[&str]) -> Output {
        let mut program = self.pipe(addr, args);
        // It may have ended already.
        let _ = program.try_send(b"secret\n");
        program.close_stdin();
        program.wait_exit(Duration::from_secs(10));
        program.finish()
    }
}

/// A front before a server that the test plays.
#[track_caller]
fn front(identity: &Identity) -> (TlsFront, TcpListener) {
    let (listener, inner) = listen();
    (TlsFront::start(inner, identity), listener)
}

/// No connection has come.
#[track_caller]
fn is_unvisited(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a socket of ours");
    let accepted = listener.accept();
    assert!(accepted.is_err(), "{accepted:?}");
}

/// A client that can keep nothing, as in a container without a home directory, joins, loses
/// its connection, comes back and ends: what it has told.
#[track_caller]
fn without_a_folder(home: &Home, front: &TlsFront, listener: &TcpListener) -> Output {
    // A folder that nothing can be written to: not even by root.
    fs::write(home.0.path().join("chat"), "in the way").expect("our own directory");
    let mut program = home.pipe(front.addr(), &["--tls"]);
    let mut inner = welcome(listener, "ann");
    program.stdout.expect("-- you are ann");
    front.cut();
    inner.expect_eof();
    let _inner = welcome(listener, "ann");
    program.stdout.expect("-- back after");
    program.close_stdin();
    program.finish()
}

/// The client has ended with this status, in one line, and said nothing else.
#[track_caller]
fn ended(output: &Output, status: i32, told: &[&str]) {
    assert_eq!(output.code(), status, "{output}");
    assert_eq!(output.stdout, "", "{output}");
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
    for part in told {
        assert!(output.stderr.contains(part), "{part} in {output}");
    }
}

const OFFER: &str =
    "\r-- chat/1 tls welcome: type to talk\n\r-- this connection is not encrypted\n";

#[test]
fn people_talk_through_tls_and_in_plain_in_one_room() {
    let server = server();
    let front = TlsFront::start(server.addr(), &Identity::new());
    let (ann_home, bo_home) = (Home::new(), Home::new());
    let ann = ann_home.open(front.addr(), &["--tls"]);
    ann.wait_for_text("-- you are ann;");
    let mut bo = bo_home.pipe(front.addr(), &["--tls", "--name", "bo"]);
    bo.stdout.expect("-- you are bo;");
    let mut cy = nc(server.addr(), "cy");
    ann.type_text("hello\r");
    bo.stdout.expect("<ann> hello\n");
    cy.expect("<ann> hello\n");
    cy.send_str("plain\n");
    ann.wait_for_text("<cy> plain");
    let much: String = (0..300)
        .map(|n| format!("line {n} {}\n", "x".repeat(1000)))
        .collect();
    bo.send_str(&much);
    bo.close_stdin();
    cy.expect("<bo> line 299");
    ann.wait_for_text("<bo> line 299");
    assert_eq!(bo.finish().code(), 0);
    let mut ann = ann;
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    let full = ann.full_text();
    assert_eq!(full.matches("<bo> line ").count(), 300, "in:\n{full}");
}

/// The greeting is all that is said in plain, and by the server alone.
#[test]
fn a_server_that_offers_tls_is_met_in_tls() {
    let identity = Identity::new();
    let (front, listener) = front(&identity);
    front.say_in_plain(OFFER);
    let home = Home::new();
    let ann = home.open(front.addr(), &[]);
    let mut inner = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    send_message(&mut inner, 1, "bo", "hi", None);
    ann.wait_for_text("<bo> hi");
    let port = front.addr().port();
    let key = identity.fingerprint();
    let expected = format!(
        "-- connected to 127.0.0.1 port {port}\
         -- first time here; the key {key} is kept\
         -- you are ann; nobody else is here yet. /help for commands and keys<bo> hi<You>"
    );
    // The terminal breaks the long row where it likes.
    let shown = ann.full_text().replace('\n', "");
    assert_eq!(shown.trim_end(), expected);
    assert_eq!(front.heard_in_plain(), b"");
    assert_eq!(home.remembered(), [format!("127.0.0.1:{port} key {key}")]);
}

#[test]
fn all_that_a_pipe_says_goes_through_tls() {
    let server = server();
    let front = TlsFront::start(server.addr(), &Identity::new());
    front.say_in_plain(OFFER);
    let mut bo = nc(server.addr(), "bo");
    for args in [&[][..], &["--send"], &["--json"], &["--plain"]] {
        let output = Home::new().say_secret(front.addr(), args);
        assert_eq!(output.code(), 0, "{output}");
        let first = "chat-client: first time here; the key SHA256:";
        assert!(output.stderr.starts_with(first), "{output}");
        assert!(!output.stdout.contains("first time"), "{output}");
        bo.expect("<ann> secret\n");
    }
    assert_eq!(front.heard_in_plain(), b"");
}

/// It speaks TLS from its first byte then, and has nothing to tell.
#[test]
fn a_server_that_is_known_is_met_without_a_word() {
    let identity = Identity::new();
    let (front, listener) = front(&identity);
    let home = Home::new();
    for (args, told) in [(&["--tls"][..], true), (&[], false), (&["--json"], false)] {
        let mut program = home.pipe(front.addr(), args);
        let inner = welcome(&listener, "ann");
        program.stdout.expect("ann");
        program.close_stdin();
        drop(inner);
        let output = program.finish();
        let first = format!(
            "chat-client: first time here; the key {} is kept\n",
            identity.fingerprint()
        );
        assert_eq!(output.stderr.contains(&first), told, "{output}");
        assert!(!output.stdout.contains("first time"), "{output}");
    }
    assert_eq!(home.remembered().len(), 1);
}

#[test]
fn a_lost_connection_is_made_again_in_tls() {
    let identity = Identity::new();
    let (front, listener) = front(&identity);
    front.say_in_plain(OFFER);
    let home = Home::new();
    let ann = home.open(front.addr(), &[]);
    let inner = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    front.cut();
    drop(inner);
    let _inner = welcome(&listener, "ann");
    ann.wait_for_text("-- back after");
    assert_eq!(ann.full_text().matches("first time here").count(), 1);
    assert_eq!(front.heard_in_plain(), b"");
}

#[test]
fn a_server_that_takes_only_tls_is_told_to_a_person_who_wants_none() {
    let (front, listener) = front(&Identity::new());
    front.say_in_plain("\r-- chat/1 tls only: chat-client HOST PORT, or ncat --ssl HOST PORT\n");
    let output = Home::new().say_secret(front.addr(), &["--no-tls"]);
    assert_eq!(output.code(), 1, "{output}");
    let told = "this server lets nobody in without encryption: leave out --no-tls\n";
    assert!(output.stderr.contains(told), "{output}");
    assert_eq!(front.heard_in_plain(), b"");
    is_unvisited(&listener);

    front.say_in_plain(OFFER);
    let mut program = Home::new().pipe(front.addr(), &["--no-tls"]);
    program.send_str("secret\n");
    until("it says hello", || {
        front.heard_in_plain().starts_with(b"/hello {")
    });
}

#[test]
fn a_handshake_that_does_not_go_on_is_no_answer() {
    let (listener, addr) = listen();
    let output = Home::new().say_secret(addr, &["--tls"]);
    ended(&output, 3, &["no answer from 127.0.0.1:"]);
    let mut heard = Peer::accept(&listener);
    heard.expect_eof();
    assert_eq!(heard.received()[0], 0x16, "a handshake of TLS");
}

#[test]
fn a_server_that_closes_in_the_handshake_is_lost_and_not_plain() {
    let (listener, addr) = listen();
    let mut program = Home::new().pipe(addr, &["--tls"]);
    drop(Peer::accept(&listener));
    program.wait_exit(Duration::from_secs(10));
    let closed = "the server closed the connection before it was encrypted";
    ended(&program.finish(), 3, &[closed]);
}

/// The end of a connection can come from any machine on the way, unless TLS says it.
#[test]
fn a_line_that_is_cut_off_is_not_shown() {
    let identity = Identity::new();
    for says_goodbye in [true, false] {
        let (listener, addr) = listen();
        let program = Home::new().pipe(addr, &["--tls", "--plain-server"]);
        let mut peer = Peer::accept(&listener);
        let session = ServerConnection::new(identity.config()).expect("a key");
        let mut server = StreamOwned::new(
            session,
            peer.stream().try_clone().expect("descriptors are left"),
        );
        server
            .write_all(b"whole\nhalf a line")
            .expect("the client is there");
        if says_goodbye {
            server.conn.send_close_notify();
        }
        server.flush().expect("the client is there");
        peer.half_close();
        let mut program = program;
        assert_eq!(program.wait_exit(Duration::from_secs(10)).code(), Some(1));
        let output = program.finish();
        assert!(output.stdout.contains("whole\n"), "{output}");
        assert_eq!(output.stdout.contains("half"), says_goodbye, "{output}");
    }
}
