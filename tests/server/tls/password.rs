//! A room with a password, at the real server.

use std::fs;

use chat_testkit::{Peer, Signal};

use super::client::TlsPeer;
use super::server;

const ASKED: &str = "password: this room asks for one\n";
const IN: &str = "welcome: ";

/// A file with this password, for the option that names it.
fn file_of(password: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("password");
    fs::write(&path, password).expect("a writable directory");
    let path = path.to_str().expect("a name in UTF-8").to_owned();
    (folder, path)
}

#[test]
fn the_password_lets_peers_in_over_tls_and_over_loopback() {
    let (_folder, file) = file_of("correct horse\n");
    let server = server("offer", &["--password-file", &file]);
    server.wait_for_log("any person who knows the password can join");
    let mut ann = TlsPeer::connect(server.addr());
    ann.expect(ASKED);
    ann.send_str("/password correct horse\n/nick ann\n");
    ann.expect(IN);
    ann.expect("you are now known as ann\n");

    let mut bo = Peer::connect(server.addr());
    bo.expect(ASKED);
    ann.send_str("not for bo\n");
    bo.send_str("hello\n/password wrong\nnot for ann\n");
    bo.expect("\r-- that is not the password\n");
    bo.send_str("/password correct horse\n/nick bo\nhi\n");
    let before = bo.expect(IN);
    assert!(!before.contains("not for bo"), "{before}");
    let heard = ann.expect("\r<bo> hi\n");
    assert!(
        !heard.contains("hello") && !heard.contains("not for ann"),
        "{heard}"
    );
    let log = server.log();
    assert!(!log.contains("correct horse"), "{log}");
}

/// The file is read again on SIGHUP. A file that is of no use changes nothing.
#[test]
fn another_password_is_taken_while_the_server_runs() {
    let (_folder, file) = file_of("first");
    let server = server("offer", &["--password-file", &file]);
    let enter = |password: &str| {
        let mut peer = Peer::connect(server.addr());
        peer.expect(ASKED);
        peer.send_str(&format!("/password {password}\n"));
        peer.expect(IN);
    };
    enter("first");
    fs::write(&file, "").expect("a writable file");
    server.signal(Signal::Hangup);
    server.wait_for_log("the old password stays");
    enter("first");
    fs::write(&file, "second").expect("a writable file");
    server.signal(Signal::Hangup);
    server.wait_for_log("info the password was read again");
    enter("second");
}
