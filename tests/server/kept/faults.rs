//! The server is killed, the connections are cut and readers stop, again and again, while
//! people talk.

use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::ledger::Report;
use chat_testkit::{
    Carrier, Ledger, Proxy, Random, Signal, Talker, Target, assert_kept, settle, until,
};

use super::Kept;

const NAMES: [&str; 4] = ["ann", "bo", "cy", "di"];

/// Messages of each that are on their way at a time.
const WINDOW: usize = 2;

fn talkers(target: Target, random: &mut Random) -> Vec<Talker> {
    NAMES
        .iter()
        .map(|name| Talker::start(target, name, WINDOW, random.fork()))
        .collect()
}

/// Kills and restarts the server so often while four people talk. Every second time all of
/// them have come back before, however slow the machine is.
#[track_caller]
fn survive_kills(carrier: Carrier, sync: &str, kills: usize) -> (Report, Vec<u64>) {
    let mut random = Random::of_test();
    let kept = Kept::over(carrier, &["--history-sync", sync]);
    let mut server = kept.start();
    let talkers = talkers(kept.target(&server), &mut random);
    for kill in 0..kills {
        if kill % 2 == 0 {
            let times = kill as u64 / 2;
            until("all are back", || {
                talkers.iter().all(|talker| talker.connections() > times)
            });
        }
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
    let (report, connections) = survive_kills(Carrier::Plain, "always", 100);
    println!("{:?}: {report:?}, {connections:?}", started.elapsed());
    // Not vacuous: much was said, and by all talkers.
    assert!(report.confirmed > 1000, "{report:?}");
    for times in connections {
        assert!(times >= 50, "one of them was welcomed only {times} times");
    }
}

/// What a process has written is with the system, which does not die with it.
#[test]
fn a_kill_loses_nothing_that_was_written_either() {
    for sync in ["batch", "off"] {
        let (report, connections) = survive_kills(Carrier::Plain, sync, 10);
        assert!(report.confirmed > 200, "{report:?}");
        assert!(
            connections.iter().all(|&times| times >= 5),
            "{connections:?}"
        );
    }
}

/// The same for encrypted connections. Each server has the key of the first one.
#[test]
fn kills_lose_nothing_over_tls_either() {
    for sync in ["always", "off"] {
        let (report, connections) = survive_kills(Carrier::Tls, sync, 20);
        println!("{sync}: {report:?}, {connections:?}");
        assert!(report.confirmed > 100, "{report:?}");
    }
}

/// Talks over a bad network for so long, with a restart in between; every kind of fault
/// happens more than this often.
#[track_caller]
fn survive_a_bad_network(carrier: Carrier, duration: Duration, times: usize) {
    let started = Instant::now();
    let mut random = Random::of_test();
    let kept = Kept::over(carrier, &["--history-sync", "always"]);
    let server = kept.start();
    let proxy = Proxy::start(server.addr(), random.fork());
    let talkers = talkers(carrier.to(proxy.addr()), &mut random);
    let wait_until = |part: u32| {
        let until = started + duration / 2 * part;
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
    assert!(report.confirmed > 200 * times, "{report:?}");
    assert!(
        connections.iter().all(|&count| count > times as u64),
        "{connections:?}"
    );
    for (fault, count) in happened {
        assert!(count > times, "{fault} happened only {count} times");
    }
    let missed: u64 = ledgers.iter().map(Ledger::missed_in_all).sum();
    assert_eq!(missed, 0, "all of it is held");
}

#[test]
fn a_network_that_cuts_and_delays_changes_nothing() {
    survive_a_bad_network(Carrier::Plain, Duration::from_secs(60), 5);
}

/// A fault may fall on any byte of a handshake or a record.
#[test]
fn a_network_that_cuts_and_delays_changes_nothing_over_tls() {
    survive_a_bad_network(Carrier::Tls, Duration::from_secs(20), 2);
}

/// Two of four people read nothing again and again, until so much was said that the
/// server has to keep it for them; once it is killed meanwhile. Then they read on, and
/// get all of it over the connection that they have.
#[track_caller]
fn survive_stopped_readers(carrier: Carrier) {
    let mut random = Random::of_test();
    let kept = Kept::over(carrier, &["--history-sync", "off"]);
    let mut server = kept.start();
    let talkers = talkers(kept.target(&server), &mut random);
    let (stopping, reading) = talkers.split_at(2);
    let said = |who: &[Talker]| who.iter().map(Talker::confirmed).sum::<u64>();
    for happens in [
        Happens::Nothing,
        Happens::Kill,
        Happens::Nothing,
        Happens::Nothing,
    ] {
        stopping.iter().for_each(Talker::stop_reading);
        let before = said(reading);
        until("much was said", || said(reading) > before + 4_000);
        if happens == Happens::Kill {
            server.kill();
            server = kept.start();
        }
        let before: Vec<u64> = stopping.iter().map(Talker::confirmed).collect();
        stopping.iter().for_each(Talker::read_on);
        until("they have read what was said", || {
            let mut pairs = stopping.iter().zip(&before);
            pairs.all(|(talker, before)| talker.confirmed() > before + WINDOW as u64)
        });
    }
    let connections: Vec<u64> = talkers.iter().map(Talker::connections).collect();
    let ledgers = settle(talkers);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let report = assert_kept(&kept.file(), &ledgers);
    println!("{report:?}, {connections:?}");
    assert!(report.confirmed > 16_000, "{report:?}");
    let missed: u64 = ledgers.iter().map(Ledger::missed_in_all).sum();
    assert_eq!(missed, 0, "all of it is held");
    // One for the kill. A talker whose turn does not come for 2 s makes another one.
    assert!(
        connections.iter().all(|times| (2..=4).contains(times)),
        "{connections:?}"
    );
}

/// What becomes of the server while readers have stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happens {
    Nothing,
    Kill,
}

#[test]
fn readers_that_stop_get_all_of_it() {
    survive_stopped_readers(Carrier::Plain);
}

#[test]
fn readers_that_stop_get_all_of_it_over_tls() {
    survive_stopped_readers(Carrier::Tls);
}
