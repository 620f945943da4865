//! What the tests of the server show in small, at its full size: a minute each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use chat_server::ops::signals::raise_descriptor_limit;
use chat_testkit::ledger::{Report, numbered};
use chat_testkit::{
    Carrier, JsonPeer, Peer, Random, ServerProcess, Signal, Talker, assert_kept, run_piped, settle,
    until,
};
use serde_json::json;

use crate::SERVER;
use crate::resets::resets_while_a_peer_speaks;

/// Talkers over several servers, and what became of what they said.
struct Kept {
    directory: tempfile::TempDir,
    carrier: Carrier,
    server: ServerProcess,
    args: Vec<String>,
}

impl Kept {
    fn new(more: &[&str]) -> Self {
        Self::over(Carrier::Plain, more)
    }

    /// Clients talk in this way.
    fn over(carrier: Carrier, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let [file, state] = ["room.jsonl", "state"].map(|name| {
            let path = directory.path().join(name);
            path.to_str().expect("a name in UTF-8").to_owned()
        });
        let own = [
            "--history",
            &file,
            "--tls",
            carrier.mode(),
            "--state",
            &state,
        ];
        let args: Vec<String> = own.iter().chain(more).map(ToString::to_string).collect();
        let as_str: Vec<&str> = args.iter().map(String::as_str).collect();
        let server = ServerProcess::start(SERVER, &as_str);
        Self {
            directory,
            carrier,
            server,
            args,
        }
    }

    fn kill_and_restart(&mut self) {
        self.server.kill();
        let addr = self.server.addr();
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        self.server = ServerProcess::start_at(SERVER, addr, &args);
    }

    fn talkers(&self, so_many: usize, window: usize, random: &mut Random) -> Vec<Talker> {
        let target = self.carrier.to(self.server.addr());
        let name = |number| format!("t{number}x");
        (0..so_many)
            .map(|number| Talker::start(target, &name(number), window, random.fork()))
            .collect()
    }

    /// Compares what all know with the files.
    #[track_caller]
    fn check(self, talkers: Vec<Talker>) -> Report {
        let ledgers = settle(talkers);
        self.server.signal(Signal::Terminate);
        assert!(self.server.wait_exit(Duration::from_secs(10)).success());
        assert_kept(&self.directory.path().join("room.jsonl"), &ledgers)
    }
}

/// Two hundred kills at random moments lose nothing and double nothing,
/// with each way to sync.
#[test]
#[ignore = "minutes"]
fn two_hundred_kills() {
    kills_lose_nothing(Carrier::Plain);
}

/// The same for encrypted connections.
#[test]
#[ignore = "minutes"]
fn two_hundred_encrypted_kills() {
    kills_lose_nothing(Carrier::Tls);
}

fn kills_lose_nothing(carrier: Carrier) {
    let mut random = Random::of_test();
    // Talkers that do not wait for the disk say ten times as much.
    for (sync, most) in [("always", 200), ("batch", 60), ("off", 60)] {
        let mut kept = Kept::over(carrier, &["--history-sync", sync]);
        // Few at a time, or they would say more than a test can hold.
        let talkers = kept.talkers(4, 2, &mut random);
        for _ in 0..200 {
            // The random moment is the fault itself; nothing is waited for.
            thread::sleep(Duration::from_millis(random.within(20..most)));
            kept.kill_and_restart();
        }
        let report = kept.check(talkers);
        println!("{sync}: {report:?}");
        assert!(report.confirmed > 2000, "{report:?}");
    }
}

/// The same as for every change, five hundred times.
#[test]
#[ignore = "minutes"]
fn five_hundred_times_half_of_them_vanish() {
    let server = ServerProcess::start(SERVER, &[]);
    // What the clients that stay have heard is kept here, so in parts.
    for part in 0..10 {
        resets_while_a_peer_speaks(&server, part * 50..(part + 1) * 50);
        println!("{} rounds", (part + 1) * 50);
    }
    assert!(!server.log().contains("panicked"));
}

/// Twenty talkers that say five hundred messages each hear one order.
#[test]
#[ignore = "a minute"]
fn twenty_speak_and_hear_one_order() {
    let mut random = Random::of_test();
    let kept = Kept::new(&[]);
    let talkers = kept.talkers(20, 4, &mut random);
    let begun = Instant::now();
    while talkers.iter().any(|talker| talker.confirmed() < 500) {
        assert!(begun.elapsed() < Duration::from_secs(120), "{talkers:#?}");
        thread::sleep(Duration::from_millis(50));
    }
    let report = kept.check(talkers);
    println!("{report:?}");
    assert!(report.seen >= 20 * 20 * 500 / 2, "{report:?}");
}

/// One reader that has stopped, and a thousand: 20 MB in messages of 200 bytes reach a
/// peer that reads, all of them, in order and without delay; the server grows by less
/// than 8 MiB, and the system holds little for each stopped reader; after the stall
/// time they are closed.
#[test]
#[ignore = "a minute"]
fn a_thousand_stopped_readers() {
    for stopped in [1, 1000] {
        stopped_readers(Carrier::Plain, stopped, 8 << 20);
    }
}

/// The same for encrypted connections, of which each may keep one record of 17 KiB.
#[test]
#[ignore = "a minute"]
fn a_thousand_encrypted_stopped_readers() {
    for stopped in [1, 1000] {
        stopped_readers(
            Carrier::Tls,
            stopped,
            (8 << 20) + stopped as u64 * 17 * 1024,
        );
    }
}

/// The server grows by less than `most_grown` bytes beside this many stopped readers.
fn stopped_readers(carrier: Carrier, stopped: usize, most_grown: u64) {
    const MESSAGES: usize = 100_000;
    const PART: usize = 500;
    let descriptors = raise_descriptor_limit().unwrap_or(usize::MAX);
    assert!(descriptors > 3100, "{descriptors} descriptors are too few");
    let server = ServerProcess::start(SERVER, &["--stall", "5", "--tls", carrier.mode()]);
    let target = carrier.to(server.addr());
    let [mut speaker, mut listener] = ["speaker", "listener"].map(|name| {
        let mut peer = Peer::connect(target);
        peer.send_str(&format!("/nick {name}\n"));
        // A peer that comes in later does not hear what was said before.
        peer.expect(&format!("you are now known as {name}\n"));
        peer
    });
    let readers: Vec<JsonPeer> = (0..stopped)
        .map(|number| JsonPeer::connect(target, &format!("s{number}x")))
        .collect();
    let before = server.resident_bytes();
    let filling = "x".repeat(185);
    let (mut most, mut delays) = (0, Vec::new());
    for part in 0..MESSAGES / PART {
        let numbers = part * PART..(part + 1) * PART;
        let last = numbers.end - 1;
        let lines: String = numbers
            .map(|number| format!("{number} {filling}\n"))
            .collect();
        speaker.send_str(&lines);
        listener.expect(&format!("> {last} x"));
        let begun = Instant::now();
        speaker.send_str(&format!("token {part}.\n"));
        listener.expect(&format!("> token {part}.\n"));
        delays.push(begun.elapsed());
        most = most.max(server.resident_bytes());
    }
    delays.sort();
    let p99 = delays[delays.len() * 99 / 100];
    let grown = most.saturating_sub(before);
    let held = held_by_the_system(server.addr().port());
    println!("{stopped} stopped: p99 {p99:?}, grown by {grown} bytes, at most {held:?} held");
    let heard = String::from_utf8_lossy(listener.received()).into_owned();
    let numbers = heard.lines().filter_map(|line| {
        let (number, _) = line.strip_prefix("\r<speaker> ")?.split_once(" x")?;
        number.parse::<usize>().ok()
    });
    assert!(numbers.eq(0..MESSAGES), "some are missing, or out of order");
    assert!(p99 < Duration::from_millis(50), "{p99:?}");
    assert!(grown < most_grown, "{grown}");
    assert!(held.is_none_or(|bytes| bytes < 512 << 10), "{held:?}");
    // What a system takes without its reader counts, once.
    let begun = Instant::now();
    while server.count("read_nothing") < stopped as u64 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "they are still in"
        );
        thread::sleep(Duration::from_millis(100));
    }
    drop(readers);
}

/// The most that the system holds for one socket of this port, where `ss` tells.
fn held_by_the_system(port: u16) -> Option<u64> {
    let script = format!("ss -tmnH state established sport = :{port}");
    let output = run_piped("sh", &["-c", &script], &[], b"");
    let held = |part: &str| part.strip_prefix('w')?.parse().ok();
    let words = output.stdout.split([',', '(']);
    words.filter_map(held).max()
}

/// A hundred thousand events, and fifty peers that ask for all of them and take
/// nothing: people who talk do not wait, and the server does not grow.
#[test]
#[ignore = "a minute"]
fn fifty_ask_for_a_long_past_and_take_nothing() {
    const EVENTS: usize = 100_000;
    let kept = Kept::new(&[]);
    let file = kept.directory.path().join("room.jsonl");
    kept.server.signal(Signal::Terminate);
    assert!(kept.server.wait_exit(Duration::from_secs(5)).success());
    let room = "00112233445566778899aabbccddeeff";
    write_history(&file, room, EVENTS).expect("space");
    let args: Vec<&str> = kept.args.iter().map(String::as_str).collect();
    let server = ServerProcess::start(SERVER, &args);
    let mut ann = JsonPeer::connect(server.addr(), "ann");
    let mut bo = JsonPeer::connect(server.addr(), "bo");
    let before = server.resident_bytes();
    let hello = json!({"protocol": 1, "name": "s", "resume": {"room": room, "seq": 0}});
    let stopped: Vec<Peer> = (0..50)
        .map(|_| {
            let mut peer = Peer::connect(server.addr());
            peer.send_str(&format!("/hello {hello}\n"));
            peer
        })
        .collect();
    let mut delays = Vec::new();
    for number in 0..500 {
        let id = format!("n{number}");
        let begun = Instant::now();
        ann.say("token", id.as_str());
        bo.wait_for(|object| object["id"] == id);
        delays.push(begun.elapsed());
        // They may all have to be served in between.
        thread::sleep(Duration::from_millis(5));
    }
    delays.sort();
    let p99 = delays[delays.len() * 99 / 100];
    let grown = server.resident_bytes().saturating_sub(before);
    println!("p99 {p99:?}, grown by {grown} bytes");
    assert!(p99 < Duration::from_millis(100), "{p99:?}");
    assert!(grown < 8 << 20, "{grown}");
    drop(stopped);
    until("they are gone", || server.count("connections") == 2);
    assert!(numbered(&file).is_empty(), "all of it is in one file");
}

fn write_history(file: &Path, room: &str, events: usize) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    let time = "2026-11-23T10:00:00.000Z";
    writeln!(
        file,
        r#"{{"seq":1,"time":"{time}","type":"room","room":"{room}","people":0}}"#
    )?;
    let filling = "x".repeat(300);
    for number in 0..events {
        let seq = number + 2;
        writeln!(
            file,
            r#"{{"seq":{seq},"time":"{time}","type":"message","name":"ann","text":"{filling}","id":"{number:032x}"}}"#
        )?;
    }
    file.flush()
}
