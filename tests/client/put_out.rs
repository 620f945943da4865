//! A person whom an operator puts out of the room, or keeps out of it.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use chat_testkit::{Output, Peer, Program, keys};

use crate::scripted::{greet, listen, send_reply, welcome, welcome_to_room};
use crate::status::given_back;
use crate::{open, open_with, piped_with};

const WHY: &str = "bo has removed you: too loud";

/// Puts the client out, which does not close by itself.
#[track_caller]
fn put_out(server: &mut Peer, code: &str) {
    send_reply(
        server,
        &format!(r#""type":"error","code":"{code}","text":"{WHY}""#),
    );
}

/// Greets the next client with these words, and closes when the client does.
#[track_caller]
fn greet_with(listener: &TcpListener, words: &str) {
    let mut peer = Peer::accept(listener);
    peer.send_str(&format!("\r-- chat/1 {words}: {WHY}\n"));
    peer.expect_eof();
}

/// Ends by itself, though there may be more to send.
#[track_caller]
fn ended(mut client: Program) -> Output {
    client.wait_exit(Duration::from_secs(10));
    client.finish()
}

/// No client has come again. One that has ended cannot do so later.
#[track_caller]
fn comes_no_more(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a socket");
    let error = listener.accept().expect_err("a client has come again");
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    listener.set_nonblocking(false).expect("a socket");
}

const SECRET: &str = r#","secret":"000102030405060708090a0b0c0d0e0f""#;

#[test]
fn a_client_that_is_put_out_is_status_4() {
    let (listener, addr) = listen();
    for code in ["removed", "banned"] {
        for way in [&[][..], &["--json"]] {
            let client = piped_with(addr, "ann", way);
            let mut server = welcome(&listener, "ann");
            put_out(&mut server, code);
            let output = ended(client);
            assert_eq!(output.code(), 4, "{way:?}: {output}");
            assert_eq!(output.stderr, format!("chat-client: {WHY}\n"), "{way:?}");
            let has_object = output.stdout.contains(&format!(r#""code":"{code}""#));
            assert_eq!(has_object, way == ["--json"], "{output}");
            comes_no_more(&listener);
        }
    }
}

/// What was not delivered is listed as ever.
#[test]
fn a_message_that_is_not_let_in_is_status_4() {
    let (listener, addr) = listen();
    let mut client = piped_with(addr, "ann", &["--send"]);
    client.send_str("hello");
    client.close_stdin();
    let mut server = welcome(&listener, "ann");
    server.expect_line();
    put_out(&mut server, "removed");
    let output = client.finish();
    assert_eq!(output.code(), 4, "{output}");
    let told = format!("chat-client: {WHY}\nchat-client: not delivered: hello\n");
    assert_eq!(output.stderr, told);
    comes_no_more(&listener);
}

#[test]
fn a_person_at_a_prompt_sees_why() {
    let (listener, addr) = listen();
    let mut ann = open(addr, "ann", 24, 80);
    let mut server = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    ann.type_text("half typed");
    ann.wait_for_text("<You> half typed");
    put_out(&mut server, "removed");
    assert_eq!(ann.wait_exit(), 4);
    let screen = ann.screen();
    assert_eq!(screen.matches(WHY).count(), 1, "{screen}");
    assert!(screen.contains("-- not sent: half typed"), "{screen}");
    assert!(!screen.contains("trying again"), "{screen}");
    given_back(&ann);
    comes_no_more(&listener);
}

#[test]
fn a_banned_client_is_told_at_the_door() {
    let (listener, addr) = listen();
    for way in [&[][..], &["--send"], &["--json"], &["--no-reconnect"]] {
        let client = piped_with(addr, "ann", way);
        greet_with(&listener, "banned");
        let output = ended(client);
        assert_eq!(output.code(), 4, "{way:?}: {output}");
        assert_eq!(output.stderr, format!("chat-client: {WHY}\n"), "{way:?}");
        comes_no_more(&listener);
    }
    // One that was banned while it was away.
    let mut ann = open(addr, "ann", 24, 80);
    drop(welcome(&listener, "ann"));
    greet_with(&listener, "banned");
    assert_eq!(ann.wait_exit(), 4);
    let screen = ann.screen();
    assert_eq!(screen.matches(WHY).count(), 1, "{screen}");
    given_back(&ann);
    comes_no_more(&listener);
    // By a server that says it in answer to the hello.
    let client = piped_with(addr, "ann", &[]);
    let mut server = greet(&listener);
    put_out(&mut server, "banned");
    let output = ended(client);
    assert_eq!(output.code(), 4, "{output}");
}

#[test]
fn a_locked_room_lets_in_only_people_who_were_there() {
    let (listener, addr) = listen();
    for way in [&[][..], &["--send"], &["--json"]] {
        let client = piped_with(addr, "ann", way);
        greet_with(&listener, "locked");
        let output = ended(client);
        assert_eq!(output.code(), 1, "{way:?}: {output}");
        assert_eq!(output.stderr, format!("chat-client: {WHY}\n"), "{way:?}");
        comes_no_more(&listener);
    }
    let mut ann = open_with(addr, "ann", &[], &[]);
    let mut server = greet(&listener);
    welcome_to_room(&mut server, 1, "ann", SECRET);
    ann.wait_for_text("-- you are ann;");
    drop(server);
    let mut server = Peer::accept(&listener);
    server.send_str(&format!("\r-- chat/1 locked: {WHY}\n"));
    let hello = server.expect_line();
    assert!(hello.contains(SECRET), "{hello}");
    let resumed = format!(r#"{SECRET},"resumed":true,"from":2"#);
    welcome_to_room(&mut server, 1, "ann", &resumed);
    ann.wait_for_text("-- back after");
    assert!(!ann.screen().contains(WHY));
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(server.expect_line(), r#"{"type":"quit"}"#);
    drop(server);
    assert_eq!(ann.wait_exit(), 0);
}
