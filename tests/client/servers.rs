//! Servers that are not ours: the tutorial's, silent ones, hostile ones.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use chat_testkit::{Peer, Terminal, keys, until};

use crate::scripted::{Tutorial, listen, send_message, send_reply, welcome};
use crate::{client, controls, count, is_bidi, open, piped};

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

#[test]
fn a_server_that_greets_nobody_gets_plain_lines() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = Peer::accept(&listener);
    ann.wait_for_text("<You>");
    // Typed before it is clear what the server is.
    ann.type_text("early\r");
    assert_eq!(server.expect_line(), "early");
    ann.wait_for_text("<You> early\n<You>");
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
    let mut program = piped(addr, "pipe");
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
    let mut program = piped(addr, "pipe");
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

#[test]
fn a_server_that_accepts_and_closes_is_status_1() {
    let (listener, addr) = listen();
    let program = piped(addr, "pipe");
    drop(Peer::accept(&listener));
    // Its end of file comes only after that.
    let mut program = program;
    assert_eq!(program.wait_exit(Duration::from_secs(5)).code(), Some(1));
    program.stderr.expect("chat-client: the server went away\n");
}

/// C-11: one where nobody listens does not matter.
#[test]
fn every_address_of_a_name_is_tried() {
    // Where `localhost` is ::1 as well, nobody listens there.
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
    ann.wait_for_text("-- you are ann-9; 2 others are here\n<You>");
    // Kinds and members that are newer than this client.
    send_reply(
        &mut server,
        r#""seq":8,"type":"picture","name":"bo","data":"x""#,
    );
    send_message(&mut server, 9, "bo", "one\\ntwo", None);
    ann.wait_for_text("here\n<bo> one\n<bo> two\n<You>");
}

/// What nobody may do to a terminal: clear it, set its title, colour it,
/// switch its screen, ask it questions, ring, back up, in 7 bits and in 8,
/// and turn the direction of the text.
const ATTACKS: [&str; 12] = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x1b\\",
    "\x1b[31m",
    "\x1b[?1049h",
    "\x1b[6n\x1b[c",
    "\x07\x08\x7f\x0e",
    "\u{9b}2J",
    "\u{9d}0;title\u{9c}",
    "\x1bc",
    "\u{202e}\u{2066}\u{200f}\u{61c}",
    "\x0b\x0c\u{85}\x00",
];

/// Runs a client against a script and sends it home; what it wrote beside text.
#[track_caller]
fn controls_after(script: impl FnOnce(&TcpListener, &Terminal) -> Peer) -> BTreeSet<String> {
    let (listener, addr) = listen();
    // Colours of ours depend on names, and these are the attacker's.
    let args = [&addr.to_string(), "--name", "ann", "--no-history"];
    let mut ann = Terminal::spawn(client(), &args, &[("NO_COLOR", "1")], 24, 80);
    ann.type_text("draft");
    ann.wait_for_text("<You> draft");
    let _server = script(&listener, &ann);
    ann.type_text(&(keys::ctrl('u') + &keys::ctrl('d')));
    assert_eq!(ann.wait_exit(), 0);
    assert_eq!(ann.bells(), 0);
    assert_eq!(ann.private_mode(1049), Some(false));
    assert_eq!(ann.termios_line(), ann.termios_before());
    controls(&ann)
}

#[test]
fn a_hostile_plain_server_does_not_reach_the_terminal() {
    let talk = |attacks: &[&str]| {
        controls_after(|listener, ann| {
            let mut server = Peer::accept(listener);
            for (number, attack) in attacks.iter().enumerate() {
                server.send_str(&format!("\rbefore{attack}after {number}\n"));
                // Without a line end, and cut within.
                server.send_str(attack);
            }
            server.send_str("\nthat was it\n");
            ann.wait_for_text("that was it\n<You> draft");
            assert_eq!(ann.full_text().matches("before").count(), attacks.len());
            server
        })
    };
    assert_eq!(talk(&ATTACKS), talk(&["x"; 12]));
}

#[test]
fn a_hostile_chat_server_does_not_reach_the_terminal() {
    let talk = |attacks: &[&str]| {
        controls_after(|listener, ann| {
            let mut server = welcome(listener, "ann");
            for (attack, seq) in attacks.iter().zip((1..).step_by(10)) {
                let bare: String = attack.to_string();
                let escaped: String = attack
                    .chars()
                    .map(|c| format!("\\u{:04x}", u32::from(c)))
                    .collect();
                // As JSON has it, and as it must not be.
                for attack in [escaped, bare] {
                    send_message(&mut server, seq, "bo", &format!("text{attack}!"), None);
                    send_message(&mut server, seq, &format!("name{attack}"), "hi", None);
                    for members in [
                        format!(r#""seq":{seq},"type":"action","name":"bo","text":"does{attack}""#),
                        format!(r#""seq":{seq},"type":"entered","names":["in{attack}"]"#),
                        format!(r#""seq":{seq},"type":"left","names":["out{attack}"]"#),
                        format!(
                            r#""seq":{seq},"type":"renamed","old":"o{attack}","new":"n{attack}""#
                        ),
                        format!(r#""type":"notice","text":"notice{attack}""#),
                        format!(r#""type":"error","code":"other","text":"error{attack}""#),
                        format!(r#""type":"error","code":"{attack}","text":"code{attack}""#),
                        format!(r#""type":"who","people":1,"names":["who{attack}"],"more":false"#),
                        format!(r#""type":"{attack}","text":"type""#),
                    ] {
                        send_reply(&mut server, &members);
                    }
                    server.send_str(&format!("no object{attack}\n"));
                }
            }
            send_message(&mut server, 1000, "bo", "that was it", None);
            ann.wait_for_text("<bo> that was it\n<You> draft");
            let full = ann.full_text();
            for word in ["<bo> text", "-- notice", "* bo does", "-- error"] {
                assert!(
                    full.matches(word).count() >= attacks.len(),
                    "{word} in:\n{full}"
                );
            }
            server
        })
    };
    assert_eq!(talk(&ATTACKS), talk(&["x"; 12]));
}

#[test]
fn a_hostile_server_does_not_reach_a_pipe_either() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    let mut server = Peer::accept(&listener);
    for attack in ATTACKS {
        server.send_str(&format!("before{attack}after\n"));
    }
    server.send_str("that was it\n");
    program.stdout.expect("that was it\n");
    let output = program.finish();
    let text = output.stdout.replace('\n', "");
    assert!(
        !text.contains(|c: char| c.is_control() || is_bidi(c)),
        "{output}"
    );
    assert_eq!(text.matches("before").count(), ATTACKS.len());
}

/// Sends the same again and again until it is no longer taken; how much was.
fn pour(server: &mut Peer, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while taken < POURED && server.try_send(bytes).is_ok() {
        taken += bytes.len();
    }
    taken
}

/// Far more than the system itself keeps for a connection.
const POURED: usize = 64 << 20;

#[test]
fn a_line_that_does_not_end_ends_the_client() {
    let (listener, addr) = listen();
    for greeted in [false, true] {
        let mut ann = open(addr, "ann", 24, 80);
        let mut server = if greeted {
            welcome(&listener, "ann")
        } else {
            Peer::accept(&listener)
        };
        let taken = pour(&mut server, &[b'x'; 16 << 10]);
        assert!(taken < POURED, "it has swallowed {taken} bytes");
        assert_eq!(ann.wait_exit(), 1);
        assert_eq!(ann.termios_line(), ann.termios_before());
        let screen = ann.screen();
        assert!(screen.contains("-- that is no chat server"), "{screen}");
    }
}

#[test]
fn a_server_of_another_protocol_does_no_harm() {
    let (listener, addr) = listen();
    let mut ann = open(addr, "ann", 24, 80);
    let mut server = Peer::accept(&listener);
    server.send(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<p>\xff\xfe\x00</p>\r\n",
    );
    ann.wait_for_text("HTTP/1.1 400 Bad Request");
    drop(server);
    assert_eq!(ann.wait_exit(), 1);
}
