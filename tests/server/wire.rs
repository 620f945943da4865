//! What comes in over the wire, however it is cut, and what of it gets out.

use std::time::Duration;

use chat_testkit::{JsonPeer, Peer};

use crate::{join, server};

#[test]
fn lines_in_pieces_and_lines_in_one_packet() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    for byte in "héllo 😃\n".bytes() {
        bo.send(&[byte]);
    }
    bo.send_str("one\r\ntwo\r\0\n\r\n\nthree\n");
    ann.expect("\r<bo> héllo 😃\n\r<bo> one\n\r<bo> two\n\r<bo> three\n");
}

#[test]
fn telnet_is_tolerated() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    bo.send(b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0he\xff\xfd\x03llo\r\0");
    ann.expect("\r<bo> hello\n");
}

#[test]
fn a_message_at_the_limit_passes_whole_and_one_beyond_is_refused_whole() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let longest = "a".repeat(4096);
    bo.send_str(&format!("{longest}\n"));
    ann.expect(&format!("\r<bo> {longest}\n"));
    for too_long in [
        "a".repeat(4097),
        format!("{}😃", "a".repeat(4093)),
        "b".repeat(60_000),
    ] {
        bo.send_str(&format!("{too_long}\nstill\n"));
        ann.expect_not_before("a", "\r<bo> still\n");
        bo.expect("-- that was not sent");
    }
}

#[test]
fn what_is_not_utf_8_is_refused_and_the_connection_lives() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    for bad in [
        &b"a\xff\xff\n"[..],
        b"\xc3\x28\n",
        b"\xed\xa0\x80\n",
        b"\xc0\xaf\n",
        b"\xf4\x90\x80\x80\n",
        b"\xf0\x9f\n",
    ] {
        bo.send(bad);
        bo.expect("-- that was not sent: it is not UTF-8\n");
    }
    bo.send_str("still\n");
    ann.expect_not_before("<bo>", "\r<bo> still\n");
}

#[test]
fn no_line_end_for_ever_is_closed_with_a_word() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut endless = join(server.addr(), "endless");
    // The server may close, and so reset, before all of it is sent.
    let _ = endless.try_send(&[b'x'; 80 * 1024]);
    endless.expect("goodbye\n");
    endless.expect_end();
    ann.expect("\r[endless] is offline\n");
}

#[test]
fn another_protocol_is_closed_and_leaves_no_trace() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    for first in [
        &b"POST / HTTP/1.1\r\nHost: x\r\n\r\nhello from a web page\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut stranger = Peer::connect(server.addr());
        stranger.send(first);
        stranger.expect("this is a chat");
        stranger.expect_eof();
    }
    let mut bo = join(server.addr(), "bo");
    bo.send_str("mark\n");
    assert_eq!(
        ann.expect("mark\n"),
        "\r[bo] entered room\n\r<bo> mark\n",
        "something of them reached the room"
    );
}

#[test]
fn controls_and_bidi_overrides_reach_nobody() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    ann.expect("[bot] entered room\n");
    let mut hostile = String::new();
    for code in (0..0x20).chain(0x7f..0xa0) {
        let character = char::from(code);
        if character != '\n' {
            hostile.push_str(&format!("a{character}b\n"));
        }
    }
    hostile.push_str("\x1b[2J\x1b]0;pwn\x07\x1b[10A\x1b[2K* server: you are kicked\n");
    hostile.push_str("\u{202e}evil\u{202c} \u{2066}x\u{2028}* server: bye\n");
    bo.send_str(&hostile);
    bo.send_str("שלום\n");
    bot.wait_for(|message| message["text"] == "שלום");
    bot.say("\x1b[2Jx\r[ann] is offline\u{85}\u{9b}31m", "1");
    let seen = ann.expect("31m\n");
    assert!(seen.contains("\r<bo> שלום\n"));
    for line in seen.split_terminator('\n') {
        let line = line.strip_prefix('\r').expect("CR before each line");
        assert!(
            line.starts_with("<bo> ") || line.starts_with("<bot> "),
            "forged: {line:?}"
        );
        let bad = |c: char| {
            (c.is_control() && c != '\t')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
        };
        assert!(!line.contains(bad), "{line:?}");
    }
}

#[test]
fn random_bytes_leave_the_room_working() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..2000)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        let mut peer = Peer::connect(server.addr());
        let _ = peer.try_send(&bytes);
    }
    bo.send_str("still here\n");
    ann.expect("\r<bo> still here\n");
    let seen = String::from_utf8(ann.received().to_vec()).expect("only UTF-8 is relayed");
    assert!(!seen.contains(|c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t')));
}

#[test]
fn unknown_commands_and_members() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    ann.send_str("/dance now\n//dance\n");
    ann.expect("-- there is no /dance");
    let message = bot.expect_type("message");
    assert_eq!(message["text"], "/dance");
    bot.send_json(serde_json::json!({"type":"message","text":"hi","id":"1","mood":"good"}));
    assert_eq!(bot.expect_type("message")["id"], "1");
    bot.send_json(serde_json::json!({"type":"dance"}));
    assert_eq!(bot.next()["type"], "error");
    bot.peer.send_str("no json\n");
    assert_eq!(bot.next()["type"], "error");
    bot.send_json(serde_json::json!({"type":"ping","id":"p"}));
    assert_eq!(bot.expect_type("pong")["id"], "p");
    bot.send_json(serde_json::json!({"type":"quit"}));
    bot.peer.set_deadline(Duration::from_secs(3));
    bot.peer.expect_eof();
    ann.expect("\r[bot] is offline\n");
}
