//! Lost connections, and messages from before we came.

mod delivery;
mod past;
mod presence;

use super::*;
use chat_proto::TIME_TO_RETURN;

/// The line of an event.
fn event(seq: u64, rest: &str) -> String {
    format!("{{\"seq\":{seq},\"time\":\"2026-11-23T10:{seq:02}:00.000Z\",{rest}}}\n")
}

fn message(seq: u64, name: &str, text: &str) -> String {
    event(
        seq,
        &format!(r#""type":"message","name":"{name}","text":"{text}""#),
    )
}

fn marked(seq: u64, name: &str, text: &str, id: &str) -> String {
    event(
        seq,
        &format!(r#""type":"message","name":"{name}","text":"{text}","id":"{id}""#),
    )
}

fn presence(seq: u64, kind: &str, names: &[&str]) -> String {
    event(seq, &format!(r#""type":"{kind}","names":{names:?}"#))
}

/// People come back after a restart, and have proved it.
fn back(seq: u64, names: &[&str]) -> String {
    let rest = format!(r#""type":"entered","names":{names:?},"back":{names:?}"#);
    event(seq, &rest)
}

fn restart(seq: u64) -> String {
    event(seq, r#""type":"room","room":"r1","people":0"#)
}

fn reply(rest: &str) -> String {
    format!("{{\"time\":\"2026-11-23T11:00:00.000Z\",{rest}}}\n")
}

/// A welcome with these members more, among these people.
fn welcome(seq: u64, name: &str, names: &[&str], rest: &str) -> String {
    let people = names.len();
    reply(&format!(
        r#""seq":{seq},"type":"welcome","name":"{name}","people":{people},"names":{names:?},"limits":{{"text":4096,"line":1,"name":1}}{rest}"#
    ))
}

const GREETING: &str = "\r-- chat/1 welcome\n";
const ROOM: &str = r#","room":"r1","first":1,"kept":true"#;
const RESUMED: &str = r#","room":"r1","first":1,"kept":true,"resumed":true"#;

impl Talk {
    /// In room `r1` at event 10, with `bo` and `cy`.
    fn in_room() -> Self {
        let mut talk = Self::new();
        talk.hear(GREETING);
        talk.hear(&welcome(10, "ann", &["ann", "bo", "cy"], ROOM));
        talk.output();
        talk.shown();
        talk
    }

    /// Loses the connection and has one again after 12 seconds; the hello.
    fn lose(&mut self) -> String {
        self.conversation.handle_disconnect(self.now);
        self.pass(Duration::from_secs(12));
        self.conversation.handle_reconnect(self.now);
        self.hear(GREETING);
        self.output()
    }

    /// Loses the connection and comes back at this event; the bytes that are sent then.
    fn come_back(&mut self, seq: u64) -> String {
        self.lose();
        self.hear(&welcome(seq, "ann", &["ann", "bo", "cy"], RESUMED));
        self.output()
    }

    fn here(&self) -> Vec<&str> {
        self.conversation
            .people()
            .names()
            .map(Name::as_str)
            .collect()
    }
}

#[test]
fn it_goes_on_exactly_where_it_was() {
    let mut talk = Talk::in_room();
    talk.hear(&message(11, "bo", "one"));
    assert_eq!(talk.shown(), ["<bo> one"]);
    assert_eq!(talk.lose(), hello(r#","resume":{"room":"r1","seq":11}"#));
    talk.hear(&welcome(13, "ann", &["ann", "bo"], RESUMED));
    talk.hear(&message(12, "bo", "two"));
    talk.hear(&message(13, "bo", "three"));
    talk.hear(&message(14, "bo", "four"));
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:12 <bo> two",
            "10:13 <bo> three",
            "<bo> four",
        ]
    );
    // Nothing that was here comes again.
    talk.hear(&message(13, "bo", "three"));
    talk.hear(&message(14, "bo", "four"));
    assert_eq!(talk.shown(), [""; 0]);
}

#[test]
fn nothing_in_json_comes_twice_either() {
    let mut talk = Talk::in_room();
    talk.conversation.keep_objects(Presence::Shown);
    talk.hear(&message(11, "bo", "one"));
    talk.come_back(12);
    talk.hear(&message(11, "bo", "one"));
    talk.hear(&restart(12));
    let objects = talk.conversation.objects();
    assert_eq!(objects.len(), 3, "{objects:?}");
    assert!(objects[1].contains(r#""type":"welcome""#), "{objects:?}");
    assert!(objects[2].contains(r#""type":"room""#), "{objects:?}");
}

#[test]
fn the_name_of_the_hello_is_the_present_one() {
    let mut talk = Talk::in_room();
    talk.hear(&event(11, r#""type":"renamed","old":"ann","new":"anna""#));
    assert!(talk.lose().contains(r#""name":"anna""#));
    talk.hear(&welcome(11, "127.0.0.1:4711", &["127.0.0.1:4711"], RESUMED));
    assert_eq!(
        talk.shown(),
        [
            "-- you are now known as anna",
            "-- back as 127.0.0.1:4711 after 12 s"
        ]
    );
    // Not what it became, which would grow with each return.
    assert!(talk.lose().contains(r#""name":"anna""#));
}

/// One that stands still counts as lost in the end.
#[test]
fn a_quiet_server_is_asked_for_a_sign_of_life() {
    let mut talk = Talk::in_room();
    talk.output();
    talk.pass(QUIET_FOR - Duration::from_millis(1));
    assert_eq!(talk.output(), "");
    talk.pass(Duration::from_millis(1));
    assert_eq!(talk.output(), "{\"type\":\"ping\"}\n");
    talk.pass(ANSWER_WITHIN - Duration::from_millis(1));
    talk.hear(&reply(r#""type":"pong""#));
    talk.pass(QUIET_FOR);
    assert_eq!(talk.output(), "{\"type\":\"ping\"}\n");
    assert!(!talk.conversation.is_unfit());
    talk.pass(ANSWER_WITHIN);
    assert!(talk.conversation.is_unfit());
    assert_eq!(talk.shown(), [""; 0]);
    // Stopped for a while ourselves, we ask before we give up.
    let mut talk = Talk::in_room();
    talk.pass(QUIET_FOR * 10);
    assert!(!talk.conversation.is_unfit());
}

#[test]
fn one_welcome_is_enough() {
    let mut talk = Talk::in_room();
    talk.conversation.say("hi".to_owned());
    talk.output();
    for _ in 0..3 {
        talk.hear(&welcome(10, "ann", &["ann"], ROOM));
    }
    assert_eq!(talk.output(), "");
    assert_eq!(talk.shown(), [""; 0]);
}

#[test]
fn another_room_is_a_fresh_start() {
    let mut talk = Talk::in_room();
    talk.lose();
    let other = r#","room":"r2","first":1,"kept":false,"resumed":false"#;
    talk.hear(&welcome(3, "ann", &["ann"], other));
    talk.hear(&reply(r#""type":"notice","text":"this is another room""#));
    talk.hear(&message(4, "bo", "new"));
    assert_eq!(
        talk.shown(),
        ["-- back after 12 s", "-- this is another room", "<bo> new"]
    );
    assert!(talk.lose().contains(r#""resume":{"room":"r2","seq":4}"#));
}

#[test]
fn a_server_that_cannot_resume_is_said_so() {
    let mut talk = Talk::joined();
    talk.hear(&message(9, "bo", "one"));
    talk.shown();
    assert!(!talk.lose().contains("resume"));
    talk.hear(&welcome(0, "ann", &["ann"], ""));
    // Numbers mean nothing there.
    talk.hear(&message(1, "bo", "two"));
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s; what was said meanwhile is missing",
            "<bo> two"
        ]
    );
}

#[test]
fn a_goodbye_says_why_and_how_long() {
    let mut talk = Talk::in_room();
    talk.hear(&reply(
        r#""type":"goodbye","text":"the server is shutting down\nbye","after_ms":1500"#,
    ));
    assert_eq!(
        talk.conversation.goodbye(),
        Some("the server is shutting down; bye")
    );
    assert_eq!(talk.shown(), [""; 0]);
    let wait = talk.conversation.handle_disconnect(talk.now);
    assert_eq!(wait, Duration::from_millis(1500));
    let why = Some("the server is shutting down; bye");
    assert_eq!(talk.conversation.outage_reason(), why);
    // It holds for one attempt, and the reason for all of them.
    talk.pass(Duration::from_secs(3));
    talk.conversation.handle_reconnect(talk.now);
    assert_eq!(
        talk.conversation.handle_disconnect(talk.now),
        Duration::ZERO
    );
    assert_eq!(talk.conversation.outage_reason(), why);
    let since = talk.conversation.outage_since().expect("it is away");
    assert_eq!(
        talk.now - since,
        Duration::from_secs(3),
        "of the first loss"
    );
    talk.pass(Duration::from_secs(120));
    talk.conversation.handle_reconnect(talk.now);
    talk.hear(GREETING);
    talk.hear(&welcome(10, "ann", &["ann"], RESUMED));
    assert_eq!(talk.shown(), ["-- back after 2 min"]);
    assert_eq!(talk.conversation.outage_since(), None);
    assert_eq!(talk.conversation.outage_reason(), None);
}

#[test]
fn another_server_may_answer_after_a_loss() {
    for answer in ["HTTP/1.1 400 Bad Request\n", "\r-- chat/2 hello\n"] {
        let mut talk = Talk::in_room();
        talk.conversation.handle_disconnect(talk.now);
        talk.say("not for strangers");
        talk.conversation.handle_reconnect(talk.now);
        assert!(!talk.conversation.is_unfit());
        talk.hear(answer);
        talk.hear("more of it\n");
        assert!(talk.conversation.is_unfit());
        assert_eq!(talk.output(), "");
        assert_eq!(talk.shown(), [""; 0]);
        talk.conversation.handle_disconnect(talk.now);
        assert!(!talk.conversation.is_unfit());
        assert!(!talk.conversation.all_delivered());
    }
}

#[test]
fn a_welcome_on_return_has_its_time() {
    for greets in [false, true] {
        let mut talk = Talk::in_room();
        talk.conversation.handle_disconnect(talk.now);
        assert_eq!(talk.conversation.deadline(), None);
        talk.conversation.handle_reconnect(talk.now);
        talk.pass(WELCOME_WITHIN / 2);
        if greets {
            talk.hear(GREETING);
        }
        talk.pass(WELCOME_WITHIN / 2 - Duration::from_millis(1));
        assert!(!talk.conversation.is_unfit());
        talk.pass(Duration::from_millis(1));
        assert!(talk.conversation.is_unfit());
    }
}

#[test]
fn an_error_on_return_is_the_reason_and_no_line() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&reply(
        r#""type":"error","code":"other","text":"the room is closed""#,
    ));
    talk.conversation.handle_disconnect(talk.now);
    assert_eq!(
        talk.conversation.outage_reason(),
        Some("the room is closed")
    );
    assert_eq!(talk.shown(), [""; 0]);
    assert_eq!(talk.conversation.refused(), 0);
}

#[test]
fn only_what_is_new_is_progress() {
    let mut talk = Talk::in_room();
    assert!(!talk.conversation.has_progressed());
    talk.come_back(12);
    // We ourselves are nothing new.
    talk.hear(&presence(12, "entered", &["ann"]));
    assert!(!talk.conversation.has_progressed());
    talk.hear(&message(12, "bo", "again"));
    assert!(!talk.conversation.has_progressed());
    talk.hear(&message(13, "bo", "new"));
    assert!(talk.conversation.has_progressed());
    assert!(!talk.conversation.has_progressed());
    talk.hear(&reply(r#""type":"confirmed","id":"x","seq":1"#));
    assert!(talk.conversation.has_progressed());
}

#[test]
fn half_a_line_of_a_lost_connection_is_forgotten() {
    let mut talk = Talk::in_room();
    talk.hear(r#"{"seq":11,"time":"#);
    talk.come_back(11);
    talk.hear(&message(11, "bo", "whole"));
    assert_eq!(talk.shown(), ["-- back after 12 s", "10:11 <bo> whole"]);
}

#[test]
fn leaving_while_away_sends_nothing() {
    let mut talk = Talk::in_room();
    talk.conversation.handle_disconnect(talk.now);
    talk.conversation.quit();
    assert!(talk.conversation.is_leaving());
    assert!(talk.conversation.all_delivered());
    assert_eq!(talk.output(), "");
}

#[test]
fn times_away_are_told_roughly() {
    let after = |milliseconds| about(Duration::from_millis(milliseconds));
    assert_eq!(after(3), "1 s");
    assert_eq!(after(3400), "3 s");
    assert_eq!(after(59_400), "59 s");
    assert_eq!(after(59_600), "1 min");
    assert_eq!(after(100_000), "2 min");
    assert_eq!(after(3 * 3_600_000), "3 h");
}

/// With the secret of the last welcome a server knows that the connection
/// which it may not have lost yet was ours.
#[test]
fn the_secret_of_the_last_welcome_is_shown_on_coming_back() {
    let [first, second] = ['1', '2'].map(|digit| digit.to_string().repeat(32));
    let secret = |digits: &str| format!(r#","secret":"{digits}""#);
    let mut talk = Talk::new();
    talk.conversation.keep_objects(Presence::Shown);
    talk.hear(GREETING);
    let room = format!("{ROOM}{}", secret(&first));
    talk.hear(&welcome(10, "ann", &["ann"], &room));
    assert!(!talk.output().contains("secret"));
    assert!(talk.lose().contains(&secret(&first)));
    let room = format!("{RESUMED}{}", secret(&second));
    talk.hear(&welcome(10, "ann", &["ann"], &room));
    assert!(talk.lose().contains(&secret(&second)));
    // No other program may see it.
    assert!(!talk.shown().concat().contains(&second));
    let objects = talk.conversation.objects().concat();
    assert!(objects.contains("welcome") && !objects.contains(&second));
}

/// However the server writes it, and with any other members in the welcome.
#[test]
fn the_secret_is_left_out_of_what_is_printed() {
    let plain = "0123456789abcdef".repeat(2);
    let escaped: String = plain
        .chars()
        .map(|c| format!("\\u{:04x}", c as u32))
        .collect();
    for written in [&plain, &plain.to_uppercase(), &escaped] {
        for name in ["secret", r"\u0073ecret"] {
            let mut talk = Talk::new();
            talk.conversation.keep_objects(Presence::Shown);
            talk.hear(GREETING);
            let rest = format!(r#"{ROOM} , "{name}" : "{written}","later":[{{"a\"":"{plain}"}}]"#);
            talk.hear(&welcome(10, "ann", &["ann"], &rest));
            assert!(talk.lose().contains(&plain), "it is one");
            let objects = std::mem::take(talk.conversation.objects());
            let rest = format!(r#"{ROOM},"later":[{{"a\"":"{plain}"}}]"#);
            let expected = welcome(10, "ann", &["ann"], &rest);
            assert_eq!(objects, [expected.trim_end()]);
        }
    }
}
