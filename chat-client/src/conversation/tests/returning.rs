//! Connections that are lost, and what was said before we came.

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
        self.conversation.lose(self.now);
        self.pass(Duration::from_secs(12));
        self.conversation.begin_again(self.now);
        self.hear(GREETING);
        self.output()
    }

    /// Loses it and comes back, at this event; what is sent then.
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
    assert_eq!(
        talk.lose(),
        "/hello {\"protocol\":1,\"name\":\"ann\",\"resume\":{\"room\":\"r1\",\"seq\":11}}\n"
    );
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

#[test]
fn a_gap_is_told_and_not_told_again() {
    let mut talk = Talk::in_room();
    talk.come_back(500);
    talk.hear(&reply(r#""type":"gap","missed":412"#));
    assert_eq!(
        talk.shown(),
        ["-- back after 12 s", "-- you missed 412 lines"]
    );
    assert!(talk.lose().contains(r#""seq":422}"#));
    talk.hear(&welcome(500, "ann", &["ann"], RESUMED));
    talk.hear(&reply(r#""type":"gap","missed":1"#));
    assert_eq!(talk.shown(), ["-- back after 12 s", "-- you missed 1 line"]);
}

#[test]
fn a_gap_since_the_welcome_leaves_only_who_has_spoken() {
    let mut talk = Talk::in_room();
    talk.hear(&message(11, "bo", "hi"));
    talk.hear(&reply(r#""type":"gap","missed":5"#));
    assert_eq!(talk.here(), ["bo"]);
    // What was missed before the welcome is in its names.
    talk.lose();
    talk.hear(&welcome(40, "ann", &["ann", "cy"], RESUMED));
    talk.hear(&reply(r#""type":"gap","missed":24"#));
    assert_eq!(talk.here(), ["cy"]);
    talk.hear(&reply(r#""type":"gap","missed":1"#));
    assert_eq!(talk.here(), [""; 0]);
}

#[test]
fn a_gap_in_the_past_that_was_asked_for_hides_nothing_new() {
    let mut talk = Talk::in_room();
    talk.conversation.say("/history 100".to_owned());
    talk.hear(&reply(r#""type":"gap","missed":5"#));
    talk.hear(&message(10, "bo", "old"));
    talk.hear(&reply(r#""type":"history","first":1,"last":10"#));
    for seq in 11..14 {
        talk.hear(&message(seq, "bo", "new"));
    }
    let told = [
        "-- you missed 5 lines",
        "10:10 <bo> old",
        "<bo> new",
        "<bo> new",
        "<bo> new",
    ];
    assert_eq!(talk.shown(), told);
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
fn what_has_not_come_back_is_sent_again_first_and_in_order() {
    let mut talk = Talk::in_room();
    let sent = talk.say("one") + &talk.say("/me waves") + &talk.say("three");
    let first = id_of(&sent).to_owned();
    talk.hear(&marked(11, "ann", "one", &first));
    assert_eq!(talk.conversation.lose(talk.now), Duration::ZERO);
    assert_eq!(talk.say("four"), "");
    assert_eq!(talk.say("/nick bo"), "");
    assert!(!talk.conversation.all_delivered());
    let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
    assert_eq!(undelivered, ["waves", "three", "four", "/nick bo"]);
    talk.conversation.begin_again(talk.now);
    talk.hear(GREETING);
    talk.output();
    talk.hear(&welcome(12, "ann", &["ann"], RESUMED));
    let again = talk.output();
    let lines: Vec<&str> = again.lines().collect();
    let before: Vec<&str> = sent.lines().skip(1).collect();
    assert_eq!(lines[..2], before, "the same, with the same marks");
    assert!(lines[2].contains(r#""text":"four""#), "{again}");
    assert_eq!(lines[3], r#"{"type":"nick","name":"bo"}"#);
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_message_that_was_in_the_room_already_is_shown_where_it_stands() {
    let mut talk = Talk::in_room();
    let sent = talk.say("hi");
    talk.shown();
    talk.come_back(12);
    talk.hear(&marked(11, "ann", "hi", id_of(&sent)));
    talk.hear(&message(12, "bo", "hello"));
    talk.hear(&reply(&format!(
        r#""type":"confirmed","id":"{}","seq":11"#,
        id_of(&sent)
    )));
    assert_eq!(
        talk.shown(),
        ["-- back after 12 s", "10:11 <You> hi", "10:12 <bo> hello"]
    );
    assert!(talk.conversation.all_delivered());
}

#[test]
fn a_message_that_fell_into_a_gap_is_shown_when_it_is_confirmed() {
    let mut talk = Talk::in_room();
    let sent = [talk.say("hi"), talk.say("/me waves")];
    talk.come_back(100);
    talk.hear(&reply(r#""type":"gap","missed":90"#));
    talk.shown();
    for line in &sent {
        talk.hear(&reply(&format!(
            r#""type":"confirmed","id":"{}","seq":11"#,
            id_of(line)
        )));
    }
    assert_eq!(talk.shown(), ["<You> hi", "* ann waves"]);
    assert!(talk.conversation.all_delivered());
    // And once only.
    talk.hear(&reply(&format!(
        r#""type":"confirmed","id":"{}","seq":11"#,
        id_of(&sent[0])
    )));
    assert_eq!(talk.shown(), [""; 0]);
}

#[test]
fn in_the_past_a_name_is_no_proof() {
    let mut talk = Talk::in_room();
    let sent = talk.say("mine");
    talk.come_back(13);
    talk.hear(&message(11, "ann", "whose?"));
    talk.hear(&marked(12, "ann", "mine", id_of(&sent)));
    talk.hear(&event(13, r#""type":"renamed","old":"ann","new":"x""#));
    talk.hear(&message(14, "ann", "now mine"));
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 <ann> whose?",
            "10:12 <You> mine",
            "10:13 [ann] is now known as x",
            "<You> now mine",
        ]
    );
    assert_eq!(talk.conversation.me().map(Name::as_str), Some("ann"));
}

#[test]
fn who_is_here_is_known_from_the_welcome_and_not_from_the_past() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(14, "ann", &["ann", "di"], RESUMED));
    talk.hear(&presence(11, "left", &["di"]));
    talk.hear(&message(12, "eve", "bye"));
    talk.hear(&presence(13, "entered", &["fay"]));
    assert_eq!(talk.here(), ["di"]);
    talk.hear(&presence(15, "entered", &["gus"]));
    assert_eq!(talk.here(), ["di", "gus"]);
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 [di] is offline",
            "10:12 <eve> bye",
            "10:13 [fay] entered room",
            "[gus] entered room",
        ]
    );
}

#[test]
fn nobody_is_told_of_their_own_coming_and_going() {
    let mut talk = Talk::in_room();
    talk.come_back(14);
    talk.hear(&presence(11, "left", &["ann", "bo"]));
    // Somebody else had the name for a while.
    talk.hear(&presence(12, "entered", &["ann"]));
    talk.hear(&presence(13, "left", &["ann"]));
    talk.hear(&presence(14, "entered", &["ann"]));
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 [bo] is offline",
            "10:12 [ann] entered room",
            "10:13 [ann] is offline",
        ]
    );
    // Or the server learns only later that our first connection is gone.
    talk.lose();
    talk.hear(&welcome(15, "ann-2", &["ann", "ann-2"], RESUMED));
    talk.hear(&presence(15, "entered", &["ann-2"]));
    talk.hear(&presence(16, "left", &["ann"]));
    assert_eq!(talk.shown(), ["-- back as ann-2 after 12 s"]);
    assert_eq!(talk.here(), [""; 0]);
}

#[test]
fn a_restart_is_quiet() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(13, "ann", &["ann", "bo"], RESUMED));
    talk.hear(&restart(11));
    talk.hear(&back(12, &["bo"]));
    talk.hear(&back(13, &["ann"]));
    talk.pass(TIME_TO_RETURN - Duration::from_secs(1));
    talk.hear(&presence(14, "entered", &["new"]));
    talk.hear(&back(15, &["cy"]));
    assert_eq!(talk.shown(), ["-- back after 12 s", "[new] entered room"]);
    talk.pass(Duration::from_secs(2));
    assert_eq!(talk.shown(), [""; 0]);
    assert_eq!(talk.here(), ["bo", "cy", "new"]);
    // From here on it is as always.
    talk.hear(&presence(16, "left", &["bo"]));
    talk.hear(&presence(17, "entered", &["bo"]));
    assert_eq!(talk.shown(), ["[bo] is offline", "[bo] entered room"]);
}

/// Only a person who has proved to be back is not told of. A name alone proves
/// nothing: another person can have taken it.
#[test]
fn another_one_under_the_name_of_one_who_is_missing_is_told_of() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(14, "ann", &["ann", "bo"], RESUMED));
    talk.hear(&restart(11));
    talk.hear(&presence(12, "entered", &["x"]));
    talk.hear(&presence(13, "entered", &["bo", "di"]));
    talk.hear(&back(14, &["ann"]));
    talk.hear(&event(15, r#""type":"renamed","old":"x","new":"cy""#));
    let told = [
        "-- back after 12 s",
        "10:12 [x] entered room",
        "10:13 [bo] is offline",
        "10:13 [bo] entered room",
        "10:13 [di] entered room",
        "[cy] is offline",
        "[x] is now known as cy",
    ];
    assert_eq!(talk.shown(), told);
    // And only once.
    talk.pass(TIME_TO_RETURN);
    assert_eq!(talk.shown(), [""; 0]);
    // One who comes back later, and has proved it, is told of all the same.
    talk.hear(&presence(16, "left", &["bo"]));
    talk.hear(&back(17, &["bo"]));
    assert_eq!(talk.shown(), ["[bo] is offline", "[bo] entered room"]);
}

/// The room has lost the last things that were seen, and has others under
/// their numbers, which are shown once.
#[test]
fn what_is_there_in_place_of_what_was_lost_is_shown_once() {
    let mut talk = Talk::new();
    talk.hear(GREETING);
    let run =
        |run: u64, rest: &str| format!(r#","room":"r1.{run:016x}","first":1,"kept":true{rest}"#);
    talk.hear(&welcome(10, "ann", &["ann", "bo"], &run(1, "")));
    talk.hear(&message(11, "bo", "kept"));
    talk.hear(&message(12, "bo", "lost"));
    talk.hear(&message(13, "bo", "lost, too"));
    talk.shown();
    assert!(
        talk.lose()
            .contains(r#"{"room":"r1.0000000000000001","seq":13}"#)
    );
    let torn = run(2, r#","resumed":false,"from":12"#);
    talk.hear(&welcome(14, "ann", &["ann", "bo"], &torn));
    talk.hear(&reply(r#""type":"notice","text":"two events are lost""#));
    // Before anything has come, and in the middle: it goes on where it is now.
    assert!(
        talk.lose()
            .contains(r#"{"room":"r1.0000000000000002","seq":11}"#)
    );
    talk.hear(&welcome(
        14,
        "ann",
        &["ann", "bo"],
        &run(2, r#","resumed":true,"from":12"#),
    ));
    talk.hear(&restart(12));
    talk.hear(&back(13, &["bo"]));
    assert!(
        talk.lose()
            .contains(r#"{"room":"r1.0000000000000002","seq":13}"#)
    );
    talk.hear(&welcome(
        15,
        "ann",
        &["ann", "bo"],
        &run(2, r#","resumed":true,"from":14"#),
    ));
    talk.hear(&message(14, "bo", "new"));
    talk.hear(&back(15, &["ann"]));
    talk.hear(&message(16, "bo", "live"));
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "-- two events are lost",
            "-- back after 12 s",
            "-- back after 12 s",
            "10:14 <bo> new",
            "<bo> live",
        ]
    );
}

/// Others can read the mark of what we have said, and say something else under it.
#[test]
fn only_our_own_text_confirms_what_we_have_said() {
    let mut talk = Talk::in_room();
    let said = talk.say("mine");
    let id = said.split('"').rev().nth(1).unwrap();
    talk.hear(&marked(11, "eve", "hers", id));
    assert!(!talk.conversation.all_delivered());
    talk.hear(&marked(12, "ann", "mine", id));
    assert!(talk.conversation.all_delivered());
    assert_eq!(talk.shown(), ["<eve> hers", "<You> mine"]);
}

#[test]
fn who_is_not_back_after_a_restart_is_told_as_gone() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(14, "ann", &["ann"], RESUMED));
    // It went before the server did.
    talk.hear(&presence(11, "left", &["cy"]));
    talk.hear(&presence(12, "entered", &["di"]));
    talk.hear(&restart(13));
    talk.hear(&presence(14, "entered", &["ann"]));
    let told = [
        "-- back after 12 s",
        "10:11 [cy] is offline",
        "10:12 [di] entered room",
    ];
    assert_eq!(talk.shown(), told);
    // A cut in the middle changes nothing in it.
    talk.pass(Duration::from_secs(5));
    talk.come_back(15);
    assert_eq!(talk.shown(), ["-- back after 12 s"]);
    talk.hear(&presence(15, "entered", &["ann"]));
    talk.pass(TIME_TO_RETURN - Duration::from_millis(1));
    assert_eq!(talk.shown(), [""; 0]);
    talk.lose();
    talk.hear(&welcome(15, "ann", &["ann"], RESUMED));
    talk.shown();
    let deadline = talk.conversation.deadline().expect("something is due");
    talk.pass(deadline - talk.now);
    assert_eq!(talk.shown(), ["[bo] is offline", "[di] is offline"]);
}

#[test]
fn without_a_restart_nobody_is_told_as_gone() {
    let mut talk = Talk::in_room();
    talk.come_back(12);
    talk.hear(&presence(11, "left", &["bo"]));
    talk.hear(&presence(12, "entered", &["bo"]));
    talk.pass(TIME_TO_RETURN);
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 [bo] is offline",
            "10:12 [bo] entered room"
        ]
    );
}

#[test]
fn what_was_said_before_is_shown_with_its_time_on_joining() {
    let mut talk = Talk::with_replay(20);
    talk.hear(GREETING);
    assert_eq!(
        talk.output(),
        "/hello {\"protocol\":1,\"name\":\"ann\",\"replay\":20}\n"
    );
    talk.hear(&welcome(10, "ann", &["ann"], ROOM));
    talk.hear(&message(8, "ann", "was that me?"));
    talk.hear(&message(9, "bo", "hello"));
    talk.hear(&message(11, "bo", "now"));
    talk.hear(&message(9, "bo", "hello"));
    assert_eq!(
        talk.shown(),
        [
            "-- you are ann; nobody else is here yet; what is said is kept",
            "10:08 <ann> was that me?",
            "10:09 <bo> hello",
            "<bo> now",
        ]
    );
    assert_eq!(talk.here(), ["bo"], "who has spoken since");
}

#[test]
fn history_is_shown_when_it_is_asked_for() {
    let mut talk = Talk::in_room();
    assert_eq!(
        talk.say("/history 2"),
        "{\"type\":\"history\",\"count\":2}\n"
    );
    talk.hear(&message(9, "bo", "one"));
    talk.hear(&message(11, "bo", "live"));
    talk.hear(&message(10, "bo", "two"));
    talk.hear(&reply(r#""type":"history","first":9,"last":10"#));
    assert_eq!(
        talk.shown(),
        ["10:09 <bo> one", "<bo> live", "10:10 <bo> two"]
    );
    // The answer is over.
    talk.hear(&message(10, "bo", "two"));
    assert_eq!(talk.shown(), [""; 0]);
    talk.say("/history");
    talk.hear(&reply(r#""type":"history","first":1,"last":0"#));
    assert_eq!(talk.shown(), ["-- nothing has been said yet"]);
    assert!(talk.say("/history x").is_empty());
}

#[test]
fn an_answer_that_is_cut_off_is_not_waited_for() {
    let mut talk = Talk::in_room();
    talk.say("/history");
    talk.come_back(10);
    talk.shown();
    talk.hear(&message(9, "bo", "one"));
    assert_eq!(talk.shown(), [""; 0]);
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
    let wait = talk.conversation.lose(talk.now);
    assert_eq!(wait, Duration::from_millis(1500));
    let why = Some("the server is shutting down; bye");
    assert_eq!(talk.conversation.away_why(), why);
    // It holds for one attempt, and the reason for all of them.
    talk.pass(Duration::from_secs(3));
    talk.conversation.begin_again(talk.now);
    assert_eq!(talk.conversation.lose(talk.now), Duration::ZERO);
    assert_eq!(talk.conversation.away_why(), why);
    let since = talk.conversation.away_since().expect("it is away");
    assert_eq!(
        talk.now - since,
        Duration::from_secs(3),
        "of the first loss"
    );
    talk.pass(Duration::from_secs(120));
    talk.conversation.begin_again(talk.now);
    talk.hear(GREETING);
    talk.hear(&welcome(10, "ann", &["ann"], RESUMED));
    assert_eq!(talk.shown(), ["-- back after 2 min"]);
    assert_eq!(talk.conversation.away_since(), None);
    assert_eq!(talk.conversation.away_why(), None);
}

#[test]
fn whoever_answers_now_may_be_somebody_else() {
    for answer in ["HTTP/1.1 400 Bad Request\n", "\r-- chat/2 hello\n"] {
        let mut talk = Talk::in_room();
        talk.conversation.lose(talk.now);
        talk.say("not for strangers");
        talk.conversation.begin_again(talk.now);
        assert!(!talk.conversation.is_unfit());
        talk.hear(answer);
        talk.hear("more of it\n");
        assert!(talk.conversation.is_unfit());
        assert_eq!(talk.output(), "");
        assert_eq!(talk.shown(), [""; 0]);
        talk.conversation.lose(talk.now);
        assert!(!talk.conversation.is_unfit());
        assert!(!talk.conversation.all_delivered());
    }
}

#[test]
fn a_welcome_on_return_has_its_time() {
    for greets in [false, true] {
        let mut talk = Talk::in_room();
        talk.conversation.lose(talk.now);
        assert_eq!(talk.conversation.deadline(), None);
        talk.conversation.begin_again(talk.now);
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
    talk.conversation.lose(talk.now);
    assert_eq!(talk.conversation.away_why(), Some("the room is closed"));
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
fn leaving_while_away_says_nothing_to_anybody() {
    let mut talk = Talk::in_room();
    talk.conversation.lose(talk.now);
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
    // It is nobody else's to see.
    assert!(!talk.shown().concat().contains(&second));
    let objects = talk.conversation.objects().concat();
    assert!(objects.contains("welcome") && !objects.contains(&second));
}

/// However the server writes it, and whatever else is in the welcome.
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
