use super::*;
use crate::event::{Arrival, Timestamp};
use crate::name::Name;
use crate::password::Password;
use proptest::prelude::*;

fn speech(text: &str) -> Speech {
    Speech {
        name: Name::choose("ann").unwrap(),
        text: Text::clean(text).unwrap(),
        held: None,
        id: None,
        tag: None,
    }
}

#[track_caller]
fn check(body: Body, expected: &str) {
    let mut out = Vec::new();
    let time = Timestamp::from_unix_milliseconds(0);
    encode_event(&Event { seq: 1, time, body }, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn events() {
    let name = |name: &str| Name::choose(name).unwrap();
    check(Body::Message(speech("hi")), "\r<ann> hi\n");
    check(
        Body::Message(speech("a\n<bo> b")),
        "\r<ann> a\n\r<ann> <bo> b\n",
    );
    check(Body::Action(speech("waves")), "\r* ann waves\n");
    check(
        Body::Entered(vec![Arrival::of(name("ann"))]),
        "\r[ann] entered room\n",
    );
    check(
        Body::Left(vec![name("ann"), name("bo")]),
        "\r[ann] is offline\n\r[bo] is offline\n",
    );
    check(
        Body::Renamed {
            old: name("ann"),
            tag: None,
            new: name("bo"),
        },
        "\r[ann] is now known as bo\n",
    );
    let people = |people| Body::People {
        people,
        named: people == 1,
    };
    check(people(5203), "\r-- 5203 people are here\n");
    check(people(1), "\r-- 1 person is here\n");
}

#[test]
fn a_crowd_is_one_line() {
    let names = |count: usize| -> Vec<Name> {
        let name = |number| Name::choose(&format!("p{number}")).unwrap();
        (0..count).map(name).collect()
    };
    check(
        Body::Entered(names(3).into_iter().map(Arrival::of).collect()),
        "\r[p0] entered room\n\r[p1] entered room\n\r[p2] entered room\n",
    );
    check(
        Body::Entered(names(4).into_iter().map(Arrival::of).collect()),
        "\r-- p0, p1 and 2 others entered\n",
    );
    check(Body::Left(names(314)), "\r-- p0, p1 and 312 others left\n");
}

#[test]
fn replies() {
    let mut out = Vec::new();
    encode_reply(&Reply::Notice(Text::clean("a\nb").unwrap()), &mut out);
    for missed in [1, 412] {
        encode_reply(&Reply::Gap { missed }, &mut out);
    }
    encode_reply(
        &Reply::People {
            people: 0,
            names: Vec::new(),
            more: false,
        },
        &mut out,
    );
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\r-- a\n\r-- b\n\r-- you missed 1 line\n\r-- you missed 412 lines\n\
         \r-- no person is in the room\n"
    );
}

#[test]
fn the_past_has_its_time_on_each_line() {
    let mut out = Vec::new();
    let event = Event {
        seq: 1,
        time: Timestamp::from_unix_milliseconds(1_795_428_000_623),
        body: Body::Message(speech("a\nb")),
    };
    encode_dated(&event, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\r2026-11-23T10:00:00Z <ann> a\n\r2026-11-23T10:00:00Z <ann> b\n"
    );
}

#[test]
fn commands() {
    let read = |line: &str| parse_command(line, Rank::Ordinary).map_err(|error| error.to_string());
    let message = |text: &str| {
        Ok(Some(Command::Message {
            text: Text::clean(text).unwrap(),
            id: None,
        }))
    };
    assert_eq!(read(""), Ok(None));
    assert_eq!(read(" \t "), Ok(None));
    // What a program writes that ends its colours, or an arrow key in nc.
    assert_eq!(read("\x1b[0m\x1b[K"), Ok(None));
    assert_eq!(read("\x1b"), Ok(None));
    assert_eq!(read("\x1b[A\u{200b}"), Ok(None));
    assert_eq!(read("hi"), message("hi"));
    assert_eq!(read("//x"), message("/x"));
    assert_eq!(read("\u{feff}hi"), message("hi"));
    assert_eq!(
        read("/me  waves "),
        Ok(Some(Command::Action {
            text: Text::clean("waves").unwrap(),
            id: None
        }))
    );
    assert_eq!(
        read("/nick  ann "),
        Ok(Some(Command::Nick { name: "ann".into() }))
    );
    assert_eq!(read("/who"), Ok(Some(Command::Who { prefix: None })));
    assert_eq!(read("/QUIT now"), Ok(Some(Command::Quit)));
    assert_eq!(read("/help"), Ok(Some(Command::Help)));
    let history = |count| {
        Ok(Some(Command::History {
            past: Past::Last(count),
            id: None,
        }))
    };
    assert_eq!(read("/history"), history(20));
    assert_eq!(read("/history 7"), history(7));
    let password = Command::Password(Password::said("correct  horse"));
    assert_eq!(read("/password  correct  horse "), Ok(Some(password)));
    assert_eq!(
        read(r#"/hello {"protocol":1,"name":"ann"}"#),
        Ok(Some(Command::Hello(Hello {
            program: None,
            entry: Default::default(),
            protocol: 1,
            name: Some("ann".into()),
            password: None,
            resume: None,
            replay: 0,
        })))
    );
}

#[test]
fn wrong_commands_are_refused() {
    for wrong in [
        "/",
        "/dance",
        "/me",
        "/nick",
        "/hello",
        "/hello ann",
        "/history all",
        "/history -1",
        "/etc/passwd",
        "/me \x1b[0m",
    ] {
        assert!(parse_command(wrong, Rank::Ordinary).is_err(), "{wrong}");
    }
    assert!(parse_command(&"x".repeat(4096), Rank::Ordinary).is_ok());
    assert!(parse_command(&format!("/me {}", "x".repeat(4096)), Rank::Ordinary).is_ok());
    assert!(parse_command(&"x".repeat(4097), Rank::Ordinary).is_err());
}

#[test]
fn what_is_no_command_is_told_what_could_be_meant() {
    let told = |line: &str| parse_command(line, Rank::Ordinary).unwrap_err().to_string();
    assert_eq!(
        told("/nik ann"),
        "there is no /nik: did you mean /nick? /help lists the commands"
    );
    assert_eq!(
        told("/dance"),
        "there is no /dance; /help lists the commands, // says a line that begins with /"
    );
    let hello = told("/hello everybody");
    assert!(hello.contains("//hello says it to everyone"), "{hello}");
}

/// What it takes is no use to a person who may not say it.
#[test]
fn a_command_for_operators_is_refused_as_such_where_it_lacks_something() {
    for (wrong, word) in [
        ("/kick", "kick"),
        ("/SLOW soon", "slow"),
        ("/ban bo 9x", "ban"),
    ] {
        let told = |rank| parse_command(wrong, rank).unwrap_err();
        assert_eq!(told(Rank::Ordinary), CommandError::not_allowed(word));
        let usage = told(Rank::Operator).to_string();
        assert!(usage.starts_with(&format!("/{word} ")), "{usage}");
    }
    let told = parse_command("/kick", Rank::Ordinary).unwrap_err();
    assert_eq!(told.to_string(), "/kick is for operators");
    // The person who reads the line decides on one that lacks nothing.
    assert!(parse_command("/kick bo", Rank::Ordinary).is_ok());
    // What all may say is told as ever.
    let told = parse_command("/whois", Rank::Ordinary).unwrap_err();
    assert!(told.to_string().starts_with("/whois NAME"), "{told}");
}

proptest! {
    #[test]
    fn every_line_stands_behind_its_speaker(text in any::<String>()) {
        if let Ok(text) = Text::clean(&text) {
            let mut out = Vec::new();
            let time = Timestamp::from_unix_milliseconds(0);
            let speech = Speech { text, ..speech("x") };
            encode_event(&Event { seq: 1, time, body: Body::Message(speech) }, &mut out);
            let out = String::from_utf8(out).unwrap();
            for line in out.strip_suffix('\n').unwrap().split('\n') {
                prop_assert!(line.starts_with("\r<ann> "));
                prop_assert!(!line[1..].contains(|c: char| c.is_control() && c != '\t'));
            }
        }
    }

    #[test]
    fn no_line_panics(line in any::<String>()) {
        let _ = parse_command(&line, Rank::Ordinary);
        let _ = parse_command(&format!("/{line}"), Rank::Ordinary);
    }
}
