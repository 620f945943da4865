use crate::hub::testing::Said;
mod identity;

use super::disk::Disk;
use super::paths::{numbered, with_suffix};
use super::*;

use crate::room::identity::tests::owner;
use crate::timeline::replay::{Page, Piece, Reader, Replay, Selection};
use chat_proto::event::{MessageId, Speech, SpeechKind, Timestamp};
use chat_proto::name::Name;
use chat_proto::text::Text;
use mio::{Events, Poll, Token};
use std::cell::RefCell;
use std::fs;
use std::ops::Range;
use std::path::Path;
use tempfile::TempDir;

#[cfg(unix)]
mod astray;
#[cfg(unix)]
mod changed;
mod damage;
#[cfg(unix)]
mod erasing;
#[cfg(unix)]
mod failing;
#[cfg(unix)]
pub(crate) mod faults;
mod joining;
#[cfg(unix)]
mod moved;
#[cfg(unix)]
mod others;
mod overlap;

/// A room with its history, as the server has it.
struct Hall {
    hub: Hub,
    history: History,
    notes: Vec<String>,
    poll: Poll,
    now: Now,
}

fn options(directory: &TempDir, sync: SyncMode) -> Options {
    Options {
        path: directory.path().join("room"),
        sync,
        keep: 1 << 20,
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory for the test")
}

impl Hall {
    fn open(options: Options) -> anyhow::Result<Self> {
        Self::open_on(Disk::default(), options)
    }

    fn open_at(options: Options, time: Timestamp) -> anyhow::Result<Self> {
        Self::open_with(Disk::default(), options, time)
    }

    fn open_on(disk: Disk, options: Options) -> anyhow::Result<Self> {
        Self::open_with(disk, options, Timestamp::from_unix_milliseconds(0))
    }

    fn open_with(disk: Disk, options: Options, time: Timestamp) -> anyhow::Result<Self> {
        let now = Now {
            time,
            instant: Instant::now(),
        };
        let mut notes = Vec::new();
        let opened = History::open_on(disk, options, CAPACITY, now, &mut notes)?;
        Self::of(opened, notes, now)
    }

    fn of(
        (mut history, hub): (History, Hub),
        notes: Vec<String>,
        now: Now,
    ) -> anyhow::Result<Self> {
        let poll = Poll::new()?;
        history.watch(crate::wake::waker(poll.registry(), Token(0))?);
        Ok(Self {
            hub,
            history,
            notes,
            poll,
            now,
        })
    }

    fn say(&mut self, text: &str, id: Option<&str>) -> Said {
        let speech = Speech {
            name: Name::choose("ann").unwrap(),
            text: Text::clean(text).unwrap(),
            held: None,
            id: id.and_then(MessageId::new),
            tag: None,
        };
        self.hub
            .say(speech, Some(owner(1)), SpeechKind::Message, self.now)
    }

    fn keep(&mut self) -> Vec<News> {
        self.history.keep(&mut self.hub, self.now)
    }

    /// Rounds until the thread has told something, a second later each time unless
    /// it is at work.
    fn keep_until(&mut self, wanted: impl Fn(&Self, &[News]) -> bool) -> Vec<News> {
        for _ in 0..1000 {
            let news = self.keep();
            if wanted(self, &news) {
                return news;
            }
            let mut events = Events::with_capacity(4);
            self.poll
                .poll(&mut events, Some(Duration::from_millis(10)))
                .unwrap();
            if self.history.in_flight.is_none() {
                self.now.instant += RETRY_AFTER;
            }
        }
        panic!("waited in vain");
    }

    /// Rounds until all is written and may be seen.
    fn keep_shown(&mut self) {
        self.keep_until(|hall, _| {
            hall.hub.timeline.shown() == hall.hub.timeline.head()
                && hall.hub.timeline.next_cut().is_none()
        });
    }

    /// Rounds until all is safe and nothing is done to the files any more.
    fn keep_all(&mut self) {
        self.keep_until(|hall, _| {
            let head = hall.hub.timeline.head();
            let is_idle =
                hall.history.in_flight.is_none() && hall.hub.timeline.next_cut().is_none();
            is_idle && hall.hub.timeline.shown() == head && hall.history.safe == head.json
        });
    }

    /// As if it was killed, as soon as nothing is done to the files any more.
    fn kill(mut self) {
        if self.history.in_flight.is_some() {
            self.history.syncer.wait(Duration::from_secs(60)).unwrap();
        }
    }

    fn finish(self) -> Option<News> {
        let Self {
            mut history,
            mut hub,
            now,
            ..
        } = self;
        history.finish(&mut hub, now)
    }

    /// Rounds until what was erased is so in the files as well; what was told meanwhile.
    fn keep_erased(&mut self) -> Vec<News> {
        self.keep_all();
        self.hub.trim([u64::MAX; 2], self.now);
        let told = RefCell::new(Vec::new());
        self.keep_until(|hall, news| {
            told.borrow_mut().extend_from_slice(news);
            hall.hub.timeline.to_erase().next().is_none()
                && hall.history.in_flight.is_none()
                && hall.history.names_are_safe
        });
        told.into_inner()
    }

    /// All events from `first` on, as they would be sent.
    fn replay(&self, first: u64) -> String {
        let mut replay = Replay::new(
            first,
            self.hub.timeline.shown().seq + 1,
            Selection::Everything,
        );
        let mut page = Page::default();
        let mut all = Vec::new();
        while !replay.is_over() {
            let (hub, files, time) = (&self.hub, &self.history, self.now.time);
            let mut piece = None;
            while let Some(wanted) = page.fill(
                &mut replay,
                Reader::ordinary(Form::Json),
                &hub.timeline.source(),
                files,
                piece,
                time,
            ) {
                let index = self.history.segments.at(wanted.position).unwrap();
                let offset = wanted.position - self.history.segments.get(index).unwrap().start;
                let mut bytes = Vec::new();
                let read = self.history.files[index].read_at(offset, wanted.most, &mut bytes);
                let bytes = read.map(|()| bytes);
                piece = Some(Piece { wanted, bytes });
            }
            all.extend_from_slice(page.bytes());
            page.advance(page.bytes().len(), &mut replay);
        }
        String::from_utf8(all).unwrap()
    }
}

/// Bytes that are kept in memory.
const CAPACITY: u64 = 100_000;

fn content(options: &Options) -> String {
    fs::read_to_string(&options.path).unwrap()
}

/// Everything in all files, in order.
fn everything(options: &Options) -> String {
    let full = numbered(&options.path).unwrap();
    let files = full.iter().map(|(_, path)| path).chain([&options.path]);
    files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Numbers and identity go on after a restart.
#[test]
fn a_room_goes_on_where_it_was() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let id = "0123456789abcdef0123456789abcdef";
    let mut hall = Hall::open(options.clone()).unwrap();
    let room = hall.hub.room().id();
    hall.say("one", Some(id));
    hall.say("two\n\"three\"", Some("1"));
    assert_eq!(hall.keep(), []);
    assert_eq!(hall.hub.timeline.shown().seq, 3);
    assert_eq!(hall.replay(1), content(&options));
    hall.kill();

    let before = content(&options);
    let mut hall = Hall::open(options.clone()).unwrap();
    assert!(hall.hub.room().id().is_same_room(&room));
    assert_eq!(hall.hub.timeline.first(), 1);
    // Opening it is an event, too.
    assert_eq!(hall.hub.timeline.head().seq, 4);
    assert!(matches!(hall.say("one", Some(id)), Said::Again(2)));
    assert!(matches!(
        hall.say("two\n\"three\"", Some("1")),
        Said::Again(3)
    ));
    assert!(matches!(hall.say("two", Some("1")), Said::New(_)));
    hall.keep();
    let all = content(&options);
    assert!(all.starts_with(&before));
    assert_eq!(hall.replay(1), all);
    assert_eq!(hall.notes, [""; 0]);
}

/// The numbers in the names grow beyond six digits.
#[test]
fn a_million_files_are_not_the_end() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    options.keep = 128 * 1024;
    let mut hall = Hall::open(options.clone()).unwrap();
    let fill = |hall: &mut Hall| {
        for _ in 0..8 {
            hall.say(&"x".repeat(4000), None);
            hall.keep_all();
        }
    };
    fill(&mut hall);
    hall.kill();
    let renamed = numbered(&options.path).unwrap();
    assert!(renamed.len() > 1);
    for (index, (_, path)) in renamed.iter().enumerate() {
        let number = 1_000_000 - renamed.len() + index;
        fs::rename(path, with_suffix(&options.path, &number.to_string())).unwrap();
    }
    let mut hall = Hall::open(options.clone()).unwrap();
    fill(&mut hall);
    let last = hall.hub.timeline.head().seq;
    hall.kill();
    assert_eq!(
        numbered(&options.path)
            .unwrap()
            .last()
            .unwrap()
            .0
            .to_string()
            .len(),
        7
    );
    let hall = Hall::open(options.clone()).unwrap();
    assert_eq!(
        (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
        (1, last + 1)
    );
    assert_eq!(hall.replay(1), everything(&options));
}

/// The server says what is wrong with it instead.
#[test]
fn what_is_no_history_is_not_touched() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    for foreign in [
        "notes\n",
        "no line end",
        "{\"a\":1}\n",
        "{\"seq\":\"x\"}\n{\"seq\":2}\n",
    ] {
        fs::write(&options.path, foreign).unwrap();
        let error = Hall::open(options.clone()).err().unwrap().to_string();
        assert!(error.contains("damaged at byte 0"), "{error}");
        assert_eq!(content(&options), foreign);
    }
    options.path = directory.path().to_owned();
    let error = Hall::open(options.clone()).err().unwrap().to_string();
    assert!(error.contains("is a folder: name a file in it"), "{error}");
    // The folder is what is wrong.
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let missing = directory.path().join("missing");
    for (folder, said) in [(&missing, "does not exist"), (&file, "is not a folder")] {
        options.path = folder.join("room");
        let error = Hall::open(options.clone()).err().unwrap().to_string();
        let beginning = format!("{} {said}: ", folder.display());
        assert!(error.starts_with(&beginning), "{error}");
    }
    // Reading it would never end.
    #[cfg(unix)]
    {
        options.path = "/dev/zero".into();
        let error = Hall::open(options).err().unwrap().to_string();
        assert!(error.contains("is not a file"), "{error}");
    }
}

#[test]
fn files_are_bounded_whole_and_in_one_order() {
    for (keep, sync) in [(128 << 10, SyncMode::Off), (1 << 20, SyncMode::Batch)] {
        files_are_bounded(keep, sync);
    }
}

fn files_are_bounded(keep: u64, sync: SyncMode) {
    let directory = directory();
    let mut options = options(&directory, sync);
    options.keep = keep;
    let mut hall = Hall::open(options.clone()).unwrap();
    let room = hall.hub.room().id();
    let mut said = 0;
    for round in 0..400 {
        for _ in 0..round % 7 {
            said += 1;
            hall.say(
                &format!("{said} {}", "x".repeat(4000)),
                Some(&format!("id-{said}")),
            );
        }
        hall.keep_shown();
        hall.hub.trim([u64::MAX; 2], hall.now);
        if round % 20 == 0 {
            let first = hall.hub.timeline.first();
            let all = hall.replay(first);
            assert!(all.starts_with(&format!("{{\"seq\":{first},")));
        }
    }
    // The thread removes what is too old.
    hall.keep_all();
    let oldest = hall.history.segments.first().unwrap().number;
    hall.keep_until(|_, _| Some(numbered(&options.path).unwrap()[0].0) == oldest);
    let (head, first) = (hall.hub.timeline.head(), hall.hub.timeline.first());
    assert!(first > 1);
    check_files(&options, first..head.seq + 1);
    assert_eq!(hall.replay(first), everything(&options));
    assert!(matches!(hall.say("1 x", Some("id-1")), Said::New(_)));
    hall.kill();

    let mut hall = Hall::open(options.clone()).unwrap();
    assert!(hall.hub.room().id().is_same_room(&room));
    assert_eq!(
        (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
        (first, head.seq + 1)
    );
    assert_eq!(hall.replay(first), everything(&options));
    let text = format!("{said} {}", "x".repeat(4000));
    assert!(matches!(
        hall.say(&text, Some(&format!("id-{said}"))),
        Said::Again(_)
    ));
}

/// The files hold these events, one after the other, and are nearly as large as they
/// may be. Each begins with the name of the room.
fn check_files(options: &Options, events: Range<u64>) {
    let full = numbered(&options.path).unwrap();
    assert!(full.len() > 8, "{full:?}");
    let mut expected = events.start;
    let mut total = 0;
    for path in full.iter().map(|(_, path)| path).chain([&options.path]) {
        let text = fs::read_to_string(path).unwrap();
        total += text.len() as u64;
        assert!(text.ends_with('\n'));
        assert!(text.lines().next().unwrap().contains("\"type\":\"room\""));
        for line in text.lines() {
            assert!(
                line.starts_with(&format!("{{\"seq\":{expected},")),
                "{line:.40}"
            );
            expected += 1;
        }
    }
    assert!(total <= options.keep, "{total}");
    assert!(total > options.keep / 2, "{total}");
    assert_eq!(expected, events.end);
}

#[test]
fn a_server_that_ended_between_two_files_goes_on() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    for _ in 0..40 {
        hall.say(&"x".repeat(4000), None);
        hall.keep_all();
    }
    let seq = hall.hub.timeline.head().seq;
    hall.kill();
    let full = with_suffix(&options.path, "000003");
    fs::rename(&options.path, &full).unwrap();
    let hall = Hall::open(options.clone()).unwrap();
    assert_eq!(hall.hub.timeline.head().seq, seq + 1);
    assert_eq!(hall.replay(1), everything(&options));
    assert_eq!(content(&options).lines().count(), 1);
}

/// No peer sees an event that is not synced yet.
#[test]
fn with_always_nothing_is_seen_before_it_is_on_the_disk() {
    let directory = directory();
    let options = options(&directory, SyncMode::Always);
    let mut hall = Hall::open(options.clone()).unwrap();
    assert_eq!(hall.hub.timeline.shown().seq, 1);
    hall.say("one", None);
    assert_eq!(hall.keep(), []);
    assert_eq!(hall.hub.timeline.shown().seq, 1);
    // One job at a time: what comes meanwhile goes together into the next.
    hall.say("two", None);
    hall.say("three", None);
    hall.keep_until(|hall, _| hall.hub.timeline.shown().seq > 1);
    assert!(hall.hub.timeline.shown().seq == 2 || hall.hub.timeline.shown().seq == 4);
    hall.keep_until(|hall, _| hall.hub.timeline.shown().seq == 4);
    assert_eq!(hall.replay(1), content(&options));
}

#[test]
fn the_end_of_the_server_writes_the_rest() {
    for sync in [SyncMode::Always, SyncMode::Batch, SyncMode::Off] {
        let directory = directory();
        let options = options(&directory, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        hall.say("one", None);
        hall.keep();
        // More than goes into one file.
        for number in 0..60 {
            hall.say(&format!("{number} {}", "x".repeat(4000)), None);
        }
        assert_eq!(hall.finish(), None);
        assert_eq!(
            everything(&options).lines().count(),
            62 + numbered(&options.path).unwrap().len()
        );
        assert!(!numbered(&options.path).unwrap().is_empty());
    }
}
