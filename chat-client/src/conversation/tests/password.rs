//! A room that asks for a password.

use chat_proto::password::Password;

use super::*;

const ASKS: &str = "\r-- chat/1 password: this room asks for one\n";
const WRONG: &str = "{\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"error\",\"code\":\"password\",\"text\":\"that is not the password\"}\n";
const WELCOME: &str = "{\"seq\":1,\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"welcome\",\"name\":\"ann\",\"people\":1,\"names\":[\"ann\"],\"limits\":{\"text\":4096,\"line\":1,\"name\":1}}\n";

fn hello(password: &str) -> String {
    super::hello(&format!(r#","password":"{password}""#))
}

fn talk(audience: Audience, password: Option<&str>, carrier: Carrier) -> Talk {
    let mut talk = Talk::with(JoinOptions {
        audience,
        password: password.map(Password::said),
        ..JoinOptions::default()
    });
    talk.conversation.handle_carrier(carrier);
    talk
}

#[test]
fn a_person_types_it_until_it_is_right() {
    let mut talk = talk(Audience::Prompt, None, ENCRYPTED);
    talk.say("typed early");
    talk.hear(ASKS);
    assert!(talk.conversation.wants_password());
    assert_eq!(talk.output(), "");
    assert_eq!(
        talk.shown(),
        ["-- this room asks for a password: type it below. It is not shown"]
    );
    talk.conversation.give_password(" ", talk.now);
    assert!(talk.conversation.wants_password());
    assert_eq!(talk.output(), "");
    assert!(talk.shown()[0].starts_with("-- that is no password: "));
    for password in ["wrong", "correct horse"] {
        talk.conversation.give_password(password, talk.now);
        assert!(!talk.conversation.wants_password());
        assert_eq!(talk.output(), hello(password));
        if password == "wrong" {
            talk.hear(WRONG);
            assert!(talk.conversation.wants_password());
            assert_eq!(talk.shown(), ["-- that is not the password"]);
        }
    }
    talk.hear(WELCOME);
    assert!(talk.output().contains("\"text\":\"typed early\""));
}

#[test]
fn one_that_was_right_is_said_again_after_a_loss() {
    let mut talk = talk(Audience::Prompt, None, ENCRYPTED);
    talk.hear(ASKS);
    talk.conversation.give_password("correct horse", talk.now);
    talk.hear(WELCOME);
    talk.output();
    talk.conversation.handle_disconnect(talk.now);
    talk.conversation.handle_reconnect(talk.now);
    talk.hear(ASKS);
    assert!(talk.output().contains("\"password\":\"correct horse\""));
    // It may have been changed meanwhile.
    talk.hear(WRONG);
    assert!(talk.conversation.wants_password());
    talk.conversation.give_password("another", talk.now);
    assert!(talk.output().contains("\"password\":\"another\""));
}

#[test]
fn a_program_says_what_it_was_given_or_gives_up() {
    for audience in [Audience::Program, Audience::Lines] {
        let mut given = talk(audience, Some("correct horse"), Carrier::Local);
        given.hear(ASKS);
        assert_eq!(given.output(), hello("correct horse"));
        given.hear(WRONG);
        assert_eq!(given.shown(), ["-- that is not the password"]);
        assert!(given.conversation.is_refused_for_good());
        assert!(!given.conversation.may_reconnect());
        assert_eq!(given.conversation.end_reason(), None, "it is told already");

        let mut without = talk(audience, None, Carrier::Local);
        without.hear(ASKS);
        assert_eq!(without.output(), "");
        assert!(without.shown()[0].contains("CHAT_PASSWORD"));
        assert!(without.conversation.is_refused_for_good());
    }
}

/// Neither to a server that does not ask, nor where others can read along.
#[test]
fn it_is_not_said_where_it_is_not_wanted_or_not_safe() {
    let mut unasked = talk(Audience::Prompt, Some("secret"), ENCRYPTED);
    unasked.hear("\r-- chat/1 welcome: type\n");
    assert_eq!(unasked.output(), super::hello(""));
    for audience in [Audience::Prompt, Audience::Lines, Audience::Program] {
        let mut open = talk(audience, Some("secret"), Carrier::Open);
        open.hear(ASKS);
        assert_eq!(open.output(), "");
        assert!(open.conversation.is_refused_for_good());
        assert!(!open.conversation.wants_password());
    }
}

/// Who types `/password` at the prompt has it neither sent nor said.
#[test]
fn in_the_room_none_is_needed() {
    let mut talk = Talk::joined();
    assert_eq!(talk.say("/password secret"), "");
    assert_eq!(
        talk.shown(),
        ["-- you are in the room already: no password is needed"]
    );
}
