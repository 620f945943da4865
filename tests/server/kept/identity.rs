//! Which program is which after a restart, and which numbers still mean the same.

use std::time::Duration;

use chat_testkit::{JsonPeer, ServerProcess, Signal};
use serde_json::{Value, json};

use super::{Kept, resume, seq};
use crate::join;

/// Comes back with what the welcome has given it.
#[track_caller]
fn come_back(server: &ServerProcess, name: &str, welcome: &Value, seq: u64) -> JsonPeer {
    let resume = json!({"room": welcome["room"], "seq": seq, "secret": welcome["secret"]});
    let hello = json!({"protocol": 1, "name": name, "resume": resume});
    JsonPeer::hello(server.addr(), &hello)
}

#[track_caller]
fn terminate(server: &ServerProcess) {
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
}

/// A stranger comes first, with the hello and with `/nick`.
#[test]
fn a_stranger_does_not_get_the_name_of_one_who_comes_back() {
    for stop in [terminate, ServerProcess::kill] {
        let kept = Kept::new(&[]);
        let server = kept.start();
        let bob = JsonPeer::connect(server.addr(), "bob");
        let cy = JsonPeer::connect(server.addr(), "cy");
        let _nc = join(server.addr(), "di");
        stop(&server);

        let server = kept.start();
        let mut watcher = JsonPeer::connect(server.addr(), "watcher");
        let mut stranger = JsonPeer::connect(server.addr(), "bob");
        assert_eq!(stranger.welcome["name"], "bob-2");
        let word = stranger.expect_type("notice");
        let text = word["text"].as_str().expect("a text");
        assert!(text.contains("bob is kept for 1"), "{text}");
        stranger.send_json(json!({"type": "nick", "name": "cy"}));
        assert_eq!(stranger.expect_type("error")["code"], "name_taken");
        // No program could prove that this name is its own, and so all are told.
        join(server.addr(), "di");

        let again = come_back(&server, "bob", &bob.welcome, 1);
        assert_eq!(again.welcome["name"], "bob");
        assert_eq!(again.welcome["secret"], bob.welcome["secret"]);
        let again = come_back(&server, "x", &cy.welcome, 1);
        assert_eq!(again.welcome["name"], "cy");
        let mut told = Vec::new();
        while told.len() < 4 {
            let entered = watcher.expect_type("entered");
            let back = entered["back"] == entered["names"];
            told.push((entered["names"][0].clone(), back));
        }
        let expected = [("bob-2", false), ("di", false), ("bob", true), ("cy", true)];
        assert_eq!(told, expected.map(|(name, back)| (json!(name), back)));
    }
}

/// Two bots count their messages from 1, and one sends again what it
/// does not know to be there.
#[test]
fn a_short_id_is_of_one_program_before_and_after_a_restart() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut eve = JsonPeer::connect(server.addr(), "ann");
    eve.say("deploy 7 failed", "7");
    eve.expect_type("message");
    let mut ann = JsonPeer::connect(server.addr(), "ann");
    ann.say("deploy 7 failed", "7");
    let said = ann.expect_type("message");
    assert_eq!(said["name"], "ann-2");
    let mut server = server;
    for restarted in [false, true] {
        if restarted {
            server.kill();
            server = kept.start();
        }
        let mut again = come_back(&server, "ann", &ann.welcome, seq(&said));
        let welcomed = seq(&again.welcome);
        again.say("deploy 7 failed", "7");
        let answer = |again: &mut JsonPeer| {
            again.wait_for(|object| {
                object["type"] == "confirmed" || object["id"] == "7" && seq(object) > welcomed
            })
        };
        let confirmed = answer(&mut again);
        assert_eq!(confirmed["type"], "confirmed");
        assert_eq!(confirmed["seq"], said["seq"]);
        again.say("deploy 8 failed", "7");
        let answer = answer(&mut again);
        assert_eq!(answer["type"] == "message", !restarted, "{answer}");
        let mut other = JsonPeer::connect(server.addr(), "ann");
        other.say("deploy 7 failed", "7");
        assert_eq!(
            other.wait_for(|object| object["id"] == "7")["type"],
            "message"
        );
    }
}

/// The last lines are lost, as in a power failure. A program that has seen them gets
/// all that is there in their place, over several restarts.
#[test]
fn a_program_gets_what_has_taken_the_numbers_of_what_was_lost() {
    let kept = Kept::new(&["--history-sync", "batch"]);
    let mut server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let mut position = (bot.welcome.clone(), seq(&bot.welcome));
    for (round, lost) in [3, 1, 5, 0, 8].into_iter().enumerate() {
        for number in 0..6 {
            bot.say(
                &format!("old {round}.{number}"),
                super::id(round * 10 + number),
            );
            let said = bot.expect_type("message");
            position.1 = seq(&said);
        }
        server.kill();
        let mut lines = kept.history().lines;
        // Behind what was seen the departure may stand.
        lines.truncate(position.1 as usize - lost);
        let end = lines.len() as u64;
        let mut whole = lines.join(&b'\n');
        whole.push(b'\n');
        std::fs::write(kept.file(), &whole).expect("space");

        server = kept.start();
        let mut ann = JsonPeer::connect(server.addr(), "ann");
        for number in 0..6 {
            ann.say(
                &format!("new {round}.{number}"),
                super::id(round * 10 + number + 1000),
            );
            ann.expect_type("message");
        }
        bot = come_back(&server, "bot", &position.0, position.1);
        let welcome = bot.welcome.clone();
        assert_eq!(welcome["resumed"], lost == 0, "{welcome}");
        assert_eq!(welcome["from"], end + 1);
        assert_ne!(welcome["room"], position.0["room"]);
        if lost > 0 {
            let word = bot.expect_type("notice");
            let text = word["text"].as_str().expect("a text");
            assert!(text.contains("lost"), "{text}");
            assert!(
                lost == 1 || text.contains(&format!("{lost} events")),
                "{text}"
            );
        }
        // Each of them once, and what comes then.
        let mut heard = Vec::new();
        for expected in end + 1..=seq(&welcome) {
            let event = bot.next();
            assert_eq!(seq(&event), expected, "{event}");
            heard.extend(event["text"].as_str().map(str::to_owned));
        }
        let new: Vec<String> = (0..6)
            .map(|number| format!("new {round}.{number}"))
            .collect();
        assert_eq!(heard, new);
        position = (welcome, seq(&bot.welcome));
    }
}

/// A history that an older copy is put in place of.
#[test]
fn a_program_that_has_seen_more_than_a_copy_holds_is_told() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.say("in the copy", super::id(1));
    bot.expect_type("message");
    terminate(&server);
    let copy = std::fs::read(kept.file()).expect("a file");
    let server = kept.start();
    let mut bot = come_back(&server, "bot", &bot.welcome, 3);
    bot.say("not in the copy", super::id(2));
    let last = seq(&bot.expect_type("message"));
    terminate(&server);
    std::fs::write(kept.file(), &copy).expect("space");

    let server = kept.start();
    let mut ann = JsonPeer::connect(server.addr(), "ann");
    for number in 0..4 {
        ann.say("new", super::id(10 + number));
        ann.expect_type("message");
    }
    let mut bot = come_back(&server, "bot", &bot.welcome, last);
    assert_eq!(bot.welcome["resumed"], false);
    let word = bot.expect_type("notice");
    let text = word["text"].as_str().expect("a text");
    assert!(text.contains("another history"), "{text}");
    let mut news = 0;
    let newest = seq(&bot.welcome);
    loop {
        let event = bot.next();
        news += usize::from(event["text"] == "new");
        assert_ne!(event["text"], "in the copy", "that was seen");
        if seq(&event) == newest {
            break;
        }
    }
    assert_eq!(news, 4);
}

/// A file from before there were runs goes on for the programs that were in it.
#[test]
fn a_room_without_runs_is_the_same_room() {
    let kept = Kept::new(&[]);
    let old = concat!(
        r#"{"seq":1,"time":"2026-11-23T10:00:00.000Z","type":"room","people":0,"room":"old"}"#,
        "\n",
        r#"{"seq":2,"time":"2026-11-23T10:00:01.000Z","type":"entered","names":["ann"]}"#,
        "\n"
    );
    std::fs::write(kept.file(), old).expect("space");
    let server = kept.start();
    let ann = resume(server.addr(), "ann", &json!("old"), 2);
    assert_eq!(ann.welcome["resumed"], true);
    assert_eq!(ann.welcome["name"], "ann");
    let ann = resume(server.addr(), "ann", &json!("old"), 3);
    assert_eq!(ann.welcome["resumed"], false);
    assert_eq!(ann.welcome["from"], 3);
}

/// The key is made beside the history, for its owner only, and says what is wrong
/// with another one.
#[cfg(unix)]
#[test]
fn the_key_is_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let kept = Kept::new(&[]);
    let server = kept.start();
    let ann = JsonPeer::connect(server.addr(), "ann");
    terminate(&server);
    let key = kept.beside("key");
    let mode = |mode| std::fs::set_permissions(&key, PermissionsExt::from_mode(mode));
    let metadata = std::fs::metadata(&key).expect("a key");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    mode(0o644).expect("a file of ours");
    let file = kept.file();
    let file = file.to_str().expect("a name in UTF-8");
    let args = ["--listen", "127.0.0.1:0", "--history", file];
    let refused = chat_testkit::run_piped(crate::SERVER, &args, &[], b"");
    assert_eq!(refused.code(), 1, "{refused}");
    assert!(refused.stderr.contains("chmod 600"), "{refused}");
    // A key that is gone costs nothing but the proofs.
    std::fs::remove_file(&key).expect("a file of ours");
    let server = kept.start();
    let mut again = come_back(&server, "ann", &ann.welcome, 2);
    assert_eq!(again.welcome["resumed"], true);
    assert_eq!(again.welcome["name"], "ann");
    assert_ne!(again.welcome["secret"], ann.welcome["secret"]);
    let entered = again.wait_for(|object| object["type"] == "entered");
    assert!(entered["back"].is_null(), "{entered}");
}

/// A room that strangers have filled after a restart still has a place for a program
/// that was in it.
#[test]
fn a_full_room_keeps_the_places_of_who_was_in_it() {
    let kept = Kept::new(&["--max-clients", "2"]);
    let server = kept.start();
    let [ann, bo] = ["ann", "bo"].map(|name| JsonPeer::connect(server.addr(), name));
    server.kill();
    let server = kept.start();
    let _strangers = ["x", "y"].map(|name| JsonPeer::connect(server.addr(), name));
    let refused = JsonPeer::hello(server.addr(), &json!({"protocol": 1, "name": "z"}));
    assert_eq!(refused.welcome["code"], "full");
    let mut back = Vec::new();
    for (name, peer) in [("ann", &ann), ("bo", &bo)] {
        let again = come_back(&server, name, &peer.welcome, 1);
        assert_eq!(again.welcome["name"], name, "{}", again.welcome);
        back.push(again);
    }
    assert_eq!(back[1].welcome["people"], 4);
}
