//! The log that an operator reads: which people come and go, from where and why; and
//! that no stranger can fill it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_testkit::{JsonPeer, Operator, Peer, ServerProcess, Signal};
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
    wait(format!("came in name=ann address={at}"));
    ann.send_str("a secret\n/nick anna\n/nick ann\n/me has a secret\n");
    wait(format!("renamed name=ann address={at} new=anna"));
    wait(format!("renamed name=anna address={at} new=ann"));
    ann.send_str("/quit\n");
    wait(format!("left name=ann address={at} reason=\"said /quit\""));

    // A peer that says nothing at first, and then its name.
    let mut unnamed = Peer::connect(server.addr());
    let at = unnamed.local_addr();
    wait(format!("came in name={at} address={at}"));
    unnamed.send_str("/nick bo\n");
    wait(format!("renamed name={at} address={at} new=bo"));
    unnamed.half_close();
    // Not only when it no longer listens.
    wait(format!(
        "left name=bo address={at} reason=\"closed the connection\""
    ));

    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let at = bot.peer.local_addr();
    wait(format!("came in name=bot address={at}"));
    bot.send_json(json!({ "type": "nick", "name": "robot" }));
    wait(format!("renamed name=bot address={at} new=robot"));
    // It is back before the server has noticed that it was gone.
    let resume = json!({ "room": bot.welcome["room"], "seq": 0, "secret": bot.welcome["secret"] });
    let hello = json!({ "protocol": 1, "name": "robot", "resume": resume });
    let back = JsonPeer::hello(server.addr(), &hello);
    let new = back.peer.local_addr();
    wait(format!("came back name=robot address={new}"));
    wait(format!(
        "left name=robot address={at} reason=\"came back over another connection\""
    ));
    back.peer.reset();
    wait(format!(
        "left name=robot address={new} reason=\"the connection was reset\""
    ));

    // All in one go.
    let mut brief = Peer::connect(server.addr());
    let at = brief.local_addr();
    brief.send_str("/nick cy\na secret\n/nick dan\n/quit\n");
    wait(format!("came in name=cy address={at}"));
    wait(format!("renamed name=cy address={at} new=dan"));
    wait(format!("left name=dan address={at} reason=\"said /quit\""));

    // The people who are there at the end are one line together.
    let eve = join(server.addr(), "eve");
    wait(format!("came in name=eve address={}", eve.local_addr()));
    let events = events(&server);
    let end = ["stopping people=1", "stopped"];
    assert_eq!(events[events.len() - 2..], end);
    assert_eq!(events.len(), 18, "{events:#?}");
    assert!(!events.iter().any(|event| event.contains("secret")));
}

/// How many events that contain this are told, and in how many lines.
fn told(events: &[String], needle: &str) -> (usize, usize) {
    let lines = events.iter().filter(|event| event.contains(needle));
    let counts = lines.map(|line| match line.split_once(" more=") {
        Some((_, more)) => 1 + more.parse::<usize>().expect("a number"),
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
        "Z info did not come in address={at} reason=\"closed the connection\"\n"
    ));
    for _ in 0..300 {
        Peer::connect(server.addr()).expect("chat/1");
    }
    for said in ["GET / HTTP/1.1\r\n\r\n", "/hello {\"protocol\":9}\n"] {
        let mut peer = Peer::connect(server.addr());
        peer.send_str(said);
        peer.expect_eof();
    }
    let (count, lines) = told(&events(&server), "did not come in address=");
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
        ["renamed name=", " name=other "].map(|needle| told(&events, needle))
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
        "refused address={} reason=\"the room is full\" limit=\"at most 1, --max-clients\"",
        refused[0].ip()
    );
    let (count, lines) = told(&events, &needle);
    assert_eq!(count, 5, "{events:#?}");
    assert!(lines <= most_lines(1, Duration::from_secs(5), start));
    assert_eq!(told(&events, "did not come in").0, 0, "{events:#?}");
}

/// What operators do is logged with who did it.
#[test]
fn measures_name_the_operator() {
    let server = server();
    let _ann = join(server.addr(), "ann");
    let mut operator = Operator::connect(&server.control());
    operator.send_str("/kick ann a=b\n");
    server.wait_for_log(
        "Z info measure address=control measure=kick done=\"ann was removed: a=b\"\n",
    );
    server.wait_for_log("reason=\"removed by an operator\"\n");
}

/// Each line is an object, from the first one on, and a name is one value in it.
#[test]
fn the_log_can_be_json() {
    let server = ServerProcess::start(SERVER, &["--log-format", "json"]);
    let name = r#"x","y":"z"#;
    let mut bot = JsonPeer::connect(server.addr(), name);
    bot.send_json(json!({ "type": "quit" }));
    server.wait_for_log(r#""message":"left""#);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(3)).success());
    server.wait_for_log(r#""message":"stopped""#);
    let log = server.log();
    let lines = log.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|why| panic!("{why}: {line}"))
    });
    let lines: Vec<_> = lines.collect();
    for line in &lines {
        assert!(
            line["time"]
                .as_str()
                .is_some_and(|time| time.ends_with('Z')),
            "{line}"
        );
        assert!(
            line["level"].is_string() && line["fields"].is_object(),
            "{line}"
        );
    }
    let find = |message: &str| lines.iter().find(|line| line["message"] == message);
    let address = server.addr().to_string();
    assert_eq!(
        find("listening").expect("a start")["fields"]["address"],
        address
    );
    let came = find("came in").expect("an arrival");
    assert_eq!(came["fields"]["name"], bot.welcome["name"]);
    assert!(came["fields"].get("y").is_none(), "{came}");
}

/// What matters less than the level is left out, but for the start.
#[test]
fn a_level_leaves_out_what_matters_less() {
    let quiet = ServerProcess::start(SERVER, &["--log-level", "warn", "--max-clients", "1"]);
    let _ann = join(quiet.addr(), "ann");
    Peer::connect(quiet.addr()).expect_eof();
    quiet.wait_for_log("warn refused ");
    assert!(!quiet.log().contains("came in"), "{}", quiet.log());
    let all = ServerProcess::start(SERVER, &["--log-level", "debug"]);
    let _ann = join(all.addr(), "ann");
    all.wait_for_log("Z debug connected address=127.0.0.1:");
}

/// Lines have a priority and no time where the journal reads them: only if standard error is
/// the very stream that systemd names.
#[cfg(target_os = "linux")]
#[test]
fn the_journal_gets_priorities() {
    let with = |stream: &str| {
        let script = format!("export JOURNAL_STREAM={stream}; exec \"$0\" --listen 127.0.0.1:0");
        let server = ServerProcess::start_with("bash", &["-c", &script, SERVER], &[]);
        let _ann = join(server.addr(), "ann");
        server.wait_for_log("came in name=ann");
        server.log()
    };
    let log = with("$(stat -L -c %d:%i /proc/self/fd/2)");
    assert!(
        log.lines()
            .all(|line| line.starts_with("<6>") || line.starts_with("<4>")),
        "{log}"
    );
    assert!(log.contains("\n<6>came in name=ann address="), "{log}");
    let log = with("1:2");
    assert!(log.contains("Z info came in name=ann"), "{log}");
    assert!(log.starts_with("listening on "), "{log}");
}
