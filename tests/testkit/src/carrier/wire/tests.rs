use std::net::{TcpListener, TcpStream};

use super::*;
use crate::{DEADLINE, Identity, Peer, TlsFront, until};

/// A front that encrypts, and the server behind it, which is the test.
fn front() -> (TlsFront, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    let inner = listener.local_addr().expect("a bound socket");
    (TlsFront::start(inner, &Identity::new()), listener)
}

fn wire(front: &TlsFront) -> Wire<TcpStream> {
    let socket = TcpStream::connect(front.addr()).expect("it listens");
    socket.set_read_timeout(Some(DEADLINE)).expect("a socket");
    Wire::new(Carrier::Tls, socket)
}

/// What is written before the handshake waits for it.
#[test]
fn it_shakes_hands_as_it_is_read() {
    let (front, listener) = front();
    let mut wire = wire(&front);
    assert_eq!(wire.certificate(), None);
    wire.write_all(b"hello\n").expect("it waits");
    let server = std::thread::spawn(move || {
        let mut server = Peer::accept(&listener);
        assert_eq!(server.expect_line(), "hello");
        server.send_str("hello yourself\n");
    });
    let mut heard = [0; 15];
    wire.read_exact(&mut heard).expect("an answer");
    assert_eq!(&heard, b"hello yourself\n");
    assert!(wire.certificate().is_some());
    server.join().expect("it has heard the client");
    // The server has closed, and says so.
    assert_eq!(wire.read(&mut heard).expect("an end in order"), 0);
}

/// An end that is only one of TCP is no end in order.
#[test]
fn a_cut_is_an_error() {
    let (front, listener) = front();
    let mut wire = wire(&front);
    wire.shake_hands().expect("a server");
    let _server = Peer::accept(&listener);
    front.cut();
    let error = wire.read(&mut [0; 10]).expect_err("it was cut");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);

    let silent = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    let addr = silent.local_addr().expect("a bound socket");
    let socket = TcpStream::connect(addr).expect("it listens");
    let mut wire = Wire::new(Carrier::Tls, socket);
    drop(silent.accept().expect("it has come"));
    wire.shake_hands().expect_err("no server");
}

/// A socket that does not block is read and written as far as it goes.
#[test]
fn it_does_not_block_where_the_socket_does_not() {
    let (front, listener) = front();
    let mut wire = wire(&front);
    wire.socket().set_nonblocking(true).expect("a socket");
    let blocked = wire.read(&mut [0; 10]).expect_err("no answer yet");
    assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
    until("it has shaken hands", || wire.shake_hands().is_ok());
    let mut server = Peer::accept(&listener);
    // The server reads nothing yet.
    let chunk = vec![b'x'; 64 * 1024];
    let mut sent = 0;
    while let Ok(count) = wire.write(&chunk) {
        sent += count;
    }
    wire.flush().expect("it is not over");
    let reading = std::thread::spawn(move || {
        server.expect("the end\n");
        server.received().len()
    });
    let mut rest: &[u8] = b"the end\n";
    until("all is sent", || {
        // Before each write it sends what waits.
        if let Ok(count) = wire.write(rest) {
            rest = &rest[count..];
        }
        wire.flush().expect("it is not over");
        reading.is_finished()
    });
    assert_eq!(reading.join().expect("all of it"), sent + 8);
}
