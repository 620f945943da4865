//! The history: any file is read back to its last whole event, or refused as it is; and
//! events that are appended are there the next time.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chat_proto::event::{SpeechKind, Timestamp};
use chat_proto::json_form::Record;
use chat_proto::name::Name;
use chat_proto::text::Text;
use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::room::origin::ClientId;
use chat_server::room::request::{Act, Fallback, Outcome};
use chat_server::storage::{History, Options, Storage, SyncMode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [cut, bytes @ ..] = bytes else {
        return;
    };
    let directory = directory();
    let path = directory.path().join("room.jsonl");
    fs::write(&path, bytes).expect("a file");
    let Some((history, mut hub)) = open(&path) else {
        assert_eq!(read(&path), bytes, "what is refused stays as it is");
        return;
    };
    let kept = read(&path);
    let common = kept
        .iter()
        .zip(bytes)
        .take_while(|(one, other)| one == other);
    let before = common.count();
    check(&kept, before, bytes);
    let last = hub.timeline.head().seq;
    say(history, &mut hub);
    let longer = read(&path);
    assert!(longer.starts_with(&kept) && longer.len() > kept.len());
    // Whatever is torn off its end, the rest is read.
    let torn = longer.len() - usize::from(*cut) % (longer.len() - before);
    fs::write(&path, &longer[..torn]).expect("a file");
    let (history, hub) = open(&path).expect("a torn end is cut off");
    let whole = read(&path);
    let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(lines(&whole), lines(&longer[..torn]) + 1, "and begun anew");
    assert!(hub.timeline.head().seq <= last + 3);
    drop(history);
    assert!(open(&path).is_some(), "also after that");
});

/// The whole lines that were there are there, each the event behind the one
/// before it, and the opening of the room behind them.
fn check(kept: &[u8], before: usize, bytes: &[u8]) {
    let place = kept[..before].iter().rposition(|&byte| byte == b'\n');
    let place = place.map_or(0, |place| place + 1);
    let (old, new) = kept.split_at(place);
    assert!(old.len() <= bytes.len());
    let mut next = 0;
    let mut is_behind_zeros = false;
    for line in old.split_inclusive(|&byte| byte == b'\n').chain([new]) {
        let zero = line.iter().rposition(|&byte| byte == 0);
        let line = &line[zero.map_or(0, |zero| zero + 1)..];
        is_behind_zeros |= zero.is_some();
        let line = std::str::from_utf8(line).ok();
        let record = line.and_then(|line| Record::parse(line.trim_end()).ok());
        // No event has another number.
        let Some(record) = record.filter(|record| (1..1 << 63).contains(&record.seq)) else {
            // The end of a line, which zeros have cut.
            assert!(is_behind_zeros);
            continue;
        };
        assert!(next == 0 || record.seq == next || is_behind_zeros && record.seq > next);
        (next, is_behind_zeros) = (record.seq + 1, false);
    }
    assert!(new.ends_with(b"\n"), "one whole line is new");
}

fn say(mut history: History, hub: &mut Hub) {
    let name = Name::choose("ann").expect("a name");
    let client = ClientId {
        worker: 0,
        key: 0,
        generation: 0,
    };
    let enter = Act::Enter {
        wanted: name,
        fallback: Fallback::Numbered,
        key: None,
        from: None,
    };
    hub.propose(client, enter, now());
    let say = Act::Say {
        kind: SpeechKind::Message,
        text: Text::clean("hi").expect("a text"),
        id: None,
    };
    let answer = hub.propose(client, say, now()).expect("it is alone");
    assert!(matches!(answer.outcome, Outcome::Said { .. }));
    assert_eq!(history.keep(hub, now()), []);
    assert_eq!(hub.timeline.shown(), hub.timeline.head());
}

fn open(path: &Path) -> Option<(History, Hub)> {
    let options = Options {
        path: path.to_owned(),
        sync: SyncMode::Off,
        keep: 1 << 20,
    };
    History::open(options, 1000, now(), &mut Vec::new()).ok()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("the file is there")
}

fn now() -> Now {
    Now {
        time: Timestamp::from_unix_milliseconds(1_800_000_000_000),
        instant: Instant::now(),
    }
}

/// In memory, if there is such a place.
fn directory() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .expect("a directory")
}
