//! Snapshots: what is read is what was taken, and no bytes end a server.

use std::collections::VecDeque;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;

use super::several::enter;
use super::*;
use crate::hub::state::{NoSnapshot, State};
use crate::room::request::Act;
use crate::sequencer::stream::rules::Rules;
use crate::sequencer::stream::snapshot::Snapshot;
use crate::sequencer::stream::{Engine, Entry, Options, Stream};
use crate::storage::Joining;

/// A stream of one server.
#[derive(Debug, Default)]
struct Loop {
    entries: VecDeque<Arc<[u8]>>,
    read: u64,
}

impl Engine for Loop {
    fn publish(&mut self, record: Arc<[u8]>, _: bool) {
        self.entries.push_back(record);
    }

    fn next(&mut self) -> Option<Entry> {
        let bytes = self.entries.pop_front()?;
        self.read += 1;
        let number = self.read;
        Some(Entry { number, bytes })
    }

    fn save(&mut self, _: Snapshot) {}
}

fn options() -> Options {
    Options {
        rules: Rules("a".to_owned()),
        gone_after: Duration::from_secs(15),
        chapter_bytes: 2000,
    }
}

/// A snapshot of a room in which people have come, gone and talked over several chapters.
fn snapshot() -> Snapshot {
    let (mut hub, now) = (room(), now());
    hub.set_sequencer(Stream::new(
        Loop::default(),
        RunId::new(2, 0),
        options(),
        now,
    ));
    let mut round = |acts: Vec<(u32, Act)>| {
        for (number, act) in acts {
            hub.propose(client(number), act, now);
        }
        hub.flush(now);
        hub.advance(now);
    };
    round(Vec::new());
    for number in 0..20 {
        round(vec![(number, enter(&format!("n{number}x")))]);
        let say = |of| {
            let act = Act::Say {
                kind: SpeechKind::Message,
                text: notice(&"all that is said ".repeat(of as usize + 1)),
                id: None,
            };
            (of, act)
        };
        round((0..=number).map(say).collect());
        if number % 3 == 0 {
            round(vec![(number / 2, Act::Leave)]);
        }
    }
    let chapters = hub.chapters().expect("it is shared");
    assert!(chapters.first() > Some(1), "not the first one");
    hub.snapshot().expect("it has read all of each entry")
}

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(snapshot);

/// A server that begins with this, as another run.
fn begin(state: State) -> anyhow::Result<Hub> {
    let joining = Joining {
        room: state.room,
        chapters: state.chapters,
        lines: state.lines,
    };
    let mut hub = joining.in_memory(1 << 20)?;
    let (run, servers) = (RunId::new(3, 0), state.servers);
    let stream = Stream::behind(Loop::default(), servers, run, options(), state.at);
    hub.set_sequencer(stream);
    Ok(hub)
}

#[test]
fn a_server_that_begins_with_a_snapshot_takes_the_same() {
    let state = State::parse(&SNAPSHOT, now()).unwrap();
    let hub = begin(state).unwrap();
    assert!(hub.snapshot().unwrap() == *SNAPSHOT);
}

#[test]
fn what_is_too_long_is_not_read() {
    let long = Snapshot {
        // Nothing of it is touched.
        bytes: vec![0; Snapshot::MAX_BYTES + 1],
        ..*SNAPSHOT
    };
    let refused = State::parse(&long, now());
    assert!(matches!(refused, Err(NoSnapshot::TooLong)), "{refused:?}");
}

proptest! {
    /// A server can be given anything: it begins with that, or says what is wrong.
    #[test]
    fn no_bytes_end_a_server(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        in_head: bool,
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = SNAPSHOT.bytes.clone();
        let head = bytes.iter().position(|&byte| byte == b'\n').unwrap();
        let length = if in_head { head + 1 } else { bytes.len() };
        for (at, byte) in changes {
            // Digits lead to other numbers, and other bytes mostly to no JSON.
            let at = at.index(length);
            bytes[at] = if bytes[at].is_ascii_digit() { b'0' + byte % 10 } else { byte };
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let damaged = Snapshot { bytes, ..*SNAPSHOT };
        if let Ok(state) = State::parse(&damaged, now())
            && let Ok(mut hub) = begin(state)
        {
            hub.flush(now());
            hub.advance(now());
            hub.snapshot();
        }
    }
}
