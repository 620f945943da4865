//! A history that drops its oldest files loses no measure.

use std::fs;

use chat_testkit::ledger::numbered;
use chat_testkit::{JsonPeer, ServerProcess, until};
use serde_json::{Value, json};

use super::{Seat, assert_refused, assert_welcome, come};
use crate::kept::Kept;

/// Talks until the files are dropped that are there now.
#[track_caller]
fn talk_through(kept: &Kept, server: &ServerProcess) {
    let full = || numbered(&kept.file());
    let newest = full().last().map_or(0, |(number, _)| *number) + 1;
    let mut dan = JsonPeer::connect(server.addr(), "dan");
    let text = "x".repeat(4000);
    let mut said = 0;
    until("the first files are dropped", || {
        for _ in 0..10 {
            said += 1;
            let id = said.to_string();
            dan.say(&text, id.as_str());
            dan.wait_for(|object| object["id"] == id.as_str());
        }
        full().first().is_some_and(|(oldest, _)| *oldest > newest)
    });
}

/// The first event of each file has the measures.
#[track_caller]
fn assert_heads(kept: &Kept) {
    let full = numbered(&kept.file());
    assert!(!full.is_empty());
    for (_, path) in full {
        let text = fs::read_to_string(&path).expect("a history");
        let head = text.lines().next().expect("a line");
        let head: Value = serde_json::from_str(head).expect("an object in JSON");
        assert_eq!(head["type"], "room", "{}: {head}", path.display());
        assert_eq!(head["topic"]["text"], "a lake", "{head}");
        assert_eq!(head["private"]["bans"][0]["what"], "127.0.0.2", "{head}");
        assert!(!text.contains("\"type\":\"banned\""), "{}", path.display());
    }
}

#[test]
fn measures_outlive_the_files_in_which_they_were_taken() {
    let kept = Kept::new(&["--history-keep", "128KiB", "--history-sync", "off"]);
    let control = kept.state().join("ctl");
    let server = kept.start();
    let mut seat = Seat::at(&control);
    seat.done(json!({ "type": "topic", "text": "a lake" }));
    seat.done(json!({
        "type": "ban", "what": "127.0.0.2", "duration": "forever", "text": "a crowd",
    }));
    // The second time there is not even the file that the first run has begun with.
    let mut server = Some(server);
    for _ in 0..2 {
        let running = server.take().expect("one runs");
        talk_through(&kept, &running);
        assert_heads(&kept);
        running.kill();
        let started = kept.start();
        let bans = Seat::at(&control).bans();
        assert_eq!(bans.len(), 1, "{bans:?}");
        assert_eq!(bans[0]["reason"], "a crowd");
        assert_refused(&come(2, started.addr(), "bo"), "banned");
        let ann = come(3, started.addr(), "ann");
        assert_welcome(&ann);
        assert_eq!(ann.welcome["topic"]["text"], "a lake");
        server = Some(started);
    }
}
