//! The log that an operator reads: which people come and go, from where and why; and
//! that no stranger can fill it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_testkit::{JsonPeer, Peer, ServerProcess, Signal};
use serde_json::json;

use crate::{SERVER, join, server};

/// The events of a server that has ended, without time and level.
fn events(server: &ServerProcess) -> Vec<String> {
    server.signal(Signal::Terminate);
    let status = server.wait_exit(Duration::from_secs(3));
    assert_eq!(status.code(), Some(0));
    server.wait_for_log("Z info stopped\n");
    let log = server.log();
    let events = log.lines().filter_map(|line| line.split_once("Z "));
    let events = events.filter_map(|(_, event)| event.split_once(' '));
    events.map(|(_, event)| event.to_owned()).collect()
}

/// One line for each arrival, new name and departure, with time and level, name
/// and address, and the reason of a departure; and nothing of what is said.
#[test]
fn the_log_names_people() {
    let server = server();
    let wait = |line: String| server.wait_for_log(&format!("Z info {line}\n"));
    let mut ann = join(server.addr(), "ann");
    let at = ann.local_addr();
    wait(format!("ann ({at}) came in"));
    ann.send_str("a secret\n/nick anna\n/nick ann\n/me has a secret\n");
    wait(format!("ann ({at}) is now known as anna"));
    wait(format!("anna ({at}) is now known as ann"));
    ann.send_str("/quit\n");
    wait(format!("ann ({at}) left: said /quit"));

    // A peer that says nothing at first, and then its name.
    let mut unnamed = Peer::connect(server.addr());
    let at = unnamed.local_addr();
    wait(format!("{at} came in"));
    unnamed.send_str("/nick bo\n");
    wait(format!("{at} is now known as bo"));
    unnamed.half_close();
    // Not only when it no longer listens.
    wait(format!("bo ({at}) left: closed the connection"));

    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let at = bot.peer.local_addr();
    wait(format!("bot ({at}) came in"));
    bot.send_json(json!({ "type": "nick", "name": "robot" }));
    wait(format!("bot ({at}) is now known as robot"));
    // It is back before the server has noticed that it was gone.
    let resume = json!({ "room": bot.welcome["room"], "seq": 0, "secret": bot.welcome["secret"] });
    let hello = json!({ "protocol": 1, "name": "robot", "resume": resume });
    let back = JsonPeer::hello(server.addr(), &hello);
    let new = back.peer.local_addr();
    wait(format!("robot ({new}) came back over another connection"));
    wait(format!(
        "robot ({at}) left: came back over another connection"
    ));
    back.peer.reset();
    wait(format!("robot ({new}) left: the connection was reset"));

    // All in one go.
    let mut brief = Peer::connect(server.addr());
    let at = brief.local_addr();
    brief.send_str("/nick cy\na secret\n/nick dan\n/quit\n");
    wait(format!("cy ({at}) came in"));
    wait(format!("cy ({at}) is now known as dan"));
    wait(format!("dan ({at}) left: said /quit"));

    // The people who are there at the end are one line together.
    let eve = join(server.addr(), "eve");
    wait(format!("eve ({}) came in", eve.local_addr()));
    let events = events(&server);
    let end = ["stopping; people in the room: 1", "stopped"];
    assert_eq!(events[events.len() - 2..], end);
    assert_eq!(events.len(), 18, "{events:#?}");
    assert!(!events.iter().any(|event| event.contains("secret")));
}

/// How many events that contain this are told, and in how many lines.
fn told(events: &[String], needle: &str) -> (usize, usize) {
    let lines = events.iter().filter(|event| event.contains(needle));
    let counts = lines.map(|line| match line.split_once(" (and ") {
        Some((_, more)) => more
            .split(' ')
            .next()
            .expect("a number")
            .parse()
            .map_or(0, |n: usize| n + 1),
        None => 1,
    });
    let counts: Vec<usize> = counts.collect();
    (counts.iter().sum(), counts.len())
}

/// How many lines there can be where so many are written at once, one in each interval
/// since, and one at the end.
fn most_lines(at_once: usize, interval: Duration, start: Instant) -> usize {
    at_once + 1 + (start.elapsed().as_millis() / interval.as_millis()) as usize
}

/// A probe of the port, as by `nc -z`, is one line, and a thousand are a few
/// lines; what they are and whence is told.
#[test]
fn probes_are_few_lines() {
    let start = Instant::now();
    let server = server();
    let mut first = Peer::connect(server.addr());
    let at = first.local_addr();
    first.half_close();
    first.expect_end();
    server.wait_for_log(&format!(
        "Z info {at} did not come in: closed the connection\n"
    ));
    for _ in 0..300 {
        Peer::connect(server.addr()).expect("chat/1");
    }
    for said in ["GET / HTTP/1.1\r\n\r\n", "/hello {\"protocol\":9}\n"] {
        let mut peer = Peer::connect(server.addr());
        peer.send_str(said);
        peer.expect_eof();
    }
    let (count, lines) = told(&events(&server), "did not come in: ");
    let most = most_lines(1, Duration::from_secs(5), start);
    assert!(lines <= most, "{lines}, at most {most}");
    // Probes that were still being served when it stopped are not told.
    assert!((290..=303).contains(&count), "{count}");
}

/// Arrivals, departures and new names without end: all are counted, and some are
/// written.
#[test]
fn people_who_come_and_go_without_end_are_some_lines() {
    let start = Instant::now();
    let server = server();
    let mut ann = join(server.addr(), "ann");
    for number in 0..300 {
        ann.send_str(&format!("/nick ann{number}x\n"));
        ann.expect("you are now known as");
        let mut other = join(server.addr(), "other");
        other.send_str("/quit\n");
        other.expect_eof();
    }
    // A peer that changes its name all the time hides no arrival.
    let [renames, people] = {
        let events = events(&server);
        [" is now known as ", "other ("].map(|needle| told(&events, needle))
    };
    assert_eq!((renames.0, people.0), (300, 600));
    let most = most_lines(100, Duration::from_millis(200), start);
    for (_, lines) in [renames, people] {
        assert!((100..=most).contains(&lines), "{lines}, at most {most}");
    }
}

/// A refusal is logged with the option that an operator can change.
#[test]
fn refusals_name_the_option() {
    let start = Instant::now();
    let args = ["--max-clients", "1"];
    let server = ServerProcess::start(SERVER, &args);
    let _ann = join(server.addr(), "ann");
    let refused: Vec<SocketAddr> = (0..5)
        .map(|_| {
            let mut peer = Peer::connect(server.addr());
            peer.expect_eof();
            peer.local_addr()
        })
        .collect();
    let events = events(&server);
    let needle = format!(
        "refused {}: the room is full (at most 1, --max-clients)",
        refused[0].ip()
    );
    let (count, lines) = told(&events, &needle);
    assert_eq!(count, 5, "{events:#?}");
    assert!(lines <= most_lines(1, Duration::from_secs(5), start));
    assert_eq!(told(&events, "did not come in").0, 0, "{events:#?}");
}
