//! chat-client and chat-server, with nothing in between.

use std::fs;
use std::time::Duration;

use chat_testkit::{ServerProcess, sibling};

use super::Home;
use crate::client;

/// A server that keeps its key in this folder.
#[track_caller]
fn server(state: &str, args: &[&str]) -> ServerProcess {
    let args = [&["--tls", "offer", "--state", state], args].concat();
    ServerProcess::start(sibling(client(), "chat-server"), &args)
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().to_str().expect("a plain path").to_owned();
    (folder, path)
}

#[test]
fn they_meet_over_tls_and_know_each_other_again() {
    let (home, (_folder, state)) = (Home::new(), folder());
    let server = server(&state, &[]);
    let first = home.open(server.addr(), &[]);
    first.wait_for_text("-- first time here; the key SHA256:");
    first.wait_for_text("-- you are ann;");
    first.type_text("hello\r");
    first.wait_for_text("<You> hello");
    assert_eq!(server.count("tls_handshakes"), 1);
    assert_eq!(home.remembered().len(), 1);

    let again = home.open(server.addr(), &[]);
    again.wait_for_text("-- you are ann-2;");
    assert!(!again.screen().contains("first time"), "{}", again.screen());
    assert_eq!(server.count("tls_handshakes"), 2);
}

/// A server in the same place with another key is not talked to.
#[test]
fn a_server_with_another_key_gets_nothing() {
    let (home, (_one, one), (_other, other)) = (Home::new(), folder(), folder());
    let addr = {
        let server = server(&one, &[]);
        let output = home.say_secret(server.addr(), &["--send"]);
        assert!(output.status.success(), "{output:?}");
        server.addr()
    };
    let args = ["--tls", "offer", "--state", &other];
    let server = ServerProcess::start_at(sibling(client(), "chat-server"), addr, &args);
    let output = home.say_secret(server.addr(), &["--send"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(output.stderr.contains("--forget"), "{output:?}");
    assert!(!server.log().contains("name=ann"), "{}", server.log());
}

#[test]
fn a_person_types_the_password_and_it_is_not_shown() {
    let (home, (folder, state)) = (Home::new(), folder());
    let file = folder.path().join("password");
    fs::write(&file, "correct horse\n").expect("a writable directory");
    let file = file.to_str().expect("a plain path");
    let server = server(&state, &["--password-file", file]);
    let ann = home.open(server.addr(), &[]);
    ann.wait_for_text("-- this room asks for a password");
    ann.wait_for_text("password: ");
    ann.type_text("wrong\r");
    ann.wait_for_text("-- that is not the password");
    ann.type_text("correct horse\r");
    ann.wait_for_text("-- you are ann;");
    let screen = ann.full_text();
    assert!(
        !screen.contains("wrong") && !screen.contains("correct horse"),
        "{screen}"
    );
    ann.type_text("hello\r");
    ann.wait_for_text("<You> hello");

    // Programs are given it.
    let output = home.say_secret(server.addr(), &["--send", "--password-file", file]);
    assert!(output.status.success(), "{output:?}");
    ann.wait_for_text("secret");
    let mut without = home.pipe(server.addr(), &["--send"]);
    without.close_stdin();
    let status = without.wait_exit(Duration::from_secs(10));
    assert_eq!(status.code(), Some(1));
    let stderr = without.finish().stderr;
    assert!(stderr.contains("CHAT_PASSWORD"), "{stderr}");
    let log = server.log();
    assert!(
        !log.contains("correct horse") && !log.contains("wrong"),
        "{log}"
    );
}
