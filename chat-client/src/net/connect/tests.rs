use std::io::{Read, Write};
use std::net::TcpListener;

use chat_testkit::{Identity, TlsFront};

use super::*;
use crate::net::security::Encryption;

const LONG: Duration = Duration::from_secs(10);

fn target(port: u16) -> Target {
    let host = "127.0.0.1".to_owned();
    Target::Network(Address { host, port })
}

/// A port that no program listens at.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}

#[test]
fn an_attempt_tells_when_it_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let (done, over) = mpsc::channel();
    let attempt = Attempt::begin(target(port), Security::new(None), move || {
        done.send(()).expect("a receiver")
    });
    over.recv_timeout(LONG).expect("it is over");
    let connected = attempt.poll().expect("it is over").expect("a listener");
    assert!(matches!(connected.transport, Transport::Tcp(_)));
    assert_eq!((connected.met, connected.remarks), (None, Vec::new()));
    listener.accept().expect("the connection");
}

#[test]
fn waiting_and_asking_have_the_same_error() {
    let port = closed_port();
    let waited = Attempt::begin(target(port), Security::new(None), || {}).wait();
    let waited = waited.expect_err("nothing listens").to_string();
    let expected = format!("cannot connect to 127.0.0.1 port {port}: nobody listens at 127.0.0.1");
    assert!(waited.starts_with(&expected), "{waited}");

    let (done, over) = mpsc::channel();
    let attempt = Attempt::begin(target(port), Security::new(None), move || {
        done.send(()).expect("a receiver")
    });
    over.recv_timeout(LONG).expect("it is over");
    let asked = attempt.poll().expect("it is over");
    let asked = asked.expect_err("nothing listens").to_string();
    assert_eq!(asked, waited);
}

#[test]
fn an_address_of_one_link_needs_the_link() {
    let address: SocketAddr = "[fe80::1]:1".parse().expect("an address");
    let failed = attempt(address, LONG).expect_err("which link?");
    assert_eq!(
        failed,
        Failure::Other(
            "the address needs the name of an interface behind it, like %eth0".to_owned()
        )
    );
}

/// A server that takes both, and has greeted in plain before our first bytes came.
#[test]
fn a_server_that_is_late_is_tried_again_in_tls() {
    let (inner, identity) = (TcpListener::bind("127.0.0.1:0"), Identity::new());
    let inner = inner.expect("a free port").local_addr();
    for late in [HANDSHAKES - 1, HANDSHAKES] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let security = Security {
            encryption: Encryption::Always,
            ..Security::new(None)
        };
        let attempt = Attempt::begin(target(port), security, || {});
        for _ in 0..late {
            let (mut socket, _) = listener.accept().expect("a connection");
            socket
                .write_all(b"\r-- chat/1 tls welcome\n")
                .expect("the client is there");
            let mut heard = Vec::new();
            // A client that goes may reset the connection.
            let _ = socket.read_to_end(&mut heard);
            assert_eq!(heard[0], 0x16, "a handshake of TLS");
        }
        let inner = *inner.as_ref().expect("a bound socket");
        let _front = TlsFront::on(listener, inner, &identity);
        match attempt.wait() {
            Ok(connected) => assert!(connected.transport.is_encrypted() && late < HANDSHAKES),
            Err(error) => {
                assert_eq!((error.status(), late), (3, HANDSHAKES));
                assert!(error.to_string().ends_with(LATE), "{error}");
            }
        }
    }
}
