//! Names: at the door, inside, and after somebody has gone.

use chat_testkit::{JsonPeer, Peer};
use serde_json::json;

use crate::{join, server};

#[test]
fn a_taken_name_gets_a_suffix_at_hello_and_a_refusal_at_nick() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let program = JsonPeer::connect(server.addr(), "ANN");
    assert_eq!(program.welcome["name"], "ANN-2");
    ann.expect("\r[ANN-2] entered room\n");
    let mut bo = join(server.addr(), "bo");
    bo.send_str("/nick аnn\n");
    bo.expect("is taken");
    let mut late = Peer::connect(server.addr());
    let address = late.local_addr();
    late.send_str("/nick ann\n");
    late.expect("ann is taken");
    ann.expect(&format!("\r[{address}] entered room\n"));
}

#[test]
fn a_name_that_imitates_the_grammar_is_refused() {
    let server = server();
    let mut bo = join(server.addr(), "bo");
    for bad in [
        "<root>",
        "[12:00]",
        "*",
        "ann:",
        "a b",
        "server",
        "ad\u{200b}min",
        "-",
    ] {
        bo.send_str(&format!("/nick {bad}\n"));
        bo.expect("-- you keep your name");
        let refused = JsonPeer::hello(server.addr(), &json!({"protocol":1,"name":bad}));
        let address = refused.peer.local_addr().to_string();
        assert_eq!(refused.welcome["name"], address.as_str());
    }
}

#[test]
fn of_many_who_want_a_name_one_gets_it() {
    let server = server();
    let mut peers: Vec<Peer> = (0..50).map(|_| Peer::connect(server.addr())).collect();
    for peer in &mut peers {
        peer.send_str("/hello {\"protocol\":1,\"name\":\"x\"}\n");
    }
    // All stay until the last one has a name, or a name would be free again.
    let peers: Vec<JsonPeer> = peers.into_iter().map(JsonPeer::switched).collect();
    let mut names: Vec<String> = peers
        .iter()
        .map(|peer| peer.welcome["name"].to_string())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 50);
    assert!(names.contains(&"\"x\"".to_owned()));
}

#[test]
fn a_name_is_free_when_its_bearer_has_gone() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    for reset in [false, true] {
        let bo = join(server.addr(), "bo");
        if reset {
            bo.reset()
        } else {
            drop(bo)
        }
        ann.expect("\r[bo] is offline\n");
    }
    let mut bo = join(server.addr(), "bo");
    bo.send_str("/nick bob\n");
    ann.expect("\r[bo] is now known as bob\n");
    join(server.addr(), "bo");
}

#[test]
fn a_late_hello_is_a_new_name_for_one_who_is_here_already() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bot = Peer::connect(server.addr());
    let address = bot.local_addr();
    ann.expect(&format!("\r[{address}] entered room\n"));
    bot.send_str("/hello {\"protocol\":1,\"name\":\"bot\"}\n");
    ann.expect(&format!("\r[{address}] is now known as bot\n"));
    assert_eq!(JsonPeer::switched(bot).welcome["name"], "bot");
}

#[test]
fn who_tells_all_in_pieces() {
    let server = server();
    let peers: Vec<JsonPeer> = (0..210)
        .map(|number| JsonPeer::connect(server.addr(), &format!("p{number}x")))
        .collect();
    let mut last = JsonPeer::connect(server.addr(), "last");
    assert_eq!(last.welcome["people"], 211);
    assert_eq!(last.welcome["names"].as_array().unwrap().len(), 200);
    last.send_json(json!({"type":"who"}));
    let (one, two) = (last.expect_type("who"), last.expect_type("who"));
    assert_eq!((&one["more"], &two["more"]), (&json!(true), &json!(false)));
    let count = |piece: &serde_json::Value| piece["names"].as_array().unwrap().len();
    assert_eq!((count(&one), count(&two)), (200, 11));
    drop(peers);
}

/// More names than may wait at once: the answer goes on by itself.
#[test]
fn who_goes_on_when_the_first_pieces_are_taken() {
    let server = server();
    let peers: Vec<JsonPeer> = (0..260)
        .map(|number| {
            let name = format!("{}{number}", "𐐨".repeat(28));
            JsonPeer::connect(server.addr(), &name)
        })
        .collect();
    let mut last = JsonPeer::connect(server.addr(), "last");
    last.send_json(json!({"type":"who"}));
    assert_eq!(last.expect_type("who")["more"], true);
    assert_eq!(last.expect_type("who")["more"], false);
    drop(peers);
}

#[test]
fn the_name_of_a_late_hello_gets_a_number_however_many_have_it() {
    let server = server();
    let others: Vec<JsonPeer> = (0..30)
        .map(|_| JsonPeer::connect(server.addr(), "many"))
        .collect();
    let mut late = Peer::connect(server.addr());
    late.send_str("hi\n/hello {\"protocol\":1,\"name\":\"many\"}\n");
    let name = JsonPeer::switched(late).welcome["name"].to_string();
    assert!(name.starts_with("\"many-"), "{name}");
    drop(others);
}
