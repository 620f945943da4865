//! A client whose connection is lost: it comes back by itself, and the room is
//! for it as if nothing had been.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use chat_testkit::{Peer, Terminal, keys, until_some};
use serde_json::Value;

use crate::reading::wait_dim;
use crate::scripted::{greet_again, id_of, listen, send_message, send_reply, welcome_to_room};
use crate::{open_with, piped, piped_with};

const RESUMED: &str = r#","resumed":true"#;

/// Ann at a terminal, in a room whose newest event is 10, and what she is
/// connected to.
#[track_caller]
fn in_room() -> (Terminal, Peer, TcpListener, SocketAddr) {
    let (listener, addr) = listen();
    let ann = open_with(addr, "ann", &[], &[("TZ", "UTC")]);
    let mut server = greet_again(&listener, r#""replay":20"#);
    welcome_to_room(&mut server, 10, "ann", "");
    ann.wait_for_text("-- you are ann; here: bo. /help for commands and keys\n<You>");
    (ann, server, listener, addr)
}

/// Listens again at an address where another listener was.
#[track_caller]
fn listen_again(addr: SocketAddr) -> TcpListener {
    until_some("the port is free", || TcpListener::bind(addr).ok())
}

/// Waits until the screen ends so, with `N` for how long she was away.
#[track_caller]
fn wait_for_end(ann: &Terminal, end: &str) {
    ann.wait_screen(|screen| without_time(screen).ends_with(end), end);
}

/// With `N` for the length of the outage, which a test cannot know.
fn without_time(text: &str) -> String {
    let Some((before, rest)) = text.split_once("after ") else {
        return text.to_owned();
    };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}after N{rest}")
}

#[test]
fn a_cut_is_healed_and_nothing_is_lost_or_doubled() {
    let (ann, mut server, listener, _) = in_room();
    ann.type_text("hello\r");
    let hello = server.expect_line();
    ann.type_text("draft");
    ann.wait_for_text("<You> hello\n<You> draft");
    drop(server);
    let mut server = greet_again(&listener, r#""resume":{"room":"r1","seq":10}"#);
    ann.wait_for_text(
        "-- connection lost; trying again, and what you type waits\n<You> hello\n<You> draft",
    );
    wait_dim(
        &ann,
        "-- connection lost; trying again, and what you type waits",
    );
    welcome_to_room(&mut server, 12, "ann", RESUMED);
    send_message(&mut server, 11, "bo", "meanwhile", None);
    send_reply(&mut server, r#""seq":12,"type":"entered","names":["ann"]"#);
    assert_eq!(server.expect_line(), hello, "the same, with the same mark");
    send_message(&mut server, 12, "bo", "twice", None);
    send_message(&mut server, 13, "ann", "hello", Some(id_of(&hello)));
    wait_for_end(
        &ann,
        "-- you are ann; here: bo. /help for commands and keys\n-- back after N s\n\
         2023-11-23 10:00 <bo> meanwhile\n<You> hello\n<You> draft",
    );
    let full = ann.full_text();
    assert_eq!(full.matches("lost").count(), 0, "in:\n{full}");
    assert_eq!(full.matches("hello").count(), 1, "in:\n{full}");
}

#[test]
fn what_is_typed_meanwhile_waits_and_goes_out_in_order() {
    let (ann, server, listener, _) = in_room();
    drop(server);
    ann.wait_for_text("-- connection lost;");
    ann.type_text("one\r/me waves\rthree\rdraft");
    ann.wait_for_text("what you type waits\n<You> one\n<You> /me waves\n<You> three\n<You> draft");
    let mut server = greet_again(&listener, "resume");
    welcome_to_room(&mut server, 10, "ann-2", RESUMED);
    for (seq, kind, text) in [
        (11, "message", "one"),
        (12, "action", "waves"),
        (13, "message", "three"),
    ] {
        let line = server.expect_line();
        let said = format!(r#"{{"type":"{kind}","text":"{text}","id":"#);
        assert!(line.contains(&said), "{said} in {line}");
        let id = id_of(&line);
        let members =
            format!(r#""seq":{seq},"type":"{kind}","name":"ann-2","text":"{text}","id":"{id}""#);
        send_reply(&mut server, &members);
    }
    wait_for_end(
        &ann,
        "-- back as ann-2 after N s\n<You> one\n* ann-2 waves\n<You> three\n<You> draft",
    );
}

#[test]
fn a_restart_is_one_line_on_the_screen() {
    let (ann, mut server, listener, addr) = in_room();
    send_message(&mut server, 11, "bo", "before", None);
    ann.type_text("draft");
    ann.wait_for_text("<bo> before\n<You> draft");
    send_reply(
        &mut server,
        r#""type":"goodbye","text":"the server is shutting down: goodbye","after_ms":100"#,
    );
    drop((server, listener));
    ann.wait_for_text(
        "<bo> before\n\
         -- the server is shutting down: goodbye; trying again, and what you type waits\n\
         <You> draft",
    );
    // It is refused for a while.
    ann.type_text(&format!("{}waits\rdra", keys::ctrl('u')));
    ann.wait_for_text("what you type waits\n<You> waits\n<You> dra");
    let listener = listen_again(addr);
    let mut server = greet_again(&listener, r#""resume":{"room":"r1","seq":11}"#);
    ann.type_text("ft");
    welcome_to_room(&mut server, 14, "ann", RESUMED);
    for members in [
        r#""seq":12,"type":"room","room":"r1","people":0"#,
        r#""seq":13,"type":"entered","names":["bo"],"back":["bo"]"#,
        r#""seq":14,"type":"entered","names":["ann"]"#,
    ] {
        send_reply(&mut server, members);
    }
    let waits = server.expect_line();
    send_message(&mut server, 15, "ann", "waits", Some(id_of(&waits)));
    send_message(&mut server, 16, "bo", "after", None);
    let port = addr.port();
    ann.wait_screen(
        |screen| {
            without_time(screen)
                == format!(
                    "-- connected to 127.0.0.1 port {port}\n-- you are ann; here: bo. /help for commands and keys\n\
                     <bo> before\n-- back after N s\n<You> waits\n<bo> after\n<You> draft"
                )
        },
        "one line more, and everything else as it was",
    );
    ann.wait_cursor(6, 11);
}

#[test]
fn a_goodbye_names_the_time_to_come_back_after() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    let mut server = greet_again(&listener, "pipe");
    welcome_to_room(&mut server, 10, "pipe", "");
    program.stdout.expect("-- you are pipe");
    let said = Instant::now();
    send_reply(
        &mut server,
        r#""type":"goodbye","text":"back soon","after_ms":1500"#,
    );
    drop(server);
    program.stdout.expect("-- back soon; trying again\n");
    let mut server = greet_again(&listener, "resume");
    let waited = said.elapsed();
    assert!(waited >= Duration::from_millis(1500), "{waited:?}");
    welcome_to_room(&mut server, 10, "pipe", RESUMED);
    program.stdout.expect("-- back after ");
    program.close_stdin();
    server.expect(r#"{"type":"quit"}"#);
    drop(server);
    assert_eq!(program.finish().code(), 0);
}

#[test]
fn no_reconnect_ends_with_the_connection() {
    let (listener, addr) = listen();
    let mut ann = open_with(addr, "ann", &["--no-reconnect"], &[]);
    let mut server = greet_again(&listener, "ann");
    welcome_to_room(&mut server, 10, "ann", "");
    ann.wait_for_text("-- you are ann;");
    ann.type_text("hello\r");
    server.expect_line();
    send_reply(
        &mut server,
        r#""type":"goodbye","text":"that was it","after_ms":0"#,
    );
    drop(server);
    assert_eq!(ann.wait_exit(), 1);
    let screen = ann.screen();
    assert!(
        screen.ends_with("-- that was it\n-- not delivered: hello\n-- the server went away"),
        "{screen}"
    );
    let again = listener
        .accept()
        .expect_err("the client does not come again");
    assert_eq!(again.kind(), ErrorKind::WouldBlock);
}

/// A room that is lost again and again: its messages, with their ids.
#[derive(Default)]
struct Room(Vec<(String, String)>);

impl Room {
    /// Lets a client in and takes so many lines, of which the last is not answered.
    /// Tells whether the client left.
    fn serve(&mut self, listener: &TcpListener, lines: usize) -> bool {
        let mut peer = Peer::accept(listener);
        peer.send_str("\r-- chat/1\n");
        let hello = peer.expect_line();
        let (_, hello) = hello.split_once(' ').expect("/hello and an object");
        let hello: Value = serde_json::from_str(hello).expect("an object");
        assert!(hello["replay"].is_null(), "for a script: {hello}");
        let resumes = hello["resume"]["seq"].as_u64();
        let seq = u64::try_from(self.0.len()).expect("a small number");
        welcome_to_room(&mut peer, seq, "pipe", resumes.map_or("", |_| RESUMED));
        for seq in resumes.unwrap_or(seq)..seq {
            self.tell(&mut peer, seq);
        }
        for number in 1..=lines {
            let line = peer.expect_line();
            if line.contains(r#""type":"quit""#) {
                return true;
            }
            let said: Value = serde_json::from_str(&line).expect("an object");
            let member = |key: &str| said[key].as_str().expect("a text").to_owned();
            let (id, text) = (member("id"), member("text"));
            let known = self.0.iter().position(|(known, _)| *known == id);
            if known.is_none() {
                self.0.push((id.clone(), text));
            }
            if number == lines {
                break;
            }
            match known {
                Some(place) => {
                    let seq = place + 1;
                    let members = format!(r#""type":"confirmed","id":"{id}","seq":{seq}"#);
                    send_reply(&mut peer, &members);
                }
                None => {
                    let seq = u64::try_from(self.0.len()).expect("a small number");
                    self.tell(&mut peer, seq - 1);
                }
            }
        }
        false
    }

    /// Sends the event behind `seq`.
    fn tell(&self, peer: &mut Peer, seq: u64) {
        let place = usize::try_from(seq).expect("a small number");
        let (id, text) = &self.0[place];
        send_message(peer, seq + 1, "pipe", text, Some(id));
    }
}

#[test]
fn a_pipe_delivers_every_line_once_however_often_it_is_cut() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    let texts: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    program.send_str(&(texts.join("\n") + "\n"));
    program.close_stdin();
    let mut room = Room::default();
    for lines in [1, 2, 30, 3] {
        assert!(!room.serve(&listener, lines), "there is more to say");
    }
    assert!(room.serve(&listener, 1000), "it leaves when all is said");
    let said: Vec<&str> = room.0.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(said, texts);
    let output = program.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stderr, "");
    let shown: Vec<&str> = output
        .stdout
        .lines()
        .filter_map(|line| line.split_once("<You> "))
        .map(|(_, text)| text)
        .collect();
    assert_eq!(shown, texts, "{output}");
}

#[test]
fn send_comes_back_and_prints_nothing() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "pipe", &["--send"]);
    program.send_str("one\ntwo\n");
    program.close_stdin();
    let mut room = Room::default();
    assert!(!room.serve(&listener, 1));
    assert!(room.serve(&listener, 2));
    assert_eq!(room.0.len(), 1);
    let output = program.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!((&*output.stdout, &*output.stderr), ("", ""));
}

#[test]
fn in_json_there_are_only_objects_on_stdout() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "ann", &["--json"]);
    let mut server = greet_again(&listener, "ann");
    welcome_to_room(&mut server, 10, "ann", "");
    send_message(&mut server, 11, "bo", "one", None);
    program.stdout.expect(r#""text":"one""#);
    drop(server);
    program
        .stderr
        .expect("chat-client: connection lost; trying again\n");
    let mut server = greet_again(&listener, r#""seq":11"#);
    welcome_to_room(&mut server, 12, "ann", RESUMED);
    send_reply(
        &mut server,
        r#""seq":12,"type":"room","room":"r1","people":0"#,
    );
    program.stderr.expect("chat-client: back after ");
    program.stdout.expect(r#""type":"room""#);
    program.close_stdin();
    server.expect(r#"{"type":"quit"}"#);
    drop(server);
    let output = program.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stdout.lines().count(), 4, "{output}");
    for line in output.stdout.lines() {
        let object: Result<Value, _> = serde_json::from_str(line);
        assert!(object.is_ok(), "{line}");
    }
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
}

/// Nor lines that were meant for the earlier server.
#[test]
fn a_stranger_on_the_same_port_gets_nothing() {
    let (ann, server, listener, _) = in_room();
    drop(server);
    ann.wait_for_text("-- connection lost;");
    ann.type_text("not for everybody\r");
    let mut stranger = Peer::accept(&listener);
    stranger.send_str("220 mail.example.org ESMTP\r\n");
    assert_eq!(stranger.expect_eof(), "");
    let mut server = greet_again(&listener, "resume");
    welcome_to_room(&mut server, 10, "ann", RESUMED);
    assert!(server.expect_line().contains("not for everybody"));
    let full = ann.full_text();
    assert!(!full.contains("mail"), "in:\n{full}");
}

#[test]
fn a_server_that_does_not_welcome_is_tried_again() {
    let (ann, server, listener, _) = in_room();
    drop(server);
    ann.wait_for_text("-- connection lost;");
    let mut silent = greet_again(&listener, "resume");
    assert_eq!(silent.expect_eof(), "", "it is given up");
    let mut server = greet_again(&listener, "resume");
    welcome_to_room(&mut server, 10, "ann", RESUMED);
    wait_for_end(&ann, "-- back after N s\n<You>");
}

/// Ann, away from a server that does not come back.
#[track_caller]
fn away() -> Terminal {
    let (ann, server, listener, _) = in_room();
    drop((server, listener));
    ann.wait_for_text("-- connection lost;");
    ann
}

#[test]
fn one_can_leave_while_away() {
    let mut ann = away();
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    assert!(
        ann.screen().ends_with(". /help for commands and keys"),
        "{}",
        ann.screen()
    );
    assert_eq!(ann.termios_line(), ann.termios_before());
    let mut ann = away();
    ann.type_text("one\rtwo\r/quit\r");
    assert_eq!(ann.wait_exit(), 1);
    let full = ann.full_text();
    assert!(
        full.trim_end()
            .ends_with("-- not delivered: one\n-- not delivered: two"),
        "in:\n{full}"
    );
    let mut ann = away();
    ann.type_text(&keys::ctrl('c').repeat(2));
    assert_eq!(ann.wait_exit(), 130);
}

#[test]
fn a_pipe_that_has_nothing_to_deliver_leaves_while_away() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "pipe");
    program.send_str("hello\n");
    let mut room = Room::default();
    let mut server = greet_again(&listener, "pipe");
    welcome_to_room(&mut server, 0, "pipe", "");
    let hello = server.expect_line();
    room.0.push((id_of(&hello).to_owned(), "hello".to_owned()));
    room.tell(&mut server, 0);
    program.stdout.expect("<You> hello\n");
    drop((server, listener));
    program.stdout.expect("-- connection lost; trying again\n");
    let output = program.finish();
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stderr, "");
}

#[test]
fn history_is_dated_and_stands_above_the_draft() {
    let (ann, mut server, _listener, _) = in_room();
    send_message(&mut server, 9, "bo", "replayed, ann", None);
    ann.wait_for_text(
        "here: bo. /help for commands and keys\n2023-11-23 10:00 <bo> replayed, ann\n<You>",
    );
    send_message(&mut server, 11, "bo", "now", None);
    ann.type_text("/his\t1\rdraft");
    assert_eq!(server.expect_line(), r#"{"type":"history","count":1}"#);
    send_message(&mut server, 11, "bo", "now", None);
    send_reply(&mut server, r#""type":"history","first":11,"last":11"#);
    ann.wait_for_text("\n<bo> now\n2023-11-23 10:00 <bo> now\n<You> draft");
    assert_eq!(ann.bells(), 0);
}
