use std::net::IpAddr;
use std::time::{Duration, Instant};

use chat_proto::command::{Operation, OwnConnections};
use chat_proto::event::{Body, Event, RoomId, Tag};
use chat_proto::json_form::{self, MAX_LINE};
use chat_proto::moderation::{Network, Remark, Subject, Target, Term};
use proptest::prelude::*;

use super::*;
use crate::clock::Now;
use crate::room::apply::{Before, Room};
use crate::room::identity::tests::identity;
use crate::room::operated::{Answer, Refused};
use crate::room::origin::{Authority, ClientId, Origin, ServerId};
use crate::room::request::{Act, Outcome, Request};
use crate::room::runs::Runs;

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_unix_milliseconds(seconds * 1000)
}

/// One of a few addresses, so that they meet.
fn addresses() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..4u8, 0..4u8).prop_map(|(c, d)| IpAddr::from([10, 0, c, d])),
        (0..4u16, 0..2u16).prop_map(|(d, h)| IpAddr::from([1, 2, 3, d, 0, 0, 0, h])),
    ]
}

fn networks() -> impl Strategy<Value = Network> {
    let prefixes = prop::sample::select(vec![0u8, 8, 24, 30, 32, 62, 64, 128]);
    (addresses(), prefixes).prop_filter_map("a prefix", |(it, prefix)| Network::new(it, prefix))
}

fn keys() -> impl Strategy<Value = Fingerprint> {
    (0..4u8).prop_map(|byte| Fingerprint::of_digest([byte; 32]))
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        keys().prop_map(Subject::Key),
        networks().prop_map(Subject::Network),
        networks().prop_map(Subject::Guests),
        (0..4u64).prop_map(|bits| Subject::Program(Tag::new(bits))),
    ]
}

fn traces() -> impl Strategy<Value = Traces> {
    let program = prop::option::of((0..4u64).prop_map(Tag::new));
    let key = prop::option::of((keys(), any::<bool>()));
    (prop::option::of(addresses()), key, program).prop_map(|(address, key, program)| Traces {
        address,
        key: key.map(|(key, _)| key),
        holds_name: key.is_some_and(|(_, holds_name)| holds_name),
        program,
    })
}

fn ban(subject: Subject, until: Option<u64>) -> Ban {
    Ban {
        subject,
        of: Name::choose("bo").ok(),
        by: Name::choose("ann").ok(),
        time: time(0),
        until: until.map(time),
        reason: Remark::new(&"\"".repeat(256)).ok(),
    }
}

proptest! {
    /// Beside a look at each entry.
    #[test]
    fn an_entry_is_found_if_one_hits(
        entries in prop::collection::vec((subjects(), prop::option::of(0..9u64)), 0..20),
        removed in prop::collection::vec(subjects(), 0..5),
        traces in prop::collection::vec(traces(), 1..10),
        now in 0..10u64,
    ) {
        let mut table = Table::default();
        let mut model: Vec<Ban> = Vec::new();
        for (subject, until) in entries {
            model.retain(|it| it.subject != subject);
            model.push(ban(subject, until));
            table.insert(ban(subject, until));
        }
        for subject in removed {
            model.retain(|it| it.subject != subject);
            table.remove(&subject);
        }
        for traces in traces {
            let hits = |it: &&Ban| it.until.is_none_or(|until| time(now) < until);
            let hits = model.iter().filter(hits).filter(|it| traces.are_of(&it.subject));
            let last = hits.map(|it| it.until.unwrap_or_else(|| time(99))).max();
            let found = table.find(&traces, time(now));
            prop_assert_eq!(found.map(|it| it.until.unwrap_or_else(|| time(99))), last);
            prop_assert!(found.is_none_or(|it| traces.are_of(&it.subject)));
        }
        let standing = table.count(time(now));
        table.drop_ended(time(now));
        prop_assert_eq!(table.len(), standing);
        model.retain(|it| it.until.is_none_or(|until| time(now) < until));
        prop_assert_eq!(table.len(), model.len());
    }
}

/// However many there are, each event that repeats them is a line that readers take.
#[test]
fn many_measures_are_repeated_in_parts() {
    let mut moderation = Moderation::default();
    for number in 0..3000u32 {
        let network = Network::of(number.to_be_bytes().into());
        moderation
            .bans
            .insert(ban(Subject::Guests(network), Some(5)));
        moderation.mutes.insert(Mute {
            subject: Subject::Network(network),
            of: Name::choose("bo").unwrap(),
            by: None,
            until: time(5),
        });
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        let name = Name::choose("cy").unwrap();
        moderation
            .operators
            .insert(Fingerprint::of_digest(digest), name);
    }
    let parts = moderation.parts();
    assert!(parts.len() > 50, "{}", parts.len());
    let mut again = Moderation {
        slow: 7,
        ..Moderation::default()
    };
    for standing in parts {
        let body = Body::Room {
            room: RoomId::new(&"r".repeat(64)).unwrap(),
            run: None,
            people: usize::MAX,
            standing: Box::new(standing.clone()),
        };
        let event = Event {
            seq: u64::MAX,
            time: time(0),
            body,
        };
        let mut line = Vec::new();
        json_form::encode_event(&event, &mut line);
        assert!(line.len() <= MAX_LINE, "{} bytes", line.len());
        again.take(standing);
    }
    assert_eq!(again, moderation);
}

/// Bans that have ended take no space of others, and make nothing slow.
#[test]
fn as_many_bans_as_there_may_be_end_by_themselves() {
    let before = Before {
        runs: Runs::of(identity().room),
        ids: Default::default(),
        absent: Default::default(),
        moderation: Moderation::default(),
        next: 1,
    };
    let mut room = Room::behind(before, identity().run, identity().key);
    let instant = Instant::now();
    let client = ClientId {
        worker: 0,
        key: 0,
        generation: 0,
    };
    let server = ServerId(0);
    let origin = Origin { server, client };
    let mut ban = |number: u32, term: &str, at: u64| {
        let network = Network::of(number.to_be_bytes().into());
        let operation = Operation::Ban {
            target: Target::Subject(Subject::Network(network)),
            term: term.parse::<Term>().ok(),
            reason: None,
            own: OwnConnections::Spared,
        };
        let authority = Authority::Control;
        let act = Act::Operate {
            operation,
            authority,
        };
        let now = Now {
            time: time(at),
            instant: instant + Duration::from_secs(at),
        };
        match room.apply(Request::Client(origin, act), now, &mut Vec::new()) {
            Outcome::Operated(operated) => operated.answer,
            other => panic!("{other:?}"),
        }
    };
    for number in 0..MAX_SUBJECTS as u32 {
        assert!(matches!(ban(number, "10s", 0), Ok(Answer::Done(_))));
    }
    let full = ban(1 << 24, "10s", 9);
    assert!(matches!(full, Err(Refused::Impossible(_))), "{full:?}");
    assert!(matches!(ban(1 << 24, "10s", 10), Ok(Answer::Done(_))));
    assert_eq!(room.moderation().bans().len(), 1);
}
