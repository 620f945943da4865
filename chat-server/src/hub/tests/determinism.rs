//! The same requests lead to the same room, events and bytes, in every process.

use std::time::Duration;

use chat_proto::event::MessageId;
use proptest::prelude::*;

use super::*;
use crate::room::request::{Fallback, Join};

/// One of a few names, so that they meet.
fn wanted() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["ann", "Ann", "аnn", "bo", "ann-2", "cy"]).prop_map(name)
}

fn program() -> impl Strategy<Value = Option<Owner>> {
    prop::option::of((0..4u64).prop_map(owner))
}

fn request() -> impl Strategy<Value = Request> {
    let fallback = prop::sample::select(vec![Fallback::Numbered, Fallback::Nothing]);
    let kind = prop::sample::select(vec![SpeechKind::Message, SpeechKind::Action]);
    let id = prop::option::of(prop::sample::select(vec![
        "1",
        "0123456789abcdef0123456789",
    ]));
    let joining = (program(), prop::option::of(wanted()), wanted());
    prop_oneof![
        1 => Just(Request::Open),
        1 => Just(Request::AwaitReturns),
        1 => Just(Request::List),
        2 => Just(Request::TellPending),
        1 => (1..20u64).prop_map(|first| Request::Forget { first }),
        6 => (wanted(), fallback).prop_map(|(wanted, fallback)| Request::Enter { wanted, fallback }),
        6 => joining.prop_map(|(known, wanted, address)| {
            Request::Join(Join { known, wanted, present: None, address })
        }),
        6 => (kind, wanted(), id, program()).prop_map(|(kind, name, id, owner)| {
            let id = id.and_then(MessageId::new);
            let speech = Speech { name, text: notice("hi"), id, tag: None };
            Request::Say { kind, speech, owner }
        }),
    ]
}

/// What can follow only on what the room is like: of a person who is here.
fn of_one_who_is_here(hub: &Hub, what: u8) -> Option<Request> {
    let (names, _) = hub.people().names(None, usize::MAX);
    let name = names.get(usize::from(what) % names.len().max(1))?.clone();
    Some(match what % 2 {
        0 => Request::Leave { name, owner: None },
        _ => Request::Rename {
            old: name,
            new: super::name("di"),
            owner: None,
        },
    })
}

fn bytes(hub: &Hub, form: Form) -> Vec<u8> {
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
        requests in prop::collection::vec((request(), prop::option::of(any::<u8>()), 0..400u64), 1..100),
    ) {
        let mut hubs = [room(), room()];
        let mut now = now();
        for (mut request, of_one, pause) in requests {
            now.instant += Duration::from_millis(pause);
            if let Some(other) = of_one.and_then(|what| of_one_who_is_here(&hubs[0], what)) {
                request = other;
            }
            let done = hubs.each_mut().map(|hub| {
                let Ordered { outcome, own } = hub.propose(request.clone(), now);
                (outcome, own.map(|place| (place.text, place.json)))
            });
            prop_assert_eq!(&done[0], &done[1]);
            // With the order of what is hashed, which must not be another one either.
            let rooms = hubs.each_ref().map(|hub| format!("{:?}", hub.room()));
            prop_assert_eq!(&rooms[0], &rooms[1]);
        }
        for form in [Form::Text, Form::Json] {
            let [one, other] = hubs.each_ref().map(|hub| bytes(hub, form));
            prop_assert_eq!(one, other);
        }
    }
}
