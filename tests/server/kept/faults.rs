//! The server is killed and the connections are cut, again and again, while
//! people talk.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::ledger::Report;
use chat_testkit::{Ledger, Proxy, Random, Signal, Talker, assert_kept, settle};

use super::Kept;

const NAMES: [&str; 4] = ["ann", "bo", "cy", "di"];

/// Messages of each that are on their way at a time.
const WINDOW: usize = 2;

fn talkers(addr: SocketAddr, random: &mut Random) -> Vec<Talker> {
    NAMES
        .iter()
        .map(|name| Talker::start(addr, name, WINDOW, random.fork()))
        .collect()
}

/// Kills and restarts the server so often while four people talk.
#[track_caller]
fn survive_kills(sync: &str, kills: usize) -> (Report, Vec<u64>) {
    let mut random = Random::of_test();
    let kept = Kept::new(&["--history-sync", sync]);
    let mut server = kept.start();
    let talkers = talkers(server.addr(), &mut random);
    for _ in 0..kills {
        // The random moment is the fault itself; nothing is waited for.
        thread::sleep(Duration::from_millis(random.within(20..150)));
        server.kill();
        server = kept.start();
    }
    let connections = talkers.iter().map(Talker::connections).collect();
    let ledgers = settle(talkers);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    (assert_kept(&kept.file(), &ledgers), connections)
}

/// The server is killed while four peers write at full speed.
#[test]
fn a_hundred_kills_lose_nothing_and_double_nothing() {
    let started = Instant::now();
    let (report, connections) = survive_kills("always", 100);
    println!("{:?}: {report:?}, {connections:?}", started.elapsed());
    // Not vacuous: much was said, and by all talkers.
    assert!(report.confirmed > 1000, "{report:?}");
    for times in connections {
        assert!(times > 50, "one of them was welcomed only {times} times");
    }
}

/// What a process has written is with the system, which does not die with it.
#[test]
fn a_kill_loses_nothing_that_was_written_either() {
    for sync in ["batch", "off"] {
        let (report, connections) = survive_kills(sync, 10);
        assert!(report.confirmed > 200, "{report:?}");
        assert!(
            connections.iter().all(|&times| times > 5),
            "{connections:?}"
        );
    }
}

#[test]
fn a_network_that_cuts_and_delays_changes_nothing() {
    const DURATION: Duration = Duration::from_secs(60);
    let started = Instant::now();
    let mut random = Random::of_test();
    let kept = Kept::new(&["--history-sync", "always"]);
    let server = kept.start();
    let proxy = Proxy::start(server.addr(), random.fork());
    let talkers = talkers(proxy.addr(), &mut random);
    let wait_until = |part: u32| {
        let until = started + DURATION / 2 * part;
        thread::sleep(until.saturating_duration_since(Instant::now()));
    };
    wait_until(1);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let server = kept.start();
    wait_until(2);
    let connections: Vec<u64> = talkers.iter().map(Talker::connections).collect();
    let happened = proxy.happened();
    proxy.calm();
    let ledgers = settle(talkers);
    drop(proxy);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let report = assert_kept(&kept.file(), &ledgers);
    println!("{report:?}, {connections:?}, {happened:?}");
    assert!(report.confirmed > 1000, "{report:?}");
    assert!(
        connections.iter().all(|&times| times > 10),
        "{connections:?}"
    );
    for (fault, times) in happened {
        assert!(times > 5, "{fault} happened only {times} times");
    }
    let missed: u64 = ledgers.iter().map(Ledger::missed_in_all).sum();
    assert_eq!(missed, 0, "all of it is held");
}
