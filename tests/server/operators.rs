//! Operators of the real server: their measures over restarts, against people who evade them,
//! in races, and in great numbers.

mod evasion;
mod many;
mod races;
mod restarts;
mod trimming;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_testkit::{JsonPeer, Operator, Peer};
use serde_json::{Value, json};

/// A program at the control socket that is not in the room: it hears answers only.
struct Seat {
    operator: Operator,
    /// How many commands it has sent.
    sent: u64,
}

impl Seat {
    #[track_caller]
    fn at(path: &Path) -> Self {
        let mut operator = Operator::connect(path);
        operator.send_str("/hello {\"protocol\":1,\"join\":false}\n");
        operator.heard.expect_line_containing("\"welcome\"");
        Self { operator, sent: 0 }
    }

    /// Sends a command, and does not wait for the answer.
    #[track_caller]
    fn send(&mut self, mut command: Value) {
        self.sent += 1;
        command["id"] = self.sent.to_string().into();
        self.operator.send_str(&format!("{command}\n"));
    }

    /// The next answer, which has to be that to the last command.
    #[track_caller]
    fn answer(&mut self) -> Value {
        let line = self.operator.heard.expect_line();
        let answer: Value = serde_json::from_str(&line).expect("an object in JSON");
        assert_eq!(answer["id"], self.sent.to_string(), "{answer}");
        answer
    }

    #[track_caller]
    fn order(&mut self, command: Value) -> Value {
        self.send(command);
        self.answer()
    }

    /// Gives an order that has to be carried out.
    #[track_caller]
    fn done(&mut self, command: Value) {
        let answer = self.order(command.clone());
        assert_eq!(answer["type"], "done", "{command}: {answer}");
    }

    /// The names of all who are in the room.
    #[track_caller]
    fn people(&mut self) -> Value {
        self.send(json!({ "type": "who" }));
        let line = self.operator.heard.expect_line_containing("\"who\"");
        let mut people: Value = serde_json::from_str(&line).expect("an object in JSON");
        people["names"].take()
    }

    /// What is banned, as `bans` lists it.
    #[track_caller]
    fn bans(&mut self) -> Vec<Value> {
        let mut bans = Vec::new();
        self.send(json!({ "type": "bans" }));
        loop {
            let mut piece = self.answer();
            assert_eq!(piece["type"], "bans", "{piece}");
            bans.append(piece["bans"].as_array_mut().expect("a list"));
            if piece["more"] != true {
                return bans;
            }
        }
    }
}

/// A program from the address 127.0.0.`from`. The answer to its hello may be a refusal.
#[track_caller]
fn come(from: u8, server: SocketAddr, name: &str) -> JsonPeer {
    come_as(from, server, &json!({ "protocol": 1, "name": name }))
}

/// The same with any hello.
#[track_caller]
fn come_as(from: u8, server: SocketAddr, hello: &Value) -> JsonPeer {
    let mut peer = Peer::connect_from([127, 0, 0, from], server);
    peer.send_str(&format!("/hello {hello}\n"));
    JsonPeer::switched(peer)
}

/// The hello of a program that proves that it is the one which had this welcome.
fn returning(name: &str, welcome: &Value) -> Value {
    let resume = json!({
        "room": welcome["room"],
        "seq": welcome["seq"],
        "secret": welcome["secret"],
    });
    json!({ "protocol": 1, "name": name, "resume": resume })
}

#[track_caller]
fn assert_welcome(peer: &JsonPeer) {
    assert_eq!(peer.welcome["type"], "welcome", "{}", peer.welcome);
}

/// The program was not let in, for this reason.
#[track_caller]
fn assert_refused(peer: &JsonPeer, code: &str) {
    assert_eq!(peer.welcome["type"], "error", "{}", peer.welcome);
    assert_eq!(peer.welcome["code"], code, "{}", peer.welcome);
}

/// Says something; the event, or the refusal.
#[track_caller]
fn say(peer: &mut JsonPeer, text: &str) -> Value {
    static SAID: AtomicU64 = AtomicU64::new(0);
    // The same id would be the same message, also after a restart.
    let id = SAID.fetch_add(1, Ordering::Relaxed).to_string();
    peer.say(text, id.as_str());
    peer.wait_for(|object| object["id"] == id.as_str())
}
