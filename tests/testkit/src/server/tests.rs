#![cfg(unix)]

use super::*;
use crate::DEADLINE;
use crate::tests::panic_message;

/// Something that says it listens, and then does as told.
fn pretend(then: &str) -> ServerProcess {
    let script = format!("echo starting >&2; echo 'listening on 127.0.0.1:4242' >&2; {then}");
    ServerProcess::start_with("sh", &["-c", &script], &[])
}

#[test]
fn the_address_is_read_from_its_line() {
    for (line, addr) in [
        ("listening on 127.0.0.1:4242", Some("127.0.0.1:4242")),
        (
            "chat-server: listening on [::1]:7 (loopback)\r",
            Some("[::1]:7"),
        ),
        ("listening on 0.0.0.0:80, [::]:80", Some("0.0.0.0:80")),
        ("listening on everything", None),
    ] {
        let addr = addr.map(|addr| addr.parse().expect("an address"));
        assert_eq!(listen_address(line), addr, "{line:?}");
    }
}

#[test]
fn the_log_stays_readable() {
    let server = pretend("echo ready >&2; echo out; exec sleep 100");
    assert_eq!(server.addr().port(), 4242);
    server.wait_for_log("ready");
    server.wait_for_log("starting");
    assert_eq!(
        server.log(),
        "starting\nlistening on 127.0.0.1:4242\nready\n"
    );
    crate::until("it has written to stdout", || server.stdout() == "out\n");
}

#[test]
fn a_server_that_gives_up_shows_why() {
    let message = panic_message(|| {
        ServerProcess::start_with("sh", &["-c", "echo no port left >&2"], &[]);
    });
    assert!(message.contains("no port left"), "{message}");
}

#[test]
fn signals_end_it() {
    // Not SIGINT: a shell that was started with that ignored cannot trap it, as behind `&`.
    let server = pretend("trap 'exit 5' TERM; echo ready >&2; while :; do sleep 0.01; done");
    server.wait_for_log("ready");
    assert!(server.is_running());
    server.signal(Signal::Terminate);
    assert_eq!(server.wait_exit(DEADLINE).code(), Some(5));
}

#[test]
#[cfg(target_os = "linux")]
fn its_use_of_the_machine_is_measured() {
    let server = pretend("while :; do :; done");
    let before = server.cpu_time();
    crate::until("it has used processor time", || server.cpu_time() > before);
    assert!(
        server.resident_bytes() > 100 << 10,
        "{}",
        server.resident_bytes()
    );
    assert!(server.open_descriptors() >= 3);
}
