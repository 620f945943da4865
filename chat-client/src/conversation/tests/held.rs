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
