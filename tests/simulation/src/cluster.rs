//! Several servers that share one room.
//!
//! Each has its own connections, workers, room and end of the stream, all of them the real
//! ones. The schedule moves the stream on: records get lost on the way, come twice, late, or
//! behind later ones; other programs publish what is no record; a server reads late, stands
//! still for a while, or for good; one that was killed begins anew, with all of the stream or
//! with a snapshot that another server has taken. In the end every server that is left has the same room and
//! the same log, and each peer has seen what it was to see.

mod broker;
mod client;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_proto::event::{Body, Event, Timestamp};
use chat_proto::name::Name;
use chat_server::clock::Now;
use chat_server::sequencer::stream::snapshot::{Snapshot, SnapshotName};
use chat_server::timeline::mark::Form;

use crate::keys::key_of;
use crate::wire::Wire;
use broker::Broker;
use client::{Client, Seen, number_in};
use server::{GONE_AFTER, NAMES_UP_TO, Server};

/// What came of a schedule for several servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Events in the room.
    pub events: u64,
    /// Connections that there were.
    pub connections: usize,
    /// Connections whose place another one has taken.
    pub replaced: usize,
    /// Records that came again.
    pub repeated: usize,
    /// Records that got lost on the way.
    pub lost: usize,
    /// Records that came behind later ones.
    pub delayed: usize,
    /// Servers that the others have gone on without.
    pub gone: usize,
    /// Servers that have begun anew.
    pub again: usize,
    /// Those among them that have begun with a snapshot.
    pub restored: usize,
    /// Snapshots that were taken.
    pub snapshots: usize,
    /// Servers that were missed for so long that they went on as a new run.
    pub renewed: usize,
    /// Messages that were refused, since the stream did not answer.
    pub refused: usize,
    /// Newcomers who were not let in, since the stream did not answer.
    pub turned_away: usize,
    /// Names that were claimed.
    pub claimed: usize,
    /// Chapters of the room.
    pub chapters: usize,
    /// How often a number of people was told.
    pub numbers: usize,
    /// How often all people were told by name after that.
    pub named: usize,
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
    broker: Broker,
    /// The servers that do nothing now, and will go on, or not.
    still: BTreeMap<usize, Still>,
    now: Now,
    /// How many runs of servers there were.
    runs: usize,
    /// How many things were said.
    said: usize,
    report: Report,
}

impl Cluster {
    fn new() -> Self {
        let broker = Broker::default();
        let now = Now {
            time: Timestamp::from_unix_milliseconds(1_800_000_000_000),
            instant: Instant::now(),
        };
        let servers = (0..SERVERS).map(|number| Server::new(&broker, number, number as u64, now));
        let mut cluster = Self {
            servers: servers.collect(),
            clients: Vec::new(),
            broker,
            still: BTreeMap::new(),
            runs: SERVERS,
            now,
            said: 0,
            report: Report::default(),
        };
        // No connection comes in before a server is one of them.
        while !cluster.servers.iter().all(Server::takes_part) {
            (0..SERVERS).for_each(|server| cluster.round(server));
            cluster.broker.state().take_all();
        }
        cluster
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
                    self.broker.state().take_next_of(server);
                }
            }
            14 => self.disturb(server, number, c),
            _ => self.wait(u64::from(b) * 4),
        }
        if c & 0x80 == 0 {
            self.round(server);
        }
    }

    /// A server that was killed begins another run: with this snapshot, or with all that the
    /// stream has.
    fn begin_anew(&mut self, server: usize, snapshot: Option<Snapshot>) {
        let (run, now) = (self.runs as u64, self.now_at(server));
        self.report.restored += usize::from(snapshot.is_some());
        self.servers[server] = match snapshot {
            Some(snapshot) => Server::restored(&self.broker, server, run, &snapshot, now),
            None => Server::new(&self.broker, server, run, now),
        };
        self.runs += 1;
        self.report.again += 1;
        let mut lost = self.clients.iter_mut().filter(|it| it.server == server);
        lost.by_ref().for_each(Client::lose);
        // It is given all that is there.
        self.broker.state().visible.remove(&server);
    }

    fn connect(&mut self, server: usize, form: Form, first: &str) {
        if self.clients.len() >= MOST_CLIENTS || !self.servers[server].takes_part() {
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

    /// Something happens on the way of a server, or to the server.
    fn disturb(&mut self, server: usize, number: usize, how: u8) {
        let mut state = self.broker.state();
        match how % 16 {
            0..4 => self.report.repeated += usize::from(state.repeat(number)),
            4..6 => self.report.lost += usize::from(state.lose_next_of(server)),
            6..8 => self.report.delayed += usize::from(state.delay_next_of(server)),
            8..11 => {
                let visible = state.length().saturating_sub(number % 8);
                state.visible.insert(server, visible);
            }
            11 => state.foreign(FOREIGN[number % FOREIGN.len()]),
            12 => {
                let names: Vec<_> = state.snapshots.iter().map(|it| it.name).collect();
                let name = SnapshotName::choose(&names, 0).filter(|_| !number.is_multiple_of(4));
                let mut snapshots = state.snapshots.iter();
                let newest = name.and_then(|name| snapshots.find(|it| it.name == name));
                let newest = newest.cloned();
                drop(state);
                if let Some((server, Still::Forever)) = self.still.pop_first() {
                    self.begin_anew(server, newest);
                }
            }
            13 => {
                state.is_cut = !state.is_cut;
                drop(state);
                for _ in 0..number % 32 {
                    self.wait(1000);
                    (0..SERVERS).for_each(|server| self.round(server));
                }
            }
            _ => {
                drop(state);
                let way = match how % 16 {
                    14 => Still::Forever,
                    _ if number.is_multiple_of(2) => Still::Long,
                    _ => Still::Briefly,
                };
                if self.still.len() + 1 < SERVERS {
                    self.still.entry(server).or_insert(way);
                }
            }
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now.instant += Duration::from_millis(milliseconds);
        let time = self.now.time.unix_milliseconds().unsigned_abs() + milliseconds;
        self.now.time = Timestamp::from_unix_milliseconds(time);
    }

    /// Now, by the clocks of a server. They do not all show the same time.
    fn now_at(&self, server: usize) -> Now {
        let time = self.now.time.unix_milliseconds() + AHEAD[server];
        Now {
            time: Timestamp::from_unix_milliseconds(time.unsigned_abs()),
            ..self.now
        }
    }

    /// A round of all workers of a server, unless it stands still.
    fn round(&mut self, server: usize) {
        if self.still.contains_key(&server) {
            return;
        }
        let now = self.now_at(server);
        self.servers[server].round(&self.clients, now);
        for client in self.clients.iter_mut().filter(|it| it.server == server) {
            client.read();
        }
    }

    /// All that was published gets into the stream and all servers read that. Servers that
    /// stood still for a while go on before the others miss them, or after that.
    fn come_to_rest(&mut self) {
        self.broker.state().visible.clear();
        self.broker.state().is_cut = false;
        self.still.retain(|_, how| *how != Still::Briefly);
        self.rest();
        let is_missed = !self.left().is_empty();
        let stood = self.still.iter().filter(|(_, how)| **how == Still::Long);
        let stood: Vec<usize> = stood.map(|(server, _)| *server).collect();
        self.still.retain(|_, how| *how == Still::Forever);
        let of_missed = |it: &&Client| is_missed && stood.contains(&it.server);
        let clients = self.clients.iter().filter(of_missed);
        let connected = clients.filter(|it| it.is_connected());
        let connected: Vec<usize> = connected.map(Client::number).collect();
        self.rest();
        for number in connected {
            let client = &mut self.clients[number];
            assert!(client.is_sent_away(), "its people have left the room");
            client.is_certain = false;
        }
        if is_missed {
            self.renew(&stood);
        }
    }

    /// These servers share the room again, in which they have no people: new ones can come.
    fn renew(&mut self, servers: &[usize]) {
        for server in servers {
            assert!(self.servers[*server].takes_part(), "as another run");
            self.report.renewed += 1;
            self.connect(
                *server,
                Form::Json,
                "/hello {\"protocol\":1,\"name\":\"new\"}\n",
            );
        }
        self.rest();
    }

    /// Until nothing more happens for so long that servers that stand still are missed.
    fn rest(&mut self) {
        let mut quiet = Duration::ZERO;
        let mut before = 0;
        while quiet < 2 * GONE_AFTER {
            self.broker.state().take_all();
            self.wait(STEP.as_millis() as u64);
            (0..SERVERS).for_each(|server| self.round(server));
            let left = self.left();
            let events = left.iter().map(|it| self.servers[*it].last()).sum();
            let is_quiet = left.iter().all(|server| self.servers[*server].is_quiet());
            quiet = match is_quiet && events == before {
                true => quiet + STEP,
                false => Duration::ZERO,
            };
            before = events;
        }
    }

    /// The servers that share the room.
    fn left(&self) -> Vec<usize> {
        let takes_part =
            |server: &usize| !self.still.contains_key(server) && self.servers[*server].takes_part();
        (0..SERVERS).filter(takes_part).collect()
    }

    fn check(&mut self) {
        let left = self.left();
        if left.is_empty() {
            return;
        }
        // A server that has read all from the first entry on, and takes no part.
        let mut reader = Server::new(&self.broker, SERVERS, self.runs as u64, self.now);
        reader.round(&[], self.now);
        let (state, text, json) = (
            reader.state(),
            reader.log(Form::Text),
            reader.log(Form::Json),
        );
        for server in left.iter().map(|server| &self.servers[*server]) {
            assert_eq!(server.state(), state, "each server has the same room");
            // One that has begun with a snapshot has what came behind.
            let is_same_end = json.ends_with(&server.log(Form::Json));
            assert!(is_same_end, "each server has the same events");
            let is_same_end = text.ends_with(&server.log(Form::Text));
            assert!(is_same_end, "each server has the same text");
        }
        let events = reader.events();
        self.report.events = events.len() as u64;
        let openings = events
            .iter()
            .filter(|it| matches!(it.body, Body::Room { .. }));
        self.report.chapters = openings.count();
        self.report.gone = SERVERS - left.len();
        self.report.snapshots = self.broker.state().snapshots.len();
        for client in &mut self.clients {
            // What its server has not sent, and has not let it say, it does not know.
            client.is_certain &=
                left.contains(&client.server) && !client.is_turned_away() && !client.is_sent_away();
            client.check(&events);
        }
        self.check_holders(&events);
        self.check_presence(&events, &reader.names());
        self.report.refused = self.clients.iter().map(Client::refused).sum();
        self.report.turned_away = self.clients.iter().filter(|it| it.is_turned_away()).count();
        self.report.replaced = self.clients.iter().filter(|it| it.is_replaced()).count();
    }

    /// Each person comes before they go, and goes once; those who are told as here are. In a
    /// large room their number is right.
    fn check_presence(&mut self, events: &[Event], here: &BTreeSet<Name>) {
        let mut told = BTreeSet::new();
        let mut number = None;
        for event in events {
            match &event.body {
                Body::Entered(arrivals) => {
                    let mut arrivals = arrivals.iter();
                    assert!(arrivals.all(|it| told.insert(it.name.clone())), "{event:?}");
                }
                Body::Left(names) => {
                    assert!(names.iter().all(|name| told.remove(name)), "{event:?}");
                }
                Body::Renamed { old, new, .. } => {
                    assert!(told.remove(old) && told.insert(new.clone()), "{event:?}");
                }
                Body::Message(speech) => assert!(told.contains(&speech.name), "{event:?}"),
                Body::People { people, named } => {
                    assert!(!named || *people == told.len(), "{event:?}");
                    number = Some(*people).filter(|_| !named);
                    self.report.numbers += 1;
                    self.report.named += usize::from(*named);
                }
                _ => {}
            }
        }
        if here.len() > NAMES_UP_TO {
            assert_eq!(number, Some(here.len()));
        } else {
            assert_eq!(&told, here);
        }
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

/// How far the clock of each server is ahead of the right time, in milliseconds.
const AHEAD: [i64; SERVERS] = [0, 3_600_000, -2000];

const MOST_CLIENTS: usize = 40;

/// How much time passes at a time, in the end.
const STEP: Duration = Duration::from_millis(500);

/// What other programs publish.
const FOREIGN: [&[u8]; 4] = [
    b"",
    b"hello\xff",
    br#"{"v":1,"run":"0000000000200000","n":2,"time":"x","seen":[0,"0"],"asks":[]}"#,
    br#"{"v":1,"run":"0000000000900000","n":1,"time":"2026-11-30T10:00:00.000Z","seen":[0,"0"],"asks":[{"tell_pending":null}]}"#,
];

/// How a server stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Still {
    /// It goes on before the others miss it, or soon after that.
    Briefly,
    /// It goes on when they have missed it.
    Long,
    Forever,
}
