use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use chat_proto::event::Limits;
use chat_proto::name::Name;

use super::*;
use crate::hub::Hub;
use crate::net::admission::Refusal;
use crate::runtime::mailbox::Peer;
use crate::storage::tests::faults::{Faults, Kind};
use crate::storage::{History, Options, SyncMode};
use crate::timeline::mark::Form;

mod encrypted;

/// One that goes by these limits.
fn worker(limits: Limits) -> Worker {
    Worker::new(0, Arc::new(Config::of(limits))).unwrap()
}

/// A connection that is here stays, and what comes next is held against the new limits.
#[test]
fn another_configuration_goes_from_the_next_round_on() {
    let mut worker = worker(Limits::default());
    let shared = Shared::of(vec![worker.waker().unwrap()], Limits::default());
    let address = "192.0.2.1".parse().unwrap();
    let arrive = || shared.admission().arrive(address, Instant::now());
    assert_eq!(arrive(), Ok(()));
    let limits = Limits {
        clients: 1,
        text: 100,
        ..Limits::default()
    };
    shared.set_config(Arc::new(Config::of(limits)));
    assert_eq!(arrive(), Err(Refusal::Full));
    shared.give(0, Task::Reopen);
    worker.polled.woken = true;
    worker.round(&shared);
    assert_eq!(shared.read().hub.limits().text, 100);

    shared.set_config(Arc::new(Config::of(Limits::default())));
    assert_eq!(arrive(), Ok(()));
}

/// The whole process is stopped right behind a look at the sockets, until
/// something would be due for a peer that has spoken meanwhile.
#[test]
fn what_people_did_while_it_was_stopped_comes_before_what_is_due() {
    let people = Limits::default();
    let mut worker = worker(people);
    let shared = Shared::of(vec![worker.waker().unwrap()], people);
    let mut events = Events::with_capacity(EVENTS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut ann = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (socket, address) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    shared.give(
        0,
        Task::Peer(Peer {
            transport: mio::net::TcpStream::from_std(socket).into(),
            remote: address.into(),
            refusal: None,
        }),
    );
    // Nothing has come from her by then.
    worker.polled.woken = true;
    worker.round(&shared);
    let due = worker.rounds.scheduler.deadline().unwrap();
    assert!(worker.polled.until < due);

    ann.write_all(b"/nick ann\n").unwrap();
    // Nothing but time is to pass.
    thread::sleep(due.saturating_duration_since(Instant::now()));
    // Something else has the room looked after.
    shared.give(0, Task::Reopen);
    worker.polled.woken = true;
    worker.round(&shared);
    assert_eq!(shared.read().hub.people().count(), 0);

    while shared.read().hub.people().count() == 0 {
        worker.wait(&mut events, &shared).unwrap();
        for event in &events {
            worker.note(event, &shared);
        }
        worker.round(&shared);
    }
    let hub = &shared.read().hub;
    assert!(hub.people().is_taken(&Name::choose("ann").unwrap()));
    assert_eq!(hub.timeline.head().seq, 1, "she came in under another name");
}

/// A connection to the worker, as the acceptor would give it.
fn connect(shared: &Shared, listener: &TcpListener) -> BufReader<TcpStream> {
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let (socket, address) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    let admitted = shared.admission().arrive(address.ip(), Instant::now());
    assert_eq!((admitted, shared.place()), (Ok(()), 0));
    shared.give(
        0,
        Task::Peer(Peer {
            transport: mio::net::TcpStream::from_std(socket).into(),
            remote: address.into(),
            refusal: None,
        }),
    );
    BufReader::new(peer)
}

/// Reads lines until one holds this.
#[track_caller]
fn expect(peer: &mut BufReader<TcpStream>, needle: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        peer.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the end, and no {needle}");
        lines.push(line);
        if lines.last().unwrap().contains(needle) {
            return lines;
        }
    }
}

/// Messages in [`long_history`].
const EVENTS_BEFORE: usize = 400;

/// A history that is too long for memory, on a disk that can hang.
#[cfg(unix)]
fn long_history(directory: &tempfile::TempDir) -> (Faults, History, Hub) {
    let options = Options {
        path: directory.path().join("room"),
        sync: SyncMode::Off,
        keep: 1 << 30,
    };
    let mut file = String::new();
    for seq in 1..=EVENTS_BEFORE {
        let text = "x".repeat(1000);
        file += &format!(
            r#"{{"seq":{seq},"time":"2026-11-23T10:00:00.000Z","type":"message","name":"old","text":"{text}"}}"#
        );
        file += "\n";
    }
    std::fs::write(&options.path, file).unwrap();
    let faults = Faults::default();
    let opened = History::open_on(faults.disk(), options, 1000, now(), &mut Vec::new());
    let (history, hub) = opened.unwrap();
    (faults, history, hub)
}

/// A disk that takes its time to read is waited for only by those who have asked
/// for what is on it.
#[cfg(unix)]
#[test]
fn a_slow_read_delays_only_those_who_have_asked() {
    let directory = tempfile::tempdir().unwrap();
    let (faults, history, hub) = long_history(&directory);
    let memory = hub.timeline.log(Form::Json).first();
    assert!(memory > 200, "{memory}");
    let limits = Limits {
        rate: 0,
        ..Limits::default()
    };
    let mut worker = worker(limits);
    let waker = worker.waker().unwrap();
    let shared = &Shared::kept(hub, history, waker, limits);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    thread::scope(|scope| {
        scope.spawn(move || worker.run(shared).unwrap());
        let [mut ann, mut bo] = [(); 2].map(|()| connect(shared, &listener));
        ann.get_mut().write_all(b"/nick ann\n").unwrap();
        bo.get_mut().write_all(b"/nick bo\n").unwrap();
        expect(&mut ann, "[bo] entered");
        faults.hang(Kind::Read);
        let mut askers = [(); 5].map(|()| connect(shared, &listener));
        for asker in &mut askers {
            let hello = b"/hello {\"protocol\":1}\n{\"type\":\"history\",\"first\":1}\n";
            asker.get_mut().write_all(hello).unwrap();
        }
        faults.wait_for_hanging();
        for number in 0..20 {
            bo.get_mut()
                .write_all(format!("mark {number}.\n").as_bytes())
                .unwrap();
            expect(&mut ann, &format!("<bo> mark {number}."));
        }
        // What is in memory is sent, also to others who want the past.
        let mut cy = connect(shared, &listener);
        cy.get_mut()
            .write_all(b"/hello {\"protocol\":1,\"name\":\"cy\",\"replay\":20}\n")
            .unwrap();
        let seen = expect(&mut cy, "mark 19.");
        assert_eq!(seen.iter().filter(|line| line.contains("mark")).count(), 20);
        faults.release();
        for asker in &mut askers {
            let heard = expect(asker, "\"type\":\"history\"");
            let seqs = heard
                .iter()
                .filter(|line| line.contains("\"old\""))
                .enumerate();
            for (index, line) in seqs {
                assert!(
                    line.starts_with(&format!("{{\"seq\":{},", index + 1)),
                    "{line}"
                );
            }
            assert!(heard.len() > EVENTS_BEFORE);
        }
        shared.give(0, Task::Stop);
        shared.give(0, Task::Stop);
    });
}
