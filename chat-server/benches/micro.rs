//! The parts of a message's way that are ours, each by itself:
//! `cargo bench -p chat-server --bench micro`.
//!
//! Lines out of bytes, an event into bytes in both forms, and the log with a
//! reader behind it, without the system calls between them; and what a round of
//! a kept room costs the loop, system call included, also while another thread
//! syncs the same file without a pause.

use std::fs::File;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chat_proto::event::{Body, Event, Speech, SpeechKind, Timestamp};
use chat_proto::framing::LineDecoder;
use chat_proto::name::Name;
use chat_proto::text::Text;
use chat_proto::{json_form, text_form};
use chat_server::room::origin::ClientId;
use chat_server::room::request::{Act, Fallback};
use chat_server::runtime::server::LOG_BYTES;
use chat_server::runtime::system_clock::now;
use chat_server::storage::{History, Options, Storage, SyncMode};
use chat_server::timeline::cursor::{Cursor, Pending};
use chat_server::timeline::log::Log;
use chat_server::timeline::log::View;
use chat_server::timeline::slices::Slices;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

criterion_group!(benches, decode, encode, log, keep);
criterion_main!(benches);

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let lines = format!("{}\n", said()).repeat(LINES);
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("whole lines", |bencher| {
        let mut decoder = LineDecoder::default();
        bencher.iter(|| take_lines(&mut decoder, black_box(lines.as_bytes())));
    });
    // As TCP cuts them: each piece ends in the middle of a line.
    group.bench_function("lines in pieces", |bencher| {
        let mut decoder = LineDecoder::default();
        bencher.iter(|| {
            for piece in black_box(lines.as_bytes()).chunks(100) {
                take_lines(&mut decoder, piece);
            }
        });
    });
    let object = format!("{{\"type\":\"message\",\"text\":\"{}\"}}", said());
    group.throughput(Throughput::Elements(1));
    group.bench_function("JSON command", |bencher| {
        bencher.iter(|| {
            json_form::parse_command(black_box(&object), chat_proto::event::Rank::Ordinary).is_ok()
        });
    });
    group.bench_function("text command", |bencher| {
        bencher.iter(|| {
            text_form::parse_command(black_box(&object), chat_proto::event::Rank::Ordinary).is_ok()
        });
    });
    group.finish();
}

fn take_lines(decoder: &mut LineDecoder, mut input: &[u8]) {
    while let Ok(Some(line)) = decoder.next_line(&mut input, text_form::MAX_LINE) {
        black_box(&line);
    }
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    let event = event();
    let mut out = Vec::new();
    group.bench_function("text form", |bencher| {
        bencher.iter(|| {
            out.clear();
            text_form::encode_event(black_box(&event), &mut out);
        });
    });
    group.bench_function("JSON form", |bencher| {
        bencher.iter(|| {
            out.clear();
            json_form::encode_event(black_box(&event), &mut out);
        });
    });
    group.finish();
}

fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    let mut line = Vec::new();
    text_form::encode_event(&event(), &mut line);
    group.throughput(Throughput::Elements(1));
    group.bench_function("append and trim", |bencher| {
        let mut log = Log::new(CAPACITY, 0, 1);
        bencher.iter(|| {
            log.append(|out| out.extend_from_slice(black_box(&line)));
            log.trim(log.trim_point(u64::MAX));
        });
    });
    let mut log = Log::new(CAPACITY, 0, 1);
    for _ in 0..1000 {
        log.append(|out| out.extend_from_slice(&line));
    }
    let before = log.head();
    for _ in 0..8 {
        log.append(|out| out.extend_from_slice(&line));
    }
    let shown = View {
        log: &log,
        until: log.head(),
        seq: log.next() - 1,
        first: log.first(),
    };
    // The work for each person in each round of the server's loop.
    group.bench_function("a round for a reader", |bencher| {
        bencher.iter(|| {
            let mut reader = Cursor::held_at(before);
            reader.go_on(log.start());
            take_all(&mut reader, &shown)
        });
    });
    group.bench_function("a round for one who talks", |bencher| {
        let own = before + line.len() as u64;
        bencher.iter(|| {
            let mut reader = Cursor::held_at(before);
            reader.go_on(log.start());
            reader.skip(own..own + line.len() as u64);
            take_all(&mut reader, &shown)
        });
    });
    group.finish();
}

fn keep(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keep");
    for (name, synced) in [("a message", false), ("a message during a sync", true)] {
        let directory = tempfile::tempdir().expect("a directory");
        let options = Options {
            path: directory.path().join("room"),
            sync: SyncMode::Off,
            keep: 1 << 30,
        };
        let path = options.path.clone();
        let opened = History::open(options, LOG_BYTES, now(), &mut Vec::new());
        let (mut history, mut hub) = opened.expect("a history");
        let Body::Message(speech) = event().body else {
            return;
        };
        let client = ClientId {
            worker: 0,
            key: 0,
            generation: 0,
        };
        let enter = Act::Enter {
            wanted: speech.name.clone(),
            fallback: Fallback::Numbered,
            key: None,
            from: None,
        };
        hub.propose(client, enter, now());
        let done = AtomicBool::new(!synced);
        thread::scope(|scope| {
            let file = File::open(&path).expect("the history");
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    file.sync_data().expect("a sync");
                }
            });
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let now = now();
                    let say = Act::Say {
                        kind: SpeechKind::Message,
                        text: speech.text.clone(),
                        id: None,
                    };
                    hub.propose(client, say, now);
                    let news = history.keep(&mut hub, now);
                    hub.trim([u64::MAX; 2], now);
                    news
                });
            });
            done.store(true, Ordering::Relaxed);
        });
    }
    group.finish();
}

fn take_all(reader: &mut Cursor, shown: &View<'_>) -> u64 {
    while reader.pending(shown) != Pending::Nothing {
        let mut slices = Slices::new();
        reader.slices(shown, &mut slices);
        let count = black_box(slices.as_slice().len()).min(1) * slices.bytes();
        reader.advance(count);
    }
    reader.position()
}

fn event() -> Event {
    Event {
        seq: 123_456,
        time: Timestamp::from_unix_milliseconds(1_795_000_000_123),
        body: Body::Message(Speech {
            name: Name::choose("ann").expect("a name"),
            text: Text::clean(&said()).expect("a text"),
            held: None,
            id: None,
            tag: None,
        }),
    }
}

/// 64 bytes.
fn said() -> String {
    "x".repeat(64)
}

const LINES: usize = 100;

const CAPACITY: u64 = 6 * 1024 * 1024;
