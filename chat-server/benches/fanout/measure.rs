//! The measurements: scenarios, each with a server that is started for it.
//!
//! Scenarios that need the same room share it. A server that fails in one of
//! them has a note instead of a figure, and the others go on.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};

use crate::contestant::{Contestant, Kind};
use crate::load::{Crowd, Load, is_interrupted};
use crate::peers;
use crate::process::{Cores, Recipe, Server, backlog_drops};
use crate::scenario::{Metric, Scenario, Session};

/// A figure, or why there is none.
pub(crate) type Figure = Result<f64, String>;

/// How everything is measured.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) cores: Cores,
    /// The most clients that the limit on descriptors allows.
    pub(crate) most_clients: usize,
    /// How long a load is measured, and warmed up before.
    pub(crate) time: Duration,
    pub(crate) warm_up: Duration,
}

impl Bench {
    /// Clients of the big hall, the storm and the idle room.
    pub(crate) fn many(&self) -> usize {
        MANY.min(self.most_clients)
    }

    /// The same for one contestant, which may bear fewer.
    pub(crate) fn many_for(&self, kind: Kind) -> usize {
        self.many().min(kind.most_clients())
    }

    /// Runs a session with one server. Empty if nothing of it is wanted.
    pub(crate) fn session(
        &self,
        session: Session,
        contestant: &Contestant,
        wanted: &[Scenario],
    ) -> anyhow::Result<Vec<(Metric, Figure)>> {
        let due: Vec<_> = session
            .scenarios()
            .iter()
            .filter(|(scenario, _)| wanted.contains(scenario))
            // A contestant that bears only nine hundred has no figure for ten thousand.
            .filter(|(scenario, _)| {
                !matches!(scenario, Scenario::BigHall | Scenario::Storm)
                    || self.many_for(contestant.kind) == self.many()
            })
            .collect();
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut figures = Vec::new();
        let wants = |scenario| due.iter().any(|(due, _)| *due == scenario);
        let result = match session {
            Session::Small => self.small(contestant, &wants, &mut figures),
            Session::Medium => self.medium(contestant, &wants, &mut figures),
            Session::Big => self.big(contestant, &wants, &mut figures),
            Session::Pair => self.pair(contestant, &mut figures),
            Session::Storm => self.storm(contestant, &mut figures),
        };
        let mut figures: Vec<_> = figures
            .into_iter()
            .map(|(metric, figure)| (metric, Ok(figure)))
            .collect();
        if let Err(error) = result {
            if is_interrupted() {
                return Err(error);
            }
            for metric in due.iter().flat_map(|(_, metrics)| *metrics) {
                if !figures.iter().any(|(given, _)| given == metric) {
                    figures.push((*metric, Err(format!("{error:#}"))));
                }
            }
        }
        Ok(figures)
    }

    fn small(
        &self,
        contestant: &Contestant,
        wants: &dyn Fn(Scenario) -> bool,
        figures: &mut Vec<(Metric, f64)>,
    ) -> anyhow::Result<()> {
        let (server, mut crowd) = self.room(contestant, 100)?;
        if wants(Scenario::Burst) {
            let cost = self.cost(&server, &mut crowd, BURST, self.time)?;
            figures.push((Metric::Burst, cost));
        }
        if wants(Scenario::Stopped) {
            let ratio = self.stopped(contestant, &server, &mut crowd);
            figures.push((Metric::Stopped, ratio?));
        }
        Ok(())
    }

    /// The cost of a delivery beside a client that has stopped reading, divided by the
    /// cost without it, before and after.
    fn stopped(
        &self,
        contestant: &Contestant,
        server: &Server,
        crowd: &mut Crowd,
    ) -> anyhow::Result<f64> {
        let before = self.cost(server, crowd, BURST, self.time)?;
        crowd.join(101, 1, JOIN_WITHIN)?;
        crowd.wait_heard()?;
        crowd.stop_reading(100)?;
        // More than the sockets on the way hold, so that it has really stopped.
        let size = contestant.kind.longest_text();
        let long = Load { size, ..BURST };
        crowd.run_messages(long, FILL / size as u64, FILL_WITHIN)?;
        let beside = self.cost(server, crowd, BURST, self.time)?;
        crowd.leave();
        crowd.wait_quiet(contestant.kind.quiet())?;
        let after = self.cost(server, crowd, BURST, self.time)?;
        Ok(beside / ((before + after) / 2.0))
    }

    fn medium(
        &self,
        contestant: &Contestant,
        wants: &dyn Fn(Scenario) -> bool,
        figures: &mut Vec<(Metric, f64)>,
    ) -> anyhow::Result<()> {
        let (server, mut crowd) = self.room(contestant, 900)?;
        let loads = [
            (Scenario::Hall, HALL, Metric::Hall),
            (Scenario::Crowd, CROWD, Metric::Crowd),
        ];
        for (scenario, load, metric) in loads {
            if wants(scenario) {
                let cost = self.cost(&server, &mut crowd, load, self.time)?;
                figures.push((metric, cost));
            }
        }
        Ok(())
    }

    fn big(
        &self,
        contestant: &Contestant,
        wants: &dyn Fn(Scenario) -> bool,
        figures: &mut Vec<(Metric, f64)>,
    ) -> anyhow::Result<()> {
        let count = self.many_for(contestant.kind);
        let server = Server::start(self.recipe(contestant)?, &self.cores)?;
        let empty = server.resident()?;
        let mut crowd = self.fill(contestant, &server, count)?;
        if wants(Scenario::Idle) {
            let grown = server.resident()?.saturating_sub(empty);
            figures.push((Metric::Idle, grown as f64 / 1024.0 / count as f64));
        }
        if wants(Scenario::BigHall) {
            crowd.wait_heard()?;
            let cost = self.cost(&server, &mut crowd, HALL, self.time * 2)?;
            figures.push((Metric::BigHall, cost));
        }
        Ok(())
    }

    fn pair(
        &self,
        contestant: &Contestant,
        figures: &mut Vec<(Metric, f64)>,
    ) -> anyhow::Result<()> {
        let (_server, mut crowd) = self.room(contestant, 2)?;
        crowd.one_way(self.warm_up, PAUSE)?;
        let mut times = crowd.one_way(self.time * 2, PAUSE)?;
        times.sort();
        let at = |hundredths: usize| {
            let time: Duration = times[times.len() * hundredths / 100];
            time.as_secs_f64() * 1e6
        };
        figures.push((Metric::LatencyMedian, at(50)));
        figures.push((Metric::LatencyTail, at(99)));
        Ok(())
    }

    /// All come at once. The storm is over when all are in and no client has been told
    /// anything for a while; it lasted until the last word before that.
    fn storm(
        &self,
        contestant: &Contestant,
        figures: &mut Vec<(Metric, f64)>,
    ) -> anyhow::Result<()> {
        let count = self.many();
        let server = Server::start(self.recipe(contestant)?, &self.cores)?;
        let target = contestant.carrier.to(server.address());
        let mut crowd = Crowd::new(contestant.kind, target)?;
        let cpu = server.cpu()?;
        let drops = backlog_drops()?;
        let started = Instant::now();
        crowd.join(count, usize::MAX, JOIN_WITHIN)?;
        let all_in = Instant::now();
        crowd.wait_quiet(STORM_QUIET)?;
        let over = crowd.last_heard().max(all_in);
        if over - started > JOIN_WITHIN {
            bail!("not finished within {JOIN_WITHIN:?}: all are in, and not all were told");
        }
        let used = server.cpu()? - cpu;
        let dropped = backlog_drops()?.saturating_sub(drops);
        crowd.wait_heard()?;
        figures.push((Metric::StormWall, (over - started).as_secs_f64()));
        figures.push((Metric::StormCpu, used.as_secs_f64()));
        figures.push((Metric::StormDrops, dropped as f64));
        Ok(())
    }

    /// A server with so many clients, all in, and quiet.
    pub(crate) fn room(
        &self,
        contestant: &Contestant,
        count: usize,
    ) -> anyhow::Result<(Server, Crowd)> {
        let server = Server::start(self.recipe(contestant)?, &self.cores)?;
        let mut crowd = self.fill(contestant, &server, count)?;
        crowd
            .wait_heard()
            .map_err(|error| with_last_words(&error, &server))?;
        Ok((server, crowd))
    }

    fn fill(
        &self,
        contestant: &Contestant,
        server: &Server,
        count: usize,
    ) -> anyhow::Result<Crowd> {
        let kind = contestant.kind;
        let mut crowd = Crowd::new(kind, contestant.carrier.to(server.address()))?;
        crowd
            .join(count, kind.most_arrivals(), 2 * JOIN_WITHIN)
            .map_err(|error| with_last_words(&error, server))?;
        crowd.wait_quiet(kind.quiet())?;
        Ok(crowd)
    }

    /// Processor time of the server for each delivery, in nanoseconds.
    pub(crate) fn cost(
        &self,
        server: &Server,
        crowd: &mut Crowd,
        load: Load,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let run = |crowd: &mut Crowd, time| {
            crowd
                .run(load, time)
                .map_err(|error| with_last_words(&error, server))
        };
        run(crowd, self.warm_up)?;
        let before = server.cpu()?;
        let deliveries = run(crowd, time)?;
        let used = server.cpu()? - before;
        Ok(used.as_nanos() as f64 / deliveries as f64)
    }

    fn recipe(&self, contestant: &Contestant) -> anyhow::Result<Recipe> {
        let mut command = std::process::Command::new(&contestant.program);
        let mut threads = 1;
        let home = tempfile::tempdir().context("no place for its output")?;
        match contestant.kind {
            Kind::Floor => {
                command.arg(crate::FLOOR);
            }
            kind if kind.is_ours() => {
                let mode = contestant.carrier.mode();
                command.args(["--listen", "127.0.0.1:0", "--rate", "0", "--tls", mode]);
                command.arg("--state").arg(home.path());
                if let Some(wanted) = contestant.threads {
                    command.arg("--threads").arg(wanted.to_string());
                    threads = wanted;
                }
            }
            _ => return peers::recipe(contestant),
        }
        Ok(Recipe {
            command,
            address: None,
            home,
            threads,
        })
    }
}

fn with_last_words(error: &anyhow::Error, server: &Server) -> anyhow::Error {
    anyhow!("{error:#}\n{}", server.last_words())
}

/// Ten of a hundred talk.
pub(crate) const BURST: Load = Load {
    talkers: 10,
    in_flight: 64,
    size: 64,
};

/// One message at a time.
pub(crate) const HALL: Load = Load {
    talkers: 1,
    in_flight: 1,
    size: 64,
};

/// Fifty of nine hundred talk.
const CROWD: Load = Load {
    talkers: 50,
    in_flight: 256,
    size: 64,
};

const MANY: usize = 9500;

/// Bytes that fill the sockets between a server and a client that does not read.
const FILL: u64 = 12 * 1024 * 1024;
const FILL_WITHIN: Duration = Duration::from_secs(3);

/// Between two messages of a quiet room.
const PAUSE: Duration = Duration::from_millis(1);

/// After so long without a word the storm is over.
const STORM_QUIET: Duration = Duration::from_secs(1);

const JOIN_WITHIN: Duration = Duration::from_secs(60);
