//! What peers are told while the order of several servers stands still.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::several::enter;
use super::*;
use crate::room::holders::Forgotten;
use crate::room::origin::Authority;
use crate::room::request::{Act, Listing};
use crate::sequencer::{Flow, Ordered};

/// An order that is as the test says.
#[derive(Debug)]
struct Standing(Arc<Mutex<Flow>>);

impl Sequencer for Standing {
    fn propose(&mut self, request: Request, _: Now) -> Option<Request> {
        match *self.0.lock().unwrap() {
            Flow::Moves => Some(request),
            Flow::Waits | Flow::Stands => None,
        }
    }

    fn next(&mut self, _: Now) -> Option<Ordered> {
        None
    }

    fn flow(&self, _: Now) -> Flow {
        *self.0.lock().unwrap()
    }
}

#[test]
fn while_the_order_stands_nothing_is_taken_and_people_are_told() {
    let flow = Arc::new(Mutex::new(Flow::Moves));
    let set = |to| *flow.lock().unwrap() = to;
    let mut hub = room();
    hub.set_sequencer(Standing(Arc::clone(&flow)));
    let now = now();
    assert!(hub.propose(client(1), enter("ann"), now).is_some());
    let say = |hub: &mut Hub| {
        let act = Act::Say {
            kind: SpeechKind::Message,
            text: notice("hi"),
            id: None,
        };
        hub.propose(client(1), act, now)
            .map(|answer| answer.outcome)
    };
    assert_eq!(hub.flow_news(now), None);
    set(Flow::Waits);
    assert_eq!(hub.flow_news(now), Some(WAITS));
    assert_eq!(say(&mut hub), None);
    set(Flow::Stands);
    assert_eq!(hub.flow_news(now), None);
    let why = notice(STANDS);
    assert_eq!(say(&mut hub), Some(Outcome::NotSaid { id: None, why }));
    let rename = hub.propose(client(1), Act::Rename(name("bo")), now);
    assert!(matches!(
        rename.map(|answer| answer.outcome),
        Some(Outcome::NameRefused(NameRefusal::NotKept(_)))
    ));
    let operate = |hub: &mut Hub, operation: Operation| {
        let authority = Authority::Control;
        let act = Act::Operate {
            operation,
            authority,
        };
        hub.propose(client(1), act, now)
            .map(|answer| answer.outcome)
    };
    for operation in [
        Operation::Whois {
            name: "ann".to_owned(),
        },
        Operation::Bans,
        Operation::Lock,
    ] {
        let word = operation.word();
        let Some(Outcome::Operated(operated)) = operate(&mut hub, operation) else {
            panic!("{word} is answered");
        };
        assert_eq!(operated.word, word);
        let Err(Refused::Impossible(why)) = operated.answer else {
            panic!("{word} is refused");
        };
        assert!(why.contains(STANDS), "{why}");
    }
    let forget = Act::Forget {
        name: name("ann"),
        authority: Authority::Member,
    };
    let forgotten = hub.propose(client(1), forget, now);
    assert_eq!(
        forgotten.map(|answer| answer.outcome),
        Some(Outcome::Forgotten(Forgotten::Standing(notice(STANDS))))
    );
    // To leave is not refused: it has happened.
    assert!(hub.propose(client(1), Act::Leave, now).is_none());
    set(Flow::Moves);
    assert_eq!(hub.flow_news(now), Some(MOVES));
    assert!(matches!(say(&mut hub), Some(Outcome::Said { .. })));
}

/// The people who are listed, in pieces, while the order does not move.
fn listed(hub: &mut Hub, now: Now) -> Vec<Name> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let act = Act::List {
            after,
            prefix: None,
        };
        let Some(Outcome::Listed(Listing {
            people,
            names: some,
            next,
        })) = hub.propose(client(99), act, now).map(|it| it.outcome)
        else {
            panic!("it is answered at once");
        };
        names.extend(some.into_iter().map(|person| person.name));
        after = next;
        if after.is_none() {
            assert_eq!(names.len(), people);
            return names;
        }
    }
}

/// Those whose coming is still to be told are not there, and those whose going is are.
#[test]
fn while_the_order_waits_people_are_listed_as_the_events_tell_them() {
    let flow = Arc::new(Mutex::new(Flow::Moves));
    let mut hub = room();
    hub.set_sequencer(Standing(Arc::clone(&flow)));
    let now = now();
    let count = 40;
    for number in 0..count {
        hub.propose(client(number), enter(&format!("p{number}x")), now);
    }
    hub.tell_pending(now);
    // Of those that go some come back, and of those that come some go.
    for number in [3, 5, 7] {
        hub.propose(client(number), Act::Leave, now);
    }
    hub.propose(client(3), enter("p3x"), now);
    for number in 50..80 {
        hub.propose(client(number), enter(&format!("q{number}x")), now);
    }
    hub.propose(client(60), Act::Leave, now);
    assert!(hub.room().presence_deadline().is_some());
    *flow.lock().unwrap() = Flow::Waits;
    let before = format!("{:?}", hub.room());
    let told = listed(&mut hub, now);
    assert_eq!(format!("{:?}", hub.room()), before);
    let expected: BTreeSet<Name> = (0..count).map(|it| name(&format!("p{it}x"))).collect();
    assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(told.len(), expected.len());
    let mut sorted = told.clone();
    sorted.sort_by_key(|name| name.as_str().to_lowercase());
    assert_eq!(told, sorted);
}
