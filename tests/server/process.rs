//! The program: arguments, what it prints, signals, exit status.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use chat_testkit::{Peer, Program, ServerProcess, Signal, run_piped};

use crate::{SERVER, join, server};

/// Whatever signal stops the server, all people are told.
#[test]
fn a_signal_says_goodbye_and_ends_well() {
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let server = server();
        let mut ann = join(server.addr(), "ann");
        // A peer that never reads holds nothing up.
        let _stuck = join(server.addr(), "stuck");
        server.signal(signal);
        ann.expect("-- the server is shutting down");
        let status = server.wait_exit(Duration::from_secs(3));
        assert_eq!(status.code(), Some(0));
    }
}

/// A signal that comes as soon as the server says that it listens, too.
#[test]
fn a_signal_at_once_ends_well() {
    for _ in 0..10 {
        let server = server();
        server.signal(Signal::Terminate);
        let status = server.wait_exit(Duration::from_secs(3));
        assert_eq!(status.code(), Some(0));
    }
}

/// The history that it was to keep is not touched.
#[test]
fn a_port_in_use_is_status_3_and_says_what_to_do() {
    let server = server();
    let address = server.addr().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("room.jsonl");
    let history = file.to_str().expect("a name in UTF-8");
    let args = ["--listen", &address, "--history", history];
    let second = run_piped(SERVER, &args, &[], b"");
    assert!(!file.exists(), "it has begun a history");
    assert_eq!(second.code(), 3, "{second}");
    for word in [address.as_str(), "in use", "--listen"] {
        assert!(second.stderr.contains(word), "{word} is missing: {second}");
    }
}

#[test]
fn several_addresses_are_printed_one_by_one() {
    let args = ["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"];
    let server = ServerProcess::start_with(SERVER, &args, &[]);
    server.wait_for_log("listening on 127.0.0.2:");
    server.wait_for_log("any person who can reach this port");
    let log = server.log();
    for line in log.lines().filter(|line| line.starts_with("listening on ")) {
        let address: SocketAddr = line["listening on ".len()..].parse().expect("an address");
        Peer::connect(address).expect("chat/1");
    }
}

/// IPv4 and, where there is such, IPv6; also if both are asked for one by one.
#[test]
fn both_families_share_a_port() {
    let has_v6 = TcpListener::bind("[::1]:0").is_ok();
    let apart = ["--listen", "0.0.0.0:0", "--listen", "[::]:0"];
    let ways = [&["--listen", "0"], &apart[..], &["--listen", "[::]:0"]];
    for args in &ways[..if has_v6 { 3 } else { 1 }] {
        let server = ServerProcess::start_with(SERVER, args, &[]);
        let port = server.addr().port();
        server.wait_for_log("any person who can reach this port");
        Peer::connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("you are 127.0.0.1:");
        let says_so = server.log().contains(&format!("listening on [::]:{port}"));
        assert_eq!(says_so, has_v6, "{}", server.log());
        if has_v6 {
            let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            Peer::connect(address).expect("you are [::1]:");
        }
    }
}

/// Status 3 is an address that cannot be had, or an unknown name.
#[test]
fn an_address_that_cannot_be_had_is_status_3() {
    // Too long for a name, so that no name server is asked.
    let unknown = format!("{}:5000", "x".repeat(64));
    for (place, said) in [
        (
            "203.0.113.5:5000",
            "this machine does not have that address",
        ),
        (&unknown, "no address is known for xxx"),
    ] {
        let output = run_piped(SERVER, &["--listen", place], &[], b"");
        assert_eq!(output.code(), 3, "{output}");
        assert!(output.stderr.contains(said), "{output}");
        assert!(!output.stderr.contains("os error"), "{output}");
    }
}

/// A log without a reader, and one that is closed, hold up no peer.
#[test]
fn a_log_that_is_not_taken_does_not_stop_the_room() {
    // The first line reaches us; after it the pipe fills up, or breaks.
    for then in ["; cat <&3 >/dev/null", ""] {
        let script = format!("exec 3<&0; exec \"$0\" --listen 127.0.0.1:0 2> >(head -n 1{then})");
        let mut program = Program::spawn("bash", &["-c", &script, SERVER], &[]);
        let line = program.stdout.expect_line_containing("listening on ");
        let addr: SocketAddr = line["listening on ".len()..].parse().expect("an address");
        let mut ann = join(addr, "ann");
        // Far more log than a pipe holds.
        for _ in 0..1500 {
            drop(Peer::connect(addr));
        }
        let mut bo = join(addr, "bo");
        bo.send_str("still\n");
        ann.expect("\r<bo> still\n");
    }
}

/// Also when no peer is left on the thread that is told of signals.
#[test]
fn a_second_signal_does_not_wait_for_the_last_words() {
    let server = server();
    let ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let address = ann.local_addr();
    ann.reset();
    server.wait_for_log(&format!("left name=ann address={address} "));
    server.signal(Signal::Terminate);
    bo.expect("-- the server is shutting down: goodbye\n");
    // A peer that has not closed its side is given a second.
    server.signal(Signal::Terminate);
    let status = server.wait_exit(Duration::from_millis(800));
    assert_eq!(status.code(), Some(0));
}
