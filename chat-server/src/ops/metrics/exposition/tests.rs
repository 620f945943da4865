use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::net::admission::Refusal;
use crate::ops::histogram::Histogram;
use crate::ops::metrics::figures::BARS;
use crate::ops::metrics::process::Process;
use crate::room::origin::ServerId;
use crate::runtime::census::{Census, HistoryFigures, RoomFigures};
use crate::sequencer::{Flow, Progress};

/// Figures of a server with everything that there can be.
fn figures() -> Figures {
    let times = Histogram::default();
    times.add(Duration::from_micros(20));
    times.add(Duration::from_millis(3));
    let reasons = Refusal::ALL.iter().map(|refusal| refusal.label());
    let order = Progress {
        server: Some(ServerId(2)),
        servers: 3,
        waits_since: None,
        entries: 16,
        again: 17,
    };
    Figures {
        started: Duration::from_secs(1_795_000_000),
        census: Census {
            states: [1, 2, 3, 4, 5, 6, 7],
            lagging: 8,
            replaying: 9,
            slowest: 10,
        },
        room: RoomFigures {
            people: 11,
            messages: 12,
            events: 13,
            history: Some(HistoryFigures {
                unsynced: 14,
                ..HistoryFigures::default()
            }),
            order: Some((order, Flow::Stands)),
            ..RoomFigures::default()
        },
        unsynced: Duration::from_millis(1_500),
        order_waits: Duration::from_millis(2_500),
        refused: reasons.chain(BARS).zip(20..).collect(),
        rounds: times.read(),
        process: Process {
            resident: Some(15),
            cpu: Some(1.5),
        },
        ..Figures::default()
    }
}

/// What the page says of each metric: its type and its help.
fn described(page: &str) -> BTreeMap<String, (String, String)> {
    let mut metrics: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in page.lines() {
        let described = line.strip_prefix("# ").and_then(|it| it.split_once(' '));
        let Some((what, rest)) = described else {
            continue;
        };
        let (name, rest) = rest.split_once(' ').unwrap();
        let entry = metrics.entry(name.to_owned()).or_default();
        match what {
            "TYPE" => entry.0 = rest.to_owned(),
            "HELP" => entry.1 = rest.to_owned(),
            _ => panic!("{line}"),
        }
    }
    metrics
}

/// Each sample belongs to a metric with a type and a help, and follows the conventions
/// for names.
#[test]
fn each_metric_is_described() {
    let page = exposition(figures(), Format::Prometheus);
    let metrics = described(&page);
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let parts = ["_bucket", "_sum", "_count"];
        let family = parts.iter().find_map(|part| name.strip_suffix(part));
        let family = family.and_then(|family| metrics.get(family));
        let family = family.filter(|(kind, _)| kind == "histogram");
        let (kind, help) = family.or_else(|| metrics.get(name)).expect(line);
        assert!(help.len() > 10, "{line}: {help}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        assert!(name.starts_with("chat_") || name.starts_with("process_"));
        let value = line.rsplit_once(' ').unwrap().1;
        value.parse::<f64>().expect(line);
    }
}

#[test]
fn values_stand_where_they_belong() {
    let page = exposition(figures(), Format::Prometheus);
    for line in [
        "chat_people 11",
        "chat_messages_total 12",
        "chat_connections{state=\"handshake\"} 1",
        "chat_connections{state=\"room\"} 4",
        "chat_connections{state=\"leaving\"} 7",
        "chat_refusals_total{reason=\"full\"} 20",
        "chat_refusals_total{reason=\"password\"} 31",
        "chat_slowest_reader_bytes 10",
        "chat_round_seconds_bucket{le=\"1e-05\"} 0",
        "chat_round_seconds_bucket{le=\"2.5e-05\"} 1",
        "chat_round_seconds_bucket{le=\"0.0025\"} 1",
        "chat_round_seconds_bucket{le=\"0.005\"} 2",
        "chat_round_seconds_bucket{le=\"+Inf\"} 2",
        "chat_round_seconds_count 2",
        "chat_history_writable 1",
        "chat_history_unsynced_bytes 14",
        "chat_history_unsynced_seconds 1.5",
        "chat_cluster_server 2",
        "chat_cluster_servers 3",
        "chat_cluster_flow 2",
        "chat_cluster_waiting_seconds 2.5",
        "chat_cluster_entry 16",
        "chat_cluster_records_again_total 17",
        "process_start_time_seconds 1795000000.0",
        "process_resident_memory_bytes 15",
        "process_cpu_seconds_total 1.5",
    ] {
        let is_there = page.lines().any(|there| there == line);
        assert!(is_there, "no {line} in:\n{page}");
    }
}

/// Where there is no history there is nothing to say of it.
#[test]
fn only_a_history_that_is_kept_has_metrics() {
    let figures = Figures {
        room: RoomFigures::default(),
        ..figures()
    };
    let page = exposition(figures, Format::Prometheus);
    assert!(!page.contains("chat_history"), "{page}");
    assert!(!page.contains("chat_cluster"), "nor of an order: {page}");
}

#[test]
fn the_other_format_has_the_same_metrics() {
    let page = exposition(figures(), Format::OpenMetrics);
    assert!(page.ends_with("\n# EOF\n"));
    assert!(page.contains("\n# TYPE chat_messages counter\n"));
    assert!(page.contains("\nchat_messages_total 12\n"));
    // It puts sums before buckets, and writes some bounds in another way.
    let samples = |page: &str| {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let names = lines.map(|line| line.split(['{', ' ']).next().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let other = exposition(figures(), Format::Prometheus);
    assert_eq!(samples(&page), samples(&other));
}

/// The page of the server has a table of the metrics, in the order of their names.
#[test]
fn the_readme_lists_all_metrics() {
    let readme = include_str!("../../../../README.md");
    let page = exposition(figures(), Format::Prometheus);
    let metrics = described(&page);
    let rows = metrics
        .iter()
        .map(|(name, (kind, help))| format!("| `{name}` | {kind} | {help} |\n"));
    let table: String = rows.collect();
    assert!(
        readme.contains(&table),
        "chat-server/README.md, section Monitoring, is to have:\n{table}"
    );
    // What it says of alerts as well.
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = readme.split(|letter| !is_part(letter));
    for name in words.filter(|word| word.starts_with("chat_")) {
        let family = name.strip_suffix("_bucket").unwrap_or(name);
        assert!(metrics.contains_key(family), "there is no {name}");
    }
}

/// The board for Grafana asks for nothing that is not there.
#[test]
fn the_board_names_metrics_that_exist() {
    let board = include_str!("../../../../dist/grafana.json");
    let board: serde_json::Value = serde_json::from_str(board).unwrap();
    let page = exposition(figures(), Format::Prometheus);
    let metrics = described(&page);
    let panels = board["panels"].as_array().unwrap();
    let mut named = BTreeSet::new();
    for panel in panels {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let query = target["expr"].as_str().unwrap();
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let words = query.split(|letter| !is_part(letter));
            let names = words.filter(|it| it.starts_with("chat_") || it.starts_with("process_"));
            let before = named.len();
            for name in names {
                let family = name.strip_suffix("_bucket").unwrap_or(name);
                assert!(metrics.contains_key(family), "{name} in {query}");
                named.insert(family.to_owned());
            }
            assert!(named.len() > before || query.contains("chat_"), "{query}");
        }
    }
    for name in [
        "chat_people",
        "chat_messages_total",
        "chat_deliveries_total",
        "chat_slowest_reader_bytes",
        "chat_round_seconds",
        "chat_refusals_total",
        "chat_history_unsynced_seconds",
        "chat_tls_handshakes_total",
        "process_resident_memory_bytes",
    ] {
        assert!(named.contains(name), "no panel for {name}");
    }
    let variables = board["templating"]["list"].as_array().unwrap();
    let is_source =
        |it: &serde_json::Value| it["name"] == "datasource" && it["type"] == "datasource";
    assert!(variables.iter().any(is_source));
}
