//! Files that cannot be read, or hold other bytes than were written.

use std::io;
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Instant;

use super::*;
use crate::clock::Now;
use crate::hub::Hub;
use crate::room::identity::tests::identity;
use crate::timeline::log::ORIGIN;
use chat_proto::event::{Speech, SpeechKind};
use chat_proto::name::Name;
use chat_proto::text::Text;
use proptest::prelude::*;

/// A room of which all but the newest events are in files only.
struct Hall {
    hub: Hub,
    /// Where each event begins, and the end.
    starts: Vec<u64>,
    files: Damaged,
}

/// Files, and what has become of them.
#[derive(Clone)]
struct Damaged {
    bytes: Vec<u8>,
    /// The first event of each, and where it begins.
    files: Vec<(u64, u64)>,
    /// Some events and where they begin.
    index: Vec<(u64, u64)>,
    /// Here nothing can be read.
    broken: Vec<Range<u64>>,
    /// Files that end here, and go on only with the next one.
    cut: Vec<u64>,
}

const EVENTS: usize = 600;

/// Of about 1 KB each, so one file has some 150 KB.
const EVENTS_OF_A_FILE: usize = 150;

fn time() -> Timestamp {
    Timestamp::from_unix_milliseconds(0)
}

impl Hall {
    fn new() -> Self {
        let mut hub = Hub::new(identity(), 1);
        hub.timeline.keep(1, ORIGIN, u64::MAX);
        let mut hall = Self {
            hub,
            starts: Vec::new(),
            files: Damaged {
                bytes: Vec::new(),
                files: Vec::new(),
                index: Vec::new(),
                broken: Vec::new(),
                cut: Vec::new(),
            },
        };
        for number in 0..EVENTS {
            hall.say(&format!("{number} {}", "x".repeat(900 + number % 200)));
        }
        hall.hub.timeline.show_all();
        hall.hub.timeline.set_safe(hall.hub.timeline.head().json);
        hall.hub.timeline.trim([u64::MAX; 2]);
        hall
    }

    fn say(&mut self, text: &str) {
        let files = &mut self.files;
        let name = Name::choose("ann").unwrap();
        let speech = Speech {
            name,
            text: Text::clean(text).unwrap(),
            held: None,
            id: None,
            tag: None,
        };
        let now = Now {
            time: time(),
            instant: Instant::now(),
        };
        self.hub.say(speech, None, SpeechKind::Message, now);
        let seq = self.hub.timeline.head().seq;
        let start = ORIGIN + files.bytes.len() as u64;
        if (seq - 1).is_multiple_of(EVENTS_OF_A_FILE as u64) {
            files.files.push((seq, start));
            files.index.push((seq, start));
        } else if files.index.last().unwrap().1 + 64 * 1024 <= start {
            files.index.push((seq, start));
        }
        self.starts.push(start);
        let line = self.hub.timeline.log(Form::Json).event(seq).unwrap();
        files.bytes.extend_from_slice(line);
    }

    /// Shared by the tests that do not change it: it takes some time to make.
    fn shared() -> &'static Self {
        static HALL: OnceLock<Hall> = OnceLock::new();
        HALL.get_or_init(Self::new)
    }

    /// Where an event is in the files.
    fn place(&self, seq: u64) -> Range<u64> {
        let end = self.starts.get(seq as usize);
        self.starts[seq as usize - 1]..end.map_or_else(|| self.files.end(), |end| *end)
    }

    /// What comes of the events from `first` on if this has become of the files:
    /// their numbers, or how many are missing; and how often something was read.
    fn replay(&self, files: &Damaged, first: u64, form: Form) -> (Vec<Result<u64, u64>>, usize) {
        let mut replay = Replay::new(first, EVENTS as u64 + 1, Selection::Everything);
        let mut page = Page::default();
        let (mut all, mut reads) = (Vec::new(), 0);
        while !replay.is_over() {
            let mut piece = None;
            while let Some(wanted) = page.fill(
                &mut replay,
                Reader::ordinary(form),
                &self.hub.timeline.source(),
                files,
                piece,
                time(),
            ) {
                reads += 1;
                assert!(reads < 1000, "it reads again and again");
                assert!((1..=SOURCE).contains(&wanted.most));
                piece = Some(files.read(wanted));
            }
            all.extend_from_slice(page.bytes());
            page.advance(page.bytes().len(), &mut replay);
        }
        let text = String::from_utf8(all).unwrap();
        let lines = text.lines().map(|line| line.trim_start_matches('\r'));
        let heard = lines.map(|line| {
            let missed = line.strip_prefix("-- you missed ");
            let missed = missed.or_else(|| Some(line.split_once("\"missed\":")?.1));
            let digits = |text: &str| -> u64 {
                let end = text.find(|c: char| !c.is_ascii_digit());
                text[..end.unwrap_or(text.len())].parse().unwrap()
            };
            match missed {
                Some(missed) => Err(digits(missed)),
                None => {
                    let (_, said) = line
                        .split_once("<ann> ")
                        .or_else(|| line.split_once("\"text\":\""))
                        .unwrap();
                    Ok(digits(said) + 1)
                }
            }
        });
        (heard.collect(), reads)
    }
}

impl Damaged {
    fn read(&self, wanted: Wanted) -> Piece {
        let Wanted { position, most, .. } = wanted;
        let range = position..position + most as u64;
        let touches = |broken: &Range<u64>| broken.start < range.end && range.start < broken.end;
        if self.broken.iter().any(touches) {
            let bytes = Err(io::Error::other("broken"));
            return Piece { wanted, bytes };
        }
        let file = self
            .files
            .iter()
            .rev()
            .find(|(_, start)| *start <= position);
        let cut = self.cut.iter().find(|cut| **cut >= file.unwrap().1);
        let next = self.files.iter().find(|(_, start)| *start > position);
        let cut = cut.filter(|cut| next.is_none_or(|(_, next)| **cut < *next));
        let end = cut.map_or(range.end, |cut| range.end.min((*cut).max(position)));
        let [from, to] = [position, end].map(|place| (place - ORIGIN) as usize);
        let bytes = Ok(self.bytes[from..to].to_vec());
        Piece { wanted, bytes }
    }

    /// Where they end in the JSON log.
    fn end(&self) -> u64 {
        ORIGIN + self.bytes.len() as u64
    }

    fn overwrite(&mut self, at: u64, with: &[u8]) {
        let at = (at - ORIGIN) as usize;
        self.bytes[at..at + with.len()].copy_from_slice(with);
    }
}

impl Files for Damaged {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        self.index
            .iter()
            .rev()
            .find(|(first, _)| *first <= seq)
            .copied()
    }

    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        let next_file = self.files.iter().find(|(_, start)| *start > position);
        let end = next_file.map_or(u64::MAX, |(_, start)| *start);
        let mut places = self.index.iter();
        let place = places.find(|(_, place)| *place >= position.saturating_add(least));
        place
            .filter(|(_, place)| *place < end)
            .or(next_file)
            .copied()
    }

    fn held(&self, position: u64) -> u64 {
        let next_file = self.files.iter().find(|(_, start)| *start > position);
        next_file.map_or_else(|| self.end(), |(_, start)| *start) - position
    }
}

/// All events in order, with the `missing` ones told as missing.
#[track_caller]
fn check(heard: &[Result<u64, u64>], first: u64, missing: Range<u64>) {
    let mut expected: Vec<_> = (first..missing.start).map(Ok).collect();
    expected.extend((!missing.is_empty()).then_some(Err(missing.end - missing.start)));
    expected.extend((missing.end..=EVENTS as u64).map(Ok));
    assert_eq!(heard, expected);
}

const FORMS: [Form; 2] = [Form::Text, Form::Json];

#[test]
fn what_is_whole_comes_whole_and_is_read_once() {
    let hall = Hall::shared();
    assert!(hall.hub.timeline.log(Form::Json).first() > 400);
    for form in FORMS {
        for first in [1, 2, 80, 151, 599] {
            let (heard, reads) = hall.replay(&hall.files, first, form);
            check(&heard, first, first..first);
            assert!(reads <= hall.files.bytes.len() / READ + EVENTS / EVENTS_OF_A_FILE + 3);
        }
    }
}

#[test]
fn one_line_that_is_damaged_is_one_that_is_missing() {
    for with in [
        &b"garbage"[..],
        b"\0\0\0\0",
        b"\n\n",
        b"\xff\xfe",
        b"}",
        b"\x1b[2J",
    ] {
        let hall = Hall::shared();
        let mut files = hall.files.clone();
        files.overwrite(hall.place(77).start + 30, with);
        for form in FORMS {
            check(&hall.replay(&files, 1, form).0, 1, 77..78);
        }
    }
}

#[test]
fn of_a_file_that_was_cut_the_rest_is_missing() {
    for seq in [151, 152, 200, 299] {
        let hall = Hall::shared();
        let mut files = hall.files.clone();
        files.cut.push(hall.place(seq).start + 10);
        for form in FORMS {
            let (heard, reads) = hall.replay(&files, 1, form);
            check(&heard, 1, seq..301);
            assert!(reads < 30, "{reads}");
            // Also for a reader that begins behind it.
            check(&hall.replay(&files, 250, form).0, 250, 250.max(seq)..301);
        }
    }
}

/// As much as lies up to the next place that is known, and not more.
#[test]
fn where_the_disk_cannot_read_little_is_missing() {
    let hall = Hall::shared();
    let mut files = hall.files.clone();
    let place = hall.place(160);
    files.broken.push(place.start..place.start + 1);
    let (heard, reads) = hall.replay(&files, 1, Form::Json);
    let missing = heard.iter().find_map(|heard| heard.err()).unwrap();
    assert!(missing < 80, "{missing} are missing");
    assert!(heard.contains(&Ok(150)) && heard.contains(&Ok(240)));
    assert!(reads < 30, "{reads}");
}

/// The server goes on at the newest event, where all other readers are.
#[test]
fn where_the_disk_reads_nothing_at_all_everything_in_memory_comes() {
    let hall = Hall::shared();
    let mut files = hall.files.clone();
    files.broken.push(0..u64::MAX);
    let memory = hall.hub.timeline.log(Form::Json).first();
    for form in FORMS {
        let (heard, reads) = hall.replay(&files, 1, form);
        check(&heard, 1, 1..memory);
        assert!(reads < 30, "{reads}");
    }
}

/// No reader sees more than what is shown.
#[test]
fn nothing_is_told_before_it_may_be_seen() {
    let mut hall = Hall::new();
    hall.files.broken.push(0..u64::MAX);
    hall.say("not shown");
    let end = EVENTS as u64 + 2;
    let mut replay = Replay::new(EVENTS as u64, end, Selection::Everything);
    let mut page = Page::default();
    let none = page.fill(
        &mut replay,
        Reader::ordinary(Form::Json),
        &hall.hub.timeline.source(),
        &hall.files,
        None,
        time(),
    );
    assert_eq!(none, None);
    assert_eq!(
        page.bytes().iter().filter(|&&byte| byte == b'\n').count(),
        1
    );
    page.advance(page.bytes().len(), &mut replay);
    assert!(!replay.is_over() && !replay.is_due(EVENTS as u64));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Also from damaged files all events come in order, each once or
    /// among those that are told as missing; nothing else comes, and it ends.
    #[test]
    fn whatever_is_damaged_the_rest_comes(
        damage in proptest::collection::vec((0u8..5, 0.0..1.0, 1usize..100_000), 0..6),
        first in 1..EVENTS as u64,
        form in proptest::sample::select(&FORMS[..]),
    ) {
        let hall = Hall::shared();
        let mut files = hall.files.clone();
        let whole = files.bytes.len();
        let is_whole = damage.is_empty();
        for (kind, at, length) in damage {
            let at = (at * (whole - 1) as f64) as usize;
            let range = at..(at + length).min(whole);
            match kind {
                0 => files.broken.push(ORIGIN + range.start as u64..ORIGIN + range.end as u64),
                1 => files.cut.push(ORIGIN + range.start as u64),
                2 => files.bytes[range].fill(0),
                3 => files.bytes[range].fill(b'\n'),
                // Letters could make one line of the beginning of an event and the end
                // of another, which is a whole line with the wrong text.
                _ => files.bytes[range].fill(b'"'),
            }
        }
        files.cut.sort_unstable();
        let (heard, reads) = hall.replay(&files, first, form);
        prop_assert!(!is_whole || heard.iter().all(Result::is_ok));
        let mut next = first;
        for heard in heard {
            if let Ok(seq) = heard {
                prop_assert_eq!(seq, next);
            }
            prop_assert!(heard != Err(0));
            next += heard.map_or_else(|missing| missing, |_| 1);
        }
        prop_assert_eq!(next, EVENTS as u64 + 1);
        prop_assert!(reads < 200, "{} reads", reads);
    }
}
