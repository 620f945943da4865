//! What other programs do to the files while the server has them open.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::faults::{Faults, Kind};
use super::*;
use crate::storage::disk::Make;
use crate::storage::jobs::LOOK_EVERY;
use crate::timeline::replay::SOURCE;

const MODES: [SyncMode; 3] = [SyncMode::Always, SyncMode::Batch, SyncMode::Off];

/// Ann has said one to three, something is done to the file, and she goes on with
/// four to six: what is told, the room, and what `FILE` holds then. The server
/// is killed in the end, and the next one has the same room.
struct After {
    directory: TempDir,
    options: Options,
    news: Vec<News>,
    content: String,
    hall: Hall,
}

fn after(sync: SyncMode, what: impl Fn(&Path)) -> After {
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
    fn holds(&self, expected: [usize; 6]) {
        let texts = ["one", "two", "three", "four", "five", "six"];
        let counts = texts.map(|text| self.content.matches(&format!("\"{text}\"")).count());
        assert_eq!(counts, expected, "{}", self.content);
    }

    #[track_caller]
    fn is_told(&self, text: &str) {
        let told = |news: &News| matches!(news, News::Told(told) if told.contains(text));
        assert!(self.news.iter().any(told), "{:?}", self.news);
    }

    fn aside(&self) -> PathBuf {
        with_suffix(&self.options.path, "replaced")
    }
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.with_file_name(name)
}

/// As logrotate does it: what was said before is in the old file, what is said
/// after in the new one, and nothing in both.
#[test]
fn a_file_that_is_moved_away_is_followed_by_a_new_one() {
    for sync in MODES {
        for is_created in [false, true] {
            let after = after(sync, |path| {
                fs::rename(path, beside(path, "old")).unwrap();
                if is_created {
                    fs::write(path, "").unwrap();
                    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
                }
            });
            let mode = if is_created { 0o640 } else { 0o600 };
            after.is_told("the history was moved away, and goes on in a new file");
            let old = fs::read_to_string(after.directory.path().join("old")).unwrap();
            let both = old + &after.content;
            for text in ["one", "two", "three", "four", "five", "six"] {
                assert_eq!(both.matches(&format!("\"{text}\"")).count(), 1, "{both}");
            }
            if sync != SyncMode::Off {
                after.holds([0, 0, 0, 1, 1, 1]);
            }
            let mut seq = 0;
            for line in both.lines() {
                seq += 1;
                assert!(line.starts_with(&format!("{{\"seq\":{seq},")), "{both}");
            }
            let found = fs::metadata(&after.options.path)
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(found & 0o777, mode);
            assert!(!after.aside().exists());
            // The numbers go on.
            assert_eq!(after.hall.hub.timeline.head().seq, seq + 1);
            assert!(after.hall.hub.timeline.first() > 1);
        }
    }
}

/// The server may be killed at any moment: what was not safe leaves the old file only
/// when it is in the new one.
#[test]
fn what_is_moved_into_the_new_file_is_there_before_it_leaves_the_old_one() {
    let (directory, faults) = (directory(), Faults::default());
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
    hall.say("one", None);
    hall.keep_all();
    hall.say("two", None);
    hall.keep();
    let old = beside(&options.path, "old");
    fs::rename(&options.path, &old).unwrap();
    faults.hang(Kind::Cut);
    hall.history.reopen();
    hall.keep_until(|_, _| faults.is_hanging());
    let holds_two = |path: &Path| fs::read_to_string(path).unwrap().contains("\"two\"");
    assert!(holds_two(&old) && holds_two(&options.path));
    faults.release();
    hall.keep_all();
    assert!(!holds_two(&old) && holds_two(&options.path));
}

/// That may have to wait: until a sync has failed, or until the new file, which was
/// moved away as well, has a successor.
#[test]
fn what_is_moved_into_a_new_file_leaves_the_old_ones_in_the_end() {
    for is_moved_twice in [false, true] {
        let (directory, faults) = (directory(), Faults::default());
        let options = options(&directory, SyncMode::Batch);
        let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
        hall.say("one", None);
        hall.keep_all();
        hall.say("two", None);
        hall.keep();
        let old = ["first", "second"].map(|name| beside(&options.path, name));
        fs::rename(&options.path, &old[0]).unwrap();
        faults.hang(Kind::Open);
        hall.history.reopen();
        hall.keep_until(|_, _| faults.is_hanging());
        faults.hang(Kind::Sync);
        hall.keep_until(|_, _| faults.is_hanging());
        if is_moved_twice {
            fs::rename(&options.path, &old[1]).unwrap();
        } else {
            faults.fail(Kind::Sync, 0, 1, rustix::io::Errno::IO);
        }
        faults.release();
        hall.keep_all();
        let holds_two = |path: &Path| {
            let found = fs::read_to_string(path);
            found.is_ok_and(|found| found.contains("\"two\""))
        };
        assert!(holds_two(&options.path));
        assert!(!old.iter().any(|path| holds_two(path)), "{is_moved_twice}");
    }
}

/// A server that was killed may have left more than two such files, and others
/// without any event.
#[test]
fn what_is_in_several_files_is_read_once() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    for text in ["one", "two", "three"] {
        hall.say(text, None);
    }
    hall.keep_all();
    hall.kill();
    let whole = content(&options);
    let starts: Vec<usize> = whole.match_indices("{\"seq\":").map(|(at, _)| at).collect();
    let ends = starts.iter().copied().chain([whole.len()]);
    for end in ends {
        for start in starts.iter().copied().filter(|start| *start <= end) {
            let rest = &whole[start..];
            for (number, part) in [(1, &whole[..end]), (2, rest), (3, "")] {
                fs::write(keeper::full(&options.path, number), part).unwrap();
            }
            fs::write(&options.path, rest).unwrap();
            let hall = Hall::open(options.clone()).unwrap();
            assert_eq!(
                (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
                (1, 5)
            );
            assert_eq!(hall.replay(1), everything(&options));
            hall.kill();
        }
    }
}

/// The server may have been killed while the same events were in both files, wherever
/// it was in writing the new one. What is the same in both is read once.
#[test]
fn what_is_in_two_files_is_read_once() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    for text in ["one", "two", "three"] {
        hall.say(text, None);
    }
    hall.keep_all();
    hall.kill();
    let whole = content(&options);
    let starts: Vec<usize> = whole.match_indices("{\"seq\":").map(|(at, _)| at).collect();
    let full = keeper::full(&options.path, 1);
    let more = r#"{"seq":5,"time":"2026-11-23T10:00:00.000Z","type":"left","names":["bo"]}"#;
    for &start in &starts[1..] {
        let rest = &whole[start..];
        // As far as it was written, and with an event that the old file does not have.
        let written = (1..=rest.len()).map(|length| rest[..length].to_owned());
        for new in written.chain([format!("{rest}{more}\n")]) {
            let last = 4 + u64::from(new.len() > rest.len());
            fs::write(&full, &whole).unwrap();
            fs::write(&options.path, &new).unwrap();
            let hall = Hall::open(options.clone()).unwrap();
            assert_eq!(
                (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
                (1, last + 1)
            );
            assert_eq!(hall.replay(1), everything(&options));
            hall.kill();
        }
        // The power may have failed before the end of one was on the disk, or another
        // program have appended to it.
        let long = ["\0".repeat(3 * SOURCE), "note\n".repeat(SOURCE)];
        let [zeros, notes] = [&long[0][..], &long[1][..]];
        let ends = starts.iter().copied().filter(|end| *end > start);
        for end in ends.chain([whole.len()]) {
            for torn in ["\0\0\0", "{\"seq\":", "note\n{\"seq\":1}\n", zeros, notes] {
                let (old, new) = (&whole[..end], &whole[start..end]);
                let of_old = (format!("{old}{torn}"), format!("{rest}{torn}"));
                for (old, new) in [of_old, (whole.clone(), format!("{new}{torn}"))] {
                    fs::write(&full, old).unwrap();
                    fs::write(&options.path, new).unwrap();
                    let hall = Hall::open(options.clone()).unwrap();
                    assert_eq!(
                        (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
                        (1, 5)
                    );
                    assert_eq!(hall.replay(1), everything(&options));
                    hall.kill();
                }
            }
        }
        // An event may be missing in the middle of either.
        let [left, right] = [&whole[..start], rest];
        let gap = right.find('\n').map_or(0, |end| end + 1);
        if let Some(next) = right[gap..].find('\n') {
            let with_gap = format!("{}\0\0{}", &right[..gap], &right[gap + next + 1..]);
            for (old, new) in [(&with_gap[..], right), (right, &with_gap)] {
                fs::write(&full, format!("{left}{old}")).unwrap();
                fs::write(&options.path, new).unwrap();
                let hall = Hall::open(options.clone()).unwrap();
                assert_eq!(
                    (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
                    (1, 5)
                );
                assert!(everything(&options).starts_with(&whole));
                hall.kill();
            }
        }
        // Another event under the same number is damage, and nothing is changed.
        let other = rest.replacen("ann", "bob", 1);
        fs::write(&full, &whole).unwrap();
        fs::write(&options.path, &other).unwrap();
        assert!(Hall::open(options.clone()).is_err());
        assert_eq!(content(&options), other);
        assert_eq!(fs::read_to_string(&full).unwrap(), whole);
    }
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

/// Zeros where the server writes behind the end of a file that was cut, and what is
/// left of something that was copied over it.
#[test]
fn a_file_whose_contents_are_changed_is_written_again() {
    let cut_at = |path: &Path, length: u64| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(length).unwrap();
    };
    for sync in MODES {
        for length in [0, 1, 100, 150, 200, 250, 300, 340] {
            let after = after(sync, |path| cut_at(path, length));
            after.is_told("changed by another program, and has been written again");
            after.holds([1; 6]);
            assert_eq!(after.hall.hub.timeline.first(), 1);
        }
        for other in [
            "x\n".to_owned(),
            "x".repeat(350),
            "notes\n".repeat(1000),
            // An older copy, and one in which something was changed.
            String::new(),
            "longer".to_owned(),
        ] {
            let after = after(sync, |path| {
                let ours = fs::read_to_string(path).unwrap();
                let (older, _) = ours.split_at(ours.find("{\"seq\":3").unwrap());
                fs::write(
                    path,
                    match &other[..] {
                        "" => older.to_owned(),
                        "longer" => ours.replace("\"two\"", "\"two and more\""),
                        other => other.to_owned(),
                    },
                )
                .unwrap();
            });
            after.is_told("changed by another program, and has been written again");
            after.holds([1; 6]);
            // What was copied there is kept.
            assert!(after.aside().exists());
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

/// Only the end of it is in memory, and the rest is nowhere any more.
#[test]
fn of_a_large_file_that_is_cut_what_is_in_memory_is_left() {
    for sync in MODES {
        let directory = directory();
        let mut options = options(&directory, sync);
        options.keep = 16 << 20;
        let mut hall = Hall::open(options.clone()).unwrap();
        for number in 0..120 {
            hall.say(&format!("{number} {}", "x".repeat(4000)), None);
            hall.keep_all();
            hall.hub.trim([u64::MAX; 2], hall.now);
        }
        assert!(hall.hub.timeline.log(Form::Json).first() > 2);
        fs::write(&options.path, "").unwrap();
        hall.say("after", None);
        let news = hall.keep_until(|_, news| !news.is_empty());
        let first = hall.hub.timeline.first();
        let lost = |news: &News| matches!(news, News::Told(text) if text.contains(&format!("from event {first} on; what was before that is lost")));
        assert!(news.iter().any(lost), "{news:?}");
        assert!(first > 2 && first < 120);
        hall.keep_all();
        let (room, last) = (hall.hub.room().id(), hall.hub.timeline.head().seq);
        assert_eq!(hall.replay(first), content(&options));
        hall.kill();
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!(
            (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
            (first, last + 1)
        );
        assert!(hall.hub.room().id().is_same_room(&room));
        assert!(content(&options).contains("\"after\""));
    }
}

/// The server may be killed before it has noticed anything: the next one starts, and
/// goes on behind what is missing.
#[test]
fn a_hole_that_nobody_has_noticed_is_no_damage() {
    for (length, first) in [(0, 5), (1, 5), (150, 1), (300, 1)] {
        let directory = directory();
        let options = options(&directory, SyncMode::Batch);
        let mut hall = Hall::open(options.clone()).unwrap();
        for text in ["one", "two", "three"] {
            hall.say(text, None);
            hall.keep_all();
        }
        let file = fs::OpenOptions::new()
            .write(true)
            .open(&options.path)
            .unwrap();
        file.set_len(length).unwrap();
        hall.say("four", None);
        hall.keep();
        hall.kill();
        let before = fs::read(&options.path).unwrap();
        assert!(before.contains(&0));
        let mut hall = Hall::open(options.clone()).unwrap();
        assert_eq!(hall.notes.len(), 1);
        assert!(hall.notes[0].contains("before event 5"), "{:?}", hall.notes);
        assert_eq!(
            (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
            (first, 6)
        );
        assert!(fs::read(&options.path).unwrap().starts_with(&before));
        // What is missing is told where it was.
        let all = hall.replay(1);
        let gap = all
            .split_once("\"missed\":")
            .map(|(_, rest)| rest.as_bytes()[0]);
        let missing = 5
            - before
                .iter()
                .take(length as usize)
                .filter(|&&byte| byte == b'\n')
                .count() as u8
            - 1;
        assert_eq!(gap, Some(b'0' + missing), "{all}");
        assert!(all.contains("\"four\""));
        hall.say("five", None);
        hall.keep_all();
        hall.kill();
        let hall = Hall::open(options).unwrap();
        assert_eq!(hall.hub.timeline.head().seq, 8);
    }
}

#[test]
fn what_another_program_appends_is_cut_off() {
    for sync in MODES {
        let directory = directory();
        let options = options(&directory, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        hall.say("one", None);
        hall.keep_all();
        let before = content(&options);
        fs::write(&options.path, format!("{before}a note\n")).unwrap();
        hall.now.instant += LOOK_EVERY;
        let news = hall.keep_until(|_, news| !news.is_empty());
        let noted = |news: &News| matches!(news, News::Noted(text) if text.starts_with("7 bytes"));
        assert!(news.iter().any(noted), "{news:?}");
        assert_eq!(content(&options), before);
        hall.say("two", None);
        hall.keep_all();
        assert_eq!(hall.replay(1), content(&options));
    }
}

/// SIGHUP: as logrotate does it, and where nothing has been moved.
#[test]
fn the_operator_can_ask_whether_it_is_in_its_place() {
    for sync in MODES {
        let directory = directory();
        let options = options(&directory, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        hall.say("one", None);
        hall.keep_all();
        hall.history.reopen();
        let news = hall.keep_until(|_, news| !news.is_empty());
        assert_eq!(
            news,
            [News::Noted(
                "SIGHUP: the history is in its place".to_owned()
            )]
        );
        fs::rename(&options.path, beside(&options.path, "old")).unwrap();
        hall.history.reopen();
        let news = hall.keep_until(|_, news| !news.is_empty());
        let text = "SIGHUP: the history was moved away, and goes on in a new file";
        assert_eq!(news, [News::Noted(text.to_owned())], "nobody else is told");
        hall.say("two", None);
        hall.keep_all();
        assert_eq!(content(&options).lines().count(), 2);
        assert_eq!(hall.replay(1).lines().count(), 4);
    }
}

/// It can be moved as often as anybody likes.
#[test]
fn files_that_were_moved_away_do_not_pile_up() {
    let directory = directory();
    let options = options(&directory, SyncMode::Off);
    let mut hall = Hall::open(options.clone()).unwrap();
    for number in 0..3 * MOST_MOVED {
        hall.say(&number.to_string(), None);
        hall.keep_all();
        fs::rename(&options.path, beside(&options.path, "old")).unwrap();
        hall.history.reopen();
        hall.keep_until(|_, news| !news.is_empty());
        assert!(hall.history.files.len() <= hall.history.most_files());
        assert_eq!(hall.history.files.len(), hall.history.segments.len());
    }
    hall.keep_all();
    let first = hall.hub.timeline.first();
    assert!(first > 1);
    assert!(
        hall.replay(first)
            .contains(&format!("\"{}\"", 3 * MOST_MOVED - 1))
    );
}

/// What is in it can still be read, and the next server begins behind it and says so.
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The file is cut anywhere, and any of our writes come behind that: unless it
    /// holds what was written, that is seen.
    #[test]
    fn a_cut_is_seen_whatever_is_written_behind_it(
        lengths in proptest::collection::vec(1usize..200, 2..20),
        seen in any::<proptest::sample::Index>(),
        written in any::<proptest::sample::Index>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let lines: Vec<String> = lengths.iter().enumerate().map(|(index, length)| {
            format!("{{\"seq\":{},\"text\":\"{}\"}}\n", index + 1, "x".repeat(*length))
        }).collect();
        let seen = seen.index(lines.len() - 1) + 1;
        let written = seen + written.index(lines.len() - seen + 1);
        let all = lines.concat();
        let end = |count: usize| lines[..count].concat().len();
        let directory = directory();
        let path = directory.path().join("room");
        // Some is there when it is cut, and the rest is written to where it belongs.
        fs::write(&path, &all[..end(written)]).unwrap();
        let file = Disk::default().open(&path, Make::Never).unwrap();
        file.cut(cut.index(end(written) + 1) as u64).unwrap();
        file.write_at(&all.as_bytes()[end(written)..], end(written) as u64).1.unwrap();
        let before = end(seen).saturating_sub(64)..end(seen);
        let expected = keeper::Expected {
            head: all.as_bytes()[..64.min(end(seen))].to_vec(),
            before: all.as_bytes()[before].to_vec(),
            place: end(seen) as u64..all.len() as u64,
            events: seen as u64 + 1..lines.len() as u64 + 1,
        };
        prop_assert_eq!(expected.is_in(&file), fs::read_to_string(&path).unwrap() == all);
    }
}
