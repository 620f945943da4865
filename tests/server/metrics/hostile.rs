//! Peers of the endpoint that stall, flood and send garbage.

use std::io;

use super::*;

/// Two people talk while `harm` goes on, and metrics are served.
fn beside(server: &ServerProcess, at: SocketAddr, mut harm: impl FnMut(usize)) {
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server.addr(), name));
    ann.expect("[bo] entered room\n");
    let mut times = Times::default();
    for round in 0..20 {
        harm(round);
        times.there(&mut ann, &mut bo);
        assert_eq!(value(at, "chat_people"), 2.0);
    }
    assert!(times.median() < Duration::from_millis(100), "{times}");
}

fn connect(at: SocketAddr) -> TcpStream {
    let peer = TcpStream::connect(at).expect("the endpoint listens");
    let within = Some(Duration::from_secs(30));
    peer.set_read_timeout(within).expect("a limit can be set");
    peer
}

/// Whether the server has closed it.
fn is_closed(mut peer: &TcpStream) -> bool {
    peer.set_nonblocking(true).expect("a socket of ours");
    match peer.read(&mut [0; 4096]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// 1,000 connections that say nothing: all but a few are closed at once, and those within
/// seconds. The server holds no more descriptors than the few.
#[test]
fn a_thousand_silent_peers_are_closed() {
    let (server, at) = start(&[]);
    let before = server.open_descriptors();
    let mut silent = Vec::new();
    beside(&server, at, |_| {
        silent.extend((0..50).map(|_| connect(at)));
        // Two people, and those that the endpoint has.
        assert!(server.open_descriptors() <= before + 2 + 17);
    });
    assert_eq!(silent.len(), 1000);
    let open = silent.iter().filter(|peer| !is_closed(peer)).count();
    assert!(open <= 16, "{open}");
    until("all are closed", || silent.iter().all(is_closed));
}

/// Heads without an end, one byte at a time and as fast as can be, are ended at 8 KiB or
/// when their time is over; and so are answers that no peer takes.
#[test]
fn heads_without_an_end_are_ended() {
    let (server, at) = start(&[]);
    let mut slow = connect(at);
    slow.write_all(b"GET /metrics HTTP/1.1\r\n").expect("taken");
    let began = Instant::now();
    beside(&server, at, |_| {
        // A head of more than 8 KiB.
        let mut fast = connect(at);
        let head = format!("GET / HTTP/1.1\r\n{}", "X: yyyyyyyy\r\n".repeat(2000));
        let _ = fast.write_all(head.as_bytes());
        let mut answer = String::new();
        let _ = fast.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        let _ = slow.write_all(b"X");
        // Half a request, and then the end of the input.
        let mut half = connect(at);
        half.write_all(b"GET /met").expect("taken");
        half.shutdown(std::net::Shutdown::Write).expect("a socket");
        assert_eq!(half.read(&mut [0; 10]).ok(), Some(0));
    });
    until("the slow one is closed", || {
        let _ = slow.write_all(b"X");
        is_closed(&slow)
    });
    let took = began.elapsed();
    assert!(took < Duration::from_secs(12), "{took:?}");
}

/// What comes behind a request changes nothing of its answer.
#[test]
fn garbage_behind_a_request_is_thrown_away() {
    let (server, at) = start(&[]);
    beside(&server, at, |round| {
        let garbage = [0xff, 0, b'\n', 0x16][round % 4];
        let mut request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
        request.resize(request.len() + 10_000, garbage);
        let answer = exchange(at, &request);
        assert!(answer.ends_with("\r\n\r\nready\n"), "{answer}");
    });
    // One that does not stop is closed.
    let mut endless = connect(at);
    let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    endless.write_all(request).expect("taken");
    let began = Instant::now();
    while endless.write_all(&[b'x'; 10_000]).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10), "it goes on");
    }
}

/// Requests as fast as they can be made wake the workers 20 times a second at most.
#[test]
fn a_flood_of_requests_is_no_load_for_the_room() {
    let (_server, at) = start(&[]);
    let rounds = || value(at, "chat_round_seconds_count");
    let before = rounds();
    let began = Instant::now();
    let mut requests = 0;
    while began.elapsed() < Duration::from_secs(1) {
        assert_eq!(get(at, "/healthz").1, "ready\n");
        requests += 1;
    }
    let more = rounds() - before;
    let seconds = began.elapsed().as_secs_f64();
    println!("{requests} requests, {more} rounds in {seconds} s");
    assert!(more <= 3.0 * (seconds * 20.0 + 3.0), "{more}");
}
