//! What operators do, and what the person may do.

use chat_proto::event::Rank;

use super::*;

const TIME: &str = "2026-11-23T10:00:00.000Z";

fn event(seq: u64, members: &str) -> String {
    format!("{{\"seq\":{seq},\"time\":\"{TIME}\",{members}}}\n")
}

fn reply(members: &str) -> String {
    format!("{{\"time\":\"{TIME}\",{members}}}\n")
}

fn left(seq: u64, names: &[&str]) -> String {
    event(seq, &format!(r#""type":"left","names":{names:?}"#))
}

fn removed(seq: u64, name: &str) -> String {
    event(
        seq,
        &format!(r#""type":"removed","by":"op","name":"{name}""#),
    )
}

fn rank(seq: u64, kind: &str, name: &str) -> String {
    event(
        seq,
        &format!(r#""type":"{kind}","by":"bo","name":"{name}""#),
    )
}

/// The welcome at event `seq` of the room `r1`, with these members more.
fn welcome(seq: u64, members: &str) -> String {
    event(
        seq,
        &format!(
            r#""type":"welcome","name":"ann","people":2,"names":["ann","bo"],"limits":{{"text":4096,"line":1,"name":1}},"room":"r1","first":1{members}"#
        ),
    )
}

/// Ann at a prompt, who has come in at event 10, with these members more in the welcome.
fn joined(members: &str) -> Talk {
    joined_as(Rank::Ordinary, members)
}

/// By a way in that gives this rank.
fn joined_as(rank: Rank, members: &str) -> Talk {
    let mut talk = Talk::with(JoinOptions {
        audience: Audience::Prompt,
        replay: 20,
        rank,
        ..JoinOptions::default()
    });
    talk.hear("\r-- chat/1 welcome\n");
    talk.hear(&welcome(10, members));
    talk.output();
    talk
}

fn ordinary() -> Talk {
    let mut talk = joined("");
    talk.shown();
    talk
}

fn operator() -> Talk {
    let mut talk = joined(r#","operator":true"#);
    talk.shown();
    talk
}

/// Loses the connection, and comes back at event `seq`, with these members more.
fn come_back(talk: &mut Talk, seq: u64, members: &str) {
    talk.conversation.handle_disconnect(talk.now);
    talk.pass(Duration::from_secs(2));
    talk.conversation.handle_reconnect(talk.now);
    talk.hear("\r-- chat/1 welcome\n");
    talk.hear(&welcome(seq, members));
    talk.output();
}

const TOPIC: &str = r#","topic":{"text":"release 2","by":"bo","time":"2026-11-22T10:00:00.000Z"}"#;

#[test]
fn a_newcomer_is_told_the_topic_and_the_own_rank() {
    let help = "here: bo. /help for commands and keys";
    assert_eq!(joined("").shown(), [format!("-- you are ann; {help}")]);
    let mut talk = joined(&format!(r#"{TOPIC},"operator":true"#));
    assert_eq!(
        talk.shown(),
        [
            &format!("-- you are ann, an operator; {help}"),
            "-- topic, by bo: release 2"
        ]
    );
    // The events that follow tell what has changed.
    come_back(
        &mut talk,
        10,
        &format!(r#"{TOPIC},"resumed":true,"from":11"#),
    );
    assert_eq!(talk.shown(), ["-- back after 2 s"]);
    assert_eq!(talk.conversation.rank(), Rank::Ordinary);
    // It is another room.
    let topic = TOPIC.replace(r#","by":"bo""#, "");
    come_back(&mut talk, 0, &format!(r#"{topic},"resumed":false"#));
    assert_eq!(
        talk.shown(),
        ["-- back after 2 s", "-- topic, by the operator: release 2"]
    );
}

/// No message tells that a person runs the server: the way in does.
#[test]
fn at_the_control_socket_the_person_runs_the_server() {
    let mut talk = joined_as(Rank::Control, r#","operator":true"#);
    let has_reload = |talk: &mut Talk| {
        talk.shown();
        assert_eq!(talk.say("/help"), "");
        talk.shown().iter().any(|row| row.starts_with("-- /reload"))
    };
    assert!(has_reload(&mut talk));
    talk.hear(&rank(11, "op", "ann"));
    assert!(has_reload(&mut talk));
    talk.hear(&rank(12, "deop", "ann"));
    assert!(has_reload(&mut talk));
    come_back(&mut talk, 12, r#","resumed":true,"from":13"#);
    assert!(has_reload(&mut talk));
    assert!(!has_reload(&mut operator()));
}

#[test]
fn the_rank_changes_with_the_events_that_name_the_person() {
    let mut talk = ordinary();
    let has_kick = |talk: &mut Talk| {
        assert_eq!(talk.say("/help"), "");
        let help = talk.shown();
        assert!(help.iter().all(|row| row.len() < 80), "{help:?}");
        help.iter().any(|row| row.starts_with("-- /kick NAME"))
    };
    assert!(!has_kick(&mut talk));
    talk.hear(&rank(11, "op", "cy"));
    assert_eq!(talk.shown(), ["[cy] was made an operator by bo"]);
    assert!(!has_kick(&mut talk));
    assert_eq!(talk.say("/kik"), "");
    assert!(!talk.shown()[0].contains("/kick"), "it is not proposed");
    talk.hear(&rank(12, "op", "ann"));
    assert_eq!(
        talk.shown(),
        ["-- bo has made you an operator: /help lists what you can do"]
    );
    assert!(has_kick(&mut talk));
    assert_eq!(talk.say("/kik"), "");
    assert!(talk.shown()[0].contains("did you mean /kick?"));
    talk.hear(&rank(13, "deop", "cy"));
    assert_eq!(talk.shown(), ["[cy] is an operator no more, by bo"]);
    assert_eq!(talk.conversation.rank(), Rank::Operator);
    talk.hear(&rank(14, "deop", "ann"));
    assert_eq!(talk.shown(), ["-- you are an operator no more, by bo"]);
    assert!(!has_kick(&mut talk));
    // The welcome has told what came of events before it.
    let operator = r#","operator":true,"resumed":true,"from":15"#;
    come_back(&mut talk, 16, operator);
    talk.hear(&rank(15, "deop", "ann"));
    talk.hear(&rank(16, "op", "ann"));
    assert_eq!(
        talk.shown()[1..],
        [
            "10:00 [ann] is an operator no more, by bo",
            "10:00 [ann] was made an operator by bo"
        ]
    );
    assert!(has_kick(&mut talk));
}

/// The server decides, since a rank can change without an event that names the person.
#[test]
fn a_command_for_operators_is_sent_and_its_refusal_told() {
    let mut talk = ordinary();
    assert_eq!(
        talk.say("/kick bo too loud"),
        "{\"type\":\"kick\",\"name\":\"bo\",\"text\":\"too loud\"}\n"
    );
    talk.hear(&reply(
        r#""type":"error","code":"not_allowed","text":"/kick is for operators""#,
    ));
    assert_eq!(talk.shown(), ["-- /kick is for operators"]);
    assert_eq!(talk.conversation.refused(), 1);
    // One that lacks something cannot be sent. Its refusal is the same.
    assert_eq!(talk.say("/kick"), "");
    assert_eq!(talk.shown(), ["-- /kick is for operators"]);
    assert_eq!(talk.conversation.refused(), 2);
    assert!(!talk.conversation.is_unfit());
    // These are for all.
    assert_eq!(talk.say("/topic"), "{\"type\":\"topic\"}\n");
    assert_eq!(
        talk.say("/whois bo"),
        "{\"type\":\"whois\",\"name\":\"bo\"}\n"
    );
}

/// Of the server: it is cleaned once more, and who comes back does not read it again.
#[test]
fn a_newcomer_is_shown_the_greeting() {
    let mut talk = joined(r#","greeting":"be kind\n\u001b[31mand brief""#);
    let shown = talk.shown();
    assert_eq!(shown[1..], ["-- be kind", "-- and brief"]);
    come_back(&mut talk, 0, r#","greeting":"be kind","resumed":false"#);
    assert_eq!(talk.shown(), ["-- back after 2 s"]);
}

#[test]
fn each_measure_is_a_line_of_the_server() {
    let until = "2026-11-23T10:30:00.000Z";
    for (members, told) in [
        (
            r#""type":"topic","by":"bo","text":"v2""#,
            &["-- topic, by bo: v2"][..],
        ),
        (
            r#""type":"topic","by":"bo""#,
            &["-- bo has removed the topic"],
        ),
        (
            r#""type":"removed","name":"cy","reason":"loud""#,
            &["[cy] was removed by the operator: loud"],
        ),
        (
            r#""type":"banned","by":"bo","names":["cy","di"]"#,
            &[
                "[cy] was banned by bo for good",
                "[di] was banned by bo for good",
            ],
        ),
        (r#""type":"banned","by":"bo","names":[]"#, &[]),
        // Operators are told more.
        (
            r#""type":"banned","by":"bo","names":[],"private":{"subjects":["192.0.2.7"],"of":"cy","reason":"spam"}"#,
            &["-- for operators: the ban of cy is on 192.0.2.7: spam"],
        ),
        (r#""type":"unbanned","by":"bo""#, &[]),
        (
            &format!(r#""type":"muted","by":"bo","name":"cy","until":"{until}""#),
            &["[cy] was muted by bo for 30 min"],
        ),
        (
            r#""type":"unmuted","by":"bo","name":"cy""#,
            &["[cy] was unmuted by bo"],
        ),
        (
            r#""type":"slow","by":"bo","seconds":0"#,
            &["-- bo has ended slow mode"],
        ),
        (
            r#""type":"locked","by":"bo""#,
            &["-- bo has locked the room: no newcomers come in"],
        ),
        (
            r#""type":"unlocked","by":"bo""#,
            &["-- bo has unlocked the room"],
        ),
        (
            r#""type":"announced","by":"bo","text":"one\ntwo""#,
            &["-- announcement: one", "-- announcement: two"],
        ),
        (
            r#""type":"erased","by":"bo","target":7,"reason":"a password""#,
            &["-- message 7 was erased by bo: a password"],
        ),
    ] {
        let mut talk = ordinary();
        talk.hear(&event(11, members));
        assert_eq!(talk.shown(), told, "{members}");
        // What was missed has its time.
        let mut missed = ordinary();
        come_back(&mut missed, 11, r#","resumed":true,"from":11"#);
        missed.shown();
        missed.hear(&event(11, members));
        let told: Vec<String> = told.iter().map(|row| format!("10:00 {row}")).collect();
        assert_eq!(missed.shown(), told, "{members}");
    }
}

/// Whom it hits is in the answer to the operator who took it.
#[test]
fn an_operator_is_not_told_twice() {
    for (by, told) in [
        ("ann", None),
        (
            "bo",
            Some("-- for operators: the ban was on 192.0.2.7, and bo has lifted it"),
        ),
    ] {
        let mut talk = ordinary();
        let private = r#""private":{"subjects":["192.0.2.7"]}"#;
        talk.hear(&event(
            11,
            &format!(r#""type":"unbanned","by":"{by}",{private}"#),
        ));
        assert_eq!(talk.shown(), told.as_slice(), "{by}");
    }
}

#[test]
fn ones_own_announcement_does_not_call_oneself() {
    use crate::output::line::Kind;

    for (by, expected) in [
        (r#""by":"ann","#, true),
        (r#""by":"bo","#, false),
        ("", false),
    ] {
        let mut talk = ordinary();
        talk.hear(&event(
            11,
            &format!(r#""type":"announced",{by}"text":"hi ann""#),
        ));
        let shown = std::mem::take(talk.conversation.shown());
        assert!(matches!(shown[0].kind, Kind::Announced { own, .. } if own == expected));
    }
}

#[test]
fn a_person_who_was_removed_is_not_told_as_gone_too() {
    let mut talk = ordinary();
    talk.hear(&removed(11, "cy"));
    talk.hear(&event(
        12,
        r#""type":"banned","by":"op","names":["di","ed"]"#,
    ));
    talk.shown();
    talk.hear(&left(13, &["cy", "flo", "ed"]));
    assert_eq!(talk.shown(), ["[flo] is offline"]);
    talk.hear(&left(14, &["di"]));
    assert_eq!(talk.shown(), [""; 0]);
    // Later they go as all others do.
    talk.hear(&event(15, r#""type":"entered","names":["cy","di"]"#));
    talk.hear(&left(16, &["cy", "di"]));
    let shown = talk.shown();
    assert_eq!(shown[2..], ["[cy] is offline", "[di] is offline"]);
    // The departure was not told, and another person has the name now.
    talk.hear(&removed(17, "cy"));
    talk.hear(&event(18, r#""type":"entered","names":["cy"]"#));
    talk.hear(&removed(19, "gus"));
    talk.hear(&event(20, r#""type":"renamed","old":"flo","new":"gus""#));
    talk.shown();
    talk.hear(&left(21, &["cy", "gus"]));
    assert_eq!(talk.shown(), ["[cy] is offline", "[gus] is offline"]);
    assert_eq!(talk.conversation.people().names().count(), 1, "bo");
}

/// Programs get both.
#[test]
fn objects_of_measures_come_as_they_are() {
    let mut talk = ordinary();
    talk.conversation.keep_objects(Presence::Shown);
    let lines = [removed(11, "cy"), left(12, &["cy"])];
    lines.iter().for_each(|line| talk.hear(line));
    let objects = talk.conversation.objects().concat();
    assert_eq!(objects, lines.concat().replace('\n', ""));
}

#[test]
fn a_removal_and_its_departure_can_be_on_two_connections() {
    let mut talk = ordinary();
    talk.hear(&removed(11, "cy"));
    talk.hear(&removed(12, "di"));
    come_back(&mut talk, 13, r#","resumed":true,"from":13"#);
    talk.shown();
    talk.hear(&left(13, &["cy"]));
    assert_eq!(talk.shown(), [""; 0]);
    // After a restart no departure follows.
    talk.hear(&event(14, r#""type":"room","room":"r1","people":0"#));
    talk.hear(&left(15, &["di"]));
    assert_eq!(talk.shown(), ["[di] is offline"]);
}

/// Only for those who can do something with them.
#[test]
fn the_past_that_an_operator_asks_for_has_numbers() {
    let says = |seq, text: &str| {
        event(
            seq,
            &format!(r#""type":"message","name":"bo","text":"{text}""#),
        )
    };
    for (mut talk, expected) in [(operator(), "#9 "), (ordinary(), "")] {
        // What is shown on joining has none.
        talk.hear(&says(8, "before"));
        assert_eq!(talk.shown(), ["10:00 <bo> before"]);
        assert!(talk.say("/history 2").contains(r#""count":2"#));
        talk.hear(&says(9, "one\\ntwo"));
        talk.hear(&says(11, "now"));
        talk.hear(&reply(r#""type":"history","first":9,"last":9"#));
        assert_eq!(
            talk.shown(),
            [
                &format!("10:00 {expected}<bo> one"),
                &format!("10:00 {expected}<bo> two"),
                "<bo> now"
            ]
        );
    }
}

#[test]
fn answers_are_notices() {
    let mut talk = operator();
    let ban = |what: &str| {
        format!(r#"{{"what":"{what}","by":"ann","time":"2026-11-23T09:00:00Z","hits":2}}"#)
    };
    for (members, told) in [
        (
            r#""type":"done","text":"bo was removed""#.to_owned(),
            "-- bo was removed",
        ),
        (
            format!(r#""type":"bans","bans":[{}],"more":true"#, ban("192.0.2.7")),
            "-- 192.0.2.7 is banned for good, since 2026-11-23T09:00:00Z by ann, hit 2 times",
        ),
        (
            format!(
                r#""type":"bans","bans":[{}],"more":false"#,
                ban("192.0.2.8")
            ),
            "-- 192.0.2.8 is banned for good, since 2026-11-23T09:00:00Z by ann, hit 2 times",
        ),
        (
            r#""type":"bans","bans":[],"more":false"#.to_owned(),
            "-- no bans",
        ),
        (
            r#""type":"whois","name":"bo","since":"2026-11-23T09:00:00Z","idle_ms":5000"#
                .to_owned(),
            "-- bo is here since 2026-11-23T09:00:00Z, and has said nothing for 5 s",
        ),
    ] {
        talk.hear(&reply(&members));
        assert_eq!(talk.shown(), [told]);
    }
    assert_eq!(talk.conversation.refused(), 0);
}

/// The person can say it again later.
#[test]
fn a_message_that_may_not_be_said_now_is_given_back() {
    for (code, why) in [("muted", "you are muted for 9 min"), ("slow", "wait 5 s")] {
        let mut talk = ordinary();
        let sent = talk.say("so there");
        let id = id_of(&sent);
        talk.hear(&reply(&format!(
            r#""type":"error","code":"{code}","text":"{why}","id":"{id}""#
        )));
        assert_eq!(talk.shown(), [format!("-- {why}: so there")]);
        assert!(!talk.conversation.is_unfit() && talk.conversation.all_delivered());
        assert_eq!(talk.conversation.refused(), 1);
    }
}

/// The connection was lost before it came back.
#[test]
fn nothing_stays_of_a_message_that_was_erased() {
    let mut talk = ordinary();
    let sent = talk.say("my password");
    let id = id_of(&sent).to_owned();
    come_back(&mut talk, 12, r#","resumed":true,"from":11"#);
    talk.shown();
    talk.hear(&event(
        11,
        &format!(r#""type":"message","name":"ann","text":"[removed by bo]","tag":"00000000000000ff","id":"{id}","erased":true"#),
    ));
    talk.hear(&event(12, r#""type":"erased","by":"bo","target":11"#));
    talk.hear(&reply(&format!(
        r#""type":"confirmed","id":"{id}","seq":11"#
    )));
    assert_eq!(
        talk.shown(),
        [
            "10:00 <You> [removed by bo]",
            "10:00 -- message 11 was erased by bo"
        ]
    );
    assert!(talk.conversation.all_delivered());
    assert!(!format!("{:?}", talk.conversation).contains("my password"));
}
