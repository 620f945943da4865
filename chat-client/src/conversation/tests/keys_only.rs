//! Rooms that let in only people whose key they know.

use super::*;

const REASON: &str = "this room lets in only people whose key it knows; ask ann";
const KEY: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

fn greeting(offer: &str) -> String {
    format!("\r-- chat/1 {offer}keys only: {REASON}\n")
}

fn with_key() -> Carrier {
    let key = Some(KEY.parse().expect("a fingerprint"));
    Carrier::Encrypted { key }
}

fn talk(tls: TlsOffer, carrier: Carrier) -> Talk {
    let mut talk = Talk::with(JoinOptions {
        audience: Audience::Prompt,
        tls,
        ..JoinOptions::default()
    });
    talk.conversation.handle_carrier(carrier);
    talk
}

/// Nothing was said to it, and it is not come to again.
#[track_caller]
fn is_the_end(talk: &mut Talk, told: &str) {
    talk.conversation.handle_close(talk.now);
    assert!(talk.conversation.is_unfit() && talk.conversation.is_refused_for_good());
    assert!(!talk.conversation.may_reconnect());
    assert_eq!(talk.conversation.end_reason(), None, "it is told already");
    assert_eq!(talk.output(), "");
    assert_eq!(talk.shown(), [&format!("-- {REASON}"), told]);
}

#[test]
fn a_person_is_told_the_reason_and_the_key() {
    let full = format!(
        "-- your key is {KEY}; for the operator of the server, --show-key prints it in full"
    );
    for (carrier, told) in [
        (with_key(), &*full),
        (ENCRYPTED, "-- the server was shown no key of yours"),
        (
            Carrier::Local,
            "-- without encryption the server is shown no key",
        ),
    ] {
        let mut talk = talk(TlsOffer::Take, carrier);
        talk.say("waits");
        talk.hear(&greeting(""));
        is_the_end(&mut talk, told);
        assert_eq!(talk.conversation.undelivered().count(), 1);
    }
}

/// The key can be shown there.
#[test]
fn a_server_that_offers_tls_is_met_that_way_first() {
    let mut talk = talk(TlsOffer::Take, Carrier::Open);
    talk.hear(&greeting("tls "));
    assert!(talk.conversation.wants_tls());
    assert_eq!(talk.shown(), [""; 0]);
    let mut talk = self::talk(TlsOffer::Decline, Carrier::Local);
    talk.hear(&greeting("tls "));
    is_the_end(
        &mut talk,
        "-- without encryption the server is shown no key",
    );
}

/// The operator has taken the key away meanwhile.
#[test]
fn a_person_who_was_in_the_room_does_not_come_again_either() {
    let mut talk = Talk::joined();
    talk.conversation.handle_disconnect(talk.now);
    talk.conversation.handle_carrier(ENCRYPTED);
    talk.conversation.handle_reconnect(talk.now);
    talk.hear(&greeting(""));
    is_the_end(&mut talk, "-- the server was shown no key of yours");
}

/// A line of the room is no greeting.
#[test]
fn the_word_is_not_taken_after_the_welcome() {
    let mut talk = Talk::joined();
    talk.hear(&greeting(""));
    talk.hear(&greeting("tls "));
    assert!(!talk.conversation.is_unfit());
    assert_eq!(talk.shown(), [""; 0]);
    assert!(talk.say("hi").contains(r#""text":"hi""#));
    let mut plain = Talk::new();
    plain.hear("hello\n");
    plain.hear(&greeting(""));
    assert!(plain.conversation.is_plain());
}
