//! Servers that do not encrypt, or not as they must.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use super::*;

/// What comes of a server that says this, and what it has heard.
fn hears(says: Vec<u8>, trust: &Trust, within: Duration) -> (Result<Trusted, Fault>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (mut socket, _) = listener.accept().expect("a connection");
            socket.write_all(&says).expect("the client is there");
            let mut heard = Vec::new();
            // A client that goes may reset the connection.
            let _ = socket.read_to_end(&mut heard);
            heard
        });
        let socket = TcpStream::connect(address).expect("a listener");
        let until = Instant::now() + within;
        let met = shake_hands(&socket, meeting("localhost", trust, unasked()), until);
        drop(socket.shutdown(Shutdown::Both));
        let heard = server.join().expect("no panic");
        (met.map(|(_, trusted)| trusted), heard)
    })
}

/// It is one record of a handshake, with the hello of a client, or is followed by
/// nothing but alerts.
#[track_caller]
fn is_only_a_hello(heard: &[u8]) {
    let mut rest = heard;
    let mut kinds = Vec::new();
    while let [kind, 3, _, high, low, more @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        kinds.push((*kind, more[0]));
        rest = &more[length..];
    }
    assert_eq!(rest, b"");
    assert_eq!(kinds[0], (22, 1), "a hello");
    assert!(kinds[1..].iter().all(|(kind, _)| *kind == 21), "{kinds:?}");
}

#[test]
fn a_plain_answer_is_the_end() {
    for says in [
        &b"\r-- chat/1 welcome: type to talk\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\n",
        b"\r-- chat/1 tl",
        b"\r-- chat/1 tlsx welcome\n",
        b"\0",
    ] {
        for trust in [
            Trust::default(),
            knows(Known::Roots),
            pins(&Identity::new()),
        ] {
            let (met, heard) = hears(says.to_vec(), &trust, LONG);
            assert_eq!(met, Err(Fault::Distrusted(trust.plaintext())), "{says:?}");
            is_only_a_hello(&heard);
        }
    }
}

/// A server that takes both, and was too busy to see that we speak TLS.
#[test]
fn a_greeting_that_offers_tls_is_worth_another_attempt() {
    for says in [
        "\r-- chat/1 tls welcome: type\n",
        "-- chat/1 tls only: chat-client a 1\n",
    ] {
        let (met, heard) = hears(says.into(), &knows(Known::Roots), LONG);
        assert_eq!(met, Err(Fault::Late));
        is_only_a_hello(&heard);
    }
}

#[test]
fn a_silent_server_has_its_time_and_no_more() {
    let begun = Instant::now();
    let within = Duration::from_millis(200);
    for says in [&b""[..], b"\x16", b"\x16\x03\x03\x40\0"] {
        let (met, heard) = hears(says.to_vec(), &knows(Known::Roots), within);
        assert_eq!(met, Err(Fault::NoAnswer), "{says:?}");
        is_only_a_hello(&heard);
    }
    assert!(begun.elapsed() >= 3 * within && begun.elapsed() < LONG);
}

/// That is a lost connection, and proves nothing.
#[test]
fn a_server_that_closes_has_broken_off() {
    let (listener, address) = silent();
    thread::scope(|scope| {
        scope.spawn(|| drop(listener.accept()));
        let met = meet(address, "localhost", &knows(Known::Roots), unasked());
        assert_eq!(met, Err(Fault::BrokenOff));
    });
}

#[test]
fn other_kinds_of_tls_are_refused() {
    // The hello of a server that speaks TLS 1.2: no extension names a later version.
    let mut hello = b"\x16\x03\x03\0\x2a\x02\0\0\x26\x03\x03".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\0\xc0\x2b\0");
    let version = "it offers no TLS 1.3 that this program knows";
    for (says, why) in [
        (hello, version),
        (b"\x15\x03\x01\0\x02\x02\x46".to_vec(), version),
        (
            b"\x15\x03\x03\0\x02\x02\x28".to_vec(),
            "it offers no TLS that this program knows",
        ),
        (
            b"\x15\x03\x03\0\x02\x02\x78".to_vec(),
            "it offers TLS for another protocol than chat/1",
        ),
    ] {
        let (met, heard) = hears(says, &Trust::default(), LONG);
        let unfit = Distrust::Unfit(why.to_owned());
        assert_eq!(met, Err(Fault::Distrusted(unfit)));
        is_only_a_hello(&heard);
    }
    for garbage in [&b"\x16\x03\x03\0\x04abcd"[..], b"\x16garbage as it comes"] {
        let (met, heard) = hears(garbage.to_vec(), &Trust::default(), LONG);
        let unfit = matches!(&met, Err(Fault::Distrusted(Distrust::Unfit(_))));
        assert!(unfit, "{met:?}");
        is_only_a_hello(&heard);
    }
}
