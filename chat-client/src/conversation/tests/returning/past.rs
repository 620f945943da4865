//! Old messages: those that follow a loss, gaps, and answers to `/history`.

use super::*;

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
fn a_gap_since_the_welcome_leaves_only_speakers() {
    let mut talk = Talk::in_room();
    talk.hear(&message(11, "bo", "hi"));
    talk.hear(&reply(r#""type":"gap","missed":5"#));
    assert_eq!(talk.here(), ["bo"]);
    // The names of the welcome include the arrivals that were missed before it.
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

/// The room has lost the last messages that were seen, and has others under their
/// numbers, which are shown once.
#[test]
fn messages_in_place_of_lost_ones_are_shown_once() {
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

#[test]
fn old_messages_are_shown_with_their_time_on_joining() {
    let mut talk = Talk::with_replay(20);
    talk.hear(GREETING);
    assert_eq!(talk.output(), hello(r#","replay":20"#));
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
