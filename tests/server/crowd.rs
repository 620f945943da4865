//! Many people who come and go at once are told together, and one person alone is told
//! at once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use chat_testkit::ledger::History;
use chat_testkit::{JsonPeer, Peer, ServerProcess, Signal};
use serde_json::{Value, json};

use crate::{SERVER, join, server};

/// So many that one line for each would be noticed.
const CROWD: usize = 200;

fn crowd(addr: SocketAddr) -> Vec<Peer> {
    (0..CROWD)
        .map(|number| {
            let mut peer = Peer::connect(addr);
            if number % 2 == 0 {
                peer.send_str(&format!("/nick p{number}x\n"));
            } else {
                let hello = json!({"protocol": 1, "name": format!("p{number}x")});
                peer.send_str(&format!("/hello {hello}\n"));
            }
            peer
        })
        .collect()
}

fn names(event: &Value) -> Vec<String> {
    let names = event["names"].as_array().expect("names");
    let names = names.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// Hears events until the whole crowd is told; gives back how many they were.
#[track_caller]
fn hear(bot: &mut JsonPeer, kind: &str) -> usize {
    let mut told = BTreeSet::new();
    let mut events = 0;
    while told.len() < CROWD {
        let event = bot.next();
        assert_eq!(event["type"], kind, "{event}");
        events += 1;
        for name in names(&event) {
            assert!(told.insert(name.clone()), "{name} comes twice");
        }
    }
    events
}

/// A crowd that comes or goes is a few lines.
#[test]
fn a_crowd_is_told_in_few_lines_and_each_of_it_once() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    ann.expect("[bot] entered room\n");
    let crowd = crowd(server.addr());
    for (kind, ends) in [
        ("entered", ["] entered room", " others entered"]),
        ("left", ["] is offline", " others left"]),
    ] {
        if kind == "left" {
            // All together, whatever had to be read of the crowd before.
            crowd.iter().for_each(|peer| {
                peer.stream()
                    .shutdown(std::net::Shutdown::Both)
                    .expect("a connected socket");
            });
        }
        let events = hear(&mut bot, kind);
        assert!(events < CROWD / 2, "{events} events");
        bot.say(kind, kind);
        assert_eq!(bot.next()["text"], kind);
        let news = ann.expect(&format!("\r<bot> {kind}\n"));
        let lines: Vec<&str> = news.lines().collect();
        assert!(lines.len() < CROWD / 2, "{} lines", lines.len());
        assert!(
            lines[..lines.len() - 1]
                .iter()
                .all(|line| ends.iter().any(|end| line.ends_with(end))),
            "{news}"
        );
        assert!(news.contains(ends[1]), "{news}");
    }
}

#[test]
fn one_who_comes_in_a_quiet_room_is_told_at_once() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let bo = join(server.addr(), "bo");
    // Nothing that would have to wait for the crowd.
    ann.send_str("hi\n");
    assert_eq!(bot.next()["names"], json!(["bo"]));
    assert_eq!(bot.next()["text"], "hi");
    drop(bo);
    ann.expect("\r[bo] entered room\n\r[bo] is offline\n");
    assert_eq!(bot.next()["type"], "left");
}

#[test]
fn a_server_that_stops_tells_first_who_came() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("room.jsonl");
    let path = file.to_str().expect("a name in UTF-8");
    let server = ServerProcess::start(SERVER, &["--history", path]);
    let crowd: Vec<JsonPeer> = (0..50)
        .map(|number| JsonPeer::connect(server.addr(), &format!("p{number}x")))
        .collect();
    server.signal(Signal::Terminate);
    for mut peer in crowd {
        peer.expect_type("goodbye");
    }
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let mut here = BTreeSet::new();
    for line in History::read(&file).expect("whole lines").lines {
        let event: Value = serde_json::from_slice(&line).expect("JSON");
        match event["type"].as_str() {
            Some("entered") => here.extend(names(&event)),
            Some("room") => assert_eq!(event["people"], here.len()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(here.len(), 50);
}
