//! Servers that are not ours: the tutorial's, silent ones, hostile ones.

#[cfg(unix)]
use std::io::Write;
use std::thread;
use std::time::Duration;

use chat_testkit::{Peer, Terminal, keys, until};
#[cfg(unix)]
use chat_testkit::{Program, Signal};

use crate::scripted::{Tutorial, greet, listen, send_message, send_reply, welcome};
use crate::{client, count, open, open_with, piped, piped_with};

#[test]
fn two_clients_talk_through_the_tutorials_server() {
    let tutorial = Tutorial::start();
    let ann = open(tutorial.addr(), "ann", 24, 80);
    ann.wait_for_text("<You>");
    until("ann is in", || tutorial.people() == 1);
    let mut bo = open(tutorial.addr(), "bo", 24, 80);
    ann.wait_screen(
        |screen| screen.contains("] entered room\n<You>"),
        "the news of bo",
    );
    until("bo is in", || tutorial.people() == 2);
    bo.type_text("hello\r");
    ann.wait_screen(
        |screen| screen.contains("<('127.0.0.1', ") && screen.contains(")> hello\n<You>"),
        "what bo says",
    );
    ann.type_text("half typed");
    ann.wait_for_text("<You> half typed");
    bo.wait_for_text("<You> hello\n<You>");
    bo.type_text("how are you?\r");
    ann.wait_for_text(")> how are you?\n<You> half typed");
    ann.type_text(&keys::ctrl('u'));
    ann.type_text("fine\r");
    bo.wait_for_text(")> fine\n<You>");
    ann.wait_for_text("<You> fine\n<You>");
    // It says this without a line end.
    bo.type_text(&keys::ctrl('d'));
    ann.wait_for_text(") is offline\n<You>");
    assert_eq!(bo.wait_exit(), 0);
    let full = ann.full_text();
    assert_eq!(count(&full, "<You> fine"), 1, "in:\n{full}");
}

/// Silence is no proof that it is no chat.
#[test]
fn a_server_without_a_greeting_gets_plain_lines() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = Peer::accept(&listener);
    ann.wait_for_text("<You>");
    // Typed before it is clear what the server is.
    ann.type_text("early\r");
    assert_eq!(server.expect_line(), "early");
    ann.wait_for_text(
        "\n-- this server does not greet as a chat server does: what you type is sent to it\n\
         -- line by line, and nothing tells whether it arrives\n<You> early\n<You>",
    );
    ann.type_text("hello\r");
    assert_eq!(server.expect_line(), "hello");
    server.send_str("\r<('127.0.0.1', 38378)> hello\n");
    ann.wait_for_text("<('127.0.0.1', 38378)> hello\n<You>");
    server.send_str("Client (127.0.0.1, 38378) is offline");
    ann.wait_for_text("Client (127.0.0.1, 38378) is offline\n<You>");
    server.send_str("Client (127.0.0.1, 1) is offline\r<('127.0.0.1', 2)> you there?\n");
    ann.wait_for_text("Client (127.0.0.1, 1) is offline\n<('127.0.0.1', 2)> you there?\n<You>");
    ann.type_text("/quit\r");
    let rest = server.expect_eof();
    assert_eq!(rest, "", "nothing was sent but lines");
    let full = ann.full_text();
    assert_eq!(count(&full, "<You> hello"), 1, "in:\n{full}");
    assert_eq!(full.matches("early").count(), 1, "in:\n{full}");
}

#[test]
fn a_pipe_into_the_tutorials_server_sends_plain_lines() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "pipe", &["--plain-server"]);
    program.send_str("one\ntwo\nlast");
    program.close_stdin();
    let mut server = Peer::accept(&listener);
    assert_eq!(server.expect_eof(), "one\ntwo\nlast\n");
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stderr, "");
}

#[test]
fn a_long_pipe_into_the_tutorials_server_arrives_whole() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "pipe", &["--plain-server"]);
    let mut server = Peer::accept(&listener);
    // That settles it: no greeting.
    server.send_str("hello\n");
    program.stdout.expect("hello\n");
    let input: String = (0..500)
        .map(|n| format!("{n:04}{}\n", "x".repeat(4000)))
        .collect();
    program.send_str(&input);
    program.close_stdin();
    let received = server.expect_eof();
    assert!(received == input, "{} of {}", received.len(), input.len());
    drop(server);
    assert_eq!(program.finish().code(), 0);
}

#[test]
fn a_plain_server_that_goes_away_is_noticed() {
    let (listener, addr) = listen();
    let mut ann = open(addr, "ann", 24, 80);
    let mut server = Peer::accept(&listener);
    server.send_str("welcome\n");
    ann.wait_for_text("welcome\n<You>");
    drop(server);
    assert_eq!(ann.wait_exit(), 1);
    assert!(
        ann.screen().ends_with("-- the server went away"),
        "{}",
        ann.screen()
    );
}

/// Nothing would tell whether such a server has heard it.
#[test]
fn a_pipe_says_nothing_to_a_server_that_does_not_greet() {
    let check = |says: &str, told: &str, args: &[&str], input: &str| {
        let (listener, addr) = listen();
        let mut program = piped_with(addr, "pipe", args);
        program.send_str(input);
        program.close_stdin();
        let mut server = Peer::accept(&listener);
        server.send_str(says);
        assert_eq!(server.expect_eof(), "", "it is not told anything");
        let output = program.finish();
        assert_eq!(output.code(), 1, "{output}");
        let advice = "if it is a server of plain lines, which cannot confirm what it gets, \
                      use --plain-server";
        let sentence = format!("chat-client: that is no chat server: {told}; {advice}\n");
        assert!(output.stderr.ends_with(&sentence), "{output}");
        assert!(!output.stdout.contains("welcome"), "{output}");
    };
    // At once, since each waits for the greeting.
    thread::scope(|scope| {
        for (says, told) in [
            ("", "it has said nothing for 5 s"),
            ("welcome\n", "it begins with \"welcome\""),
            ("no end", "it begins with \"no end\""),
        ] {
            for (args, input) in [
                (&[][..], "one\ntwo\n"),
                (&[], ""),
                (&["--send"], "one\ntwo\n"),
                (&["--send"], ""),
            ] {
                scope.spawn(move || check(says, told, args, input));
            }
        }
    });
}

/// A web server's own words for a line that is no request.
#[test]
fn an_answer_without_a_status_line_is_http_too() {
    for args in [&[][..], &["--plain-server"]] {
        let (listener, addr) = listen();
        let mut ann = open_with(addr, "ann", args, &[]);
        let mut server = Peer::accept(&listener);
        ann.type_text("hello\r");
        assert_eq!(server.expect_line(), "hello");
        server.send_str("<!DOCTYPE HTML>\n<html lang=\"en\">\n");
        assert_eq!(ann.wait_exit(), 1);
        let full = ann.full_text();
        assert!(
            full.ends_with("-- that is no chat server: it speaks HTTP"),
            "{full}"
        );
        assert!(!full.contains("html lang"), "{full}");
    }
}

#[test]
fn a_server_that_accepts_and_closes_is_status_1() {
    let (listener, addr) = listen();
    let program = piped(addr, "pipe");
    drop(Peer::accept(&listener));
    // Its end of file comes only after that.
    let mut program = program;
    assert_eq!(program.wait_exit(Duration::from_secs(5)).code(), Some(1));
    program.stderr.expect(
        "chat-client: the server closed the connection without a word. Is it a chat server?\n",
    );
}

/// An address without a listener does not matter.
#[test]
fn every_address_of_a_name_is_tried() {
    // Where `localhost` is ::1 as well, it has no listener.
    let (listener, addr) = listen();
    let port = addr.port().to_string();
    for args in [&["localhost", &port][..], &[&format!("localhost:{port}")]] {
        let ann = Terminal::spawn(client(), args, &[("CHAT_NAME", "ann")], 24, 80);
        let _server = welcome(&listener, "ann");
        ann.wait_for_text(&format!("-- connected to localhost port {port}"));
        ann.wait_for_text("-- you are ann");
    }
}

#[test]
fn a_greeting_in_pieces_is_understood() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = Peer::accept(&listener);
    for byte in b"\r-- chat/1 hi\n" {
        server.send(&[*byte]);
    }
    let hello = server.expect_line();
    assert!(
        hello.starts_with("/hello {") && hello.contains(r#""name":"ann""#),
        "{hello}"
    );
    send_reply(
        &mut server,
        r#""seq":7,"fresh":[{}],"type":"welcome","protocol":1,"name":"ann-9","people":3,"names":["ann-9"],"limits":{"text":4096,"line":32768,"name":32}"#,
    );
    ann.wait_for_text("-- you are ann-9; 2 others are here. /help for commands and keys\n<You>");
    // Kinds and members that are newer than this client.
    send_reply(
        &mut server,
        r#""seq":8,"type":"picture","name":"bo","data":"x""#,
    );
    send_message(&mut server, 9, "bo", "one\\ntwo", None);
    ann.wait_for_text("keys\n<bo> one\n<bo> two\n<You>");
}

/// Before the welcome, too, `/quit` does not wait for its turn.
#[test]
fn a_server_that_does_not_let_in_can_be_left() {
    for greets in [false, true] {
        let (listener, addr) = listen();
        let mut ann = open(addr, "ann", 24, 80);
        let _server = match greets {
            true => greet(&listener),
            false => Peer::accept(&listener),
        };
        ann.wait_for_text("<You>");
        ann.type_text("early\r/quit\r");
        assert_eq!(ann.wait_exit(), 1);
        let full = ann.full_text();
        assert!(full.ends_with("-- not delivered: early"), "{full}");
    }
}

/// What it does not take is told, however the client ends.
#[cfg(unix)]
#[test]
fn what_a_plain_server_does_not_take_is_told() {
    let (listener, addr) = listen();
    // More than the system keeps for a connection.
    let mut input = tempfile::NamedTempFile::new().expect("a file");
    let line = format!("{}\n", "x".repeat(4000));
    input.write_all(line.repeat(5000).as_bytes()).expect("room");
    let [program, path] = [client(), input.path()].map(|path| path.to_str().expect("plain"));
    let script = r#"exec "$0" "$@" < "$INPUT""#;
    let args = ["-c", script, program, &addr.to_string(), "--plain-server"];
    // Whether it is at a pause only, and has sent all that it has read, is left
    // to chance.
    until("it takes nothing more", || {
        let mut program = Program::spawn("sh", &args, &[("INPUT", path)]);
        let mut server = Peer::accept(&listener);
        server.send_str("hello\n");
        program.stdout.expect("<You> xxx");
        let mut shown = 0;
        until("nothing more is said", || {
            program.stdout.refresh();
            let before = std::mem::replace(&mut shown, program.stdout.received().len());
            shown == before
        });
        program.signal(Signal::Terminate);
        let output = program.finish();
        assert_eq!(output.code(), 128 + 15, "{}", output.stderr);
        output.stderr.ends_with(" lines were not sent\n")
    });
}
