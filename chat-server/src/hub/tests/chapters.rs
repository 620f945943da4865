//! The chapters of a shared room, which are the same whatever a server keeps.

use chat_proto::command::Resume;
use chat_proto::event::MessageId;

use super::several::enter;
use super::*;
use crate::room::origin::ServerId;
use crate::room::request::Act;
use crate::sequencer::shared::SharedOrder;

/// Two servers, the second one of which keeps as little as it can.
struct Test {
    order: SharedOrder,
    hubs: [Hub; 2],
}

const CHAPTER: u64 = 20_000;

impl Test {
    fn new() -> Self {
        let order = SharedOrder::new().with_chapters(CHAPTER);
        let server = |(number, capacity)| {
            let mut hub = Hub::new(identity(), capacity);
            hub.set_sequencer(order.of(ServerId(number)));
            hub
        };
        let hubs = [(0, 1 << 20), (1, 1)].map(server);
        let mut test = Self { order, hubs };
        test.ask(enter("ann"));
        test
    }

    /// A connection of the first server asks for something; what came of it.
    fn ask(&mut self, act: Act) -> Outcome {
        let now = now();
        assert!(self.hubs[0].propose(client(1), act, now).is_none());
        let waiting = self.order.state().proposed.len();
        self.order.state().place(waiting);
        for hub in &mut self.hubs {
            hub.advance(now);
            hub.timeline.show_all();
        }
        self.hubs[1].trim([u64::MAX; 2], now);
        assert_eq!(self.order.state().proposed.len(), 0);
        let mut outcomes = self.hubs[0].take_outcomes();
        outcomes.pop().expect("one").1.outcome
    }

    fn say(&mut self, id: Option<&str>) -> Outcome {
        self.ask(Act::Say {
            kind: SpeechKind::Message,
            text: notice(&"x".repeat(3000)),
            id: id.and_then(MessageId::new),
        })
    }

    /// Says things until another chapter begins.
    fn fill_chapter(&mut self) {
        let chapter = self.hubs[0].chapters().cloned();
        let first = |chapters: &Option<Chapters>| chapters.as_ref().and_then(Chapters::first);
        while first(&self.hubs[0].chapters().cloned()) == first(&chapter) {
            self.say(None);
        }
    }
}

/// Whether an event of a server opens the room.
fn is_opening(hub: &Hub, seq: u64) -> bool {
    let line = hub.timeline.log(Form::Json).event(seq).expect("it is held");
    let line = std::str::from_utf8(line).expect("text");
    line.contains("\"type\":\"room\"")
}

#[test]
fn a_chapter_begins_with_an_opening_when_the_one_before_it_is_full() {
    let mut test = Test::new();
    let starts: Vec<u64> = (0..20)
        .map(|_| {
            test.fill_chapter();
            test.hubs[0].chapters().unwrap().first().unwrap()
        })
        .collect();
    let hub = &test.hubs[0];
    let json = hub.timeline.log(Form::Json);
    for seq in json.first()..json.next() {
        let is_start = seq == 1 || starts.contains(&seq);
        assert_eq!(is_opening(hub, seq), is_start, "event {seq}");
    }
    for chapter in starts.windows(2) {
        let [from, to] = [chapter[0] + 1, chapter[1]].map(|seq| json.position_of(seq).unwrap());
        assert!((CHAPTER..CHAPTER + 4000).contains(&(to - from)));
    }
}

/// What one server drops is not what the room forgets.
#[test]
fn messages_are_forgotten_with_their_chapter_at_each_server() {
    let mut test = Test::new();
    let id = Some("0123456789abcdef0123456789abcdef");
    assert!(matches!(test.say(id), Outcome::Said { .. }));
    for _ in 0..8 {
        test.fill_chapter();
        assert!(matches!(test.say(id), Outcome::SaidBefore { .. }));
    }
    let json = test.hubs[1].timeline.log(Form::Json);
    assert!(json.first() > 2, "the second server does not hold it");
    test.fill_chapter();
    assert!(matches!(test.say(id), Outcome::Said { .. }));
    let rooms = test.hubs.each_ref().map(|hub| format!("{:?}", hub.room()));
    assert_eq!(rooms[0], rooms[1]);
    assert_eq!(test.hubs[0].chapters(), test.hubs[1].chapters());
}

#[test]
fn a_chapter_is_held_for_servers_that_come_later() {
    let mut test = Test::new();
    for _ in 0..30 {
        test.say(None);
        let [one, other] = test.hubs.each_ref().map(|hub| hub.chapter_lines().unwrap());
        assert_eq!(one, other);
        let first = test.hubs[0].chapters().unwrap().first().unwrap();
        let json = test.hubs[0].timeline.log(Form::Json);
        let from = json.position_of(first).unwrap();
        let bytes: Vec<u8> = json.bytes(from..json.head()).flatten().copied().collect();
        assert_eq!(one, bytes);
    }
}

/// While nothing can be kept what the others say is still applied, until it is too much.
#[test]
fn a_server_that_can_keep_nothing_reads_no_further() {
    let mut test = Test::new();
    let hub = &mut test.hubs[1];
    hub.timeline.keep(1, 0, 1 << 30);
    hub.timeline.set_trouble(Some(notice("the disk is full")));
    let shown = hub.timeline.shown();
    let mut said = 0;
    while test.hubs[0].timeline.head() == test.hubs[1].timeline.head() {
        let text = notice(&"x".repeat(3000));
        let act = Act::Say {
            kind: SpeechKind::Message,
            text,
            id: None,
        };
        test.hubs[0].propose(client(1), act, now());
        test.order.state().place(1);
        test.hubs[0].advance(now());
        test.hubs[1].advance(now());
        said += 1;
        assert!(said < 1000, "it has to stop");
    }
    assert!(said > 300);
    let hub = &mut test.hubs[1];
    assert_eq!(hub.timeline.shown(), shown);
    hub.timeline.set_trouble(None);
    hub.advance(now());
    assert_eq!(test.hubs[0].timeline.head(), test.hubs[1].timeline.head());
}

/// Another server may have shown a program what is not safe on the disk of this one.
#[test]
fn a_program_from_another_server_goes_on_though_this_one_is_behind() {
    let mut test = Test::new();
    let hub = &mut test.hubs[1];
    hub.timeline.keep(1, 0, 1 << 30);
    hub.timeline.show_late();
    let mark = hub.timeline.reply_mark();
    for _ in 0..3 {
        let act = Act::Say {
            kind: SpeechKind::Message,
            text: notice("hi"),
            id: None,
        };
        test.hubs[0].propose(client(1), act, now());
        test.order.state().place(1);
    }
    let hub = &mut test.hubs[1];
    hub.advance(now());
    assert_eq!(hub.timeline.reply_mark(), mark);
    let onward = |seq| {
        let room = hub.room().id();
        let secret = None;
        hub.onward(&Resume { room, seq, secret }, mark)
    };
    assert_eq!(onward(mark.seq + 3), Onward::Behind(mark.seq));
    assert_eq!(onward(mark.seq), Onward::Behind(mark.seq));
    assert_eq!(onward(1), Onward::Behind(1));
    assert!(matches!(onward(mark.seq + 4), Onward::Torn { .. }));
}
