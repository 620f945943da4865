//! A peer whose connection is encrypted.

use super::*;
use crate::net::tls::TlsConfig;
use crate::net::tls::testing::{Client, certified_key, connected_with, wait};

/// A connection to the worker whose handshake is done.
fn connect_encrypted(shared: &Shared) -> Client {
    let config = TlsConfig::new(certified_key()).unwrap();
    let (stream, client) = connected_with(&config);
    let address = client.socket.local_addr().unwrap();
    let admitted = shared.admission().arrive(address.ip(), Instant::now());
    assert_eq!((admitted, shared.place()), (Ok(()), 0));
    shared.give(
        0,
        Task::Peer(Peer {
            transport: stream.into(),
            remote: address.into(),
            refusal: None,
        }),
    );
    client
}

/// Reads until it has heard this.
#[track_caller]
fn hear_until(client: &mut Client, needle: &str) -> String {
    let mut heard = Vec::new();
    wait(|| {
        heard.extend(client.hear());
        let end = &heard[heard.len().saturating_sub(4096)..];
        String::from_utf8_lossy(end).contains(needle).then_some(())
    });
    String::from_utf8(heard).unwrap()
}

/// More waits for the peer than its system and ours hold, several times.
#[test]
fn a_reader_that_pauses_misses_nothing() {
    const LINES: usize = 4000;
    let limits = Limits {
        rate: 0,
        ..Limits::default()
    };
    let mut worker = worker(limits);
    let shared = &Shared::of(vec![worker.waker().unwrap()], limits);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    thread::scope(|scope| {
        scope.spawn(move || worker.run(shared).unwrap());
        let mut ann = connect(shared, &listener);
        ann.get_mut().write_all(b"/nick ann\n").unwrap();
        let mut bo = connect_encrypted(shared);
        hear_until(&mut bo, "-- chat/1");
        bo.say(b"/nick bo\n");
        expect(&mut ann, "[bo] entered");
        let text = "x".repeat(300);
        for number in 0..LINES {
            let line = format!("{number} {text}\n");
            ann.get_mut().write_all(line.as_bytes()).unwrap();
        }
        ann.get_mut().write_all(b"that is all\n").unwrap();
        let heard = hear_until(&mut bo, "that is all\n");
        let numbers = heard
            .lines()
            .filter_map(|line| line.strip_prefix("\r<ann> ")?.split_once(' '))
            .filter(|(_, said)| *said == text)
            .map(|(number, _)| number.parse::<usize>().unwrap());
        assert!(numbers.eq(0..LINES));
        bo.say(b"and I am here\n/quit\n");
        expect(&mut ann, "<bo> and I am here");
        // It ends with a close_notify: nothing was cut off.
        wait(|| (!bo.go_on().unwrap()).then_some(()));
        assert!(!bo.connection.wants_read());
        shared.give(0, Task::Stop);
        shared.give(0, Task::Stop);
    });
}
