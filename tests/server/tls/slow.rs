//! Peers that stall in their handshake, or never begin to end one.

use std::io::Read;
use std::net::TcpStream;
use std::thread;

use super::*;
use crate::fairness;

/// A record of TLS that holds one byte of a handshake, for each byte.
fn in_single_bytes(record: &[u8]) -> Vec<u8> {
    let message = &record[5..];
    let records = message.iter().map(|&byte| [0x16, 3, 1, 0, 1, byte]);
    records.flatten().collect()
}

/// Waits for the end, and tells how long after `since` it came.
fn end_of(mut stream: TcpStream, since: Instant) -> Duration {
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).expect("a limit");
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    since.elapsed()
}

/// Whatever a peer leaves out of its handshake, after 10 s from accept it is gone, and
/// until then it costs no processor time and delays no other peer.
#[cfg(target_os = "linux")]
#[test]
fn a_handshake_has_ten_seconds_in_all() {
    let server = server("offer", &[]);
    let hello = client::hello();
    let single = in_single_bytes(&hello);
    let start = Instant::now();
    let begin = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(server.addr()).expect("it listens");
        stream.write_all(bytes).expect("it is taken");
        stream
    };
    let stalled: Vec<TcpStream> = [
        &hello[..1],
        &hello[..hello.len() / 2],
        &hello[..hello.len() - 1],
        // All of it, and then nothing: the server waits for the rest of the handshake.
        &hello,
        &single[..single.len() / 2],
        &single,
    ]
    .into_iter()
    .map(begin)
    .collect();
    // One byte at a time, without end.
    let mut slow = begin(&hello[..6]);
    let mut trickle = slow.try_clone().expect("a handle");
    let rest = hello[6..].to_vec();
    let trickling = thread::spawn(move || {
        for byte in rest.chunks(1).cycle() {
            thread::sleep(Duration::from_millis(100));
            if trickle.write_all(byte).is_err() {
                break;
            }
        }
    });
    let mut ann = TlsPeer::connect(server.addr());
    ann.send_str("/nick ann\n");
    ann.expect("you are now known as ann\n");
    let before = server.cpu_time();
    while start.elapsed() < Duration::from_secs(8) {
        let asked = Instant::now();
        ann.send_str("/who\n");
        ann.expect("ann");
        assert!(asked.elapsed() < Duration::from_secs(2));
        thread::sleep(Duration::from_millis(500));
    }
    let spent = server.cpu_time() - before;
    // A loop that turns for one of them would take all of the 8 s.
    assert!(spent < Duration::from_secs(1), "{spent:?}");
    let range = Duration::from_millis(9500)..Duration::from_secs(14);
    for stream in stalled {
        let end = end_of(stream, start);
        assert!(range.contains(&end), "{end:?}");
    }
    let mut end = [0; 4096];
    while slow.read(&mut end).is_ok_and(|count| count > 0) {}
    assert!(start.elapsed() < range.end, "{:?}", start.elapsed());
    trickling.join().expect("it ends");
    ann.send_str("/who\n");
    ann.expect("ann");
    server.wait_for_log("the TLS handshake failed\" why=\"it took more than 10 s\"");
}

/// A hello in records of one byte each is a hello.
#[test]
fn a_hello_in_single_bytes_is_answered() {
    let server = server("offer", &[]);
    let mut stream = TcpStream::connect(server.addr()).expect("it listens");
    for bytes in in_single_bytes(&client::hello()).chunks(7) {
        stream.write_all(bytes).expect("it is taken");
    }
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).expect("an answer");
    // A record with a message of the server.
    assert_eq!((answer[0], answer[5]), (0x16, 2));
}

/// An alert, junk or an end in mid-handshake ends that connection at once, and no other.
#[test]
fn a_handshake_that_breaks_off_is_over() {
    let server = server("offer", &[]);
    let mut ann = TlsPeer::connect(server.addr());
    let hello = client::hello();
    let close_notify = [0x15, 3, 3, 0, 2, 1, 0];
    // Those, or an end of the connection, at a place where they are understood.
    for then in [&close_notify[..], b"\x17\x03\x03\x00\x05xxxxx", &[0; 64]] {
        let mut peer = Peer::connect(server.addr());
        peer.send(&hello);
        let _ = peer.try_send(then);
        peer.expect_end();
    }
    for length in [1, 4, 200, hello.len()] {
        let mut peer = Peer::connect(server.addr());
        peer.send(&hello[..length]);
        peer.half_close();
        peer.expect_end();
    }
    ann.send_str("/nick ann\n");
    ann.expect("you are now known as ann\n");
}

/// While as many stall as may shake hands at once, others come in as soon as those that
/// stall have had 2 s.
#[test]
fn a_crowd_that_stalls_keeps_nobody_out() {
    let descriptors = chat_server::ops::signals::raise_descriptor_limit().unwrap_or(usize::MAX);
    assert!(descriptors >= 2500, "run this with ulimit -n 4096");
    let server = server("offer", &[]);
    let hello = client::hello();
    let stalled: Vec<TcpStream> = (0..1100)
        .map(|_| {
            let mut stream = TcpStream::connect(server.addr()).expect("it listens");
            stream
                .write_all(&hello[..hello.len() - 1])
                .expect("it is taken");
            stream
        })
        .collect();
    let start = Instant::now();
    let mut ann = TlsPeer::connect(server.addr());
    ann.expect("chat/1 welcome");
    Peer::connect(server.addr()).expect("chat/1 tls welcome");
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(7), "{elapsed:?}");
    drop(stalled);
    TlsPeer::connect(server.addr()).expect("chat/1 welcome");
}

/// People talk on beside crowds that shake hands and go. (A server that shook them with all
/// of a crowd in one turn would be away for as long as that takes.)
#[test]
fn a_storm_of_handshakes_does_not_delay_people() {
    let server = server("offer", &["--limit-loopback"]);
    let (times, done) = fairness::beside_handshakes(&server, 500, Duration::from_secs(3));
    println!("{done} handshakes, {times}");
    assert!(done >= 400, "only {done}");
    assert!(times.median() < Duration::from_millis(100), "{times}");
}
