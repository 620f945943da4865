mod identity;

use super::*;
use crate::identity::tests::owner;
use crate::replay::{Page, Replay, Selection};
use crate::room::Said;
use chat_proto::event::{Body, MessageId, Speech};
use chat_proto::name::Name;
use chat_proto::text::Text;
use mio::{Events, Poll, Token};
use std::fs;
use tempfile::TempDir;

/// A room with its history, as the server has it.
struct Hall {
    room: Room,
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
        Self::open_at(options, Timestamp::from_unix_milliseconds(0))
    }

    fn open_at(options: Options, time: Timestamp) -> anyhow::Result<Self> {
        let now = Now {
            time,
            instant: Instant::now(),
        };
        let mut notes = Vec::new();
        let (mut history, room) = History::open(options, 100_000, now.time, &mut notes)?;
        let poll = Poll::new()?;
        history.watch(Waker::new(poll.registry(), Token(0))?.into());
        Ok(Self {
            room,
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
            id: id.and_then(MessageId::new),
            tag: None,
        };
        self.room
            .say(speech, Some(owner(1)), Body::Message, self.now)
    }

    fn keep(&mut self) -> Option<News> {
        self.history.keep(&mut self.room, self.now)
    }

    /// Rounds until the thread has told something, a second later each time.
    fn keep_until(&mut self, wanted: impl Fn(&Self, &Option<News>) -> bool) -> Option<News> {
        for _ in 0..1000 {
            let news = self.keep();
            if wanted(self, &news) {
                return news;
            }
            let mut events = Events::with_capacity(4);
            self.poll
                .poll(&mut events, Some(Duration::from_millis(10)))
                .unwrap();
            self.now.instant += RETRY_AFTER;
        }
        panic!("waited in vain");
    }

    /// All events from `first` on, as they would be sent.
    fn replay(&self, first: u64) -> String {
        let mut replay = Replay::new(first, self.room.shown().seq + 1, Selection::Everything);
        let mut page = Page::default();
        let mut all = Vec::new();
        while replay.next < replay.end {
            page.fill(&replay, Form::Json, &self.room, &self.history)
                .unwrap();
            all.extend_from_slice(page.bytes());
            replay.advance(page.bytes().len(), &page);
        }
        String::from_utf8(all).unwrap()
    }
}

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

/// D-01: numbers and identity go on after a restart.
#[test]
fn a_room_goes_on_where_it_was() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let id = "0123456789abcdef0123456789abcdef";
    let mut hall = Hall::open(options.clone()).unwrap();
    let room = hall.room.id();
    hall.say("one", Some(id));
    hall.say("two\n\"three\"", Some("1"));
    assert_eq!(hall.keep(), None);
    assert_eq!(hall.room.shown().seq, 3);
    assert_eq!(hall.replay(1), content(&options));
    drop(hall);

    let before = content(&options);
    let mut hall = Hall::open(options.clone()).unwrap();
    assert!(hall.room.id().is_same_room(&room));
    assert_eq!(hall.room.first(), 1);
    // Opening it is an event, too.
    assert_eq!(hall.room.head().seq, 4);
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

/// D-06: nobody else reads it.
#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options).unwrap();
    for _ in 0..30 {
        hall.say(&"x".repeat(4000), None);
        hall.keep();
    }
    let entries: Vec<_> = fs::read_dir(directory.path()).unwrap().flatten().collect();
    assert!(entries.len() >= 3, "{entries:?}");
    for entry in entries {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{entry:?}");
    }
}

/// D-06: the second one refuses.
#[test]
fn two_servers_do_not_share_a_history() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let hall = Hall::open(options.clone()).unwrap();
    let before = content(&options);
    let error = Hall::open(options.clone()).err().unwrap().to_string();
    assert!(error.contains("in use by another chat-server"), "{error}");
    assert_eq!(content(&options), before);
    drop(hall);
    assert!(Hall::open(options).is_ok());
}

/// D-06: nor by way of a link to a file that the first one only makes.
#[cfg(unix)]
#[test]
fn a_link_leads_to_the_same_history() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    let link = |from: &str, to: &str| {
        let from = directory.path().join(from);
        std::os::unix::fs::symlink(to, &from).unwrap();
        from
    };
    fs::create_dir(directory.path().join("data")).unwrap();
    link("next", "data/room.jsonl");
    options.path = link("first", "next");
    let hall = Hall::open(options.clone()).unwrap();
    assert!(directory.path().join("data/room.jsonl.lock").exists());
    let error = Hall::open(options.clone()).err().unwrap().to_string();
    assert!(error.contains("in use by another chat-server"), "{error}");
    drop(hall);
    // One that leads to itself is no file.
    options.path = link("round", "round");
    assert!(Hall::open(options).is_err());
}

/// D-01: the numbers in the names grow beyond six digits.
#[test]
fn a_million_files_are_not_the_end() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    options.keep = 128 * 1024;
    let mut hall = Hall::open(options.clone()).unwrap();
    let fill = |hall: &mut Hall| {
        for _ in 0..8 {
            hall.say(&"x".repeat(4000), None);
            hall.keep();
        }
    };
    fill(&mut hall);
    drop(hall);
    let renamed = numbered(&options.path).unwrap();
    assert!(renamed.len() > 1);
    for (index, (_, path)) in renamed.iter().enumerate() {
        let number = 1_000_000 - renamed.len() + index;
        fs::rename(path, with_suffix(&options.path, &number.to_string())).unwrap();
    }
    let mut hall = Hall::open(options.clone()).unwrap();
    fill(&mut hall);
    let last = hall.room.head().seq;
    drop(hall);
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
    assert_eq!((hall.room.first(), hall.room.head().seq), (1, last + 1));
    assert_eq!(hall.replay(1), everything(&options));
}

/// D-02, D-06: it says what is wrong instead.
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

/// A history of five messages, closed.
fn five_messages(options: &Options) -> String {
    let mut hall = Hall::open(options.clone()).unwrap();
    for text in ["one", "two", "three", "four", "five"] {
        hall.say(text, Some(text));
    }
    hall.keep();
    content(options)
}

/// D-02: wherever it was cut.
#[test]
fn a_torn_end_is_cut_off_at_the_last_whole_line() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let whole = five_messages(&options);
    for length in 0..whole.len() {
        fs::write(&options.path, &whole[..length]).unwrap();
        let mut hall = Hall::open(options.clone()).unwrap();
        let kept = &whole[..whole[..length].rfind('\n').map_or(0, |end| end + 1)];
        let torn = length - kept.len();
        assert_eq!(hall.notes.len(), usize::from(torn > 0));
        if torn > 0 {
            assert!(hall.notes[0].starts_with(&format!("{torn} bytes")));
            let copy = fs::read_to_string(with_suffix(&options.path, "torn")).unwrap();
            assert!(copy.ends_with(&whole[kept.len()..length]));
        }
        let events = kept.lines().count() as u64;
        assert_eq!(hall.room.head().seq, events + 1);
        hall.say("after", None);
        hall.keep();
        let all = content(&options);
        assert!(all.starts_with(kept));
        assert_eq!(all.lines().count() as u64, events + 2);
        drop(hall);
        // And once more: what was appended is whole.
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!(hall.notes, [""; 0]);
        assert_eq!(hall.room.head().seq, events + 3);
    }
}

/// D-02: as after a power cut: the length is written and the contents are not.
#[test]
fn zeros_at_the_end_are_cut_off() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let whole = five_messages(&options);
    for zeros in [vec![0; 4096], vec![b'\n'; 1], b"\0\0\n\0\0\n".to_vec()] {
        fs::write(&options.path, [whole.as_bytes(), &zeros].concat()).unwrap();
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!(hall.notes.len(), 1);
        assert_eq!(hall.room.head().seq, 7);
        assert!(content(&options).starts_with(&whole));
    }
}

/// D-02: what is damaged is never passed over: it is either the torn end, or the
/// server does not start and the file is as it was.
#[test]
fn damage_in_the_middle_is_refused() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let whole = five_messages(&options);
    let mut refused = 0;
    for place in 0..whole.len() {
        let mut damaged = whole.clone().into_bytes();
        damaged[place] ^= 0x40;
        fs::write(&options.path, &damaged).unwrap();
        match Hall::open(options.clone()) {
            Ok(hall) if hall.notes.is_empty() => assert_eq!(hall.room.head().seq, 7),
            Ok(hall) => {
                // Only the last line; without the end of the one before it
                // that is the two together.
                let joined = u64::from(whole.trim_end().as_bytes().get(place) == Some(&b'\n'));
                assert_eq!(hall.room.head().seq, 6 - joined, "byte {place}");
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("is damaged at byte"), "{error}");
                assert_eq!(fs::read(&options.path).unwrap(), damaged);
            }
        }
    }
    assert!(refused > whole.len() / 4, "{refused}");
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for missing in 1..5 {
        let mut lines = lines.clone();
        lines.remove(missing);
        fs::write(&options.path, lines.concat()).unwrap();
        let error = Hall::open(options.clone()).err().unwrap().to_string();
        assert!(
            error.contains(&format!("event {} should come", missing + 1)),
            "{error}"
        );
    }
}

/// D-02: no event has the number 0, and none so large a one that the next could
/// not be counted.
#[test]
fn numbers_that_no_event_can_have_are_damage() {
    let directory = directory();
    let options = options(&directory, SyncMode::Off);
    let event = |seq: u64| format!("{{\"seq\":{seq},\"type\":\"room\",\"people\":0}}\n");
    for next in [1, 2] {
        let file = event(0) + &event(next);
        fs::write(&options.path, &file).unwrap();
        assert!(Hall::open(options.clone()).is_err());
        assert_eq!(content(&options), file);
    }
    fs::write(&options.path, event(1) + &event(u64::MAX - 1)).unwrap();
    let hall = Hall::open(options.clone()).unwrap();
    assert_eq!((hall.notes.len(), hall.room.head().seq), (1, 2));
    drop(hall);
    fs::write(&options.path, event(u64::MAX - 2)).unwrap();
    let hall = Hall::open(options).unwrap();
    assert_eq!((hall.notes.len(), hall.room.head().seq), (1, 1));
}

#[test]
fn files_are_bounded_whole_and_in_one_order() {
    for keep in [128 << 10, 1 << 20] {
        files_are_bounded(keep);
    }
}

fn files_are_bounded(keep: u64) {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    options.keep = keep;
    let mut hall = Hall::open(options.clone()).unwrap();
    let room = hall.room.id();
    let mut said = 0;
    for round in 0..400 {
        for _ in 0..round % 7 {
            said += 1;
            hall.say(
                &format!("{said} {}", "x".repeat(4000)),
                Some(&format!("id-{said}")),
            );
        }
        hall.keep();
        hall.room.trim([u64::MAX; 2]);
        let first = hall.room.first();
        assert!(
            hall.replay(first)
                .starts_with(&format!("{{\"seq\":{first},"))
        );
    }
    // The thread removes what is too old.
    let oldest = hall.history.segments.first().unwrap().number;
    hall.keep_until(|_, _| numbered(&options.path).unwrap()[0].0 == oldest);
    let full = numbered(&options.path).unwrap();
    assert!(full.len() > 8, "{full:?}");
    let mut expected = hall.room.first();
    assert!(expected > 1);
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
    let (head, first) = (hall.room.head(), hall.room.first());
    assert_eq!(expected, head.seq + 1);
    assert_eq!(hall.replay(first), everything(&options));
    assert!(matches!(hall.say("1 x", Some("id-1")), Said::New(_)));
    drop(hall);

    let mut hall = Hall::open(options.clone()).unwrap();
    assert!(hall.room.id().is_same_room(&room));
    assert_eq!(
        (hall.room.first(), hall.room.head().seq),
        (first, head.seq + 1)
    );
    assert_eq!(hall.replay(first), everything(&options));
    let text = format!("{said} {}", "x".repeat(4000));
    assert!(matches!(
        hall.say(&text, Some(&format!("id-{said}"))),
        Said::Again(_)
    ));
}

#[test]
fn a_server_that_ended_between_two_files_goes_on() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    for _ in 0..40 {
        hall.say(&"x".repeat(4000), None);
        hall.keep();
    }
    let seq = hall.room.head().seq;
    drop(hall);
    let full = with_suffix(&options.path, "000003");
    fs::rename(&options.path, &full).unwrap();
    fs::write(with_suffix(&options.path, "new"), "half a li").unwrap();
    let hall = Hall::open(options.clone()).unwrap();
    assert_eq!(hall.room.head().seq, seq + 1);
    assert_eq!(hall.replay(1), everything(&options));
    assert_eq!(content(&options).lines().count(), 1);
}

/// D-03: nobody sees what is not synced yet.
#[test]
fn with_always_nothing_is_seen_before_it_is_on_the_disk() {
    let directory = directory();
    let options = options(&directory, SyncMode::Always);
    let mut hall = Hall::open(options.clone()).unwrap();
    assert_eq!(hall.room.shown().seq, 1);
    hall.say("one", None);
    assert_eq!(hall.keep(), None);
    assert_eq!(hall.room.shown().seq, 1);
    // One job at a time: what comes meanwhile goes together into the next.
    hall.say("two", None);
    hall.say("three", None);
    hall.keep_until(|hall, _| hall.room.shown().seq > 1);
    assert!(hall.room.shown().seq == 2 || hall.room.shown().seq == 4);
    hall.keep_until(|hall, _| hall.room.shown().seq == 4);
    assert_eq!(hall.replay(1), content(&options));
}

/// D-05: what cannot be written is refused.
#[cfg(unix)]
#[test]
fn a_full_disk_refuses_what_is_new_and_loses_nothing() {
    for sync in [SyncMode::Always, SyncMode::Batch, SyncMode::Off] {
        let directory = directory();
        let options = options(&directory, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        hall.say("one", None);
        hall.keep_until(|hall, _| hall.room.shown().seq == 2);
        let file = hall.history.files.pop_back().unwrap();
        let full = disk::open(Path::new("/dev/full"), Make::IfMissing).unwrap();
        hall.history.files.push_back(Arc::new(full));
        hall.say("two", Some("2"));
        let news = hall.keep_until(|_, news| news.is_some());
        assert!(
            matches!(&news, Some(News::Trouble(why)) if why.contains("no space left")),
            "{news:?}"
        );
        assert_eq!(hall.room.shown().seq, 2);
        assert!(matches!(hall.say("three", None), Said::Refused(_)));
        // It is tried again, and told only once.
        hall.now.instant += RETRY_AFTER;
        assert_eq!(hall.keep(), None);
        assert_eq!(hall.room.shown().seq, 2);

        hall.history.files.pop_back();
        hall.history.files.push_back(file);
        let news = hall.keep_until(|_, news| news.is_some());
        assert_eq!(news, Some(News::Recovered));
        assert_eq!(hall.room.shown().seq, 3);
        assert!(matches!(hall.say("two", Some("2")), Said::Again(3)));
        assert!(matches!(hall.say("four", None), Said::New(_)));
        hall.keep_until(|hall, _| hall.room.shown().seq == 4);
        assert_eq!(hall.replay(1), content(&options));
    }
}

/// D-04: it was begun before, and says nothing about what could not be written
/// since.
#[cfg(unix)]
#[test]
fn a_sync_under_way_does_not_end_a_trouble_nor_hide_what_was_shown() {
    for sync in [SyncMode::Always, SyncMode::Batch] {
        let directory = directory();
        let mut hall = Hall::open(options(&directory, sync)).unwrap();
        // Until one is under way that is not of all that is written.
        for _ in 0..1000 {
            hall.now.instant += SYNC_EVERY;
            hall.say("one", None);
            hall.keep();
            hall.say("two", None);
            hall.keep();
            if (hall.history.in_flight).is_some_and(|mark| mark != hall.room.head()) {
                break;
            }
        }
        let file = hall.history.files.pop_back().unwrap();
        let full = disk::open(Path::new("/dev/full"), Make::IfMissing).unwrap();
        hall.history.files.push_back(Arc::new(full));
        hall.say("three", None);
        let news = hall.keep_until(|_, news| news.is_some());
        assert!(matches!(news, Some(News::Trouble(_))), "{news:?}");
        let shown = hall.room.shown();
        hall.keep_until(|hall, news| {
            assert_eq!(*news, None, "{sync:?}: it is told once");
            assert!(hall.room.shown().seq >= shown.seq, "{sync:?}");
            assert!(hall.room.trouble().is_some(), "{sync:?}");
            hall.history.in_flight.is_none()
        });
        hall.history.files.pop_back();
        hall.history.files.push_back(file);
        let news = hall.keep_until(|_, news| news.is_some());
        assert_eq!(news, Some(News::Recovered));
        assert_eq!(hall.room.shown(), hall.room.head());
    }
}

/// D-04: a disk that takes everything, fails to sync, and has forgotten it then: a
/// file that does so is `/dev/null`.
#[cfg(unix)]
#[test]
fn what_a_failed_sync_lost_is_written_again() {
    for sync in [SyncMode::Always, SyncMode::Batch] {
        let directory = directory();
        let options = options(&directory, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        let file = hall.history.files.pop_back().unwrap();
        let null = disk::open(Path::new("/dev/null"), Make::IfMissing).unwrap();
        hall.history.files.push_back(Arc::new(null));
        hall.say("one", None);
        let news = hall.keep_until(|_, news| news.is_some());
        assert!(matches!(news, Some(News::Trouble(_))), "{news:?}");
        let confirmed = hall.room.shown().seq;
        assert_eq!(confirmed, if sync == SyncMode::Always { 1 } else { 2 });
        assert!(matches!(hall.say("two", None), Said::Refused(_)));
        assert_eq!(content(&options).lines().count(), 1);

        hall.history.files.pop_back();
        hall.history.files.push_back(file);
        let news = hall.keep_until(|_, news| news.is_some());
        assert_eq!(news, Some(News::Recovered));
        assert_eq!(hall.room.shown().seq, 2);
        assert_eq!(content(&options).lines().count(), 2);
        assert_eq!(hall.replay(1), content(&options));
    }
}

#[test]
fn the_end_of_the_server_writes_the_rest() {
    for sync in [SyncMode::Always, SyncMode::Batch, SyncMode::Off] {
        let directory = directory();
        let options = options(&directory, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        hall.say("one", None);
        hall.keep();
        hall.say("two", None);
        let Hall {
            history,
            mut room,
            now,
            ..
        } = hall;
        assert_eq!(history.finish(&mut room, now), None);
        assert_eq!(content(&options).lines().count(), 3);
    }
}
