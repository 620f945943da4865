//! No peer waits for peers that load the server as much as they can; with figures.

use std::time::Duration;

use chat_testkit::ServerProcess;

use crate::SERVER;
use crate::fairness::{beside_connections, beside_flooders};

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
