//! Another program changes the contents of the newest file.

use proptest::prelude::*;

use super::astray::{MODES, after};
use super::*;
use crate::storage::disk::Make;
use crate::storage::jobs::LOOK_EVERY;

/// Zeros where the server writes behind the end of a file that was cut, and the rest of
/// a file that was copied over it.
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
/// goes on behind the hole.
#[test]
fn a_hole_that_the_server_has_not_noticed_is_no_damage() {
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
        // A gap is told where the events were.
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
