//! A disk that is full: the file of the running server may not grow.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use chat_testkit::{
    JsonPeer, Peer, Random, ServerProcess, Signal, Talker, assert_kept, run_piped, settle, until,
};
use rustix::process::{Pid, Resource, prlimit};
use serde_json::Value;

use super::{Kept, id, resume, seq};
use crate::{SERVER, join};

/// No file of the server may become larger than this; `None`: any size.
#[track_caller]
fn limit(server: &ServerProcess, bytes: Option<u64>) {
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
    let mut limit = rustix::process::getrlimit(Resource::Fsize);
    limit.current = bytes.or(limit.maximum);
    prlimit(pid, Resource::Fsize, limit).expect("a process of ours");
}

fn size(kept: &Kept) -> u64 {
    std::fs::metadata(kept.file()).expect("a file").len()
}

/// A program that remembers the last event that it has seen.
struct Bot {
    peer: JsonPeer,
    room: Value,
    last: u64,
}

impl Bot {
    #[track_caller]
    fn connect(server: &ServerProcess) -> Self {
        let peer = JsonPeer::connect(server.addr(), "bot");
        Self {
            room: peer.welcome["room"].clone(),
            last: seq(&peer.welcome),
            peer,
        }
    }

    /// Sees events until another object is as wanted.
    #[track_caller]
    fn wait_for(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let last = &mut self.last;
        self.peer.wait_for(|object| {
            *last = object["seq"].as_u64().unwrap_or(*last);
            wanted(object)
        })
    }
}

/// The room goes on while the disk is full.
#[test]
fn a_full_disk_refuses_and_recovers() {
    let mut random = Random::of_test();
    for sync in ["always", "batch"] {
        let kept = Kept::new(&["--history-sync", sync]);
        let server = kept.start();
        let mut ann = join(server.addr(), "ann");
        let mut bot = Bot::connect(&server);
        let talkers: Vec<Talker> = ["cy", "di"]
            .iter()
            .map(|name| Talker::start(server.addr(), name, 8, random.fork()))
            .collect();
        until("they talk", || {
            talkers.iter().all(|talker| talker.confirmed() > 50)
        });
        for number in 0..3 {
            // In the middle of a line, most probably.
            limit(&server, Some(size(&kept) + random.within(1..8192)));
            assert_refuses(&server, &kept, &mut ann, &mut bot, &id(number));
            limit(&server, None);
            let started = Instant::now();
            ann.expect("-- the history can be written again");
            bot.wait_for(|object| {
                object["type"] == "notice" && object["text"].to_string().contains("again")
            });
            let took = started.elapsed();
            assert!(took < Duration::from_secs(3), "it took {took:?}");
            let before: Vec<u64> = talkers.iter().map(Talker::confirmed).collect();
            until("they are heard again", || {
                let both = talkers.iter().zip(&before);
                both.clone()
                    .all(|(talker, before)| talker.confirmed() > *before)
            });
        }
        let connections = talkers.iter().map(Talker::connections);
        println!("{sync}: {:?} connections", connections.collect::<Vec<_>>());
        let ledgers = settle(talkers);
        server.signal(Signal::Terminate);
        assert!(server.wait_exit(Duration::from_secs(5)).success());
        let log = server.log();
        assert_eq!(
            log.matches("error messages are refused why=").count(),
            3,
            "{log}"
        );
        let report = assert_kept(&kept.file(), &ledgers);
        println!("{sync}: {report:?}");
    }
}

/// The server has no room for a message, says so, and keeps nothing of it.
#[track_caller]
fn assert_refuses(server: &ServerProcess, kept: &Kept, ann: &mut Peer, bot: &mut Bot, id: &str) {
    // What the talkers have said by then is uncertain, and the next messages are
    // refused.
    ann.expect("-- the history cannot be written");
    ann.send_str("a word of mine\n");
    ann.expect("-- that was not sent: the history cannot be written");
    bot.peer.say("a word of its own", id);
    let refusal = bot.wait_for(|object| object["id"] == id);
    assert_eq!(refusal["type"], "error", "{refusal}");
    assert_eq!(refusal["code"], "not_kept", "{refusal}");
    assert!(server.is_running());
    // A client that comes back meanwhile is known.
    let last = bot.last;
    let again = resume(server.addr(), "again", &bot.room, last);
    let resumed = again.welcome["resumed"] == true;
    assert!(resumed, "behind {last}: {}", again.welcome);
    drop(again);
    // Now and then it tries to write on; for that moment a part of a line may be
    // there.
    let mut lines = Vec::new();
    until("the file ends with a whole line", || {
        let read = chat_testkit::ledger::History::read(&kept.file());
        read.map(|history| lines = history.lines).is_ok()
    });
    let text = String::from_utf8(lines.join(&b'\n')).expect("UTF-8");
    assert!(!text.contains("word of"), "what was refused is kept");
}

/// Messages that came too late to be refused when the disk became full are not
/// confirmed, and come when there is space.
#[test]
fn what_is_uncertain_is_not_confirmed() {
    let kept = Kept::new(&["--history-sync", "always"]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.say("one", id(1));
    let one = seq(&bot.expect_type("message"));
    limit(&server, Some(size(&kept) + 20));
    bot.say("two", id(2));
    assert!(bot.next()["text"].to_string().contains("cannot be written"));
    // Whether it is in the room is not known yet.
    bot.say("two", id(2));
    bot.say("three", id(3));
    let answer = bot.next();
    assert_eq!(
        (&answer["type"], &answer["id"]),
        (&"error".into(), &id(3).into())
    );
    limit(&server, None);
    let two = bot.wait_for(|object| object["type"] == "message");
    assert_eq!(two["id"], id(2));
    assert_eq!(seq(&two), one + 1);
    bot.say("three", id(3));
    let three = bot.expect_type("message");
    assert_eq!(seq(&three), one + 2);
}

/// A server that cannot write at its start says so, and is not killed for it.
#[test]
fn a_file_that_is_full_at_the_start_is_an_error() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.say(&"x".repeat(2000), id(1));
    bot.expect_type("message");
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let before = kept.history().lines;
    let file = kept.file();
    let file = file.to_str().expect("a name in UTF-8");
    let script = "ulimit -f 1; exec \"$0\" --listen 127.0.0.1:0 --history \"$1\"";
    let refused = run_piped("bash", &["-c", script, SERVER, file], &[], b"");
    assert_eq!(refused.code(), 1, "{refused}");
    assert!(refused.stderr.contains("cannot write"), "{refused}");
    assert_eq!(kept.history().lines, before, "it is as it was");
    kept.start();
}
