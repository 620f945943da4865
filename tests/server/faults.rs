//! Faults of the system and of many at once: members that vanish while others
//! talk, signals without end, little memory and little stack, a log that cannot
//! be written.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chat_server::ops::signals::raise_descriptor_limit;
use chat_testkit::{JsonPeer, Peer, Program, ServerProcess, Signal, until};
use serde_json::json;

use crate::resets::resets_while_a_peer_speaks;
use crate::{SERVER, join, server};

/// A server that a shell starts, which can set limits and close streams first.
#[track_caller]
fn server_after(first: &str, more: &str) -> ServerProcess {
    let script = format!("{first}; exec \"$0\" --listen 127.0.0.1:0 --rate 0 {more}");
    ServerProcess::start_with("bash", &["-c", &script, SERVER], &[])
}

/// Half of the members are reset in the moment in which a person speaks: the other half
/// hears each message once, in the one order.
#[test]
fn a_peer_that_vanishes_while_another_speaks_takes_nothing_along() {
    resets_while_a_peer_speaks(&server(), 0..12);
}

/// A thousand peers come at once and vanish at once, and the threads have little stack:
/// it is told in a few lines, and the peers that stay are not disturbed.
#[test]
fn a_thousand_vanish_at_once() {
    let descriptors = raise_descriptor_limit().unwrap_or(usize::MAX);
    let crowd = 1000.min(descriptors.saturating_sub(300));
    let server = server_after("ulimit -s 768", "--threads 3 --together 1");
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    ann.expect("[bo] entered room\n");
    let before = server.open_descriptors();
    let peers: Vec<TcpStream> = (0..crowd)
        .map(|number| {
            let mut stream = TcpStream::connect(server.addr()).expect("it listens");
            let nick = format!("/nick k{number}x\n");
            stream.write_all(nick.as_bytes()).expect("it reads");
            stream
        })
        .collect();
    until("all have come", || {
        server.open_descriptors() >= before + crowd
    });
    for peer in &peers {
        // As when their process is killed.
        let _ = peer.shutdown(Shutdown::Both);
    }
    drop(peers);
    until("all have gone", || server.open_descriptors() <= before);
    bo.send_str("still\n");
    let told = ann.expect("\r<bo> still\n").len();
    // The last departures may be told a moment later.
    assert!(told < 256 * 1024, "{told} bytes");
}

/// A storm of signals that mean nothing to the server disturbs no peer.
#[test]
fn signals_without_end_do_not_disturb_people() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let storm = "for i in {1..3000}; do kill -WINCH $0; kill -CHLD $0; kill -CONT $0; done";
    let pid = server.pid().to_string();
    let mut storm = Program::spawn("bash", &["-c", storm, &pid], &[]);
    let mut number = 0;
    while storm.is_running() || number < 10 {
        let started = Instant::now();
        bo.send_str(&format!("{number}.\n"));
        ann.expect(&format!("\r<bo> {number}.\n"));
        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "waited {took:?}");
        number += 1;
    }
    assert!(storm.finish().status.success());
    let before = server.cpu_time();
    ann.expect_nothing_for(Duration::from_millis(300));
    assert!(server.cpu_time() - before < Duration::from_millis(30));
}

/// With a quarter of a gigabyte of addresses there is room for stopped readers, a
/// flood, and requests whose answers no peer reads.
#[test]
fn little_memory_is_enough() {
    let server = server_after("ulimit -v 262144", "--threads 2");
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let stuck: Vec<Peer> = (0..50)
        .map(|number| join(server.addr(), &format!("s{number}x")))
        .collect();
    let mut asker = join(server.addr(), "asker");
    asker
        .stream()
        .set_write_timeout(Some(Duration::from_millis(300)))
        .expect("a socket");
    while asker.try_send(&b"/help\n".repeat(10_000)).is_ok() {}
    let lines = format!("{}\n", "x".repeat(4000)).repeat(40);
    for number in 0..60 {
        bo.send_str(&format!("{lines}mark {number}.\n"));
        ann.expect(&format!("mark {number}.\n"));
    }
    drop(stuck);
    let mut cy = join(server.addr(), "cy");
    cy.send_str("still\n");
    ann.expect("\r<cy> still\n");
}

/// People talk even if there is no log to write to, or it is full.
#[test]
fn a_log_that_cannot_be_written_does_not_stop_the_room() {
    for streams in [">/dev/full 2>/dev/full", "<&- >&- 2>&-"] {
        // It cannot say where it listens.
        let (mut program, addr) = until_listening(streams);
        let mut ann = join(addr, "ann");
        for _ in 0..100 {
            drop(Peer::connect(addr));
        }
        let mut bo = join(addr, "bo");
        bo.send_str("still\n");
        ann.expect("\r<bo> still\n");
        assert!(program.is_running());
        program.signal(Signal::Terminate);
        ann.expect("-- the server is shutting down");
        drop((ann, bo));
        let status = program.wait_exit(Duration::from_secs(5));
        assert_eq!(status.code(), Some(0), "{streams}");
    }
}

/// A server that says nothing, on a port that was free a moment before.
#[track_caller]
fn until_listening(streams: &str) -> (Program, std::net::SocketAddr) {
    chat_testkit::until_some("a server listens", || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("ports are left");
        let addr = free.local_addr().expect("a bound socket");
        drop(free);
        let script = format!("exec \"$0\" --listen {addr} --rate 0 {streams}");
        let mut program = Program::spawn("bash", &["-c", &script, SERVER], &[]);
        let mut listens = false;
        // Another process may have got the port.
        while !listens && program.is_running() {
            listens = TcpStream::connect(addr).is_ok();
        }
        listens.then_some((program, addr))
    })
}

/// A server that is killed while people are connected leaves its port to
/// the next one at once.
#[test]
fn the_port_of_a_killed_server_is_free_at_once() {
    let mut server = server();
    for _ in 0..5 {
        let addr = server.addr();
        let mut ann = join(addr, "ann");
        let _bo = join(addr, "bo");
        server.kill();
        let args = ["--listen", &addr.to_string()];
        server = ServerProcess::start_with(SERVER, &args, &[]);
        ann.expect_end();
    }
}

/// A peer that reads a little at a time is not taken for one that reads nothing, and
/// costs next to nothing meanwhile.
#[test]
fn a_reader_of_little_stays_and_is_cheap() {
    let server = ServerProcess::start(SERVER, &["--stall", "2"]);
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut slow = join(server.addr(), "slow");
    ann.expect("[slow] entered room\n");
    let mut stream = slow.stream().try_clone().expect("descriptors are left");
    let done = AtomicBool::new(false);
    let used = thread::scope(|scope| {
        scope.spawn(|| {
            // Its system tells of what it has taken only when that is much.
            let mut little = [0; 16 * 1024];
            while !done.load(Ordering::SeqCst) && stream.read(&mut little).is_ok() {
                thread::sleep(Duration::from_millis(30));
            }
        });
        let lines = format!("{}\n", "x".repeat(4000)).repeat(40);
        for number in 0..60 {
            bo.send_str(&format!("{lines}mark {number}.\n"));
            ann.expect(&format!("mark {number}.\n"));
        }
        let before = server.cpu_time();
        thread::sleep(Duration::from_secs(4));
        let used = server.cpu_time() - before;
        done.store(true, Ordering::SeqCst);
        used
    });
    assert!(used < Duration::from_millis(800), "{used:?} for one reader");
    assert!(!server.log().contains("read nothing"), "{}", server.log());
    // When it reads all that is held, it is up to date again.
    bo.send_str("the end\n");
    slow.expect("\r<bo> the end\n");
}

/// Of a peer that asks without end no more is read before its questions are answered
/// and it has taken the answers, in either form.
#[test]
fn no_question_is_read_before_the_answers_are_taken() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let resident = server.resident_bytes();
    let descriptors = server.open_descriptors();
    let ping = "{\"type\":\"ping\",\"id\":\"0123456789012345678901\"}\n";
    let hello = "/hello {\"protocol\":1,\"name\":\"asker\"}\n";
    for (first, question) in [
        ("", "/nick\n"),
        ("", "/who\n"),
        ("/nick asker\n", "/help\n"),
        ("/nick asker\n", "/dance\n"),
        ("/nick asker\n", "/history\n"),
        (hello, ping),
        (hello, "{\"type\":\"who\"}\n"),
    ] {
        let mut asker = Peer::connect(server.addr());
        asker
            .stream()
            .set_write_timeout(Some(Duration::from_millis(200)))
            .expect("a socket");
        asker.send_str(first);
        let many = question.repeat(10_000);
        let blocked = (0..1000).any(|_| asker.try_send(many.as_bytes()).is_err());
        assert!(blocked, "the server went on reading {question}");
        ann.send_str("/me is served\n/who\n");
        ann.expect("-- here (");
        asker.reset();
        until("it is gone", || server.open_descriptors() <= descriptors);
    }
    let grown = server.resident_bytes().saturating_sub(resident);
    assert!(grown < 4 << 20, "{grown} bytes");
}

/// An imitated notice is a message to programs and to people, and a
/// message with line ends is one to programs and has its speaker on each line.
#[test]
fn a_message_that_imitates_a_notice_is_a_message() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let mut cy = JsonPeer::connect(server.addr(), "cy");
    ann.expect("[cy] entered room\n");
    for (number, said) in [
        "* bob left",
        "[ann] is offline",
        "-- you are now root",
        "<ann> hi",
    ]
    .iter()
    .enumerate()
    {
        bot.say(&format!("{said}\n{said}"), format!("n{number}"));
        ann.expect(&format!("\r<bot> {said}\n\r<bot> {said}\n"));
        let event = cy.wait_for(|object| object["id"] == format!("n{number}"));
        let text = json!(format!("{said}\n{said}"));
        assert_eq!((&event["type"], &event["text"]), (&json!("message"), &text));
    }
}
