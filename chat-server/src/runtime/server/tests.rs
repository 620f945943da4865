//! Whether a thread that hangs is noticed, with the real loops.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use chat_proto::event::Limits;

use super::*;
use crate::net::identity::Source;
use crate::room::identity::tests::identity;

/// A server with three workers.
fn server() -> (Server, TcpStream) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.address();
    let server = Server::new(
        vec![listener],
        Hub::new(identity(), 8 << 20),
        None,
        Config::of(Limits::default()),
        NonZeroUsize::new(3).unwrap(),
        Logger::discarding(),
    );
    let server = server.unwrap();
    (server, TcpStream::connect(address).unwrap())
}

/// Whether all threads answer within this time of being asked.
fn answer_within(shared: &Shared, time: Duration) -> bool {
    shared.liveness.ask(Instant::now());
    let until = Instant::now() + time;
    while Instant::now() < until {
        if shared.liveness.is_well() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    shared.liveness.is_well()
}

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

/// Stops the workers, also when a test fails.
struct Stops<'a>(&'a Shared);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        for worker in 0..3 {
            self.0.give(worker, Task::Stop);
            self.0.give(worker, Task::Stop);
        }
    }
}

/// Threads without work answer each time, and a thread that hangs while another one has the
/// room does not, until it goes on.
#[test]
fn a_worker_that_hangs_is_missed() {
    let (server, peer) = server();
    let Server {
        workers, shared, ..
    } = server;
    let shared = &shared;
    thread::scope(|scope| {
        let _stops = Stops(shared);
        for worker in workers {
            scope.spawn(move || run(worker, shared));
        }
        for _ in 0..3 {
            assert!(answer_within(shared, LONG), "they sleep, and are well");
        }
        let room = shared.write();
        // The worker that accepts needs the room for it.
        let _another = TcpStream::connect(peer.peer_addr().unwrap()).unwrap();
        // It may answer before the connection has come.
        let hangs = (0..100).any(|_| !answer_within(shared, SHORT));
        let still_hangs = !answer_within(shared, SHORT);
        // No test fails while it has the room: no worker would end.
        drop(room);
        assert!(hangs && still_hangs, "a worker waits for the room");
        assert!(answer_within(shared, LONG), "it goes on");
    });
}

/// The thread for handshakes counts as well, and so does each worker.
#[test]
fn each_thread_counts() {
    let (server, _peer) = server();
    let Server {
        mut workers,
        mut shared,
        ..
    } = server;
    let handshakes = shared
        .liveness
        .add("handshakes", std::task::Waker::noop().clone());
    // One worker never runs, as if it hung from the start.
    let hung = workers.pop();
    let shared = &shared;
    thread::scope(|scope| {
        let _stops = Stops(shared);
        for worker in workers {
            scope.spawn(move || run(worker, shared));
        }
        assert!(!answer_within(shared, SHORT));
        shared.liveness.answer(2);
        shared.liveness.answer(handshakes);
        let is_well = || {
            shared.liveness.ask(Instant::now());
            shared.liveness.answer(2);
            shared.liveness.answer(handshakes);
            let until = Instant::now() + LONG;
            while !shared.liveness.is_well() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
            shared.liveness.is_well()
        };
        assert!(is_well(), "all others are alive");
        shared.liveness.ask(Instant::now());
        shared.liveness.answer(2);
        let silent = || shared.liveness.silent(Instant::now(), Duration::ZERO);
        let until = Instant::now() + LONG;
        while silent().count() > 1 && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        let names: Vec<String> = silent().map(|one| one.name).collect();
        assert_eq!(names, ["handshakes"]);
    });
    drop(hung);
}

/// The entry's own loop answers, too.
#[test]
fn the_thread_for_handshakes_answers() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::Own(folder.path().to_owned());
    let Ok(credentials) = source.load(&mut Vec::new()) else {
        panic!("a key in a new folder");
    };
    let (mut server, _peer) = server();
    let secure = Secure {
        source,
        credentials,
    };
    server.encrypt(secure).unwrap();
    let Server {
        workers,
        entry,
        shared,
        ..
    } = server;
    let shared = &shared;
    thread::scope(|scope| {
        let _stops = Stops(shared);
        for worker in workers {
            scope.spawn(move || run(worker, shared));
        }
        assert!(!answer_within(shared, SHORT), "it does not run yet");
        let entry = entry.unwrap();
        scope.spawn(move || run_entry(entry, shared));
        assert!(answer_within(shared, LONG));
    });
}
