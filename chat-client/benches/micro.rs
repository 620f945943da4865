//! The stages of a line's way through the client, each by itself:
//! `cargo bench -p chat-client --bench micro`.
//!
//! An object of the server into an event, through the conversation into a
//! [`Line`], and a `Line` into a row; without the socket and the terminal.

use std::hint::black_box;
use std::time::Instant;

use chat_client::conversation::{Conversation, JoinOptions};
use chat_client::output::line::{Kind, Line, Speaker};
use chat_client::output::style::{Bell, Colors, Style, TimeStyle};
use chat_client::random::Random;
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_proto::text::Text;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use jiff::tz::TimeZone;

criterion_group!(benches, decode, converse, render);
criterion_main!(benches);

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    let line = message(1);
    let line = line.trim_end();
    // Members that this version does not know make it take the long way.
    let longer = line.replace("{\"seq\"", "{\"new\":0,\"seq\"");
    for (name, line) in [("a message", line), ("any other order", &*longer)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| json_form::parse_server_message(black_box(line)).is_ok());
        });
    }
    group.finish();
}

fn converse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("converse");
    group.throughput(Throughput::Elements(LINES));
    let now = Instant::now();
    let random = Random::with_key(&[0; 16]);
    let mut conversation = Conversation::new(JoinOptions::default(), random, now);
    let mut hear = |bytes: &str| {
        let heard = conversation.receive(black_box(bytes.as_bytes()), now);
        heard.expect("lines");
        conversation.shown().drain(..).count()
    };
    hear(concat!(
        "\r-- chat/1\n",
        r#"{"seq":0,"time":"2026-11-23T10:00:00.000Z","type":"welcome","protocol":1,"#,
        r#""name":"ann","people":2,"names":["ann","bo"],"#,
        r#""limits":{"text":4096,"line":32768,"name":32}}"#,
        "\n"
    ));
    let lines: String = (1..=LINES).map(message).collect();
    assert_eq!(hear(&lines), LINES as usize);
    group.bench_function("messages", |bencher| bencher.iter(|| hear(&lines)));
    group.finish();
}

fn render(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Elements(1));
    let name = |name| Name::choose(name).expect("a name");
    let me = name("ann");
    let line = Line::new(
        "2026-11-23T10:00:00.000Z".parse().ok(),
        Kind::Message {
            speaker: Some(Speaker::in_use(name("bo"))),
            text: Text::clean(&said(1)).expect("a text"),
        },
    );
    for (label, time) in [("a row", TimeStyle::None), ("with time", TimeStyle::Short)] {
        let zone = TimeZone::system();
        let mut style = Style::new(Colors::On, time, Bell::Mention, zone, Timestamp::now);
        let mut out = String::new();
        group.bench_function(label, |bencher| {
            bencher.iter(|| {
                out.clear();
                style.render(black_box(&line), Some(&me), &mut out);
            });
        });
    }
    group.finish();
}

fn said(seq: u64) -> String {
    format!("{} {seq:06}", "x".repeat(67))
}

fn message(seq: u64) -> String {
    format!(
        "{{\"seq\":{seq},\"time\":\"2026-11-23T10:00:00.000Z\",\"type\":\"message\",\
         \"name\":\"bo\",\"text\":\"{}\"}}\n",
        said(seq)
    )
}

const LINES: u64 = 100;
