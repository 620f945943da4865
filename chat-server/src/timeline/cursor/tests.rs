mod hidden;

use std::time::Instant;

use super::*;
use crate::clock::Now;
use crate::hub::Hub;
use crate::hub::testing::Said;
use crate::room::identity::tests::identity;
use crate::timeline::Timeline;
use crate::timeline::log::ORIGIN;
use crate::timeline::mark::Form;
use crate::timeline::replay::{Files, NoFiles, Piece, Reader, Wanted};
use chat_proto::event::{Body, Event, MessageId, Speech, SpeechKind, Timestamp};
use chat_proto::moderation::{Measure, MeasureKind, Remark};
use chat_proto::name::Name;
use chat_proto::text::Text;
use chat_proto::{json_form, text_form};
use proptest::prelude::*;

/// What one reader is to get, kept as plain bytes beside the real thing.
struct Model {
    form: Form,
    reader: Cursor,
    expected: Vec<Item>,
    got: Vec<u8>,
    page: Page,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Event(Vec<u8>),
    Reply(Vec<u8>),
}

impl Item {
    fn bytes(&self) -> &[u8] {
        let (Self::Event(bytes) | Self::Reply(bytes)) = self;
        bytes
    }
}

/// The files of a room, in memory.
#[derive(Default)]
struct Everything {
    bytes: Vec<u8>,
    starts: Vec<u64>,
}

impl Files for Everything {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        let near = (seq - 1) / 5 * 5;
        Some((near + 1, *self.starts.get(near as usize)?))
    }

    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        let next = self
            .starts
            .partition_point(|start| *start < position + least);
        Some((next as u64 + 1, *self.starts.get(next)?))
    }

    fn held(&self, position: u64) -> u64 {
        ORIGIN + self.bytes.len() as u64 - position
    }
}

impl Everything {
    fn read(&self, wanted: Wanted) -> Piece {
        let from = (wanted.position - ORIGIN) as usize;
        let bytes = self.bytes[from..from + wanted.most].to_vec();
        Piece {
            wanted,
            bytes: Ok(bytes),
        }
    }
}

fn room() -> Hub {
    Hub::new(identity(), 1)
}

/// A room with a history.
fn kept_room() -> Hub {
    let mut hub = room();
    hub.timeline.keep(1, ORIGIN, u64::MAX);
    hub
}

/// Says something; where it lies.
fn say(hub: &mut Hub, name: &str, text: &str) -> crate::timeline::mark::Place {
    let name = Name::choose(name).unwrap();
    let speech = Speech {
        name,
        text: Text::clean(text).unwrap(),
        held: None,
        id: None::<MessageId>,
        tag: None,
    };
    let now = Now {
        time: Timestamp::from_unix_milliseconds(0),
        instant: Instant::now(),
    };
    match hub.say(speech, None, SpeechKind::Message, now) {
        Said::New(place) => place,
        other => panic!("{other:?}"),
    }
}

fn bytes_of(log: &Log, range: Range<u64>) -> Vec<u8> {
    log.bytes(range).flatten().copied().collect()
}

impl Model {
    fn new(form: Form, hub: &Hub) -> Self {
        let mut reader = Cursor::held_at(hub.timeline.log(form).head());
        reader.go_on(hub.timeline.live_from(form));
        Self {
            form,
            reader,
            expected: Vec::new(),
            got: Vec::new(),
            page: Page::default(),
        }
    }

    fn reply(&mut self, hub: &Hub, text: &str) {
        let line = format!("-- {text}\n").into_bytes();
        let position = hub.timeline.reply_mark().of(self.form);
        self.reader
            .reply(position, |out| out.extend_from_slice(&line));
        self.expected.push(Item::Reply(line));
    }

    /// Sends once, at most so much.
    fn send(&mut self, hub: &Hub, files: Option<&Everything>, most: usize) {
        let shown = hub.timeline.view(self.form);
        let mut slices = Slices::new();
        self.reader.slices(&shown, &mut slices);
        let bytes: Vec<u8> = slices
            .as_slice()
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        assert_eq!(bytes.len(), slices.bytes());
        let taken = most.min(bytes.len());
        self.got.extend_from_slice(&bytes[..taken]);
        self.reader.advance(taken);
        if !bytes.is_empty() {
            return;
        }
        let Some(replay) = self.reader.due(&shown) else {
            return;
        };
        let time = Timestamp::from_unix_milliseconds(0);
        let no_files: &dyn Files = &NoFiles;
        let all = files.map_or(no_files, |files| files);
        let mut piece = None;
        while let Some(wanted) = self.page.fill(
            replay,
            Reader::ordinary(self.form),
            &hub.timeline.source(),
            all,
            piece,
            time,
        ) {
            piece = files.map(|files| files.read(wanted));
        }
        assert_eq!(self.page.failure(), None);
        let taken = most.min(self.page.bytes().len());
        self.got.extend_from_slice(&self.page.bytes()[..taken]);
        self.reader.page_sent(taken, &self.page);
    }

    fn drain(&mut self, hub: &Hub, files: Option<&Everything>) {
        while self.reader.pending(&hub.timeline.view(self.form)) != Pending::Nothing {
            let before = (self.got.len(), format!("{:?}", self.reader));
            self.send(hub, files, usize::MAX);
            let after = (self.got.len(), format!("{:?}", self.reader));
            assert_ne!(before, after, "stuck");
        }
    }

    /// Whether it got everything, but for gaps that are told with their size.
    fn check(&self) {
        let mut rest = &self.got[..];
        let mut items = self.expected.iter();
        while !rest.is_empty() {
            let end = rest.iter().position(|&byte| byte == b'\n').unwrap();
            if let Some(missed) = missed(&rest[..end]) {
                for _ in 0..missed {
                    assert!(matches!(items.next(), Some(Item::Event(_))));
                }
                rest = &rest[end + 1..];
                continue;
            }
            let item = items.next().expect("no more than is expected");
            assert!(
                rest.starts_with(item.bytes()),
                "{:?} instead of {:?}",
                String::from_utf8_lossy(&rest[..rest.len().min(60)]),
                String::from_utf8_lossy(item.bytes())
            );
            rest = &rest[item.bytes().len()..];
        }
        assert_eq!(items.next(), None);
    }
}

/// How many events are missing, if a line tells that.
fn missed(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).unwrap();
    let rest = match line.split_once(r#""type":"gap","missed":"#) {
        Some((_, rest)) => rest,
        None => line.trim_start().strip_prefix("-- you missed ")?,
    };
    let digits = rest.split([' ', '}', ',']).next()?;
    Some(digits.parse().unwrap())
}

#[derive(Debug, Clone)]
enum Step {
    Event {
        by: usize,
        length: usize,
        lines: usize,
    },
    Reply {
        to: usize,
    },
    Send {
        to: usize,
        most: usize,
    },
    Show,
    Trim,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0usize..5, 1usize..4000, 1usize..4).prop_map(|(by, length, lines)| Step::Event {
            by,
            length,
            lines
        }),
        1 => (0usize..4).prop_map(|to| Step::Reply { to }),
        2 => (0usize..4, 0usize..50_000).prop_map(|(to, most)| Step::Send { to, most }),
        3 => Just(Step::Show),
        2 => Just(Step::Trim),
    ];
    proptest::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Readers that take little and seldom, while the log is cut away behind them. With
    /// files nothing is missing; without files, only what they are told of.
    #[test]
    fn every_reader_gets_what_the_model_says(steps in steps(), kept in any::<bool>()) {
        let mut hub = if kept { kept_room() } else { room() };
        let mut files = Everything::default();
        let mut readers: Vec<Model> = [Form::Text, Form::Text, Form::Text, Form::Json]
            .map(|form| Model::new(form, &hub))
            .into();
        for (index, step) in steps.into_iter().enumerate() {
            match step {
                Step::Event { by, length, lines } => {
                    // Only files can bring the rest of a message of many lines.
                    let lines = if kept { lines } else { 1 };
                    let line = format!("{index} {}", "x".repeat(length / lines));
                    let text = vec![line; lines].join("\n");
                    let place = say(&mut hub, &format!("p{by}x"), &text);
                    let line = bytes_of(hub.timeline.log(Form::Json), place.json.clone());
                    files.starts.push(ORIGIN + files.bytes.len() as u64);
                    files.bytes.extend(&line);
                    hub.timeline.set_safe(hub.timeline.head().json);
                    for (index, model) in readers.iter_mut().enumerate() {
                        let place = match model.form {
                            Form::Text => place.text.clone(),
                            Form::Json => place.json.clone(),
                        };
                        if index == by && model.form == Form::Text {
                            model.reader.skip(place);
                        } else {
                            let event = bytes_of(hub.timeline.log(model.form), place);
                            model.expected.push(Item::Event(event));
                        }
                    }
                }
                Step::Reply { to } => readers[to].reply(&hub, &format!("reply {index}")),
                Step::Send { to, most } => readers[to].send(&hub, kept.then_some(&files), most),
                Step::Show => hub.timeline.show_all(),
                Step::Trim => {
                    for model in &mut readers {
                        let (log, point) = (hub.timeline.log(model.form), hub.timeline.live_from(model.form));
                        if model.reader.needs_before(point) {
                            model.reader.fall_behind(log, point);
                        }
                    }
                    hub.timeline.trim([u64::MAX; 2]);
                }
            }
        }
        hub.timeline.show_all();
        for model in &mut readers {
            model.drain(&hub, kept.then_some(&files));
            prop_assert_eq!(model.reader.private_bytes(), 0);
            prop_assert_eq!(model.reader.detours(), 0);
            model.check();
            let mut lines = model.got.split(|&byte| byte == b'\n');
            prop_assert!(!kept || lines.all(|line| missed(line).is_none()));
        }
    }
}

#[test]
fn nothing_is_sent_before_it_is_shown() {
    let mut hub = kept_room();
    let mut model = Model::new(Form::Json, &hub);
    say(&mut hub, "ann", "hi");
    model.reply(&hub, "pong");
    model.drain(&hub, None);
    assert_eq!(model.got, b"");
    // While nothing can be kept, answers go out before the events that wait.
    hub.timeline.set_trouble(Some(Text::clean("full").unwrap()));
    model.reply(&hub, "refused");
    model.drain(&hub, None);
    assert_eq!(model.got, b"-- refused\n");
    hub.timeline.set_trouble(None);
    hub.timeline.show_all();
    model.drain(&hub, None);
    let got = String::from_utf8(model.got).unwrap();
    assert!(got.contains("hi") && got.ends_with("-- pong\n"), "{got}");
}

/// Also behind lines of the reader's own that are not shown yet.
#[test]
fn replies_come_in_the_order_in_which_they_were_made() {
    let mut hub = kept_room();
    hub.timeline.show_late();
    let mut model = Model::new(Form::Text, &hub);
    say(&mut hub, "bo", "hi");
    hub.timeline.show_all();
    let own = say(&mut hub, "ann", "hello");
    model.reader.skip(own.text);
    model.reply(&hub, "one");
    model.reply(&hub, "two");
    model.drain(&hub, None);
    assert_eq!(model.got, b"\r<bo> hi\n-- one\n-- two\n");
}

/// There is no queue for a reader.
#[test]
fn a_thousand_stopped_readers_cost_a_few_numbers_each() {
    let mut hub = room();
    let mut readers: Vec<Model> = (0..1000).map(|_| Model::new(Form::Text, &hub)).collect();
    for _ in 0..200 {
        say(&mut hub, "ann", &"x".repeat(4000));
        hub.timeline.show_all();
        for model in &mut readers {
            let point = hub.timeline.live_from(Form::Text);
            if model.reader.needs_before(point) {
                model
                    .reader
                    .fall_behind(hub.timeline.log(Form::Text), point);
            }
        }
        hub.timeline.trim([u64::MAX; 2]);
    }
    for model in &readers {
        assert_eq!(model.reader.private_bytes(), 0);
        assert_eq!(model.reader.detours(), 1);
    }
}

#[test]
fn a_held_reader_gets_replies_but_no_events() {
    let mut hub = room();
    let mut model = Model::new(Form::Text, &hub);
    model.reader = Cursor::held_at(0);
    say(&mut hub, "ann", "hi");
    hub.timeline.show_all();
    model.reply(&hub, "reply");
    model.drain(&hub, None);
    assert_eq!(model.got, b"-- reply\n");
    model.reader.go_on(hub.timeline.live_from(Form::Text));
    model.drain(&hub, None);
    assert_eq!(model.got, b"-- reply\n\r<ann> hi\n");
}

#[test]
fn a_held_reader_begins_with_a_whole_event_though_the_log_was_cut() {
    let mut hub = room();
    let mut model = Model::new(Form::Text, &hub);
    model.reader = Cursor::held_at(0);
    model.reply(&hub, "greeting");
    for _ in 0..200 {
        say(&mut hub, "ann", &"x".repeat(999));
    }
    hub.timeline.show_all();
    hub.timeline.trim([u64::MAX; 2]);
    assert!(hub.timeline.log(Form::Text).start() > 0);
    model.reader.go_on(hub.timeline.live_from(Form::Text));
    model.send(&hub, None, 20);
    model.drain(&hub, None);
    let log = hub.timeline.log(Form::Text);
    assert_eq!(
        model.got,
        [
            &b"-- greeting\n"[..],
            &bytes_of(log, log.start()..log.head())
        ]
        .concat()
    );
}

#[test]
fn another_log_is_begun_after_a_whole_line() {
    let mut hub = room();
    let mut model = Model::new(Form::Text, &hub);
    say(&mut hub, "ann", "one line");
    say(&mut hub, "ann", "another");
    hub.timeline.show_all();
    model.reply(&hub, "reply");
    model.send(&hub, None, 3);
    let old = hub.timeline.log(Form::Text);
    model.reader.change_log(old, hub.timeline.head().json);
    model.form = Form::Json;
    let place = say(&mut hub, "ann", "after");
    hub.timeline.show_all();
    model.drain(&hub, None);
    let after = bytes_of(hub.timeline.log(Form::Json), place.json);
    assert_eq!(
        model.got,
        [&b"\r<ann> one line\n-- reply\n"[..], &after].concat()
    );
    assert!(json_form::is_speech(&after));
}

#[test]
fn an_idle_reader_holds_no_buffer() {
    let hub = room();
    let mut model = Model::new(Form::Text, &hub);
    model.reply(&hub, "hi");
    model.drain(&hub, None);
    assert!(model.reader.waiting.is_none());
}
