//! The soak: a full room for an hour, in which everything happens that happens
//! to a room, all the time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chat_server::ops::signals::raise_descriptor_limit;
use chat_testkit::ledger::History;
use chat_testkit::{Carrier, JsonPeer, Proxy, Random, ServerProcess, Signal, until};
use serde_json::json;
use tempfile::TempDir;

use crate::crowd::{Counts, Crowd, Route, Which};
use crate::{SERVER, setting};

/// People come and go, five a second; one in a hundred reads nothing for a while, as
/// many have their connections reset each second; one in twenty sits behind a bad
/// network; and four times the server is killed or stopped and comes back. At the end
/// all that was confirmed is kept, nothing else is, all clients have heard everything
/// once and in the one order, and the server has as many descriptors as it began with
/// and no more than 8 MiB more memory than the first one had in its first minute, when
/// the room was still empty.
///
/// A twelfth of the time lies before each restart, and two thirds behind the
/// last one: what leaks has that long to show.
#[test]
#[ignore = "an hour"]
fn a_full_room_for_an_hour() {
    full_room(Carrier::Plain, duration());
}

/// The same with encrypted connections, for a quarter of that time.
#[test]
#[ignore = "a quarter of an hour"]
fn an_encrypted_room() {
    full_room(Carrier::Tls, duration() / 4);
}

fn duration() -> Duration {
    Duration::from_secs(setting("CHAT_SOAK_SECONDS", 3600))
}

fn full_room(carrier: Carrier, duration: Duration) {
    let clients = setting("CHAT_SOAK_CLIENTS", 500) as usize;
    let descriptors = raise_descriptor_limit().unwrap_or(usize::MAX);
    assert!(
        descriptors > clients + 200,
        "{descriptors} descriptors are too few"
    );
    let mut random = Random::of_test();
    let directory = tempfile::tempdir().expect("a directory");
    let room = Room { directory, carrier };
    let mut server = room.start(None);
    let own = room.own_descriptors(&server);
    let proxy = Proxy::start(server.addr(), random.fork());
    let crowd = room.crowd(clients, &server, &proxy, random.fork());
    let mut soak = Soak::new(crowd, clients, duration);
    let mut first_minute = None;
    for part in 1..=PARTS.len() {
        let until = duration * PARTS[..part].iter().sum::<u32>() / PARTS.iter().sum::<u32>();
        let figures = soak.phase(&server, until);
        println!("phase {part}: {figures:?}");
        assert!(figures.all_in < Duration::from_secs(30), "{figures:?}");
        let early = *first_minute.get_or_insert(figures.early);
        let grown = figures.most.saturating_sub(early);
        assert!(
            grown <= 8 << 20,
            "the server has grown by {grown} bytes: {figures:?}"
        );
        if part < PARTS.len() {
            match part % 2 {
                1 => server.kill(),
                _ => terminate(&server),
            }
            assert_sane(&server);
            server = room.start(Some(&server));
        } else {
            proxy.calm();
            soak.calm(&server, own + clients);
        }
    }
    let people = room.peer(&server, "last").welcome["people"].clone();
    assert_eq!(people, clients + 1, "people who have left are not in");
    let happened = proxy.happened();
    drop(proxy);
    terminate(&server);
    assert_sane(&server);
    let counts = soak.last_report.counts;
    let report = soak.assert_kept(&room.file());
    println!("all is as it should be: {report}, {counts:?}, {happened:?}");
}

/// How the time is divided; between two parts there is a restart.
const PARTS: [u32; 5] = [1, 1, 1, 1, 8];

struct Soak {
    crowd: Crowd,
    begun: Instant,
    report_every: Duration,
    last_report: Report,
    load: Load,
}

/// What was at the last report.
#[derive(Default)]
struct Report {
    at: Duration,
    counts: Counts,
    deliveries: u64,
    cpu: Duration,
}

/// What one server has cost.
#[derive(Debug)]
struct Figures {
    /// Until all clients were in.
    all_in: Duration,
    /// Resident bytes after the first minute, or the first third.
    early: u64,
    /// The most after that.
    most: u64,
}

impl Soak {
    fn new(crowd: Crowd, clients: usize, duration: Duration) -> Self {
        Self {
            crowd,
            begun: Instant::now(),
            report_every: Duration::from_secs(60).min(duration / 10),
            last_report: Report::default(),
            load: Load::new(clients),
        }
    }

    /// Loads one server, until this time after the beginning.
    fn phase(&mut self, server: &ServerProcess, until: Duration) -> Figures {
        let begun = Instant::now();
        self.last_report.cpu = Duration::ZERO;
        self.crowd.excuse();
        self.settle(Which::Steady, Duration::ZERO, "all are in");
        let all_in = begun.elapsed();
        let length = until.saturating_sub(self.begun.elapsed());
        let mut figures = Figures {
            all_in,
            early: server.resident_bytes(),
            most: 0,
        };
        let early = self.begun.elapsed() + (length / 3).min(Duration::from_secs(60));
        self.load.begin();
        let mut second = Instant::now();
        while self.begun.elapsed() < until {
            self.crowd.turn(TURN);
            if self.load.tick_is_due() {
                self.crowd.tick();
                self.load.apply(&mut self.crowd);
            }
            if second.elapsed() >= Duration::from_secs(1) {
                second = Instant::now();
                let resident = server.resident_bytes();
                if self.begun.elapsed() < early {
                    figures.early = figures.early.max(resident);
                } else {
                    figures.most = figures.most.max(resident);
                }
            }
            if self.begun.elapsed() - self.last_report.at >= self.report_every {
                self.report(server);
            }
        }
        figures
    }

    /// Waits until all that was begun has ended, and counts the descriptors.
    fn calm(&mut self, server: &ServerProcess, descriptors: usize) {
        self.crowd.read_all();
        self.settle(Which::All, QUIET, "all have heard everything");
        // A client that has closed its sending side, as one cut off may have, is served
        // for half a minute.
        let begun = Instant::now();
        while server.open_descriptors() > descriptors {
            let now = server.open_descriptors();
            assert!(
                begun.elapsed() < Duration::from_secs(45),
                "{now} descriptors instead of {descriptors}"
            );
            self.crowd.turn(TURN);
            self.crowd.tick();
        }
        self.settle(Which::All, QUIET, "all have heard of those, too");
        self.report(server);
    }

    /// Waits until these clients are in and have heard everything, for `quiet` on end.
    fn settle(&mut self, which: Which, quiet: Duration, what: &str) {
        let begun = Instant::now();
        let mut since = None;
        while since.is_none_or(|since: Instant| since.elapsed() < quiet) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "waited in vain until {what}:\n{}",
                self.crowd.unsettled()
            );
            self.crowd.turn(TURN);
            self.crowd.tick();
            since = match self.crowd.is_settled(which) {
                true => since.or_else(|| Some(Instant::now())),
                false => None,
            };
        }
    }

    /// What was confirmed is in the history, and nothing else; says how much that is.
    fn assert_kept(self, file: &Path) -> String {
        let audit = self.crowd.finish();
        let deliveries = audit.deliveries;
        let history = History::read(file).expect("whole lines");
        let report = audit.assert_kept(&history);
        let is_plausible = report.confirmed > 0 && report.messages >= report.confirmed;
        assert!(is_plausible, "{report:?}");
        format!("{report:?}, {deliveries} deliveries")
    }

    fn report(&mut self, server: &ServerProcess) {
        let last = &self.last_report;
        let report = Report {
            at: self.begun.elapsed(),
            counts: self.crowd.counts,
            deliveries: self.crowd.audit.deliveries,
            cpu: server.cpu_time(),
        };
        let seconds = (report.at - last.at).as_secs_f64();
        let a_second = |now: u64, before: u64| (now - before) as f64 / seconds;
        println!(
            "{:5.0} s: {} in, {:.1} messages and {:.0} deliveries a second, {:.0} % of a core, {} KiB, {} descriptors, slowest {:?}, {} errors, {:?}",
            report.at.as_secs_f64(),
            self.crowd.present(),
            a_second(report.counts.confirmed, last.counts.confirmed),
            a_second(report.deliveries, last.deliveries),
            (report.cpu - last.cpu).as_secs_f64() / seconds * 100.0,
            server.resident_bytes() / 1024,
            server.open_descriptors(),
            report.counts.slowest,
            self.crowd.audit.errors(),
            report.counts,
        );
        self.crowd.counts.slowest = Duration::ZERO;
        self.last_report = report;
    }
}

/// What is done to the room, and how often.
struct Load {
    clients: usize,
    /// A second: messages, people who leave for good, resets.
    rates: [f64; 3],
    /// What of that is still to be done.
    due: [f64; 3],
    last: Instant,
}

impl Load {
    fn new(clients: usize) -> Self {
        Self {
            clients,
            rates: [
                setting("CHAT_SOAK_RATE", 20) as f64,
                5.0,
                clients as f64 / 100.0,
            ],
            due: [0.0; 3],
            last: Instant::now(),
        }
    }

    fn begin(&mut self) {
        self.last = Instant::now();
    }

    fn tick_is_due(&self) -> bool {
        self.last.elapsed() >= Duration::from_millis(20)
    }

    fn apply(&mut self, crowd: &mut Crowd) {
        let passed = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        for (due, rate) in self.due.iter_mut().zip(self.rates) {
            *due += rate * passed;
        }
        let mut take = |index: usize| {
            let whole = self.due[index].floor();
            self.due[index] -= whole;
            0..whole as usize
        };
        take(0).for_each(|_| crowd.say());
        take(1).for_each(|_| crowd.replace());
        take(2).for_each(|_| crowd.reset());
        crowd.stop_reading(self.clients.div_ceil(100));
    }
}

/// A room whose servers come and go, and how its clients talk to them.
struct Room {
    directory: TempDir,
    carrier: Carrier,
}

impl Room {
    fn file(&self) -> PathBuf {
        self.directory.path().join("room.jsonl")
    }

    /// A server for this room, where the one before it was.
    fn start(&self, before: Option<&ServerProcess>) -> ServerProcess {
        let [file, state] = [self.file(), self.directory.path().join("state")];
        let [file, state] = [&file, &state].map(|path| path.to_str().expect("a name in UTF-8"));
        // Shorter than by default, so that some clients that stop are cut off.
        let mut args = vec!["--history", file, "--stall", "20"];
        args.extend(["--tls", self.carrier.mode(), "--state", state]);
        match before {
            None => ServerProcess::start(SERVER, &args),
            Some(before) => ServerProcess::start_at(SERVER, before.addr(), &args),
        }
    }

    /// Clients of whom one in twenty connects through `proxy`.
    fn crowd(
        &self,
        clients: usize,
        server: &ServerProcess,
        proxy: &Proxy,
        random: Random,
    ) -> Crowd {
        let routes = (0..clients).map(|number| match number % 20 {
            0 => Route {
                target: self.carrier.to(proxy.addr()),
                is_good: false,
            },
            _ => Route {
                target: self.carrier.to(server.addr()),
                is_good: true,
            },
        });
        Crowd::new(routes, random)
    }

    /// What a server has open besides connections, once it has served some.
    fn own_descriptors(&self, server: &ServerProcess) -> usize {
        until("those who filled it are gone", || {
            let mut one = self.peer(server, "one");
            one.send_json(json!({ "type": "who" }));
            one.expect_type("who")["people"] == 1
        });
        until("the last one is gone, too", || {
            server.count("connections") == 0
        });
        server.open_descriptors()
    }

    fn peer(&self, server: &ServerProcess, name: &str) -> JsonPeer {
        JsonPeer::connect(self.carrier.to(server.addr()), name)
    }
}

fn terminate(server: &ServerProcess) {
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(10)).success());
}

fn assert_sane(server: &ServerProcess) {
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
}

const TURN: Duration = Duration::from_millis(20);

/// What happens at once may be told half a second later.
const QUIET: Duration = Duration::from_secs(1);
