//! A server that is there and does not let the client in.

use std::net::TcpListener;

use chat_testkit::{Peer, ServerProcess, keys, sibling};

use crate::scripted::{id_of, listen, send_message, send_reply, welcome};
use crate::status::given_back;
use crate::{client, nc, open, open_with, piped, piped_with};

const REFUSAL: &str = "the room is full: try again later";

/// Does not let the next client in, and closes at once.
#[track_caller]
fn turn_away(listener: &TcpListener) -> Peer {
    let mut peer = Peer::accept(listener);
    peer.send_str(&format!("\r-- chat/1 {REFUSAL}\n"));
    assert!(peer.expect_line().starts_with("/hello"));
    peer
}

/// Does not let the next client in, and answers it before it closes.
#[track_caller]
fn refuse(listener: &TcpListener) {
    let error = format!(r#""type":"error","code":"full","text":"{REFUSAL}""#);
    send_reply(&mut turn_away(listener), &error);
}

/// A person who cannot come in is told why, once, and nothing false.
#[test]
fn why_the_client_is_not_let_in_is_told() {
    let (listener, addr) = listen();
    for way in [&[][..], &["--send"], &["--json"]] {
        for refuse in [|listener: &_| drop(turn_away(listener)), refuse] {
            let ann = piped_with(addr, "ann", &[&["--no-reconnect"], way].concat());
            refuse(&listener);
            let output = ann.finish();
            assert_eq!(output.code(), 1, "{way:?}: {output}");
            assert_eq!(
                output.stderr,
                format!("chat-client: {REFUSAL}\n"),
                "{way:?}"
            );
        }
    }
    // In the words of the real one.
    let full = ServerProcess::start(sibling(client(), "chat-server"), &["--max-clients", "1"]);
    let _bo = nc(full.addr(), "bo");
    let output = piped_with(full.addr(), "ann", &["--no-reconnect"]).finish();
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stderr.contains("full"), "{output}");
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
    assert!(!output.stderr.contains("went away"), "{output}");
}

/// It comes back by itself, and says when.
#[test]
fn a_full_room_is_tried_again() {
    let (listener, addr) = listen();
    let mut pipe = piped(addr, "pipe");
    pipe.send_str("hello\n");
    pipe.close_stdin();
    refuse(&listener);
    let line = pipe.stderr.expect_line();
    let told = line
        .strip_prefix(&format!("chat-client: {REFUSAL}; trying again in "))
        .and_then(|wait| wait.strip_suffix(" s")?.parse::<u64>().ok());
    assert!(
        told.is_some_and(|seconds| (5..=8).contains(&seconds)),
        "{line}"
    );
    let mut server = welcome(&listener, "pipe");
    let hello = server.expect_line();
    send_message(&mut server, 1, "pipe", "hello", Some(id_of(&hello)));
    assert_eq!(server.expect_line(), r#"{"type":"quit"}"#);
    drop(server);
    let output = pipe.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
    let said = "-- you are pipe; nobody else is here yet\n<You> hello\n";
    assert!(output.stdout.ends_with(said), "{output}");
}

/// And a person sees when, and can leave meanwhile.
#[test]
fn a_full_room_is_waited_for_at_a_prompt() {
    let (listener, addr) = listen();
    let mut ann = open(addr, "ann", 24, 80);
    turn_away(&listener);
    ann.type_text("early\rdraft");
    let waiting = |seconds: &str| {
        format!(
            "\n-- {REFUSAL}\n-- not let in yet; trying again{seconds}, and what you type waits\n\
             <You> early\n<You> draft"
        )
    };
    ann.wait_for_text(&waiting(" in 3 s"));
    ann.wait_for_text(&waiting(" in 1 s"));
    refuse(&listener);
    ann.wait_for_text(&waiting(" in 4 s"));
    ann.type_text(&format!("{}{}", keys::ctrl('u'), keys::ctrl('d')));
    assert_eq!(ann.wait_exit(), 1);
    let full = ann.full_text();
    assert!(
        full.ends_with(&format!("\n-- {REFUSAL}\n-- not delivered: early")),
        "{full}"
    );
    given_back(&ann);
    // Without a prompt, too.
    let mut ann = open_with(addr, "ann", &["--plain"], &[]);
    refuse(&listener);
    ann.wait_for_text("; trying again in ");
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
}
