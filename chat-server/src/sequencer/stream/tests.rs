use std::sync::{Mutex, PoisonError};

use chat_proto::event::Timestamp;

use super::servers::Fault;
use super::*;
use crate::runtime::system_clock::now;

/// A stream in memory, to which the way is whole unless the test says otherwise.
#[derive(Debug, Clone, Default)]
struct Broker(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    entries: Vec<Arc<[u8]>>,
    /// What is published gets lost.
    is_cut: bool,
    published: usize,
}

#[derive(Debug)]
struct Way {
    broker: Broker,
    read: usize,
}

impl Broker {
    fn way(&self) -> Way {
        let broker = self.clone();
        Way { broker, read: 0 }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Way {
    fn publish(&mut self, record: Arc<[u8]>, _: bool) {
        let mut state = self.broker.state();
        state.published += 1;
        if !state.is_cut {
            state.entries.push(record);
        }
    }

    fn next(&mut self) -> Option<Entry> {
        let bytes = self.broker.state().entries.get(self.read).cloned()?;
        self.read += 1;
        let number = self.read as u64;
        Some(Entry { number, bytes })
    }

    fn save(&mut self, _: Snapshot) {}
}

/// Servers at one stream.
struct Test {
    broker: Broker,
    servers: Vec<Stream<Way>>,
    now: Now,
}

impl Test {
    fn new(count: u64) -> Self {
        let (broker, now) = (Broker::default(), now());
        let server = |number| stream(&broker, number, "a", now);
        let servers = (0..count).map(server).collect();
        let mut test = Self {
            broker,
            servers,
            now,
        };
        for server in 0..count as usize {
            test.round(server);
        }
        for server in 0..count as usize {
            assert_eq!(test.round(server), Vec::<String>::new());
        }
        test
    }

    /// What has its place by now; what was proposed goes on its way.
    fn round(&mut self, server: usize) -> Vec<String> {
        let stream = &mut self.servers[server];
        let next = || stream.next(self.now);
        let steps = std::iter::from_fn(next).map(|it| match it.step {
            Step::Request(Request::ChangesTaken(count)) => format!("taken {count}"),
            Step::Gone(server) => format!("{server:?} is gone"),
            other => panic!("{other:?}"),
        });
        let steps = steps.collect();
        stream.flush(self.now);
        steps
    }

    fn propose(&mut self, server: usize, count: u64) {
        let given_back = self.servers[server].propose(Request::ChangesTaken(count), self.now);
        assert_eq!(given_back, None);
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now.instant += Duration::from_millis(milliseconds);
        let time = self.now.time.unix_milliseconds().unsigned_abs() + milliseconds;
        self.now.time = Timestamp::from_unix_milliseconds(time);
    }

    fn standing(&self, server: usize) -> &Standing {
        self.servers[server].standing()
    }
}

fn stream(broker: &Broker, number: u64, rules: &str, now: Now) -> Stream<Way> {
    let options = Options {
        rules: Rules(rules.to_owned()),
        gone_after: Duration::from_secs(15),
        chapter_bytes: crate::hub::CHAPTER_BYTES,
    };
    Stream::new(broker.way(), RunId::new(1, number), options, now)
}

const NOTHING: [String; 0] = [];

#[test]
fn what_is_proposed_has_its_place_when_it_comes_back() {
    let mut test = Test::new(2);
    test.propose(0, 1);
    test.propose(0, 2);
    test.propose(1, 3);
    // One record for both.
    let before = test.broker.state().entries.len();
    assert_eq!(test.round(0), NOTHING);
    assert_eq!(test.broker.state().entries.len(), before + 1);
    assert_eq!(test.round(1), ["taken 1", "taken 2"]);
    assert_eq!(test.round(0), ["taken 1", "taken 2", "taken 3"]);
    assert_eq!(test.round(1), ["taken 3"]);
}

#[test]
fn what_is_lost_on_the_way_is_sent_again() {
    let mut test = Test::new(1);
    test.broker.state().is_cut = true;
    test.propose(0, 1);
    assert_eq!(test.round(0), NOTHING);
    test.broker.state().is_cut = false;
    // This one comes out of turn, and counts when it comes again.
    test.propose(0, 2);
    test.round(0);
    assert_eq!(test.round(0), NOTHING);
    let at = test.servers[0].deadline().expect("it is awaited");
    test.wait((at - test.now.instant).as_millis() as u64 - 1);
    let published = test.broker.state().published;
    assert_eq!(test.round(0), NOTHING);
    assert_eq!(test.broker.state().published, published);
    test.wait(1);
    assert_eq!(test.round(0), NOTHING);
    assert_eq!(test.broker.state().published, published + 2);
    let progress = test.servers[0].progress().unwrap();
    assert_eq!((progress.again, progress.servers), (2, 1));
    let waited = test.now.instant - progress.waits_since.expect("they are not read back");
    assert_eq!(waited, SAY_AGAIN_AFTER);
    assert_eq!(test.round(0), ["taken 1", "taken 2"]);
    let progress = test.servers[0].progress().unwrap();
    assert_eq!(progress.entries, test.broker.state().entries.len() as u64);
    assert_eq!(progress.waits_since, None);
    test.wait(500);
    assert_eq!(test.round(0), NOTHING);
    assert_eq!(test.broker.state().published, published + 2);
}

#[test]
fn a_server_that_is_not_heard_is_gone_and_knows_it() {
    let mut test = Test::new(3);
    for _ in 0..15 {
        test.wait(1000);
        assert_eq!(test.round(0), NOTHING);
        assert_eq!(test.round(1), NOTHING);
    }
    // Only a proposal that all have read counts, and the first one of them.
    let mut told = [Vec::new(), Vec::new()];
    for _ in 0..3 {
        test.wait(1000);
        for (server, told) in told.iter_mut().enumerate() {
            told.extend(test.round(server));
        }
    }
    assert_eq!(told, [["ServerId(2) is gone"], ["ServerId(2) is gone"]]);
    test.propose(2, 9);
    assert_eq!(test.round(2), ["ServerId(2) is gone"]);
    assert_eq!(*test.standing(2), Standing::Ended);
    assert_eq!(test.round(0), NOTHING);
    assert_eq!(test.servers[2].server(), None);
    assert_eq!(test.servers[2].deadline(), None);
}

/// Nothing is heard while the stream stands still. That says nothing about other servers.
#[test]
fn a_stream_that_stood_still_ends_no_server() {
    let mut test = Test::new(2);
    test.broker.state().is_cut = true;
    for _ in 0..60 {
        test.wait(1000);
        for server in 0..2 {
            assert_eq!(test.round(server), NOTHING);
        }
    }
    test.broker.state().is_cut = false;
    // One is heard long before the other.
    for _ in 0..14 {
        test.wait(1000);
        assert_eq!(test.round(0), NOTHING);
    }
    for _ in 0..20 {
        test.wait(1000);
        for server in 0..2 {
            assert_eq!(test.round(server), NOTHING);
        }
    }
    for server in 0..2 {
        assert!(matches!(test.standing(server), Standing::In(_)));
    }
}

#[test]
fn a_server_with_other_rules_does_not_come_in() {
    let mut test = Test::new(1);
    let other = stream(&test.broker, 8, "b", test.now);
    test.servers.push(other);
    for _ in 0..2 {
        assert_eq!(test.round(1), NOTHING);
    }
    let rules = Rules("a".to_owned());
    assert_eq!(*test.standing(1), Standing::Refused(rules));
    assert_eq!(test.servers[1].server(), None);
}

/// It would wait for its place for ever.
#[test]
fn a_server_that_can_never_begin_says_so() {
    let mut test = Test::new(1);
    let begin = |run: RunId, seen| {
        let record = Record {
            run,
            number: 1,
            time: test.now.time,
            seen,
            asks: vec![Ask::Begin {
                rules: Rules("a".to_owned()),
            }],
        };
        Arc::<[u8]>::from(record.to_bytes())
    };
    let seen = test.servers[0].servers.seen();
    let more = 1..u64::from(servers::MAX_SERVERS);
    let records = more.map(|number| begin(RunId::new(5, number), seen));
    test.broker.state().entries.extend(records);
    let late = stream(&test.broker, 8, "a", test.now);
    test.servers.push(late);
    test.round(1);
    test.round(1);
    assert_eq!(*test.standing(1), Standing::Full);
    assert!(matches!(test.servers[1].fate(), Fate::Stops(why) if why.contains("256")));
}

/// It takes part as a later run.
#[test]
fn a_run_that_is_too_old_begins_anew() {
    let mut test = Test::new(1);
    let old = stream(&test.broker, 8, "a", test.now);
    let run = old.run;
    test.servers.push(old);
    let others = test.servers[0].servers.clone();
    test.servers[1].servers = others;
    test.servers[1].servers.forget_up_to(run);
    test.servers[1].engine.read = test.broker.state().entries.len();
    test.round(1);
    test.round(1);
    assert_eq!(test.servers[1].fate(), Fate::Ended);
}

#[test]
fn two_servers_with_one_run_are_noticed() {
    let mut test = Test::new(1);
    test.wait(10);
    let twin = stream(&test.broker, 0, "a", test.now);
    test.servers.push(twin);
    test.round(1);
    test.round(1);
    assert_eq!(*test.standing(1), Standing::Broken(Broken::Twin));
}

#[test]
fn a_stream_of_another_room_stops_the_server() {
    let mut test = Test::new(2);
    test.wait(1000);
    let place = test.broker.state().entries.len();
    test.broker.state().entries.push(b"for one only"[..].into());
    test.round(0);
    // The other one is given something else in its place.
    test.broker.state().entries[place] = b"for the other one"[..].into();
    test.round(1);
    let standing = test.standing(1).clone();
    assert!(
        matches!(
            standing,
            Standing::Broken(Broken::Fault(Fault::Forked { .. }))
        ),
        "{standing:?}"
    );
    test.propose(1, 1);
    assert_eq!(test.round(1), NOTHING);
    let before = test.broker.state().entries.len();
    test.round(1);
    assert_eq!(test.broker.state().entries.len(), before);
}

/// A round says nothing that does not fit into a record.
#[test]
fn much_at_once_is_more_than_one_record() {
    let mut test = Test::new(1);
    let text = chat_proto::text::Text::clean(&"x".repeat(4000)).unwrap();
    let client = crate::hub::testing::client(1);
    for _ in 0..200 {
        let act = crate::room::request::Act::Say {
            kind: chat_proto::event::SpeechKind::Message,
            text: text.clone(),
            id: None,
        };
        let server = ServerId(0);
        let origin = crate::room::origin::Origin { server, client };
        test.servers[0].propose(Request::Client(origin, act), test.now);
    }
    let before = test.broker.state().entries.len();
    for expected in [2, 4] {
        test.servers[0].flush(test.now);
        let state = test.broker.state();
        let records = &state.entries[before..];
        assert_eq!(records.len(), expected, "some have to come back first");
        assert!(records.iter().all(|it| it.len() <= record::MAX_BYTES));
        drop(state);
        while test.servers[0].next(test.now).is_some() {}
    }
}

/// What is asked for while records are on their way goes together into the next one.
#[test]
fn few_records_are_on_their_way_at_a_time() {
    let mut test = Test::new(1);
    test.broker.state().is_cut = true;
    let before = test.broker.state().published;
    for _ in 0..10 {
        test.propose(0, 1);
        test.round(0);
    }
    assert_eq!(test.broker.state().published, before + MAX_IN_FLIGHT);
    test.broker.state().is_cut = false;
    test.wait(SAY_AGAIN_AFTER.as_millis() as u64);
    let sent_again = test.broker.state().entries.len();
    test.round(0);
    test.round(0);
    let state = test.broker.state();
    assert_eq!(state.entries.len() - sent_again, MAX_IN_FLIGHT + 1);
    let last = Record::parse(&state.entries[state.entries.len() - 1]).unwrap();
    assert_eq!(last.asks.len(), 10 - MAX_IN_FLIGHT);
}

/// People are told when it takes long, and nothing more is taken when it takes too long.
#[test]
fn a_stream_that_does_not_answer_is_told_and_then_takes_nothing_more() {
    let mut test = Test::new(1);
    let flow = |test: &Test| test.servers[0].flow(test.now);
    test.broker.state().is_cut = true;
    test.propose(0, 1);
    test.round(0);
    assert_eq!(flow(&test), Flow::Moves);
    // It wakes up by itself for each of these.
    let began = test.now.instant;
    let mut told = Vec::new();
    while flow(&test) != Flow::Stands {
        let at = test.servers[0].deadline().expect("it is awaited");
        test.wait((at - test.now.instant).as_millis() as u64);
        assert_eq!(test.round(0), NOTHING);
        if told.last() != Some(&flow(&test)) {
            told.push(flow(&test));
            if flow(&test) == Flow::Waits {
                assert_eq!(test.now.instant - began, TOLD_AFTER);
            }
        }
    }
    assert_eq!(told, [Flow::Moves, Flow::Waits, Flow::Stands]);
    assert_eq!(test.now.instant - began, STANDS_AFTER);
    test.broker.state().is_cut = false;
    test.wait(SAY_AGAIN_AFTER.as_millis() as u64);
    test.round(0);
    assert_eq!(test.round(0), ["taken 1"]);
    assert_eq!(flow(&test), Flow::Moves);
    assert_eq!(test.servers[0].load, Load::default());
}

#[test]
fn little_waits_for_a_stream_that_does_not_answer() {
    let mut test = Test::new(1);
    for number in 0..=MAX_WAITING.requests as u64 {
        test.propose(0, number);
    }
    test.broker.state().is_cut = true;
    test.round(0);
    let flow = |test: &Test| test.servers[0].flow(test.now);
    test.wait(TOLD_AFTER.as_millis() as u64 - 1);
    assert_eq!(flow(&test), Flow::Moves, "a burst is nothing unusual");
    test.wait(1);
    assert_eq!(flow(&test), Flow::Stands);
}

/// A server whose clock is an hour late waits no hour for what is due in half a second.
#[test]
fn the_time_of_the_room_passes_at_each_server() {
    let mut test = Test::new(2);
    let right = test.now;
    let late = |now: Now| Now {
        time: Timestamp::from_unix_milliseconds(
            now.time.unix_milliseconds().unsigned_abs() - 3_600_000,
        ),
        ..now
    };
    test.propose(0, 1);
    test.round(0);
    let ordered = test.servers[1].next(late(right)).expect("it has its place");
    assert_eq!(ordered.now.time, right.time);
    let due = ordered.now.instant + Duration::from_millis(500);
    test.wait(500);
    assert_eq!(test.servers[1].room_now(late(test.now)), due);
}
