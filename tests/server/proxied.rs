//! Connections that come through a proxy.

use chat_testkit::{Peer, ServerProcess};

use crate::{SERVER, join, server};

/// Version 2, with an address of IPv4.
fn version_2(command: u8, address: [u8; 4]) -> Vec<u8> {
    let head = [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, 0x11, 0, 12]].concat();
    [&head[..], &address, &[192, 0, 2, 9, 0x12, 0x34, 0, 80]].concat()
}

/// The address in the header is the one that counts, however the header comes.
#[test]
fn the_proxy_says_who_comes() {
    let server = ServerProcess::start(SERVER, &["--proxy-protocol", "--max-per-address", "1"]);
    let mut ann = Peer::connect(server.addr());
    ann.send(b"PROXY TCP4 192.0.2.1 192.0.2.9 56324 80\r\nhi\n/nick ann\n");
    ann.expect("and you are 192.0.2.1:56324\n");
    ann.expect("you are now known as ann\n");
    let mut bo = Peer::connect(server.addr());
    for byte in version_2(0x21, [192, 0, 2, 2]) {
        bo.send(&[byte]);
    }
    bo.expect("and you are 192.0.2.2:4660\n");
    bo.send_str("hello\n");
    ann.expect("\r<192.0.2.2:4660> hello\n");
    // The limits hold for that address, also for one of IPv6.
    let mut again = Peer::connect(server.addr());
    again.send(&version_2(0x21, [192, 0, 2, 2]));
    assert!(
        again
            .expect_eof()
            .contains("too many connections from one address")
    );
    let mut six = ["::1", "::2"].map(|end| {
        let mut peer = Peer::connect(server.addr());
        peer.send_str(&format!("PROXY TCP6 2001:db8{end} ::1 7 80\r\nhey\n"));
        peer
    });
    ann.expect("\r<[2001:db8::1]:7> hey\n");
    assert!(six[1].expect_eof().contains("too many connections"));
}

/// The proxy itself keeps its own address.
#[test]
fn the_proxy_may_come_as_itself() {
    let server = ServerProcess::start(SERVER, &["--proxy-protocol"]);
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        version_2(0x20, [192, 0, 2, 1]),
    ] {
        let mut proxy = Peer::connect(server.addr());
        proxy.send(&header);
        let own = proxy.local_addr();
        proxy.expect(&format!("and you are {own}\n"));
    }
}

/// A peer that comes past the proxy is not heard, and neither is a header that is none
/// or is another one's.
#[test]
fn no_peer_comes_in_without_a_header() {
    let server = ServerProcess::start(SERVER, &["--proxy-protocol"]);
    let mut ann = Peer::connect(server.addr());
    ann.send(b"PROXY TCP4 192.0.2.1 192.0.2.9 1 80\r\n/nick ann\n");
    ann.expect("you are now known as ann\n");
    for start in [
        &b"hello\n"[..],
        b"/nick mallory\nhello\n",
        b"PROXY TCP4 192.0.2.300 192.0.2.9 1 80\r\nhello\n",
        b"PROXY TCP4 192.0.2.1\r\nhello\n",
        &version_2(0x22, [192, 0, 2, 1]),
    ] {
        let mut peer = Peer::connect(server.addr());
        peer.send(start);
        let told = peer.expect_eof();
        assert!(told.contains("no PROXY header came"), "{told}");
        assert!(!told.contains("welcome"), "{told}");
    }
    server.wait_for_log("no PROXY header");
    // As from two proxies, each of which sends its own.
    let mut twice = Peer::connect(server.addr());
    twice.send(&b"PROXY TCP4 192.0.2.2 192.0.2.9 1 80\r\n".repeat(2));
    twice.expect("PROXY protocol, which it takes only once");
    twice.expect_eof();
    ann.send_str("/who\n");
    ann.expect("-- here (1 in all): ann\n");
    assert!(!String::from_utf8_lossy(ann.received()).contains("entered"));
}

/// Without the option no peer can claim another address.
#[test]
fn a_header_is_refused_without_the_option() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    for header in [
        b"PROXY TCP4 192.0.2.1 192.0.2.9 1 80\r\nhello\n".to_vec(),
        [version_2(0x21, [192, 0, 2, 1]), b"hello\n".to_vec()].concat(),
    ] {
        let mut peer = Peer::connect(server.addr());
        peer.send(&header);
        assert!(peer.expect_eof().contains("--proxy-protocol"));
    }
    ann.send_str("/who\n");
    ann.expect("-- here (1 in all): ann\n");
    assert!(!String::from_utf8_lossy(ann.received()).contains("hello"));
}
