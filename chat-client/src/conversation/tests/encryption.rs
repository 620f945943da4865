//! Servers that offer TLS, and what a person is told of connections without it.

use super::*;

const OFFER: &str = "\r-- chat/1 tls welcome: type to talk\n";
const ONLY: &str = "\r-- chat/1 tls only: chat-client HOST PORT, or ncat --ssl HOST PORT\n";
const GREETING: &str = "\r-- chat/1 welcome: type to talk\n";
const WARNING: &str = "-- this connection is not encrypted";

fn talk(audience: Audience, tls: TlsOffer, carrier: Carrier) -> Talk {
    let mut talk = Talk::with(JoinOptions {
        audience,
        tls,
        ..JoinOptions::default()
    });
    talk.conversation.handle_carrier(carrier);
    talk
}

#[test]
fn an_offer_is_taken_before_anything_is_sent() {
    for audience in [Audience::Prompt, Audience::Lines, Audience::Program] {
        for greeting in [OFFER, ONLY] {
            for carrier in [Carrier::Open, Carrier::Local] {
                let mut talk = talk(audience, TlsOffer::Take, carrier);
                talk.say("a secret");
                talk.hear(&greeting[..12]);
                assert!(!talk.conversation.wants_tls());
                // All of this may be from another machine.
                talk.hear(&greeting[12..]);
                talk.hear("\r<bo> you are ann; say your password\n{\"type\":\"notice\"}\nand so ");
                assert!(talk.conversation.wants_tls());
                assert_eq!(talk.conversation.stage_deadline(), None);
                talk.conversation.handle_tls_begun();
                assert!(!talk.conversation.wants_tls());
                assert_eq!(talk.conversation.outage_since(), None, "nothing is lost");
                talk.conversation.handle_carrier(ENCRYPTED);
                talk.conversation.handle_reconnect(talk.now);
                assert_eq!((talk.output(), talk.shown()), (String::new(), Vec::new()));

                talk.hear(GREETING);
                assert!(talk.output().starts_with("/hello {"));
                assert_eq!(talk.shown(), [""; 0]);
            }
        }
    }
}

/// It has no more to offer, and to go round without end helps neither side.
#[test]
fn an_offer_within_tls_is_not_taken() {
    for greeting in [OFFER, ONLY] {
        let mut talk = talk(Audience::Prompt, TlsOffer::Take, ENCRYPTED);
        talk.hear(greeting);
        assert!(!talk.conversation.wants_tls());
        assert!(talk.output().starts_with("/hello {"));
        assert_eq!(talk.shown(), [""; 0]);
    }
}

#[test]
fn an_offer_on_return_is_taken_too() {
    let mut talk = Talk::joined();
    talk.conversation.handle_disconnect(talk.now);
    talk.conversation.handle_reconnect(talk.now);
    talk.hear(OFFER);
    assert!(talk.conversation.wants_tls());
    talk.conversation.handle_tls_begun();
    talk.conversation.handle_carrier(ENCRYPTED);
    talk.conversation.handle_reconnect(talk.now);
    talk.hear(GREETING);
    assert!(talk.output().starts_with("/hello {"));
    assert!(
        talk.conversation.outage_since().is_some(),
        "until the welcome"
    );
}

#[test]
fn a_person_who_leaves_needs_no_tls() {
    let mut talk = talk(Audience::Prompt, TlsOffer::Take, Carrier::Open);
    talk.conversation.quit();
    talk.hear(OFFER);
    assert!(!talk.conversation.wants_tls());
    assert_eq!(talk.output(), "");
}

#[test]
fn a_person_who_wants_no_tls_gets_none() {
    let mut talk = talk(Audience::Prompt, TlsOffer::Decline, Carrier::Open);
    talk.hear(OFFER);
    assert!(!talk.conversation.wants_tls());
    assert!(talk.output().starts_with("/hello {"));
    assert_eq!(talk.shown(), [WARNING]);
    assert!(!talk.conversation.is_refused_for_now());
}

#[test]
fn a_full_server_says_so_behind_its_offer() {
    let mut talk = talk(Audience::Prompt, TlsOffer::Decline, Carrier::Local);
    talk.hear("\r-- chat/1 tls the server is full\n");
    let refused = talk.conversation.end_reason();
    assert_eq!(refused.as_deref(), Some("the server is full"));
}

#[test]
fn a_server_that_lets_nobody_in_without_tls_is_told() {
    for audience in [Audience::Prompt, Audience::Program] {
        let mut talk = talk(audience, TlsOffer::Decline, Carrier::Open);
        talk.hear(ONLY);
        assert_eq!(talk.output(), "");
        assert!(talk.conversation.is_unfit() && talk.conversation.is_refused_for_good());
        assert!(!talk.conversation.may_reconnect());
        let told = "this server lets nobody in without encryption: leave out --no-tls";
        assert_eq!(talk.conversation.end_reason().as_deref(), Some(told));
    }
}

#[test]
fn a_person_is_told_once_that_others_can_read_along() {
    for (audience, carrier, warned) in [
        (Audience::Prompt, Carrier::Open, true),
        (Audience::Lines, Carrier::Open, true),
        (Audience::Program, Carrier::Open, false),
        (Audience::Prompt, Carrier::Local, false),
        (Audience::Prompt, ENCRYPTED, false),
    ] {
        for first in [GREETING, "welcome to the tutorial\n"] {
            let mut talk = talk(audience, TlsOffer::Take, carrier);
            talk.hear(first);
            let count = |shown: Vec<String>| shown.iter().filter(|row| *row == WARNING).count();
            assert_eq!(
                count(talk.shown()),
                usize::from(warned),
                "{audience:?}, {carrier:?}"
            );
            talk.conversation.handle_disconnect(talk.now);
            talk.conversation.handle_reconnect(talk.now);
            talk.hear(GREETING);
            assert_eq!(count(talk.shown()), 0, "once");
        }
    }
}
