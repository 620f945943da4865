//! No peer waits for peers that load the server as much as they can; with figures.

use std::time::Duration;

use chat_testkit::ServerProcess;

use crate::SERVER;
use crate::fairness::{beside_connections, beside_flooders, beside_handshakes};

/// Beside one peer that sends as fast as it can.
#[test]
#[ignore = "a figure"]
fn one_flooder() {
    let server = ServerProcess::start(SERVER, &["--rate", "20"]);
    let times = beside_flooders(&server, 1, Duration::from_secs(20));
    println!("beside one flooder: {times}");
    assert!(times.part(99) < Duration::from_millis(100));
}

/// Beside two hundred such peers.
#[test]
#[ignore = "a figure"]
fn two_hundred_flooders() {
    let server = ServerProcess::start(SERVER, &["--rate", "20"]);
    let times = beside_flooders(&server, 200, Duration::from_secs(20));
    println!("beside 200 flooders: {times}");
    assert!(times.part(99) < Duration::from_millis(250));
}

/// Beside twenty thousand peers that connect and go.
#[test]
#[ignore = "a figure"]
fn twenty_thousand_connections() {
    let server = ServerProcess::start(SERVER, &["--rate", "20"]);
    let times = beside_connections(&server, 20_000);
    println!("beside 20,000 connections: {times}");
    assert!(times.part(99) < Duration::from_millis(100));
}

/// Beside a thousand handshakes a second, of which five hundred come at once.
#[test]
#[ignore = "a figure"]
fn a_thousand_handshakes_a_second() {
    const TIME: Duration = Duration::from_secs(20);
    let server = ServerProcess::start(SERVER, &["--tls", "offer", "--limit-loopback"]);
    let (times, done) = beside_handshakes(&server, 500, TIME);
    let a_second = done as u64 / TIME.as_secs();
    println!("beside {a_second} handshakes a second: {times}");
    assert!(a_second >= 900, "only {a_second} a second");
    assert!(times.part(99) < Duration::from_millis(250));
}
