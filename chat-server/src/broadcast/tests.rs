use super::*;
use proptest::prelude::*;

/// What one reader is to get, kept as plain bytes beside the real thing.
struct Model {
    reader: Reader,
    expected: Vec<u8>,
    got: Vec<u8>,
}

impl Model {
    fn new(log: &Log) -> Self {
        let mut reader = Reader::held_at(log);
        reader.go_on(log);
        Self {
            reader,
            expected: Vec::new(),
            got: Vec::new(),
        }
    }

    fn send(&mut self, log: &Log, most: usize) {
        let mut slices = Slices::new();
        self.reader.slices(log, &mut slices);
        let bytes: Vec<u8> = slices
            .as_slice()
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        assert_eq!(bytes.len(), slices.bytes());
        let taken = most.min(bytes.len());
        self.got.extend_from_slice(&bytes[..taken]);
        self.reader.advance(taken);
    }

    fn drain(&mut self, log: &Log) {
        while self.reader.is_behind(log) {
            let before = self.got.len();
            self.send(log, usize::MAX);
            assert!(self.got.len() > before, "stuck at {:?}", self.reader);
        }
        assert_eq!(self.reader.private_bytes(), 0);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Event { by: usize, length: usize },
    Reply { to: usize, length: usize },
    Send { to: usize, most: usize },
    Trim,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..3, 1usize..40_000).prop_map(|(by, length)| Step::Event { by, length }),
        (0usize..3, 1usize..100).prop_map(|(to, length)| Step::Reply { to, length }),
        (0usize..3, 0usize..50_000).prop_map(|(to, most)| Step::Send { to, most }),
        Just(Step::Trim),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn every_reader_gets_what_the_model_says(steps in steps()) {
        let mut log = Log::new(200_000);
        let mut readers: Vec<Model> = (0..3).map(|_| Model::new(&log)).collect();
        let mut fill = 0u8;
        for step in steps {
            fill = fill.wrapping_add(1);
            match step {
                Step::Event { by, length } => {
                    let event = vec![fill; length];
                    let range = log.append(|out| out.extend_from_slice(&event));
                    for (index, model) in readers.iter_mut().enumerate() {
                        if index == by {
                            model.reader.skip(range.clone());
                        } else {
                            model.expected.extend_from_slice(&event);
                        }
                    }
                }
                Step::Reply { to, length } => {
                    let reply = vec![fill; length];
                    readers[to].reader.reply(&log, |out| out.extend_from_slice(&reply));
                    readers[to].expected.extend_from_slice(&reply);
                }
                Step::Send { to, most } => readers[to].send(&log, most),
                Step::Trim => {
                    for model in &mut readers {
                        if model.reader.needs_before(log.trim_point()) {
                            model.drain(&log);
                        }
                    }
                    log.trim();
                    prop_assert!(log.head() - log.start() <= 200_000 + 2 * CHUNK as u64 + 40_000);
                }
            }
        }
        for model in &mut readers {
            model.drain(&log);
            prop_assert_eq!(&model.got, &model.expected);
        }
    }
}

#[test]
fn a_held_reader_gets_replies_but_no_events() {
    let mut log = Log::new(1000);
    let mut reader = Reader::held_at(&log);
    log.append(|out| out.extend_from_slice(b"event"));
    reader.reply(&log, |out| out.extend_from_slice(b"reply"));
    let mut model = Model {
        reader,
        expected: Vec::new(),
        got: Vec::new(),
    };
    model.drain(&log);
    assert_eq!(model.got, b"reply");
    model.reader.go_on(&log);
    model.drain(&log);
    assert_eq!(model.got, b"replyevent");
}

#[test]
fn a_held_reader_begins_with_a_whole_event_though_the_log_was_cut() {
    let mut log = Log::new(1000);
    let mut reader = Reader::held_at(&log);
    reader.reply(&log, |out| out.extend_from_slice(b"greeting\n"));
    let event = [vec![b'x'; 999], vec![b'\n']].concat();
    for _ in 0..200 {
        log.append(|out| out.extend_from_slice(&event));
    }
    log.trim();
    assert!(log.start() > 0);
    reader.go_on(&log);
    let mut model = Model {
        reader,
        expected: Vec::new(),
        got: Vec::new(),
    };
    model.send(&log, 20);
    model.drain(&log);
    let events = (log.head() - log.start()) as usize / event.len();
    assert_eq!(
        model.got,
        [&b"greeting\n"[..], &event.repeat(events)].concat()
    );
}

#[test]
fn an_abandoned_log_is_left_at_the_end_of_a_line() {
    let mut log = Log::new(1000);
    let mut model = Model::new(&log);
    log.append(|out| out.extend_from_slice(b"one line\n"));
    log.append(|out| out.extend_from_slice(b"another\n"));
    model.send(&log, 3);
    model.reader.abandon(&log);
    model
        .reader
        .reply(&log, |out| out.extend_from_slice(b"bye\n"));
    assert!(!model.reader.needs_before(log.head()));
    model.drain(&log);
    assert_eq!(model.got, b"one line\nbye\n");
}

#[test]
fn a_reply_is_not_torn_when_the_log_is_abandoned() {
    let mut log = Log::new(1000);
    let mut model = Model::new(&log);
    model
        .reader
        .reply(&log, |out| out.extend_from_slice(b"a reply\n"));
    log.append(|out| out.extend_from_slice(b"an event\n"));
    model.send(&log, 3);
    model.reader.abandon(&log);
    model
        .reader
        .reply(&log, |out| out.extend_from_slice(b"bye\n"));
    model.drain(&log);
    assert_eq!(model.got, b"a reply\nbye\n");
}

#[test]
fn another_log_is_begun_after_a_whole_line() {
    let (mut old, mut new) = (Log::new(1000), Log::new(1000));
    let mut model = Model::new(&old);
    old.append(|out| out.extend_from_slice(b"one line\n"));
    old.append(|out| out.extend_from_slice(b"another\n"));
    model
        .reader
        .reply(&old, |out| out.extend_from_slice(b"a reply\n"));
    new.append(|out| out.extend_from_slice(b"{before}\n"));
    model.send(&old, 3);
    model.reader.change_log(&old, &new);
    new.append(|out| out.extend_from_slice(b"{after}\n"));
    model.drain(&new);
    assert_eq!(model.got, b"one line\na reply\n{after}\n");
}

#[test]
fn an_idle_reader_holds_no_buffer() {
    let log = Log::new(1000);
    let mut model = Model::new(&log);
    model.reader.reply(&log, |out| out.extend_from_slice(b"hi"));
    model.drain(&log);
    assert_eq!(model.reader.detours.capacity(), 0);
}
