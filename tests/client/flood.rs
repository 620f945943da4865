//! More messages than a person can read: keys still work, and memory is bounded.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chat_testkit::{Peer, Signal, Terminal, keys, proc};

use crate::scripted::{listen, object, welcome};
use crate::{client, open, piped_with};

fn message(seq: usize, text: &str) -> String {
    let members = format!(r#""seq":{seq},"type":"message","name":"bo","text":"{text}""#);
    object("2026-11-23T10:00:00.123Z", &members)
}

/// Sends on until told to stop; then that this was the end.
fn flood(mut stream: &TcpStream, stop: &AtomicBool, sent: &AtomicUsize) {
    while !stop.load(Ordering::SeqCst) {
        let first = sent.load(Ordering::SeqCst);
        let lines: String = (first..first + LINES_AT_ONCE)
            .map(|number| message(number + 1, &format!("line {number}")))
            .collect();
        stream.write_all(lines.as_bytes()).expect("it reads");
        sent.fetch_add(LINES_AT_ONCE, Ordering::SeqCst);
    }
    let end = message(sent.load(Ordering::SeqCst) + 1, "the end");
    stream.write_all(end.as_bytes()).expect("it reads");
}

const LINES_AT_ONCE: usize = 1000;

/// Ends a flood, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The number of the newest line when the client drew this draft first. The screen
/// may be looked at much later.
fn newest_before(draft: &str, written: &[u8]) -> Option<usize> {
    let written = String::from_utf8_lossy(written);
    let (before, _) = written.split_once(&format!("<You> \x1b[0m{draft}"))?;
    let (_, line) = before.rsplit_once(" line ")?;
    line.split_once('\r')?.0.parse().ok()
}

/// The number of the newest line of the flood.
fn newest(screen: &str) -> Option<usize> {
    screen
        .lines()
        .rev()
        .find_map(|row| row.strip_prefix("<bo> line ")?.parse().ok())
}

/// A key is seen to before the client has taken much more of what the
/// server pours, nothing is lost, and nothing of it stays in memory.
#[test]
fn keys_are_seen_to_in_a_flood() {
    let (listener, addr) = listen();
    let mut ann = open(addr, "ann", 24, 80);
    ann.set_deadline(Duration::from_secs(30));
    let server = welcome(&listener, "ann");
    let stream = server.stream();
    stream.set_write_timeout(None).expect("a socket");
    ann.wait_for_text("-- you are ann;");
    let before = proc::resident_bytes(ann.pid());
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let flooding = scope.spawn(|| flood(stream, &stop, &sent));
        let stopping = Stop(&stop);
        let mut draft = String::new();
        let mut late = Vec::new();
        for key in "hello".chars() {
            ann.wait_screen(|screen| newest(screen).is_some(), "the flood");
            ann.type_text(&key.to_string());
            let then = newest(&ann.screen());
            draft.push(key);
            ann.wait_screen(
                |screen| screen.ends_with(&format!("<You> {draft}")) && newest(screen) > then,
                "the key, in the flood",
            );
            let drawn = newest_before(&draft, &ann.raw()).expect("it is drawn with the prompt");
            late.push(drawn.saturating_sub(then.unwrap_or(drawn)));
        }
        // Of one of them the system may tell late, on a machine that is busy.
        late.sort_unstable();
        assert!(late[late.len() / 2] < 20_000, "{late:?} lines before a key");
        drop(stopping);
        flooding.join().expect("it is all taken");
    });
    ann.wait_for_text("<bo> the end\n<You> hello");
    let grown = proc::peak_bytes(ann.pid()).saturating_sub(before);
    assert!(grown < 20 << 20, "{grown} bytes more");
    let full = ann.full_text();
    let tail: Vec<usize> = full
        .lines()
        .filter_map(|row| row.strip_prefix("<bo> line ")?.parse().ok())
        .collect();
    assert!(tail.len() > 5000 && tail.is_sorted_by(|one, next| one + 1 == *next));
    assert_eq!(tail.last(), Some(&(sent.load(Ordering::SeqCst) - 1)));
    assert_eq!(full.matches("<You>").count(), 1);
    ann.type_text(&(keys::ctrl('u') + &keys::ctrl('d')));
    assert_eq!(ann.wait_exit(), 0);
}

/// While a window is dragged nothing is drawn, and so no more is read
/// than can be held.
#[test]
fn a_flood_while_the_window_is_dragged_waits_outside() {
    let (listener, addr) = listen();
    let args = [&addr.to_string(), "--name", "ann", "--no-history"];
    let ann = Terminal::spawn(client(), &args, &[("TERM", "xterm-kitty")], 24, 80);
    let server = welcome(&listener, "ann");
    let mut stream = server.stream();
    stream.set_write_timeout(None).expect("a socket");
    ann.wait_for_text("-- you are ann;");
    let before = proc::resident_bytes(ann.pid());
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let text = "x".repeat(3000);
            // In the end the client has gone.
            (1..).try_for_each(|seq| {
                sent.store(seq, Ordering::SeqCst);
                stream.write_all(message(seq, &text).as_bytes())
            })
        });
        let (mut step, mut last, mut stalled) = (0, 0, 0);
        // Until it takes nothing any more, or far too much.
        while stalled < 20 && last < 15_000 {
            step += 1;
            ann.resize(24 + step % 2, 80);
            // As a person drags it, but faster.
            thread::sleep(Duration::from_millis(10));
            let now = sent.load(Ordering::SeqCst);
            stalled = if now == last { stalled + 1 } else { 0 };
            last = now;
        }
        let grown = proc::peak_bytes(ann.pid()).saturating_sub(before);
        ann.signal(Signal::Kill);
        assert!(grown < 8 << 20, "{grown} bytes more");
    });
}

/// Messages of nothing but line ends, which become a hundred times as much when
/// the name stands before each row.
fn mostly_line_ends() -> (String, Vec<String>) {
    let name = "\u{10330}".repeat(32);
    let ends = "\\n".repeat(4000);
    let lines = (1..=TALL).map(|seq| {
        let text = format!("number {seq}{ends}end {seq}");
        let members = format!(r#""seq":{seq},"type":"message","name":"{name}","text":"{text}""#);
        object("2026-11-23T10:00:00.123Z", &members)
    });
    let rows = (1..=TALL).flat_map(|seq| [format!("number {seq}"), format!("end {seq}")]);
    let rows = rows.map(|row| format!("<{name}> {row}"));
    (lines.collect(), rows.collect())
}

const TALL: usize = 48;

/// The rows of a text that have more than the name of the speaker.
fn said(text: &str) -> Vec<String> {
    let rows = text.lines().filter(|row| row.starts_with("<\u{10330}"));
    rows.filter(|row| !row.trim_end().ends_with('>'))
        .map(str::to_owned)
        .collect()
}

/// It is no use to send little that becomes much.
#[test]
fn memory_is_bounded_where_a_message_has_thousands_of_rows() {
    let (listener, addr) = listen();
    let args = ["--time", "none"];
    let mut plain = piped_with(addr, "ann", &args);
    let mut server = welcome(&listener, "ann");
    plain.stdout.wait_for("-- you are ann;");
    let before = proc::resident_bytes(plain.pid());
    let (lines, rows) = mostly_line_ends();
    server.send_str(&lines);
    plain.stdout.set_deadline(Duration::from_secs(30));
    plain.stdout.wait_for(&format!("> end {TALL}\n"));
    let grown = proc::peak_bytes(plain.pid()).saturating_sub(before);
    assert!(grown < 10 << 20, "{grown} bytes more");
    assert_eq!(said(&plain.stdout.text()), rows);

    let addr = addr.to_string();
    let args = [&[addr.as_str(), "--name", "ann", "--no-history"], &args[..]].concat();
    let mut ann = Terminal::spawn(client(), &args, &[("NO_COLOR", "1")], 24, 160);
    ann.set_deadline(Duration::from_secs(60));
    let mut server = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    let before = proc::resident_bytes(ann.pid());
    server.send_str(&lines);
    ann.wait_for_text(&format!("> end {TALL}\n<You>"));
    let grown = proc::peak_bytes(ann.pid()).saturating_sub(before);
    assert!(grown < 10 << 20, "{grown} bytes more");
    let last = said(&ann.full_text());
    assert!(!last.is_empty() && rows.ends_with(&last), "{last:?}");
}

/// Nor are rows too many that a plain server begins with a CR each.
#[test]
fn memory_is_bounded_where_a_plain_line_has_thousands_of_rows() {
    let (listener, addr) = listen();
    let mut plain = piped_with(addr, "ann", &["--plain-server"]);
    let mut server = Peer::accept(&listener);
    server.send_str("welcome\n");
    plain.stdout.wait_for("welcome\n");
    let before = proc::resident_bytes(plain.pid());
    for number in 0..LONG {
        let line = "a\r".repeat(30_000);
        server.send_str(&format!("{line}{number}\n"));
    }
    plain.stdout.set_deadline(Duration::from_secs(30));
    plain.stdout.wait_for(&format!("\n{}\n", LONG - 1));
    let grown = proc::peak_bytes(plain.pid()).saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more");
    let text = plain.stdout.text();
    let numbers: Vec<usize> = text.lines().filter_map(|row| row.parse().ok()).collect();
    assert_eq!(numbers, (0..LONG).collect::<Vec<usize>>());
    assert_eq!(text.matches("a\n").count(), LONG * 30_000);
}

const LONG: usize = 8;
