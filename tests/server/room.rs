//! The room as peers see it.

use std::time::Duration;

use chat_testkit::{JsonPeer, Peer};
use serde_json::json;

use crate::{join, server};

#[test]
fn all_people_see_what_each_says() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    ann.expect("\r[bo] entered room\n\r[bot] entered room\n");
    ann.send_str("hi\n");
    bo.expect("\r<ann> hi\n");
    assert_eq!(bot.expect_type("message")["text"], "hi");
    bo.send_str("/me waves\n");
    ann.expect("\r* bo waves\n");
    drop(bo);
    ann.expect("\r[bo] is offline\n");
}

/// There is one order, also for the speakers.
#[test]
fn all_people_see_the_same_order() {
    const PEERS: usize = 20;
    const EACH: usize = 100;
    let server = server();
    let mut peers: Vec<JsonPeer> = (0..PEERS)
        .map(|number| JsonPeer::connect(server.addr(), &format!("p{number}x")))
        .collect();
    for number in 0..EACH {
        for (index, peer) in peers.iter_mut().enumerate() {
            peer.say(&format!("{number}"), format!("{index}-{number}"));
        }
    }
    let hear = |peer: &mut JsonPeer| -> Vec<String> {
        let mut heard = Vec::new();
        while heard.len() < PEERS * EACH {
            let line = peer.peer.expect_line();
            if line.contains("\"type\":\"message\"") {
                heard.push(line);
            }
        }
        heard
    };
    let heard: Vec<Vec<String>> = peers.iter_mut().map(hear).collect();
    for other in &heard[1..] {
        assert!(heard[0] == *other, "another order");
    }
    let number = |line: &String| -> u64 {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        event["seq"].as_u64().expect("a number")
    };
    for (one, next) in heard[0].iter().zip(&heard[0][1..]) {
        assert_eq!(number(one) + 1, number(next), "a gap");
    }
}

#[test]
fn own_messages_come_back_in_json_form_with_their_id_and_only_there() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.say("two\nlines", "my-id");
    let message = bot.expect_type("message");
    assert_eq!(message["id"], "my-id");
    assert_eq!(message["name"], "bot");
    assert_eq!(message["text"], "two\nlines");
    assert_eq!(message["seq"], bot.welcome["seq"].as_u64().unwrap() + 1);
    ann.expect("\r<bot> two\n\r<bot> lines\n");
    ann.send_str("mine\n/who\n");
    ann.expect_not_before("mine", "-- here (2 in all): ann, bot\n");
}

#[test]
fn a_silent_peer_is_announced_by_its_address_and_its_leaving_noticed() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let silent = Peer::connect(server.addr());
    let address = silent.local_addr();
    ann.expect(&format!("\r[{address}] entered room\n"));
    drop(silent);
    ann.expect(&format!("\r[{address}] is offline\n"));
    let before = server.cpu_time();
    ann.expect_nothing_for(Duration::from_secs(1));
    assert!(
        server.cpu_time() - before < Duration::from_millis(50),
        "the loop spins"
    );
}

/// As `printf … | nc` does.
#[test]
fn a_peer_that_half_closes_still_listens() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut printf = Peer::connect(server.addr());
    printf.send_str("hi\n");
    printf.half_close();
    ann.expect("> hi\n");
    ann.send_str("reply\n");
    printf.expect("\r<ann> reply\n");
}

/// Half a line is not said.
#[test]
fn a_reset_in_mid_line_is_one_departure_and_no_message() {
    for _ in 0..5 {
        let server = server();
        let mut ann = join(server.addr(), "ann");
        // No more than are told one by one.
        for round in 0..9 {
            let mut bo = join(server.addr(), "bo");
            bo.send_str("half");
            bo.reset();
            let news = ann.expect("\r[bo] is offline\n");
            assert_eq!(
                news, "\r[bo] entered room\n\r[bo] is offline\n",
                "round {round}"
            );
        }
    }
}

/// A program that comes back while the server still holds its lost connection has its
/// name at once, and the others notice nothing.
#[test]
fn who_comes_back_takes_the_place_of_their_ghost() {
    let server = server();
    let mut bo = join(server.addr(), "bo");
    let mut ghost = JsonPeer::connect(server.addr(), "ann");
    let welcome = ghost.welcome.clone();
    bo.expect("[ann] entered room\n");
    for round in 0..5 {
        let hello = json!({"protocol": 1, "name": "ann", "resume": {
            "room": welcome["room"], "seq": welcome["seq"], "secret": ghost.welcome["secret"],
        }});
        let mut back = JsonPeer::hello(server.addr(), &hello);
        assert_eq!(back.welcome["name"], "ann");
        assert_eq!(back.welcome["people"], 2);
        ghost.wait_for(|line| line["type"] == "notice");
        ghost.peer.expect_eof();
        back.say(&format!("round {round}"), format!("{round}"));
        bo.expect_not_before("ann]", &format!("<ann> round {round}\n"));
        ghost = back;
    }
}
