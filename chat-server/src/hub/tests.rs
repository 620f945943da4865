use std::time::Instant;

use chat_proto::event::{Speech, SpeechKind, Timestamp};
use chat_proto::name::Name;

use super::testing::{Said, client};
use super::*;
use crate::room::identity::Owner;
use crate::room::identity::tests::{identity, owner};
use crate::room::request::NameRefusal;
use crate::timeline::mark::Form;

mod chapters;
mod determinism;
mod presence;
mod several;
mod standing;
mod state;

fn room() -> Hub {
    Hub::new(identity(), 1 << 20)
}

fn now() -> Now {
    Now {
        time: Timestamp::from_unix_milliseconds(0),
        instant: Instant::now(),
    }
}

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

#[test]
fn events_are_counted_without_gaps() {
    let mut room = room();
    let (ann, _) = room.enter(&name("ann"), None, now());
    assert_eq!(room.timeline.head().seq, 1);
    let speech = Speech {
        name: ann,
        text: notice("hi"),
        held: None,
        id: None,
        tag: None,
    };
    let Said::New(place) = room.say(speech, None, SpeechKind::Message, now()) else {
        panic!("not taken");
    };
    assert_eq!(room.timeline.head().seq, 2);
    assert_eq!(place.text.end, room.timeline.log(Form::Text).head());
    assert_eq!(place.json.end, room.timeline.log(Form::Json).head());
    assert_eq!(room.timeline.head().seq, 2);
}

#[test]
fn a_taken_name_gets_a_number_at_the_door() {
    let mut room = room();
    for expected in ["ann", "ann-2", "ann-3"] {
        assert_eq!(room.enter(&name("ann"), None, now()).0.as_str(), expected);
    }
    assert_eq!(room.enter(&name("Ann"), None, now()).0.as_str(), "Ann-4");
    room.leave(&name("ann-2"), now());
    assert_eq!(room.enter(&name("ann"), None, now()).0.as_str(), "ann-2");
    for _ in 0..200 {
        room.enter(&name("ann"), None, now());
    }
    assert_eq!(room.people().count(), 204);
}

#[test]
fn a_taken_name_is_refused_inside() {
    let mut room = room();
    room.enter(&name("ann"), None, now());
    room.enter(&name("bo"), None, now());
    assert!(matches!(
        room.rename(&name("bo"), "ANN", now()),
        Err(NameRefusal::Taken(_))
    ));
    assert!(matches!(
        room.rename(&name("bo"), "аnn", now()),
        Err(NameRefusal::Taken(_))
    ));
    assert_eq!(room.rename(&name("bo"), "BO", now()).unwrap(), name("BO"));
    room.leave(&name("ann"), now());
    assert_eq!(room.rename(&name("BO"), "ann", now()).unwrap(), name("ann"));
}

#[test]
fn names_come_in_pieces_and_in_order() {
    let mut room = room();
    for number in (100..150).rev() {
        let first = if number % 2 == 0 { 'c' } else { 'C' };
        room.enter(&name(&format!("{first}{number}")), None, now());
    }
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let (names, next) = room.people().names(after.as_ref(), 7);
        assert!(names.len() <= 7);
        all.extend(names);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 50);
    let mut sorted = all.clone();
    sorted.sort_by_key(|name| name.as_str().to_lowercase());
    assert_eq!(all, sorted);
}
