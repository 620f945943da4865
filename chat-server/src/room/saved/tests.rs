//! A restored room goes on as the one that was saved, and no bytes end a server.

mod requests;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use chat_proto::command::{Operation, OwnConnections};
use chat_proto::event::{Arrival, MessageId, RunId, SpeechKind, Timestamp};
use chat_proto::moderation::{Remark, Subject, Target, Term};
use chat_proto::name::Name;
use chat_proto::text::Text;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use self::requests::{act, any_key, any_name, enter, join, name, set_people, text};
use super::*;
use crate::access::keys::PersonKey;
use crate::access::keys::fixtures::person_key;
use crate::access::naming::Naming;
use crate::access::people;
use crate::room::absent::Roll;
use crate::room::apply::Before;
use crate::room::identity::Owner;
use crate::room::identity::tests::identity;
use crate::room::origin::{Authority, Origin, ServerId};
use crate::room::request::{Act, Fallback, Join, Outcome, Request};
use crate::saved::testing::spoil;
use crate::sequencer::Step;

/// A room, and what happens in it: four bytes give a request, or pass time.
struct Test {
    room: Room,
    now: Now,
    /// How many connections there were.
    connections: u32,
    /// The programs that have joined, or were here before a restart.
    owners: Vec<Owner>,
}

impl Test {
    /// A room that goes on after a restart.
    fn new() -> Self {
        let Identity { room, run, key } = identity();
        let last = RunId::new(0, 7);
        let time = Timestamp::from_unix_milliseconds(1_800_000_000_000);
        let mut roll = Roll::default();
        let owners: Vec<Owner> = (1..4).map(|number| key.owner(last, number)).collect();
        roll.open(Some(last), Some(time));
        // The first two look alike.
        for (owner, name) in owners.iter().zip(["ann", "Аnn", "old"].map(name)) {
            let tag = Some(key.tag_of_name(*owner, last, &name));
            let back = false;
            roll.enter(Arrival { name, tag, back });
        }
        let before = Before {
            runs: Runs::of(room),
            ids: DedupIndex::default(),
            absent: roll.into_absent(time, key),
            moderation: Moderation::default(),
            next: 1,
        };
        let instant = Instant::now();
        Self {
            room: Room::behind(before, run, key),
            now: Now { time, instant },
            connections: 0,
            owners,
        }
    }

    fn after(steps: &[[u8; 4]]) -> Self {
        let mut test = Self::new();
        for step in steps {
            test.step(*step);
        }
        test
    }

    /// What came of a step, and the events of it.
    fn step(&mut self, step: [u8; 4]) -> String {
        let steps = self.steps(step);
        steps.into_iter().map(|step| self.apply(step)).collect()
    }

    /// All that is to be known of these steps, and of the room behind them.
    fn go_on(&mut self, steps: &[[u8; 4]]) -> Vec<String> {
        let mut told = Vec::new();
        for step in steps {
            let what = self.step(*step);
            let since = self.room.presence_deadline();
            let since = since.map(|at| at.saturating_duration_since(self.now.instant));
            told.push(format!("{what} {since:?}"));
        }
        let has_place = |owner: &Owner| self.room.has_place_of(*owner, self.now);
        let places: Vec<bool> = self.owners.iter().map(has_place).collect();
        let changes: Vec<_> = self.room.holders().changes_behind(0).collect();
        told.push(format!(
            "{places:?} {changes:?} {:?}",
            self.room.moderation()
        ));
        for name in (0..8).map(any_name) {
            let keys = (0..5).map(any_key);
            let is_free = |key: Option<PersonKey>| self.room.is_free(&name, key.as_ref(), self.now);
            told.push(format!(
                "{name} {:?}",
                keys.map(is_free).collect::<Vec<_>>()
            ));
        }
        told
    }

    fn apply(&mut self, step: Step) -> String {
        let mut events = Vec::new();
        let outcome = match step {
            Step::Gone(server) => {
                self.room.lose(server, self.now, &mut events);
                Outcome::Done
            }
            Step::NamesUpTo(most) => {
                self.room.set_names_up_to(most, self.now);
                Outcome::Done
            }
            Step::Request(request) => self.room.apply(request, self.now, &mut events),
        };
        if let Outcome::Joined(joined) = &outcome {
            self.owners.push(joined.owner);
        }
        format!("{outcome:?} {events:?}\n")
    }

    fn steps(&mut self, [what, a, b, c]: [u8; 4]) -> Vec<Step> {
        let request = match what % 32 {
            0..4 => return self.connect(a, |origin| enter(origin, b, c)),
            4..9 => {
                let known = self.owners.get(usize::from(c) % (2 * self.owners.len()));
                let known = known.copied();
                return self.connect(a, |origin| join(origin, b, c, known));
            }
            9..20 => match self.member(a) {
                Some(origin) => Request::Client(origin, act(what % 32, b, c)),
                None => return Vec::new(),
            },
            28 | 29 => match self.member(a) {
                Some(origin) => Request::Client(origin, Act::Leave),
                None => return Vec::new(),
            },
            20 => Request::TellPending,
            21 => Request::Open,
            22 => Request::Forget {
                first: u64::from(b) % self.room.next,
            },
            23 => set_people(a, b, c),
            24 => Request::ChangesTaken(u64::from(b) % 8),
            25 => Request::AwaitReturns,
            26 if b % 4 == 1 => return vec![Step::NamesUpTo(usize::from(a) % 8)],
            26 if b % 4 == 0 => return vec![Step::Gone(ServerId(u16::from(a) % 3))],
            27 => Request::SetTopic(Remark::new("\"a\" topic").unwrap()),
            _ => {
                let unit = [0, 0, 1, 1, 1, 2, 4, 60];
                let passed = u64::from(a) * unit[usize::from(b % 8)];
                self.now.time = self.now.time.after(Duration::from_millis(passed));
                self.now.instant += Duration::from_millis(passed);
                return Vec::new();
            }
        };
        vec![Step::Request(request)]
    }

    /// Another connection has this place, which one that was there before has left.
    fn connect(&mut self, place: u8, request: impl FnOnce(Origin) -> Request) -> Vec<Step> {
        self.connections += 1;
        let place = u16::from(place);
        let key = u32::from(place / 6 % 8);
        let origin = Origin::of((place % 3, place / 3 % 2, key, self.connections));
        let is_there = |it: &Origin| {
            let other = Origin::of((
                it.server.0,
                it.client.worker,
                it.client.key,
                self.connections,
            ));
            other == origin
        };
        let members = self.room.members().iter().map(|(origin, _)| origin);
        let before = members
            .filter(is_there)
            .map(|it| Request::Client(it, Act::Leave));
        before.chain([request(origin)]).map(Step::Request).collect()
    }

    fn member(&self, number: u8) -> Option<Origin> {
        let count = self.room.people().count().max(1);
        let mut members = self.room.members().iter();
        members
            .nth(usize::from(number) % count)
            .map(|(origin, _)| origin)
    }

    /// The same room, restored on a server that was started at another time.
    fn restored(&self) -> Self {
        let bytes = self.room.save(self.now);
        let later = |now: Now| Now {
            instant: now.instant + APART,
            ..now
        };
        // Which time of the room is known makes no difference.
        let before = Now {
            time: Timestamp::from_unix_milliseconds(1_799_999_999_999),
            instant: self.now.instant
                - self
                    .now
                    .time
                    .since(Timestamp::from_unix_milliseconds(1_799_999_999_999)),
        };
        let room = Room::restore(&bytes, &identity(), later(before)).unwrap();
        assert_eq!(text(&room.save(later(self.now))), text(&bytes));
        Self {
            room,
            now: later(self.now),
            connections: self.connections,
            owners: self.owners.clone(),
        }
    }
}

fn steps(most: usize) -> impl Strategy<Value = Vec<[u8; 4]>> {
    proptest::collection::vec(any::<[u8; 4]>(), 0..most)
}

proptest! {
    #[test]
    fn a_restored_room_goes_on_as_the_saved_one(before in steps(200), behind in steps(100)) {
        let mut test = Test::after(&before);
        let mut other = test.restored();
        prop_assert_eq!(test.go_on(&behind), other.go_on(&behind));
        let [one, two] = [&test, &other].map(|test| test.room.save(test.now));
        prop_assert_eq!(text(&one), text(&two));
    }

    #[test]
    fn nothing_that_is_restored_ends_a_server(
        before in steps(100),
        changes in proptest::collection::vec(any::<[u16; 3]>(), 1..4),
        behind in steps(60),
    ) {
        let mut test = Test::after(&before);
        let bytes = test.room.save(test.now);
        let mut state: Value = serde_json::from_slice(&bytes).unwrap();
        for change in changes {
            spoil(&mut state, change);
        }
        let state = serde_json::to_vec(&state).unwrap();
        if let Ok(room) = Room::restore(&state, &identity(), test.now) {
            let saved = room.save(test.now);
            test.room = Room::restore(&saved, &identity(), test.now).expect("it was restored once");
            for step in behind {
                test.step(step);
            }
            // A program that is drawn once more, because of a spoiled count, is in it twice:
            // that one is no room.
            let _ = Room::restore(&test.room.save(test.now), &identity(), test.now);
        }
    }

    #[test]
    fn a_part_of_a_state_is_none(before in steps(50), at: prop::sample::Index, byte: u8) {
        let test = Test::after(&before);
        let mut bytes = test.room.save(test.now);
        let at = at.index(bytes.len());
        prop_assert!(Room::restore(&bytes[..at], &identity(), test.now).is_err());
        bytes[at] = byte;
        let _ = Room::restore(&bytes, &identity(), test.now);
    }
}

/// The steps above show what is missing in a state: without any of these parts something else
/// happens.
#[test]
fn each_part_of_a_state_matters() {
    let mut parts = vec![
        ("/drawn", json!(0)),
        ("/next", json!(1000)),
        ("/taken", json!("")),
        ("/members/threads/0/2/0/4/0", json!("192.0.2.9")),
        ("/members/threads/0/2/0/4/1", json!(null)),
        ("/members/threads/0/2/0/4/2", json!(0)),
        ("/members/threads/0/2/0/4/3", json!(0)),
        ("/members/threads/0/2/0/5", json!(null)),
        ("/members/threads/0/2/0/5/1", json!(false)),
        ("/presence/listed", json!(false)),
        ("/presence/deadline", json!([1_800_000_000_000_u64, 0])),
        ("/presence/rested", json!(null)),
        ("/presence/names_up_to", json!(null)),
        ("/presence/number", json!(null)),
        ("/presence/next_number", json!([1_800_000_000_000_u64, 0])),
        ("/ids/events", json!("")),
        ("/ids/first", json!(0)),
        ("/absent/bearers", json!([])),
        ("/absent/taken", json!(null)),
        ("/absent/deadlines", json!(null)),
        ("/holders/naming", json!("free")),
        ("/holders/people", json!([])),
        ("/holders/here", json!([])),
        ("/holders/pending", json!([])),
        ("/holders/taken", json!(0)),
        ("/moderation", json!([])),
        ("/pace/here", json!([])),
        ("/pace/left", json!([])),
        ("/gone", json!([])),
    ];
    let mut runner = TestRunner::deterministic();
    let mut next = |most| steps(most).new_tree(&mut runner).unwrap().current();
    for _ in 0..400 {
        let mut test = Test::after(&next(200));
        let state = test.room.save(test.now);
        let behind = next(100);
        let mut others: Vec<_> = parts
            .iter()
            .map(|(part, none)| {
                let mut state: Value = serde_json::from_slice(&state).unwrap();
                *state.pointer_mut(part)? = none.clone();
                let state = serde_json::to_vec(&state).unwrap();
                let room = Room::restore(&state, &identity(), test.now).ok()?;
                let owners = test.owners.clone();
                Some(Test {
                    room,
                    owners,
                    ..test
                })
            })
            .collect();
        let told = test.go_on(&behind);
        let mut others = others.iter_mut();
        parts.retain(|_| match others.next() {
            Some(Some(other)) => other.go_on(&behind) == told,
            _ => true,
        });
        if parts.is_empty() {
            return;
        }
    }
    panic!("{parts:?}");
}

#[test]
fn the_state_of_another_room_is_refused() {
    let test = Test::new();
    let bytes = test.room.save(test.now);
    for (room, run) in [("other", RunId::new(1, 0)), ("room", RunId::new(2, 0))] {
        let room = chat_proto::event::RoomId::new(room).unwrap();
        let key = identity().key;
        let told = Room::restore(&bytes, &Identity { room, run, key }, test.now).unwrap_err();
        assert_eq!(told.to_string(), "it is the state of another room");
    }
}

/// How far the clocks of the two servers are apart.
const APART: Duration = Duration::from_nanos(1_000_000_000_007);
