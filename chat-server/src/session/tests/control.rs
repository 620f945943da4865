//! The person who runs the server, at the control socket.

use super::*;
use crate::access::keys::fixtures::person_key;
use crate::access::password::PasswordHash;
use crate::config::{Config, TlsMode};
use crate::timeline::log::ORIGIN;
use chat_proto::event::{Speech, SpeechKind};
use chat_proto::password::Password;
use chat_proto::text::Text;
use std::sync::Arc;

/// A peer at the control socket.
fn operator(hall: &mut Hall) -> usize {
    let number = hall.sessions.len();
    let caller = Caller {
        remote: Remote::Control,
        carrier: Carrier::Control,
        key: None,
    };
    let session = Session::new(client(number as u32), caller, &mut hall.hub, hall.now);
    hall.sessions.push(session);
    number
}

const GREETING: &str = "\
\r-- chat/1 welcome to the control socket: 1 person is in the room, and you are not
\r-- type to come in as operator and talk, or /nick NAME to come in under that name; /help tells \
the rest
";

#[test]
fn an_operator_is_outside_until_it_says_something() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let it = operator(&mut hall);
    assert_eq!(hall.read(it), GREETING);
    hall.send(ann, "before\n");
    hall.send(it, "\n");
    hall.pass(Duration::from_secs(24 * 60 * 60));
    assert_eq!(hall.sessions[it].stage(), Stage::Outside);
    assert_eq!(hall.sessions[it].deadline(), None);
    assert!(!hall.sessions[it].is_unjoined());
    assert_eq!(hall.read(it), "");
    assert_eq!(hall.read(ann), "");
    hall.send(it, "hello\n");
    let heard = "\r[operator] entered room\n\r<operator> hello\n";
    assert_eq!(hall.read(ann), heard);
    assert_eq!(hall.sessions[it].stage(), Stage::Present);
    // Of what was said while it was outside it is told nothing.
    hall.send(ann, "hi\n");
    assert_eq!(hall.read(it), "\r<ann> hi\n");
}

#[test]
fn each_word_to_the_room_brings_an_operator_in() {
    for (said, heard) in [
        (
            "/me waves",
            "\r[operator] entered room\n\r* operator waves\n",
        ),
        ("/nick root", "\r[root] entered room\n"),
        ("//x", "\r[operator] entered room\n\r<operator> /x\n"),
    ] {
        let mut hall = Hall::new();
        let ann = hall.join("ann");
        let it = operator(&mut hall);
        hall.send(it, format!("{said}\n"));
        assert_eq!(hall.read(ann), heard);
    }
}

#[test]
fn what_an_operator_asks_from_outside_the_room_does_not_hear() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "one\n");
    let it = operator(&mut hall);
    hall.read(it);
    hall.send(it, "/who\n");
    assert_eq!(hall.read(it), "\r-- here (1 in all): ann\n");
    hall.send(it, "/history 5\n");
    assert!(hall.read(it).contains("<ann> one\n"));
    hall.send(it, "/help\n");
    assert!(hall.read(it).contains("/who"));
    hall.send(it, "/nonsense\n");
    assert!(hall.read(it).starts_with("\r-- "));
    assert_eq!(hall.sessions[it].stage(), Stage::Outside);
    hall.send(it, "/quit\n");
    assert_eq!(hall.read(it), "\r-- goodbye\n");
    assert_eq!(hall.sessions[it].stage(), Stage::Closing);
    assert_eq!(hall.sessions[it].reason(), Reason::Quit);
    assert_eq!(hall.read(ann), "");
    assert_eq!(hall.sessions[it].name(), None);
}

/// A crowd is told name by name, as far as the peer takes it.
#[test]
fn an_operator_outside_is_told_of_a_crowd() {
    let mut hall = Hall::new();
    for number in 0..3000 {
        let wanted = Name::choose(&format!("person{number}x")).unwrap();
        hall.hub.enter(&wanted, None, hall.now);
    }
    hall.hub.timeline.show_all();
    let it = operator(&mut hall);
    hall.read(it);
    hall.send(it, "/who\n");
    let told = hall.read(it);
    assert_eq!(told.matches("person").count(), 3000);
    assert_eq!(hall.sessions[it].stage(), Stage::Outside);
}

#[test]
fn an_operator_whose_input_ends_gets_its_answers() {
    let mut hall = Hall::new();
    hall.join("ann");
    let it = operator(&mut hall);
    hall.send(it, "/who\n");
    hall.sessions[it].input_ended(&mut hall.hub, hall.now);
    assert_eq!(
        hall.read(it),
        format!("{GREETING}\r-- here (1 in all): ann\n")
    );
    assert_eq!(hall.sessions[it].stage(), Stage::Closing);
}

/// In JSON form it is as any other program, but for the name that it has without one.
#[test]
fn a_program_joins_at_its_hello() {
    let mut hall = Hall::new();
    for (hello, name) in [
        (json!({"protocol": 1}), "operator"),
        (json!({"protocol": 1}), "operator-2"),
        (json!({"protocol": 1, "name": "root"}), "root"),
    ] {
        let it = operator(&mut hall);
        hall.read(it);
        hall.send(it, format!("/hello {hello}\n"));
        let welcome = &hall.objects(it)[0];
        assert_eq!(welcome["type"], "welcome");
        assert_eq!(welcome["name"], name);
    }
}

#[test]
fn no_setting_keeps_an_operator_out() {
    let mut hall = Hall::new();
    let hash = PasswordHash::of(&Password::said("correct horse"));
    hall.hub.access.set_password(Some(hash));
    hall.set_people(Naming::Known, "");
    hall.hub.set_config(Arc::new(Config {
        tls: TlsMode::Require,
        ..Config::of(Limits::default())
    }));
    let it = operator(&mut hall);
    let empty = GREETING.replace("1 person is", "no person is");
    assert_eq!(hall.read(it), empty);
    hall.send(it, "/nick root\n");
    assert_eq!(hall.read(it), "\r-- you are now known as root\n");
    let program = operator(&mut hall);
    hall.send(program, "/hello {\"protocol\":1}\n");
    assert_eq!(hall.objects(program)[0]["name"], "operator");
}

/// A name that belongs to a key is not an operator's either.
#[test]
fn a_taken_name_leaves_the_usual_one() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let it = operator(&mut hall);
    hall.read(it);
    hall.send(it, "/nick ann\n");
    assert!(hall.read(it).contains("you keep your name: ann is taken"));
    assert_eq!(hall.read(ann), "\r[operator] entered room\n");
}

/// Nothing can be kept, and others cannot come in: an operator does, to see to it.
#[test]
fn an_operator_comes_in_while_nothing_can_be_kept() {
    let mut hall = Hall::new();
    hall.hub.timeline.keep(1, ORIGIN, u64::MAX);
    let ann = Name::choose("ann").unwrap();
    while hall.hub.timeline.head().json < ORIGIN + (2 << 20) {
        let speech = Speech {
            name: ann.clone(),
            text: Text::clean(&"x".repeat(4000)).unwrap(),
            held: None,
            id: None,
            tag: None,
        };
        hall.hub.say(speech, None, SpeechKind::Message, hall.now);
    }
    let trouble = crate::hub::notice("the disk is full");
    hall.hub.timeline.set_trouble(Some(trouble));
    assert!(!hall.hub.timeline.has_space());
    let other = hall.connect();
    hall.send(other, "/nick bo\n");
    assert_eq!(hall.sessions[other].stage(), Stage::Closing);
    let it = operator(&mut hall);
    hall.send(it, "/nick root\n");
    assert_eq!(hall.sessions[it].stage(), Stage::Present);
}

/// A program that only asks and orders stays outside, whatever it asks.
#[test]
fn a_program_stays_aside_if_it_wants_that() {
    let mut hall = Hall::new();
    let key = person_key(1).public().to_openssh().unwrap();
    let lines = format!("name=\"cy\" {key}\n");
    hall.set_people(Naming::Claim, &lines);
    let ann = hall.join("ann");
    let it = operator(&mut hall);
    hall.read(it);
    hall.send(it, "/hello {\"protocol\":1,\"join\":false}\n");
    let welcome = &hall.objects(it)[0];
    assert_eq!(welcome["type"], "welcome");
    assert_eq!(welcome["operator"], true);
    hall.send(ann, "hi\n");
    for (request, kind, text) in [
        (json!({"type": "ping", "id": "1"}), "pong", None),
        (json!({"type": "who"}), "who", None),
        (
            json!({"type": "forget", "name": "cy"}),
            "notice",
            Some("cy belongs to no key any more: any person can have it"),
        ),
        (
            json!({"type": "forget", "name": "cy"}),
            "notice",
            Some("cy belongs to no key"),
        ),
    ] {
        hall.send(it, format!("{request}\n"));
        let answer = &hall.objects(it)[0];
        assert_eq!(answer["type"], kind);
        assert_eq!(answer["text"].as_str(), text);
    }
    assert_eq!(hall.sessions[it].stage(), Stage::Outside);
    assert_eq!(hall.read(ann), "");
}

/// It is not a matter of the room, and the answer comes when the server has read the files.
#[test]
fn the_configuration_is_read_again_for_the_person_who_runs_the_server_only() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "/reload\n");
    let refused = "\r-- /reload is for the person who runs the server, at its control socket\n";
    assert_eq!(hall.read(ann), refused);
    assert!(hall.hub.take_reloads().is_empty());
    let it = operator(&mut hall);
    hall.read(it);
    hall.send(it, "/help\n");
    let help = hall.read(it);
    assert!(help.contains("/reload  "), "{help}");
    for (told, heard) in [
        (Ok("one\ntwo".to_owned()), "\r-- one\n\r-- two\n"),
        (
            Err("a mistake\nanother".to_owned()),
            "\r-- a mistake\n\r-- another\n",
        ),
    ] {
        hall.send(it, "/reload\n/who\n");
        assert_eq!(hall.read(it), "");
        assert_eq!(hall.hub.take_reloads(), [client(it as u32)]);
        let answer = hall.hub.reloaded(told);
        hall.sessions[it].outcome(answer, &mut hall.hub, hall.now);
        // What was said behind it is heard then.
        hall.send(it, "");
        let who = "\r-- here (1 in all): ann\n";
        assert_eq!(hall.read(it), format!("{heard}{who}"));
    }
    hall.send(it, "/hello {\"protocol\":1,\"join\":false}\n");
    hall.read(it);
    hall.send(it, "{\"type\":\"reload\",\"id\":\"7\"}\n");
    hall.hub.take_reloads();
    let answer = hall.hub.reloaded(Err("a mistake".to_owned()));
    hall.sessions[it].outcome(answer, &mut hall.hub, hall.now);
    let heard = hall.read(it);
    for member in [r#""type":"error""#, r#""text":"a mistake""#, r#""id":"7""#] {
        assert!(heard.contains(member), "{heard}");
    }
    assert_eq!(hall.read(ann), "");
}

/// People who come in are told it behind the welcome, programs also in the welcome, and the
/// person who runs the server is not.
#[test]
fn the_greeting_is_told_to_all_who_come_in() {
    let mut hall = Hall::new();
    let config = Config {
        greeting: Some(Text::clean("be kind\n\nand brief").unwrap()),
        ..Config::of(*hall.hub.limits())
    };
    hall.hub.set_config(Arc::new(config));
    let ann = hall.connect();
    let heard = hall.read(ann);
    let (welcome, greeting) = heard.split_once("\r-- be kind\n").unwrap();
    assert!(welcome.starts_with("\r-- chat/1 welcome"), "{heard}");
    assert_eq!(greeting, "\r-- \n\r-- and brief\n");
    hall.send(ann, "/hello {\"protocol\":1,\"name\":\"ann\"}\n");
    let welcome = hall.read(ann);
    assert!(
        welcome.contains(r#""greeting":"be kind\n\nand brief""#),
        "{welcome}"
    );
    let it = operator(&mut hall);
    assert!(!hall.read(it).contains("be kind"));
    hall.send(it, "/hello {\"protocol\":1,\"join\":false}\n");
    assert!(!hall.read(it).contains("greeting"));
}

/// What bounds people does not bound a list of bans that the operator sends.
#[test]
fn an_operator_may_say_as_many_lines_as_it_likes() {
    let mut hall = Hall::new();
    hall.hub.set_limits(Limits {
        rate: 1,
        ..Limits::default()
    });
    let it = operator(&mut hall);
    hall.read(it);
    hall.send(it, "/bans\n".repeat(1000));
    while hall.sessions[it].has_work() {
        hall.sessions[it].go_on(&mut hall.hub, hall.now);
    }
    assert_eq!(hall.read(it).lines().count(), 1000);
}
