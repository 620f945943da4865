mod catalogue;
mod control;
mod ending;
mod entering;
mod figures;
mod foreign;
mod ghosts;
mod identity;
mod keys;
mod late;
mod limits;
mod lines;
mod operators;
mod password;
mod past;
mod sequenced;
mod slow;
mod telnet;
mod tls;

use super::*;
use crate::access::naming::Naming;
use crate::access::people::People;
use crate::hub::testing::client;
use crate::net::transport::Carrier;
use crate::room::identity::tests::identity;
use crate::room::presence::{ONE_BY_ONE, TOGETHER_AFTER};
use crate::room::request::Request;
use crate::session::turn::{TURN_BYTES, TURN_LINES};
use crate::timeline::mark::Form;
use crate::timeline::replay::{NoFiles, Page};
use crate::timeline::slices::Slices;
use chat_proto::event::{Limits, Timestamp};
use chat_proto::name::Name;
use serde_json::{Value, json};
use std::net::SocketAddr;

struct Hall {
    hub: Hub,
    now: Now,
    sessions: Vec<Session>,
}

/// A peer without a key.
fn caller(address: SocketAddr, carrier: Carrier) -> Caller {
    let key = None;
    Caller {
        remote: address.into(),
        carrier,
        key,
    }
}

impl Hall {
    fn new() -> Self {
        Self::of(Hub::new(identity(), 1 << 20))
    }

    fn of(mut hub: Hub) -> Self {
        let now = Now {
            time: Timestamp::from_unix_milliseconds(0),
            instant: Instant::now(),
        };
        hub.set_limits(Limits {
            rate: 0,
            ..Limits::default()
        });
        Self {
            hub,
            now,
            sessions: Vec::new(),
        }
    }

    /// Keys mean this from now on, with these lines in the file of people.
    fn set_people(&mut self, naming: Naming, lines: &str) {
        let request = Request::SetPeople {
            naming,
            people: Box::new(People::parse(lines.as_bytes()).unwrap().0),
            taken: 0,
        };
        self.hub.request(request, self.now);
    }

    fn connect(&mut self) -> usize {
        self.connect_unless(None)
    }

    fn connect_unless(&mut self, refusal: Option<Refusal>) -> usize {
        let port = 1000 + self.sessions.len() as u16;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let client = client(self.sessions.len() as u32);
        let caller = caller(address, Carrier::Plain);
        let (hub, now) = (&mut self.hub, self.now);
        self.sessions.push(match refusal {
            None => Session::new(client, caller, hub, now),
            Some(refusal) => Session::refused(client, caller, refusal, hub, now),
        });
        self.sessions.len() - 1
    }

    /// A peer that is in the room, and has read the greeting.
    fn join(&mut self, name: &str) -> usize {
        let who = self.connect();
        self.send(who, format!("/nick {name}\n"));
        for session in 0..self.sessions.len() {
            self.read(session);
        }
        who
    }

    fn send(&mut self, who: usize, bytes: impl AsRef<[u8]>) {
        self.sessions[who].receive(bytes.as_ref(), &mut self.hub, self.now);
        self.hub.timeline.show_all();
    }

    /// Tells connections the outcomes of their requests.
    fn deliver(&mut self) {
        for (client, answer) in self.hub.take_outcomes() {
            let session = &mut self.sessions[client.key as usize];
            session.outcome(answer, &mut self.hub, self.now);
        }
    }

    fn read(&mut self, who: usize) -> String {
        String::from_utf8(self.read_bytes(who)).unwrap()
    }

    fn read_bytes(&mut self, who: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut page = Page::default();
        loop {
            let session = &mut self.sessions[who];
            let mut slices = Slices::new();
            session.output(&self.hub, &mut slices);
            let mut bytes: Vec<u8> = slices
                .as_slice()
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            session.sent(bytes.len());
            let past = session.past(&self.hub, &NoFiles, None, &mut page, self.now);
            if past == Past::Page {
                bytes.extend(page.bytes());
                session.past_sent(page.bytes().len(), &page);
            }
            session.go_on(&mut self.hub, self.now);
            self.hub.timeline.show_all();
            if bytes.is_empty() && session.pending(&self.hub) == Pending::Nothing {
                return all;
            }
            all.extend(bytes);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        for session in &mut self.sessions {
            session.expire(&mut self.hub, self.now);
        }
        self.hub.tell_presence(self.now);
        self.hub.timeline.show_all();
    }

    /// A program that says this hello, and the objects that it got.
    fn program(&mut self, hello: Value) -> (usize, Vec<Value>) {
        let who = self.connect();
        self.send(who, format!("/hello {hello}\n"));
        let got = self.objects(who);
        (who, got)
    }

    fn objects(&mut self, who: usize) -> Vec<Value> {
        let got = self.read(who);
        got.lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn types(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["type"].as_str().unwrap())
        .collect()
}

fn seqs(objects: &[Value]) -> Vec<u64> {
    objects
        .iter()
        .filter_map(|object| object["seq"].as_u64())
        .collect()
}
