//! Histories of servers that share a room: each is a part of the same one.

use proptest::prelude::*;

use super::*;
use crate::hub::Fault;
use crate::hub::testing::client;
use crate::room::apply::Room;
use crate::room::identity::tests::identity;
use crate::room::identity::{Identity, Key};
use crate::room::origin::{Authority, ServerId};
use crate::room::request::{Act, Fallback};
use crate::sequencer::shared::SharedOrder;
use chat_proto::command::Operation;

/// Servers that share a room.
struct Cluster {
    order: SharedOrder,
    servers: Vec<Server>,
    /// How many requests were made.
    asked: usize,
}

struct Server {
    directory: TempDir,
    options: Options,
    hall: Option<Hall>,
}

/// Bytes of a chapter.
const CHAPTER: u64 = 6000;

impl Cluster {
    /// Servers that keep so much each.
    fn new(keep: &[u64]) -> Self {
        let mut cluster = Self {
            order: SharedOrder::new().with_chapters(CHAPTER),
            servers: Vec::new(),
            asked: 0,
        };
        for &keep in keep {
            cluster.add(keep, 0);
        }
        let enter = Act::Enter {
            wanted: Name::choose("ann").unwrap(),
            fallback: Fallback::Numbered,
            key: None,
            from: None,
        };
        cluster.ask(0, enter);
        cluster
    }

    /// A server that has not been there yet, with the snapshot behind so many requests.
    fn add(&mut self, keep: u64, behind: usize) {
        let directory = directory();
        let sync = [SyncMode::Off, SyncMode::Always, SyncMode::Batch][self.servers.len() % 3];
        let options = Options {
            keep,
            ..options(&directory, sync)
        };
        self.servers.push(Server {
            directory,
            options,
            hall: None,
        });
        self.begin(self.servers.len() - 1, behind).unwrap();
    }

    fn placed(&self) -> usize {
        self.order.state().order.len()
    }

    /// The room behind so many requests.
    fn snapshot(&self, behind: usize) -> Joining {
        let first = Joining {
            room: Room::new(identity()),
            chapters: Default::default(),
            lines: Vec::new(),
        };
        let mut hub = first.in_memory(1 << 20).unwrap();
        let order = SharedOrder::new().with_chapters(CHAPTER);
        order.state().order = self.order.state().order[..behind].to_vec();
        let now = now();
        hub.set_sequencer(order);
        hub.advance(now);
        hub.into_joining()
    }

    /// A server begins with the snapshot behind so many requests.
    fn begin(&mut self, server: usize, behind: usize) -> anyhow::Result<&mut Hall> {
        let state = self.snapshot(behind);
        self.begin_with(server, state, behind)
    }

    fn begin_with(
        &mut self,
        server: usize,
        state: Joining,
        behind: usize,
    ) -> anyhow::Result<&mut Hall> {
        let options = self.servers[server].options.clone();
        let (now, mut notes) = (now(), Vec::new());
        let joined = History::join(options, CAPACITY, state, now, &mut notes)?;
        let mut hall = Hall::of(joined, notes, now)?;
        let order = self.order.of(ServerId(server as u16)).behind(behind);
        hall.hub.set_sequencer(order);
        Ok(self.servers[server].hall.insert(hall))
    }

    /// As if it was killed.
    fn kill(&mut self, server: usize) {
        if let Some(hall) = self.servers[server].hall.take() {
            hall.kill();
        }
    }

    fn hall(&mut self, server: usize) -> &mut Hall {
        self.servers[server].hall.as_mut().expect("it is there")
    }

    /// A connection of a server asks for something, and that has its place at once.
    fn ask(&mut self, server: usize, act: Act) {
        let now = now();
        let hall = self.hall(server);
        hall.hub.propose(client(1), act, now);
        let waiting = self.order.state().proposed.len();
        self.order.state().place(waiting);
        self.asked += 1;
    }

    fn say(&mut self, length: usize) {
        let text = format!("{} secret {}", self.asked, "x".repeat(length));
        let id = match self.asked % 2 {
            0 => format!("{:032}", self.asked),
            _ => self.asked.to_string(),
        };
        let act = Act::Say {
            kind: SpeechKind::Message,
            text: Text::clean(&text).unwrap(),
            id: MessageId::new(&id),
        };
        self.ask(0, act);
    }

    fn erase(&mut self, back: u64) {
        let last = self.hall(0).hub.timeline.head().seq;
        let target = last.saturating_sub(back).max(1);
        let (operation, authority) = (
            Operation::Erase {
                target,
                reason: None,
            },
            Authority::Control,
        );
        let act = Act::Operate {
            operation,
            authority,
        };
        self.ask(0, act);
    }

    /// A server reads what has its place, and writes it.
    fn round(&mut self, server: usize) {
        let now = now();
        if let Some(hall) = &mut self.servers[server].hall {
            hall.hub.advance(now);
            assert_eq!(hall.hub.fault(), None);
            hall.keep();
            hall.hub.trim([u64::MAX; 2], now);
        }
    }

    /// All is written and erased; the files are parts of the same history.
    fn check(&mut self) {
        let mut longest = String::new();
        for server in 0..self.servers.len() {
            self.round(server);
            let options = self.servers[server].options.clone();
            let hall = self.hall(server);
            hall.keep_erased();
            let all = everything(&options);
            let full = numbered(&options.path).unwrap();
            for path in full.iter().map(|(_, path)| path).chain([&options.path]) {
                let lines = fs::read_to_string(path).unwrap();
                let first = lines.lines().next().unwrap_or("\"room\"");
                assert!(first.contains("\"room\""), "a file begins with a chapter");
            }
            assert_eq!(hall.replay(hall.hub.timeline.first()), all);
            if all.len() > longest.len() {
                assert!(all.ends_with(&longest));
                longest = all;
            } else {
                assert!(longest.ends_with(&all), "server {server}");
            }
        }
        let rooms: Vec<String> = (0..self.servers.len())
            .map(|server| format!("{:?}", self.hall(server).hub.room()))
            .collect();
        assert!(rooms.iter().all(|room| *room == rooms[0]));
        let lines: Vec<Vec<u8>> = (0..self.servers.len())
            .filter_map(|server| self.hall(server).hub.chapter_lines())
            .collect();
        assert!(lines.iter().all(|it| *it == lines[0]));
    }
}

fn now() -> Now {
    use std::sync::LazyLock;
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Now {
        time: Timestamp::from_unix_milliseconds(1_800_000_000_000),
        instant: *BEGAN,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Say(usize),
    /// The event that is so far back.
    Erase(u64),
    Round(usize),
    Kill(usize),
    /// With the snapshot behind this part of all requests.
    Begin(usize, f64),
}

const KEEP: [u64; 3] = [1 << 20, 128 << 10, 400_000];

fn step() -> impl Strategy<Value = Step> {
    // The first server talks.
    let server = 0..KEEP.len();
    prop_oneof![
        6 => prop_oneof![0..40usize, 2000..4000usize].prop_map(Step::Say),
        1 => prop_oneof![0..5u64, 0..60u64].prop_map(Step::Erase),
        3 => server.prop_map(Step::Round),
        1 => (1..KEEP.len()).prop_map(Step::Kill),
        1 => (1..KEEP.len(), 0.0..=1.0f64).prop_map(|(server, part)| Step::Begin(server, part)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_files_are_parts_of_one_history(steps in prop::collection::vec(step(), 1..150)) {
        let mut cluster = Cluster::new(&KEEP);
        for step in steps {
            match step {
                Step::Say(length) => cluster.say(length),
                Step::Erase(back) => cluster.erase(back),
                Step::Round(server) => cluster.round(server),
                Step::Kill(server) => cluster.kill(server),
                Step::Begin(server, part) => {
                    cluster.kill(server);
                    let behind = (cluster.placed() as f64 * part) as usize;
                    cluster.begin(server, behind).unwrap();
                }
            }
            cluster.round(0);
        }
        let placed = cluster.placed();
        for server in 1..KEEP.len() {
            if cluster.servers[server].hall.is_none() {
                cluster.begin(server, placed).unwrap();
            }
        }
        cluster.add(1 << 20, placed);
        cluster.check();
    }
}

/// A server that was away for longer than a chapter cannot know what was erased meanwhile.
#[test]
fn a_history_with_a_gap_behind_it_is_set_apart() {
    let mut cluster = Cluster::new(&KEEP);
    for _ in 0..30 {
        cluster.say(2000);
        (0..3).for_each(|server| cluster.round(server));
    }
    let options = cluster.servers[1].options.clone();
    cluster.hall(1).keep_all();
    let last = cluster.hall(1).hub.timeline.head().seq;
    let files = numbered(&options.path).unwrap().len();
    assert!(files > 0);
    cluster.kill(1);
    let before = everything(&options);
    cluster.erase(10);
    for _ in 0..30 {
        cluster.say(2000);
        cluster.round(0);
    }
    let placed = cluster.placed();
    let hall = cluster.begin(1, placed).unwrap();
    assert_eq!(hall.notes.len(), 1, "{:?}", hall.notes);
    assert!(hall.notes[0].contains("was set apart"), "{:?}", hall.notes);
    cluster
        .begin(2, placed)
        .err()
        .expect("its files are in use");
    cluster.kill(2);
    cluster.begin(2, placed).unwrap();
    let apart = Options {
        path: with_suffix(&options.path, &format!("until-{last}")),
        ..options
    };
    assert_eq!(everything(&apart), before);
    assert_eq!(numbered(&apart.path).unwrap().len(), files);
    cluster.check();
}

#[test]
fn a_history_of_another_room_is_refused_and_left_alone() {
    let mut cluster = Cluster::new(&KEEP[..1]);
    for _ in 0..10 {
        cluster.say(2000);
    }
    let placed = cluster.placed();
    let refused = |cluster: &mut Cluster, why: &str| {
        let options = cluster.servers[1].options.clone();
        let before = everything(&options);
        let error = format!("{:#}", cluster.begin(1, placed).err().unwrap());
        assert!(error.contains(why), "{error}");
        assert!(error.contains("move that one away"), "{error}");
        assert_eq!(everything(&options), before);
    };
    cluster.add(1 << 20, placed);
    let options = cluster.servers[1].options.clone();
    let key_path = with_suffix(&options.path, "key");
    let ours = fs::read(&key_path).unwrap();
    cluster.kill(1);
    let remove = || {
        fs::remove_file(&options.path).unwrap();
        fs::remove_file(&key_path).unwrap();
    };
    // One of a server that was alone.
    remove();
    Hall::open(options.clone()).unwrap().kill();
    refused(&mut cluster, "is not the key of the room");
    fs::write(&key_path, &ours).unwrap();
    refused(&mut cluster, "is the history of another room");
    remove();
    // One that has gone on in another way.
    cluster.begin(1, placed).unwrap();
    cluster.kill(1);
    let lines = content(&options);
    fs::write(&options.path, lines.replacen("xx", "yy", 1)).unwrap();
    refused(&mut cluster, "is not the one that the servers share");
    fs::write(&options.path, lines).unwrap();
    cluster.begin(1, placed).unwrap();
    cluster.check();
    drop(cluster.servers.remove(1).directory);
}

/// The server has to stop: it shows its people something else than the others show theirs.
#[test]
fn events_that_the_others_do_not_have_are_a_fault() {
    let mut cluster = Cluster::new(&KEEP[..2]);
    for _ in 0..3 {
        cluster.say(100);
    }
    let behind = cluster.placed();
    for _ in 0..3 {
        cluster.say(100);
    }
    cluster.round(1);
    cluster.hall(1).keep_all();
    let own = cluster.hall(1).hub.timeline.head().seq;
    cluster.kill(1);
    let options = cluster.servers[1].options.clone();
    let lines = content(&options);
    let changed = lines.replace(&format!("{} secret", cluster.asked - 1), "9 secret");
    assert_ne!(lines, changed);
    fs::write(&options.path, changed).unwrap();
    let hub = &mut cluster.begin(1, behind).unwrap().hub;
    hub.advance(now());
    assert_eq!(hub.fault(), Some(Fault::Differs { seq: own }));
    cluster.kill(1);
    fs::write(&options.path, lines).unwrap();
    cluster.order.state().order.truncate(behind);
    let hub = &mut cluster.begin(1, behind).unwrap().hub;
    hub.advance(now());
    let room = own - 3;
    assert_eq!(hub.fault(), Some(Fault::Ahead { own, room }));
}

/// A snapshot comes from elsewhere.
#[test]
fn lines_that_are_not_the_chapter_are_refused() {
    let mut cluster = Cluster::new(&KEEP[..1]);
    for _ in 0..5 {
        cluster.say(2000);
    }
    let placed = cluster.placed();
    let good = cluster.snapshot(placed).lines;
    let text = String::from_utf8(good.clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert!(lines.len() > 2);
    let without = |index: usize| {
        let mut lines = lines.clone();
        lines.remove(index);
        lines.concat().into_bytes()
    };
    let bad = [
        Vec::new(),
        without(0),
        without(1),
        without(lines.len() - 1),
        good[..good.len() - 1].to_vec(),
        [&good[..], b"x\n"].concat(),
        [&good[..], b"\n"].concat(),
        text.replace(lines[1], "{\"seq\":\"x\"}\n").into_bytes(),
        text.replacen("\"room\"", "\"left\"", 1).into_bytes(),
        text.replacen(identity().room.as_str(), "another", 1)
            .into_bytes(),
        good.iter().map(|byte| byte ^ 0x80).collect(),
    ];
    cluster.add(1 << 20, placed);
    cluster.kill(1);
    for (index, lines) in bad.into_iter().enumerate() {
        let state = || Joining {
            lines: lines.clone(),
            ..cluster.snapshot(placed)
        };
        let error = state().in_memory(CAPACITY).err().unwrap().to_string();
        assert!(
            error.contains("snapshot of the room is damaged"),
            "{index}: {error}"
        );
        let state = state();
        assert!(cluster.begin_with(1, state, placed).is_err(), "{index}");
    }
    let hub = cluster.snapshot(placed).in_memory(CAPACITY).unwrap();
    assert_eq!(hub.chapter_lines(), Some(good));
    let first = hub.chapters().unwrap().first().unwrap();
    assert_eq!(hub.timeline.first(), first);
    // Another room, whose key is ours.
    let other = Joining {
        room: Room::new(Identity {
            key: Key::of([9; Key::BYTES]),
            ..identity()
        }),
        chapters: Default::default(),
        lines: Vec::new(),
    };
    assert!(cluster.begin_with(1, other, 0).is_err());
}
