//! The same requests lead to the same room, events and bytes, in every process.

use std::time::Duration;

use chat_proto::event::MessageId;
use proptest::prelude::*;

use super::*;
use crate::access::keys::PersonKey;
use crate::access::keys::fixtures::person_key;
use crate::access::naming::Naming;
use crate::access::people;
use crate::room::origin::{Authority, Origin, ServerId};
use crate::room::request::{Act, Fallback, Join, Request};

/// One of a few names, so that equal ones meet.
fn wanted() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["ann", "Ann", "аnn", "bo", "ann-2", "cy"]).prop_map(name)
}

fn program() -> impl Strategy<Value = Option<Owner>> {
    prop::option::of((0..4u64).prop_map(owner))
}

/// One of a few connections of two servers.
fn origin() -> impl Strategy<Value = Origin> {
    (0..2u16, 0..5u32).prop_map(|(server, number)| Origin {
        server: ServerId(server),
        client: client(number),
    })
}

fn key() -> impl Strategy<Value = Option<PersonKey>> {
    prop::option::of((0..4u8).prop_map(person_key))
}

/// A file of people, in which the holder of one name is an operator.
fn people() -> impl Strategy<Value = Box<people::People>> {
    let line = (wanted(), 0..4u8).prop_map(|(name, number)| {
        let key = person_key(number).public().to_openssh().unwrap();
        let options = if number == 0 { "op," } else { "" };
        format!("{options}name=\"{name}\" {key}\n")
    });
    prop::collection::vec(line, 0..4).prop_map(|lines| {
        let (people, _) = people::People::parse(lines.concat().as_bytes()).unwrap();
        Box::new(people)
    })
}

fn naming() -> impl Strategy<Value = Naming> {
    prop::sample::select(vec![
        Naming::Free,
        Naming::Claim,
        Naming::Claim,
        Naming::Known,
    ])
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let fallback = prop::sample::select(vec![Fallback::Numbered, Fallback::Nothing]);
    let kind = prop::sample::select(vec![SpeechKind::Message, SpeechKind::Action]);
    let id = prop::option::of(prop::sample::select(vec![
        "1",
        "0123456789abcdef0123456789",
    ]));
    let joining = (program(), prop::option::of(wanted()), wanted(), key());
    prop_oneof![
        3 => (wanted(), fallback, key()).prop_map(|(wanted, fallback, key)| {
            Act::Enter { wanted, fallback, key, from: Some([127, 0, 0, 1].into()) }
        }),
        3 => joining.prop_map(|(known, wanted, otherwise, key)| {
            Act::Join(Join { known, wanted, otherwise, key, from: Some([127, 0, 0, 1].into()), program: None })
        }),
        3 => (kind, id).prop_map(|(kind, id)| {
            let id = id.and_then(MessageId::new);
            Act::Say { kind, text: notice("hi"), id }
        }),
        2 => wanted().prop_map(Act::Rename),
        1 => Just(Act::List { after: None, prefix: None }),
        1 => (wanted(), prop::sample::select(vec![Authority::Control, Authority::Member])).prop_map(
            |(name, authority)| Act::Forget { name, authority }
        ),
        2 => Just(Act::Leave),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        1 => Just(Request::Open),
        1 => Just(Request::AwaitReturns),
        2 => Just(Request::TellPending),
        1 => (1..20u64).prop_map(|first| Request::Forget { first }),
        1 => (naming(), people(), 0..9u64).prop_map(|(naming, people, taken)| {
            Request::SetPeople { naming, people, taken }
        }),
        1 => (0..9u64).prop_map(Request::ChangesTaken),
        15 => (origin(), act()).prop_map(|(origin, act)| Request::Client(origin, act)),
    ]
}

pub(super) fn bytes(hub: &Hub, form: Form) -> Vec<u8> {
    let log = hub.timeline.log(form);
    log.bytes(log.start()..log.head())
        .flatten()
        .copied()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_same_requests_lead_to_the_same_room(
        requests in prop::collection::vec((request(), 0..400u64), 1..100),
    ) {
        let mut hubs = [room(), room()];
        let mut now = now();
        for (request, pause) in requests {
            now.instant += Duration::from_millis(pause);
            let done = hubs.each_mut().map(|hub| {
                let Answer { outcome, own, mark } = hub.apply(request.clone(), now);
                (outcome, own.map(|place| (place.text, place.json)), mark)
            });
            prop_assert_eq!(&done[0], &done[1]);
            // With the order of hashed entries, which must not differ either.
            let rooms = hubs.each_ref().map(|hub| format!("{:?}", hub.room()));
            prop_assert_eq!(&rooms[0], &rooms[1]);
            // With the bytes that are compared at the end: they are the same after each.
            let heads = hubs.each_ref().map(|hub| hub.timeline.head());
            prop_assert_eq!(heads[0], heads[1]);
        }
        for form in [Form::Text, Form::Json] {
            let [one, other] = hubs.each_ref().map(|hub| bytes(hub, form));
            prop_assert_eq!(one, other);
        }
    }
}
