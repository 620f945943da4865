//! Peers that do not read, and a system that gives no more.

use std::time::{Duration, Instant};

use chat_testkit::{JsonPeer, Peer, Program, ServerProcess, Signal, until};
use serde_json::json;

use crate::{SERVER, join, server};

/// Says so much that a peer that does not read falls behind the log in memory, and
/// checks that the other peers do not wait for it.
fn flood(speaker: &mut Peer, listener: &mut Peer, rounds: usize) {
    let line = format!("{}\n", "x".repeat(4000));
    for round in 0..rounds {
        speaker.send_str(&line.repeat(40));
        speaker.send_str(&format!("mark {round}.\n"));
        listener.expect(&format!("mark {round}.\n"));
    }
}

/// A reader that stops delays no other peer, and is told what it has missed.
#[test]
fn a_stuck_reader_delays_no_other_and_is_told_what_it_missed() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut stuck = join(server.addr(), "stuck");
    ann.expect("[stuck] entered room\n");
    flood(&mut bo, &mut ann, 100);
    bo.send_str("the last\n");
    stuck.expect_line_containing("-- you missed ");
    stuck.expect("\r<bo> the last\n");
    // Whole lines, and together with those it missed all that there were.
    let got = String::from_utf8_lossy(stuck.received()).into_owned();
    // The system may take some more for it in between, and then it misses more.
    let gaps = got
        .lines()
        .filter_map(|line| line.strip_prefix("\r-- you missed "));
    let missed: usize = gaps
        .map(|gap| gap.split(' ').next().and_then(|number| number.parse().ok()))
        .map(|number: Option<usize>| number.expect("a number"))
        .sum();
    let lines = got.lines().filter(|line| line.starts_with("\r<bo> "));
    let (mut long, mut others) = (0, 0);
    for line in lines {
        match line.len() {
            4006 => long += 1,
            length => {
                assert!(length < 20, "{length}");
                others += 1;
            }
        }
    }
    assert_eq!(missed + long + others, 100 * 41 + 1);
    stuck.send_str("I am back\n");
    ann.expect("\r<stuck> I am back\n");
}

/// After the stall time it is closed.
#[test]
fn who_takes_nothing_for_the_stall_time_is_closed() {
    let server = ServerProcess::start(SERVER, &["--stall", "0.3"]);
    let silent = join(server.addr(), "silent");
    let mut ann = join(server.addr(), "ann");
    let stuck = join(server.addr(), "stuck");
    let mut bo = join(server.addr(), "bo");
    flood(&mut bo, &mut ann, 10);
    for (name, peer) in [("silent", &silent), ("stuck", &stuck)] {
        let address = peer.local_addr();
        let left = format!("left name={name} address={address} reason=\"read nothing");
        server.wait_for_log(&left);
        bo.expect(" is offline\n");
    }
    drop((silent, stuck));
    // A peer that has taken everything is not closed.
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(600) {
        bo.send_str("ping\n");
        ann.expect("\r<bo> ping\n");
    }
    assert_eq!(server.log().matches("read nothing").count(), 2);
}

/// There is no queue for each.
#[test]
fn many_stopped_readers_cost_what_one_costs() {
    let grown = |stopped: usize| {
        let server = server();
        let mut ann = join(server.addr(), "ann");
        let mut bo = join(server.addr(), "bo");
        let before = server.resident_bytes();
        let stuck: Vec<Peer> = (0..stopped)
            .map(|number| join(server.addr(), &format!("s{number}x")))
            .collect();
        flood(&mut bo, &mut ann, 60);
        let grown = server.resident_bytes() - before;
        drop(stuck);
        grown
    };
    let (one, many) = (grown(1), grown(200));
    assert!(many < one + 200 * 8 * 1024, "{one} for one, {many} for 200");
}

/// The log is cut where no reader needs it any more, also when the last peer of a
/// thread has left and nothing else wakes up that thread.
#[test]
fn a_thread_without_connections_holds_back_nothing() {
    let server = server();
    let mut ann = JsonPeer::connect(server.addr(), "ann");
    let bo = JsonPeer::connect(server.addr(), "bo");
    ann.wait_for(|event| event["names"] == json!(["bo"]));
    bo.peer.reset();
    ann.wait_for(|event| event["type"] == "left");
    let before = server.resident_bytes();
    for number in 0..6_000 {
        let id = format!("n{number}");
        ann.say(&"x".repeat(4000), id.as_str());
        ann.wait_for(|event| event["id"] == id);
    }
    let grown = server.resident_bytes() - before;
    assert!(grown < 24 << 20, "{grown} bytes");
}

/// A process that the system has stopped, as with Ctrl-Z.
#[test]
fn a_stopped_reader_delays_no_other_and_gets_it_all_when_it_goes_on() {
    let server = server();
    let port = server.addr().port().to_string();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3");
    let mut reader = Program::spawn("bash", &["-c", &script], &[]);
    reader.stdout.expect("chat/1");
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    reader.stdout.expect("[bo] entered room\n");
    reader.signal(Signal::Stop);
    let line = format!("{}\n", "x".repeat(1000));
    for number in 0..200 {
        let started = Instant::now();
        bo.send_str(&line.repeat(10));
        bo.send_str(&format!("mark {number}.\n"));
        ann.expect(&format!("mark {number}.\n"));
        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "waited {took:?}");
    }
    reader.signal(Signal::Continue);
    for number in 0..200 {
        reader.stdout.expect(&format!("mark {number}.\n"));
    }
}

/// Its end is only noticed when something is written to it.
#[test]
fn one_who_goes_without_reading_is_missed_at_once() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    for round in 0..5 {
        let mut asker = join(server.addr(), "asker");
        ann.expect("\r[asker] entered room\n");
        asker
            .stream()
            .set_write_timeout(Some(Duration::from_millis(200)))
            .expect("a socket");
        while asker.try_send(&b"/help\n".repeat(10_000)).is_ok() {}
        asker.reset();
        // Hundreds of thousands of questions are heard before; `--stall` is 60 s.
        ann.set_deadline(Duration::from_secs(20));
        let news = ann.expect("\r[asker] is offline\n");
        assert_eq!(news, "\r[asker] is offline\n", "round {round}");
    }
}

/// A fast speaker costs no reader its connection: it is heard no faster than it is sent
/// on. With one thread, so that the reader here has a core to read as fast; that
/// threads wait for one another is a test of its own.
#[test]
fn a_flood_is_heard_by_all_who_read() {
    let args = ["--listen", "127.0.0.1:0", "--threads", "1", "--rate", "0"];
    let server = ServerProcess::start_with(SERVER, &args, &[]);
    let mut ann = JsonPeer::connect(server.addr(), "ann");
    let mut flooder = join(server.addr(), &"𐐨".repeat(30));
    let lines = 60_000;
    let reader = std::thread::spawn(move || {
        ann.peer.set_deadline(Duration::from_secs(120));
        ann.peer.expect("\"text\":\"the end\"");
        let seen = String::from_utf8_lossy(ann.peer.received()).into_owned();
        assert_eq!(seen.matches("\"text\":\"a\"").count(), lines);
    });
    flooder.send(&b"a\n".repeat(lines));
    flooder.send_str("the end\n");
    reader.join().expect("all of it is heard");
}

#[test]
fn a_closed_peer_gives_its_descriptor_back_at_once() {
    let server = server();
    // Once a peer is served all that the loop needs is open.
    let _ann = join(server.addr(), "ann");
    let before = server.open_descriptors();
    for _ in 0..3 {
        let peers: Vec<JsonPeer> = (0..50)
            .map(|number| JsonPeer::connect(server.addr(), &format!("p{number}x")))
            .collect();
        assert!(server.open_descriptors() >= before + 50);
        drop(peers);
        until("all descriptors are back", || {
            server.open_descriptors() <= before
        });
    }
}

/// When the system gives no descriptor any more, the peers in the room are served,
/// nothing spins, and the peers that wait are let in as others leave, without a new
/// connection that would wake the server.
#[cfg(target_os = "linux")]
#[test]
fn out_of_descriptors_and_back() {
    use rustix::process::{Pid, Resource, getrlimit, prlimit};
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let before = server.open_descriptors();
    // Fewer than it was promised when it started.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(before as u64 + 40);
    let pid = Pid::from_raw(server.pid() as i32);
    prlimit(pid, Resource::Nofile, limit).expect("it is ours");
    for round in 0..5 {
        let mut crowd: Vec<Peer> = (0..100).map(|_| Peer::connect(server.addr())).collect();
        server.wait_for_log("cannot accept more connections");
        ann.send_str(&format!("still {round}\n"));
        bo.expect(&format!("\r<ann> still {round}\n"));
        let used = server.cpu_time();
        let waiting = crowd.last_mut().expect("a hundred");
        waiting.expect_nothing_for(Duration::from_millis(300));
        assert!(
            server.cpu_time() - used < Duration::from_millis(30),
            "it spins"
        );
        // They have come in the order in which they connected.
        crowd.drain(..30);
        for peer in &mut crowd[..30] {
            peer.set_deadline(Duration::from_secs(2));
            peer.expect("chat/1");
        }
        drop(crowd);
        until("all descriptors are back", || {
            server.open_descriptors() <= before
        });
    }
    let complaints = server.log().matches("cannot accept").count();
    assert!(complaints <= 5, "{complaints} complaints");
}
