//! One of the servers.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use chat_proto::event::{Event, Limits, RoomId, RunId, ServerMessage};
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_server::access::naming::Naming;
use chat_server::clock::Now;
use chat_server::config::Config;
use chat_server::hub::{Chapters, Hub};
use chat_server::ops::logger::Logger;
use chat_server::room::apply::Room;
use chat_server::room::identity::{Identity, Key};
use chat_server::runtime::control::Shared;
use chat_server::runtime::mailbox::Peer;
use chat_server::runtime::rounds::{Entrance, Outside, Polled, Rounds};
use chat_server::sequencer::stream::rules::Rules;
use chat_server::sequencer::stream::servers::Servers;
use chat_server::sequencer::stream::{Options, Stream};
use chat_server::session::Stage;
use chat_server::timeline::log::{Log, ORIGIN};
use chat_server::timeline::mark::Form;

use super::broker::Broker;
use super::client::Client;
use crate::keys::begin_claims;
use crate::person::ROOM;
use crate::wire::Wire;

/// A server and its workers.
pub(super) struct Server {
    number: usize,
    shared: Shared<Wire>,
    workers: Vec<Rounds<Wire>>,
    gate: Gate,
}

/// Connections that wait to be taken in.
#[derive(Default)]
struct Gate(VecDeque<(Wire, SocketAddr)>);

/// What a server knows behind one of the entries.
pub(super) struct Saved {
    servers: Vec<u8>,
    room: Vec<u8>,
    chapters: Chapters,
    /// All events so far, as lines of JSON.
    events: Vec<Vec<u8>>,
}

impl Server {
    /// A server that reads all of this stream.
    pub(super) fn new(broker: &Broker, number: usize, run: u64, now: Now) -> Self {
        let mut hub = Hub::new(identity(), CAPACITY);
        begin_claims(&mut hub, now);
        let way = broker.way(number, 0);
        hub.set_sequencer(Stream::new(way, run_of(run), options(), now));
        Self::of(hub, number)
    }

    /// A server that begins where another one was, and reads on from there.
    pub(super) fn restored(
        broker: &Broker,
        number: usize,
        run: u64,
        saved: &Saved,
        now: Now,
    ) -> Self {
        let servers = Servers::restore(&saved.servers).expect("a server has saved it");
        let room = Room::restore(&saved.room, &identity(), now).expect("a server has saved it");
        let mut json = Log::new(CAPACITY, ORIGIN, 1);
        for line in &saved.events {
            json.append(|out| out.extend_from_slice(line));
        }
        let chapters = saved.chapters.clone();
        let mut hub = Hub::joining(room, chapters, json, CAPACITY);
        let way = broker.way(number, servers.seen().entry as usize);
        hub.set_sequencer(Stream::behind(way, servers, run_of(run), options(), now));
        Self::of(hub, number)
    }

    fn of(hub: Hub, number: usize) -> Self {
        let limits = Limits {
            rate: 0,
            new_per_address: 0,
            ..Limits::default()
        };
        let config = Arc::new(Config::of(limits));
        let worker = |index| Rounds::new(index, Arc::clone(&config), ());
        let wakers = vec![Waker::noop().clone(); WORKERS];
        Self {
            number,
            workers: (0..WORKERS).map(worker).collect(),
            shared: Shared::new(hub, None, wakers, config, Logger::discarding()),
            gate: Gate::default(),
        }
    }

    /// What a newcomer can begin with.
    pub(super) fn saved(&self) -> Saved {
        let hub = &self.shared.read().hub;
        let common = hub.common().expect("it takes part");
        let log = hub.timeline.log(Form::Json);
        let events = (log.first()..log.next()).filter_map(|seq| log.event(seq));
        Saved {
            servers: common.servers.save(),
            room: hub.room().save(common.at),
            chapters: hub.chapters().expect("the room is shared").clone(),
            events: events.map(<[u8]>::to_vec).collect(),
        }
    }

    pub(super) fn connect(&mut self, wire: Wire, address: SocketAddr) {
        self.gate.0.push_back((wire, address));
    }

    /// A round of each worker, which hears what has arrived from its `clients`. Between the
    /// halves of a round of one the others send, as they do at the same time.
    pub(super) fn round(&mut self, clients: &[Client], now: Now) {
        for index in 0..WORKERS {
            self.note(index, clients);
            let entrance: Option<&mut dyn Entrance<Wire>> = match index {
                0 => Some(&mut self.gate),
                _ => None,
            };
            let mut outside = Outside {
                shared: &self.shared,
                registry: &index,
                entrance,
            };
            let polled = Polled {
                woken: true,
                until: now.instant,
            };
            self.workers[index].change(&mut outside, polled, || now);
            for sender in (0..WORKERS).rev() {
                let outside = Outside {
                    shared: &self.shared,
                    registry: &sender,
                    entrance: None,
                };
                self.workers[sender].serve(&outside, now);
            }
        }
    }

    /// Tells a worker what has happened to its connections.
    fn note(&mut self, worker: usize, clients: &[Client]) {
        for client in clients.iter().filter(|it| it.server == self.number) {
            let socket = &mut *client.wire.socket();
            if let Some((_, key)) = socket.place.filter(|(place, _)| *place == worker)
                && let Some(happened) = socket.happened.take()
            {
                self.workers[worker].scheduler.note(key, happened);
            }
        }
    }

    /// Whether nothing more happens by itself.
    pub(super) fn is_quiet(&self) -> bool {
        let hub = &self.shared.read().hub;
        hub.room().presence_deadline().is_none()
            && self.workers.iter().all(|worker| {
                let mut connections = worker.scheduler.connections();
                connections.all(|one| {
                    let stage = one.session.stage();
                    let is_joining = matches!(stage, Stage::Arriving(_) | Stage::Joining);
                    !is_joining && !one.session.is_held()
                })
            })
    }

    /// Whether it is one of those that share the room.
    pub(super) fn takes_part(&self) -> bool {
        self.shared.read().hub.takes_part()
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        self.shared.read().hub.timeline.head().seq
    }

    /// The names of the people in the room.
    pub(super) fn names(&self) -> BTreeSet<Name> {
        let hub = &self.shared.read().hub;
        let members = hub.room().members().iter();
        members.map(|(_, member)| member.name).collect()
    }

    /// All that is to be the same on each server: what is known of the servers, the room,
    /// its chapters, and the log of both forms. In text form a server has only what it has seen itself.
    pub(super) fn shown(&self) -> ([String; 3], [Vec<u8>; 2]) {
        let Saved {
            servers,
            room,
            chapters,
            ..
        } = self.saved();
        let hub = &self.shared.read().hub;
        let log = [Form::Text, Form::Json].map(|form| {
            let log = hub.timeline.log(form);
            log.bytes(0..log.head()).flatten().copied().collect()
        });
        let [servers, room] =
            [servers, room].map(|bytes| String::from_utf8(bytes).expect("JSON is text"));
        ([servers, room, format!("{chapters:?}")], log)
    }

    /// All events.
    pub(super) fn events(&self) -> Vec<Event> {
        let (_, [_, json]) = self.shown();
        let lines = std::str::from_utf8(&json).expect("text").lines();
        let event = |line| match json_form::parse_server_message(line) {
            Ok(Some(ServerMessage::Event(event))) => event,
            other => panic!("{line}: {other:?}"),
        };
        lines.map(event).collect()
    }
}

fn identity() -> Identity {
    Identity {
        room: RoomId::new(ROOM).expect("a name"),
        run: RunId::new(1, 0),
        key: Key::of([7; Key::BYTES]),
    }
}

fn run_of(number: u64) -> RunId {
    RunId::new(2, number)
}

fn options() -> Options {
    Options {
        rules: Rules::of(Naming::Claim, NAMES_UP_TO),
        gone_after: GONE_AFTER,
        chapter_bytes: CHAPTER_BYTES,
    }
}

impl Entrance<Wire> for Gate {
    fn is_ready(&self) -> bool {
        !self.0.is_empty()
    }

    fn retry(&self) -> Option<Instant> {
        None
    }

    fn open(&mut self) {}

    fn close(&mut self) {
        self.0.clear();
    }

    fn accept(&mut self, shared: &Shared<Wire>, now: Now, take: &mut dyn FnMut(Peer<Wire>)) {
        for (wire, address) in self.0.drain(..) {
            let Ok(peer) = shared.admit(wire, address, now) else {
                panic!("there are no limits");
            };
            take(peer);
        }
    }
}

const WORKERS: usize = 2;

/// Of the log, in bytes: more than any schedule says.
const CAPACITY: u64 = 1 << 20;

/// Small, so that several chapters begin.
const CHAPTER_BYTES: u64 = 300;

/// Few, so that the room is large now and then.
pub(super) const NAMES_UP_TO: usize = 6;

/// How long a server may say nothing before it counts as gone.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(15);
