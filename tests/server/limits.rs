//! The limits on connections: which of them are refused, wait, or make room.

use std::time::{Duration, Instant};

use chat_testkit::{JsonPeer, Peer, ServerProcess, Signal, until};
use serde_json::json;

use crate::{SERVER, join};

/// Above the limit each peer gets one clear line and the end, a program in its own
/// form, and a peer that leaves makes room.
#[test]
fn a_full_room_says_so() {
    let server = ServerProcess::start(SERVER, &["--max-clients", "10"]);
    let mut inside: Vec<Peer> = (0..10)
        .map(|number| join(server.addr(), &format!("p{number}x")))
        .collect();
    let mut outside: Vec<Peer> = (0..40).map(|_| Peer::connect(server.addr())).collect();
    for peer in &mut outside {
        peer.send_str("hello?\n");
    }
    for mut peer in outside {
        let line = "\r-- chat/1 the room is full (at most 10, --max-clients): try again later\n";
        assert_eq!(peer.expect_eof(), line);
    }
    // Only a few refused peers are listened to at a time, and some of those may still
    // be.
    until("a program is told in its own form", || {
        let mut program = Peer::connect(server.addr());
        program.expect("\r-- chat/1");
        let _ = program.try_send(b"/hello {\"protocol\":1}\n");
        program.expect_end();
        let answer = String::from_utf8_lossy(program.received());
        answer.contains("\"type\":\"error\",\"code\":\"full\"")
            && answer.matches("--max-clients").count() == 2
    });
    inside.pop();
    until("it is gone", || server.count("connections") == 9);
    join(server.addr(), "late");
    inside[0].send_str("still\n");
    inside[1].expect("\r<p0x> still\n");
    // The room has never heard of the refused peers.
    let heard = String::from_utf8_lossy(inside[1].received()).into_owned();
    assert!(!heard.contains("hello?"), "{heard}");
}

/// When a full room has lost its network all programs come back at once, while their
/// lost connections still count.
#[test]
fn all_of_a_full_room_may_come_back_at_once() {
    const PEOPLE: usize = 50;
    let server = ServerProcess::start(SERVER, &["--max-clients", &PEOPLE.to_string()]);
    let names = (0..PEOPLE).map(|number| format!("p{number}x"));
    let inside: Vec<(String, JsonPeer)> = names
        .map(|name| (name.clone(), JsonPeer::connect(server.addr(), &name)))
        .collect();
    let back: Vec<Peer> = inside
        .iter()
        .map(|(name, JsonPeer { welcome, .. })| {
            let resume = json!({"room": welcome["room"], "seq": 1, "secret": welcome["secret"]});
            let hello = json!({"protocol": 1, "name": name, "resume": resume});
            let mut peer = Peer::connect(server.addr());
            peer.send_str(&format!("/hello {hello}\n"));
            peer
        })
        .collect();
    for ((name, _), peer) in inside.iter().zip(back) {
        let welcome = JsonPeer::switched(peer).welcome;
        assert_eq!(welcome["name"], *name, "{welcome}");
    }
}

/// The limit per address, which counts for this machine only with `--limit-loopback`.
#[test]
fn one_address_does_not_fill_the_room() {
    let server = ServerProcess::start(SERVER, &["--max-per-address", "5", "--limit-loopback"]);
    let mut peers = Vec::new();
    for from in [[127, 0, 0, 2], [127, 0, 0, 3]] {
        for number in 0..5 {
            let mut peer = Peer::connect_from(from, server.addr());
            peer.send_str(&format!("/nick p{}x{number}\n", from[3]));
            peer.expect("you are now known as");
            peers.push(peer);
        }
        let mut sixth = Peer::connect_from(from, server.addr());
        let line = "\r-- chat/1 too many connections from one address (at most 5, --max-per-address): \
                    try again later\n";
        assert_eq!(sixth.expect_eof(), line);
    }
    server.wait_for_log(
        "warn refused address=127.0.0.2 reason=\"too many connections from one address\" \
         limit=\"at most 5, --max-per-address\"",
    );
    let server = ServerProcess::start(SERVER, &["--max-per-address", "5"]);
    let peers: Vec<Peer> = (0..6)
        .map(|number| join(server.addr(), &format!("p{number}x")))
        .collect();
    assert_eq!(peers.len(), 6);
}

/// An address does not come and go without end; but connections that only look whether
/// the port is open, or speak another protocol, do not count.
#[test]
fn one_address_comes_so_often_only() {
    let args = ["--max-new-per-address", "3", "--limit-loopback"];
    let server = ServerProcess::start(SERVER, &args);
    for said in ["", "half a line", "GET / HTTP/1.1\r\n\r\n"] {
        // As many as all that may come, and more.
        for _ in 0..10 {
            let mut peer = Peer::connect(server.addr());
            peer.send_str(said);
            peer.expect("chat/1 welcome");
            peer.half_close();
            peer.expect_end();
            // Until then it has one of their places.
            until("it is gone", || server.count("connections") == 0);
        }
    }
    for number in 0..3 {
        join(server.addr(), &format!("p{number}x"));
    }
    let mut fourth = Peer::connect(server.addr());
    let line = "\r-- chat/1 too many new connections from one address (at most 3 in ten minutes, \
                --max-new-per-address): try again later\n";
    assert_eq!(fourth.expect_eof(), line);
    let mut other = Peer::connect_from([127, 0, 0, 2], server.addr());
    other.expect("chat/1 welcome");
    // One that stays counts as well.
    let mut ann = Peer::connect_from([127, 0, 0, 3], server.addr());
    ann.send_str("/nick ann\n");
    other.expect("[ann] entered room\n");
    for _ in 0..2 {
        let mut silent = Peer::connect_from([127, 0, 0, 3], server.addr());
        let address = silent.local_addr();
        ann.expect(&format!("[{address}] entered room\n"));
        silent.expect("chat/1 welcome");
    }
    let mut fourth = Peer::connect_from([127, 0, 0, 3], server.addr());
    assert_eq!(fourth.expect_eof(), line);
}

/// Probes of the port are not without limit either.
#[test]
fn probes_have_a_limit_of_their_own() {
    let args = ["--max-new-per-address", "2", "--limit-loopback"];
    let server = ServerProcess::start(SERVER, &args);
    let mut ann = join(server.addr(), "ann");
    let mut bo = Peer::connect_from([127, 0, 0, 3], server.addr());
    bo.send_str("/nick bo\n");
    ann.expect("[bo] entered room\n");
    // Now and then there are still two of them, which is as many as may be.
    let refused = (0..2000).find(|_| {
        let mut probe = Peer::connect_from([127, 0, 0, 2], server.addr());
        probe.expect("chat/1 ");
        probe.half_close();
        probe.expect_end();
        let said = String::from_utf8_lossy(probe.received()).into_owned();
        said.contains("too many from one address that come and go")
    });
    assert!(refused.is_some_and(|count| count >= 200), "{refused:?}");
    ann.send_str("hi\n");
    bo.expect("\r<ann> hi\n");
}

/// A peer that never says a line is closed, also one that sends a byte now and then,
/// and no other peer is.
#[test]
fn who_says_nothing_is_let_go() {
    let server = ServerProcess::start(SERVER, &["--idle-join", "0.8"]);
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let before = server.open_descriptors();
    let start = Instant::now();
    let mut silent: Vec<Peer> = (0..50).map(|_| Peer::connect(server.addr())).collect();
    let mut enter = Peer::connect(server.addr());
    enter.send_str("\n");
    while start.elapsed() < Duration::from_millis(700) {
        for peer in &mut silent[..25] {
            let _ = peer.try_send(b"x");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for mut peer in silent {
        let said = peer.expect_eof();
        assert!(said.ends_with("\r-- you have said nothing for 0.8 s (--idle-join): goodbye\n"));
    }
    assert!(start.elapsed() >= Duration::from_millis(800));
    // A blank line is enough to stay.
    ann.send_str("hi\n");
    enter.expect("\r<ann> hi\n");
    bot.expect_type("message");
    until("all descriptors are back", || {
        server.open_descriptors() == before + 1
    });
}

/// A peer whose line has no end is closed as well, though it is heard so slowly that it
/// has to wait before it has come in.
#[test]
fn who_never_ends_a_long_line_is_let_go() {
    let args = [
        ["--listen", "127.0.0.1:0"],
        ["--rate", "1"],
        ["--idle-join", "0.8"],
    ];
    let server = ServerProcess::start_with(SERVER, args.as_flattened(), &[]);
    let mut ann = join(server.addr(), "ann");
    let mut silent = Peer::connect(server.addr());
    silent.send(&[b'x'; 20_000]);
    let said = silent.expect_eof();
    assert!(said.ends_with("\r-- you have said nothing for 0.8 s (--idle-join): goodbye\n"));
    let mut bo = join(server.addr(), "bo");
    ann.send_str("hi\n");
    bo.expect("\r<ann> hi\n");
}

/// A peer that has spoken in time is not closed because the server was stopped
/// meanwhile.
#[test]
fn a_stopped_server_hears_before_it_closes() {
    let server = ServerProcess::start(SERVER, &["--idle-join", "1.5"]);
    let mut ann = join(server.addr(), "ann");
    let mut silent: Vec<Peer> = (0..100).map(|_| Peer::connect(server.addr())).collect();
    until("all are in the room", || {
        server.signal(Signal::User1);
        server.log().contains(" silent=100 ")
    });
    server.signal(Signal::Stop);
    for peer in &mut silent {
        peer.send_str("here\n");
    }
    // Nothing but time is to pass.
    std::thread::sleep(Duration::from_millis(1600));
    server.signal(Signal::Continue);
    for _ in 0..100 {
        ann.expect("> here\n");
    }
    ann.send_str("hi\n");
    for peer in &mut silent {
        peer.expect("\r<ann> hi\n");
    }
}

/// The number of peers that have said nothing is limited: beyond it the first of them
/// make room for newcomers, and no peer that speaks is kept out.
#[test]
fn those_who_say_nothing_make_room_for_one_another() {
    let server = ServerProcess::start(SERVER, &["--max-unjoined", "20"]);
    let mut ann = join(server.addr(), "ann");
    let silent = || -> Vec<Peer> { (0..20).map(|_| Peer::connect(server.addr())).collect() };
    let mut first = silent();
    until("the first are in the room", || {
        server.signal(Signal::User1);
        server.log().contains(" silent=20 ")
    });
    let mut second = silent();
    for peer in &mut first {
        let said = peer.expect_eof();
        assert!(
            said.ends_with(
                "others have come who might (at most 20 may, --max-unjoined): goodbye\n"
            ),
            "{said}"
        );
    }
    let mut bo = Peer::connect_from([127, 0, 0, 2], server.addr());
    bo.send_str("/nick bo\n");
    bo.expect("you are now known as bo");
    ann.send_str("hi\n");
    for peer in second.iter_mut().chain([&mut bo]) {
        peer.expect("\r<ann> hi\n");
    }
    // A peer that has been told is still listened to for a moment.
    drop(first);
    let counted = " people=22 connections=22 silent=20 ";
    until("they are gone", || {
        server.signal(Signal::User1);
        server.log().contains(counted)
    });
}

/// From one address even fewer may say nothing, and those beyond are not announced.
#[test]
fn one_address_does_not_fill_the_bench_of_the_silent() {
    let args = ["--max-unjoined-per-address", "3", "--limit-loopback"];
    let server = ServerProcess::start(SERVER, &args);
    let mut ann = Peer::connect_from([127, 0, 0, 2], server.addr());
    ann.send_str("/nick ann\n");
    let mut silent: Vec<Peer> = (0..4).map(|_| Peer::connect(server.addr())).collect();
    let ends = silent.iter_mut().map(|peer| {
        peer.set_deadline(Duration::from_secs(2));
        peer.expect("chat/1 welcome");
    });
    assert_eq!(ends.count(), 4);
    server.wait_for_log("limit=\"at most 3, --max-unjoined-per-address\"");
    let mut entered = 0;
    while entered < 3 {
        ann.expect("] entered room\n");
        entered += 1;
    }
    ann.send_str("ok\n/quit\n");
    assert!(!ann.expect_eof().contains("entered"));
}

/// Operators can see what was refused and how much went through.
#[test]
fn a_signal_prints_the_counters() {
    let server = ServerProcess::start(SERVER, &["--max-clients", "2"]);
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.peer
        .send_str(&format!("{}\n", json!({"type":"message","text":"hi"})));
    ann.expect("<bot> hi\n");
    for _ in 0..3 {
        Peer::connect(server.addr()).expect_eof();
    }
    server.signal(Signal::User1);
    server.wait_for_log(" read_nothing=0 accept_errors=0 refused=3 refused_full=3\n");
    let log = server.log();
    let line = log.lines().find(|line| line.contains("accepted"));
    let line = line.expect("a line of counters");
    assert!(line.contains("info counters people=2 connections=2 silent=0 events=3 "));
    let number = |what: &str| -> u64 {
        let (_, rest) = line.split_once(what).expect("a counter");
        rest.split_once(' ')
            .expect("another one")
            .0
            .parse()
            .expect("a number")
    };
    assert_eq!(number(" accepted="), 2);
    assert!(
        number(" bytes_in=") > 50 && number(" bytes_out=") > 200,
        "{line}"
    );
    // Of the refusals one line within five seconds.
    assert_eq!(
        log.matches("refused address=127.0.0.1 ").count(),
        1,
        "{log}"
    );
}

/// A full room lets in a program that is there already, over a connection whose end the
/// server has not noticed; no other peer, and each program once at a time.
#[test]
fn a_full_room_gives_a_program_its_own_place_back() {
    for args in [
        &["--max-clients", "2"][..],
        &["--max-per-address", "2", "--limit-loopback"],
        &["--max-new-per-address", "2", "--limit-loopback"],
    ] {
        let server = ServerProcess::start(SERVER, args);
        let mut ann = JsonPeer::connect(server.addr(), "ann");
        let mut bo = JsonPeer::connect(server.addr(), "bo");
        let hello = |secret: &serde_json::Value| {
            let resume = json!({"room": ann.welcome["room"], "seq": 1, "secret": secret});
            json!({"protocol": 1, "name": "ann", "resume": resume})
        };
        let wrong = json!("0123456789abcdef0123456789abcdef");
        let refused = JsonPeer::hello(server.addr(), &hello(&wrong));
        assert_eq!(refused.welcome["code"], "full", "{}", refused.welcome);
        let right = hello(&ann.welcome["secret"]);
        let mut again = JsonPeer::hello(server.addr(), &right);
        assert_eq!(again.welcome["name"], "ann", "{}", again.welcome);
        assert_eq!(again.welcome["people"], 2);
        assert_eq!(ann.expect_type("notice")["type"], "notice");
        ann.peer.expect_end();
        again.say("still here", "1");
        assert_eq!(bo.expect_type("message")["text"], "still here");
        // More often than there can be connections beyond the limits at a time.
        for _ in 0..50 {
            let next = JsonPeer::hello(server.addr(), &right);
            assert_eq!(next.welcome["name"], "ann", "{}", next.welcome);
            std::mem::replace(&mut again, next).peer.expect_end();
        }
        drop(again);
        bo.wait_for(|object| object["type"] == "left");
        // A program that is gone has no place any more, but may come in where there is
        // one.
        let came = || JsonPeer::hello(server.addr(), &right).welcome["type"] == "welcome";
        match args[0] {
            "--max-new-per-address" => assert!(!came()),
            _ => until("the connections before are closed", came),
        }
    }
}
