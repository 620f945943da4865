//! Each measure holds in the next run of the server, and so does its end.
//!
//! Each is given to a server that ends right behind the answer.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use chat_testkit::{JsonPeer, ServerProcess, Signal, until};
use serde_json::{Value, json};

use super::{Seat, assert_refused, assert_welcome, come, come_as, returning, say};
use crate::kept::Kept;
use crate::tls::client::{Key, TlsPeer};

/// How a server ends.
#[derive(Clone, Copy)]
enum Ending {
    Killed,
    InOrder,
}

impl Ending {
    /// Ends a server with these peers.
    #[track_caller]
    fn of<P>(self, server: &ServerProcess, peers: P) {
        match self {
            Self::Killed => server.kill(),
            Self::InOrder => {
                // It would give them a second for its goodbye.
                drop(peers);
                server.signal(Signal::Terminate);
                assert!(server.wait_exit(Duration::from_secs(5)).success());
            }
        }
    }
}

/// A room, and the people in it whom the measures concern.
struct Stage {
    kept: Kept,
    ending: Ending,
    /// The key that the name cy belongs to.
    cy: Key,
    /// The welcomes of two programs that come back.
    eve: Value,
    dan: Value,
}

impl Stage {
    #[track_caller]
    fn new(ending: Ending) -> Self {
        let kept = Kept::new(&["--tls", "offer", "--history-sync", "always"]);
        let server = kept.start();
        let key = Key::new();
        let mut cy = come_with_key(server.addr(), &key);
        cy.send_str("hi\n");
        cy.expect("cy belongs to your key now");
        // The file of people is written behind the answer.
        let people = kept.state().join("people");
        until("the claim is written", || {
            fs::read_to_string(&people).is_ok_and(|text| text.contains("claimed "))
        });
        // A name is kept for a program that is there when the server ends.
        let mut passing = |from, name| {
            let welcome = come(from, server.addr(), name).welcome;
            cy.expect(&format!("[{name}] is offline"));
            welcome
        };
        let (eve, dan) = (passing(4, "eve"), passing(5, "dan"));
        ending.of(&server, cy);
        Self {
            kept,
            ending,
            cy: key,
            eve,
            dan,
        }
    }

    #[track_caller]
    fn seat(&self) -> Seat {
        Seat::at(&self.kept.state().join("ctl"))
    }

    /// A run of the server in which a program may come in first. It ends as soon as the
    /// command is answered.
    #[track_caller]
    fn run(&self, guest: Option<(u8, &str)>, command: Value) {
        let server = self.kept.start();
        let guest = guest.map(|(from, name)| come(from, server.addr(), name));
        guest.iter().for_each(assert_welcome);
        let mut seat = self.seat();
        seat.done(command);
        self.ending.of(&server, (seat, guest));
    }

    #[track_caller]
    fn back(&self, from: u8, server: &ServerProcess, name: &str, was: &Value) -> JsonPeer {
        let peer = come_as(from, server.addr(), &returning(name, was));
        assert_welcome(&peer);
        peer
    }

    #[track_caller]
    fn assert_all_hold(&self) {
        let server = self.kept.start();
        let bans = self.seat().bans();
        let mut banned: Vec<&str> = bans
            .iter()
            .map(|ban| ban["what"].as_str().expect("a subject"))
            .filter(|subject| !subject.starts_with("program:"))
            .collect();
        banned.sort_unstable();
        assert_eq!(banned, ["127.0.0.2", "guests:127.0.0.3"], "{bans:?}");
        assert!(bans.iter().any(|ban| ban["reason"] == "a crowd"));
        let refused = come(2, server.addr(), "new");
        assert_refused(&refused, "banned");
        assert_eq!(refused.welcome["text"], "you are banned for good: a crowd");
        assert_refused(&come(3, server.addr(), "bob"), "banned");
        assert_refused(&come(6, server.addr(), "stranger"), "locked");
        let mut dan = self.back(5, &server, "dan", &self.dan);
        assert_eq!(dan.welcome["topic"]["text"], "a lake");
        assert_eq!(say(&mut dan, "one")["type"], "message");
        assert_eq!(say(&mut dan, "two")["code"], "slow");
        let mut eve = self.back(4, &server, "eve", &self.eve);
        assert_eq!(say(&mut eve, "hi")["code"], "muted");
        let mut cy = come_with_key(server.addr(), &self.cy);
        cy.send_str("/bans\n");
        cy.expect("127.0.0.2 is banned for good");
        self.ending.of(&server, (cy, dan, eve));
    }

    #[track_caller]
    fn assert_none_holds(&self) {
        let server = self.kept.start();
        assert_eq!(self.seat().bans(), Vec::<Value>::new());
        for from in [2, 3, 6] {
            let mut peer = come(from, server.addr(), "new");
            assert_welcome(&peer);
            assert_eq!(peer.welcome.get("topic"), None);
            assert_eq!(say(&mut peer, "one")["type"], "message");
            assert_eq!(say(&mut peer, "two")["type"], "message");
        }
        let mut eve = self.back(4, &server, "eve", &self.eve);
        assert_eq!(say(&mut eve, "hi")["type"], "message");
        let mut cy = come_with_key(server.addr(), &self.cy);
        cy.send_str("/bans\n");
        cy.expect("/bans is for operators\n");
    }
}

/// Cy comes in under the name that belongs to this key.
#[track_caller]
fn come_with_key(server: SocketAddr, key: &Key) -> TlsPeer {
    let mut cy = TlsPeer::with_key(server, key);
    cy.expect("welcome: ");
    cy.send_str("/nick cy\n");
    cy.expect("you are now known as cy\n");
    cy
}

fn measures_hold(ending: Ending) {
    let stage = Stage::new(ending);
    stage.run(None, json!({ "type": "topic", "text": "a lake" }));
    stage.run(
        None,
        json!({
            "type": "ban", "what": "127.0.0.2", "duration": "forever", "text": "a crowd",
        }),
    );
    stage.run(
        Some((3, "bo")),
        json!({ "type": "ban", "what": "bo", "duration": "2h" }),
    );
    stage.run(
        Some((4, "eve")),
        json!({ "type": "mute", "name": "eve", "duration": "1h" }),
    );
    stage.run(None, json!({ "type": "slow", "seconds": 3600 }));
    stage.run(None, json!({ "type": "op", "name": "cy" }));
    stage.run(None, json!({ "type": "lock" }));
    stage.assert_all_hold();
    // What is repeated at the head of a run is read as well as the events were.
    stage.assert_all_hold();
    for command in [
        json!({ "type": "unlock" }),
        json!({ "type": "topic", "text": "-" }),
        json!({ "type": "unban", "what": "127.0.0.2" }),
        json!({ "type": "unban", "what": "bo" }),
        json!({ "type": "unmute", "name": "eve" }),
        json!({ "type": "slow", "seconds": 0 }),
        json!({ "type": "deop", "name": "cy" }),
    ] {
        stage.run(None, command);
    }
    stage.assert_none_holds();
}

#[test]
fn measures_hold_when_the_server_is_killed_behind_the_answer() {
    measures_hold(Ending::Killed);
}

#[test]
fn measures_hold_when_the_server_ends_in_order() {
    measures_hold(Ending::InOrder);
}

/// One that ended while no server ran is not there, and one that ends later is.
#[test]
fn a_ban_that_has_ended_is_gone_after_a_restart() {
    let kept = Kept::new(&["--history-sync", "always"]);
    let control = kept.state().join("ctl");
    let server = kept.start();
    let mut seat = Seat::at(&control);
    seat.done(json!({ "type": "ban", "what": "127.0.0.2", "duration": "1h" }));
    seat.done(json!({ "type": "ban", "what": "127.0.0.3", "duration": "1h" }));
    server.kill();
    // So that the test need not wait, the first ban is made to end in the past.
    let text = fs::read_to_string(kept.file()).expect("a history");
    let (before, ban) = text.split_once("\"until\":\"").expect("the first ban");
    let (until, behind) = ban.split_once('"').expect("the end of a time");
    let past = format!("2001{}", &until[4..]);
    fs::write(kept.file(), format!("{before}\"until\":\"{past}\"{behind}")).expect("a file");
    let server = kept.start();
    let bans = Seat::at(&control).bans();
    assert_eq!(bans.len(), 1, "{bans:?}");
    assert_welcome(&come(2, server.addr(), "bo"));
    assert_refused(&come(3, server.addr(), "bo"), "banned");
}
