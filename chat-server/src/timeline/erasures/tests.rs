//! Readers of both forms, each moved in its own time, while texts are erased, the log is
//! cut and files are written anew. Each keeps what it is sent, which is held against what it
//! may have been sent.

mod hall;

use chat_proto::command::Past;
use chat_proto::event::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::timeline::cursor::{Cursor, Pending};
use crate::timeline::mark::Form;
use crate::timeline::replay::{self, Files, NoFiles, Page, Piece};
use crate::timeline::slices::Slices;
use hall::{Hall, in_form};

/// What a reader is to be sent next.
#[derive(Debug, Clone, Copy)]
enum Item {
    Event(u64),
    Reply(usize),
}

struct Reader {
    form: Form,
    cursor: Cursor,
    got: Vec<u8>,
    expected: Vec<Item>,
    /// How much it had got when an event was erased.
    had: BTreeMap<u64, usize>,
    page: Page,
    /// What was read for it.
    piece: Option<Piece>,
    erased_until: u64,
    /// It is before no other place.
    floor: u64,
}

impl Reader {
    fn new(form: Form, hall: &Hall) -> Self {
        let timeline = &hall.hub.timeline;
        let mut cursor = Cursor::held_at(timeline.shown().of(form));
        cursor.go_on(timeline.live_from(form));
        Self {
            form,
            cursor,
            got: Vec::new(),
            expected: (timeline.shown().seq + 1..=hall.last())
                .map(Item::Event)
                .collect(),
            had: hall.erased.iter().map(|seq| (*seq, 0)).collect(),
            page: Page::default(),
            piece: None,
            erased_until: 0,
            floor: 0,
        }
    }

    /// As a worker does it for each of its readers.
    fn make_way(&mut self, hall: &Hall) {
        let timeline = &hall.hub.timeline;
        let point = timeline.live_from(self.form);
        if self.cursor.needs_before(point) {
            self.cursor.fall_behind(timeline.log(self.form), point);
        }
        (self.floor, self.erased_until) = (point, timeline.erased_until().seq);
    }

    fn reply(&mut self, number: usize, hall: &Hall) {
        let position = hall.hub.timeline.reply_mark().of(self.form);
        self.cursor.reply(position, |out| out.extend(reply(number)));
        // Behind what is shown, and before what is not.
        self.expected
            .insert(self.behind_shown(hall), Item::Reply(number));
    }

    fn ask(&mut self, first: u64, hall: &Hall) {
        let mark = hall.hub.timeline.reply_mark();
        let past = Past::Range { first, last: None };
        let replay = hall.hub.timeline.past(past, mark);
        let at = self.behind_shown(hall);
        let events = (replay.next..replay.end).map(Item::Event);
        self.expected.splice(at..at, events);
        self.cursor.replay(mark.of(self.form), replay);
    }

    fn behind_shown(&self, hall: &Hall) -> usize {
        let shown = hall.hub.timeline.reply_mark().seq;
        let is_shown = |item: &Item| !matches!(item, Item::Event(seq) if *seq > shown);
        self.expected
            .iter()
            .rposition(is_shown)
            .map_or(0, |at| at + 1)
    }

    /// Sends once, at most so much.
    fn send(&mut self, hall: &Hall, most: usize, is_late: bool) {
        let timeline = &hall.hub.timeline;
        if self.erased_until != timeline.erased_until().seq {
            self.make_way(hall);
        }
        let shown = timeline.view(self.form);
        let mut slices = Slices::new();
        self.cursor.slices(&shown, &mut slices);
        let bytes: Vec<u8> = slices
            .as_slice()
            .iter()
            .flat_map(|it| it.to_vec())
            .collect();
        if let Some(piece) = self.cursor.one_piece(&shown) {
            assert_eq!(piece, bytes);
        }
        let taken = most.min(bytes.len());
        self.got.extend_from_slice(&bytes[..taken]);
        self.cursor.advance(taken);
        if !bytes.is_empty() {
            return;
        }
        let Some(replay) = self.cursor.due(&shown) else {
            return;
        };
        let files: &dyn Files = hall.disk.as_ref().map_or(&NoFiles, |disk| disk);
        let time = Timestamp::from_unix_milliseconds(0);
        let source = timeline.source();
        while let Some(wanted) = {
            let piece = self.piece.take();
            self.page.fill(
                replay,
                replay::Reader::ordinary(self.form),
                &source,
                files,
                piece,
                time,
            )
        } {
            self.piece = hall.disk.as_ref().map(|disk| disk.read(wanted));
            if is_late {
                return;
            }
        }
        assert_eq!(self.page.failure(), None);
        let taken = most.min(self.page.bytes().len());
        self.got.extend_from_slice(&self.page.bytes()[..taken]);
        self.cursor.page_sent(taken, &self.page);
    }

    fn drain(&mut self, hall: &Hall) {
        self.make_way(hall);
        while self.cursor.pending(&hall.hub.timeline.view(self.form)) != Pending::Nothing {
            self.send(hall, usize::MAX, false);
        }
    }

    /// Each event once and in order, as it may have been sent. Tells how many are still to
    /// come.
    fn check(&self, hall: &Hall) -> usize {
        let mut at = 0;
        let mut expected = self.expected.iter();
        while at < self.got.len() {
            let rest = &self.got[at..];
            if let Some((missed, length)) = gap(rest) {
                for _ in 0..missed {
                    assert!(matches!(expected.next(), Some(Item::Event(_))));
                }
                at += length;
                continue;
            }
            let line = match *expected.next().expect("no more than is expected") {
                Item::Reply(number) => reply(number),
                Item::Event(seq) => self.event(seq, at, hall),
            };
            let got = &rest[..rest.len().min(line.len())];
            let shows = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(shows(got), shows(&line[..got.len()]));
            at += line.len();
        }
        expected.count()
    }

    /// What it gets of an event if that comes at this place.
    fn event(&self, seq: u64, at: usize, hall: &Hall) -> Vec<u8> {
        let [whole, erased] = &hall.lines[seq as usize - 1];
        let whole = in_form(self.form, whole);
        match self.had.get(&seq) {
            Some(had) if *had <= at => in_form(self.form, erased),
            Some(had) if *had < at + whole.len() => {
                // The line that was begun is sent to its end.
                let begun = had - at;
                let is_within = whole[begun - 1] != b'\n';
                let end = whole[begun..]
                    .iter()
                    .position(|&byte| byte == b'\n')
                    .unwrap();
                let rest = if is_within { end + 1 } else { 0 };
                whole[..begun + rest].to_vec()
            }
            _ => whole,
        }
    }
}

fn reply(number: usize) -> Vec<u8> {
    format!("-- reply {number}\n").into_bytes()
}

/// How many events are missing, if a line tells that, and how long that line is.
fn gap(bytes: &[u8]) -> Option<(u64, usize)> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let line = str::from_utf8(&bytes[..end]).unwrap();
    let rest = match line.split_once(r#""type":"gap","missed":"#) {
        Some((_, rest)) => rest,
        None => line.trim_start().strip_prefix("-- you missed ")?,
    };
    let digits = rest.split([' ', '}', ',']).next()?;
    Some((digits.parse().unwrap(), end + 1))
}

#[derive(Debug, Clone)]
enum Step {
    Say {
        by: usize,
        length: usize,
        lines: usize,
    },
    Erase(prop::sample::Index),
    Reply {
        to: usize,
    },
    Ask {
        to: usize,
        first: prop::sample::Index,
    },
    Send {
        to: usize,
        most: usize,
        is_late: bool,
    },
    Join {
        to: usize,
    },
    Show,
    Move {
        to: usize,
    },
    Trim,
    Rewrite,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let to = || 0..FORMS.len();
    let index = || any::<prop::sample::Index>();
    let step = prop_oneof![
        8 => (0usize..8, 1usize..3000, 1usize..5)
            .prop_map(|(by, length, lines)| Step::Say { by, length, lines }),
        3 => index().prop_map(Step::Erase),
        1 => to().prop_map(|to| Step::Reply { to }),
        1 => (to(), index()).prop_map(|(to, first)| Step::Ask { to, first }),
        6 => (to(), 0usize..20_000, any::<bool>())
            .prop_map(|(to, most, is_late)| Step::Send { to, most, is_late }),
        1 => to().prop_map(|to| Step::Join { to }),
        3 => Just(Step::Show),
        3 => to().prop_map(|to| Step::Move { to }),
        3 => Just(Step::Trim),
        2 => Just(Step::Rewrite),
    ];
    prop::collection::vec(step, 0..300)
}

const FORMS: [Form; 5] = [Form::Text, Form::Text, Form::Text, Form::Json, Form::Json];

fn seq_of(index: prop::sample::Index, hall: &Hall) -> u64 {
    match hall.last() {
        0 => 1,
        // Mostly among the newest ones, where readers are.
        last => last - index.index(last.min(30) as usize) as u64,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_reader_is_sent_what_was_erased(steps in steps(), kept in any::<bool>()) {
        let mut hall = Hall::new(kept);
        let mut readers = FORMS.map(|form| Reader::new(form, &hall));
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Say { by, length, lines } => {
                    // Only files can bring the rest of a message of many lines.
                    let lines = if kept { lines } else { 1 };
                    let line = format!("text {}. {}", hall.last() + 1, "x".repeat(length / lines));
                    let place = hall.say(&vec![line; lines].join("\n"));
                    for (index, reader) in readers.iter_mut().enumerate() {
                        match index == by && reader.form == Form::Text {
                            true => reader.cursor.skip(place.clone()),
                            false => reader.expected.push(Item::Event(hall.last())),
                        }
                    }
                }
                Step::Erase(index) => {
                    let seq = seq_of(index, &hall);
                    if hall.erase(seq) {
                        for reader in &mut readers {
                            reader.had.insert(seq, reader.got.len());
                        }
                    }
                }
                Step::Reply { to } => readers[to].reply(number, &hall),
                Step::Ask { to, first } => readers[to].ask(seq_of(first, &hall), &hall),
                Step::Send { to, most, is_late } => readers[to].send(&hall, most, is_late),
                Step::Join { to } => {
                    readers[to].check(&hall);
                    readers[to] = Reader::new(readers[to].form, &hall);
                }
                Step::Show => {
                    hall.hub.timeline.show_all();
                    hall.hub.timeline.set_safe(hall.hub.timeline.head().json);
                }
                Step::Move { to } => readers[to].make_way(&hall),
                Step::Trim => {
                    let floor = |form| {
                        let readers = readers.iter().filter(|reader| reader.form == form);
                        readers.map(|reader| reader.floor).min().unwrap()
                    };
                    hall.hub.timeline.trim([floor(Form::Text), floor(Form::Json)]);
                }
                Step::Rewrite => {
                    if let Some(disk) = &mut hall.disk {
                        disk.rewrite(&mut hall.hub);
                        hall.check_places();
                    }
                }
            }
        }
        hall.hub.timeline.show_all();
        hall.hub.timeline.set_safe(hall.hub.timeline.head().json);
        for reader in &mut readers {
            reader.drain(&hall);
            prop_assert_eq!(reader.check(&hall), 0);
        }
        hall.hub.timeline.trim([Form::Text, Form::Json].map(|form| hall.hub.timeline.live_from(form)));
        if let Some(disk) = &mut hall.disk {
            disk.rewrite(&mut hall.hub);
        }
        hall.check_places();
        hall.check_gone();
    }
}
