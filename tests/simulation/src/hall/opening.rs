//! How the server begins: the room, its limits and its workers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chat_proto::event::{Limits, RoomId, RunId, Timestamp};
use chat_server::clock::Now;
use chat_server::config::{Config, TlsMode};
use chat_server::hub::Hub;
use chat_server::ops::logger::Logger;
use chat_server::room::identity::{Identity, Key};
use chat_server::runtime::control::Shared;
use chat_server::runtime::rounds::{Rounds, Wait};
use chat_server::storage::Storage;

use super::entrance::Gate;
use super::scene::{Scene, Watch};
use super::workers::{Bell, Worker};
use super::{Hall, Report};
use crate::disk::Disk;
use crate::keys::begin_claims;
use crate::ledger::Ledger;
use crate::person::ROOM;
use crate::script::{Keeping, SEATS, Script, Space};

impl Hall {
    pub(super) fn new(script: &Script) -> Self {
        let identity = Identity {
            room: RoomId::new(ROOM).expect("a name"),
            run: RunId::new(NOON, 0),
            key: Key::of([7; Key::BYTES]),
        };
        let now = Now {
            time: Timestamp::from_unix_milliseconds(NOON),
            instant: start(),
        };
        let mut hub = Hub::new(identity, script.capacity);
        begin_claims(&mut hub, now);
        let disk = Disk::new(script.keeping, &mut hub);
        let history =
            (script.keeping != Keeping::Not).then(|| Box::new(disk.clone()) as Box<dyn Storage>);
        let scene = Rc::new(RefCell::new(Scene {
            ledger: Ledger::default(),
            now,
            people: Vec::new(),
            seen: [const { None }; SEATS],
            stopping: false,
            report: Report::default(),
        }));
        let config = Arc::new(config(script));
        let bells: Vec<Arc<Bell>> = (0..script.workers).map(|_| Arc::default()).collect();
        let wakers = bells.iter().map(|bell| Arc::clone(bell).into()).collect();
        let worker = |(index, bell)| Worker {
            rounds: Rounds::new(index, Arc::clone(&config), Watch(Rc::clone(&scene))),
            bell,
            wait: Wait::No,
            since: now.instant,
        };
        let workers = bells.into_iter().enumerate();
        let workers = workers.map(worker).map(Some).collect();
        Self {
            shared: Shared::new(hub, history, wakers, config, Logger::discarding()),
            workers,
            gate: Gate::new(Rc::clone(&scene)),
            disk,
            keeping: script.keeping,
            capacity: script.capacity,
            space: script.space,
            scene,
            checked: (0, 0),
        }
    }
}

/// Small ones, so that a schedule reaches them.
fn config(script: &Script) -> Config {
    let is_endless = script.space == Space::Endless;
    let few = |most: usize| if is_endless { 0 } else { most };
    let limits = Limits {
        rate: script.rate,
        clients: few(8),
        per_address: few(3),
        // How fast they come is for the tests of the admission.
        new_per_address: 0,
        unjoined: few(3),
        unjoined_per_address: few(2),
        idle_join: Duration::from_secs(if is_endless { 0 } else { 20 }),
        ..Limits::default()
    };
    Config {
        limits,
        tls: TlsMode::Off,
        limit_loopback: false,
        proxied: false,
        connections: if script.space == Space::Scarce {
            9
        } else {
            usize::MAX
        },
        returning: 2,
        together: 1,
        greeting: None,
    }
}

/// All schedules begin at the same moment; which one it is does not matter.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

const NOON: u64 = 1_800_000_000_000;
