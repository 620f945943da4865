//! Lines: too long, without an end, in pieces, many at once, broken off.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::{JsonPeer, Peer, ServerProcess, until};
use serde_json::json;

use crate::{join, server};

/// In both forms a message of 4096 bytes passes whole, also one whose last
/// character ends there, and one beyond is refused whole, also one whose last
/// character straddles that; with one word each.
#[test]
fn the_limit_is_in_bytes_and_cuts_nothing() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    for text in ["a".repeat(4096), format!("{}😃", "a".repeat(4092))] {
        bo.send_str(&format!("{text}\n"));
        ann.expect(&format!("\r<bo> {text}\n"));
        bot.say(&text, "1");
        bot.wait_for(|object| object["name"] == "bot" && object["text"] == *text);
        ann.expect(&format!("\r<bot> {text}\n"));
    }
    let too_long = [
        "a".repeat(4097),
        format!("{}😃", "a".repeat(4093)),
        format!("{}😃", "a".repeat(4095)),
        "b".repeat(40_000),
    ];
    for (number, text) in too_long.iter().enumerate() {
        bo.send_str(&format!("{text}\nstill\n/who\n"));
        let answer = bo.expect("-- here (");
        assert_eq!(
            answer.matches("-- that was not sent").count(),
            1,
            "{answer}"
        );
        bot.say(text, "2");
        assert_eq!(bot.expect_type("error")["code"], "too_long");
        bot.say("still", format!("still-{number}"));
        ann.expect("\r<bo> still\n");
        let seen = ann.expect("\r<bot> still\n");
        assert_eq!(seen, "\r<bot> still\n", "a piece of it was told");
    }
}

/// A peer that never ends a line is closed with a word before a mebibyte was taken,
/// also a peer that has said nothing else yet.
#[test]
fn an_endless_line_is_not_taken_for_long() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let before = server.resident_bytes();
    for known in [true, false] {
        let mut endless = match known {
            true => join(server.addr(), "endless"),
            false => Peer::connect(server.addr()),
        };
        // What its own system would hold back is not taken by the server.
        let socket = socket2::SockRef::from(endless.stream());
        socket.set_send_buffer_size(64 * 1024).expect("a socket");
        let taken = (0..1000).take_while(|_| endless.try_send(&[b'x'; 65_536]).is_ok());
        let taken = taken.count();
        assert!(taken < 16, "{taken} times 64 KiB were taken");
        endless.expect("64 KiB without a line end: goodbye\n");
        endless.expect_end();
        if known {
            ann.expect("\r[endless] is offline\n");
        }
    }
    ann.send_str("/who\n");
    ann.expect("-- here (1 in all): ann\n");
    assert_idle(&server);
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
}

/// A handshake of TLS and thousands of zeros cost nothing while
/// nothing follows, and zeros without end are an endless line.
#[test]
fn what_is_no_line_yet_costs_nothing() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut zeros = join(server.addr(), "zeros");
    ann.expect("[zeros] entered room\n");
    zeros.send(&[0; 5000]);
    let mut tls = Peer::connect(server.addr());
    tls.send(&[&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 200]].concat());
    tls.expect("you speak TLS: goodbye\n");
    assert_idle(&server);
    zeros.send(b"\nthen\n");
    assert_eq!(ann.expect("then\n"), "\r<zeros> then\n");
    let _ = zeros.try_send(&[0; 70_000]);
    zeros.expect("64 KiB without a line end: goodbye\n");
    zeros.expect_end();
}

/// The server does next to nothing for a moment.
#[track_caller]
fn assert_idle(server: &ServerProcess) {
    let before = server.cpu_time();
    thread::sleep(Duration::from_millis(300));
    let used = server.cpu_time() - before;
    assert!(used < Duration::from_millis(30), "{used:?} for nothing");
}

/// A long line that comes byte by byte is looked at once and not once for
/// each byte.
#[test]
fn a_line_in_four_thousand_pieces_is_cheap() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let before = server.cpu_time();
    for _ in 0..4096 {
        bo.send(b"y");
    }
    bo.send(b"\n");
    ann.expect(&format!("\r<bo> {}\n", "y".repeat(4096)));
    // Most of it is for four thousand wake-ups.
    let used = server.cpu_time() - before;
    assert!(used < Duration::from_secs(1), "{used:?}");
}

/// Ten thousand lines in one go are all told, in order, and no other peer waits for
/// that.
#[test]
fn many_lines_at_once_are_told_in_order_and_delay_no_other_peer() {
    const LINES: usize = 10_000;
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut many = join(server.addr(), "many");
    ann.expect("[many] entered room\n");
    let lines: String = (0..LINES).map(|number| format!("n{number}.\n")).collect();
    let sender = thread::spawn(move || {
        many.send_str(&lines);
        many
    });
    for number in 0..20 {
        let started = Instant::now();
        bo.send_str(&format!("token {number}.\n"));
        ann.expect(&format!("\r<bo> token {number}.\n"));
        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "waited {took:?}");
    }
    let seen = String::from_utf8_lossy(ann.received()).into_owned();
    if !seen.contains(&format!("n{}.\n", LINES - 1)) {
        ann.expect(&format!("\r<many> n{}.\n", LINES - 1));
    }
    let seen = String::from_utf8_lossy(ann.received()).into_owned();
    let numbers = seen.lines().filter_map(|line| {
        let number = line.strip_prefix("\r<many> n")?.strip_suffix('.')?;
        number.parse::<usize>().ok()
    });
    assert!(
        numbers.eq(0..LINES),
        "some are missing, or in another order"
    );
    drop(sender.join().expect("all is sent"));
}

/// A NUL takes nothing with it and is not told; a lone CR ends no line; empty lines say
/// nothing, not even to their sender.
#[test]
fn nul_cr_and_nothing_at_all() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    ann.expect("[bo] entered room\n");
    bo.send(b"a\0b\nafter\none\r\nx\r* server: shutting down\n\r\n\r\n\n \t \nend\n/who\n");
    let seen = ann.expect("end\n");
    assert_eq!(
        seen,
        "\r<bo> ab\n\r<bo> after\n\r<bo> one\n\r<bo> x * server: shutting down\n\r<bo> end\n"
    );
    let answer = bo.expect("-- here (");
    assert_eq!(answer, "\r-- here (", "it was told something else");
}

/// Lines before the sending side was closed are told, and the name is free at once. A
/// last line without an end is not said; the peer is told so.
#[test]
fn a_peer_that_closes_its_sending_side_has_said_what_it_said() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    bo.send_str("last\ntail");
    bo.half_close();
    bo.expect("-- your last line had no end and was not sent\n");
    ann.expect("\r<bo> last\n");
    assert_eq!(ann.expect("offline\n"), "\r[bo] is offline\n");
    let mut other = join(server.addr(), "bo");
    other.send_str("I am another one\n");
    bo.expect("\r<bo> I am another one\n");
    ann.expect("\r<bo> I am another one\n");
}

/// Two hundred that are reset in the same moment, in the middle of a line,
/// of the past, and before they have said anything, leave nothing behind: no
/// half a line, no name, no descriptor.
#[test]
fn many_resets_leave_no_trace() {
    let server = server();
    let mut ann = JsonPeer::connect(server.addr(), "ann");
    for number in 0..40 {
        let id = format!("n{number}");
        ann.say(&"x".repeat(4000), id.as_str());
        ann.wait_for(|object| object["id"] == id);
    }
    let before = server.open_descriptors();
    let resume = json!({ "room": ann.welcome["room"], "seq": 0 });
    let hello = json!({ "protocol": 1, "name": "gone", "resume": resume });
    let first = [
        "/nick gone\nhalf".to_owned(),
        format!("/hello {hello}\n"),
        String::new(),
    ];
    let peers: Vec<Peer> = (0..200)
        .map(|number| {
            let mut peer = Peer::connect(server.addr());
            peer.send_str(&first[number % first.len()]);
            peer
        })
        .collect();
    peers.into_iter().for_each(Peer::reset);
    until("all descriptors are back", || {
        server.open_descriptors() <= before
    });
    ann.send_json(json!({ "type": "who" }));
    assert_eq!(ann.expect_type("who")["names"], json!(["ann"]));
    ann.say("mark", "mark");
    ann.wait_for(|object| object["id"] == "mark");
    let heard = String::from_utf8_lossy(ann.peer.received()).into_owned();
    assert!(!heard.contains("half"), "{heard}");
    assert!(!server.log().contains("panicked"));
}

/// The reason arrives although much of what was sent was never read, and
/// then the end, which is no reset.
#[test]
fn the_reason_arrives_before_the_end() {
    let server = server();
    let endless = "x".repeat(70_000);
    let web = format!("GET / HTTP/1.1\r\n{}", "Header: x\r\n".repeat(2000));
    let version = format!("/hello {{\"protocol\":2}}\n{}", "x\n".repeat(10_000));
    for (sent, reason) in [
        (&endless, "without a line end: goodbye\n"),
        (&web, "you speak HTTP: goodbye\n"),
        (&version, "speaks protocol 1 only: goodbye\"}\n"),
    ] {
        for _ in 0..10 {
            let mut peer = Peer::connect(server.addr());
            peer.send_str(sent);
            // A reset would be an error here.
            assert!(peer.expect_eof().ends_with(reason), "{reason}");
        }
    }
}

/// Bytes behind one that is marked as urgent are heard like all others, and so are
/// those that come with the end, also when both sides close at once.
#[test]
fn odd_flags_are_of_no_account() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    ann.expect("[bo] entered room\n");
    // A read ends at the mark, which is no reason to take it for all there is.
    for number in 0..50 {
        let urgent = socket2::SockRef::from(bo.stream()).send_out_of_band(b"sa");
        assert_eq!(urgent.expect("a connected socket"), 2);
        bo.send_str(&format!("id {number}\n"));
        let heard = ann.expect("\n");
        assert_eq!(heard, format!("\r<bo> said {number}\n"));
    }
    // The synch of a telnet, whose last byte is urgent.
    let synch = socket2::SockRef::from(bo.stream()).send_out_of_band(b"\xff\xf4\xff\xf2");
    assert_eq!(synch.expect("a connected socket"), 4);
    bo.send_str("on\n");
    assert_eq!(ann.expect("\n"), "\r<bo> on\n");
    // Both sides close at once, many times.
    for _ in 0..20 {
        say_and_close(server.addr());
    }
    for _ in 0..20 {
        ann.expect("> fin\n");
    }
    bo.send_str("still\n");
    ann.expect("\r<bo> still\n");
}

fn say_and_close(addr: SocketAddr) {
    let mut stream = TcpStream::connect(addr).expect("it listens");
    stream
        .write_all(b"fin\n/quit\n")
        .expect("a connected socket");
    let both = std::net::Shutdown::Both;
    stream.shutdown(both).expect("a connected socket");
}

/// The bytes that a telnet sends for Ctrl-C are answered, or it would show nothing any
/// more.
#[test]
fn telnet_hears_on_after_an_interrupt() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    bo.send(b"\xff\xf4\xff\xfd\x06here\n");
    ann.expect("\r<bo> here\n");
    ann.send_str("hi\n");
    bo.expect("\r<ann> hi\n");
    assert!(bo.received().ends_with(b"\xff\xfc\x06\r<ann> hi\n"));
}

/// No first line of a web page, a browser, a secure shell, a mail client or
/// the like reaches the room, whatever its verb, nor what follows it, and the
/// connection is over in a second.
#[test]
fn no_page_of_the_web_can_speak_here() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    for first in [
        "POST / HTTP/1.1\r\nHost: x\r\n\r\nhello from a web page\n",
        "GET / HTTP/1.1\r\n\r\n",
        "PUT /x HTTP/1.1\r\n\r\nhello\n",
        "OPTIONS * HTTP/1.1\r\n\r\nhello\n",
        // Clients that send an empty line first.
        "\r\n\r\nPOST / HTTP/1.1\r\n\r\nhello\n",
        "SSH-2.0-x\r\n",
        "patch / HTTP/1.1\r\n\r\nhello\n",
        "M-SEARCH * HTTP/1.1\r\n\r\nhello\n",
        "OPTIONS sip:nm SIP/2.0\r\nhello\r\n",
        "USER anonymous\r\nPASS hunter2\r\n",
        "EHLO x\r\nAUTH PLAIN AGFubgBodW50ZXIy\r\n",
        "<?xml version='1.0'?><stream:stream to='x'>",
    ] {
        let mut page = Peer::connect(server.addr());
        page.set_deadline(Duration::from_secs(1));
        page.send_str(first);
        page.expect("this is a chat (chat/1)");
        page.expect_eof();
    }
    for method in ["POST", "patch"] {
        let path = "a".repeat(5000);
        let mut page = Peer::connect(server.addr());
        page.send_str(&format!("{method} /{path} HTTP/1.1\r\n\r\nhello\n"));
        page.expect("you speak HTTP");
        page.expect_eof();
    }
    let mut irc = Peer::connect(server.addr());
    irc.send_str("PASS hunter2\r\nNICK ann\r\nUSER ann 0 * :Ann\r\n");
    irc.expect("\nERROR :this is no IRC server");
    irc.expect_eof();
    let mut bo = join(server.addr(), "bo");
    bo.send_str("mark\n");
    assert_eq!(ann.expect("mark\n"), "\r[bo] entered room\n\r<bo> mark\n");
}
