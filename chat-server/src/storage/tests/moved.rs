//! Another program moves the newest file away, as logrotate does.

use std::os::unix::fs::PermissionsExt;

use super::astray::{MODES, after, beside};
use super::faults::{Faults, Kind};
use super::*;

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
            [News::Noted("the history is in its place".to_owned())]
        );
        fs::rename(&options.path, beside(&options.path, "old")).unwrap();
        hall.history.reopen();
        let news = hall.keep_until(|_, news| !news.is_empty());
        let text = "the history was moved away, and goes on in a new file";
        assert_eq!(news, [News::Noted(text.to_owned())], "people are not told");
        hall.say("two", None);
        hall.keep_all();
        assert_eq!(content(&options).lines().count(), 2);
        assert_eq!(hall.replay(1).lines().count(), 4);
    }
}

/// It can be moved any number of times.
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
