//! Bytes that come in over the wire, however they are cut, and what of them gets out.

use std::time::Duration;

use chat_testkit::{JsonPeer, Peer};

use crate::{join, server};

/// The same lines come out however they were cut.
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

/// Bytes that are not UTF-8 are refused with a word each time, also as a name, and
/// never told.
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
    bo.send(b"/nick b\xff\n");
    bo.expect("-- that was not sent: it is not UTF-8\n");
    bo.send_str("still\n");
    ann.expect_not_before("<bo>", "\r<bo> still\n");
}

/// Whatever comes, all that others get is UTF-8 without controls, and
/// nothing of it stops the server.
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
