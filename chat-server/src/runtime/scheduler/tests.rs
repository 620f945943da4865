use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::Ordering;

use chat_proto::event::Limits;
use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use super::*;
use crate::net::wire::Wire;
use crate::runtime::system_clock::now;
use crate::runtime::waiting::Waiting;
use crate::wake::waker;

/// One worker's, with all that they need.
struct Fixture {
    poll: Poll,
    listener: TcpListener,
    shared: Shared,
    clients: Scheduler<Wire>,
}

impl Fixture {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let waker = waker(poll.registry(), Token(usize::MAX - 1)).unwrap();
        let people = Limits {
            rate: 0,
            ..Limits::default()
        };
        let shared = Shared::of(vec![waker], people);
        Self {
            poll,
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            clients: Scheduler::new(0, shared.config(), ()),
            shared,
        }
    }

    /// A peer connects, and says this.
    fn come(&mut self, said: &str) -> std::net::TcpStream {
        let address = self.listener.local_addr().unwrap();
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(said.as_bytes()).unwrap();
        let (socket, address) = self.listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let arrived = self.shared.admission().arrive(address.ip(), now().instant);
        arrived.unwrap();
        self.shared.place();
        let peer = Peer {
            transport: TcpStream::from_std(socket).into(),
            remote: address.into(),
            refusal: None,
        };
        let hub = &mut self.shared.write().hub;
        let inserted = self.clients.insert(peer, self.poll.registry(), hub, now());
        inserted.unwrap();
        client
    }

    /// Peers that have something to say are heard, as far as that goes in one round.
    fn round(&mut self) {
        self.hear();
        self.serve();
    }

    fn serve(&mut self) {
        let (shared, now) = (&self.shared, now());
        self.clients.write(shared, now);
        self.clients.close(self.poll.registry(), shared, now);
    }

    fn hear(&mut self) {
        let mut events = Events::with_capacity(100);
        self.poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        for event in &events {
            self.clients.note(event.token().0, event.into());
        }
        let (shared, now) = (&self.shared, now());
        let mut state = shared.write();
        self.clients.hear(&mut state.hub, shared, now);
        state.hub.timeline.show_all();
        shared.show(&state.hub);
    }

    /// What waits for each alone, in bytes.
    fn answers(&self) -> u64 {
        let keys = 0..self.clients.connections.capacity();
        keys.map(|key| self.clients.held(key).answers as u64).sum()
    }

    fn people(&self) -> usize {
        self.shared.read().hub.people().count()
    }
}

/// However much the people in the room say, a peer that comes is heard
/// in the same round.
#[test]
fn a_peer_that_comes_does_not_wait_until_the_room_is_quiet() {
    let mut fixture = Fixture::new();
    let come = |number: usize| fixture.come(&format!("/nick f{number}x\n"));
    let mut talkers: Vec<std::net::TcpStream> = (0..30).map(come).collect();
    fixture.round();
    assert_eq!(fixture.people(), talkers.len());
    let line = "x".repeat(3000) + "\n";
    for talker in &mut talkers {
        talker.write_all(line.repeat(5).as_bytes()).unwrap();
    }
    let _new = fixture.come("/nick new\n");
    fixture.round();
    assert_eq!(fixture.people(), talkers.len() + 1);
    assert!(fixture.clients.has_work(), "that was all that was said");
}

/// However many programs come at once, their welcomes are made a few at
/// a time.
#[test]
fn few_welcomes_are_in_memory_at_once() {
    let mut fixture = Fixture::new();
    let long = "long".repeat(7);
    let come = |number: usize| fixture.come(&format!("/nick {long}{number}x\n"));
    let _people: Vec<std::net::TcpStream> = (100..160).map(come).collect();
    fixture.round();
    assert_eq!(fixture.people(), 60);
    let come = |number: usize| {
        fixture.come(&format!(
            "/hello {{\"protocol\":1,\"name\":\"{number}x\"}}\n"
        ))
    };
    let _programs: Vec<std::net::TcpStream> = (200..260).map(come).collect();
    let mut rounds = 0;
    while fixture.people() < 120 {
        let before = fixture.answers();
        fixture.hear();
        let more = fixture.answers().saturating_sub(before);
        assert!(more < ROUND_BYTES[1] + 8192, "{more} bytes");
        fixture.serve();
        rounds += 1;
    }
    assert!(rounds > 1, "all at once");
}

/// The beginnings of lines are bounded over all connections. Those with
/// the longest ones are closed, and those with short ones go on.
#[test]
fn lines_without_an_end_are_bounded_over_all() {
    let mut fixture = Fixture::new();
    fixture.shared.waiting = Waiting::new(64 << 10);
    let hello = "/hello {\"protocol\":1}\n";
    let mut short = fixture.come(&format!("{hello}{{\"type\":"));
    let begun = format!(
        "{hello}{{\"type\":\"message\",\"text\":\"{}",
        "x".repeat(15_000)
    );
    let long: Vec<std::net::TcpStream> = (0..20).map(|_| fixture.come(&begun)).collect();
    let held = |fixture: &Fixture| -> usize {
        let keys = 0..fixture.clients.connections.capacity();
        keys.map(|key| fixture.clients.held(key).partial).sum()
    };
    let mut most = 0;
    while fixture.people() > 4 || most == 0 {
        fixture.round();
        most = most.max(held(&fixture));
    }
    assert!((40_000..=64 << 10).contains(&most), "{most} bytes");
    short.write_all(b"\"ping\"}\n").unwrap();
    fixture.round();
    assert_eq!(fixture.clients.held(0).partial, 0);
    assert_eq!(
        fixture.clients.connections[0].session.stage(),
        Stage::Present
    );
    drop((short, long));
    while !fixture.clients.is_empty() {
        fixture.round();
    }
    let waiting = &fixture.shared.waiting;
    assert_eq!(waiting.partial.load(Ordering::Relaxed), 0);
    assert_eq!(waiting.backlog.load(Ordering::Relaxed), 0);
}

/// And of what is sent faster than it is heard little is read at a time, if
/// much waits already.
#[test]
fn little_is_read_where_much_waits() {
    let waiting = Waiting::new(1000);
    assert_eq!(waiting.read_size(), READ_BUFFER);
    let much = Held {
        backlog: 1000,
        ..Held::default()
    };
    waiting.change(Held::default(), much);
    assert!(waiting.read_size() < 1024);
    waiting.change(much, Held::default());
    assert_eq!(waiting.read_size(), READ_BUFFER);
}

/// Connections that have ended take no turn of the others, however many they
/// are, and are forgotten as fast as others come.
#[test]
fn who_has_gone_does_not_delay_who_comes() {
    let mut fixture = Fixture::new();
    for _ in 0..10 * TURNS {
        drop(fixture.come(""));
    }
    let _new = fixture.come("/nick new\n");
    assert_eq!(fixture.shared.unserved(), 10 * TURNS + 1);
    fixture.round();
    assert_eq!(fixture.people(), 1);
    fixture.round();
    assert_eq!(fixture.clients.connections.len(), 1);
    assert_eq!(fixture.shared.unserved(), 0);
}
