//! Random events and replies.

use super::measures::*;
use super::*;
use crate::event::Profile;

pub(in crate::json_form) fn names() -> impl Strategy<Value = Name> {
    prop_oneof!["[a-z]{1,8}x", "[а-я]{1,8}", Just("127.0.0.1:5".to_owned())]
        .prop_filter_map("a name", |name| Name::parse(&name).ok())
}

pub(super) fn texts() -> impl Strategy<Value = Text> {
    // Plain ones, ones that need escapes, and anything.
    prop_oneof!["[ -~]{1,200}", "[a-z\"\\\\\t\n]{1,200}", any::<String>()]
        .prop_filter_map("a text", |text: String| Text::clean(&text).ok())
}

pub(super) fn ids() -> impl Strategy<Value = Option<MessageId>> {
    "[!-~]{0,64}".prop_map(|id| MessageId::new(&id))
}

fn rooms() -> impl Strategy<Value = RoomId> {
    "[!-~]{1,64}".prop_filter_map("a room", |room| RoomId::new(&room))
}

fn runs() -> impl Strategy<Value = Option<RunId>> {
    any::<Option<(u32, u64)>>()
        .prop_map(|run| run.map(|(time, random)| RunId::new(time.into(), random)))
}

pub(super) fn tags() -> impl Strategy<Value = Option<Tag>> {
    any::<Option<u64>>().prop_map(|tag| tag.map(Tag::new))
}

pub(super) fn held() -> impl Strategy<Value = Option<KeyId>> {
    any::<Option<[u8; 32]>>().prop_map(|digest| digest.map(|digest| KeyId::of_digest(&digest)))
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    // A name is back or not, however often it is in the list.
    let arrivals = proptest::collection::btree_map(names(), (tags(), any::<bool>()), 1..5);
    let arrival = |(name, (tag, back))| Arrival { name, tag, back };
    arrivals.prop_map(move |arrivals| arrivals.into_iter().map(arrival).collect())
}

/// Any body.
pub(in crate::json_form) fn bodies() -> impl Strategy<Value = Body> {
    let measures = measures().prop_map(|measure| Body::Measure(Box::new(measure)));
    let plain = (plain_bodies(), standings()).prop_map(|(mut body, stands)| {
        if let Body::Room { standing, .. } = &mut body {
            **standing = stands;
        }
        body
    });
    prop_oneof![3 => plain, 1 => measures]
}

/// Bodies that no operator has to do with.
pub(super) fn plain_bodies() -> impl Strategy<Value = Body> {
    let speech = || {
        (names(), texts(), held(), ids(), tags()).prop_map(|(name, text, held, id, tag)| Speech {
            name,
            text,
            held,
            id,
            tag,
        })
    };
    let some_names = || proptest::collection::vec(names(), 1..5);
    prop_oneof![
        speech().prop_map(Body::Message),
        speech().prop_map(Body::Action),
        arrivals().prop_map(Body::Entered),
        some_names().prop_map(Body::Left),
        (names(), names(), tags()).prop_map(|(old, new, tag)| Body::Renamed { old, new, tag }),
        (0usize..9, any::<bool>()).prop_map(|(people, named)| Body::People { people, named }),
        (rooms(), runs(), 0usize..9).prop_map(|(room, run, people)| Body::Room {
            room,
            run,
            people,
            standing: Box::default(),
        }),
    ]
}

fn welcomes() -> impl Strategy<Value = Welcome> {
    let limits = Limits {
        text: 1,
        line: 2,
        name: 3,
        rate: 4,
        clients: 5,
        per_address: 6,
        new_per_address: 7,
        unjoined: 8,
        unjoined_per_address: 9,
        idle_join: Duration::from_millis(10),
        stall: Duration::from_millis(11),
    };
    (
        (
            names(),
            0usize..9,
            some_people(),
            ranks(),
            proptest::option::of(topics()),
            proptest::option::of(texts()),
        ),
        proptest::option::of(rooms()),
        (any::<u64>(), any::<u64>()),
        (any::<bool>(), any::<Option<bool>>(), any::<Option<u128>>()),
    )
        .prop_map(
            move |(
                (name, people, names, rank, topic, greeting),
                room,
                (seq, first),
                (kept, resumed, secret),
            )| Welcome {
                rank,
                topic,
                greeting,
                name,
                room,
                seq,
                first,
                kept,
                resumed,
                from: resumed.map(|_| first),
                people,
                names,
                limits,
                secret: secret.map(Secret::new),
            },
        )
}

fn ranks() -> impl Strategy<Value = Rank> {
    prop_oneof![Just(Rank::Ordinary), Just(Rank::Operator)]
}

fn profiles() -> impl Strategy<Value = Profile> {
    let some = proptest::option::of::<BoxedStrategy<Timestamp>>;
    (
        (
            names(),
            held(),
            times(),
            any::<u32>(),
            proptest::option::of(remarks()),
        ),
        (ranks(), some(times().boxed())),
        any::<Option<std::net::IpAddr>>(),
        proptest::option::of(fingerprints()),
    )
        .prop_map(
            |((name, held, since, idle, program), (rank, muted), address, key)| Profile {
                person: Person { name, held },
                since,
                idle: Duration::from_millis(idle.into()),
                program,
                rank,
                muted,
                address,
                key,
            },
        )
}

fn some_people() -> impl Strategy<Value = Vec<Person>> {
    let person = (names(), held()).prop_map(|(name, held)| Person { name, held });
    proptest::collection::vec(person, 0..5)
}

pub(super) fn replies() -> impl Strategy<Value = Reply> {
    prop_oneof![
        texts().prop_map(Reply::Notice),
        (texts(), ids()).prop_map(|(text, id)| Reply::Error {
            code: ErrorCode::BadName,
            text,
            id
        }),
        (0usize..9, some_people(), any::<bool>()).prop_map(|(people, names, more)| Reply::People {
            people,
            names,
            more
        }),
        ids().prop_map(|id| Reply::Pong { id }),
        any::<u64>().prop_map(|missed| Reply::Gap { missed }),
        (ids(), any::<u64>()).prop_filter_map("an id", |(id, seq)| {
            Some(Reply::Confirmed { id: id?, seq })
        }),
        (any::<u64>(), any::<u64>(), ids()).prop_map(|(first, last, id)| Reply::History {
            first,
            last,
            id
        }),
        (texts(), any::<u32>()).prop_map(|(text, after)| Reply::Goodbye {
            text,
            after: Duration::from_millis(after.into())
        }),
        (texts(), ids()).prop_map(|(text, id)| Reply::Done { text, id }),
        (counted_bans(), any::<bool>(), ids()).prop_map(|(bans, more, id)| Reply::Bans {
            bans,
            more,
            id
        }),
        (profiles(), ids()).prop_map(|(person, id)| Reply::Whois {
            person: Box::new(person),
            id
        }),
        welcomes().prop_map(|welcome| Reply::Welcome(Box::new(welcome))),
    ]
}
