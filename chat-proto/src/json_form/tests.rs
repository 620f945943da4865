mod measures;
pub(super) mod strategies;

use super::server_message::parse_any;
use super::*;
use crate::command::Resume;
use crate::event::{
    Arrival, Body, ErrorCode, Event, KeyId, Limits, MessageId, Person, Rank, Reply, RoomId, RunId,
    Secret, ServerMessage, Speech, SpeechKind, Tag, Timestamp, Welcome,
};
use crate::name::{MAX_NAME_BYTES, Name};
use crate::password::Password;
use crate::text::Text;
use proptest::prelude::*;
use std::time::Duration;
use strategies::*;

fn time() -> Timestamp {
    Timestamp::from_unix_milliseconds(1_795_428_000_123)
}

fn line_of(body: Body) -> String {
    let mut out = Vec::new();
    encode_event(
        &Event {
            seq: 42,
            time: time(),
            body,
        },
        &mut out,
    );
    String::from_utf8(out).unwrap()
}

fn speech(text: &str, id: Option<&str>) -> Speech {
    Speech {
        name: Name::choose("ann").unwrap(),
        text: Text::clean(text).unwrap(),
        held: None,
        id: id.and_then(MessageId::new),
        tag: None,
    }
}

#[test]
fn the_lines_of_the_specification() {
    assert_eq!(
        line_of(Body::Message(speech("hi", None))),
        "{\"seq\":42,\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"message\",\"name\":\"ann\",\"text\":\"hi\"}\n"
    );
    assert_eq!(
        line_of(Body::Entered(vec![Arrival::of(
            Name::choose("ann").unwrap()
        )])),
        "{\"seq\":42,\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"entered\",\"names\":[\"ann\"]}\n"
    );
    assert_eq!(
        line_of(Body::Action(speech("a\nb", Some("x1")))),
        "{\"seq\":42,\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"action\",\"name\":\"ann\",\"text\":\"a\\nb\",\"id\":\"x1\"}\n"
    );
}

#[test]
fn commands_are_read() {
    let read = |line: &str| parse_command(line, Rank::Operator).map_err(|error| error.to_string());
    assert_eq!(read("  "), Ok(None));
    assert_eq!(
        read(r#"{"type":"who","future":[1,{"a":2}]}"#),
        Ok(Some(Command::Who { prefix: None }))
    );
    assert_eq!(
        read(r#"{"type":"who","time":17,"seq":"x","text":5,"name":[],"limits":0}"#),
        Ok(Some(Command::Who { prefix: None }))
    );
    assert_eq!(
        read(r#"{"type":"message","text":"a\nb","id":"7"}"#),
        Ok(Some(Command::Message {
            text: Text::clean("a\nb").unwrap(),
            id: MessageId::new("7")
        }))
    );
    for wrong in [
        "hello",
        "[]",
        r#"[null,null,"message",null,null,null,null,null,null,null,null,"hi"]"#,
        "{}",
        r#"{"type":"dance"}"#,
        r#"{"type":"message"}"#,
        r#"{"type":"message","text":5}"#,
        r#"{"type":"message","text":""}"#,
        r#"{"type":"message","text":"a","id":""}"#,
        r#"{"type":"message","text":"a","id":"\u001b"}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let long = format!(
        r#"{{"type":"message","id":"i","text":"{}"}}"#,
        "x".repeat(4097)
    );
    assert!(matches!(
        parse_command(&long, Rank::Operator)
            .unwrap_err()
            .into_reply(),
        Reply::Error {
            code: ErrorCode::TooLong,
            id: Some(_),
            ..
        }
    ));
}

#[test]
fn the_longest_text_fits_into_a_line_however_it_is_escaped() {
    let escaped = "\\u0061".repeat(crate::text::MAX_TEXT);
    let line = format!(
        r#"{{"type":"message","text":"{escaped}","id":"{}"}}"#,
        "i".repeat(64)
    );
    assert!(line.len() <= MAX_LINE);
    assert!(parse_command(&line, Rank::Operator).is_ok());
}

#[test]
fn what_the_server_may_add_later_is_skipped() {
    assert_eq!(
        parse_server_message(r#"{"type":"weather","text":"sun"}"#),
        Ok(None)
    );
    assert!(parse_server_message(r#"{"type":"message","seq":1}"#).is_err());
    assert!(parse_server_message("-- hi").is_err());
}

#[test]
fn what_a_hostile_server_sends_is_cleaned() {
    let line = r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"message","name":"ann","text":"\u001b[2Jx\u009b"}"#;
    let Ok(Some(ServerMessage::Event(Event {
        body: Body::Message(speech),
        ..
    }))) = parse_server_message(line)
    else {
        panic!("not read");
    };
    assert_eq!(speech.text.as_str(), "x");
    let forged = line.replace("ann", "\\u001b[2J");
    assert_eq!(parse_server_message(&forged), Err(MalformedObject));
}

/// The members of an event in their order, each written by serde_json.
fn members(event: &Event) -> Vec<(&'static str, serde_json::Value)> {
    let mut members = vec![
        ("seq", event.seq.into()),
        ("time", event.time.to_string().into()),
    ];
    match &event.body {
        Body::Message(speech) | Body::Action(speech) => {
            let action = matches!(event.body, Body::Action(_));
            let kind = if action { "action" } else { "message" };
            members.push(("type", kind.into()));
            members.push(("name", speech.name.as_str().into()));
            members.push(("text", speech.text.as_str().into()));
            members.extend(speech.held.map(|held| ("held", held.as_str().into())));
            members.extend(speech.tag.map(|tag| ("tag", tag.to_string().into())));
            members.extend(speech.id.iter().map(|id| ("id", id.as_str().into())));
        }
        Body::Entered(arrivals) => {
            members.push(("type", "entered".into()));
            let names: Vec<&str> = arrivals.iter().map(|one| one.name.as_str()).collect();
            members.push(("names", names.into()));
            let tag = |one: &Arrival| one.tag.map(|tag| tag.to_string());
            let tags: Vec<_> = arrivals.iter().map(tag).collect();
            if tags.iter().any(Option::is_some) {
                members.push(("tags", tags.into()));
            }
            let back = arrivals.iter().filter(|one| one.back);
            let back: Vec<&str> = back.map(|one| one.name.as_str()).collect();
            if !back.is_empty() {
                members.push(("back", back.into()));
            }
        }
        Body::Left(names) => {
            members.push(("type", "left".into()));
            let names: Vec<&str> = names.iter().map(Name::as_str).collect();
            members.push(("names", names.into()));
        }
        Body::Renamed { old, new, tag } => {
            members.push(("type", "renamed".into()));
            members.push(("old", old.as_str().into()));
            members.push(("new", new.as_str().into()));
            members.extend(tag.map(|tag| ("tag", tag.to_string().into())));
        }
        Body::People { people, named } => {
            members.push(("type", "people".into()));
            members.push(("people", (*people).into()));
            members.extend(named.then_some(("named", true.into())));
        }
        Body::Room {
            room, run, people, ..
        } => {
            members.push(("type", "room".into()));
            members.push(("people", (*people).into()));
            members.push(("room", room.as_str().into()));
            members.extend(run.map(|run| ("run", run.to_string().into())));
        }
        Body::Measure(_) => unreachable!("written through serde"),
    }
    members
}

/// What a history keeps of an event.
fn recorded(event: &Event) -> Recorded<'_> {
    let kind = match event.body {
        Body::Action(_) => SpeechKind::Action,
        _ => SpeechKind::Message,
    };
    match event.body.clone() {
        Body::Message(speech) | Body::Action(speech) => match speech.id {
            Some(id) => Recorded::Marked {
                kind,
                id,
                text: speech.text.as_str().to_owned().into(),
                tag: speech.tag,
            },
            None => Recorded::Other,
        },
        Body::Entered(arrivals) => {
            let entered = |arrival| Arrival {
                back: false,
                ..arrival
            };
            Recorded::Entered(arrivals.into_iter().map(entered).collect())
        }
        Body::Left(names) => Recorded::Left(names),
        Body::People { .. } => Recorded::Other,
        Body::Renamed { old, new, tag } => Recorded::Renamed {
            old,
            new: Arrival {
                tag,
                ..Arrival::of(new)
            },
        },
        Body::Room {
            room,
            run,
            standing,
            ..
        } => Recorded::Room {
            room: Some(room),
            run,
            time: Some(event.time),
            standing: Some(standing),
        },
        Body::Measure(measure) => Recorded::Measure {
            measure,
            time: event.time,
        },
    }
}

proptest! {
    #[test]
    fn an_event_is_written_as_serde_json_would(
        seq in any::<u64>(),
        at in 0u64..253_402_300_800_000,
        body in plain_bodies(),
    ) {
        let event = Event { seq, time: Timestamp::from_unix_milliseconds(at), body };
        let mut line = b"before ".to_vec();
        encode_event(&event, &mut line);
        let members: Vec<String> = members(&event)
            .into_iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        let expected = format!("before {{{}}}\n", members.join(","));
        prop_assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn events_come_back_as_they_were(seq in any::<u64>(), at in 0u64..253_402_300_800_000, body in bodies()) {
        let event = Event { seq, time: Timestamp::from_unix_milliseconds(at), body };
        let mut line = Vec::new();
        encode_event(&event, &mut line);
        let line = String::from_utf8(line).unwrap();
        prop_assert_eq!(line.matches('\n').count(), 1);
        let said = matches!(event.body, Body::Message(_) | Body::Action(_));
        prop_assert_eq!(is_speech(line.as_bytes()), said);
        let record = Record::parse(&line).unwrap();
        prop_assert_eq!(record.seq, seq);
        prop_assert_eq!(record.what, recorded(&event));
        prop_assert_eq!(parse_server_message(&line), Ok(Some(ServerMessage::Event(event))));
    }

    #[test]
    fn replies_come_back_as_they_were(reply in replies()) {
        let mut line = Vec::new();
        encode_reply(&reply, time(), &mut line);
        let line = String::from_utf8(line).unwrap();
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(parse_server_message(&line), Ok(Some(ServerMessage::Reply(reply))));
    }

    #[test]
    fn commands_come_back_as_they_were(
        text in texts(),
        id in ids(),
        name in any::<String>(),
        (count, first, last) in any::<(usize, u64, Option<u64>)>(),
    ) {
        for command in [
            Command::Message { text: text.clone(), id: id.clone() },
            Command::Action { text, id: id.clone() },
            Command::Nick { name: name.clone() },
            Command::Forget { name },
            Command::Ping { id: id.clone() },
            Command::History { past: Past::Last(count), id: id.clone() },
            Command::History { past: Past::Range { first, last }, id },
            Command::Who { prefix: None },
            Command::Who { prefix: crate::name::NamePrefix::new("an") },
            Command::Quit,
        ] {
            let mut line = Vec::new();
            encode_command(&command, &mut line);
            let line = String::from_utf8(line).unwrap();
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert_eq!(parse_command(&line, Rank::Operator), Ok(Some(command)));
        }
    }

    #[test]
    fn the_short_way_to_read_a_message_is_the_long_one(
        (seq, at) in (1u64..u64::MAX, 0u64..253_402_300_800_000),
        (name, text, held, id, tag) in (names(), texts(), held(), ids(), tags()),
        (from, to) in any::<(prop::sample::Index, prop::sample::Index)>(),
        put in prop_oneof![Just(String::new()), "[0-9+ \t\"\\\\,:{}]", "\\PC", Just("\u{1}".into())],
    ) {
        let time = Timestamp::from_unix_milliseconds(at);
        let speech = Speech { name, text, held, id, tag };
        let event = Event { seq, time, body: Body::Message(speech) };
        let mut line = Vec::new();
        encode_event(&event, &mut line);
        let mut line = String::from_utf8(line).unwrap();
        line.pop();
        let escaped = line.contains('\\');
        prop_assert_eq!(event::parse_message(&line), (!escaped).then_some(event));
        // However it is damaged.
        let (from, to) = (from.index(line.len()), to.index(line.len()));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 2));
        if line.is_char_boundary(from) && line.is_char_boundary(to) {
            line.replace_range(from..to, &put);
        }
        prop_assert_eq!(parse_server_message(&line), parse_any(&line));
    }

    #[test]
    fn no_line_panics(line in any::<String>()) {
        let _ = parse_command(&line, Rank::Operator);
        let _ = parse_server_message(&line);
        let _ = Hello::parse(&line);
    }
}

#[test]
fn a_welcome_without_a_room_is_one_of_a_server_that_cannot_resume() {
    let line = r#"{"seq":41,"type":"welcome","protocol":1,"name":"ann","people":0,"names":[],"limits":{"text":1,"line":2,"name":3}}"#;
    let Ok(Some(ServerMessage::Reply(Reply::Welcome(welcome)))) = parse_server_message(line) else {
        panic!("not read");
    };
    assert_eq!(
        (welcome.room, welcome.first, welcome.kept),
        (None, 42, false)
    );
}

#[test]
fn what_is_asked_of_the_past() {
    let read = |line: &str| parse_command(line, Rank::Operator).map_err(|error| error.to_string());
    let asked = |past| Ok(Some(Command::History { past, id: None }));
    assert_eq!(
        read(r#"{"type":"history","count":5}"#),
        asked(Past::Last(5))
    );
    let from_7 = Past::Range {
        first: 7,
        last: None,
    };
    assert_eq!(read(r#"{"type":"history","first":7}"#), asked(from_7));
    for wrong in [
        r#"{"type":"history"}"#,
        r#"{"type":"history","last":7}"#,
        r#"{"type":"history","count":-1}"#,
        r#"{"type":"history","first":"7"}"#,
        r#"{"type":"history","first":7,"last":1.5}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn hello_comes_back_as_it_was() {
    let resume = Resume {
        room: RoomId::new("r").unwrap(),
        seq: u64::MAX,
        secret: Some(Secret::new(7)),
    };
    let password = Password::said("correct \"horse\"");
    for (name, password, resume, replay) in [
        (None, None, None, 0),
        (
            Some("ann \"\n".to_owned()),
            Some(password),
            Some(resume),
            20,
        ),
    ] {
        let hello = Hello {
            program: None,
            entry: Default::default(),
            protocol: 1,
            name,
            password,
            resume,
            replay,
        };
        let line = String::from_utf8(hello.encode()).unwrap();
        let json = line.strip_prefix("/hello ").unwrap();
        assert_eq!(Hello::parse(json), Ok(hello));
    }
    for wrong in [
        "",
        r#"{"name":"ann"}"#,
        r#"{"protocol":1,"resume":41}"#,
        r#"{"protocol":1,"resume":["r",41]}"#,
        r#"{"protocol":1,"resume":{"room":"a b","seq":41}}"#,
        r#"{"protocol":1,"resume":{"room":"r","seq":-1}}"#,
        r#"{"protocol":1,"replay":"all"}"#,
        r#"{"protocol":1,"password":7}"#,
    ] {
        assert!(Hello::parse(wrong).is_err(), "{wrong}");
    }
}

/// The longest names, all of them held.
#[test]
fn the_names_of_a_reply_fit_into_a_line() {
    let person = Person {
        name: Name::parse(&"𐌰".repeat(32)).unwrap(),
        held: Some(KeyId::of_digest(&[0; 32])),
    };
    assert_eq!(person.name.as_str().len(), MAX_NAME_BYTES);
    let mut line = Vec::new();
    let reply = Reply::People {
        people: usize::MAX,
        names: vec![person; Welcome::MAX_NAMES],
        more: true,
    };
    encode_reply(&reply, time(), &mut line);
    assert!(line.len() < MAX_LINE - 1024, "{}", line.len());
}
