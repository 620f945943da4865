//! The connection behind the handshake.

use std::io::{IoSlice, Read, Write};
use std::net::Shutdown;

use mio::{Events, Poll, Token};
use rustls::{ServerConnection, StreamOwned};

use super::*;
use crate::net::outcome::{Lost, Received};
use crate::net::socket::Socket;
use crate::net::transport::Transport;

/// A transport, and the server's end of it.
struct Pair {
    client: Client,
    server: StreamOwned<ServerConnection, TcpStream>,
}

struct Client {
    poll: Poll,
    transport: Transport,
}

impl Pair {
    /// The server says `first` together with the end of its handshake.
    fn new(first: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let socket = TcpStream::connect(address).expect("a listener");
        let (mut accepted, _) = listener.accept().expect("a connection");
        accepted.set_read_timeout(Some(LONG)).expect("a socket");
        let identity = Identity::new();
        let (session, server) = thread::scope(|scope| {
            let client = scope.spawn(|| {
                let until = Instant::now() + LONG;
                let trust = Trust::default();
                shake_hands(&socket, meeting("localhost", &trust, none()), until)
            });
            let mut server = ServerConnection::new(identity.config()).expect("a key");
            server.writer().write_all(first).expect("room");
            while server.is_handshaking() {
                server.complete_io(&mut accepted).expect("a handshake");
            }
            let (session, _) = client.join().expect("no panic").expect("a handshake");
            (session, StreamOwned::new(server, accepted))
        });
        let poll = Poll::new().expect("a poll");
        let tls = Tls::new(Socket::tcp(socket).expect("a socket"), session);
        let mut transport = Transport::Tls(tls);
        let registered = transport.register(poll.registry(), Token(0));
        registered.expect("a socket of its own");
        let client = Client { poll, transport };
        Self { client, server }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.server.write_all(bytes).expect("the client is there");
        self.server.flush().expect("the client is there");
    }
}

impl Client {
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
                Received::Drained => {
                    assert!(self.transport.is_drained());
                    self.wait();
                }
                received => return received,
            }
        }
    }

    /// Reads so many bytes.
    #[track_caller]
    fn read_exact(&mut self, count: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buffer = [0; 1000];
        while all.len() < count {
            match self.read(&mut buffer) {
                Received::Bytes(count) => all.extend(&buffer[..count]),
                other => panic!("{other:?} after {} bytes", all.len()),
            }
        }
        all
    }
}

#[test]
fn what_is_decrypted_and_not_read_is_no_wait() {
    let mut pair = Pair::new(b"");
    let mut buffer = [0; 4];
    assert!(
        !pair.client.transport.is_drained(),
        "something may have come"
    );
    pair.say(b"abcdef");
    assert_eq!(pair.client.read(&mut buffer), Received::Bytes(4));
    assert!(
        !pair.client.transport.is_drained(),
        "no event comes for the rest"
    );
    assert_eq!(pair.client.transport.read(&mut buffer), Received::Bytes(2));
    assert_eq!(&buffer, b"efcd");
    assert_eq!(pair.client.transport.read(&mut buffer), Received::Drained);
    assert!(pair.client.transport.is_drained());
    // Several records, larger than any buffer here.
    let much: Vec<u8> = (0..100_000u32).map(|byte| byte as u8).collect();
    let Pair { client, server } = &mut pair;
    thread::scope(|scope| {
        scope.spawn(|| server.write_all(&much).expect("the client is there"));
        assert!(client.read_exact(much.len()) == much);
    });
}

#[test]
fn first_words_that_come_with_the_handshake_are_read() {
    let mut pair = Pair::new(b"\r-- chat/1 welcome\n");
    assert_eq!(pair.client.read_exact(19), b"\r-- chat/1 welcome\n");
}

#[test]
fn it_writes_until_the_server_takes_no_more() {
    let mut pair = Pair::new(b"");
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cd")];
    assert_eq!(pair.client.transport.write(&slices), Ok(4));
    assert!(
        !pair.client.transport.wants_write(),
        "the system has all of it"
    );
    let mut received = [0; 4];
    pair.server.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"abcd");

    let much = vec![b'x'; 1 << 16];
    let mut taken = 0;
    while pair.client.transport.is_writable() {
        taken += pair.client.transport.write(&[IoSlice::new(&much)]).unwrap();
    }
    assert!(
        pair.client.transport.wants_write(),
        "a part is encrypted, and waits"
    );
    assert_eq!(pair.client.transport.write(&[IoSlice::new(&much)]), Ok(0));
    let Pair { client, server } = &mut pair;
    thread::scope(|scope| {
        let mut read = vec![0; taken];
        scope.spawn(move || server.read_exact(&mut read).expect("all of it came"));
        while client.transport.wants_write() {
            client.wait();
            assert_eq!(client.transport.write(&[IoSlice::new(b"")]), Ok(0));
        }
    });
}

/// The goodbye of a server comes after the client's last word.
#[test]
fn a_closed_one_still_reads() {
    let mut pair = Pair::new(b"");
    pair.client.transport.close();
    pair.client.transport.close();
    assert_eq!(
        pair.server.read(&mut [0; 1]).unwrap(),
        0,
        "a goodbye of TLS"
    );
    pair.say(b"bye");
    assert_eq!(pair.client.read(&mut [0; 8]), Received::Bytes(3));
    let written = pair.client.transport.write(&[IoSlice::new(b"more")]);
    assert_eq!(written, Err(Lost));
}

#[test]
fn an_end_without_a_goodbye_is_told_apart() {
    for says_goodbye in [true, false] {
        let mut pair = Pair::new(b"");
        pair.say(b"half a li");
        if says_goodbye {
            pair.server.conn.send_close_notify();
            pair.server.flush().unwrap();
        }
        drop(pair.server.sock.shutdown(Shutdown::Write));
        assert_eq!(pair.client.read(&mut [0; 16]), Received::Bytes(9));
        let expected = match says_goodbye {
            true => Received::End,
            false => Received::Cut,
        };
        assert_eq!(pair.client.read(&mut [0; 16]), expected);
    }
}

#[test]
fn bytes_that_are_changed_on_the_way_are_the_end() {
    let mut pair = Pair::new(b"");
    pair.say(b"good");
    assert_eq!(pair.client.read_exact(4), b"good");
    let record = b"\x17\x03\x03\0\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    pair.server.sock.write_all(record).unwrap();
    assert_eq!(pair.client.read(&mut [0; 16]), Received::Cut);
}

/// Which has an answer, that goes out although nothing is said.
#[test]
fn new_keys_do_not_stop_it() {
    let mut pair = Pair::new(b"");
    pair.server.conn.refresh_traffic_keys().expect("TLS 1.3");
    pair.say(b"abc");
    assert_eq!(pair.client.read_exact(3), b"abc");
    while pair.client.transport.wants_write() {
        assert_eq!(pair.client.transport.write(&[IoSlice::new(b"")]), Ok(0));
    }
    assert_eq!(pair.client.transport.write(&[IoSlice::new(b"def")]), Ok(3));
    let mut received = [0; 3];
    pair.server.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"def");
}
