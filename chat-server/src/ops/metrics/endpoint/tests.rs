//! The real thread, beside workers that are only asked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use super::*;
use crate::runtime::census::Census;

/// Runs the endpoint for a server of these workers while `act` does something with it.
fn beside(shared: &mut Shared, act: impl FnOnce(SocketAddr, &Shared)) {
    let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (address, running) = (endpoint.address(), endpoint.running());
    shared.reporter = Some(endpoint.reporter());
    thread::scope(|scope| {
        let shared = &*shared;
        scope.spawn(|| endpoint.run(shared));
        // Also if `act` panics.
        let _running = running;
        act(address, shared);
    });
}

fn ask(address: SocketAddr, path: &str) -> String {
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(peer, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    answer
}

/// A worker that goes round: it answers whenever it is asked.
fn go_round(shared: &Shared, index: usize, until: &AtomicBool) {
    while !until.load(Ordering::SeqCst) {
        if shared.liveness.is_asked(index) {
            let reporter = shared.reporter.as_ref().unwrap();
            reporter.send(Report::Worker {
                index,
                census: Census::default(),
                room: (index == 0).then(Box::default),
            });
            shared.liveness.answer(index);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A worker that hangs is named, while the others go on; and when it answers again all is
/// well. Metrics are served all the same.
#[test]
fn a_worker_that_hangs_is_named() {
    let waker = || Waker::noop().clone();
    let mut shared = Shared::of(vec![waker(), waker()], chat_proto::event::Limits::default());
    beside(&mut shared, |address, shared| {
        let (first, second) = (AtomicBool::new(false), AtomicBool::new(true));
        thread::scope(|scope| {
            scope.spawn(|| go_round(shared, 0, &first));
            let answer = ask(address, "/healthz");
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(
                answer.contains("\r\n\r\nworker 1 has not answered for 2."),
                "{answer}"
            );
            let answer = ask(address, "/metrics");
            assert!(answer.contains("\nchat_loops 2\n"), "{answer}");
            assert!(answer.contains("\nchat_loops_alive 1\n"), "{answer}");
            second.store(false, Ordering::SeqCst);
            scope.spawn(|| go_round(shared, 1, &second));
            let deadline = Instant::now() + Duration::from_secs(30);
            loop {
                let answer = ask(address, "/healthz");
                if answer.ends_with("\r\n\r\nready\n") {
                    break;
                }
                assert!(Instant::now() < deadline, "{answer}");
            }
            first.store(true, Ordering::SeqCst);
            second.store(true, Ordering::SeqCst);
        });
    });
}
