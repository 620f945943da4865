//! Another program moves, deletes or changes the files of a running server.

#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::time::{Duration, Instant};

use super::{Kept, id, resume, seq};
use crate::{SERVER, join};
use chat_testkit::{
    JsonPeer, Random, ServerProcess, Signal, Talker, assert_kept, room_of, run_piped, settle, until,
};

fn talkers(server: &ServerProcess, random: &mut Random) -> Vec<Talker> {
    ["ann", "bo", "cy"]
        .iter()
        .map(|name| Talker::start(server.addr(), name, 8, random.fork()))
        .collect()
}

/// Waits until all talkers have said more that was confirmed.
#[track_caller]
fn all_go_on(talkers: &[Talker]) {
    let before: Vec<u64> = talkers.iter().map(Talker::confirmed).collect();
    until("they are heard", || {
        let both = talkers.iter().zip(&before);
        both.clone()
            .all(|(talker, before)| talker.confirmed() > before + 20)
    });
}

/// As logrotate does it, while people talk: nothing is lost and nothing is in two
/// files.
#[test]
fn a_history_that_is_moved_away_goes_on_in_a_new_file() {
    let mut random = Random::of_test();
    for sync in ["always", "batch", "off"] {
        let kept = Kept::new(&["--history-sync", sync]);
        let server = kept.start();
        let talkers = talkers(&server, &mut random);
        for number in 1..=6 {
            all_go_on(&talkers);
            // Under these names they are read back, and read by the checker.
            fs::rename(kept.file(), kept.beside(&format!("{number:06}"))).expect("a file");
            if number % 2 == 0 {
                File::create(kept.file()).expect("a file");
            }
            // The others are noticed without a word.
            if number > 2 {
                server.signal(Signal::Hangup);
            }
            until("it goes on in a new file", || {
                server.log().matches("goes on in a new file").count() >= number
            });
        }
        all_go_on(&talkers);
        server.kill();
        let server = kept.start();
        all_go_on(&talkers);
        let ledgers = settle(talkers);
        server.signal(Signal::Terminate);
        assert!(server.wait_exit(Duration::from_secs(5)).success());
        let report = assert_kept(&kept.file(), &ledgers);
        println!("{sync}: {report:?}");
    }
}

/// What another program does to the file, and what the server tells then.
fn disturb(kept: &Kept, number: usize, random: &mut Random) -> &'static str {
    let file = kept.file();
    match number % 3 {
        0 => {
            fs::remove_file(file).expect("a file");
            "was deleted or replaced"
        }
        1 => {
            let length = random.within(0..fs::metadata(&file).expect("a file").len());
            let file = OpenOptions::new().write(true).open(file);
            file.and_then(|file| file.set_len(length)).expect("a file");
            "was changed by another program"
        }
        _ => {
            fs::write(file, "notes\n".repeat(10_000)).expect("space");
            "was changed by another program"
        }
    }
}

#[track_caller]
fn wait_to_be_told(bot: &mut JsonPeer, what: &str) {
    bot.wait_for(|object| object["type"] == "notice" && object["text"].to_string().contains(what));
}

/// While people talk.
#[test]
fn a_history_that_is_deleted_or_changed_is_written_again() {
    let mut random = Random::of_test();
    let kept = Kept::new(&["--history-sync", "always"]);
    let mut server = kept.start();
    let talkers = talkers(&server, &mut random);
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    for number in 0..6 {
        all_go_on(&talkers);
        let told = disturb(&kept, number, &mut random);
        wait_to_be_told(&mut bot, told);
        all_go_on(&talkers);
        if number == 3 {
            server.kill();
            server = kept.start();
            bot = JsonPeer::connect(server.addr(), "bot");
        }
    }
    assert!(kept.beside("replaced").exists());
    server.kill();
    let server = kept.start();
    all_go_on(&talkers);
    let ledgers = settle(talkers);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let report = assert_kept(&kept.file(), &ledgers);
    println!("{report:?}");
}

/// Also when the server notices it a second later.
#[test]
fn so_it_is_where_events_do_not_wait_for_the_disk() {
    let mut random = Random::of_test();
    for sync in ["batch", "off"] {
        let kept = Kept::new(&["--history-sync", sync]);
        let server = kept.start();
        let mut bot = JsonPeer::connect(server.addr(), "bot");
        let mut said = 0;
        for number in 0..6 {
            let mut say = |bot: &mut JsonPeer| {
                bot.say(&format!("said {said}."), id(said));
                said += 1;
                id(said - 1)
            };
            let first = say(&mut bot);
            bot.wait_for(|object| object["id"] == first);
            let told = disturb(&kept, number, &mut random);
            let second = say(&mut bot);
            // In which order these come is not certain.
            let (mut is_heard, mut is_told) = (false, false);
            bot.wait_for(|object| {
                is_heard |= object["id"] == second;
                is_told |= object["text"].to_string().contains(told);
                is_heard && is_told
            });
            let third = say(&mut bot);
            bot.wait_for(|object| object["id"] == third);
        }
        server.kill();
        let all = kept.history().lines.join(&b'\n');
        let all = String::from_utf8(all).expect("UTF-8");
        let texts = all.matches("said ").count();
        assert_eq!(texts, said, "{all}");
        for number in 0..said {
            assert!(
                all.contains(&format!("said {number}.")),
                "{number} in {all}"
            );
        }
        assert!(kept.start().is_running());
    }
}

/// All that was confirmed is there after a restart, whenever that is.
#[test]
fn with_always_nothing_is_confirmed_that_is_not_in_its_place() {
    let kept = Kept::new(&["--history-sync", "always"]);
    let mut server = kept.start();
    for number in 0..20 {
        let mut bot = JsonPeer::connect(server.addr(), "bot");
        let room = room_of(&bot.welcome).to_owned();
        let file = kept.file();
        match number % 4 {
            0 => fs::remove_file(file).expect("a file"),
            1 => fs::rename(file, kept.beside("old")).expect("a file"),
            2 => fs::write(file, "").expect("a file"),
            _ => fs::write(file, "notes\n".repeat(1000)).expect("a file"),
        }
        let said = format!("said {number}.");
        bot.say(&said, id(number));
        bot.wait_for(|object| object["id"] == id(number));
        server.kill();
        let history = kept.history();
        let is_it = |line: &Vec<u8>| String::from_utf8_lossy(line).contains(&said);
        assert_eq!(history.lines.iter().filter(|line| is_it(line)).count(), 1);
        server = kept.start();
        let bot = JsonPeer::connect(server.addr(), "bot");
        assert_eq!(room_of(&bot.welcome), room, "it is the same room");
    }
}

/// The room goes on, and everything is there again when the directory is.
#[test]
fn a_directory_that_is_gone_is_told_and_waited_for() {
    let parent = tempfile::tempdir().expect("a directory");
    let home = parent.path().join("data");
    fs::create_dir(&home).expect("a directory");
    let file = home.join("room.jsonl");
    let file = file.to_str().expect("a name in UTF-8");
    let args = ["--history", file, "--history-sync", "always"];
    let server = ServerProcess::start(SERVER, &args);
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.say("one", id(1));
    bot.expect_type("message");
    fs::remove_dir_all(&home).expect("ours");
    ann.expect("-- the history cannot be written (its directory is gone): nothing new is taken");
    ann.send_str("a word\n");
    ann.expect("-- that was not sent: the history cannot be written");
    // A peer that comes now is greeted, and told.
    let mut newcomer = JsonPeer::connect(server.addr(), "late");
    assert!(
        newcomer.next()["text"]
            .to_string()
            .contains("directory is gone")
    );
    newcomer.peer.send_str("{\"type\":\"ping\"}\n");
    newcomer.wait_for(|object| object["type"] == "pong");
    fs::create_dir(&home).expect("a directory");
    ann.expect("-- the history can be written again");
    bot.say("two", id(2));
    bot.wait_for(|object| object["id"] == id(2));
    server.kill();
    let all = fs::read_to_string(file).expect("a file");
    assert_eq!(
        ["\"one\"", "\"two\""].map(|text| all.matches(text).count()),
        [1, 1]
    );
    assert!(ServerProcess::start(SERVER, &args).is_running());
}

/// Readers are told how much is missing, stay, and hear new messages.
#[test]
fn a_history_that_cannot_be_read_is_a_gap() {
    let kept = Kept::new(&["--history-keep", "64MiB"]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let room = bot.welcome["room"].clone();
    for number in 0..6_000 {
        bot.say(&"x".repeat(4000), id(number));
        if number % 50 == 49 {
            bot.wait_for(|object| object["id"] == id(number));
        }
    }
    let numbered = chat_testkit::ledger::numbered(&kept.file());
    assert!(numbered.len() >= 4, "{numbered:?}");
    // One is cut, and in another one there is something else.
    let cut = OpenOptions::new().write(true).open(&numbered[0].1);
    cut.and_then(|file| file.set_len(1_000_000))
        .expect("a file");
    let length = fs::metadata(&numbered[2].1).expect("a file").len();
    fs::write(&numbered[2].1, vec![b'x'; length as usize]).expect("a file");
    let mut text = join(server.addr(), "text");
    for round in 0..3 {
        let mut reader = resume(server.addr(), "reader", &room, 0);
        let newest = seq(&reader.welcome);
        let (mut next, mut gaps) = (1, 0);
        while next <= newest {
            let object = reader.next();
            match object["missed"].as_u64() {
                Some(missed) => (next, gaps) = (next + missed, gaps + 1),
                None => {
                    assert_eq!(seq(&object), next, "{object}");
                    next += 1;
                }
            }
        }
        assert_eq!(gaps, 2, "one for each file");
        let said = format!("round {round}.");
        text.send_str(&format!("{said}\n"));
        reader.wait_for(|object| object["text"] == said);
    }
    let log = server.log();
    let told = log.matches("a part of the history cannot be read").count();
    assert!((1..5).contains(&told), "{told} times: {log}");
    assert!(!log.contains("not readable"), "{log}");
}

/// SIGHUP where nothing was moved, and where there is no history.
#[test]
fn a_hangup_does_nothing_else() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    server.signal(Signal::Hangup);
    server.wait_for_log("the history is in its place");
    bot.say("one", id(1));
    assert_eq!(bot.next()["text"], "one", "the room is not told");
    let server = crate::server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    server.signal(Signal::Hangup);
    ann.send_str("still here\n");
    bo.expect("<ann> still here\n");
}

/// By another name, and when the lock is gone.
#[test]
fn a_second_server_is_kept_out_of_each_file() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let linked = kept.beside("linked");
    fs::hard_link(kept.file(), &linked).expect("a link");
    fs::remove_file(kept.beside("lock")).expect("a lock");
    let before = kept.history().lines;
    for file in [kept.file(), linked] {
        let file = file.to_str().expect("a name in UTF-8");
        let args = ["--listen", "127.0.0.1:0", "--history", file];
        let second = run_piped(SERVER, &args, &[], b"");
        assert_eq!(second.code(), 1, "{second}");
        assert!(
            second.stderr.contains("in use by another chat-server"),
            "{second}"
        );
    }
    assert_eq!(kept.history().lines, before, "nothing was changed");
    assert!(server.is_running());
}

/// The server says what is wrong instead of waiting for a program to write there.
#[test]
fn a_fifo_among_the_files_is_an_error_at_once() {
    let kept = Kept::new(&[]);
    let mode = rustix::fs::Mode::from_bits_truncate(0o666);
    let file = kept.file();
    let file = file.to_str().expect("a name in UTF-8").to_owned();
    for beside in ["lock", "000003"] {
        let path = kept.beside(beside);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("a FIFO");
        let started = Instant::now();
        let args = ["--listen", "127.0.0.1:0", "--history", &file];
        let refused = run_piped(SERVER, &args, &[], b"");
        assert_eq!(refused.code(), 1, "{refused}");
        assert!(
            refused.stderr.contains("it is not a regular file"),
            "{refused}"
        );
        assert!(refused.stderr.contains(beside), "{refused}");
        assert!(started.elapsed() < Duration::from_secs(10));
        fs::remove_file(path).expect("ours");
    }
    assert!(kept.start().is_running());
}
