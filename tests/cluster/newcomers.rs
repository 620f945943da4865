//! Servers that come later, or were away for long.

use chat_testkit::ledger::History;
use chat_testkit::{DEADLINE, JsonPeer, poll};
use serde_json::json;

use crate::Cluster;
use crate::nats::Nats;

/// Says so much that a snapshot is taken.
fn say_much(peer: &mut JsonPeer, round: usize) {
    let text = "much ".repeat(800);
    for number in 0..2400 {
        peer.say(&text, format!("{round}-{number}"));
        if number % 32 == 31 {
            let last = format!("{round}-{number}");
            peer.wait_for(|object| object["id"] == last.as_str());
        }
    }
}

/// A newcomer begins with a snapshot, and its history is the end of that of the others. A
/// server that was away goes on behind its own, or where it has none, also without a history.
#[test]
fn a_newcomer_begins_with_a_snapshot() {
    let mut cluster = Cluster::start(2, Nats::start(1), &["--max-line", "4096"]);
    let mut ann = JsonPeer::connect(cluster.servers[0].addr(), "ann");
    let early = ann.welcome.clone();
    say_much(&mut ann, 0);
    cluster.servers[1].kill();
    say_much(&mut ann, 1);
    for number in [1, 2] {
        let server = cluster.begin(number);
        server.wait_for_log("goes on from the snapshot");
        match cluster.servers.get_mut(number) {
            Some(place) => *place = server,
            None => cluster.servers.push(server),
        }
    }
    // A program goes on at the newcomer.
    let seq = early["seq"].as_u64().expect("a number");
    let resume = json!({"room": early["room"], "seq": seq, "secret": early["secret"]});
    let hello = json!({"protocol": 1, "name": "ann", "resume": resume});
    let mut again = JsonPeer::hello(cluster.servers[2].addr(), &hello);
    assert_eq!(again.welcome["name"], "ann", "{}", again.welcome);
    again.say("here again", "last");
    again.wait_for(|object| object["id"] == "last");
    let read = |number| {
        History::read(&cluster.history(number))
            .unwrap_or_default()
            .lines
    };
    let are_equal = || {
        let [whole, back, end] = [0, 1, 2].map(read);
        whole == back && !end.is_empty() && whole.ends_with(&end)
    };
    assert!(poll(3 * DEADLINE, || are_equal().then_some(())).is_some());
    let [whole, _, end] = [0, 1, 2].map(read);
    assert!(end.len() < whole.len(), "it is the end of it");
    let first = String::from_utf8_lossy(&end[0]).into_owned();
    assert!(first.contains("\"type\":\"room\""), "{first}");
}
