//! Messages from before the loss: sent again, shown once, and confirmed.

use super::*;

#[test]
fn unconfirmed_messages_are_sent_again_first_and_in_order() {
    let mut talk = Talk::in_room();
    let sent = talk.say("one") + &talk.say("/me waves") + &talk.say("three");
    let first = id_of(&sent).to_owned();
    talk.hear(&marked(11, "ann", "one", &first));
    assert_eq!(
        talk.conversation.handle_disconnect(talk.now),
        Duration::ZERO
    );
    assert_eq!(talk.say("four"), "");
    assert_eq!(talk.say("/nick bo"), "");
    assert!(!talk.conversation.all_delivered());
    let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
    assert_eq!(undelivered, ["waves", "three", "four", "/nick bo"]);
    talk.conversation.handle_reconnect(talk.now);
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

/// Other clients see the id of our message, and can say something else under it.
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
