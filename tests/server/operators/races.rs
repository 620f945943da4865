//! Operators, and what happens at the same moment.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

use chat_testkit::{JsonPeer, ServerProcess, until};
use serde_json::{Value, json};

use super::{Seat, assert_welcome, come};
use crate::join;
use crate::kept::Kept;

/// How often each race is run.
const ROUNDS: usize = 40;

/// A room with a history.
struct Hall {
    kept: Kept,
    server: ServerProcess,
}

impl Hall {
    #[track_caller]
    fn new() -> Self {
        let kept = Kept::new(&["--max-new-per-address", "0"]);
        let server = kept.start();
        Self { kept, server }
    }

    fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    fn control(&self) -> PathBuf {
        self.kept.state().join("ctl")
    }

    /// The room goes on, and ann alone is in it.
    #[track_caller]
    fn assert_goes_on(&self, ann: &mut JsonPeer) {
        let mut dan = join(self.addr(), "dan");
        dan.send_str("the end\n/quit\n");
        dan.expect("-- goodbye\n");
        ann.wait_for(|event| event["text"] == "the end");
        // What ann is shown is in the history.
        ann.wait_for(|event| event["type"] == "left" && event["names"][0] == "dan");
        let mut seat = Seat::at(&self.control());
        until("ann is alone", || seat.people() == json!(["ann"]));
        self.assert_consistent();
    }

    /// Each person who comes in goes once at most, and says something only in between.
    #[track_caller]
    fn assert_consistent(&self) {
        let mut here = BTreeSet::new();
        for line in self.kept.history().lines {
            let event: Value = serde_json::from_slice(&line).expect("an object in JSON");
            let name = |member: &str| event[member].as_str().expect("a name").to_owned();
            let names = || -> Vec<String> {
                let names = event["names"].as_array().into_iter().flatten();
                names
                    .map(|it| it.as_str().expect("a name").to_owned())
                    .collect()
            };
            match event["type"].as_str() {
                Some("entered") => {
                    for name in names() {
                        assert!(here.insert(name), "is here already: {event}");
                    }
                }
                Some("left") => {
                    for name in names() {
                        assert!(here.remove(&name), "is not here: {event}");
                    }
                }
                Some("renamed") => {
                    assert!(here.remove(&name("old")), "is not here: {event}");
                    assert!(here.insert(name("new")), "is here already: {event}");
                }
                Some("message" | "removed") => {
                    assert!(here.contains(&name("name")), "is not here: {event}");
                }
                Some("banned") => {
                    for name in names() {
                        assert!(here.contains(&name), "is not here: {event}");
                    }
                }
                _ => {}
            }
        }
        assert_eq!(here.into_iter().collect::<Vec<_>>(), ["ann"]);
    }
}

/// Does both at the same time.
fn at_once<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            start.wait();
            one()
        });
        start.wait();
        let other = other();
        (one.join().expect("it has not failed"), other)
    })
}

/// Whether it was done; if not, the person was not there any more.
#[track_caller]
fn is_done(answer: &Value) -> bool {
    match answer["type"].as_str() {
        Some("done") => true,
        _ => {
            assert_eq!(answer["code"], "not_found", "{answer}");
            false
        }
    }
}

#[test]
fn a_kick_of_a_person_who_leaves() {
    let hall = Hall::new();
    let mut ann = JsonPeer::connect(hall.addr(), "ann");
    let mut seat = Seat::at(&hall.control());
    for round in 0..ROUNDS {
        let mut bo = JsonPeer::connect(hall.addr(), "bo");
        ann.wait_for(|event| event["type"] == "entered" && event["names"][0] == "bo");
        let (answer, ()) = at_once(
            || seat.order(json!({ "type": "kick", "name": "bo" })),
            || match round % 3 {
                0 => drop(bo),
                1 => bo.peer.reset(),
                _ => {
                    // The server may have closed already.
                    let _ = bo.peer.try_send(b"{\"type\":\"quit\"}\n");
                    bo.peer.expect_end();
                }
            },
        );
        if is_done(&answer) {
            let removed = ann.wait_for(|event| event["type"] == "removed");
            assert_eq!(removed["name"], "bo");
        }
        ann.wait_for(|event| event["type"] == "left" && event["names"][0] == "bo");
    }
    hall.assert_goes_on(&mut ann);
}

#[test]
fn a_ban_of_a_person_who_comes_in() {
    let hall = Hall::new();
    let mut ann = JsonPeer::connect(hall.addr(), "ann");
    let mut seat = Seat::at(&hall.control());
    let server = hall.addr();
    for _ in 0..ROUNDS {
        let ((), mut bo) = at_once(
            || seat.done(json!({ "type": "ban", "what": "127.0.0.3" })),
            || come(3, server, "bo"),
        );
        // In either case it hears of the ban, and is out when the ban is done.
        let told = match bo.welcome["type"] == "welcome" {
            true => bo.expect_type("error"),
            false => bo.welcome.take(),
        };
        assert_eq!(told["code"], "banned", "{told}");
        bo.peer.expect_end();
        assert_eq!(seat.people(), json!(["ann"]));
        seat.done(json!({ "type": "unban", "what": "127.0.0.3" }));
    }
    assert_welcome(&come(3, hall.addr(), "bo"));
    hall.assert_goes_on(&mut ann);
}

#[test]
fn two_operators_kick_one_person() {
    let hall = Hall::new();
    let mut ann = JsonPeer::connect(hall.addr(), "ann");
    let mut seats = [Seat::at(&hall.control()), Seat::at(&hall.control())];
    for _ in 0..ROUNDS {
        let mut bo = JsonPeer::connect(hall.addr(), "bo");
        let kick = |seat: &mut Seat| seat.order(json!({ "type": "kick", "name": "bo" }));
        let [one, other] = &mut seats;
        let (one, other) = at_once(|| kick(one), || kick(other));
        let done = [&one, &other].into_iter().filter(|it| is_done(it)).count();
        assert_eq!(done, 1, "{one} {other}");
        assert_eq!(bo.expect_type("error")["code"], "removed");
        bo.peer.expect_end();
    }
    hall.assert_goes_on(&mut ann);
    let removed = hall.kept.history().lines;
    let removed = removed.iter().filter(|line| {
        let text = String::from_utf8_lossy(line);
        text.contains("\"type\":\"removed\"")
    });
    assert_eq!(removed.count(), ROUNDS);
}
