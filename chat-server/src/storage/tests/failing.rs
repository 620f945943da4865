//! A disk that fails, and one that does not answer.

use super::faults::{Faults, Kind};
use super::*;
use crate::storage::jobs::SYNC_EVERY;
use rustix::io::Errno;

/// The modes in which the server syncs.
const SYNCED: [SyncMode; 2] = [SyncMode::Always, SyncMode::Batch];

fn begins_trouble(news: &[News], why: &str) -> bool {
    matches!(news, [News::Trouble(text)] if text.contains(why))
}

fn is_told(_: &Hall, news: &[News]) -> bool {
    !news.is_empty()
}

/// What cannot be written is refused, for each reason of the system.
#[test]
fn a_full_disk_refuses_what_is_new_and_loses_nothing() {
    let errors = [
        (Errno::NOSPC, "no space left"),
        (Errno::DQUOT, "quota exceeded"),
        (Errno::IO, "input/output error"),
    ];
    for (sync, (error, why)) in [SyncMode::Always, SyncMode::Batch, SyncMode::Off]
        .into_iter()
        .zip(errors)
    {
        let (directory, faults) = (directory(), Faults::default());
        let options = options(&directory, sync);
        let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
        hall.say("one", None);
        hall.keep_until(|hall, _| hall.hub.timeline.shown().seq == 2);
        faults.fail_all(Kind::Write, error);
        hall.say("two", Some("2"));
        let news = hall.keep_until(is_told);
        assert!(begins_trouble(&news, why), "{news:?}");
        assert_eq!(hall.hub.timeline.shown().seq, 2);
        assert!(matches!(hall.say("three", None), Said::Refused));
        // It is tried again, and told only once; also after an hour.
        for later in [RETRY_AFTER, Duration::from_secs(3600)] {
            hall.now.instant += later;
            assert_eq!(hall.keep(), []);
            assert_eq!(hall.hub.timeline.shown().seq, 2);
        }

        faults.mend();
        let news = hall.keep_until(is_told);
        assert_eq!(news, [News::Recovered]);
        assert_eq!(hall.hub.timeline.shown().seq, 3);
        assert!(matches!(hall.say("two", Some("2")), Said::Again(3)));
        assert!(matches!(hall.say("four", None), Said::New(_)));
        hall.keep_until(|hall, _| hall.hub.timeline.shown().seq == 4);
        assert_eq!(hall.replay(1), content(&options));
    }
}

/// A signal is no failure.
#[test]
fn what_a_signal_interrupts_is_done_again() {
    let (directory, faults) = (directory(), Faults::default());
    let options = options(&directory, SyncMode::Batch);
    faults.fail(Kind::Write, 1, 3, Errno::INTR);
    faults.fail(Kind::Read, 0, 3, Errno::INTR);
    let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
    hall.say("one", None);
    assert_eq!(hall.keep(), []);
    assert_eq!(hall.replay(1), content(&options));
}

/// It was begun before, and says nothing about what could not be written
/// since.
#[test]
fn a_sync_under_way_does_not_end_a_trouble_nor_hide_what_was_shown() {
    for sync in SYNCED {
        let (directory, faults) = (directory(), Faults::default());
        let mut hall = Hall::open_on(faults.disk(), options(&directory, sync)).unwrap();
        // One is under way that is not of all that is written.
        faults.hang(Kind::Sync);
        hall.say("one", None);
        hall.keep();
        faults.wait_for_hanging();
        hall.say("two", None);
        hall.keep();
        faults.fail_all(Kind::Write, Errno::NOSPC);
        hall.say("three", None);
        let news = hall.keep();
        assert!(begins_trouble(&news, "no space left"), "{news:?}");
        let shown = hall.hub.timeline.shown();
        faults.release();
        hall.keep_until(|hall, news| {
            assert_eq!(news, [], "{sync:?}: it is told once");
            assert!(hall.hub.timeline.shown().seq >= shown.seq, "{sync:?}");
            assert!(hall.hub.timeline.trouble().is_some(), "{sync:?}");
            hall.history.in_flight.is_none()
        });
        faults.mend();
        let news = hall.keep_until(is_told);
        assert_eq!(news, [News::Recovered]);
        assert_eq!(hall.hub.timeline.shown(), hall.hub.timeline.head());
    }
}

/// Any sync may fail, also that of a full file or of the directory: nothing
/// is confirmed that a power cut would take, at any moment, and all of it is on the
/// disk in the end. The system tells of each failure once and forgets what it could
/// not write.
#[test]
fn whichever_sync_fails_nothing_is_lost() {
    for sync in SYNCED {
        for kind in [Kind::Sync, Kind::SyncDirectory] {
            let calls = survive(sync, kind, usize::MAX);
            assert!(calls > 5, "{calls} of {kind:?} in {sync:?}");
            for number in 0..calls {
                survive(sync, kind, number);
            }
        }
    }
}

/// Says something while the call of this number fails; tells how many there were.
fn survive(sync: SyncMode, kind: Kind, number: usize) -> usize {
    let (directory, faults) = (directory(), Faults::default());
    let mut options = options(&directory, sync);
    // A file is full after 8 KiB.
    options.keep = 128 << 10;
    let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
    let before = faults.count(kind);
    faults.fail(kind, number, 1, Errno::IO);
    let mut troubles = 0;
    for number in 0..12 {
        let id = format!("{number:032}");
        loop {
            let said = hall.say(&format!("{number} {}", "x".repeat(3000)), Some(&id));
            hall.now.instant += SYNC_EVERY;
            let news = hall.keep_until(|hall, _| hall.history.in_flight.is_none());
            troubles += usize::from(begins_trouble(&news, "input/output error"));
            let left = left_of_all(&faults, &options);
            if sync == SyncMode::Always {
                assert!(
                    left.starts_with(&hall.replay(1)),
                    "{kind:?} {number}: {left}"
                );
            }
            if !matches!(said, Said::Refused) {
                break;
            }
        }
    }
    let calls = faults.count(kind) - before;
    assert_eq!(
        troubles,
        usize::from(number < calls),
        "{kind:?} {number} in {sync:?}"
    );
    let room = hall.hub.room().id();
    hall.keep_until(|hall, _| hall.hub.timeline.shown() == hall.hub.timeline.head());
    let all = hall.replay(1);
    assert_eq!(hall.finish(), None);
    assert_eq!(everything(&options), all);
    assert_eq!(
        left_of_all(&faults, &options),
        all,
        "{kind:?} {number} in {sync:?}"
    );
    let hall = Hall::open(options).unwrap();
    assert!(hall.hub.room().id().is_same_room(&room));
    assert_eq!(hall.notes, [""; 0]);
    calls
}

/// What a power cut would leave, in order. In each file but the newest nothing is
/// missing.
fn left_of_all(faults: &Faults, options: &Options) -> String {
    let full = numbered(&options.path).unwrap();
    let mut left = String::new();
    for (_, path) in full {
        let bytes = faults.left_of(&path);
        assert_eq!(bytes, fs::read(&path).unwrap(), "it is full, and not safe");
        left += std::str::from_utf8(&bytes).unwrap();
    }
    left + &String::from_utf8(faults.left_of(&options.path)).unwrap()
}

/// Nothing that is done with names leaves anything behind when it fails.
#[test]
fn whatever_fails_when_a_file_is_begun_is_done_again() {
    for kind in [Kind::Rename, Kind::Open, Kind::Stat, Kind::SyncDirectory] {
        for sync in [SyncMode::Always, SyncMode::Batch, SyncMode::Off] {
            for after in 0..4 {
                let (directory, faults) = (directory(), Faults::default());
                let mut options = options(&directory, sync);
                options.keep = 128 << 10;
                let mut hall = Hall::open_on(faults.disk(), options.clone()).unwrap();
                faults.fail(kind, after, 2, Errno::NOSPC);
                for number in 0..15 {
                    while let Said::Refused =
                        hall.say(&format!("{number} {}", "x".repeat(1500)), None)
                    {
                        hall.keep_until(|hall, _| hall.hub.timeline.trouble().is_none());
                    }
                    hall.keep_until(|hall, _| hall.history.in_flight.is_none());
                }
                faults.mend();
                hall.keep_all();
                let all = hall.replay(1);
                assert_eq!(hall.finish(), None);
                assert_eq!(everything(&options), all, "{kind:?} {after} in {sync:?}");
                let full = numbered(&options.path).unwrap();
                let numbers: Vec<u64> = full.iter().map(|(number, _)| *number).collect();
                assert_eq!(numbers, [1, 2], "{kind:?} {after} in {sync:?}");
                assert!(!with_suffix(&options.path, "replaced").exists());
            }
        }
    }
}

/// Some file systems cannot do that, and say so.
#[test]
fn a_directory_that_cannot_be_synced_is_no_failure() {
    for error in [Errno::INVAL, Errno::OPNOTSUPP] {
        let (directory, faults) = (directory(), Faults::default());
        faults.fail_all(Kind::SyncDirectory, error);
        let options = options(&directory, SyncMode::Always);
        let mut hall = Hall::open_on(faults.disk(), options).unwrap();
        hall.say("one", None);
        hall.keep_until(|hall, _| hall.hub.timeline.shown().seq == 2);
        assert_eq!(hall.hub.timeline.trouble(), None);
    }
}

/// A disk that neither does what it should nor says that it cannot.
#[test]
fn a_disk_that_does_not_answer_is_told_and_so_is_its_answer() {
    for sync in SYNCED {
        let (directory, faults) = (directory(), Faults::default());
        let mut hall = Hall::open_on(faults.disk(), options(&directory, sync)).unwrap();
        faults.hang(Kind::Sync);
        hall.say("one", None);
        assert_eq!(hall.keep(), []);
        faults.wait_for_hanging();
        let due = hall.history.deadline().unwrap();
        hall.now.instant = due - Duration::from_millis(1);
        assert_eq!(hall.keep(), []);
        assert!(matches!(hall.say("two", None), Said::New(_)));
        // The whole process may have been stopped until then.
        hall.now.instant = due;
        assert_eq!(hall.keep(), []);
        hall.now.instant = hall.history.deadline().unwrap();
        let news = hall.keep();
        assert!(
            begins_trouble(&news, "has not answered for 5 s"),
            "{news:?}"
        );
        assert!(matches!(hall.say("three", None), Said::Refused));
        hall.now.instant += Duration::from_secs(3600);
        assert_eq!(hall.keep(), []);
        faults.release();
        let news = hall.keep_until(is_told);
        assert_eq!(news, [News::Recovered]);
        assert!(matches!(hall.say("four", None), Said::New(_)));
        hall.keep_until(|hall, _| hall.hub.timeline.shown().seq == 4);
    }
}
