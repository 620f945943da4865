//! Several servers that share one order have one room.

use std::time::Duration;

use proptest::prelude::*;

use super::determinism::{act, bytes};
use super::*;
use crate::room::origin::ServerId;
use crate::room::request::{Act, Fallback, Request};
use crate::sequencer::shared::SharedOrder;

/// What happens to the order.
#[derive(Debug, Clone)]
enum Step {
    /// A connection of a server asks for something.
    Propose(usize, u32, Act),
    /// A server asks for something itself.
    Request(usize, Request),
    /// One of the requests that wait gets its place: the first of a server.
    Order(usize),
    /// A server sees what has its place.
    Advance(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let server = 0..SERVERS;
    let request = prop_oneof![
        Just(Request::TellPending),
        Just(Request::Open),
        (1..20u64).prop_map(|first| Request::Forget { first }),
    ];
    prop_oneof![
        6 => (server.clone(), 0..4u32, act()).prop_map(|(server, client, act)| Step::Propose(server, client, act)),
        1 => (server.clone(), request).prop_map(|(server, request)| Step::Request(server, request)),
        6 => server.clone().prop_map(Step::Order),
        2 => server.prop_map(Step::Advance),
        1 => (0..400u64).prop_map(Step::Wait),
    ]
}

const SERVERS: usize = 3;

/// A server, and what its connections know of their requests.
struct Server {
    hub: Hub,
    asked: usize,
    answered: usize,
}

impl Server {
    fn advance(&mut self) {
        self.hub.advance(now());
        let unasked = |answer: &Answer| answer.outcome == Outcome::Replaced;
        let outcomes = self.hub.take_outcomes();
        self.answered += outcomes.iter().filter(|(_, it)| !unasked(it)).count();
    }
}

/// A person without a program comes in.
pub(super) fn enter(wanted: &str) -> Act {
    Act::Enter {
        wanted: name(wanted),
        fallback: Fallback::Numbered,
        key: None,
        from: Some([127, 0, 0, 1].into()),
    }
}

/// Otherwise the worker would wake up for it without a pause until it has its place.
#[test]
fn what_waits_to_be_told_is_proposed_once() {
    let order = SharedOrder::new();
    let mut hub = room();
    hub.set_sequencer(order.clone());
    let mut now = now();
    for number in 0..40 {
        hub.propose(client(number), enter(&format!("p{number}x")), now);
    }
    order.state().place(40);
    hub.advance(now);
    now.instant = hub.presence_deadline(now).expect("some wait to be told");
    for _ in 0..2 {
        hub.tell_presence(now);
        assert_eq!(order.state().proposed.len(), 1);
        assert_eq!(hub.presence_deadline(now), None);
    }
    assert!(hub.room().presence_deadline().is_some());
    order.state().place(1);
    hub.advance(now);
    assert_eq!(hub.room().presence_deadline(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn they_have_the_same_room(steps in prop::collection::vec(step(), 1..150)) {
        let order = SharedOrder::new().with_chapters(300);
        let mut servers: Vec<Server> = (0..SERVERS as u16)
            .map(|server| {
                let mut hub = room();
                hub.set_sequencer(order.of(ServerId(server)));
                Server { hub, asked: 0, answered: 0 }
            })
            .collect();
        let mut now = now();
        for step in steps {
            match step {
                Step::Propose(server, number, act) => {
                    let server = &mut servers[server];
                    server.asked += 1;
                    prop_assert!(server.hub.propose(client(number), act, now).is_none());
                }
                Step::Request(server, request) => servers[server].hub.request(request, now),
                Step::Order(server) => {
                    order.state().place_next_of(ServerId(server as u16));
                }
                Step::Advance(server) => servers[server].advance(),
                Step::Wait(milliseconds) => now.instant += Duration::from_millis(milliseconds),
            }
        }
        let waiting = order.state().proposed.len();
        order.state().place(waiting);
        for server in &mut servers {
            server.advance();
            // Each request has one outcome, and its own connection knows it.
            prop_assert_eq!(server.answered, server.asked);
        }
        let rooms: Vec<String> = servers.iter().map(|one| format!("{:?}", one.hub.room())).collect();
        for (server, room) in servers.iter().zip(&rooms) {
            prop_assert_eq!(room, &rooms[0]);
            prop_assert_eq!(server.hub.chapters(), servers[0].hub.chapters());
            for form in [Form::Text, Form::Json] {
                prop_assert_eq!(bytes(&server.hub, form), bytes(&servers[0].hub, form));
            }
        }
    }
}

/// The connections of a server that has no number yet are not those of the first one.
#[test]
fn a_server_without_a_number_has_no_people() {
    let mut hub = Hub::new(identity(), 1 << 20);
    let order = SharedOrder::new();
    hub.set_sequencer(order.clone());
    let act = Act::Enter {
        wanted: Name::choose("ann").unwrap(),
        fallback: Fallback::Numbered,
        key: None,
        from: None,
    };
    assert!(hub.propose(client(1), act, now()).is_none());
    order.state().place(1);
    hub.advance(now());
    let is_here = |hub: &Hub| hub.room.members().get(hub.origin_of(client(1))).is_some();
    assert!(is_here(&hub));
    hub.begin_anew(RunId::new(1, 1));
    assert!(!is_here(&hub));
}
