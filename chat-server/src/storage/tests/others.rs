//! Other servers on the same files, other users in the same directory, and what is
//! no file.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// No other user can read it.
#[test]
fn only_the_owner_may_read_it() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options).unwrap();
    for _ in 0..30 {
        hall.say(&"x".repeat(4000), None);
        hall.keep_all();
    }
    let entries: Vec<_> = fs::read_dir(directory.path()).unwrap().flatten().collect();
    assert!(entries.len() >= 3, "{entries:?}");
    for entry in entries {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{entry:?}");
    }
}

/// The second one refuses.
#[test]
fn two_servers_do_not_share_a_history() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let hall = Hall::open(options.clone()).unwrap();
    let before = content(&options);
    let error = Hall::open(options.clone()).err().unwrap().to_string();
    assert!(error.contains("in use by another chat-server"), "{error}");
    assert_eq!(content(&options), before);
    hall.kill();
    assert!(Hall::open(options).is_ok());
}

/// Nor by way of a link to a file that the first one only makes.
#[test]
fn a_link_leads_to_the_same_history() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    let link = |from: &str, to: &str| {
        let from = directory.path().join(from);
        symlink(to, &from).unwrap();
        from
    };
    fs::create_dir(directory.path().join("data")).unwrap();
    link("next", "data/room.jsonl");
    options.path = link("first", "next");
    let hall = Hall::open(options.clone()).unwrap();
    assert!(directory.path().join("data/room.jsonl.lock").exists());
    let error = Hall::open(options.clone()).err().unwrap().to_string();
    assert!(error.contains("in use by another chat-server"), "{error}");
    hall.kill();
    // One that leads to itself is no file.
    options.path = link("round", "round");
    let error = Hall::open(options).err().unwrap().to_string();
    assert!(error.contains("a link that leads to itself"), "{error}");
}

#[track_caller]
fn is_in_use(options: &Options) {
    let error = Hall::open(options.clone()).err().unwrap().to_string();
    assert!(error.contains("in use by another chat-server"), "{error}");
}

/// Also when `FILE.lock` is gone, under another name, and when the file is
/// full.
#[test]
fn each_file_is_locked_itself() {
    let directory = directory();
    let mut first = options(&directory, SyncMode::Batch);
    first.keep = 128 << 10;
    let linked = Options {
        path: directory.path().join("linked"),
        ..first
    };
    let mut hall = Hall::open(first.clone()).unwrap();
    hall.say("one", None);
    hall.keep_all();
    fs::remove_file(with_suffix(&first.path, "lock")).unwrap();
    fs::hard_link(&first.path, &linked.path).unwrap();
    is_in_use(&first);
    is_in_use(&linked);
    // And those that are begun later.
    for _ in 0..4 {
        hall.say(&"x".repeat(4000), None);
        hall.keep_all();
    }
    assert!(!numbered(&first.path).unwrap().is_empty());
    fs::remove_file(with_suffix(&first.path, "lock")).unwrap();
    is_in_use(&first);
    is_in_use(&linked);
    fs::remove_file(&linked.path).unwrap();
    fs::hard_link(&first.path, &linked.path).unwrap();
    is_in_use(&linked);
    // And one that was put in the place of another.
    fs::remove_file(&first.path).unwrap();
    hall.say("two", None);
    hall.keep_until(|_, news| !news.is_empty());
    hall.keep_all();
    fs::remove_file(with_suffix(&first.path, "lock")).unwrap();
    is_in_use(&first);
    hall.kill();
    assert!(Hall::open(first).is_ok());
}

/// Where others may write they may have laid something there.
#[test]
fn what_is_beside_the_history_is_private_and_no_link() {
    for name in ["lock", "torn"] {
        let directory = directory();
        let options = options(&directory, SyncMode::Batch);
        let beside = with_suffix(&options.path, name);
        // The torn end of a history is what is written there.
        fs::write(&options.path, "{\"seq\":1").unwrap();
        let target = directory.path().join("target");
        for exists in [true, false] {
            let _ = fs::remove_file(&target);
            if exists {
                fs::write(&target, "precious").unwrap();
            }
            symlink(&target, &beside).unwrap();
            let error = format!("{:#}", Hall::open(options.clone()).err().unwrap());
            assert!(error.contains(&format!("room.{name}")), "{error}");
            assert!(error.contains("it is a link"), "{error}");
            assert_eq!(fs::read(&target).is_ok(), exists);
            fs::remove_file(&beside).unwrap();
        }
        assert_eq!(fs::read_to_string(&target).ok(), None);
        let mode = rustix::fs::Mode::from_bits_truncate(0o666);
        rustix::fs::mkfifoat(rustix::fs::CWD, &beside, mode).unwrap();
        let error = format!("{:#}", Hall::open(options.clone()).err().unwrap());
        assert!(error.contains("not a regular file"), "{error}");
        fs::remove_file(&beside).unwrap();

        fs::write(&beside, "").unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o666)).unwrap();
        let hall = Hall::open(options).unwrap();
        let mode = fs::metadata(&beside).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        hall.kill();
    }
}

/// What lies where the next file is to be begun, or would get its name.
#[test]
fn nothing_is_written_over_what_others_have_laid() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    options.keep = 128 << 10;
    let mut hall = Hall::open(options.clone()).unwrap();
    let target = directory.path().join("target");
    fs::write(&target, "precious").unwrap();
    symlink(&target, with_suffix(&options.path, "new")).unwrap();
    let taken = keeper::full(&options.path, 5);
    fs::write(&taken, "mine").unwrap();
    for _ in 0..4 {
        hall.say(&"x".repeat(4000), None);
        hall.keep_all();
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
    fs::remove_file(taken).unwrap();
    assert_eq!(numbered(&options.path).unwrap()[0].0, 6);
    assert_eq!(everything(&options), hall.replay(1));
}

/// To open a FIFO would wait for another program, and to read a device might never
/// end.
#[test]
fn what_is_no_file_among_the_full_ones_is_an_error() {
    type Lay = fn(&Path);
    let ways: [(Lay, &str); 5] = [
        (|path| fs::create_dir(path).unwrap(), "Is a directory"),
        (
            |path| {
                let mode = rustix::fs::Mode::from_bits_truncate(0o600);
                rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
            },
            "not a regular file",
        ),
        (
            |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
            "No such device",
        ),
        (|path| symlink("/dev/zero", path).unwrap(), "it is a link"),
        (|path| symlink(path, path).unwrap(), "it is a link"),
    ];
    for (lay, why) in ways {
        let directory = directory();
        let options = options(&directory, SyncMode::Batch);
        Hall::open(options.clone()).unwrap().kill();
        lay(&keeper::full(&options.path, 3));
        let error = format!("{:#}", Hall::open(options).err().unwrap());
        assert!(
            error.contains("room.000003") && error.contains(why),
            "{error}"
        );
    }
}

/// Only files that the server has written are removed for their age.
#[test]
fn nothing_else_is_removed_under_the_name_of_an_old_file() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Off);
    options.keep = 128 << 10;
    let mut hall = Hall::open(options.clone()).unwrap();
    let mut say_much = || {
        for _ in 0..40 {
            hall.say(&"x".repeat(4000), None);
            hall.keep_all();
        }
        numbered(&options.path).unwrap()[0].clone()
    };
    let (number, oldest) = say_much();
    fs::remove_file(&oldest).unwrap();
    fs::write(&oldest, "mine").unwrap();
    assert_eq!(say_much(), (number, oldest.clone()));
    assert_eq!(fs::read_to_string(oldest).unwrap(), "mine");
}
