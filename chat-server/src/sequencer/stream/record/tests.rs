use chat_proto::command::{Operation, OwnConnections};
use chat_proto::event::{Fingerprint, MessageId, SpeechKind, Tag};
use chat_proto::moderation::{Remark, Subject, Target};
use chat_proto::name::Name;
use chat_proto::text::Text;
use proptest::prelude::*;

use super::*;
use crate::access::keys::fixtures::person_key;
use crate::access::naming::Naming;
use crate::access::people::People;
use crate::room::identity::tests::owner;
use crate::room::origin::{Authority, ClientId};
use crate::room::request::{Act, Fallback, Join};
use crate::sequencer::stream::asks::Ask;
use crate::sequencer::stream::rules::Rules;

fn record(asks: Vec<Ask>) -> Record {
    Record {
        run: RunId::new(1_764_520_138_000, 7),
        number: 3,
        time: Timestamp::from_unix_milliseconds(1_764_520_139_123),
        seen: Seen {
            entry: 41,
            digest: 0x9c0f,
        },
        asks,
    }
}

/// One of each kind, and of each optional part.
fn all() -> Vec<Ask> {
    let name = |name| Name::parse(name).unwrap();
    let remark = |text| Remark::new(text).unwrap();
    let client = ClientId {
        worker: 1,
        key: 22,
        generation: 333,
    };
    let (people, _) = People::parse(b"# \xff no UTF-8\n").unwrap();
    let ip = "2001:db8::1".parse().ok();
    let subjects = [
        Subject::Key(Fingerprint::of_digest([7; 32])),
        Subject::Network("192.0.2.0/24".parse().unwrap()),
        Subject::Guests("192.0.2.1".parse().unwrap()),
        Subject::Program(Tag::new(5)),
    ];
    let says = [SpeechKind::Message, SpeechKind::Action].map(|kind| Act::Say {
        kind,
        text: Text::clean("two\nrows, \"quoted\", 你好 \u{1f600}").unwrap(),
        id: MessageId::new("a-1"),
    });
    let enters = [Fallback::Numbered, Fallback::Nothing].map(|fallback| Act::Enter {
        wanted: name("127.0.0.1:5000"),
        fallback,
        key: Some(person_key(1)),
        from: ip,
    });
    let joins = [None, Some(owner(9))].map(|known| {
        Act::Join(Join {
            known,
            wanted: known.map(|_| name("ann")),
            otherwise: name("[::1]:9"),
            key: known.map(|_| person_key(2)),
            from: ip.filter(|_| known.is_some()),
            program: known.map(|_| remark("chat-client 0.1.0")),
        })
    });
    let bans = subjects.map(|subject| Act::Operate {
        operation: Operation::Ban {
            target: Target::Subject(subject),
            term: None,
            reason: Some(remark("spam, \"again\"")),
            own: OwnConnections::Included,
        },
        authority: Authority::Control,
    });
    let lists = subjects.map(|after| Act::ListBans {
        after,
        authority: Authority::Member,
    });
    let acts = [
        Act::Rename(name("bo")),
        Act::List {
            after: None,
            prefix: None,
        },
        Act::List {
            after: Some(name("bo")),
            prefix: chat_proto::name::NamePrefix::new("An"),
        },
        Act::Forget {
            name: name("bo"),
            authority: Authority::Member,
        },
        Act::Operate {
            operation: Operation::Topic { text: None },
            authority: Authority::Member,
        },
        Act::Leave,
    ];
    let acts = acts.into_iter().chain(says).chain(enters);
    let acts = acts.chain(joins).chain(bans).chain(lists);
    let of_client = acts.map(|act| Ask::Client(client, act));
    let of_server = [
        Ask::TellPending,
        Ask::SetPeople {
            naming: Naming::Known,
            people: Box::new(people),
            taken: 4,
        },
        Ask::SetTopic(remark("release 2")),
        Ask::ChangesTaken(5),
    ];
    let rules = Rules("1".into());
    let run = RunId::new(5, 6);
    [Ask::Begin { rules }, Ask::End { run, number: 12 }]
        .into_iter()
        .chain(of_server)
        .chain(of_client)
        .collect()
}

#[test]
fn what_is_written_is_read() {
    for asks in [Vec::new(), all()] {
        let record = record(asks);
        assert_eq!(Record::parse(&record.to_bytes()), Ok(record));
    }
}

/// Servers of another version read it: a change here is another version.
#[test]
fn its_form_stays_as_it_is() {
    let client = ClientId {
        worker: 0,
        key: 3,
        generation: 9,
    };
    let act = Act::Say {
        kind: SpeechKind::Message,
        text: Text::clean("hi").unwrap(),
        id: None,
    };
    let bytes = record(vec![Ask::Client(client, act)]).to_bytes();
    assert_eq!(
        std::str::from_utf8(&bytes).unwrap(),
        r#"{"v":1,"run":"19ad598951000007","n":3,"time":"2025-11-30T16:28:59.123Z","seen":[41,"0000000000009c0f"],"asks":[{"say":{"from":[0,3,9],"what":"message","text":"hi"}}]}"#
    );
}

/// What a peer could not say, the stream cannot say either.
#[test]
fn what_breaks_a_rule_is_no_record() {
    let line = |asks: &str| {
        format!(
            r#"{{"v":1,"run":"19ad598951000007","n":3,"time":"2025-11-30T16:28:59.123Z","seen":[41,"0"],"asks":[{asks}]}}"#
        )
    };
    assert!(Record::parse(line("").as_bytes()).is_ok());
    let long = format!(
        r#"{{"say":{{"from":[0,0,0],"what":"message","text":"{}"}}}}"#,
        "x".repeat(100_000)
    );
    let rules = |length| format!(r#"{{"begin":{{"rules":"{}"}}}}"#, "x".repeat(length));
    for asks in [
        r#"{"leave":{"from":[1023,4194303,4294967295]}}"#.to_owned(),
        rules(256),
    ] {
        assert!(Record::parse(line(&asks).as_bytes()).is_ok(), "{asks}");
    }
    let rules = rules(257);
    for asks in [
        r#"{"dance":{}}"#,
        r#"{"say":{"from":[0,0],"what":"message","text":"hi"}}"#,
        r#"{"say":{"from":[0,0,0],"what":"message","text":"\u0007"}}"#,
        r#"{"say":{"from":[0,0,0],"what":"message","text":"hi","id":"two words"}}"#,
        r#"{"rename":{"from":[0,0,0],"name":"a\u0000b"}}"#,
        r#"{"rename":{"from":[0,0,0],"name":""}}"#,
        r#"{"operate":{"from":[0,0,0],"order":"{\"type\":\"message\",\"text\":\"hi\"}","right":"control"}}"#,
        r#"{"join":{"from":[0,0,0],"known":0,"otherwise":"x"}}"#,
        r#"{"enter":{"from":[0,0,0],"name":"ann","numbered":true,"key":"ssh-rsa AAAA"}}"#,
        // No connection of a server: members are kept in lists by these.
        r#"{"leave":{"from":[1024,0,0]}}"#,
        r#"{"leave":{"from":[0,4194304,0]}}"#,
        r#"{"leave":{"from":[0,4294967295,0]}}"#,
        // What follows from the events alone is for no server to decide.
        r#""open""#,
        r#""await_returns""#,
        r#"{"forget":{"first":18446744073709551615}}"#,
        &long,
        &rules,
    ] {
        let line = line(asks);
        assert!(Record::parse(line.as_bytes()).is_err(), "{asks:.120}");
    }
    let other = line("").replace(r#""v":1"#, r#""v":2"#);
    let told = Record::parse(other.as_bytes()).unwrap_err().to_string();
    assert_eq!(told, "it is of version 2, and this server knows version 1");
    assert!(Record::parse(&vec![b' '; MAX_BYTES + 1]).is_err());
}

proptest! {
    /// Nothing in the stream ends a server.
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..4000usize, byte: u8) {
        let _ = Record::parse(&bytes);
        let mut record = record(all()).to_bytes();
        let at = at % record.len();
        record[at] = byte;
        if let Ok(record) = Record::parse(&record) {
            // What is taken is written in the same way by every server.
            prop_assert_eq!(Record::parse(&record.to_bytes()), Ok(record));
        }
    }
}
