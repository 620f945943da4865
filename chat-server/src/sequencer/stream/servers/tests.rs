use proptest::prelude::*;

use super::*;
use crate::saved::testing::spoil;

fn run(number: u64) -> RunId {
    RunId::new(number, 0)
}

/// A stream, and what a server makes of it.
#[derive(Default)]
struct Test {
    servers: Servers,
    entries: u64,
}

impl Test {
    fn put(&mut self, bytes: &[u8]) -> Result<Counted, Void> {
        self.entries += 1;
        let taken = self.servers.take(self.entries, bytes);
        taken.expect("the entries come in order")
    }

    fn record(&self, run: RunId, number: u64, asks: Vec<Ask>) -> Vec<u8> {
        self.record_at(run, number, 1000, asks)
    }

    fn record_at(&self, run: RunId, number: u64, time: u64, asks: Vec<Ask>) -> Vec<u8> {
        let time = Timestamp::from_unix_milliseconds(time);
        let seen = self.servers.seen();
        let record = Record {
            run,
            number,
            time,
            seen,
            asks,
        };
        record.to_bytes()
    }

    fn begin(&mut self, run: RunId, rules: &str) -> Result<ServerId, Void> {
        let rules = Rules(rules.to_owned());
        let record = self.record(run, 1, vec![Ask::Begin { rules }]);
        self.put(&record).map(|counted| counted.server)
    }

    fn say(&mut self, run: RunId, number: u64) -> Result<ServerId, Void> {
        let record = self.record(run, number, vec![Ask::TellPending]);
        self.put(&record).map(|counted| counted.server)
    }
}

#[test]
fn each_record_of_a_run_counts_once_and_in_its_turn() {
    let mut test = Test::default();
    assert_eq!(test.say(run(1), 1), Err(Void::Elsewhere));
    assert_eq!(test.begin(run(1), "a"), Ok(ServerId(0)));
    assert_eq!(test.begin(run(2), "a"), Ok(ServerId(1)));
    assert_eq!(test.begin(run(1), "a"), Err(Void::OutOfTurn));
    assert_eq!(test.say(run(1), 3), Err(Void::OutOfTurn));
    let two = test.record(run(1), 2, Vec::new());
    assert!(test.put(&two).is_ok());
    // At any distance.
    assert_eq!(test.say(run(2), 2), Ok(ServerId(1)));
    assert_eq!(test.put(&two), Err(Void::OutOfTurn));
    assert_eq!(test.say(run(1), 3), Ok(ServerId(0)));
    assert!(matches!(test.put(b"hello"), Err(Void::NoRecord(_))));
}

#[test]
fn a_run_that_has_ended_has_ended_for_good() {
    let mut test = Test::default();
    for number in 1..=3 {
        test.begin(run(number), "a").unwrap();
    }
    test.say(run(1), 2).unwrap();
    // It has said more than the one who ends it knows.
    assert_eq!(test.servers.end(run(1), 1), None);
    assert_eq!(test.servers.end(run(1), 2), Some(ServerId(0)));
    assert_eq!(test.servers.end(run(1), 2), None);
    assert_eq!(test.say(run(1), 3), Err(Void::Elsewhere));
    assert_eq!(test.begin(run(1), "a"), Err(Void::Elsewhere));
    // Its number is free for another one.
    assert_eq!(test.begin(run(4), "a"), Ok(ServerId(0)));
    assert_eq!(test.servers.last_run(), Some(run(4)));
    // Also after so many that it is not known by itself any more.
    for number in 5..=5 + MAX_ENDED as u64 {
        test.begin(run(number), "a").unwrap();
        assert!(test.servers.end(run(number), 1).is_some());
    }
    assert_eq!(test.servers.ended.len(), MAX_ENDED);
    assert_eq!(test.begin(run(1), "a"), Err(Void::Elsewhere));
    assert_eq!(test.begin(run(2), "a"), Err(Void::OutOfTurn), "it goes on");
}

#[test]
fn servers_that_share_a_room_go_by_the_same_rules() {
    let mut test = Test::default();
    test.begin(run(1), "a").unwrap();
    let expected = Rules("a".to_owned());
    assert_eq!(test.begin(run(2), "b"), Err(Void::Rules { expected }));
    assert_eq!(test.say(run(2), 2), Err(Void::Elsewhere));
    test.servers.end(run(1), 1).unwrap();
    assert_eq!(test.begin(run(3), "b"), Ok(ServerId(0)));
}

#[test]
fn the_time_of_the_room_does_not_go_backwards() {
    let mut test = Test::default();
    test.begin(run(1), "a").unwrap();
    for (number, time, expected) in [(2, 5000, 5000), (3, 4000, 5000), (4, 6000, 6000)] {
        let record = test.record_at(run(1), number, time, Vec::new());
        let counted = test.put(&record).unwrap();
        assert_eq!(counted.time.unix_milliseconds(), expected);
    }
}

/// The time of the room never goes backwards, so one that is far ahead would stop it for good.
#[test]
fn one_clock_that_is_wrong_does_not_set_the_time_of_the_room() {
    let mut test = Test::default();
    (1..=2).for_each(|number| _ = test.begin(run(number), "a").unwrap());
    let mut say = |of, number, time| {
        let record = test.record_at(run(of), number, time, Vec::new());
        let counted = test.put(&record).unwrap();
        counted.time.unix_milliseconds() as u64
    };
    const FAR: u64 = 200_000_000_000_000;
    let ahead = MAX_AHEAD.as_millis() as u64;
    assert_eq!(say(1, 2, 5000), 5000);
    assert_eq!(say(2, 2, FAR), 5000 + ahead);
    // The others do not depend on it, and the room goes on with them.
    assert_eq!(say(1, 3, 6000), 5000 + ahead);
    assert_eq!(say(2, 3, FAR), 6000 + ahead);
    assert_eq!(say(1, 4, 7000 + ahead), 7000 + ahead);
    // A clock that is a little ahead counts, and one that is alone.
    assert_eq!(say(2, 4, 7001 + ahead), 7001 + ahead);
    test.servers.end(run(1), 4).unwrap();
    let record = test.record_at(run(2), 5, FAR, Vec::new());
    let counted = test.put(&record).unwrap();
    assert_eq!(counted.time.unix_milliseconds() as u64, FAR);
}

#[test]
fn a_stream_with_other_entries_is_noticed() {
    let [mut one, mut other] = [Test::default(), Test::default()];
    for test in [&mut one, &mut other] {
        test.begin(run(1), "a").unwrap();
        test.begin(run(2), "a").unwrap();
    }
    let same = one.record(run(1), 2, Vec::new());
    one.put(&same).unwrap();
    other.put(&same).unwrap();
    assert_eq!(one.servers, other.servers);
    // Something that counts for nothing counts here: the streams are not the same.
    let _ = one.put(b"x");
    let _ = other.put(b"y");
    let told = other.record(run(2), 2, Vec::new());
    let fault = Fault::Forked {
        run: run(2),
        entry: 4,
    };
    assert_eq!(one.servers.take(5, &told), Err(fault));
    // Of a run that is none, or not in its turn, nothing follows.
    let told = other.record(run(9), 2, Vec::new());
    assert!(one.servers.take(5, &told).is_ok());
    let (expected, found) = (6, 8);
    let torn = Err(Fault::Torn { expected, found });
    assert_eq!(one.servers.take(8, b""), torn);
    assert_eq!(
        one.servers.take(5, b""),
        Err(Fault::Torn { expected, found: 5 })
    );
}

/// Runs at random: they begin, say something, end, and others write what is no record.
fn after(steps: &[[u8; 3]]) -> Test {
    let mut test = Test::default();
    for &[what, a, b] in steps {
        let of = run(u64::from(a) % 16);
        let next = test.servers.run(of).map_or(1, |run| run.number + 1);
        let asks = match what % 8 {
            0..3 => vec![Ask::Begin {
                rules: Rules(["a", "b"][usize::from(b) / 255].to_owned()),
            }],
            3 => vec![Ask::TellPending],
            _ => Vec::new(),
        };
        let record = test.record_at(of, next - u64::from(b % 8 == 0), u64::from(b) * 1000, asks);
        let _ = match what % 8 {
            6 => test.put(&[a, b]),
            7 if b % 4 == 0 => {
                test.servers.end(of, next - 1);
                continue;
            }
            _ => test.put(&record),
        };
    }
    test
}

fn all_steps() -> impl Strategy<Value = Vec<[u8; 3]>> {
    proptest::collection::vec(any::<[u8; 3]>(), 0..100)
}

proptest! {
    #[test]
    fn restored_servers_are_the_saved_ones(steps in all_steps()) {
        let servers = after(&steps).servers;
        prop_assert_eq!(Servers::restore(&servers.save()), Ok(servers));
    }

    #[test]
    fn nothing_that_is_restored_ends_a_server(
        steps in all_steps(),
        changes in proptest::collection::vec(any::<[u16; 3]>(), 1..4),
        behind in all_steps(),
    ) {
        let saved = after(&steps).servers.save();
        let mut state = serde_json::from_slice(&saved).unwrap();
        changes.into_iter().for_each(|change| spoil(&mut state, change));
        let state = serde_json::to_vec(&state).unwrap();
        let Ok(mut servers) = Servers::restore(&state) else {
            return Ok(());
        };
        for [what, a, b] in behind {
            let run = run(u64::from(a) % 16);
            let number = servers.run(run).map_or(1, |run| run.number + 1);
            let record = Record {
                run,
                number,
                time: Timestamp::from_unix_milliseconds(b.into()),
                seen: Seen { entry: servers.seen().entry.wrapping_sub(b.into()), digest: 1 },
                asks: Vec::new(),
            };
            let _ = servers.take(servers.seen().entry + 1, &record.to_bytes());
            servers.end(run, u64::from(what));
        }
        prop_assert_eq!(Servers::restore(&servers.save()), Ok(servers));
    }

    #[test]
    fn a_part_of_a_state_is_none(steps in all_steps(), at: prop::sample::Index) {
        let saved = after(&steps).servers.save();
        prop_assert!(Servers::restore(&saved[..at.index(saved.len())]).is_err());
    }
}

/// Also after more than is known one by one.
#[test]
fn long_lists_are_restored() {
    let mut test = Test::default();
    (0..=MAX_DIGESTS).for_each(|_| _ = test.put(b"x"));
    for number in 0..=MAX_ENDED as u64 {
        test.begin(run(number), "a").unwrap();
        test.servers.end(run(number), 1).unwrap();
    }
    assert_eq!(test.servers.forgotten, Some(run(0)));
    assert_eq!(Servers::restore(&test.servers.save()), Ok(test.servers));
}

impl Servers {
    /// As if runs up to this one had ended long ago.
    pub(crate) fn forget_up_to(&mut self, run: RunId) {
        self.forgotten = Some(run);
    }
}
