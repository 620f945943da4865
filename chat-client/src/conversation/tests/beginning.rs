//! From the first byte to the welcome: which server that is, and whether it lets us
//! in.

use chat_proto::event::Rank;

use super::*;

/// The audience, and what the server is said to be.
const WAYS: [(Audience, ServerKind); 4] = [
    (Audience::Prompt, ServerKind::Chat),
    (Audience::Lines, ServerKind::Chat),
    (Audience::Program, ServerKind::Chat),
    (Audience::Program, ServerKind::PlainLines),
];

const WELCOME: &str = r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":1,"names":["ann"],"limits":{"text":4096,"line":1,"name":1}}"#;

fn talk((audience, server): (Audience, ServerKind)) -> Talk {
    Talk::with(JoinOptions {
        audience,
        server,
        ..JoinOptions::default()
    })
}

fn foreign_server(talk: &Talk) -> Option<String> {
    talk.conversation.foreign_server().map(ToString::to_string)
}

/// However the beginning is cut into pieces, for people and for programs.
#[test]
fn another_protocol_is_known_by_its_beginning() {
    for (answer, expected) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], Some("HTTP")),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", Some("SSH")),
        (b"\x15\x03\x01\x00\x02\x02\x28", Some("TLS")),
        (b"I speak HTTP/1.1, SSH-2.0\n", None),
        (b"hello\nHTTP/1.1 is mine\n", None),
    ] {
        for way in WAYS {
            for piece in 1..=answer.len() {
                let mut talk = talk(way);
                talk.say("not for strangers");
                let decided = way.0 != Audience::Program || way.1 == ServerKind::PlainLines;
                if decided && piece % 2 == 0 {
                    talk.pass(DECIDE_AFTER);
                    talk.output();
                }
                for bytes in answer.chunks(piece) {
                    talk.conversation.receive(bytes, talk.now).unwrap();
                }
                let speaks = expected
                    .map(|protocol| format!("that is no chat server: it speaks {protocol}"));
                let says =
                    || (!decided).then(|| ForeignServer::says(first_row(answer)).to_string());
                let expected = speaks.or_else(says);
                assert_eq!(
                    foreign_server(&talk),
                    expected,
                    "{answer:?}, {piece}, {way:?}"
                );
                if expected.is_some() {
                    assert_eq!(talk.output(), "");
                    assert_eq!(talk.say("more"), "");
                    let shown = talk.shown();
                    assert!(!shown.iter().any(|row| row.contains("HTTP")), "{shown:?}");
                }
            }
        }
    }
}

fn first_row(answer: &[u8]) -> &str {
    let answer = std::str::from_utf8(answer).expect("a text");
    answer.lines().next().expect("a row")
}

/// Nothing tells a program whether such a server hears it.
#[test]
fn a_program_says_nothing_to_a_server_that_does_not_greet() {
    for (answer, closes, expected) in [
        ("", false, "it has said nothing for 5 s"),
        (
            "welcome to \x1b[2Jus\n",
            false,
            "it begins with \"welcome to us\"",
        ),
        ("{\"a\":1}\n", false, "it begins with \"{\"a\":1}\""),
        ("no end", false, "it begins with \"no end\""),
        ("no end", true, "it begins with \"no end\""),
    ] {
        let mut talk = talk((Audience::Program, ServerKind::Chat));
        assert_eq!(talk.say("early\nbird\r\n"), "");
        talk.pass(DECIDE_AFTER);
        assert_eq!(
            talk.conversation.foreign_server(),
            None,
            "a busy one has time"
        );
        talk.hear(answer);
        match closes {
            true => talk.conversation.handle_close(talk.now),
            false => talk.pass(GREET_WITHIN - DECIDE_AFTER),
        }
        let expected = Some(format!("that is no chat server: {expected}"));
        assert_eq!(foreign_server(&talk), expected);
        assert_eq!(talk.say("late"), "");
        assert!(!talk.conversation.is_settled());
        let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
        assert_eq!(undelivered.first(), Some(&"early\nbird"));
    }
}

#[test]
fn a_person_is_told_that_a_plain_server_confirms_nothing() {
    for (way, is_told) in WAYS.into_iter().zip([true, true, false, false]) {
        for says in [true, false] {
            let mut talk = talk(way);
            match says {
                true => talk.hear("hello\n"),
                false => talk.pass(DECIDE_AFTER),
            }
            if way == (Audience::Program, ServerKind::Chat) {
                continue;
            }
            assert!(talk.conversation.is_settled());
            assert_eq!(talk.say("hi"), "hi\n");
            let shown = talk.shown();
            let told = shown.iter().filter(|row| row.contains("nothing tells"));
            assert_eq!(told.count(), usize::from(is_told), "{shown:?}");
            talk.hear("more\n");
            assert_eq!(talk.shown(), ["more"]);
        }
    }
}

#[test]
fn what_a_plain_server_says_last_needs_no_end() {
    let mut talk = talk((Audience::Program, ServerKind::PlainLines));
    talk.hear("hello\nbye");
    talk.conversation.handle_close(talk.now);
    assert_eq!(talk.shown(), ["hello", "bye"]);
}

/// Were it not said the server would say what it says to a person with `nc`.
#[test]
fn leaving_before_the_welcome_sends_a_goodbye() {
    let mut talk = talk((Audience::Prompt, ServerKind::Chat));
    talk.hear("\r-- chat/1 welcome\n");
    talk.conversation.quit();
    let output = talk.output();
    let said: Vec<&str> = output.lines().skip(1).collect();
    assert_eq!(said, [r#"{"type":"quit"}"#]);
    talk.hear(&format!("{WELCOME}\n"));
    talk.shown();
    talk.hear(r#"{"time":"2026-11-23T10:00:00.123Z","type":"notice","text":"you have left"}"#);
    talk.hear("\n");
    assert_eq!(talk.output(), "");
    assert_eq!(talk.shown(), [""; 0]);
    // Nor is anything said to one that has only greeted since.
    let mut talk = self::talk((Audience::Prompt, ServerKind::Chat));
    talk.conversation.quit();
    talk.hear("\r-- chat/1 welcome\n");
    assert_eq!(talk.output(), "");
}

const FULL: &str = "the room is full: try again later";

/// The error to a hello.
fn error(code: &str, text: &str) -> String {
    format!(
        r#"{{"time":"2026-11-23T10:00:00.123Z","type":"error","code":"{code}","text":"{text}"}}"#
    ) + "\n"
}

/// Is not let in, over one connection.
fn refuse(talk: &mut Talk, ways: &[&str]) {
    for words in ways {
        talk.hear(words);
    }
    talk.conversation.handle_close(talk.now);
}

#[test]
fn a_full_room_is_told_once_and_comes_to_nothing_else() {
    let greeting = format!("\r-- chat/1 {FULL}\n");
    let full = error("full", FULL);
    let all: [&[&str]; 4] = [
        &[&greeting, &full],
        &[&greeting],
        // Closed in the middle of it.
        &[greeting.trim_end()],
        &["\r-- chat/1 welcome\n", &full],
    ];
    for ways in all {
        let mut talk = talk((Audience::Prompt, ServerKind::Chat));
        talk.say("waits");
        for attempt in 0..3 {
            refuse(&mut talk, ways);
            assert!(talk.conversation.is_refused_for_now());
            assert_eq!(talk.conversation.end_reason().as_deref(), Some(FULL));
            assert_eq!(talk.conversation.handle_disconnect(talk.now), FULL_FOR);
            let told = talk.conversation.tell_refusal();
            assert_eq!(told.as_deref(), (attempt == 0).then_some(FULL));
            assert_eq!(talk.conversation.outage_reason(), Some("not let in yet"));
            assert!(talk.conversation.was_refused());
            talk.pass(FULL_FOR);
            talk.conversation.handle_reconnect(talk.now);
        }
        assert_eq!(talk.shown(), [""; 0], "nothing else");
        talk.output();
        talk.hear(&format!("\r-- chat/1 welcome\n{WELCOME}\n"));
        // It is the first time that she is in.
        let shown = talk.shown();
        assert!(shown[0].starts_with("-- you are ann;"), "{shown:?}");
        assert!(talk.output().contains(r#""text":"waits""#));
        assert!(!talk.conversation.was_refused());
    }
}

#[test]
fn another_reason_is_told_too() {
    let mut talk = talk((Audience::Program, ServerKind::Chat));
    let not_kept = error("not_kept", "the disk is full");
    for (words, told) in [
        (&error("full", FULL), Some(FULL)),
        (&error("full", FULL), None),
        (&not_kept, Some("the disk is full")),
        (&error("full", FULL), Some(FULL)),
    ] {
        refuse(&mut talk, &["\r-- chat/1 welcome\n", words]);
        talk.conversation.handle_disconnect(talk.now);
        assert_eq!(talk.conversation.tell_refusal().as_deref(), told);
        talk.conversation.handle_reconnect(talk.now);
    }
}

#[test]
fn what_will_not_change_is_told_and_not_tried_again() {
    for was_full in [false, true] {
        let mut talk = talk((Audience::Prompt, ServerKind::Chat));
        if was_full {
            refuse(&mut talk, &["\r-- chat/1 welcome\n", &error("full", FULL)]);
            talk.conversation.handle_disconnect(talk.now);
            talk.conversation.handle_reconnect(talk.now);
        }
        let text = "this server speaks protocol 2 only";
        refuse(
            &mut talk,
            &["\r-- chat/1 welcome\n", &error("bad_command", text)],
        );
        assert!(!talk.conversation.may_reconnect());
        assert_eq!(talk.conversation.end_reason(), None, "it is told already");
        assert_eq!(talk.shown(), [format!("-- {text}")]);
    }
}

/// Also if a connection ends without a word meanwhile, or leads to another server.
#[test]
fn a_room_that_was_full_is_tried_until_it_lets_us_in() {
    let mut talk = talk((Audience::Prompt, ServerKind::Chat));
    assert!(!talk.conversation.may_reconnect(), "nothing is known of it");
    refuse(&mut talk, &["\r-- chat/1 welcome\n", &error("full", FULL)]);
    for words in ["", "\r-- chat/1 welcome\n", "220 not yours\n"] {
        assert!(talk.conversation.may_reconnect());
        talk.conversation.handle_disconnect(talk.now);
        talk.conversation.handle_reconnect(talk.now);
        refuse(&mut talk, &[words]);
    }
    assert!(talk.conversation.may_reconnect());
}

#[test]
fn why_a_connection_is_closed_is_told_by_how_far_it_came() {
    let mut talk = talk((Audience::Prompt, ServerKind::Chat));
    let reason = |talk: &Talk| talk.conversation.end_reason().expect("a reason");
    let nothing = "the server closed the connection without a word. Is it a chat server?";
    assert_eq!(reason(&talk), nothing);
    talk.pass(DECIDE_AFTER);
    assert_eq!(reason(&talk), nothing);
    talk.hear("\r-- chat/1 welcome\n");
    assert_eq!(
        reason(&talk),
        "the server closed the connection before it let us in"
    );
    talk.hear(&format!("{WELCOME}\n"));
    assert_eq!(reason(&talk), "the server went away");
}

#[test]
fn a_newcomer_is_told_who_is_here_and_how_to_go_on() {
    let names = |count: usize| -> Vec<String> {
        let others = (1..=count).map(|number| format!("p{number}"));
        std::iter::once("ann".to_owned()).chain(others).collect()
    };
    for (people, names, company) in [
        (1, names(0), "nobody else is here yet"),
        (2, names(1), "here: p1"),
        (3, names(2), "here: p1, p2"),
        (9, names(8), "here: p1, p2, p3, p4, p5, p6, p7, p8"),
        (
            10,
            names(9),
            "here: p1, p2, p3, p4, p5, p6, p7, p8 and 1 other",
        ),
        (
            1000,
            names(200),
            "here: p1, p2, p3, p4, p5, p6, p7, p8 and 991 others",
        ),
        (2, names(0), "1 other is here"),
        (4, names(0), "3 others are here"),
    ] {
        for (audience, help) in [
            (Audience::Prompt, ". /help for commands and keys"),
            (Audience::Lines, ". /help for commands"),
            (Audience::Program, ""),
        ] {
            for (kept, is_kept) in [(false, ""), (true, "; what is said is kept")] {
                let mut talk = talk((audience, ServerKind::Chat));
                talk.hear("\r-- chat/1 welcome\n");
                talk.hear(&format!(
                    r#"{{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":{people},"names":{names:?},"limits":{{"text":4096,"line":1,"name":1}},"kept":{kept}}}"#
                ));
                talk.hear("\n");
                assert_eq!(
                    talk.shown(),
                    [format!("-- you are ann; {company}{is_kept}{help}")]
                );
            }
        }
    }
}

/// Only where there are keys.
#[test]
fn help_tells_the_keys_of_a_prompt() {
    for (audience, has_keys) in [
        (Audience::Prompt, true),
        (Audience::Lines, false),
        (Audience::Program, false),
    ] {
        let mut talk = talk((audience, ServerKind::Chat));
        talk.hear(&format!("\r-- chat/1 welcome\n{WELCOME}\n"));
        talk.output();
        talk.shown();
        assert_eq!(talk.say("/help"), "");
        let help = talk.shown();
        assert!(help.iter().all(|row| row.len() < 80), "{help:?}");
        let help = help.join("\n");
        for command in chat_proto::catalogue::words(Rank::Ordinary) {
            let is_told = command == "help" || help.contains(&format!("-- /{command} "));
            assert!(is_told, "{command} in {help}");
        }
        for key in ["Tab", "M-Enter", "C-r", "C-c", "C-d"] {
            assert_eq!(help.contains(key), has_keys, "{key} in {help}");
        }
    }
}
