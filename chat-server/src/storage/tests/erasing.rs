//! Texts are erased in the files, also under faults and power cuts.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use super::faults::{Faults, Kind, Names};
use super::*;
use crate::storage::jobs::SYNC_EVERY;
use rustix::io::Errno;

const MODES: [SyncMode; 3] = [SyncMode::Always, SyncMode::Batch, SyncMode::Off];

impl Hall {
    /// Says something that can be erased, under an id that counts as random or a short one.
    /// Texts are long and short: what stands in their place is longer and shorter.
    fn say_secret(&mut self, number: usize) -> Said {
        let text = format!("secret {number}. {}", "x".repeat([0, 3000, 40][number % 3]));
        let id = match number % 2 {
            0 => format!("{number:032}"),
            _ => number.to_string(),
        };
        self.say(&text, Some(&id))
    }

    fn erase(&mut self, seq: u64) {
        self.hub.timeline.erase(seq, Name::parse("ann").ok());
    }
}

/// A history of so many texts, the first of which is event 2, and its lines.
fn filled(disk: Disk, options: &Options, texts: usize) -> Hall {
    let mut hall = Hall::open_on(disk, options.clone()).unwrap();
    for number in 0..texts {
        hall.say_secret(number);
        hall.keep_all();
    }
    hall
}

/// A history in files of 8 KiB.
fn in_small_files(directory: &TempDir, sync: SyncMode) -> Options {
    Options {
        keep: 128 << 10,
        ..options(directory, sync)
    }
}

/// The numbers of the events in which something is said.
fn said_in(lines: &str) -> Vec<u64> {
    let said = lines.lines().filter(|line| line.contains("\"secret "));
    said.map(seq_in).collect()
}

fn seq_in(line: &str) -> u64 {
    let digits = line.strip_prefix("{\"seq\":").unwrap();
    digits.split_once(',').unwrap().0.parse().unwrap()
}

/// The lines `now` are those from `before`, but for the texts of these events.
#[track_caller]
fn check(before: &str, now: &str, erased: &BTreeSet<u64>) {
    let mut lines = now.lines();
    for before in before.lines() {
        let now = lines.next().expect("a line");
        let seq = seq_in(before);
        assert_eq!(seq_in(now), seq);
        if !erased.contains(&seq) {
            assert_eq!(now, before);
            continue;
        }
        let (start, rest) = before.split_once("\"secret ").unwrap();
        let id = &rest[rest.rfind("\"id\":").unwrap()..rest.len() - 1];
        assert!(now.starts_with(&format!("{start}\"[removed by ann]\",\"tag\":\"")));
        assert!(now.ends_with(&format!("{id},\"erased\":true}}")), "{now}");
    }
}

/// What is said while a copy of the newest file takes its place is in it afterwards.
#[test]
fn texts_go_from_the_file_that_is_written_to() {
    for sync in MODES {
        let (directory, faults) = (directory(), Faults::default());
        let options = options(&directory, sync);
        let mut hall = filled(faults.disk(), &options, 8);
        faults.settle(directory.path());
        let erased = BTreeSet::from([2, 3, 9]);
        erased.iter().for_each(|seq| hall.erase(*seq));
        assert!(hall.replay(1).contains("[removed by ann]"));
        hall.keep_all();
        let before = content(&options);
        assert!(before.contains("secret 0."), "a reader may stand before it");
        hall.hub.trim([u64::MAX; 2], hall.now);
        faults.hang(Kind::Rename);
        hall.keep_until(|_, _| faults.is_hanging());
        hall.say_secret(8);
        hall.keep();
        assert_eq!(content(&options), before, "nothing is written meanwhile");
        faults.release();
        hall.keep_erased();
        hall.say_secret(9);
        hall.keep_all();
        let now = content(&options);
        check(&before, &now, &erased);
        assert_eq!(said_in(&now).len(), 10 - erased.len());
        assert_eq!(hall.replay(1), now);
        assert!(!directory.path().join("room.erasing").exists());
        assert_eq!(faults.count(Kind::Rename), 1);
        if sync != SyncMode::Off {
            let left = faults.left_in(directory.path(), Names::AsSynced);
            let left = left.into_iter().find(|(name, _)| name == "room");
            assert_eq!(left.map(|(_, left)| left), Some(now.into_bytes()));
        }
        hall.kill();
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!(hall.notes, [""; 0]);
        assert_eq!(hall.replay(1), content(&options));
    }
}

/// The first and the last text of each file, and all of one. What is sent again is known
/// all the same.
#[test]
fn texts_go_from_all_files_and_their_messages_are_still_known() {
    let (directory, faults) = (directory(), Faults::default());
    let options = in_small_files(&directory, SyncMode::Batch);
    let mut hall = filled(faults.disk(), &options, 60);
    hall.hub.trim([u64::MAX; 2], hall.now);
    let before = everything(&options);
    let full = numbered(&options.path).unwrap();
    let (renames, mut erased) = (faults.count(Kind::Rename), BTreeSet::new());
    for (_, path) in &full {
        let said = said_in(&fs::read_to_string(path).unwrap());
        erased.extend([said[0], said[said.len() - 1]]);
    }
    erased.extend(said_in(&fs::read_to_string(&full[3].1).unwrap()));
    erased.extend(said_in(&content(&options)));
    erased.iter().rev().for_each(|seq| hall.erase(*seq));
    assert_eq!(hall.keep_erased(), []);
    let now = everything(&options);
    check(&before, &now, &erased);
    assert_eq!(hall.replay(1), now);
    // Each file once.
    assert_eq!(faults.count(Kind::Rename), renames + full.len() + 1);
    let known = |hall: &mut Hall| {
        let is_known = |number| matches!(hall.say_secret(number), Said::Again(_));
        assert!((0..60).all(is_known));
    };
    known(&mut hall);
    hall.say_secret(60);
    hall.keep_all();
    hall.kill();
    let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
    assert_eq!(hall.notes, [""; 0]);
    known(&mut hall);
    // And again, where some texts are gone already.
    let before = everything(&options);
    for seq in erased.iter().copied().chain([4, 5]) {
        hall.erase(seq);
    }
    hall.keep_erased();
    check(&before, &everything(&options), &BTreeSet::from([4, 5]));
    assert_eq!(hall.replay(1), everything(&options));
}

/// An event that tells of the erasure stands in the history, and the text as well.
fn unfinished(options: &Options, targets: &[u64]) {
    let mut lines = content(options);
    for target in targets {
        let seq = seq_in(lines.lines().last().unwrap()) + 1;
        lines += &format!(
            "{{\"seq\":{seq},\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"erased\",\
             \"by\":\"ann\",\"target\":{target}}}\n"
        );
    }
    fs::write(&options.path, lines).unwrap();
}

#[test]
fn a_restart_does_what_was_left_to_do() {
    let (directory, faults) = (directory(), Faults::default());
    let options = in_small_files(&directory, SyncMode::Batch);
    filled(Disk::default(), &options, 24).kill();
    let before = everything(&options);
    let erased: BTreeSet<u64> = said_in(&before).into_iter().step_by(4).collect();
    let others = [1, 1000, u64::MAX];
    let targets: Vec<u64> = erased.iter().copied().chain(others).collect();
    unfinished(&options, &targets);
    fs::write(directory.path().join("room.erasing"), "half a copy").unwrap();
    let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
    assert!(!directory.path().join("room.erasing").exists());
    let is_told =
        |hall: &Hall, number: usize| hall.replay(1).contains(&format!("secret {number}."));
    assert!(
        !is_told(&hall, 0) && is_told(&hall, 1),
        "no reader is shown it"
    );
    assert_eq!(hall.keep_erased(), []);
    check(&before, &everything(&options), &erased);
    assert!(faults.count(Kind::Rename) > 2);
    hall.kill();
    // Nothing is left to do, also for what is no text.
    let renames = faults.count(Kind::Rename);
    let mut hall = Hall::open_on(faults.disk(), options).unwrap();
    hall.keep_erased();
    assert_eq!(faults.count(Kind::Rename), renames);
}

#[test]
fn a_file_that_was_moved_away_is_left_as_it_is() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = filled(Disk::default(), &options, 3);
    let old = directory.path().join("old");
    fs::rename(&options.path, &old).unwrap();
    hall.history.reopen();
    hall.keep_until(|_, news| !news.is_empty());
    hall.say_secret(3);
    hall.keep_all();
    let before = [&old, &options.path].map(|path| fs::read_to_string(path).unwrap());
    [2, 4, 6].into_iter().for_each(|seq| hall.erase(seq));
    let news = hall.keep_erased();
    let text = "the text of events 2, 4 is still in a file that was moved away from the history";
    assert_eq!(news, [News::Noted(text.to_owned())]);
    assert_eq!(fs::read_to_string(&old).unwrap(), before[0]);
    check(&before[1], &content(&options), &BTreeSet::from([6]));
    assert_eq!(hall.replay(1).matches("[removed by ann]").count(), 3);
}

/// A large file is copied piece by piece. It can become full in the meantime, and what is
/// said goes into the next one.
#[test]
fn a_large_file_is_copied_while_the_room_goes_on() {
    let (directory, faults) = (directory(), Faults::default());
    let options = Options {
        keep: 64 << 20,
        ..options(&directory, SyncMode::Off)
    };
    let mut hall = filled(faults.disk(), &options, 1000);
    let say_much = |hall: &mut Hall, count: usize| {
        for _ in 0..count {
            hall.say(&"y".repeat(4000), None);
        }
    };
    say_much(&mut hall, 500);
    hall.keep_all();
    let before = content(&options);
    assert!(before.len() > 3 << 20, "{}", before.len());
    let erased: BTreeSet<u64> = said_in(&before).into_iter().step_by(7).collect();
    erased.iter().for_each(|seq| hall.erase(*seq));
    hall.hub.trim([u64::MAX; 2], hall.now);
    faults.hang(Kind::Sync);
    hall.keep_until(|_, _| faults.is_hanging());
    let written = hall.history.written;
    say_much(&mut hall, 400);
    hall.keep();
    assert!(hall.history.written > written, "it is written to");
    assert!(hall.hub.timeline.next_cut().is_some(), "it is full");
    faults.release();
    hall.keep_erased();
    assert!(faults.count(Kind::Sync) > 4);
    let now = everything(&options);
    check(&before, &now, &erased);
    assert_eq!(hall.replay(1), now);
    assert_eq!(numbered(&options.path).unwrap().len(), 1);
}

/// The file stays readable for those who could read it.
#[test]
fn a_file_keeps_its_permissions() {
    let directory = directory();
    let options = options(&directory, SyncMode::Off);
    let mut hall = filled(Disk::default(), &options, 2);
    for mode in [0o640, 0o600] {
        fs::set_permissions(&options.path, fs::Permissions::from_mode(mode)).unwrap();
        hall.erase(if mode == 0o640 { 2 } else { 3 });
        hall.keep_erased();
        let found = fs::metadata(&options.path).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode);
    }
    assert!(!content(&options).contains("secret"));
}

/// Any call may fail once. The room goes on, and in the end the text is gone.
#[test]
fn whatever_fails_is_done_again() {
    let kinds = [
        Kind::Open,
        Kind::Stat,
        Kind::Read,
        Kind::Write,
        Kind::Sync,
        Kind::Rename,
        Kind::Remove,
        Kind::SyncDirectory,
    ];
    for kind in kinds {
        let mut number = 0;
        while erase_while_one_fails(kind, number) {
            number += 1;
        }
        assert!(number > 0 || kind == Kind::Remove, "{kind:?}");
    }
}

/// Whether there was a call of this number to fail.
fn erase_while_one_fails(kind: Kind, number: usize) -> bool {
    let (directory, faults) = (directory(), Faults::default());
    let sync = MODES[number % 2];
    let options = in_small_files(&directory, sync);
    let mut hall = filled(faults.disk(), &options, 12);
    let before = everything(&options);
    let said = said_in(&before);
    let erased = BTreeSet::from([said[1], said[2], said[11]]);
    erased.iter().for_each(|seq| hall.erase(*seq));
    let calls = faults.count(kind);
    faults.fail(kind, number, 1, Errno::IO);
    for number in 12..14 {
        while let Said::Refused = hall.say_secret(number) {
            hall.keep_until(|hall, _| hall.hub.timeline.trouble().is_none());
        }
        hall.now.instant += SYNC_EVERY;
        hall.keep();
    }
    hall.keep_erased();
    let now = everything(&options);
    check(&before, &now, &erased);
    assert_eq!(hall.replay(1), now, "{kind:?} {number}");
    assert!(!directory.path().join("room.erasing").exists());
    faults.count(kind) > calls + number
}

/// The power fails before any call. Either file is there then, and the rest is done at the
/// next start.
#[test]
fn a_power_cut_leaves_one_of_the_files() {
    for sync in MODES {
        let mut calls = 0;
        while cut_power_after(calls, sync) {
            calls += if sync == SyncMode::Batch { 1 } else { 4 };
        }
        assert!(calls > 20, "{calls}");
    }
}

/// Whether not all was done before.
fn cut_power_after(calls: usize, sync: SyncMode) -> bool {
    let (folder, faults) = (directory(), Faults::default());
    let options = in_small_files(&folder, sync);
    filled(Disk::default(), &options, 8).kill();
    let before = everything(&options);
    let said = said_in(&before);
    let erased = BTreeSet::from([said[0], said[1], said[4], said[7]]);
    unfinished(&options, &Vec::from_iter(erased.iter().copied()));
    let before = everything(&options);
    let mut hall = Hall::open_on(faults.disk(), options).unwrap();
    faults.settle(folder.path());
    faults.end_after(calls);
    let is_done = |hall: &Hall| {
        let timeline = &hall.hub.timeline;
        timeline.to_erase().next().is_none() && hall.history.in_flight.is_none()
    };
    hall.hub.trim([u64::MAX; 2], hall.now);
    hall.say_secret(8);
    hall.keep_until(|hall, _| is_done(hall) || faults.has_ended());
    let is_over = !faults.has_ended();
    if is_over {
        faults.end_after(usize::MAX);
        hall.say_secret(9);
        hall.keep_all();
    }
    let safe = match sync {
        SyncMode::Off => 0,
        _ => {
            hall.hub
                .timeline
                .log(Form::Json)
                .event_at(hall.history.safe)
                .0
        }
    };
    hall.kill();
    for names in [Names::AsTheyAre, Names::AsSynced] {
        let left = directory();
        for (name, bytes) in faults.left_in(folder.path(), names) {
            let path = left.path().join(name);
            fs::write(&path, bytes).unwrap();
            // The key is for its owner only.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let options = in_small_files(&left, sync);
        let mut hall = Hall::open(options.clone()).unwrap();
        assert!(
            hall.hub.timeline.head().seq >= safe,
            "{calls} {names:?} {sync:?}"
        );
        hall.keep_erased();
        check(&before, &everything(&options), &erased);
        assert!(!left.path().join("room.erasing").exists());
    }
    !is_over
}
