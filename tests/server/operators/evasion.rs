//! What people try who are banned.

use chat_testkit::{JsonPeer, Peer, ServerProcess, until};
use serde_json::json;

use super::{Seat, assert_refused, assert_welcome, come, come_as, returning, say};
use crate::tls::client::{Key, TlsPeer};
use crate::{SERVER, join, server};

#[track_caller]
fn ban(server: &ServerProcess, name: &str) {
    let mut seat = Seat::at(&server.control());
    seat.done(json!({ "type": "ban", "what": name, "duration": "2h", "text": "spam" }));
}

/// The program is told that it is banned, and its connection ends.
#[track_caller]
fn assert_put_out(mut peer: JsonPeer) {
    let told = peer.expect_type("error");
    assert_eq!(told["code"], "banned", "{told}");
    peer.peer.expect_end();
}

#[test]
fn a_new_name_does_not_help() {
    let server = server();
    let bo = come(3, server.addr(), "bo");
    let ann = come(4, server.addr(), "ann");
    ban(&server, "bo");
    assert_put_out(bo);
    for name in ["bob", "bo", "ann"] {
        assert_refused(&come(3, server.addr(), name), "banned");
    }
    // In text form as well.
    let mut text = Peer::connect_from([127, 0, 0, 3], server.addr());
    text.expect("\r-- chat/1 banned: you are banned until ");
    text.send_str("/nick cy\nhello\n");
    text.expect_end();
    let mut again = Seat::at(&server.control());
    assert_eq!(again.people(), json!(["ann"]));
    assert!(again.bans().iter().any(|ban| ban["hits"] == 4));
    drop(ann);
}

#[test]
fn a_second_connection_does_not_help() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let bo = come(3, server.addr(), "bo");
    let other = come(3, server.addr(), "other");
    // These two are connected, and need not have come in yet.
    let mut text = Peer::connect_from([127, 0, 0, 3], server.addr());
    let mut silent = Peer::connect_from([127, 0, 0, 3], server.addr());
    text.expect("-- chat/1 welcome: ");
    silent.expect("-- chat/1 welcome: ");
    ban(&server, "bo");
    assert_put_out(bo);
    assert_put_out(other);
    let _ = text.try_send(b"it is me again\n");
    for peer in [&mut text, &mut silent] {
        peer.expect("you are banned until ");
        peer.expect_end();
    }
    let mut cy = join(server.addr(), "cy");
    cy.send_str("the end\n");
    ann.expect_not_before("it is me again", "<cy> the end\n");
}

/// A peer that has stopped: the server cannot tell it anything, and sees no end.
#[test]
fn a_connection_that_takes_nothing_is_out_all_the_same() {
    let server = ServerProcess::start(SERVER, &["--stall", "60"]);
    let mut bo = come(3, server.addr(), "bo");
    // More than the system holds for a peer that does not read.
    let mut dan = JsonPeer::connect(server.addr(), "dan");
    let text = "x".repeat(4000);
    for number in 0..2000 {
        dan.say(&text, format!("{number:032}"));
        dan.expect_type("message");
    }
    let mut ann = join(server.addr(), "ann");
    ban(&server, "bo");
    bo.say("still here", "1");
    ann.expect("\r[bo] was banned by the operator for 2 h\n");
    dan.say("the end", "2");
    ann.expect_not_before("still here", "<dan> the end\n");
    assert_refused(&come(3, server.addr(), "bob"), "banned");
    until("its connection is closed", || {
        server.count("connections") == 2
    });
}

/// The secret tells that it is the same program, wherever it comes from.
#[test]
fn a_secret_from_another_address_does_not_help() {
    let server = server();
    let bo = come(3, server.addr(), "bo");
    let was = bo.welcome.clone();
    ban(&server, "bo");
    assert_put_out(bo);
    let again = come_as(77, server.addr(), &returning("bob", &was));
    assert_refused(&again, "banned");
    assert!(
        again.welcome["text"]
            .as_str()
            .is_some_and(|text| text.ends_with(": spam"))
    );
    // Another program from there is another person.
    let mut cy = come(77, server.addr(), "cy");
    assert_welcome(&cy);
    assert_eq!(say(&mut cy, "hello")["type"], "message");
    Seat::at(&server.control()).done(json!({ "type": "unban", "what": "bo" }));
    assert_welcome(&come_as(77, server.addr(), &returning("bo", &was)));
}

/// Another name is of no use to a person with a key.
#[test]
fn a_key_is_banned_under_each_name() {
    let server = ServerProcess::start(SERVER, &["--tls", "offer"]);
    let key = Key::new();
    let mut bo = TlsPeer::with_key(server.addr(), &key);
    bo.send_str("/nick bo\n");
    bo.expect("you are now known as bo\n");
    ban(&server, "bo");
    bo.expect("you are banned until ");
    let mut again = TlsPeer::with_key(server.addr(), &key);
    again.expect("banned: you are banned until ");
    // All are at this machine, so its address is not banned with the key.
    assert_welcome(&come(1, server.addr(), "ann"));
    let mut seat = Seat::at(&server.control());
    seat.done(json!({ "type": "unban", "what": "bo" }));
    let mut again = TlsPeer::with_key(server.addr(), &key);
    again.send_str("/nick bob\n");
    again.expect("you are now known as bob\n");
}
