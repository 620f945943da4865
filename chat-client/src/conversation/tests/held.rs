//! Names that belong to keys.

use super::*;

const KEYS: [&str; 2] = ["47DEQpj8HBSa+/TI", "Nh0Me49Zh9fDw/VY"];

fn object(rest: &str) -> String {
    format!("{{\"time\":\"2026-11-23T10:00:00.123Z\",{rest}}}\n")
}

/// A message, of the key at this place.
fn says(seq: u64, name: &str, key: Option<usize>) -> String {
    let held = key.map_or_else(String::new, |key| format!(r#","held":"{}""#, KEYS[key]));
    object(&format!(
        r#""seq":{seq},"type":"message","name":"{name}","text":"hi"{held}"#
    ))
}

/// A welcome into the room `r1` among ann, whose name is held, bo, likewise, and cy.
fn welcome(seq: u64, more: &str) -> String {
    let [one, other] = KEYS;
    object(&format!(
        r#""seq":{seq},"type":"welcome","name":"ann","people":3,"names":["ann","bo","cy"],"held":["{one}","{other}",null],"limits":{{"text":4096,"line":1,"name":1}},"room":"r1","first":1{more}"#
    ))
}

fn joined(audience: Audience) -> Talk {
    let mut talk = Talk::with(JoinOptions {
        audience,
        replay: 20,
        ..JoinOptions::default()
    });
    talk.hear("\r-- chat/1 welcome\n");
    talk.hear(&welcome(10, ""));
    talk.output();
    talk
}

const WITHOUT: &str = "-- careful: this bo has not shown the key that bo had before";
const OTHER: &str = "-- careful: this bo has another key than bo had before";

/// Persons see a mark before names that are held, wherever one is shown as the name of a
/// person who is here. Their own name needs none.
#[test]
fn a_held_name_has_a_mark_for_people_and_none_for_programs() {
    let who = object(&format!(
        r#""type":"who","people":3,"names":["ann","bo","cy"],"held":["{}","{}",null],"more":false"#,
        KEYS[0], KEYS[1]
    ));
    let waves = says(13, "bo", Some(1)).replace("message", "action");
    let own = says(14, "ann", Some(0)).replace("message", "action");
    for (audience, at, help) in [
        (Audience::Prompt, "@", ". /help for commands and keys"),
        (Audience::Lines, "@", ". /help for commands"),
        (Audience::Program, "", ""),
    ] {
        let mut talk = joined(audience);
        for line in [
            &says(11, "bo", Some(1)),
            &says(12, "cy", None),
            &waves,
            &own,
            &who,
        ] {
            talk.hear(line);
        }
        assert_eq!(
            talk.shown(),
            [
                format!("-- you are ann; here: {at}bo, cy{help}"),
                format!("<{at}bo> hi"),
                "<cy> hi".to_owned(),
                format!("* {at}bo hi"),
                "* ann hi".to_owned(),
                format!("-- here (3 in all): {at}ann, {at}bo, cy"),
            ]
        );
        let names: Vec<&str> = talk
            .conversation
            .people()
            .names()
            .map(Name::as_str)
            .collect();
        assert_eq!(names, ["bo", "cy"], "what Tab completes");
        talk.say("/help");
        let help = talk.shown().join("\n");
        assert_eq!(help.contains("-- <@ann> hi "), !at.is_empty(), "{help}");
    }
}

#[test]
fn objects_are_printed_as_they_come() {
    let mut talk = Talk::with(JoinOptions::default());
    talk.conversation.keep_objects(Presence::Shown);
    talk.hear("\r-- chat/1 welcome\n");
    let lines = [
        welcome(10, ""),
        says(11, "bo", Some(1)),
        says(12, "bo", None),
    ];
    talk.hear(&lines.concat());
    assert_eq!(
        talk.conversation.objects().join("\n") + "\n",
        lines.concat()
    );
    // That is for standard error.
    let shown = talk.shown();
    assert!(shown.contains(&WITHOUT.to_owned()), "{shown:?}");
}

#[test]
fn another_bearer_of_a_held_name_is_told_right_before_the_line_and_once() {
    let mut talk = joined(Audience::Prompt);
    talk.shown();
    for (seq, key, shown) in [
        (11, Some(1), &["<@bo> hi"][..]),
        (12, None, &[WITHOUT, "<bo> hi"]),
        (13, None, &["<bo> hi"]),
        (14, Some(1), &["<@bo> hi"]),
        (15, Some(0), &[OTHER, "<@bo> hi"]),
    ] {
        talk.hear(&says(seq, "bo", key));
        assert_eq!(talk.shown(), shown);
    }
    // One who was only in the answer to `/who`.
    talk.hear(&object(&format!(
        r#""type":"who","people":1,"names":["di"],"held":["{}"],"more":false"#,
        KEYS[0]
    )));
    talk.shown();
    talk.hear(&says(16, "di", None));
    let careful = "-- careful: this di has not shown the key that di had before";
    assert_eq!(talk.shown(), [careful, "<di> hi"]);
}

/// The welcome tells whose the names are now; the messages behind it are of before.
#[test]
fn messages_of_the_past_give_no_alarm() {
    let mut talk = joined(Audience::Prompt);
    talk.shown();
    let past = [
        says(2, "bo", Some(0)),
        says(3, "bo", None),
        says(4, "di", None),
    ];
    for line in &past {
        talk.hear(line);
    }
    talk.hear(&says(11, "bo", Some(1)));
    talk.say("/history 3");
    for line in &past {
        talk.hear(line);
    }
    talk.hear(&says(12, "bo", Some(1)));
    let shown = talk.shown();
    assert!(
        !shown.iter().any(|row| row.contains("careful")),
        "{shown:?}"
    );
    assert_eq!(shown.len(), 8);
    talk.hear(&says(13, "bo", None));
    assert_eq!(talk.shown(), [WITHOUT, "<bo> hi"]);
}

impl Talk {
    fn come_back_to(&mut self, welcome: &str) {
        self.conversation.handle_disconnect(self.now);
        self.conversation.handle_reconnect(self.now);
        self.hear("\r-- chat/1 welcome\n");
        self.hear(welcome);
        self.output();
        self.shown();
    }
}

/// Whatever became of the room meanwhile.
#[test]
fn missed_messages_are_judged_in_their_order() {
    for (welcome, first) in [
        (welcome(14, r#","resumed":true,"from":12"#), 12),
        (welcome(8, r#","resumed":false,"from":6"#), 6),
    ] {
        let mut talk = joined(Audience::Prompt);
        talk.hear(&says(11, "bo", Some(1)));
        talk.come_back_to(&welcome);
        talk.hear(&says(first, "bo", None));
        talk.hear(&says(first + 1, "bo", Some(1)));
        let shown = talk.shown();
        assert_eq!(shown[0], WITHOUT);
        assert_eq!(shown.len(), 3, "{shown:?}");
    }
    // Of a person who was not seen before, the welcome knows more than what was said
    // before the name was claimed.
    let mut talk = joined(Audience::Prompt);
    let later = welcome(14, r#","resumed":true,"from":11"#).replace("\"bo\"", "\"di\"");
    talk.come_back_to(&later);
    talk.hear(&says(11, "di", None));
    talk.hear(&says(15, "di", Some(1)));
    let shown = talk.shown();
    assert_eq!(shown.len(), 2, "{shown:?}");
}

/// The room is new, and so are the numbers of its messages. The people are those of before.
#[test]
fn another_room_is_no_reason_to_forget() {
    let mut talk = joined(Audience::Prompt);
    talk.hear(&says(11, "bo", Some(1)));
    let other = welcome(3, r#","resumed":false"#).replace("r1", "r2");
    talk.come_back_to(&other);
    talk.hear(&says(2, "bo", None));
    assert_eq!(talk.shown().len(), 1, "the past of that room");
    talk.hear(&says(4, "bo", None));
    assert_eq!(talk.shown(), [WITHOUT, "<bo> hi"]);
}

/// As the server words it; the person keeps the name, and is not asked for another.
#[test]
fn a_name_of_another_key_is_refused_and_asked_for_again() {
    let mut talk = joined(Audience::Prompt);
    talk.shown();
    talk.say("/nick bo");
    let words = "bo belongs to another key";
    talk.hear(&object(&format!(
        r#""type":"error","code":"name_held","text":"{words}""#
    )));
    assert_eq!(talk.shown(), [format!("-- {words}")]);
    assert_eq!(talk.conversation.me().map(Name::as_str), Some("ann"));
    assert!(!talk.conversation.is_unfit());

    // At the door it is a notice, and there is an address in the place of the name.
    let mut talk = Talk::with(JoinOptions::default());
    let words = "ann belongs to another key";
    let address = "127.0.0.1:4711";
    for is_back in [false, true] {
        talk.hear("\r-- chat/1 welcome\n");
        let hello = talk.output();
        assert!(hello.contains(r#""name":"ann""#), "{hello}");
        talk.hear(&welcome(10, "").replace("\"ann\"", &format!("\"{address}\"")));
        talk.hear(&object(&format!(r#""type":"notice","text":"{words}""#)));
        let shown = talk.shown();
        assert_eq!(shown[0].starts_with("-- you are 127.0.0.1:4711;"), !is_back);
        assert_eq!(shown.last(), Some(&format!("-- {words}")));
        assert_eq!(talk.conversation.me().map(Name::as_str), Some(address));
        talk.conversation.handle_disconnect(talk.now);
        talk.conversation.handle_reconnect(talk.now);
    }
}
