use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use mio::{Events, Poll};

use super::*;

const LONG: Duration = Duration::from_secs(10);

/// A transport, and the server's end of it.
struct Pair {
    poll: Poll,
    transport: Transport,
    server: TcpStream,
}

impl Pair {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let client = TcpStream::connect(address).expect("a listener");
        let (server, _) = listener.accept().expect("a connection");
        server.set_read_timeout(Some(LONG)).expect("a socket");
        let poll = Poll::new().expect("a poll");
        let mut transport = Transport::Tcp(Socket::tcp(client).expect("a socket"));
        let registered = transport.register(poll.registry(), Token(0));
        registered.expect("a socket of its own");
        Self {
            poll,
            transport,
            server,
        }
    }

    /// Waits for an event of the transport.
    #[track_caller]
    fn wait(&mut self) {
        let mut events = Events::with_capacity(8);
        self.poll.poll(&mut events, Some(LONG)).expect("a poll");
        assert!(!events.is_empty(), "no event came");
        for event in &events {
            self.transport.handle_event(event);
        }
    }

    /// Reads until something other than "drained" comes.
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> Received {
        loop {
            match self.transport.read(buffer) {
                Received::Drained => self.wait(),
                received => return received,
            }
        }
    }
}

#[test]
fn it_reads_until_it_is_drained_and_then_to_the_end() {
    let mut pair = Pair::new();
    let mut buffer = [0; 4];
    assert!(!pair.transport.is_drained(), "something may have come");
    assert_eq!(pair.transport.read(&mut buffer), Received::Drained);
    assert!(pair.transport.is_drained());

    pair.server.write_all(b"abcdef").unwrap();
    assert_eq!(pair.read(&mut buffer), Received::Bytes(4));
    assert_eq!(pair.read(&mut buffer), Received::Bytes(2));
    assert_eq!(&buffer, b"efcd");
    assert_eq!(pair.transport.read(&mut buffer), Received::Drained);

    drop(pair.server.shutdown(std::net::Shutdown::Write));
    assert_eq!(pair.read(&mut buffer), Received::End);
}

#[test]
fn it_writes_slices_until_the_server_takes_no_more() {
    let mut pair = Pair::new();
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cd")];
    assert_eq!(pair.transport.write(&slices), Ok(4));
    assert!(!pair.transport.wants_write(), "the system has all of it");
    let mut received = [0; 4];
    pair.server.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"abcd");

    let much = vec![b'x'; 1 << 16];
    let mut taken = 0;
    while pair.transport.is_writable() {
        taken += pair.transport.write(&[IoSlice::new(&much)]).unwrap();
    }
    assert_eq!(pair.transport.write(&[IoSlice::new(&much)]), Ok(0));
    // Once that is read there is room again.
    let mut read = vec![0; taken];
    pair.server.read_exact(&mut read).unwrap();
    while !pair.transport.is_writable() {
        pair.wait();
    }
}

/// The goodbye of a server comes after the client's last word.
#[test]
fn a_closed_one_still_reads() {
    let mut pair = Pair::new();
    pair.transport.close();
    pair.transport.close();
    assert_eq!(pair.server.read(&mut [0; 1]).unwrap(), 0);
    pair.server.write_all(b"bye").unwrap();
    assert_eq!(pair.read(&mut [0; 8]), Received::Bytes(3));
    let written = pair.transport.write(&[IoSlice::new(b"more")]);
    assert_eq!(written, Err(Lost));
}
