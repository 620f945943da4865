//! Hundreds of clients in one thread, so that they cost less than the server:
//! they talk, stop reading, lose their connections, come back and go on, leave,
//! and others come.

mod client;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use chat_testkit::talker::{event, id_at_the_end};
use chat_testkit::{Ledger, Random};
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};
use socket2::SockRef;

use crate::audit::Audit;
pub(crate) use client::Route;
use client::{Client, Connection, Message, State, connect};

/// All clients, and the checker of what they hear.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    pub(crate) audit: Audit,
    random: Random,
    /// The number of the newest event that a client has heard.
    newest: u64,
    people: u64,
    pub(crate) counts: Counts,
}

/// How often each thing has happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) welcomes: u64,
    pub(crate) said: u64,
    pub(crate) confirmed: u64,
    pub(crate) left: u64,
    pub(crate) resets: u64,
    pub(crate) stops: u64,
    /// Connections that the other side, or the way, has ended.
    pub(crate) lost: u64,
    /// The longest time from a message to its confirmation, of clients that read on a
    /// connection without faults.
    pub(crate) slowest: Duration,
}

/// Clients of the crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    /// Clients on a good network that have not stopped reading.
    Steady,
}

impl Crowd {
    /// Clients that come by these routes, each at some moment in the next second.
    pub(crate) fn new(routes: impl IntoIterator<Item = Route>, random: Random) -> Self {
        let mut crowd = Self {
            poll: Poll::new().expect("descriptors are left"),
            events: Events::with_capacity(1024),
            clients: Vec::new(),
            audit: Audit::default(),
            random,
            newest: 0,
            people: 0,
            counts: Counts::default(),
        };
        for route in routes {
            let client = crowd.newcomer(route);
            crowd.clients.push(client);
        }
        crowd
    }

    fn newcomer(&mut self, route: Route) -> Client {
        self.people += 1;
        Client {
            route,
            ledger: Ledger::new(format!("p{}x", self.people)),
            room: None,
            certificate: None,
            last: 0,
            waiting: VecDeque::new(),
            said: 0,
            stopped: None,
            excused: false,
            state: State::Away(Instant::now() + self.pause()),
        }
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(self.random.within(0..1000))
    }

    /// Reads what has come, for about this long.
    pub(crate) fn turn(&mut self, time: Duration) {
        match self.poll.poll(&mut self.events, Some(time)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Err(error) => panic!("cannot wait: {error}"),
        }
        let mut ready: Vec<usize> = Vec::new();
        for event in &self.events {
            let client = &mut self.clients[event.token().0];
            if let State::Connected(connection) = &mut client.state {
                connection.readable |= event.is_readable() || event.is_read_closed();
                ready.push(event.token().0);
            }
        }
        for index in ready {
            self.go_on(index);
        }
    }

    /// Does what is due: connects, gives up, reads again. To be called a few
    /// times a second.
    pub(crate) fn tick(&mut self) {
        let now = Instant::now();
        for index in 0..self.clients.len() {
            let client = &mut self.clients[index];
            match &mut client.state {
                State::Away(at) if *at <= now => self.connect(index),
                State::Away(_) => {}
                State::Connected(connection) => {
                    if client.stopped.is_some_and(|until| until <= now) {
                        client.stopped = None;
                        connection.heard = now;
                        self.go_on(index);
                        continue;
                    }
                    if client.stopped.is_some() {
                        continue;
                    }
                    // As chat-client, which would have asked for a sign of life. What a
                    // killed server had sent takes minutes through a small buffer, and
                    // the end comes only after that.
                    let misses = connection.is_slow && client.last < self.newest;
                    if misses && now - connection.heard > SILENT {
                        self.lose(index);
                        continue;
                    }
                    let oldest = client.waiting.front().and_then(|message| message.sent);
                    let since = match connection.welcomed {
                        true => oldest,
                        false => Some(connection.begun),
                    };
                    // Something on the way has swallowed it.
                    if since.is_some_and(|since| now - since > STALL) {
                        if client.route.is_good && !client.excused {
                            let name = client.ledger.name.clone();
                            let what = format!("no answer within {STALL:?}");
                            self.audit.error(&name, what);
                        }
                        self.lose(index);
                    }
                }
            }
        }
    }

    /// A random client says something.
    pub(crate) fn say(&mut self) {
        let index = self.any_client();
        let length = self.random.within(0..200) as usize;
        let id = self.random.id();
        let client = &mut self.clients[index];
        let State::Connected(connection) = &client.state else {
            return;
        };
        if !connection.welcomed {
            return;
        }
        let is_slow = connection.is_slow;
        client.said += 1;
        let text = format!(
            "{} says {} {}",
            client.ledger.name,
            client.said,
            "x".repeat(length)
        );
        client.ledger.sent(&id, &text);
        if client.waiting.is_empty() {
            client.excused = is_slow;
        }
        client.waiting.push_back(Message {
            id,
            text,
            sent: None,
        });
        self.counts.said += 1;
        self.go_on(index);
    }

    /// A random client leaves for good, one way or another, and another one comes.
    pub(crate) fn replace(&mut self) {
        let index = self.any_client();
        let route = self.clients[index].route;
        let next = self.newcomer(route);
        let mut client = std::mem::replace(&mut self.clients[index], next);
        if let State::Connected(connection) = &mut client.state {
            let wire = &mut connection.wire;
            // It is gone whether or not these work.
            let _ = match self.random.within(0..4) {
                0 => wire.write_all(b"{\"type\":\"quit\"}\n"),
                1 => wire.write_all(b"{\"type\":\"message\",\"text\":\"half"),
                2 => SockRef::from(wire.socket()).set_linger(Some(Duration::ZERO)),
                _ => Ok(()),
            };
        }
        self.counts.left += 1;
        self.audit.leave(client.ledger);
    }

    /// The connection of a random client is reset, and the client comes back.
    pub(crate) fn reset(&mut self) {
        let index = self.any_client();
        if let State::Connected(connection) = &self.clients[index].state {
            let _ = SockRef::from(connection.wire.socket()).set_linger(Some(Duration::ZERO));
            self.counts.resets += 1;
            self.lose(index);
        }
    }

    /// Lets this many clients read nothing, each for a while.
    pub(crate) fn stop_reading(&mut self, so_many: usize) {
        let stopped = self
            .clients
            .iter()
            .filter(|client| client.stopped.is_some());
        let stopped = stopped.count();
        for _ in stopped..so_many {
            let index = self.any_client();
            let time = Duration::from_millis(self.random.magnitude(1_000..60_000));
            let client = &mut self.clients[index];
            if let State::Connected(connection) = &mut client.state
                && client.stopped.is_none()
            {
                // So that the few messages fill it up.
                let _ = SockRef::from(connection.wire.socket()).set_recv_buffer_size(4096);
                connection.is_slow = true;
                client.stopped = Some(Instant::now() + time);
                client.excused = true;
                self.counts.stops += 1;
            }
        }
    }

    /// Messages on their way were not watched for a while, and do not show how long
    /// they take.
    pub(crate) fn excuse(&mut self) {
        for client in &mut self.clients {
            client.excused = true;
        }
    }

    /// Lets all clients read.
    pub(crate) fn read_all(&mut self) {
        for client in &mut self.clients {
            client.stopped = client.stopped.map(|_| Instant::now());
        }
    }

    /// How many are in the room.
    pub(crate) fn present(&self) -> usize {
        let clients = self.clients.iter();
        clients.filter(|client| client.is_welcomed()).count()
    }

    /// Whether these clients are in, all that they said is confirmed, and they have
    /// heard everything.
    pub(crate) fn is_settled(&self, which: Which) -> bool {
        self.clients
            .iter()
            .filter(|client| which == Which::All || client.route.is_good && !client.is_behind())
            .all(|client| client.is_settled(self.newest))
    }

    /// The clients that are not as far as the others, for a failure.
    pub(crate) fn unsettled(&self) -> String {
        let mut text = String::new();
        for client in &self.clients {
            if !client.is_settled(self.newest) {
                let Client { last, ledger, .. } = client;
                let (waiting, newest) = (client.waiting.len(), self.newest);
                let welcomed = client.is_welcomed();
                text += &format!(
                    "{}: {last} of {newest}, {waiting} wait, welcomed: {welcomed}\n",
                    ledger.name
                );
            }
        }
        text
    }

    /// All clients leave; what they know of the room.
    pub(crate) fn finish(mut self) -> Audit {
        for client in self.clients.drain(..) {
            self.audit.leave(client.ledger);
        }
        self.audit
    }

    fn any_client(&mut self) -> usize {
        self.random.within(0..self.clients.len() as u64) as usize
    }

    fn connect(&mut self, index: usize) {
        let pause = self.pause();
        let client = &mut self.clients[index];
        let Ok(mut wire) = connect(client.route.target) else {
            client.state = State::Away(Instant::now() + pause);
            return;
        };
        self.poll
            .registry()
            .register(
                wire.socket_mut(),
                Token(index),
                Interest::READABLE | Interest::WRITABLE,
            )
            .expect("a socket of ours");
        let mut hello = json!({ "protocol": 1, "name": client.ledger.name });
        if let Some(room) = &client.room {
            hello["resume"] = json!({ "room": room, "seq": client.last });
        }
        client.state = State::Connected(Connection {
            wire,
            begun: Instant::now(),
            partial: Vec::new(),
            out: format!("/hello {hello}\n").into_bytes(),
            welcomed: false,
            readable: true,
            heard: Instant::now(),
            is_slow: false,
        });
        self.go_on(index);
    }

    fn lose(&mut self, index: usize) {
        let pause = self.pause();
        let client = &mut self.clients[index];
        client.state = State::Away(Instant::now() + pause);
        client.stopped = None;
        client.excused = true;
        for message in &mut client.waiting {
            message.sent = None;
        }
    }

    /// Says what may be said, and hears what there is to hear.
    fn go_on(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let hears = client.stopped.is_none();
        // Taken out, so that the rest of the client can change meanwhile.
        let away = State::Away(Instant::now());
        let State::Connected(mut connection) = std::mem::replace(&mut client.state, away) else {
            return;
        };
        let mut alive = connection.send(&mut client.waiting).is_ok();
        let mut chunk = [0; 64 * 1024];
        while alive && hears && connection.readable {
            match connection.wire.read(&mut chunk) {
                Ok(0) => alive = false,
                Ok(count) => self.hear(index, &mut connection, &chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.readable = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => alive = false,
            }
        }
        let client = &mut self.clients[index];
        // It may have been welcomed just now.
        alive = alive && connection.send(&mut client.waiting).is_ok();
        if alive {
            client.state = State::Connected(connection);
        } else {
            self.counts.lost += 1;
            drop(connection);
            self.lose(index);
        }
    }

    fn hear(&mut self, index: usize, connection: &mut Connection, chunk: &[u8]) {
        connection.heard = Instant::now();
        let mut bytes = std::mem::take(&mut connection.partial);
        bytes.extend_from_slice(chunk);
        let mut rest = &bytes[..];
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            // The greeting, and what else comes in text form, is skipped.
            if rest.starts_with(b"{") {
                self.line(index, connection, &rest[..end]);
            }
            rest = &rest[end + 1..];
        }
        connection.partial = rest.to_vec();
    }

    fn line(&mut self, index: usize, connection: &mut Connection, line: &[u8]) {
        let client = &mut self.clients[index];
        if let Some(seq) = event(line) {
            let name = &client.ledger.name;
            self.audit.heard(name, client.last, seq, line);
            client.last = seq;
            self.newest = self.newest.max(seq);
            if let Some(id) = id_at_the_end(line) {
                self.confirmed(index, id, seq);
            }
            return;
        }
        let name = client.ledger.name.clone();
        let Ok(object) = serde_json::from_slice::<Value>(line) else {
            let shown = String::from_utf8_lossy(line);
            return self.audit.error(&name, format_args!("no JSON: {shown}"));
        };
        match object["type"].as_str().unwrap_or_default() {
            "welcome" => {
                connection.welcomed = true;
                self.counts.welcomes += 1;
                self.recognise(index, connection);
                self.welcome(index, &object);
            }
            "confirmed" => {
                let id = object["id"].as_str().unwrap_or_default();
                self.confirmed(index, id, object["seq"].as_u64().unwrap_or_default());
            }
            // A client that stays misses nothing: all events are held.
            "gap" | "error" => self.audit.error(&name, &object),
            _ => {}
        }
    }

    /// A server that comes back has the same key.
    fn recognise(&mut self, index: usize, connection: &Connection) {
        let client = &mut self.clients[index];
        let Some(shown) = connection.wire.certificate() else {
            return;
        };
        let known = client.certificate.get_or_insert_with(|| shown.to_vec());
        if known[..] != shown[..] {
            let name = client.ledger.name.clone();
            self.audit
                .error(&name, "the server shows another certificate");
        }
    }

    fn welcome(&mut self, index: usize, welcome: &Value) {
        let client = &mut self.clients[index];
        let seq = welcome["seq"].as_u64().unwrap_or_default();
        let room = welcome["room"].as_str().unwrap_or_default();
        self.newest = self.newest.max(seq);
        match client.room.replace(room.to_owned()) {
            None => {
                client.last = seq;
            }
            Some(_) if welcome["resumed"] == true => {}
            Some(_) => {
                let (name, last) = (client.ledger.name.clone(), client.last);
                let what = format!("not resumed behind {last}: {welcome}");
                self.audit.error(&name, what);
            }
        }
    }

    fn confirmed(&mut self, index: usize, id: &str, seq: u64) {
        let client = &mut self.clients[index];
        let Some(place) = client.waiting.iter().position(|message| message.id == id) else {
            return;
        };
        client.ledger.confirmed(id, seq);
        let message = client.waiting.remove(place).expect("just found");
        self.counts.confirmed += 1;
        if client.route.is_good
            && !client.excused
            && let Some(sent) = message.sent
        {
            self.counts.slowest = self.counts.slowest.max(sent.elapsed());
        }
    }
}

/// After so long without an answer it looks for another connection.
const STALL: Duration = Duration::from_secs(10);

/// How long a server may say nothing to a client that it has not told everything.
const SILENT: Duration = Duration::from_secs(20);
