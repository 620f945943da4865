//! `--metrics`: the figures over HTTP, from the real program.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use chat_testkit::{JsonPeer, Peer, ServerProcess, Signal, run_piped, until, until_some};
use serde_json::json;

use crate::fairness::Times;
use crate::{SERVER, join};

mod hostile;

/// Starts a server with metrics, and tells where they are.
#[track_caller]
fn start(args: &[&str]) -> (ServerProcess, SocketAddr) {
    let mut all = vec!["--metrics", "0"];
    all.extend(args);
    let server = ServerProcess::start(SERVER, &all);
    let at = until_some("it says where the metrics are", || metrics_at(&server));
    (server, at)
}

fn metrics_at(server: &ServerProcess) -> Option<SocketAddr> {
    let log = server.log();
    let (_, rest) = log.split_once("metrics at http://")?;
    rest.split_once("/metrics\n")?.0.parse().ok()
}

/// The answer to a request for `path`: its first line, and its body.
#[track_caller]
fn get(at: SocketAddr, path: &str) -> (String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n");
    let answer = exchange(at, request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let first = head.lines().next().unwrap_or_default();
    (first.to_owned(), body.to_owned())
}

/// What comes until the end for these bytes.
#[track_caller]
fn exchange(at: SocketAddr, request: &[u8]) -> String {
    let mut peer = TcpStream::connect(at).expect("the endpoint listens");
    let within = Some(Duration::from_secs(30));
    peer.set_read_timeout(within).expect("a limit can be set");
    peer.write_all(request).expect("it is taken");
    let mut answer = String::new();
    peer.read_to_string(&mut answer).expect("an end in order");
    answer
}

/// The value of one metric, with its labels.
#[track_caller]
fn value(at: SocketAddr, metric: &str) -> f64 {
    let (status, page) = get(at, "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let value = page.lines().find_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        (name == metric).then(|| value.parse().expect("a number"))
    });
    value.unwrap_or_else(|| panic!("no {metric} in:\n{page}"))
}

/// Reports of the workers are used again for a moment.
#[track_caller]
fn becomes(at: SocketAddr, metric: &str, expected: f64) {
    until(&format!("{metric} is {expected}"), || {
        value(at, metric) == expected
    });
}

/// Three programs in the room; one of them says ten messages.
#[test]
fn figures_follow_the_traffic() {
    let (server, at) = start(&["--max-clients", "3"]);
    let mut bots: Vec<JsonPeer> = ["ann", "bo", "cy"]
        .iter()
        .map(|name| JsonPeer::connect(server.addr(), name))
        .collect();
    becomes(at, "chat_people", 3.0);
    becomes(at, "chat_connections{state=\"room\"}", 3.0);
    becomes(at, "chat_connections_limit", 3.0);
    let (received, sent) = (
        value(at, "chat_received_bytes_total"),
        value(at, "chat_sent_bytes_total"),
    );
    for number in 0..10 {
        let text = format!("message {number}");
        let line = json!({"type": "message", "text": text});
        bots[0].peer.send_str(&format!("{line}\n"));
        for bot in &mut bots {
            bot.wait_for(|object| object["text"] == *text);
        }
    }
    becomes(at, "chat_messages_total", 10.0);
    becomes(at, "chat_deliveries_total", 30.0);
    becomes(at, "chat_lagging_readers", 0.0);
    assert!(value(at, "chat_received_bytes_total") >= received + 10.0 * 35.0);
    assert!(value(at, "chat_sent_bytes_total") >= sent + 30.0 * 60.0);
    assert!(value(at, "chat_round_seconds_count") >= 10.0);
    assert!(value(at, "chat_fanout_seconds_count") >= 10.0);
    assert!(value(at, "chat_fanout_seconds_sum") > 0.0);
    assert!(value(at, "process_resident_memory_bytes") > 1e6);
    assert_eq!(value(at, "chat_loops"), 3.0);
    assert_eq!(value(at, "chat_loops_alive"), 3.0);

    // A refused one, and one that leaves.
    Peer::connect(server.addr()).expect_eof();
    becomes(at, "chat_refusals_total{reason=\"full\"}", 1.0);
    drop(bots.pop());
    becomes(at, "chat_people", 2.0);
    assert_eq!(value(at, "chat_connections_accepted_total"), 3.0);

    // The counters in the log are the same ones.
    for (counter, metric) in [
        ("messages", "chat_messages_total"),
        ("deliveries", "chat_deliveries_total"),
        ("accepted", "chat_connections_accepted_total"),
        ("bytes_in", "chat_received_bytes_total"),
    ] {
        assert_eq!(server.count(counter) as f64, value(at, metric), "{counter}");
    }
}

/// A reader that takes nothing is seen, and how much waits for it.
#[test]
fn a_slow_reader_is_seen() {
    let (server, at) = start(&[]);
    let mut ann = join(server.addr(), "ann");
    let slow = join(server.addr(), "slow");
    ann.expect("[slow] entered room\n");
    let line = format!("{}\n", "x".repeat(4000));
    until("the other one lags", || {
        ann.send_str(&line.repeat(20));
        value(at, "chat_lagging_readers") == 1.0
    });
    assert!(value(at, "chat_slowest_reader_bytes") > 1000.0);
    drop(slow);
    becomes(at, "chat_lagging_readers", 0.0);
}

/// What is at other places, and other methods, is refused in words.
#[test]
fn the_endpoint_speaks_http() {
    let (_server, at) = start(&[]);
    let ready = ("HTTP/1.1 200 OK".to_owned(), "ready\n".to_owned());
    assert_eq!(get(at, "/healthz"), ready);
    let (status, words) = get(at, "/");
    assert_eq!(status, "HTTP/1.1 404 Not Found");
    assert!(words.contains("/metrics"), "{words}");
    let head = exchange(at, b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    let open = exchange(
        at,
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text;version=1.0.0\r\n\r\n",
    );
    assert!(open.contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0"));
    assert!(open.ends_with("\n# EOF\n"), "{open}");
    for (request, status) in [
        (
            "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
            "405",
        ),
        ("nonsense\r\n\r\n", "400"),
        ("GET /metrics HTTP/1.1\r\n\r\n", "400"),
    ] {
        let answer = exchange(at, request.as_bytes());
        let start = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&start), "{answer}");
    }
}

/// A port that is taken ends the start as for `--listen`.
#[test]
fn a_taken_port_is_status_3() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    let at = taken.local_addr().expect("it listens").to_string();
    let args = ["--listen", "127.0.0.1:0", "--metrics", &at];
    let output = run_piped(SERVER, &args, &[], b"");
    assert_eq!(output.code(), 3, "{output}");
    let said = format!("chat-server: cannot show metrics at {at}: the port is in use");
    assert!(output.stderr.contains(&said), "{output}");
}

/// Without the option there is no endpoint, and with it a server ends in order.
#[test]
fn the_endpoint_ends_with_the_server() {
    let server = crate::server();
    assert_eq!(metrics_at(&server), None);
    let (server, at) = start(&[]);
    let _open = TcpStream::connect(at).expect("the endpoint listens");
    let _ann = join(server.addr(), "ann");
    let started = Instant::now();
    server.signal(Signal::Terminate);
    assert_eq!(server.wait_exit(Duration::from_secs(5)).code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(3));
    server.wait_for_log("Z info stopped\n");
    assert!(TcpStream::connect(at).is_err());
}

/// TLS handshakes that were done, and that were not.
#[test]
fn handshakes_are_counted() {
    let args = ["--listen", "127.0.0.1:0", "--metrics", "0"];
    let server = ServerProcess::start_with(SERVER, &args, &[]);
    let at = until_some("it says where the metrics are", || metrics_at(&server));
    let _ann = join(chat_testkit::Carrier::Tls.to(server.addr()), "ann");
    becomes(at, "chat_tls_handshakes_total{result=\"done\"}", 1.0);
    assert_eq!(value(at, "chat_tls_handshake_seconds_count"), 1.0);
    let mut broken = TcpStream::connect(server.addr()).expect("the server listens");
    broken.write_all(&[0x16; 100]).expect("it is taken");
    becomes(at, "chat_tls_handshakes_total{result=\"failed\"}", 1.0);
    becomes(at, "chat_refusals_total{reason=\"handshake_failed\"}", 1.0);
    // The thread for them is a loop, too.
    assert_eq!(value(at, "chat_loops_alive"), value(at, "chat_loops"));
}

/// While the history cannot be written the server is not well, and says why.
#[cfg(target_os = "linux")]
#[test]
fn a_history_that_cannot_be_written_is_told() {
    use rustix::process::{Pid, Resource, getrlimit, prlimit};

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("room").display().to_string();
    let (server, at) = start(&["--history", &path]);
    let mut ann = join(server.addr(), "ann");
    ann.send_str("kept\n");
    becomes(at, "chat_messages_total", 1.0);
    becomes(at, "chat_history_unsynced_bytes", 0.0);
    assert_eq!(value(at, "chat_history_writable"), 1.0);
    assert!(value(at, "chat_history_sync_seconds_count") >= 1.0);
    assert_eq!(get(at, "/healthz").1, "ready\n");

    let limit = |bytes: Option<u64>| {
        let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
        let mut limit = getrlimit(Resource::Fsize);
        limit.current = bytes.or(limit.maximum);
        prlimit(pid, Resource::Fsize, limit).expect("a process of ours");
    };
    limit(Some(std::fs::metadata(&path).expect("a file").len()));
    ann.send_str("not kept\n");
    ann.expect("-- the history cannot be written");
    becomes(at, "chat_history_writable", 0.0);
    let (status, why) = get(at, "/healthz");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(why.starts_with("the history cannot be written ("), "{why}");
    assert!(value(at, "chat_history_unsynced_bytes") > 0.0);
    assert!(value(at, "chat_history_unsynced_seconds") > 0.0);

    limit(None);
    ann.expect("-- the history can be written again");
    until("it is well again", || get(at, "/healthz").1 == "ready\n");
    becomes(at, "chat_history_unsynced_seconds", 0.0);
}
