//! Peers that come or send as fast as they can.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chat_testkit::transcript::End;
use chat_testkit::{Peer, ServerProcess, until};

use crate::fairness::{self, Times};
use crate::{SERVER, join, server};

/// Thousands of peers that come and go do not delay people who talk, and leave nothing
/// behind.
#[test]
fn a_flood_of_connections_does_not_delay_people() {
    let server = server();
    let _cy = join(server.addr(), "cy");
    let (descriptors, memory) = (server.open_descriptors(), server.resident_bytes());
    let times = fairness::beside_connections(&server, 3000);
    assert!(times.median() < Duration::from_millis(100), "{times}");
    until("all descriptors are back", || {
        server.open_descriptors() == descriptors
    });
    assert!(server.resident_bytes() < memory + (8 << 20));
}

/// Two quiet people talk on beside 200 peers that send as much as they can. The server
/// does not work off the flood first.
#[test]
fn two_hundred_flooders_do_not_delay_people() {
    let server = ServerProcess::start(SERVER, &["--rate", "20"]);
    let times = fairness::beside_flooders(&server, 200, Duration::from_secs(3));
    assert!(times.median_work() < Duration::from_millis(100), "{times}");
}

/// A peer that sends more than the rate is read slowly, loses nothing, and delays no
/// other peer.
#[test]
fn one_flooder_is_heard_at_its_rate_and_loses_nothing() {
    let args = ["--listen", "127.0.0.1:0", "--rate", "100"];
    let server = ServerProcess::start_with(SERVER, &args, &[]);
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server.addr(), name));
    let mut flooder = join(server.addr(), "flooder");
    ann.expect("[flooder] entered room\n");
    bo.expect("[flooder] entered room\n");
    let lines: String = (0..700).map(|line| format!("n{line}\n")).collect();
    let start = Instant::now();
    flooder.send_str(&lines);
    let mut times = Times::default();
    while !String::from_utf8_lossy(bo.received()).contains("<flooder> n699\n") {
        times.there(&mut ann, &mut bo);
    }
    // 500 at once, and the name, and 100 a second.
    let took = start.elapsed();
    assert!((1900..4000).contains(&took.as_millis()), "{took:?}");
    assert!(times.median() < Duration::from_millis(100), "{times}");
    let seen = String::from_utf8_lossy(bo.received()).into_owned();
    let seen: Vec<&str> = seen
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("<flooder> "))
        .collect();
    let sent: Vec<String> = (0..700).map(|line| format!("n{line}")).collect();
    assert_eq!(seen, sent);
}

/// Says lines and closes in order: after it has read all that it is sent.
fn say_and_close(server: &ServerProcess, lines: &str) {
    let stream = TcpStream::connect(server.addr()).expect("the server listens");
    let said = format!("/nick flooder\n{lines}");
    let sent = (&stream).write_all(said.as_bytes());
    sent.expect("the system takes that");
    let mut heard = BufReader::new(&stream).lines().map_while(Result::ok);
    assert!(heard.any(|line| line.contains("you are now known as flooder")));
}

/// What `bo` has seen of the flooder when it has left, while `ann` speaks: the
/// system of the flooder answers that with a reset.
fn heard_of_flooder(ann: &mut Peer, bo: &mut Peer) -> Vec<String> {
    let heard = |peer: &Peer| String::from_utf8_lossy(peer.received()).into_owned();
    let mut times = Times::default();
    while !heard(bo).contains("[flooder] is offline\n") {
        times.there(ann, bo);
    }
    let heard = heard(bo);
    let lines = heard.lines().map(str::trim_start);
    let said = lines.filter_map(|line| line.strip_prefix("<flooder> "));
    said.map(str::to_owned).collect()
}

/// A peer that has said more than the rate and closes both directions in order is heard
/// to the end, however long that takes and however short the stall limit is.
#[test]
fn a_flooder_that_has_closed_is_heard_on() {
    let lines: String = (0..400).map(|line| format!("n{line}\n")).collect();
    let server = ServerProcess::start(SERVER, &["--rate", "50", "--stall", "0.5"]);
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server.addr(), name));
    // There may be answers that the peer does not take.
    say_and_close(&server, &format!("{lines}/help\nlast\n"));
    let heard = heard_of_flooder(&mut ann, &mut bo);
    assert!(lines.lines().chain(["last"]).eq(&heard), "{heard:?}");
}

/// A script that does not read, and whose system breaks the connection off for that, is
/// heard until the stall limit.
#[test]
fn a_peer_that_breaks_off_is_heard_for_a_while() {
    for (stall, all_heard) in [("60", true), ("1", false)] {
        let server = ServerProcess::start(SERVER, &["--rate", "50", "--stall", stall]);
        let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server.addr(), name));
        let lines: String = (0..400).map(|line| format!("n{line}\n")).collect();
        let mut script = TcpStream::connect(server.addr()).expect("the server listens");
        // There are bytes that it could read.
        assert_eq!(script.peek(&mut [0]).expect("a greeting"), 1);
        let sent = script.write_all(format!("/nick flooder\n{lines}").as_bytes());
        sent.expect("the system takes that");
        drop(script);
        let heard = heard_of_flooder(&mut ann, &mut bo);
        assert!(lines.lines().zip(&heard).all(|(sent, heard)| sent == heard));
        assert_eq!(heard.len() == 400, all_heard, "{heard:?}");
        assert!(
            heard.len() >= 250,
            "within the rate all is heard: {heard:?}"
        );
    }
}

/// A peer that is reset while there is still much to hear of it is gone at once, also
/// if no other peer says anything.
#[test]
fn a_flooder_that_is_reset_is_gone() {
    let server = ServerProcess::start_with(SERVER, &["--listen", "127.0.0.1:0"], &[]);
    let mut ann = join(server.addr(), "ann");
    for has_been_heard in [true, false] {
        let mut flooder = Peer::connect(server.addr());
        flooder.send_str("/nick flooder\n");
        flooder.send(&[b'\n'; 10_000]);
        if has_been_heard {
            flooder.expect("you are now known as flooder");
        }
        flooder.reset();
        ann.expect("[flooder] is offline\n");
    }
}

/// Blank lines say nothing and still count.
#[test]
fn a_million_blank_lines_are_no_free_flood() {
    let args = ["--listen", "127.0.0.1:0"];
    let server = ServerProcess::start_with(SERVER, &args, &[]);
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server.addr(), name));
    let mut flooder = join(server.addr(), "flooder");
    bo.expect("[flooder] entered room\n");
    let stream = flooder.stream().try_clone().expect("descriptors are left");
    let flood = std::thread::spawn(move || {
        let mut stream = stream;
        let _ = stream.write_all(&[b'\n'; 1_000_000]);
    });
    let before = server.cpu_time();
    let mut times = Times::default();
    for _ in 0..20 {
        times.there(&mut ann, &mut bo);
    }
    assert!(times.median() < Duration::from_millis(100), "{times}");
    let used = server.cpu_time() - before;
    assert!(used < Duration::from_millis(200), "{used:?}");
    let heard = String::from_utf8_lossy(bo.received()).into_owned();
    assert!(!heard.contains("<flooder>"), "{heard}");
    flooder
        .stream()
        .shutdown(std::net::Shutdown::Both)
        .expect("it is ours");
    flood.join().expect("the thread ends");
    let _: End = flooder.expect_end();
}
