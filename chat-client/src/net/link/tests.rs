use std::io::{Read, Write};
use std::net::TcpListener;

use mio::{Events, Poll};

use super::*;
use crate::net::Address;

const LONG: Duration = Duration::from_secs(10);

struct Client {
    poll: Poll,
    link: Link,
}

impl Client {
    fn open(port: u16, reconnect: Reconnect) -> Result<Self, ConnectError> {
        let poll = Poll::new().expect("a poll");
        let watch = Watch {
            registry: poll.registry().try_clone().expect("a registry"),
            token: Token(0),
            waker: Arc::new(Waker::new(poll.registry(), Token(1)).expect("a waker")),
        };
        let host = "127.0.0.1".to_owned();
        let link = Link::open(
            Target::Network(Address { host, port }),
            Security::new(None),
            reconnect,
            watch,
            Random::with_key(&[0; 16]),
        )?;
        Ok(Self { poll, link })
    }

    fn wait(&mut self) {
        let mut events = Events::with_capacity(8);
        let deadline = self.link.deadline().map_or(LONG, |at| {
            let left = at.saturating_duration_since(Instant::now());
            left + Duration::from_millis(1)
        });
        self.poll.poll(&mut events, Some(deadline)).expect("a poll");
        for event in &events {
            self.link.handle_event(event);
        }
    }

    fn read(&mut self) -> Received {
        loop {
            match self.link.read(&mut [0; 16]) {
                Received::Drained => self.wait(),
                received => return received,
            }
        }
    }
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    (listener, port)
}

#[test]
fn a_later_connection_is_like_the_first() {
    let (listener, port) = listen();
    let mut client = Client::open(port, Reconnect::Always).expect("a listener");
    for _ in 0..2 {
        let (mut server, _) = listener.accept().expect("a connection");
        server.write_all(b"hi").unwrap();
        assert_eq!(client.read(), Received::Bytes(2));
        let mut output = b"hello".to_vec();
        assert_eq!(client.link.write(&mut output), Ok(()));
        assert!(output.is_empty());
        let mut received = [0; 5];
        server.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"hello");
        drop(server);
        assert_eq!(client.read(), Received::End);

        client.link.disconnect(Duration::ZERO, Instant::now());
        assert!(!client.link.is_connected() && !client.link.is_readable());
        while !matches!(
            client.link.poll_reconnect(Instant::now()),
            Progress::Connected
        ) {
            client.wait();
        }
    }
}

#[test]
fn a_link_that_may_not_return_makes_no_second_connection() {
    let (_listener, port) = listen();
    let mut client = Client::open(port, Reconnect::Never).expect("a listener");
    client.link.disconnect(Duration::ZERO, Instant::now());
    let at = client.link.deadline().expect("a wait");
    assert!(!client.link.reconnects());
    assert!(matches!(client.link.poll_reconnect(at), Progress::None));
    assert!(matches!(client.link.state, State::Waiting(_)));
}

#[test]
fn the_first_connection_has_an_error_for_the_person() {
    let (listener, port) = listen();
    drop(listener);
    let error = Client::open(port, Reconnect::Always)
        .err()
        .expect("nothing listens");
    let told = format!("cannot connect to 127.0.0.1 port {port}: nobody listens");
    assert!(error.to_string().starts_with(&told), "{error}");
}
