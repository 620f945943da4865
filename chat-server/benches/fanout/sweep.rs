//! How the cost grows: with clients, with the size of a message, with threads.

use std::time::Duration;

use crate::contestant::Contestant;
use crate::load::{Load, is_interrupted};
use crate::measure::{BURST, Bench, Figure, HALL};
use crate::report::{Heading, Table};

pub(crate) fn run(
    bench: &Bench,
    contestants: &[Contestant],
    rounds: usize,
) -> anyhow::Result<Vec<Table>> {
    let contestants = with_threads(contestants);
    let names: Vec<String> = contestants.iter().map(|one| one.name.clone()).collect();
    let points = points(bench);
    let mut tables: Vec<Vec<Table>> = points
        .iter()
        .map(|point| {
            let headings = point.loads.iter().map(|(heading, _)| heading.clone());
            headings
                .map(|heading| Table::new(heading, &names))
                .collect()
        })
        .collect();
    for round in 0..rounds {
        for (point, tables) in points.iter().zip(&mut tables) {
            for (row, contestant) in contestants.iter().enumerate() {
                let figures = point.measure(bench, contestant)?;
                for (table, figure) in tables.iter_mut().zip(figures) {
                    if let Err(note) = &figure {
                        eprintln!("{}, {}: {note}", contestant.name, table.heading.key);
                    }
                    table.put(row, round, figure);
                }
            }
        }
        eprintln!("round {} of {rounds} is done", round + 1);
    }
    let mut tables: Vec<Table> = tables.into_iter().flatten().collect();
    // By series, as they are read.
    tables.sort_by_key(|table| table.heading.place.map(|(series, _)| series));
    Ok(tables)
}

/// A room, and the loads that it is measured with.
struct Point {
    clients: usize,
    loads: Vec<(Heading, Load)>,
}

fn points(bench: &Bench) -> Vec<Point> {
    let heading = |series, key: &str, at: usize, title: String| Heading {
        key: format!("{key}-{at}"),
        title,
        unit: "ns of server CPU per delivery",
        decimals: 0,
        to_floor: true,
        place: Some((series, at as f64)),
    };
    let mut points: Vec<Point> = CLIENTS
        .into_iter()
        .filter(|&clients| clients <= bench.most_clients)
        .map(|clients| {
            let one = format!("{clients} clients, one message at a time");
            let many = format!("{clients} clients, 10 of them talking, 64 messages in flight");
            Point {
                clients,
                loads: vec![
                    (heading(ONE, "clients-one", clients, one), HALL),
                    (heading(MANY, "clients-many", clients, many), BURST),
                ],
            }
        })
        .collect();
    let sizes = SIZES.into_iter().map(|size| {
        let title = format!("{size} bytes each: 100 clients, 10 talking, 64 messages in flight");
        (heading(SIZE, "size", size, title), Load { size, ..BURST })
    });
    points.push(Point {
        clients: 100,
        loads: sizes.collect(),
    });
    points
}

impl Point {
    fn measure(&self, bench: &Bench, contestant: &Contestant) -> anyhow::Result<Vec<Figure>> {
        let mut figures: Vec<Figure> = Vec::new();
        let result = self.fill(bench, contestant, &mut figures);
        if let Err(error) = result {
            if is_interrupted() {
                return Err(error);
            }
            figures.resize(self.loads.len(), Err(format!("{error:#}")));
        }
        Ok(figures)
    }

    fn fill(
        &self,
        bench: &Bench,
        contestant: &Contestant,
        figures: &mut Vec<Figure>,
    ) -> anyhow::Result<()> {
        let (server, mut crowd) = bench.room(contestant, self.clients)?;
        for (_, load) in &self.loads {
            // A message to 19,000 takes a fifth of a second.
            let time = bench.time + Duration::from_micros(50 * self.clients as u64);
            figures.push(Ok(bench.cost(&server, &mut crowd, *load, time)?));
        }
        Ok(())
    }
}

/// Ours with one thread and with two.
fn with_threads(contestants: &[Contestant]) -> Vec<Contestant> {
    let mut all = Vec::new();
    for contestant in contestants {
        if !contestant.kind.is_ours() || contestant.threads.is_some() {
            all.push(contestant.clone());
            continue;
        }
        for (threads, name) in [(1, "1 thread"), (2, "2 threads")] {
            let mut one = contestant.clone();
            one.name = format!("{}, {name}", contestant.name);
            one.threads = Some(threads);
            all.push(one);
        }
    }
    all
}

const CLIENTS: [usize; 5] = [10, 100, 1000, 10_000, 19_000];

const SIZES: [usize; 5] = [16, 64, 256, 1024, 4096];

/// The series, in their order.
const ONE: &str = "1: clients, one message at a time";
const MANY: &str = "2: clients, 64 messages in flight";
const SIZE: &str = "3: bytes in a message";
