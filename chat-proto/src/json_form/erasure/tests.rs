use super::super::tests::strategies::{bodies, names};
use super::*;
use crate::event::{Speech, Timestamp};
use crate::json_form::{Recorded, is_speech};
use proptest::prelude::*;

/// A message, as a line without its end: these are the members behind its text.
fn message(members: &str) -> String {
    format!(
        r#"{{"seq":41,"time":"2026-11-23T10:00:00.123Z","type":"message","name":"ann","text":"hi"{members}}}"#
    )
}

/// What becomes of it, likewise. A message that has an id and no tag gets this one.
#[track_caller]
fn check(members: &str, by: Option<&str>, expected: &str) {
    let by = by.map(|by| Name::parse(by).unwrap());
    let line = erase(&message(members), by.as_ref(), |_, _, text| {
        assert_eq!(text.as_str(), "hi");
        Some(Tag::new(255))
    });
    let expected = message(expected).replace(r#""text":"hi""#, r#""text":"[removed by WHO]""#);
    let who = by.map_or_else(|| "the operator".to_owned(), |by| by.to_string());
    let expected = expected.replace("WHO", &who) + "\n";
    assert_eq!(
        line.map(|line| String::from_utf8(line).unwrap()),
        Some(expected)
    );
}

#[test]
fn the_text_goes_and_the_rest_stays() {
    let tag = r#""tag":"00000000000000ff""#;
    check("", Some("bo"), r#","erased":true"#);
    check("", None, r#","erased":true"#);
    check(
        r#","id":"1""#,
        Some("bo"),
        &format!(r#",{tag},"id":"1","erased":true"#),
    );
    let others = r#","held":"47DEQpj8HBSa+/TI","tag":"0000000000000001","id":"1""#;
    check(others, Some("好"), &format!(r#"{others},"erased":true"#));
    // What says that it is not erased, and what is not known.
    check(r#","erased":false,"future":[1]"#, None, r#","erased":true"#);
}

#[test]
fn what_is_strange_stays_as_it_is() {
    for line in [
        "",
        "{",
        "null",
        r#"{"seq":41}"#,
        r#"{"seq":41,"type":"message","text":"hi"}"#,
        &message(r#","erased":true"#),
        &message(r#","text":5"#),
        &message("").replace("hi", ""),
        &message("").replace("message", "notice"),
        &message("").replace("message", "left"),
    ] {
        assert_eq!(erase(line, None, |_, _, _| None), None, "{line}");
    }
}

proptest! {
    #[test]
    fn the_event_is_the_same_without_its_text(
        seq in any::<u64>(),
        at in 0u64..253_402_300_800_000,
        body in bodies(),
        by in proptest::option::of(names()),
    ) {
        let event = Event { seq, time: Timestamp::from_unix_milliseconds(at), body };
        let mut line = Vec::new();
        encode_event(&event, &mut line);
        let line = std::str::from_utf8(&line).unwrap().trim_end();
        let tag = Tag::new(7);
        let erased = erase(line, by.as_ref(), |_, _, _| Some(tag));
        let (Body::Message(speech) | Body::Action(speech)) = &event.body else {
            prop_assert_eq!(erased, None);
            return Ok(());
        };
        let erased = String::from_utf8(erased.unwrap()).unwrap();
        prop_assert!(is_speech(erased.as_bytes()));
        let read = parse_server_message(&erased).unwrap().unwrap();
        let text = removed_by(by.as_ref());
        let tag = speech.tag.or_else(|| speech.id.as_ref().map(|_| tag));
        let speech = Speech { text, tag, ..speech.clone() };
        let body = match event.body {
            Body::Action(_) => Body::Action(speech.clone()),
            _ => Body::Message(speech.clone()),
        };
        prop_assert_eq!(read, ServerMessage::Event(Event { body, ..event }));
        let record = Record::parse(&erased).unwrap();
        prop_assert!(record.is_erased);
        if let Recorded::Marked { id, tag: read, .. } = record.what {
            prop_assert_eq!((Some(id), read), (speech.id, tag));
        }
        // It is the same event, whichever person erased it, and no other one is.
        let line = format!("{line}\n");
        let is_one = |line: &str, erased: &str| becomes(line, erased, |_, _, _| Some(Tag::new(7)));
        prop_assert!(is_one(&line, &erased));
        prop_assert!(!is_one(&line, &line) && !is_one(&erased, &erased) && !is_one(&erased, &line));
        let other = erased.replacen("\"seq\":", "\"seq\":1", 1);
        prop_assert!(!is_one(&line, &other));
        // Once is enough.
        prop_assert_eq!(erase(erased.trim_end(), None, |_, _, _| None), None);
    }

    #[test]
    fn nothing_that_stands_in_a_history_ends_it(line in r#"\PC*|[{\[,:"a-z0-9\]}]*"#) {
        erase(&line, None, |_, _, _| None);
    }
}
