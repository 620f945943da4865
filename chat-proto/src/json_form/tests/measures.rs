//! Random measures, and what standing ones make of the room.

use super::*;
use crate::event::{CountedBan, Fingerprint};
use crate::moderation::*;
use crate::text_form;

pub(super) fn times() -> impl Strategy<Value = Timestamp> {
    (0u64..1 << 42).prop_map(Timestamp::from_unix_milliseconds)
}

pub(super) fn remarks() -> impl Strategy<Value = Remark> {
    prop_oneof!["[ -~]{1,99}", any::<String>()]
        .prop_filter_map("a remark", |text: String| Remark::new(&text).ok())
}

fn some<T: Strategy>(what: T) -> impl Strategy<Value = Option<T::Value>> {
    proptest::option::of(what)
}

pub(super) fn fingerprints() -> impl Strategy<Value = Fingerprint> {
    any::<[u8; 32]>().prop_map(Fingerprint::of_digest)
}

fn networks() -> impl Strategy<Value = Network> {
    (any::<std::net::IpAddr>(), 0u8..=128).prop_filter_map("a prefix", |(address, prefix)| {
        Network::new(address, prefix)
    })
}

pub(super) fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        fingerprints().prop_map(Subject::Key),
        networks().prop_map(Subject::Network),
        networks().prop_map(Subject::Guests),
        any::<u64>().prop_map(|bits| Subject::Program(Tag::new(bits))),
    ]
}

fn some_subjects() -> impl Strategy<Value = Vec<Subject>> {
    proptest::collection::vec(subjects(), 0..4)
}

pub(super) fn measures() -> impl Strategy<Value = Measure> {
    let names_and = |name: fn(Name, Option<Fingerprint>) -> MeasureKind| {
        (names(), some(fingerprints())).prop_map(move |(it, key)| name(it, key))
    };
    let kinds = prop_oneof![
        some(remarks()).prop_map(MeasureKind::Topic),
        (names(), some(remarks())).prop_map(|(name, reason)| MeasureKind::Removed { name, reason }),
        (
            proptest::collection::vec(names(), 0..3),
            some(times()),
            some_subjects(),
            some(names()),
            some(remarks())
        )
            .prop_map(|(names, until, subjects, of, reason)| MeasureKind::Banned {
                names,
                until,
                subjects,
                of,
                reason
            }),
        some_subjects().prop_map(|subjects| MeasureKind::Unbanned { subjects }),
        (names(), times(), some_subjects()).prop_map(|(name, until, subjects)| {
            MeasureKind::Muted {
                name,
                until,
                subjects,
            }
        }),
        (names(), some_subjects())
            .prop_map(|(name, subjects)| MeasureKind::Unmuted { name, subjects }),
        any::<u32>().prop_map(MeasureKind::Slow),
        Just(MeasureKind::Locked),
        Just(MeasureKind::Unlocked),
        names_and(|name, key| MeasureKind::Promoted { name, key }),
        names_and(|name, key| MeasureKind::Demoted { name, key }),
        texts().prop_map(MeasureKind::Announced),
        (any::<u64>(), some(remarks()))
            .prop_map(|(target, reason)| MeasureKind::Erased { target, reason }),
    ];
    (some(names()), kinds).prop_map(|(by, kind)| Measure { by, kind })
}

fn bans() -> impl Strategy<Value = Ban> {
    let who = (some(names()), some(names()));
    (subjects(), who, times(), some(times()), some(remarks())).prop_map(
        |(subject, (of, by), time, until, reason)| Ban {
            subject,
            of,
            by,
            time,
            until,
            reason,
        },
    )
}

pub(super) fn counted_bans() -> impl Strategy<Value = Vec<CountedBan>> {
    let ban = (bans(), any::<u64>()).prop_map(|(ban, hits)| CountedBan { ban, hits });
    proptest::collection::vec(ban, 0..4)
}

pub(super) fn topics() -> impl Strategy<Value = Topic> {
    let topic = (remarks(), some(names()), times());
    topic.prop_map(|(text, by, time)| Topic { text, by, time })
}

pub(super) fn standings() -> impl Strategy<Value = Standing> {
    let mute = (subjects(), names(), some(names()), times());
    let mute = mute.prop_map(|(subject, of, by, until)| Mute {
        subject,
        of,
        by,
        until,
    });
    let operator = (fingerprints(), names()).prop_map(|(key, name)| OperatorKey { key, name });
    (
        (any::<u32>(), some(topics()), any::<u32>(), any::<bool>()),
        proptest::collection::vec(bans(), 0..3),
        proptest::collection::vec(mute, 0..3),
        proptest::collection::vec(operator, 0..3),
    )
        .prop_map(
            |((part, topic, slow, locked), bans, mutes, operators)| Standing {
                part,
                topic,
                slow,
                door: if locked { Door::Locked } else { Door::Open },
                bans,
                mutes,
                operators,
            },
        )
}

proptest! {
    /// What only operators may know can be left out of each line, and nothing of it is left.
    #[test]
    fn a_line_without_its_private_part_is_the_same_event_without_secrets(
        measure in measures(),
        standing in standings(),
        text in texts(),
    ) {
        let without = |body: Body| {
            let event = Event { seq: 7, time: Timestamp::from_unix_milliseconds(0), body };
            let mut line = Vec::new();
            encode_event(&event, &mut line);
            if let Some(private) = private_part(&line) {
                line.drain(private.range);
            }
            let line = String::from_utf8(line).unwrap();
            match parse_server_message(line.trim_end()) {
                Ok(Some(ServerMessage::Event(event))) => event.body,
                other => panic!("{line} is {other:?}"),
            }
        };
        let expected = public(&measure);
        let told = text_form::private(&measure).is_some();
        prop_assert_eq!(told, expected != measure);
        prop_assert_eq!(text_form::private(&expected), None);
        prop_assert_eq!(without(Body::Measure(Box::new(measure))), Body::Measure(Box::new(expected)));
        let room = |standing| Body::Room {
            room: RoomId::new("r").unwrap(),
            run: None,
            people: 0,
            standing: Box::new(standing),
        };
        let public = Standing {
            bans: Vec::new(),
            mutes: Vec::new(),
            operators: Vec::new(),
            ..standing.clone()
        };
        prop_assert_eq!(without(room(standing.clone())), room(public));
        // What a file repeats at its head is for no reader.
        let event = Event { seq: 7, time: Timestamp::from_unix_milliseconds(0), body: room(standing) };
        let mut line = Vec::new();
        encode_event(&event, &mut line);
        prop_assert!(private_part(&line).is_none_or(|it| !it.is_for(Rank::Operator)));
        // What is said is never taken for it.
        let said = format!(r#","private":{{"{text}"#);
        let Ok(text) = Text::clean(&said) else { return Ok(()) };
        let speech = Speech { name: Name::parse("ann").unwrap(), text, held: None, id: None, tag: None };
        let body = Body::Message(speech);
        prop_assert_eq!(without(body.clone()), body);
    }
}

/// What ordinary people may know of a measure.
fn public(measure: &Measure) -> Measure {
    let mut measure = measure.clone();
    match &mut measure.kind {
        MeasureKind::Banned {
            subjects,
            of,
            reason,
            ..
        } => {
            subjects.clear();
            (*of, *reason) = (None, None);
        }
        MeasureKind::Unbanned { subjects }
        | MeasureKind::Muted { subjects, .. }
        | MeasureKind::Unmuted { subjects, .. } => subjects.clear(),
        MeasureKind::Promoted { key, .. } | MeasureKind::Demoted { key, .. } => *key = None,
        _ => {}
    }
    measure
}
