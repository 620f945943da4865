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
use chat_server::hub::Hub;
use chat_server::hub::state::State;
use chat_server::ops::logger::Logger;
use chat_server::room::identity::{Identity, Key};
use chat_server::runtime::control::Shared;
use chat_server::runtime::mailbox::Peer;
use chat_server::runtime::rounds::{Entrance, Outside, Polled, Rounds};
use chat_server::sequencer::stream::rules::Rules;
use chat_server::sequencer::stream::snapshot::Snapshot;
use chat_server::sequencer::stream::{Options, Stream};
use chat_server::session::Stage;
use chat_server::storage::Joining;
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

impl Server {
    /// A server that reads all of this stream.
    pub(super) fn new(broker: &Broker, number: usize, run: u64, now: Now) -> Self {
        let mut hub = Hub::new(identity(), CAPACITY);
        begin_claims(&mut hub, now);
        let way = broker.way(number, 0);
        hub.set_sequencer(Stream::new(way, run_of(run), options(), now));
        Self::of(hub, number)
    }

    /// A server that begins with this snapshot, and reads on from there.
    pub(super) fn restored(
        broker: &Broker,
        number: usize,
        run: u64,
        snapshot: &Snapshot,
        now: Now,
    ) -> Self {
        let State {
            servers,
            room,
            chapters,
            lines,
            at,
        } = State::parse(snapshot, now).expect("a server has taken it");
        let joining = Joining {
            room,
            chapters,
            lines,
        };
        let joined = joining.in_memory(CAPACITY);
        let mut hub = joined.expect("the lines are those of its chapter");
        let way = broker.way(number, servers.seen().entry as usize);
        hub.set_sequencer(Stream::behind(way, servers, run_of(run), options(), at));
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
    /// and its chapters.
    pub(super) fn state(&self) -> [String; 3] {
        let hub = &self.shared.read().hub;
        let common = hub.common().expect("it has read all of each entry");
        let [servers, room] = [common.servers.save(), hub.room().save(common.at)]
            .map(|bytes| String::from_utf8(bytes).expect("JSON is text"));
        [servers, room, format!("{:?}", hub.chapters())]
    }

    /// The log of a form, from the first event on that the server has.
    pub(super) fn log(&self, form: Form) -> Vec<u8> {
        let hub = &self.shared.read().hub;
        let log = hub.timeline.log(form);
        log.bytes(log.start()..log.head())
            .flatten()
            .copied()
            .collect()
    }

    /// All events.
    pub(super) fn events(&self) -> Vec<Event> {
        let json = self.log(Form::Json);
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

/// Small, so that several chapters begin and snapshots are taken.
const CHAPTER_BYTES: u64 = 300;

/// Few, so that the room is large now and then.
pub(super) const NAMES_UP_TO: usize = 6;

/// How long a server may say nothing before it counts as gone.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(15);
