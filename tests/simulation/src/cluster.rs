//! Several servers that share one room.
//!
//! Each has its own connections, workers and room, all of them the real ones. Between the
//! servers there is an order that the schedule moves on: requests wait for their place, come
//! between those of the other servers, and get a place twice; a server sees the order late.
//! In the end every server has the same room and the same log, and each peer has seen
//! what it was to see.

mod client;
mod server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_proto::event::{Body, Event, Timestamp};
use chat_server::clock::Now;
use chat_server::room::origin::ServerId;
use chat_server::sequencer::shared::SharedOrder;
use chat_server::timeline::mark::Form;

use crate::keys::key_of;
use crate::wire::Wire;
use client::{Client, Seen, number_in};
use server::Server;

/// What came of a schedule for several servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Events in the room.
    pub events: u64,
    /// Connections that there were.
    pub connections: usize,
    /// Connections whose place another one has taken.
    pub replaced: usize,
    /// Requests that were given a place again.
    pub repeated: usize,
    /// Names that were claimed.
    pub claimed: usize,
}

/// Runs a schedule, four bytes a step.
///
/// # Panics
///
/// When the servers differ, or a peer has not seen what it was to see.
pub fn run(schedule: &[u8]) -> Report {
    let mut cluster = Cluster::new();
    for step in schedule.as_chunks::<4>().0 {
        cluster.step(*step);
    }
    cluster.come_to_rest();
    cluster.check();
    cluster.report
}

struct Cluster {
    servers: Vec<Server>,
    clients: Vec<Client>,
    order: SharedOrder,
    now: Now,
    /// How many things were said.
    said: usize,
    report: Report,
}

impl Cluster {
    fn new() -> Self {
        let order = SharedOrder::new();
        let now = Now {
            time: Timestamp::from_unix_milliseconds(1_800_000_000_000),
            instant: Instant::now(),
        };
        let servers = (0..SERVERS).map(|number| Server::new(&order, ServerId(number as u16), now));
        Self {
            servers: servers.collect(),
            clients: Vec::new(),
            order,
            now,
            said: 0,
            report: Report::default(),
        }
    }

    fn step(&mut self, [what, a, b, c]: [u8; 4]) {
        let (server, number) = (usize::from(a) % SERVERS, usize::from(b));
        match what % 16 {
            0 | 1 => self.connect(server, Form::Text, &format!("/nick {}\n", name(number))),
            2 | 3 => {
                let hello = format!("/hello {{\"protocol\":1,\"name\":\"{}\"}}\n", name(number));
                self.connect(server, Form::Json, &hello);
            }
            4 => self.come_back(usize::from(c), server),
            5..9 => self.say(usize::from(a), usize::from(c) % 3),
            9 => self.send(usize::from(a), |client| client.nick(name(number))),
            10 => self.send(usize::from(a), |client| client.who()),
            11 if b % 2 == 0 => self.send(usize::from(a), Client::quit),
            11 => self.send(usize::from(a), Client::break_off),
            12 | 13 => {
                for _ in 0..=b % 8 {
                    self.order.state().place_next_of(ServerId(server as u16));
                }
            }
            14 if c % 2 == 0 => self.repeat(number),
            14 => {
                let place = self.order.state().order.len();
                let visible = place.saturating_sub(usize::from(b % 8));
                let server = ServerId(server as u16);
                self.order.state().visible.insert(server, visible);
            }
            _ => self.wait(u64::from(b) * 4),
        }
        if c & 0x80 == 0 {
            self.round(server);
        }
    }

    fn connect(&mut self, server: usize, form: Form, first: &str) {
        if self.clients.len() >= MOST_CLIENTS {
            return;
        }
        let number = self.clients.len();
        let address = SocketAddr::from(([10, 0, server as u8, number as u8], 1000));
        let wire = Wire::new(number, key_of(number));
        self.servers[server].connect(wire.clone(), address);
        let client = Client::new(wire, server, form);
        client.send(first);
        self.clients.push(client);
        self.report.connections += 1;
    }

    /// A program that has been welcomed comes back, perhaps to another server.
    fn come_back(&mut self, which: usize, server: usize) {
        let programs = self.clients.iter().filter(|client| client.seen().is_some());
        let programs: Vec<usize> = programs.map(Client::number).collect();
        let Some(&which) = programs.get(which % programs.len().max(1)) else {
            return;
        };
        let Some(Seen { room, seq, secret }) = self.clients[which].seen() else {
            return;
        };
        let hello = format!(
            "/hello {{\"protocol\":1,\"name\":\"x\",\"resume\":\
             {{\"room\":\"{room}\",\"seq\":{seq},\"secret\":\"{secret}\"}}}}\n"
        );
        self.connect(server, Form::Json, &hello);
        // Which of the two is in the room at the end depends on the order.
        let new = self.clients.len() - 1;
        for client in [which, new] {
            self.clients[client].is_certain = false;
        }
    }

    fn say(&mut self, who: usize, more: usize) {
        for _ in 0..=more {
            let number = self.said;
            self.said += 1;
            self.send(who, |client| client.say(number));
        }
    }

    fn send(&mut self, who: usize, what: impl FnOnce(&mut Client)) {
        let count = self.clients.len().max(1);
        if let Some(client) = self.clients.get_mut(who % count) {
            what(client);
        }
    }

    fn repeat(&mut self, number: usize) {
        let mut state = self.order.state();
        let count = state.order.len();
        if count > 0 {
            state.repeat(number % count);
            self.report.repeated += 1;
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now.instant += Duration::from_millis(milliseconds);
        let time = self.now.time.unix_milliseconds().unsigned_abs() + milliseconds;
        self.now.time = Timestamp::from_unix_milliseconds(time);
    }

    /// A round of all workers of a server.
    fn round(&mut self, server: usize) {
        self.servers[server].round(&self.clients, self.now);
        for client in self.clients.iter_mut().filter(|it| it.server == server) {
            client.read();
        }
    }

    /// Every request gets its place and every server sees that, until nothing more
    /// happens.
    fn come_to_rest(&mut self) {
        self.order.state().visible.clear();
        let mut quiet = 0;
        for _ in 0..MANY_ROUNDS {
            let waiting = self.order.state().proposed.len();
            self.order.state().place(waiting);
            self.wait(50);
            (0..SERVERS).for_each(|server| self.round(server));
            let is_quiet = waiting == 0 && self.servers.iter().all(Server::is_quiet);
            quiet = if is_quiet { quiet + 1 } else { 0 };
            // A peer that has ended still receives for a while.
            if quiet == 2 {
                return;
            }
        }
        panic!("the servers do not come to rest");
    }

    fn check(&mut self) {
        let first = self.servers[0].shown();
        for server in &self.servers[1..] {
            assert_eq!(server.shown(), first, "each server has the same room");
        }
        let events = self.servers[0].events();
        self.report.events = events.len() as u64;
        for client in &self.clients {
            client.check(&events);
        }
        self.check_holders(&events);
        self.report.replaced = self.clients.iter().filter(|it| it.is_replaced()).count();
    }
}

impl Cluster {
    /// A name belongs to the first person with a key who says something under it, and to
    /// no other one behind that, whichever server each of them is at.
    fn check_holders(&mut self, events: &[Event]) {
        let mut holders = BTreeMap::new();
        for event in events {
            let Body::Message(speech) = &event.body else {
                continue;
            };
            let number = number_in(speech.text.as_str()).expect("a text of ours");
            let speaker = self.clients.iter().find(|client| client.has_said(number));
            let key = speaker.and_then(|client| key_of(client.number()));
            let held = holders.get(&speech.name).copied();
            assert!(
                held.is_none_or(|held| Some(held) == speech.held),
                "{event:?}"
            );
            if let Some(held) = speech.held {
                assert_eq!(key.map(|key| key.id()), Some(held), "{event:?}");
                holders.insert(speech.name.clone(), held);
            }
        }
        self.report.claimed = holders.len();
    }
}

fn name(number: usize) -> &'static str {
    ["ann", "bo", "cy", "di", "Ann", "ann-2"][number % 6]
}

const SERVERS: usize = 3;

const MOST_CLIENTS: usize = 40;

/// Rounds after which everything is sent.
const MANY_ROUNDS: usize = 2000;
