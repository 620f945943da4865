//! The run: options, rounds, and where the results go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chat_testkit::Carrier;
use clap::Parser;

use crate::chart;
use crate::contestant::{Contestant, Kind, words};
use crate::load::watch_signals;
use crate::measure::Bench;
use crate::peers;
use crate::process::{Cores, raise_descriptor_limit};
use crate::report::{Table, csv};
use crate::scenario::{Metric, Scenario, Session};
use crate::sweep;

/// Measures what fan-out costs: the floor, chat-server, and other servers that
/// are installed.
#[derive(Debug, Parser)]
#[command(name = "fanout")]
struct Options {
    /// Fewer scenarios, the floor and ours only, in less than 30 s
    #[arg(long)]
    quick: bool,

    /// How often everything is measured, in turn [default: 5; 2 with --quick
    /// or --sweep]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// Only these scenarios (burst, stopped, hall, crowd, idle, big-hall,
    /// latency, storm) and contestants (text, json, redis, nats, ngircd,
    /// inspircd, mosquitto, ncat, and each with -tls behind it, which is left
    /// out unless named here); the floor is always there
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    only: Vec<String>,

    /// Measure other servers also with --quick
    #[arg(long, overrides_with = "no_peers")]
    peers: bool,

    /// Measure no other servers
    #[arg(long)]
    no_peers: bool,

    /// Passed on to chat-server
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// How the cost grows with clients, with the size of a message and with
    /// threads
    #[arg(long)]
    sweep: bool,

    /// Where the results are written [default: benches/results of this crate;
    /// below target for a run that leaves something out]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let options = Options::parse();
    let (scenarios, kinds) = choose(&options)?;
    watch_signals()?;
    let descriptors = raise_descriptor_limit();
    let cores = Cores::find()?;
    cores.take_load_core()?;
    let quick = options.quick;
    let bench = Bench {
        most_clients: usize::try_from(descriptors.saturating_sub(SPARE)).unwrap_or(usize::MAX),
        time: Duration::from_millis(if quick { 200 } else { 1000 }),
        warm_up: Duration::from_millis(if quick { 80 } else { 300 }),
        cores,
    };
    let mut about = describe(&bench, &options);
    if options.sweep {
        about.push(format!(
            "at most {} clients, for so many descriptors a program may have",
            bench.most_clients
        ));
    } else if !quick {
        about.push(format!(
            "the largest room has {} clients; {descriptors} descriptors are allowed",
            bench.many()
        ));
    }
    for line in &about {
        println!("{line}");
    }
    if bench.cores.is_single() {
        println!("there is only one core: the load takes it from the servers, and no figure holds");
    }
    let contestants = contestants(&options, &kinds)?;
    let rounds = options
        .rounds
        .unwrap_or(if quick || options.sweep { 2 } else { 5 }) as usize;
    println!();
    let tables = if options.sweep {
        sweep::run(&bench, &contestants, rounds)?
    } else {
        measure(&bench, &contestants, &scenarios, rounds)?
    };
    for table in &tables {
        println!("{}", table.print());
    }
    let path = write(&options, &tables, &about)?;
    let seconds = started.elapsed().as_secs_f64();
    println!("took {seconds:.0} s; wrote {path}");
    Ok(verdict(&contestants, &tables))
}

/// Descriptors of a program that are no clients.
const SPARE: u64 = 64;

/// The scenarios that are wanted, and the contestants; no contestants are all.
fn choose(options: &Options) -> anyhow::Result<(Vec<Scenario>, Vec<String>)> {
    let mut scenarios = Vec::new();
    let mut kinds = Vec::new();
    for name in &options.only {
        let word = |scenario: &&Scenario| scenario.word() == name;
        if let Some(scenario) = Scenario::ALL.iter().find(word) {
            scenarios.push(*scenario);
        } else if words().any(|word| word == *name) {
            kinds.push(name.clone());
        } else {
            bail!("there is nothing named {name:?}: --help lists the names for --only");
        }
    }
    if scenarios.is_empty() {
        scenarios = if options.quick {
            Scenario::QUICK.to_vec()
        } else {
            Scenario::ALL.to_vec()
        };
    }
    Ok((scenarios, kinds))
}

fn contestants(options: &Options, kinds: &[String]) -> anyhow::Result<Vec<Contestant>> {
    let ours = Path::new(env!("CARGO_BIN_EXE_chat-server"));
    let contestant = |kind, name: &str, program: &Path| Contestant {
        kind,
        carrier: Carrier::Plain,
        name: name.to_owned(),
        program: program.to_owned(),
        threads: None,
    };
    let floor = std::env::current_exe().context("cannot find this program itself")?;
    let mut all = vec![contestant(Kind::Floor, "floor", &floor)];
    for (kind, name) in [
        (Kind::Text, "chat-server, text form"),
        (Kind::Json, "chat-server, JSON form"),
    ] {
        let mut ours = contestant(kind, name, ours);
        ours.threads = options.threads;
        all.push(ours);
    }
    if !options.sweep && !options.no_peers && (options.peers || !options.quick) {
        let (found, missing) = peers::find();
        all.extend(found);
        if !missing.is_empty() {
            println!(
                "not installed, and left out: to have them, apt install {}",
                missing.join(" ")
            );
        }
    }
    all = all
        .into_iter()
        .flat_map(|plain| {
            let encrypted = plain.encrypted();
            [Some(plain), encrypted]
        })
        .flatten()
        .collect();
    all.retain(|contestant| {
        let is_named = kinds.contains(&contestant.word());
        let is_usual = kinds.is_empty() && contestant.carrier == Carrier::Plain;
        contestant.kind == Kind::Floor || is_named || is_usual
    });
    Ok(all)
}

fn measure(
    bench: &Bench,
    contestants: &[Contestant],
    scenarios: &[Scenario],
    rounds: usize,
) -> anyhow::Result<Vec<Table>> {
    let names: Vec<String> = contestants.iter().map(|one| one.name.clone()).collect();
    let mut tables: Vec<(Metric, Table)> = Metric::ALL
        .into_iter()
        .map(|metric| (metric, Table::new(metric.heading(bench.many()), &names)))
        .collect();
    // A contestant that does not get through a storm does not try again: that takes
    // long.
    let mut storm_failed = vec![false; contestants.len()];
    for round in 0..rounds {
        for session in Session::ALL {
            for (row, contestant) in contestants.iter().enumerate() {
                if session == Session::Storm && storm_failed[row] {
                    continue;
                }
                for (metric, figure) in bench.session(session, contestant, scenarios)? {
                    if let Err(note) = &figure {
                        storm_failed[row] |= session == Session::Storm;
                        eprintln!("{}, {metric:?}: {note}", contestant.name);
                    }
                    let table = tables.iter_mut().find(|(of, _)| *of == metric);
                    let (_, table) = table.expect("a table for each metric");
                    table.put(row, round, figure);
                }
            }
        }
        eprintln!("round {} of {rounds} is done", round + 1);
    }
    Ok(tables
        .into_iter()
        .map(|(_, table)| table)
        .filter(|table| !table.is_empty())
        .collect())
}

/// When, where and how.
fn describe(bench: &Bench, options: &Options) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let date = chat_server::runtime::system_clock::now().time.to_seconds();
    let kernel = read("/proc/sys/kernel/osrelease");
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(
            || "unknown processor".to_owned(),
            |(_, name)| name.to_owned(),
        );
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let mut command = "cargo bench -p chat-server --bench fanout".to_owned();
    if !arguments.is_empty() {
        command += " -- ";
        command += &arguments.join(" ");
    }
    vec![
        command,
        format!(
            "{date}, Linux {}, {processor}; {}",
            kernel.trim(),
            bench.cores.describe(options.threads.unwrap_or(1))
        ),
    ]
}

/// Writes CSV and chart, and tells where to.
fn write(options: &Options, tables: &[Table], about: &[String]) -> anyhow::Result<String> {
    let is_whole = !options.quick && options.only.is_empty();
    let folder = match &options.out {
        Some(folder) => folder.clone(),
        None if is_whole => Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results"),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(),
    };
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let name = if options.sweep {
        "fanout-sweep"
    } else {
        "fanout"
    };
    let path = folder.join(name);
    let show = path.display();
    fs::write(path.with_extension("csv"), csv(tables, about))
        .with_context(|| format!("cannot write {show}.csv"))?;
    let svg = if options.sweep {
        chart::lines(tables, about)
    } else {
        chart::bars(tables, about)
    };
    fs::write(path.with_extension("svg"), svg?)
        .with_context(|| format!("cannot write {show}.svg"))?;
    Ok(format!("{show}.csv and .svg"))
}

/// Fails if the floor or ours did, except in the storm, where a note says so.
fn verdict(contestants: &[Contestant], tables: &[Table]) -> ExitCode {
    let failed = tables.iter().any(|table| {
        let is_storm = table.heading.key.starts_with("storm");
        contestants.iter().enumerate().any(|(row, contestant)| {
            let ours = contestant.kind == Kind::Floor || contestant.kind.is_ours();
            ours && !is_storm && table.note(row).is_some()
        })
    });
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
