//! Names that belong to keys, in the room: the rules one by one, and what holds after any
//! requests.

use std::time::{Duration, Instant};

use chat_proto::event::{Body, SpeechKind};
use chat_proto::text::Text;
use proptest::prelude::*;

use super::*;
use crate::access::keys::fixtures::person_key;
use crate::clock::Now;
use crate::room::apply::{Before, Room};
use crate::room::identity::tests::identity;
use crate::room::identity::{Identity, Owner};
use crate::room::origin::{ClientId, Origin, ServerId};
use crate::room::request::{Act, Emitted, Fallback, Join, NameRefusal, Outcome, Request};
use crate::room::runs::Runs;

struct Test {
    room: Room,
    now: Now,
    events: Vec<Emitted>,
}

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn address(number: u32) -> Name {
    Name::of_address(([192, 0, 2, number as u8], 1000).into())
}

fn origin(number: u32) -> Origin {
    Origin {
        server: ServerId(0),
        client: ClientId {
            worker: 0,
            key: number,
            generation: 0,
        },
    }
}

impl Test {
    /// A room in which keys mean this, with these lines in the file of people.
    fn new(naming: Naming, lines: &str) -> Self {
        let Identity { room, run, key } = identity();
        let before = Before {
            runs: Runs::of(room),
            ids: Default::default(),
            absent: Default::default(),
            moderation: Default::default(),
            next: 1,
        };
        let mut test = Self {
            room: Room::behind(before, run, key),
            now: Now {
                time: Timestamp::from_unix_milliseconds(1_800_000_000_000),
                instant: Instant::now(),
            },
            events: Vec::new(),
        };
        test.read(naming, lines, 0);
        test
    }

    /// The file of people is read.
    fn read(&mut self, naming: Naming, lines: &str, taken: u64) {
        let people = Box::new(People::parse(lines.as_bytes()).unwrap().0);
        self.apply(Request::SetPeople {
            naming,
            people,
            taken,
        });
    }

    fn apply(&mut self, request: Request) -> Outcome {
        self.now.instant += Duration::from_millis(100);
        self.events.clear();
        self.room.apply(request, self.now, &mut self.events)
    }

    fn act(&mut self, number: u32, act: Act) -> Outcome {
        self.apply(Request::Client(origin(number), act))
    }

    /// A person with this key, if any, wants to come in under a name.
    fn enter(&mut self, number: u32, wanted: &str, key: Option<u8>) -> Outcome {
        let act = Act::Enter {
            wanted: name(wanted),
            fallback: Fallback::Nothing,
            key: key.map(person_key),
            from: Some([127, 0, 0, 1].into()),
        };
        self.act(number, act)
    }

    /// A program says hello. Its name, and why it is not the one that it wants.
    fn hello(
        &mut self,
        number: u32,
        wanted: Option<&str>,
        key: Option<u8>,
        known: Option<Owner>,
    ) -> (Name, Option<NameRefusal>, Owner) {
        let join = Join {
            known,
            wanted: wanted.map(name),
            otherwise: address(number),
            key: key.map(person_key),
            from: Some([127, 0, 0, 1].into()),
            program: None,
        };
        match self.act(number, Act::Join(join)) {
            Outcome::Joined(joined) => (joined.name, joined.refusal, joined.owner),
            other => panic!("{other:?}"),
        }
    }

    /// A member says something: whether the name is claimed by that, and who is shown to
    /// hold it.
    fn say(&mut self, number: u32) -> (Option<Name>, Option<KeyId>) {
        let (text, id) = (Text::clean("hi").unwrap(), None);
        let kind = SpeechKind::Message;
        let Outcome::Said { claimed, .. } = self.act(number, Act::Say { kind, text, id }) else {
            panic!("it is said");
        };
        let held = self
            .events
            .iter()
            .find_map(|emitted| match &emitted.event.body {
                Body::Message(speech) => Some(speech.held),
                _ => None,
            });
        (claimed, held.expect("an event"))
    }

    fn rename(&mut self, number: u32, wanted: &str) -> Outcome {
        self.act(number, Act::Rename(name(wanted)))
    }

    fn forget(&mut self, number: u32, wanted: &str) -> Forgotten {
        match self.act(number, by_member(name(wanted))) {
            Outcome::Forgotten(forgotten) => forgotten,
            other => panic!("{other:?}"),
        }
    }

    fn changes(&self) -> Vec<&Change> {
        self.room.holders().changes_behind(0).collect()
    }
}

fn by_member(name: Name) -> Act {
    let authority = Authority::Member;
    Act::Forget { name, authority }
}

fn line(options: &str, key: u8) -> String {
    format!(
        "{options} {}\n",
        person_key(key).public().to_openssh().unwrap()
    )
}

fn id(key: u8) -> Option<KeyId> {
    Some(person_key(key).id())
}

#[test]
fn the_first_thing_that_is_said_claims_a_name() {
    let mut test = Test::new(Naming::Claim, "");
    assert_eq!(test.enter(1, "ann", Some(1)), Outcome::Entered(name("ann")));
    assert!(test.changes().is_empty(), "to be here claims nothing");
    assert_eq!(test.say(1), (Some(name("ann")), id(1)));
    assert_eq!(test.say(1), (None, id(1)));
    assert_eq!(test.changes().len(), 1);
    // Who has no key claims nothing, and keeps the name while here.
    assert_eq!(test.enter(2, "bo", None), Outcome::Entered(name("bo")));
    assert_eq!(test.say(2), (None, None));
    test.act(2, Act::Leave);
    assert_eq!(test.enter(3, "bo", Some(3)), Outcome::Entered(name("bo")));
    assert_eq!(test.say(3), (Some(name("bo")), id(3)));
}

/// Neither the name, nor one that looks like it, nor one with a number.
#[test]
fn who_comes_without_the_key_gets_the_address() {
    for key in [None, Some(2)] {
        let mut test = Test::new(Naming::Claim, &line("name=\"ann\"", 1));
        let refused = Outcome::NameRefused(NameRefusal::Held(name("ann")));
        for wanted in ["ann", "Ann", "аnn"] {
            assert_eq!(test.enter(1, wanted, key), refused, "{wanted}");
            let (name, refusal, _) = test.hello(2, Some(wanted), key, None);
            assert_eq!(name, address(2), "{wanted}");
            assert_eq!(refusal, Some(NameRefusal::Held(self::name("ann"))));
            assert_eq!(test.rename(2, wanted), refused, "{wanted}");
            test.act(2, Act::Leave);
        }
        // An address is no name to claim.
        test.hello(2, Some("ann"), key, None);
        assert_eq!(test.say(2), (None, None));
        assert_eq!(test.changes(), Vec::<&Change>::new());
    }
}

#[test]
fn the_holder_is_called_as_listed() {
    let lines = line("name=\"ann\"", 1) + &line("name=\"anna\"", 1);
    let mut test = Test::new(Naming::Claim, &lines);
    assert_eq!(test.enter(1, "ANN", Some(1)), Outcome::Entered(name("ann")));
    assert_eq!(test.say(1), (None, id(1)));
    assert_eq!(test.rename(1, "Anna"), Outcome::Renamed(name("anna")));
    assert_eq!(test.say(1), (None, id(1)));
    // A second connection of the same person is not the holder of what it is called.
    let (second, refusal, _) = test.hello(2, Some("anna"), Some(1), None);
    assert_eq!((second, refusal), (name("anna-2"), None));
    assert_eq!(test.say(2), (None, None), "it has not asked for that name");
    // One that wants no name has the first of its own that is free.
    let (third, _, _) = test.hello(3, None, Some(1), None);
    assert_eq!(third, name("ann"));
    assert_eq!(test.say(3), (None, id(1)));
}

#[test]
fn a_name_with_a_number_may_belong_to_another_key() {
    let mut test = Test::new(Naming::Claim, &line("name=\"bo-2\"", 1));
    test.enter(1, "bo", None);
    let (second, refusal, _) = test.hello(2, Some("bo"), None, None);
    assert_eq!((second, refusal), (name("bo-3"), None));
}

/// A program that comes back has its name only with the key of the name.
#[test]
fn a_secret_does_not_replace_a_key() {
    let mut test = Test::new(Naming::Claim, "");
    let (_, _, owner) = test.hello(1, Some("ann"), Some(1), None);
    test.say(1);
    let (same, refusal, _) = test.hello(2, Some("ann"), Some(1), Some(owner));
    assert_eq!((same, refusal), (name("ann"), None));
    assert_eq!(test.say(2), (None, id(1)));
    let (other, refusal, _) = test.hello(3, Some("ann"), None, Some(owner));
    assert_eq!(other, address(3));
    assert_eq!(refusal, Some(NameRefusal::Held(name("ann"))));
    let renamed = |emitted: &Emitted| matches!(emitted.event.body, Body::Renamed { .. });
    assert!(test.events.iter().any(renamed), "the room is told");
    assert_eq!(test.say(3), (None, None));
    assert_eq!(test.enter(4, "ann", Some(1)), Outcome::Entered(name("ann")));
}

/// To come back is not to ask for the name again.
#[test]
fn a_name_that_was_freed_is_not_claimed_again_by_coming_back() {
    let mut test = Test::new(Naming::Claim, "");
    let (_, _, owner) = test.hello(1, Some("ann"), Some(1), None);
    test.say(1);
    test.forget(1, "ann");
    test.hello(2, Some("ann"), Some(1), Some(owner));
    assert_eq!(test.say(2), (None, None));
    // A name that was asked for before, and not at the hello, is still to be claimed.
    test.rename(2, "bo");
    test.hello(3, Some("ann"), Some(1), Some(owner));
    assert_eq!(test.say(3), (Some(name("bo")), id(1)));
}

#[test]
fn a_name_is_freed_by_its_holder_or_an_operator() {
    let lines = line("name=\"ann\"", 1) + &line("op,name=\"op\"", 2);
    let mut test = Test::new(Naming::Claim, &lines);
    for (number, wanted, key) in [(1, "ann", Some(1)), (2, "op", Some(2)), (3, "cyd", Some(3))] {
        test.enter(number, wanted, key);
    }
    test.enter(4, "dee", None);
    assert_eq!(test.forget(4, "ann"), Forgotten::NotAllowed);
    assert_eq!(test.forget(3, "ann"), Forgotten::NotAllowed);
    assert_eq!(test.forget(3, "dee"), Forgotten::NotHeld);
    assert_eq!(test.forget(2, "Ann"), Forgotten::Freed(vec![name("ann")]));
    // Who is here under it is no holder any more, and does not claim it by the way.
    assert_eq!(test.say(1), (None, None));
    test.act(1, Act::Leave);
    assert_eq!(test.enter(5, "ann", Some(5)), Outcome::Entered(name("ann")));
    assert_eq!(test.say(5), (Some(name("ann")), id(5)));
    assert_eq!(test.forget(5, "ann"), Forgotten::Freed(vec![name("ann")]));
    assert_eq!(test.changes().len(), 3);
}

#[test]
fn only_listed_keys_are_let_in_where_they_have_to_be_known() {
    let mut test = Test::new(Naming::Known, &line("name=\"ann\"", 1));
    let lets_in = |test: &Test, key: Option<u8>| {
        let key = key.map(person_key);
        test.room.holders().lets_in(key.as_ref())
    };
    assert!(lets_in(&test, Some(1)));
    assert!(!lets_in(&test, Some(2)));
    assert!(!lets_in(&test, None));
    // There are no claims.
    test.enter(1, "bo", Some(1));
    assert_eq!(test.say(1), (None, None));
    test.read(Naming::Free, &line("name=\"ann\"", 1), 0);
    assert!(lets_in(&test, None));
}

#[test]
fn where_names_are_free_keys_mean_nothing() {
    let mut test = Test::new(Naming::Free, &line("name=\"ann\"", 1));
    assert_eq!(test.enter(1, "ann", Some(2)), Outcome::Entered(name("ann")));
    assert_eq!(test.say(1), (None, None));
    assert_eq!(test.hello(2, None, Some(1), None).0, address(2));
    assert_eq!(test.forget(1, "ann"), Forgotten::NotHeld);
}

/// Each change is in the file or made again, and none twice.
#[test]
fn changes_outlive_a_file_that_does_not_have_them_yet() {
    let mut test = Test::new(Naming::Claim, "");
    for number in 1..=3 {
        test.enter(number, &format!("p{number}x"), Some(number as u8));
        test.say(number);
    }
    let holds = |test: &Test, number: u8| {
        let name = name(&format!("p{number}x"));
        test.room.holders().key_of(&name).is_some()
    };
    // It has the first claim, and the operator has given the second name to another key.
    let lines = line("name=\"p1x\"", 1) + &line("name=\"p2x\"", 9);
    test.read(Naming::Claim, &lines, 1);
    assert_eq!(
        [1, 2, 3].map(|number| holds(&test, number)),
        [true, false, true]
    );
    assert_eq!(test.room.holders().changes_behind(1).count(), 2);
    assert_eq!(test.room.holders().changes_behind(2).count(), 1);
    test.apply(Request::ChangesTaken(2));
    assert_eq!(test.room.holders().changes_behind(2).count(), 1);
    // The file without the first one: the operator has removed it.
    test.read(Naming::Claim, "", 3);
    assert_eq!([1, 2, 3].map(|number| holds(&test, number)), [false; 3]);
    assert_eq!(test.room.holders().changes_behind(0).count(), 0);
}

#[test]
fn the_use_of_a_name_is_noted_once_a_day() {
    let mut test = Test::new(Naming::Claim, "");
    test.enter(1, "ann", Some(1));
    test.say(1);
    assert_eq!(test.changes().len(), 1);
    for day in 1..=2 {
        let time = test.now.time.unix_milliseconds() + DAY;
        test.now.time = Timestamp::from_unix_milliseconds(time as u64);
        test.say(1);
        test.say(1);
        assert_eq!(test.changes().len(), 1 + day);
    }
}

fn random_act() -> impl Strategy<Value = Act> {
    let wanted =
        || prop::sample::select(vec!["ann", "Ann", "аnn", "bo", "ann-2", "cy"]).prop_map(name);
    let key = || prop::option::of((0..3u8).prop_map(person_key));
    prop_oneof![
        2 => (wanted(), key()).prop_map(|(wanted, key)| {
            Act::Enter { wanted, fallback: Fallback::Nothing, key, from: Some([127, 0, 0, 1].into()) }
        }),
        2 => (prop::option::of(wanted()), key(), 0..9u32).prop_map(|(wanted, key, number)| {
            Act::Join(Join { known: None, wanted, otherwise: address(100 + number), key, from: Some([127, 0, 0, 1].into()), program: None })
        }),
        4 => Just(Act::Say { kind: SpeechKind::Message, text: Text::clean("hi").unwrap(), id: None }),
        2 => wanted().prop_map(Act::Rename),
        1 => wanted().prop_map(by_member),
        2 => Just(Act::Leave),
    ]
}

proptest! {
    #[test]
    fn no_one_has_the_name_of_another_key(
        acts in prop::collection::vec((0..6u32, random_act()), 1..80),
        reads in prop::collection::vec((0..80usize, 0..3u64), 0..3),
    ) {
        let mut test = Test::new(Naming::Claim, "");
        for (place, (number, act)) in acts.into_iter().enumerate() {
            test.act(number, act);
            // The file is written late, and what it says is read.
            for &(at, late) in &reads {
                if at == place {
                    let made = test.room.holders().changes_behind(0).count() as u64;
                    let made = test.room.holders().taken + made.saturating_sub(late);
                    let mut people = test.room.holders().people.clone();
                    // As if the last ones were not in it yet.
                    for change in test.room.holders().changes_behind(made).cloned().collect::<Vec<_>>() {
                        if let Change::Claim { name, .. } = &change {
                            people.forget(name);
                        }
                    }
                    test.read(Naming::Claim, &String::from_utf8(people.to_bytes()).unwrap(), made);
                }
            }
            let holders = test.room.holders();
            for (_, member) in test.room.members().iter() {
                let key = member.keyed.as_ref().map(|keyed| &keyed.key);
                let holding = holders.holding(&member.name, key);
                prop_assert!(!matches!(holding, Holding::Others(_)), "{member:?}");
                let is_listed = key.is_some_and(|key| {
                    holders.people.is_held_by(&member.name, &key.fingerprint())
                });
                let shown = holders.key_of(&member.name);
                prop_assert_eq!(shown, key.map(PersonKey::id).filter(|_| is_listed));
            }
            prop_assert!(holders.here.len() <= test.room.members().iter().count());
        }
    }
}
