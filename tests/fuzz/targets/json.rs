//! The JSON form: whatever is read can be written and read again, and the short
//! way to read a message is the long one.
#![no_main]

use chat_proto::command::Hello;
use chat_proto::event::{
    Arrival, Body, Event, KeyId, MessageId, Rank, ServerMessage, Speech, Tag, Timestamp,
};
use chat_proto::json_form::{self, Record, Recorded};
use chat_proto::name::Name;
use chat_proto::text::Text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(line) = std::str::from_utf8(bytes) else {
        return;
    };
    from_server(line);
    from_program(line);
    hello(line);
    said(line);
});

fn from_server(line: &str) {
    let message = json_form::parse_server_message(line);
    // A blank before it matters only to the short way.
    let long = json_form::parse_server_message(&format!(" {line}"));
    assert_eq!(message, long);
    let record = Record::parse(line);
    let Ok(Some(message)) = message else {
        return;
    };
    let mut out = Vec::new();
    match &message {
        ServerMessage::Event(event) => {
            let record = record.expect("what is an event is a record");
            assert_eq!(record.seq, event.seq);
            check(&record.what, &event.body);
            json_form::encode_event(event, &mut out);
            let is_said = matches!(event.body, Body::Message(_) | Body::Action(_));
            assert_eq!(json_form::is_speech(&out), is_said);
            erase(line, record.is_erased, is_said);
        }
        ServerMessage::Reply(reply) => {
            json_form::encode_reply(reply, Timestamp::from_unix_milliseconds(0), &mut out);
        }
    }
    let written = one_line(&out);
    assert_eq!(json_form::parse_server_message(written), Ok(Some(message)));
}

/// What was said can be erased once, and is an event then as well.
fn erase(line: &str, is_erased: bool, is_said: bool) {
    let erased = json_form::erase(line, None, |_, _, _| None);
    assert_eq!(erased.is_some(), is_said && !is_erased);
    if let Some(erased) = &erased {
        let line = one_line(erased);
        assert!(Record::parse(line).expect("a record").is_erased);
        let read = json_form::parse_server_message(line);
        assert!(matches!(read, Ok(Some(ServerMessage::Event(_)))));
    }
}

fn from_program(line: &str) {
    let Ok(Some(command)) = json_form::parse_command(line, Rank::Operator) else {
        return;
    };
    let mut out = Vec::new();
    json_form::encode_command(&command, &mut out);
    let read = json_form::parse_command(one_line(&out), Rank::Operator);
    assert_eq!(read.ok().flatten(), Some(command));
}

fn hello(line: &str) {
    let Ok(hello) = Hello::parse(line) else {
        return;
    };
    let out = hello.encode();
    let json = one_line(&out).strip_prefix("/hello ");
    assert_eq!(json.map(Hello::parse), Some(Ok(hello)));
}

/// Texts that a peer may say.
fn said(line: &str) {
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (Ok(name), id, (tag, held), Ok(text)) = (
        Name::choose(word()),
        MessageId::new(word()),
        // Sixteen hexadecimal digits are both.
        (|word| (Tag::parse(word), KeyId::parse(word)))(word()),
        Text::clean(word()),
    ) else {
        return;
    };
    let event = Event {
        seq: line.len() as u64,
        time: Timestamp::from_unix_milliseconds(line.len() as u64),
        body: Body::Message(Speech {
            name,
            text,
            held,
            id,
            tag,
        }),
    };
    let mut out = Vec::new();
    json_form::encode_event(&event, &mut out);
    let line = one_line(&out);
    let read = json_form::parse_server_message(line);
    assert_eq!(read, Ok(Some(ServerMessage::Event(event.clone()))));
    let record = Record::parse(line).expect("a record");
    check(&record.what, &event.body);
}

/// A history reads back of an event what the event tells.
fn check(record: &Recorded<'_>, body: &Body) {
    match (body, record) {
        (
            Body::Message(speech) | Body::Action(speech),
            Recorded::Marked {
                kind,
                id,
                text,
                tag,
            },
        ) => {
            assert_eq!(kind.body(speech.clone()), *body);
            assert_eq!(Some(id), speech.id.as_ref());
            // Where others have written it, there may be what is left out.
            assert_eq!(Text::clean(text).as_ref(), Ok(&speech.text));
            assert_eq!(*tag, speech.tag);
        }
        (Body::Message(speech) | Body::Action(speech), Recorded::Other) => {
            assert_eq!(speech.id, None);
        }
        (Body::Entered(arrivals), Recorded::Entered(read)) => {
            let same = |(one, other): (&Arrival, &Arrival)| {
                (&one.name, one.tag) == (&other.name, other.tag)
            };
            assert_eq!(arrivals.len(), read.len());
            assert!(arrivals.iter().zip(read).all(same));
        }
        (Body::Left(names), Recorded::Left(read)) => assert_eq!(names, read),
        (Body::People { .. }, Recorded::Other) => {}
        (Body::Renamed { old, new, tag }, Recorded::Renamed { old: from, new: to }) => {
            assert_eq!((old, new, tag), (from, &to.name, &to.tag));
        }
        (Body::Measure(told), Recorded::Measure { measure, .. }) => assert_eq!(told, measure),
        (
            Body::Room { room, run, .. },
            Recorded::Room {
                room: id,
                run: read,
                ..
            },
        ) => {
            assert_eq!((Some(room), run), (id.as_ref(), read));
        }
        (body, record) => panic!("{body:?} is read back as {record:?}"),
    }
}

/// The one line in `out`, which is to be whole, without its end.
fn one_line(out: &[u8]) -> &str {
    let line = std::str::from_utf8(out).expect("UTF-8");
    let line = line.strip_suffix('\n').expect("an end");
    // What a program asks for may hold others, which are not its reader's.
    assert!(!line.contains(|c: char| c < ' '), "{line:?}");
    line
}
