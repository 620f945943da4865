//! A reader that counts along knows who is here, whatever is told together.

use std::collections::BTreeSet;
use std::time::Duration;

use chat_proto::event::{Arrival, Body, ServerMessage};
use chat_proto::json_form;
use proptest::prelude::*;

use super::*;
use crate::room::presence::large::NUMBER_EACH;
use crate::room::presence::{ONE_BY_ONE, TOGETHER_AFTER};

/// A reader, and what it makes of the events.
#[derive(Debug, Default)]
struct Observer {
    here: BTreeSet<Name>,
    /// How many people there are, as it counts.
    count: usize,
    /// They are told as a number only.
    is_numbered: bool,
    /// The number of the last event that it knows of.
    seq: u64,
    /// It has seen all from the beginning: nothing may be told twice.
    is_strict: bool,
}

impl Observer {
    /// A reader that was welcomed just now.
    fn welcomed(room: &mut Hub, now: Now) -> Self {
        room.list(now);
        let (names, _) = room.people().names(None, usize::MAX);
        Self {
            count: names.len(),
            is_numbered: false,
            here: names.into_iter().collect(),
            seq: room.timeline.reply_mark().seq,
            is_strict: false,
        }
    }

    fn catch_up(&mut self, room: &Hub) {
        let log = room.timeline.log(Form::Json);
        let mut lines: Vec<_> = log
            .backwards()
            .take_while(|(seq, _)| *seq > self.seq)
            .collect();
        lines.reverse();
        for (seq, line) in lines {
            let line = std::str::from_utf8(line).unwrap();
            let Ok(Some(ServerMessage::Event(event))) = json_form::parse_server_message(line)
            else {
                panic!("{line}");
            };
            assert_eq!((event.seq, seq), (self.seq + 1, self.seq + 1));
            self.seq = seq;
            self.take(event.body);
        }
    }

    fn take(&mut self, body: Body) {
        match body {
            Body::Entered(arrivals) => {
                self.count += arrivals.len() * usize::from(!self.is_numbered);
                for Arrival { name, .. } in arrivals {
                    assert!(self.here.insert(name.clone()) || !self.is_strict, "{name}");
                }
            }
            Body::Left(names) => {
                self.count = match self.is_numbered {
                    true => self.count,
                    false => self.count.saturating_sub(names.len()),
                };
                for name in names {
                    assert!(self.here.remove(&name) || !self.is_strict, "{name}");
                }
            }
            Body::Renamed { old, new, .. } => {
                assert!(self.here.remove(&old), "{old}");
                assert!(self.here.insert(new.clone()) || !self.is_strict, "{new}");
            }
            Body::Message(speech) | Body::Action(speech) => {
                assert!(self.here.contains(&speech.name), "{}", speech.name);
            }
            Body::People { people, named } => {
                (self.count, self.is_numbered) = (people, !named);
                assert!(!named || !self.is_strict || self.here.len() == people);
            }
            Body::Room { people, .. } if self.is_strict => assert_eq!(people, self.here.len()),
            Body::Room { .. } | Body::Measure(_) => {}
        }
    }
}

fn people(room: &Hub) -> BTreeSet<Name> {
    room.people()
        .names(None, usize::MAX)
        .0
        .into_iter()
        .collect()
}

#[derive(Debug, Clone)]
enum Step {
    Enter(usize),
    Leave(usize),
    Rename(usize, usize),
    Hello(usize, usize),
    Say(usize),
    Pass(u64),
    Welcome,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..12usize;
    prop_oneof![
        8 => who.clone().prop_map(Step::Enter),
        6 => who.clone().prop_map(Step::Leave),
        1 => (who.clone(), who.clone()).prop_map(|(old, new)| Step::Rename(old, new)),
        1 => (who.clone(), who.clone()).prop_map(|(old, new)| Step::Hello(old, new)),
        1 => who.prop_map(Step::Say),
        2 => (0..400u64).prop_map(Step::Pass),
        1 => (0..6000u64).prop_map(Step::Pass),
        1 => Just(Step::Welcome),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_reader_that_counts_along_knows_who_is_here(
        steps in prop::collection::vec(step(), 1..150),
        // Some of these are exceeded now and then.
        names_up_to in prop_oneof![Just(usize::MAX), 10..25usize],
    ) {
        let mut room = room();
        room.room.set_names_up_to(names_up_to, now());
        let is_large = |room: &Hub| room.people().count() > names_up_to;
        let mut was_large = false;
        // Files so short that many begin in between.
        room.timeline.keep(1, ORIGIN, 500);
        let mut now = now();
        room.request(Request::Open, now);
        for number in 0..ONE_BY_ONE - 5 {
            room.enter(&name(&format!("early{number}x")), None, now);
        }
        let mut observers = vec![Observer { is_strict: true, ..Observer::default() }];
        for step in steps {
            let here: Vec<Name> = people(&room).into_iter().collect();
            let one = |who: usize| here[who % here.len()].clone();
            let wanted = |who: usize| format!("p{who}x");
            match step {
                Step::Enter(who) => {
                    // Some of them are programs.
                    let owner = (who % 2 == 0).then(|| owner(who as u64));
                    room.enter(&name(&wanted(who)), owner, now);
                }
                Step::Leave(who) if !here.is_empty() => {
                    room.leave(&one(who), now);
                }
                Step::Rename(old, new) if !here.is_empty() => {
                    let _ = room.rename(&one(old), &wanted(new), now);
                }
                Step::Hello(old, new) if !here.is_empty() => {
                    room.hello(&one(old), &name(&wanted(new)), owner(100 + old as u64), now);
                }
                Step::Say(who) if !here.is_empty() => {
                    let speech = Speech { name: one(who), text: notice("hi"), held: None, id: None, tag: None };
                    room.say(speech, None, SpeechKind::Message, now);
                }
                Step::Pass(milliseconds) => now.instant += Duration::from_millis(milliseconds),
                Step::Welcome => observers.push(Observer::welcomed(&mut room, now)),
                _ => {}
            }
            was_large |= is_large(&room);
            room.tell_presence(now);
            let latest = now.instant + if is_large(&room) { NUMBER_EACH } else { TOGETHER_AFTER };
            prop_assert!(room.presence_deadline(now).is_none_or(|at| now.instant < at && at <= latest));
            for observer in &mut observers {
                observer.catch_up(&room);
            }
            if room.presence_deadline(now).is_none() {
                let here = people(&room);
                prop_assert_eq!(observers[0].count, here.len());
                // In a large room names that were given out are not followed.
                let follow = observers.iter().filter(|it| it.is_strict || !was_large);
                for observer in follow.filter(|_| !is_large(&room)) {
                    prop_assert_eq!(&observer.here, &here);
                }
            }
        }
        room.room.set_names_up_to(usize::MAX, now);
        room.tell_pending(now);
        for observer in &mut observers {
            observer.catch_up(&room);
            let here = people(&room);
            prop_assert!(observer.here.is_superset(&here));
            if observer.is_strict || !was_large {
                prop_assert_eq!(&observer.here, &here);
                prop_assert!(!observer.is_strict || observer.count == here.len());
            }
        }
    }
}

#[test]
fn only_the_telling_waits() {
    let mut room = room();
    let mut now = now();
    for number in 0..ONE_BY_ONE {
        let (_, place) = room.enter(&name(&format!("early{number}x")), None, now);
        assert!(place.is_some());
    }
    let head = room.timeline.head();
    let (ann, place) = room.enter(&name("ann"), None, now);
    assert!(place.is_none());
    assert_eq!(room.timeline.head(), head);
    assert_eq!(room.people().count(), 1 + ONE_BY_ONE as usize);
    assert_eq!(room.enter(&name("ann"), None, now).0, name("ann-2"));
    now.instant += TOGETHER_AFTER;
    room.tell_presence(now);
    assert_eq!(room.timeline.head().seq, head.seq + 1);
    room.leave(&ann, now);
    assert_eq!(room.timeline.head().seq, head.seq + 2);
}

/// A newcomer whose name looks like that of a person who has gone is told after the
/// departure.
#[test]
fn a_departure_is_told_before_a_name_that_looks_the_same() {
    let mut room = room();
    let now = now();
    for number in 0..ONE_BY_ONE {
        room.enter(&name(&format!("early{number}x")), None, now);
    }
    let [ann, bo] = ["Ann", "bo"].map(|wanted| room.enter(&name(wanted), None, now).0);
    room.tell_pending(now);
    let head = room.timeline.head().seq;
    assert!(room.leave(&ann, now).is_none());
    room.rename(&bo, "ann", now).unwrap();
    let log = room.timeline.log(Form::Json);
    let news: Vec<_> = log
        .backwards()
        .take_while(|(seq, _)| *seq > head)
        .map(|(_, line)| std::str::from_utf8(line).unwrap())
        .collect();
    assert!(news[1].contains("\"type\":\"left\""), "{news:?}");
    assert!(news[0].contains("\"type\":\"renamed\""), "{news:?}");
}
