//! Names: on joining, in the room, and after a person has gone.

use chat_testkit::{JsonPeer, Peer};
use serde_json::json;

use crate::{join, server};

/// One name has one bearer.
#[test]
fn a_taken_name_gets_a_suffix_at_hello_and_a_refusal_at_nick() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let program = JsonPeer::connect(server.addr(), "ANN");
    assert_eq!(program.welcome["name"], "ANN-2");
    ann.expect("\r[ANN-2] entered room\n");
    let mut bo = join(server.addr(), "bo");
    for alike in ["аnn", "Ann", "ａｎｎ", " ann", "ANN", "аnN"] {
        bo.send_str(&format!("/nick {alike}\n"));
        bo.expect("is taken");
    }
    // Two names all the same.
    for (one, other) in [("warning", "waming"), ("bob", "boba")] {
        let _one = join(server.addr(), one);
        join(server.addr(), other);
    }
    let mut late = Peer::connect(server.addr());
    let address = late.local_addr();
    late.send_str("/nick ann\n");
    late.expect("ann is taken");
    ann.expect(&format!("\r[{address}] entered room\n"));
    for (taken, alike) in [("evan", "еvan"), ("potato", "РОТАТО"), ("smt", "ｓｍｔ")] {
        let _one = join(server.addr(), taken);
        let other = JsonPeer::connect(server.addr(), alike);
        let name = other.welcome["name"].as_str().expect("a name");
        assert!(name.ends_with("-2"), "{alike} is {name}");
    }
}

/// No person speaks for the programs, or has a name that is invisible or too long.
#[test]
fn a_name_that_imitates_the_grammar_is_refused() {
    let server = server();
    let mut bo = join(server.addr(), "bo");
    for bad in [
        "<root>",
        "[12:00]",
        "*",
        "***",
        "ann:",
        "ann>",
        "a b",
        "a:b",
        "=",
        "-",
        "_x",
        "server",
        "SERVER",
        "System",
        "chat-server",
        "sеrver",
        "You",
        "Yоu",
        "noticе",
        "127.0.0.1",
        "ad\u{200b}min",
        "\u{301}",
        "\u{200b}",
        "\u{3164}",
        "Phi|ip",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        bo.send_str(&format!("/nick {bad}\n"));
        bo.expect("-- you keep your name");
        let refused = JsonPeer::hello(server.addr(), &json!({"protocol":1,"name":bad}));
        let address = refused.peer.local_addr().to_string();
        assert_eq!(refused.welcome["name"], address.as_str());
    }
}

/// The others get another one, and are in.
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

/// However they have gone.
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

/// A peer that is refused has not taken the name.
#[test]
fn a_name_is_free_when_its_bearer_was_turned_away() {
    let server = server();
    let mut peer = Peer::connect(server.addr());
    peer.send_str("/hello {\"protocol\":2,\"name\":\"ann\"}\n");
    peer.expect("protocol 1 only: goodbye");
    let ann = JsonPeer::connect(server.addr(), "ann");
    assert_eq!(ann.welcome["name"], "ann");
}

/// Two people who want each other's names in one burst have two names after that, and
/// those are the ones that all were told.
#[test]
fn names_that_are_swapped_in_a_burst_stay_two() {
    let server = server();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    for _ in 0..20 {
        ann.send_str("/nick bo\n/nick cy\n/nick bo\n/nick ann\n");
        bo.send_str("/nick ann\n/nick cy\n/nick ann\n/nick bo\n");
    }
    ann.send_str("the end\n");
    bo.send_str("the end\n");
    let mut names = vec!["ann".to_owned(), "bo".to_owned(), "bot".to_owned()];
    let mut ends = 0;
    while ends < 2 {
        let event = bot.next();
        match event["type"].as_str() {
            Some("renamed") => {
                let [old, new] = ["old", "new"].map(|key| event[key].as_str().expect("a name"));
                let bearer = names.iter_mut().find(|name| *name == old);
                *bearer.expect("a person has it") = new.to_owned();
                let mut different = names.clone();
                different.sort();
                different.dedup();
                assert_eq!(different.len(), 3, "{names:?}");
            }
            Some("message") => ends += 1,
            _ => {}
        }
    }
    names.sort();
    bot.send_json(json!({"type":"who"}));
    assert_eq!(bot.expect_type("who")["names"], json!(names));
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
