//! Readers of a long history: readers that come back, and readers that have stopped.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::{Carrier, JsonPeer, Peer, Signal, until};
use serde_json::{Value, json};

use super::{Kept, id, resume, seq};
use crate::join;

/// Says so many numbered lines of this length, and checks that the other peer does not
/// wait for them; `between` is done after each part of them.
#[track_caller]
fn say_numbered(
    speaker: &mut Peer,
    listener: &mut Peer,
    lines: usize,
    length: usize,
    mut between: impl FnMut(),
) {
    let filling = "x".repeat(length);
    for part in 0..lines.div_ceil(PART) {
        let numbers = part * PART..((part + 1) * PART).min(lines);
        let last = numbers.end - 1;
        let text: String = numbers
            .map(|number| format!("{number} {filling}\n"))
            .collect();
        speaker.send_str(&text);
        listener.expect(&format!("> {last} x"));
        between();
    }
}

/// Lines that are said at a time.
const PART: usize = 50;

#[test]
fn a_limited_history_drops_the_oldest_and_says_so() {
    const LIMIT: u64 = 1 << 20;
    let kept = Kept::new(&["--history-keep", "1MiB"]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let room = bot.welcome["room"].clone();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut largest = 0;
    let size = || size(&kept);
    say_numbered(&mut ann, &mut bo, 4000, 1000, || {
        largest = size().max(largest)
    });
    // A thread removes them, which may be late, but not as late as the next
    // sync: all this was said in less time.
    assert!(largest <= 2 * LIMIT, "there were {largest} bytes at a time");
    until("it is within the limit", || size() <= LIMIT);
    assert!(largest > LIMIT / 2, "there were only {largest} bytes");
    // The last one is there, so all that is dropped is dropped.
    bot.say("the last", id(1));
    let numbered = chat_testkit::ledger::numbered(&kept.file());
    assert!(numbered.len() > 4, "{numbered:?}");
    for (number, path) in &numbered {
        assert_eq!(*path, kept.beside(&format!("{number:06}")));
    }

    let mut reader = resume(server.addr(), "reader", &room, 1);
    let (first, newest) = (&reader.welcome["first"], seq(&reader.welcome));
    let first = first.as_u64().expect("a number");
    assert!(first > 1000, "{}", reader.welcome);
    let gap = reader.next();
    assert_eq!(
        (&gap["type"], &gap["missed"]),
        (&json!("gap"), &json!(first - 2))
    );
    let heard: Vec<Vec<u8>> = (first..=newest)
        .map(|_| reader.peer.expect_line().into_bytes())
        .collect();
    let history = kept.history();
    let held: Value = serde_json::from_slice(&history.lines[0]).expect("JSON");
    assert_eq!(seq(&held), first);
    assert!(history.is_cut);
    assert_eq!(history.lines[..heard.len()], heard);

    // The same holds after a restart.
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    assert!(size() <= LIMIT, "{}", size());
    let server = kept.start();
    let mut reader = resume(server.addr(), "reader", &room, newest);
    assert_ne!(reader.welcome["room"], room, "it is another run");
    assert_eq!(reader.welcome["resumed"], true);
    assert_eq!(seq(&reader.next()), newest + 1);
    assert!(size() <= LIMIT, "{}", size());
}

/// Bytes in the files of the history.
fn size(kept: &Kept) -> u64 {
    let entries = std::fs::read_dir(kept.directory.path()).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path() != kept.beside("lock"))
        // It may just have been removed.
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// Readers fall behind the log in memory, and go on from the files, also in the middle
/// of a message of several lines.
#[track_caller]
fn stopped_readers_go_on_over(carrier: Carrier) {
    const MESSAGES: usize = 4_000;
    const LINES: usize = 5;
    let kept = Kept::over(carrier, &["--history-keep", "64MiB"]);
    let server = kept.start();
    let target = kept.target(&server);
    let mut ann = join(target, "ann");
    let mut bo = JsonPeer::connect(target, "bo");
    let mut text = join(target, "text");
    let mut program = JsonPeer::connect(target, "program");
    ann.expect("[program] entered room\n");
    let filling = "x".repeat(600);
    let numbered = |line: usize| format!("{line} {filling}");
    for number in 0..MESSAGES {
        let lines = number * LINES..(number + 1) * LINES;
        let last = lines.end - 1;
        let said: Vec<String> = lines.map(numbered).collect();
        bo.say(&said.join("\n"), id(number));
        if number % PART == PART - 1 {
            ann.expect(&format!("> {last} x"));
            bo.wait_for(|object| object["id"] == id(number));
        }
    }
    bo.say("the last", id(MESSAGES));
    ann.expect("<bo> the last\n");

    text.set_deadline(Duration::from_secs(30));
    let heard = text.expect("<bo> the last\n");
    assert!(!heard.contains("you missed"), "it is all held");
    let numbers: Vec<usize> = heard
        .lines()
        .filter_map(|line| {
            line.strip_prefix("\r<bo> ")?
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .collect();
    let wrong = (0..MESSAGES * LINES)
        .zip(&numbers)
        .find(|(expected, number)| expected != *number);
    assert_eq!(wrong, None, "of {} lines", numbers.len());
    assert_eq!(numbers.len(), MESSAGES * LINES);

    let lines = kept.history().lines;
    let newest = seq(&program.welcome);
    program.peer.set_deadline(Duration::from_secs(30));
    for line in &lines[usize::try_from(newest).expect("a small number")..] {
        let heard = program.peer.expect_line();
        assert_eq!(heard.as_bytes(), line);
    }
    for (reader, name) in [(&mut text, "text"), (&mut program.peer, "program")] {
        let line = match name {
            "text" => "I am back\n",
            _ => "{\"type\":\"message\",\"text\":\"I am back\"}\n",
        };
        reader.send_str(line);
        ann.expect(&format!("\r<{name}> I am back\n"));
    }
}

#[test]
fn stopped_readers_get_all_of_it_when_they_go_on() {
    stopped_readers_go_on_over(Carrier::Plain);
}

#[test]
fn stopped_readers_get_all_of_it_over_tls() {
    stopped_readers_go_on_over(Carrier::Tls);
}

/// The server is busy with readers that come back only as much as they read.
#[test]
fn many_readers_that_come_back_delay_no_other_and_cost_little() {
    const MESSAGES: usize = 20_000;
    const AWAY: usize = 30;
    let kept = Kept::new(&[]);
    write_history(&kept, MESSAGES);
    let server = kept.start();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    ann.expect("[bo] entered room\n");
    #[cfg(target_os = "linux")]
    let before = server.resident_bytes();
    let room = json!(ROOM);
    let hello = |number: usize| {
        let resume = json!({ "room": room, "seq": 0 });
        json!({ "protocol": 1, "name": format!("s{number}x"), "resume": resume })
    };
    let stopped: Vec<Peer> = (0..AWAY)
        .map(|number| {
            let mut peer = Peer::connect(server.addr());
            peer.send_str(&format!("/hello {}\n", hello(number)));
            peer
        })
        .collect();
    let mut reader = resume(server.addr(), "reader", &room, 0);
    let newest = seq(&reader.welcome);
    assert!(newest > MESSAGES as u64);
    let done = AtomicBool::new(false);
    let (heard, worst) = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            reader.peer.set_deadline(Duration::from_secs(30));
            let lines: Vec<Vec<u8>> = (0..newest)
                .map(|_| reader.peer.expect_line().into_bytes())
                .collect();
            done.store(true, Ordering::SeqCst);
            lines
        });
        let worst = talk_while(&mut ann, &mut bo, || {
            !done.load(Ordering::SeqCst) && !reading.is_finished()
        });
        (reading.join().expect("all of it"), worst)
    });
    assert!(worst < Duration::from_millis(500), "one waited {worst:?}");
    #[cfg(target_os = "linux")]
    {
        let grown = server.resident_bytes().saturating_sub(before);
        println!("grown by {grown} bytes");
        // Less than one of them has missed.
        assert!(grown < 8 << 20, "grown by {grown} bytes");
    }
    assert_eq!(heard, kept.history().lines[..heard.len()]);
    drop(stopped);
    until("they are gone", || server.count("connections") == 3);
}

/// Two peers talk for as long as `goes_on` says, and some time longer if that is short;
/// the longest time there and back.
fn talk_while(ann: &mut Peer, bo: &mut Peer, goes_on: impl Fn() -> bool) -> Duration {
    let mut worst = Duration::ZERO;
    let mut number = 0;
    while number < 50 || goes_on() {
        let started = Instant::now();
        ann.send_str(&format!("mark {number}.\n"));
        bo.expect(&format!("\r<ann> mark {number}.\n"));
        bo.send_str(&format!("seen {number}.\n"));
        ann.expect(&format!("\r<bo> seen {number}.\n"));
        worst = worst.max(started.elapsed());
        number += 1;
    }
    println!("{number} times there and back, at most {worst:?}");
    worst
}

const ROOM: &str = "00112233445566778899aabbccddeeff";

/// A history that is larger than what the server holds in memory, as one has
/// written it: quicker than to say all of it.
fn write_history(kept: &Kept, messages: usize) {
    let file = File::create(kept.file()).expect("a directory of ours");
    let mut file = BufWriter::new(file);
    let time = "2026-11-23T10:00:00.000Z";
    let opened = format!(r#"{{"seq":1,"time":"{time}","type":"room","room":"{ROOM}","people":0}}"#);
    writeln!(file, "{opened}").expect("space");
    let filling = "x".repeat(500);
    for number in 0..messages {
        let (seq, id) = (number + 2, id(number));
        writeln!(
            file,
            r#"{{"seq":{seq},"time":"{time}","type":"message","name":"ann","text":"{number} {filling}","id":"{id}"}}"#
        )
        .expect("space");
    }
    file.flush().expect("space");
}
