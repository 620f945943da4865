//! The server stops in order, and another one goes on.

use std::net::TcpStream;
use std::time::Duration;

use chat_testkit::{
    DEADLINE, JsonPeer, Random, Signal, Talker, assert_kept, room_of, settle, until,
};
use serde_json::json;

use super::{Kept, id, resume, seq};
use crate::join;

/// All that was confirmed is kept, a peer that never reads holds nothing up, and no
/// peer comes in any more.
#[test]
fn a_restart_says_goodbye_and_loses_nothing() {
    let mut random = Random::of_test();
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    // A peer that never reads holds nothing up.
    let _stuck = JsonPeer::connect(server.addr(), "stuck");
    let talkers: Vec<Talker> = ["cy", "di"]
        .iter()
        .map(|name| Talker::start(server.addr(), name, 8, random.fork()))
        .collect();
    until("they talk", || {
        talkers.iter().all(|talker| talker.confirmed() > 100)
    });
    server.signal(Signal::Terminate);
    ann.expect("-- the server is shutting down");
    let mut last = seq(&bot.welcome);
    let goodbye = loop {
        let object = bot.next();
        if object["type"] == "goodbye" {
            break object;
        }
        assert_eq!(seq(&object), last + 1);
        last += 1;
    };
    let after = goodbye["after_ms"].as_u64().expect("a time");
    assert!((100..=10_000).contains(&after), "{goodbye}");
    // No other peer comes in by then.
    let late = TcpStream::connect_timeout(&server.addr(), DEADLINE);
    assert!(late.is_err(), "{late:?}");
    bot.peer.expect_end();
    let status = server.wait_exit(Duration::from_secs(5));
    assert_eq!(status.code(), Some(0), "{}", server.log());

    let server = kept.start();
    let room = &bot.welcome["room"];
    let mut again = resume(server.addr(), "bot", room, last);
    assert_eq!(room_of(&again.welcome), room_of(&bot.welcome));
    assert_ne!(&again.welcome["room"], room, "it is another run");
    assert_eq!(again.welcome["resumed"], true);
    let newest = seq(&again.welcome);
    for expected in last + 1..=newest {
        assert_eq!(seq(&again.next()), expected);
    }
    let before: Vec<u64> = talkers.iter().map(Talker::confirmed).collect();
    until("they talk again", || {
        let both = talkers.iter().zip(&before);
        both.clone()
            .all(|(talker, before)| talker.confirmed() > before + 100)
    });
    let ledgers = settle(talkers);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    assert_kept(&kept.file(), &ledgers);
}

#[test]
fn a_message_that_is_sent_again_after_a_restart_is_the_same() {
    for kill in [false, true] {
        let kept = Kept::new(&[]);
        let server = kept.start();
        let mut bot = JsonPeer::connect(server.addr(), "bot");
        bot.say("once", id(1));
        bot.say("upon a time", id(2));
        let (one, two) = (bot.expect_type("message"), bot.expect_type("message"));
        match kill {
            true => server.kill(),
            false => {
                server.signal(Signal::Terminate);
                assert!(server.wait_exit(Duration::from_secs(5)).success());
            }
        }
        let server = kept.start();
        // Under another name as well: the old one may be taken still.
        for name in ["bot", "bot-2"] {
            let mut again = JsonPeer::connect(server.addr(), name);
            for (old, text) in [(&one, "once"), (&two, "upon a time")] {
                again.say(text, old["id"].clone());
                let answer = again.expect_type("confirmed");
                assert_eq!(answer["id"], old["id"]);
                assert_eq!(answer["seq"], old["seq"]);
            }
        }
        let messages = |line: &&Vec<u8>| line.windows(9).any(|part| part == b"\"message\"");
        let lines = kept.history().lines;
        assert_eq!(lines.iter().filter(messages).count(), 2);
    }
}

/// In another room the server does not pretend to resume.
#[test]
fn another_room_is_a_fresh_start_and_says_so() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let other = json!("0123456789abcdef0123456789abcdef");
    let mut bot = resume(server.addr(), "bot", &other, 1);
    assert_eq!(bot.welcome["resumed"], false);
    let notice = bot.next();
    assert_eq!(notice["type"], "notice");
    let text = notice["text"].as_str().expect("a text");
    assert!(text.contains("another room"), "{text}");
    // The same in a room that has lost events that the program has seen.
    let room = bot.welcome["room"].clone();
    let mut bot = resume(server.addr(), "bot", &room, 4711);
    assert_eq!(bot.welcome["resumed"], false);
    let text = bot.next()["text"].to_string();
    assert!(text.contains("lost"), "{text}");
}
