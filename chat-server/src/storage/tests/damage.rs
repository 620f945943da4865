//! What a torn end, missing pieces and damage do to the start.

use super::*;

/// A history of five messages, closed.
fn five_messages(options: &Options) -> String {
    let mut hall = Hall::open(options.clone()).unwrap();
    for text in ["one", "two", "three", "four", "five"] {
        hall.say(text, Some(text));
    }
    hall.keep_all();
    hall.kill();
    content(options)
}

/// Wherever it was cut.
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
        assert_eq!(hall.hub.timeline.head().seq, events + 1);
        hall.say("after", None);
        hall.keep();
        let all = content(&options);
        assert!(all.starts_with(kept));
        assert_eq!(all.lines().count() as u64, events + 2);
        hall.kill();
        // And once more: what was appended is whole.
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!(hall.notes, [""; 0]);
        assert_eq!(hall.hub.timeline.head().seq, events + 3);
        hall.kill();
    }
}

/// As after a power cut: the length is written and the contents are not.
#[test]
fn zeros_at_the_end_are_cut_off() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let whole = five_messages(&options);
    for zeros in [vec![0; 4096], vec![b'\n'; 1], b"\0\0\n\0\0\n".to_vec()] {
        fs::write(&options.path, [whole.as_bytes(), &zeros].concat()).unwrap();
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!(hall.notes.len(), 1);
        assert_eq!(hall.hub.timeline.head().seq, 7);
        assert!(content(&options).starts_with(&whole));
    }
}

/// Damage is never passed over: it is either the torn end, or the
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
            Ok(hall) if hall.notes.is_empty() => assert_eq!(hall.hub.timeline.head().seq, 7),
            Ok(hall) => {
                // Only the last line; without the end of the one before it
                // that is the two together.
                let joined = u64::from(whole.trim_end().as_bytes().get(place) == Some(&b'\n'));
                assert_eq!(hall.hub.timeline.head().seq, 6 - joined, "byte {place}");
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

/// A file that holds no event, and does not begin as one, may be of another
/// program: it is refused as it is, also where there are zeros in it as in archives.
#[test]
fn a_file_of_another_program_is_left_as_it_is() {
    let directory = directory();
    let options = options(&directory, SyncMode::Off);
    let foreign: [&[u8]; 9] = [
        b"notes\n",
        b"\n",
        b"name\0\0\0",
        b"name\0\0\0\n",
        b"name\0mode\0\nmore\0",
        b"\0\0name",
        b"\0\0name\0\0",
        b"\0\0name\n\0\0",
        b"{\"other\":1}\0",
    ];
    for content in foreign {
        fs::write(&options.path, content).unwrap();
        let error = Hall::open(options.clone()).err().unwrap().to_string();
        assert!(error.contains("is damaged at byte 0"), "{error}");
        assert_eq!(fs::read(&options.path).unwrap(), content);
    }
    let torn: [&[u8]; 6] = [
        b"\0\0\0",
        b"{\"se",
        b"{\"se\0\0",
        b"{\"seq\":1,\"ti\0\0\n\0",
        b"\0\0{\"s",
        b"\0\0{\"seq\":7,\"ti",
    ];
    for content in torn {
        fs::write(&options.path, content).unwrap();
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!((hall.notes.len(), hall.hub.timeline.head().seq), (1, 1));
        hall.kill();
    }
}

/// Another program may append events that are in the history already, just
/// before the server is killed. They are cut off, as while it runs, and a copy is kept.
#[test]
fn what_looks_like_an_event_behind_the_last_one_is_cut_off() {
    let directory = directory();
    let options = options(&directory, SyncMode::Off);
    let whole = five_messages(&options);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let torn = with_suffix(&options.path, "torn");
    let appended = [
        whole.clone(),
        lines[5].to_owned(),
        "{\"seq\":3}\n".to_owned(),
        format!("note\n{}{}", lines[2], lines[1]),
        format!("{}note\n\0\0{}", lines[2], lines[2]),
        format!("{}x", "note\n".repeat(40_000)),
    ];
    for appended in appended {
        let _ = fs::remove_file(&torn);
        fs::write(&options.path, format!("{whole}{appended}")).unwrap();
        let hall = Hall::open(options.clone()).unwrap();
        assert_eq!((hall.notes.len(), hall.hub.timeline.head().seq), (1, 7));
        assert!(content(&options).starts_with(&whole));
        assert_eq!(fs::read_to_string(&torn).unwrap(), appended);
        hall.kill();
    }
    // These may be all that is left of what was said.
    for appended in [
        "{\"seq\":8}\n",
        "note\n{\"seq\":7}\n",
        "{\"seq\":3}\n{\"seq\":7}\n",
    ] {
        let damaged = format!("{whole}{appended}");
        fs::write(&options.path, &damaged).unwrap();
        assert!(Hall::open(options.clone()).is_err());
        assert_eq!(content(&options), damaged);
    }
}

/// No event has the number 0, and none so large a one that the next could
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
    assert_eq!((hall.notes.len(), hall.hub.timeline.head().seq), (1, 2));
    hall.kill();
    fs::write(&options.path, event(u64::MAX - 2)).unwrap();
    let hall = Hall::open(options).unwrap();
    assert_eq!((hall.notes.len(), hall.hub.timeline.head().seq), (1, 1));
}
