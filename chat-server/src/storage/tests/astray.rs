//! What other programs do to the files while the server has them open.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::storage::jobs::LOOK_EVERY;

pub(super) const MODES: [SyncMode; 3] = [SyncMode::Always, SyncMode::Batch, SyncMode::Off];

/// Ann has said one to three, something is done to the file, and she goes on with
/// four to six: what people are told, the room, and what `FILE` holds then. The server
/// is killed in the end, and the next one has the same room.
pub(super) struct After {
    pub(super) directory: TempDir,
    pub(super) options: Options,
    news: Vec<News>,
    pub(super) content: String,
    pub(super) hall: Hall,
}

pub(super) fn after(sync: SyncMode, what: impl Fn(&Path)) -> After {
    let directory = directory();
    let options = options(&directory, sync);
    let mut hall = Hall::open(options.clone()).unwrap();
    for text in ["one", "two", "three"] {
        hall.say(text, None);
        hall.keep_all();
    }
    what(&options.path);
    let mut news = Vec::new();
    let mut said = 4;
    for text in ["four", "five", "six"] {
        assert!(matches!(hall.say(text, None), Said::New(_)));
        said += 1;
        news.extend(hall.keep());
        if sync == SyncMode::Always && said == 5 {
            // Nothing is confirmed before it is in its place.
            news.extend(hall.keep_until(|hall, news| {
                let is_shown = hall.hub.timeline.shown().seq >= 5;
                assert!(!is_shown || content(&hall.history.options).contains("\"four\""));
                is_shown || !news.is_empty()
            }));
        }
    }
    if news.is_empty() {
        news = hall.keep_until(|_, news| !news.is_empty());
    }
    hall.keep_all();
    let all = hall.replay(1);
    for text in ["one", "two", "three", "four", "five", "six"] {
        assert_eq!(
            all.matches(&format!("\"{text}\"")).count(),
            1,
            "{text} in {all}"
        );
    }
    let room = hall.hub.room().id();
    hall.kill();
    let content = content(&options);
    let hall = Hall::open(options.clone()).unwrap();
    assert!(hall.hub.room().id().is_same_room(&room), "{sync:?}");
    assert!(hall.notes.is_empty(), "{:?}", hall.notes);
    After {
        directory,
        options,
        news,
        content,
        hall,
    }
}

impl After {
    /// How often each message is in `FILE`.
    #[track_caller]
    pub(super) fn holds(&self, expected: [usize; 6]) {
        let texts = ["one", "two", "three", "four", "five", "six"];
        let counts = texts.map(|text| self.content.matches(&format!("\"{text}\"")).count());
        assert_eq!(counts, expected, "{}", self.content);
    }

    #[track_caller]
    pub(super) fn is_told(&self, text: &str) {
        let told = |news: &News| matches!(news, News::Told(told) if told.contains(text));
        assert!(self.news.iter().any(told), "{:?}", self.news);
    }

    pub(super) fn aside(&self) -> PathBuf {
        with_suffix(&self.options.path, "replaced")
    }
}

pub(super) fn beside(path: &Path, name: &str) -> PathBuf {
    path.with_file_name(name)
}

/// There is an end to that, and the operator is told what to do.
#[test]
fn so_many_things_are_moved_aside_and_no_more() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    let first = with_suffix(&options.path, "replaced");
    fs::write(&first, "").unwrap();
    for number in 2..=100 {
        let other = with_suffix(&options.path, &format!("replaced-{number}"));
        fs::write(other, "").unwrap();
    }
    fs::remove_file(&options.path).unwrap();
    fs::write(&options.path, "notes\n").unwrap();
    hall.history.reopen();
    let news = hall.keep_until(|_, news| !news.is_empty());
    assert!(
        matches!(&news[..], [News::Trouble(why)] if why.contains("move room.replaced* away")),
        "{news:?}"
    );
    fs::remove_file(&first).unwrap();
    hall.keep_until(|_, news| news.contains(&News::Recovered));
    assert_eq!(fs::read_to_string(&first).unwrap(), "notes\n");
}

#[test]
fn a_file_that_is_deleted_is_written_again() {
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    for sync in MODES {
        let after = after(sync, remove);
        after.is_told("deleted or replaced");
        after.holds([1; 6]);
        assert_eq!(after.hall.hub.timeline.first(), 1);
        let mode = fs::metadata(&after.options.path)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// It may be of use to its owner, and is kept.
#[test]
fn what_replaces_the_file_is_moved_aside() {
    type Way = fn(&Path);
    let ways: [(&str, Way); 5] = [
        ("a file", |path| {
            let other = beside(path, "other");
            fs::write(&other, "notes\n").unwrap();
            fs::rename(other, path).unwrap();
        }),
        ("a file that has an old copy", |path| {
            fs::rename(path, beside(path, "copy")).unwrap();
            fs::write(path, "edited\n").unwrap();
        }),
        ("a link", |path| {
            fs::remove_file(path).unwrap();
            let target = beside(path, "target");
            fs::write(&target, "").unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
        }),
        ("a directory", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("a FIFO", |path| {
            fs::remove_file(path).unwrap();
            let mode = rustix::fs::Mode::from_bits_truncate(0o600);
            rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
        }),
    ];
    for sync in MODES {
        for (what, way) in ways {
            let after = after(sync, way);
            after.is_told("deleted or replaced");
            after.holds([1; 6]);
            assert!(after.aside().symlink_metadata().is_ok(), "{what} is gone");
            let noted =
                |news: &News| matches!(news, News::Noted(text) if text.contains("room.replaced"));
            assert!(after.news.iter().any(noted), "{:?}", after.news);
            let target = after.directory.path().join("target");
            assert!(what != "a link" || fs::read(target).unwrap().is_empty());
        }
    }
}

/// It cannot be written any more, and is when its directory is there again.
#[test]
fn a_directory_that_is_gone_is_waited_for() {
    for sync in MODES {
        for moved in [false, true] {
            let parent = directory();
            let home = parent.path().join("data");
            fs::create_dir(&home).unwrap();
            let mut options = options(&parent, sync);
            options.path = home.join("room");
            let mut hall = Hall::open(options.clone()).unwrap();
            hall.say("one", None);
            hall.keep_all();
            let other = parent.path().join("other");
            match moved {
                true => fs::rename(&home, &other).unwrap(),
                false => fs::remove_dir_all(&home).unwrap(),
            }
            hall.say("two", None);
            let news = hall.keep_until(|_, news| !news.is_empty());
            let why = |news: &News| matches!(news, News::Trouble(why) if why.contains("its directory is gone"));
            assert!(news.iter().any(why), "{news:?}");
            assert!(matches!(hall.say("three", None), Said::Refused));
            match moved {
                true => fs::rename(&other, &home).unwrap(),
                false => fs::create_dir(&home).unwrap(),
            }
            hall.keep_until(|_, news| news.contains(&News::Recovered));
            assert!(matches!(hall.say("four", None), Said::New(_)));
            hall.keep_all();
            let room = hall.hub.room().id();
            hall.kill();
            let all = content(&options);
            assert_eq!(
                ["one", "two", "four"].map(|text| all.matches(&format!("\"{text}\"")).count()),
                [1; 3],
                "{all}"
            );
            let hall = Hall::open(options).unwrap();
            assert!(hall.hub.room().id().is_same_room(&room));
            assert_eq!(hall.notes, [""; 0]);
        }
    }
}

/// Its events can still be read. The next server begins behind them and says so.
#[test]
fn a_full_file_that_is_gone_is_told_and_missed_only_after_a_restart() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    options.keep = 128 << 10;
    let mut hall = Hall::open(options.clone()).unwrap();
    for number in 0..40 {
        hall.say(&format!("{number} {}", "x".repeat(1500)), None);
        hall.keep_all();
        hall.hub.trim([u64::MAX; 2], hall.now);
    }
    let full = numbered(&options.path).unwrap();
    assert!(full.len() > 4);
    let (_, gone) = &full[1];
    let missing = fs::read_to_string(gone).unwrap().lines().count();
    fs::remove_file(gone).unwrap();
    // Each is looked at in its turn, and it is told once.
    for _ in 0..3 * full.len() {
        hall.now.instant += LOOK_EVERY;
        let news = hall.keep_until(|hall, _| hall.history.in_flight.is_none());
        for news in news {
            assert!(matches!(news, News::Noted(text) if text.contains("room.000002 is gone")));
        }
    }
    assert!(hall.history.segments.get(1).unwrap().is_gone);
    let before = hall.replay(1);
    assert!(!before.contains("\"gap\""));
    hall.kill();

    let hall = Hall::open(options).unwrap();
    assert_eq!(hall.notes.len(), 1);
    assert!(
        hall.notes[0].contains("are missing before event"),
        "{:?}",
        hall.notes
    );
    let after = hall.replay(1);
    assert!(
        after.contains(&format!("\"missed\":{missing}")),
        "{missing}"
    );
    assert_eq!(after.lines().count(), before.lines().count() - missing + 2);
}
