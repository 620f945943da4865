//! Rooms that an operator keeps people out of, or puts them out of.

use super::*;

const WHY: &str = "ann has removed you: too loud";

fn error(code: &str) -> String {
    format!(
        r#"{{"time":"2026-11-23T10:00:00.123Z","type":"error","code":"{code}","text":"{WHY}"}}"#
    ) + "\n"
}

fn greeting(words: &str) -> String {
    format!("\r-- chat/1 {words}\n")
}

fn welcome(members: &str) -> String {
    format!(
        r#"{{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":1,"names":["ann"],"limits":{{"text":4096,"line":1,"name":1}},"room":"r1"{members}}}"#
    ) + "\n"
}

const SECRET: &str = r#","secret":"000102030405060708090a0b0c0d0e0f""#;

fn talk() -> Talk {
    Talk::with(JoinOptions {
        audience: Audience::Prompt,
        ..JoinOptions::default()
    })
}

/// In the room, with these members more in the welcome.
fn joined(members: &str) -> Talk {
    let mut talk = talk();
    talk.hear(&greeting("welcome"));
    talk.hear(&welcome(members));
    talk.output();
    talk.shown();
    talk
}

/// Has lost the connection, and has another one.
fn return_to(members: &str) -> Talk {
    let mut talk = joined(members);
    talk.conversation.handle_disconnect(talk.now);
    talk.conversation.handle_reconnect(talk.now);
    talk
}

/// Does not come again, and has told why once.
#[track_caller]
fn is_out(talk: &mut Talk, why: &str) {
    assert!(talk.conversation.is_unfit() && talk.conversation.is_refused_for_good());
    assert!(!talk.conversation.may_reconnect());
    assert_eq!(talk.shown(), [format!("-- {why}")]);
    assert_eq!(talk.conversation.end_reason(), None, "it is told already");
    // Whatever comes yet.
    talk.hear(&error("banned"));
    talk.conversation.handle_close(talk.now);
    assert_eq!(talk.shown(), [""; 0]);
    assert_eq!(talk.say("more"), "");
}

#[test]
fn a_person_who_is_removed_does_not_come_again() {
    for code in ["removed", "banned"] {
        let mut talk = joined("");
        talk.say("not yet there");
        talk.hear(&error(code));
        is_out(&mut talk, WHY);
        assert!(talk.conversation.is_put_out());
        let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
        assert_eq!(undelivered, ["not yet there", "more"]);
    }
    // Nor one who was about to leave.
    let mut talk = joined("");
    talk.conversation.quit();
    talk.output();
    talk.hear(&error("removed"));
    assert!(talk.conversation.is_put_out());
}

/// For the first time and after a loss, in the greeting or in answer to the hello.
#[test]
fn a_person_who_is_banned_is_told_at_the_door() {
    for mut talk in [talk(), return_to(SECRET)] {
        talk.hear(&greeting(&format!("banned: {WHY}")));
        assert_eq!(talk.output(), "", "nothing is said to it");
        is_out(&mut talk, WHY);
        assert!(talk.conversation.is_put_out());
    }
    for mut talk in [talk(), return_to(SECRET)] {
        talk.hear(&greeting("welcome"));
        talk.output();
        talk.hear(&error("banned"));
        is_out(&mut talk, WHY);
        assert!(talk.conversation.is_put_out());
    }
    let mut talk = talk();
    talk.hear(&greeting("banned"));
    is_out(&mut talk, "you are banned from this room");
    // Over TLS the server may know the person.
    let mut talk = self::talk();
    talk.conversation.handle_carrier(Carrier::Open);
    talk.hear(&greeting(&format!("tls banned: {WHY}")));
    assert!(talk.conversation.wants_tls());
}

#[test]
fn a_newcomer_is_told_that_the_room_is_locked() {
    for mut talk in [talk(), return_to("")] {
        talk.hear(&greeting(&format!("locked: {WHY}")));
        assert_eq!(talk.output(), "", "nothing is said to it");
        is_out(&mut talk, WHY);
        assert!(!talk.conversation.is_put_out());
    }
    // Behind a password, or where the secret proves nothing any more.
    for mut talk in [talk(), return_to(SECRET)] {
        talk.hear(&greeting("welcome"));
        talk.output();
        talk.hear(&error("locked"));
        is_out(&mut talk, WHY);
        assert!(!talk.conversation.is_put_out());
    }
    let mut talk = talk();
    talk.hear(&greeting("locked"));
    is_out(
        &mut talk,
        "this room lets no newcomers in now: try again later",
    );
}

#[test]
fn a_person_who_was_in_a_locked_room_comes_back() {
    let mut talk = return_to(SECRET);
    talk.hear(&greeting(&format!("locked: {WHY}")));
    let said = talk.output();
    assert!(
        said.starts_with("/hello ") && said.contains(SECRET),
        "{said}"
    );
    // Closed without a word: as every connection that is lost.
    talk.conversation.handle_close(talk.now);
    assert!(talk.conversation.may_reconnect());
    assert!(!talk.conversation.is_refused_for_now());
    talk.conversation.handle_disconnect(talk.now);
    talk.conversation.handle_reconnect(talk.now);
    talk.hear(&greeting(&format!("locked: {WHY}")));
    talk.hear(&welcome(&format!(r#"{SECRET},"resumed":true,"from":2"#)));
    assert_eq!(talk.shown(), ["-- back after 1 s"]);
}

/// A line of the room is no greeting.
#[test]
fn the_words_are_not_taken_after_the_welcome() {
    let mut talk = joined("");
    for words in ["banned", "locked", "tls banned: x"] {
        talk.hear(&greeting(words));
    }
    assert!(!talk.conversation.is_unfit());
    assert_eq!(talk.shown(), [""; 0]);
}
