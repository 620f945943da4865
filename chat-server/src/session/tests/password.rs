//! A room with a password: nothing leaves it and nothing reaches it before that is said.

use chat_proto::password::Password;

use super::*;
use crate::access::password::PasswordHash;
use crate::session::stage::{ANNOUNCE_AFTER, PASSWORD_WITHIN};

const ASKED: &str = "\r-- chat/1 password: this room asks for one\n\
                     \r-- /password PASSWORD: say the password of the room\n";
const WRONG: &str = "\r-- that is not the password\n";

/// A room with a password and ann in it, and a peer that is asked for it.
fn locked() -> (Hall, usize, usize) {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let hash = PasswordHash::of(&Password::said("correct horse"));
    hall.hub.access.set_password(Some(hash));
    let peer = hall.connect();
    assert_eq!(hall.read(peer), ASKED);
    (hall, ann, peer)
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn before_the_password_nothing_is_told_and_nothing_is_said() {
    let (mut hall, ann, peer) = locked();
    for _ in 0..30 {
        hall.send(ann, "a secret\n");
        hall.pass(seconds(1.0));
        hall.hub.timeline.show_all();
    }
    let notice = "a word to those who are in the room";
    hall.sessions[peer].tell(notice, &hall.hub, hall.now);
    assert_eq!(hall.read(peer), "");
    hall.read(ann);
    for said in ["hi", "/nick bo", "/who", "/history 5", "/help", "/x", "//x"] {
        hall.send(peer, format!("{said}\n"));
        let answer = "\r-- /password PASSWORD: say the password of the room\n";
        assert_eq!(hall.read(peer), answer, "{said}");
        assert_eq!(hall.read(ann), "", "{said}");
    }
    hall.send(peer, "/quit\n");
    assert_eq!(hall.read(peer), "\r-- goodbye\n");
    assert_eq!(hall.sessions[peer].reason(), Reason::Quit);
}

#[test]
fn behind_the_right_password_the_peer_is_greeted_and_what_it_sent_is_used() {
    let (mut hall, ann, peer) = locked();
    hall.send(ann, "before\n");
    hall.send(peer, "/password correct horse\n/nick bo\nhi\n");
    let got = hall.read(peer);
    assert!(
        got.starts_with("\r-- chat/1 welcome: 1 person is here"),
        "{got}"
    );
    assert!(!got.contains("before"), "{got}");
    assert!(got.ends_with("\r-- you are now known as bo\n"), "{got}");
    assert_eq!(hall.read(ann), "\r[bo] entered room\n\r<bo> hi\n");
    hall.send(ann, "after\n");
    assert_eq!(hall.read(peer), "\r<ann> after\n");
}

#[test]
fn what_is_sent_behind_a_wrong_password_is_thrown_away() {
    let (mut hall, ann, peer) = locked();
    hall.send(peer, "/password wrong\n/password correct horse\nhi\n");
    hall.send(peer, "/password correct horse\n");
    assert_eq!(hall.read(peer), "");
    hall.pass(seconds(1.0));
    assert_eq!(hall.read(peer), WRONG);
    hall.pass(seconds(10.0));
    assert_eq!(hall.read(ann), "");
    hall.send(peer, "/password correct horse\n");
    assert!(hall.read(peer).contains("welcome"));
}

#[test]
fn answers_come_later_and_later_and_the_third_is_the_last() {
    let (mut hall, ann, peer) = locked();
    for (wait, answer) in [
        (1.0, WRONG),
        (2.0, WRONG),
        (4.0, "\r-- that is not the password: goodbye\n"),
    ] {
        hall.send(peer, "/password wrong\n");
        hall.pass(seconds(wait - 0.01));
        assert_eq!(hall.read(peer), "");
        assert_eq!(hall.sessions[peer].stage(), Stage::Locked(None));
        hall.pass(seconds(0.01));
        assert_eq!(hall.read(peer), answer);
    }
    assert_eq!(hall.sessions[peer].stage(), Stage::Closing);
    assert_eq!(hall.sessions[peer].reason(), Reason::WrongPassword);
    assert_eq!(hall.read(ann), "");
}

/// All wrong ones get the same answer after the same time, whatever is wrong with them.
#[test]
fn wrong_passwords_are_alike() {
    for wrong in ["x", "correct hors", "correct horse2", &"x".repeat(300)] {
        let (mut hall, _, peer) = locked();
        hall.send(peer, format!("/password {wrong}\n"));
        hall.pass(seconds(0.99));
        assert_eq!(hall.read(peer), "", "{wrong}");
        hall.pass(seconds(0.01));
        assert_eq!(hall.read(peer), WRONG, "{wrong}");
    }
}

#[test]
fn a_program_says_it_in_its_hello() {
    let (mut hall, ann, peer) = locked();
    let hello = |password: Value| {
        let hello = json!({"protocol": 1, "name": "bo", "password": password});
        format!("/hello {hello}\n")
    };
    hall.send(peer, "/hello {\"protocol\":1,\"name\":\"bo\"}\n");
    let error = &hall.objects(peer)[0];
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("password"))
    );
    hall.send(peer, hello(json!("wrong")));
    assert_eq!(hall.objects(peer), [] as [Value; 0]);
    hall.pass(seconds(1.0));
    let error = &hall.objects(peer)[0];
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("password"))
    );
    assert_eq!(hall.read(ann), "");
    hall.send(peer, hello(json!("correct horse")));
    let got = hall.objects(peer);
    assert_eq!(types(&got), ["welcome"]);
    assert_eq!(got[0]["names"], json!(["ann", "bo"]));
    assert_eq!(hall.read(ann), "\r[bo] entered room\n");
}

#[test]
fn too_many_wrong_ones_from_an_address_and_none_is_tried() {
    let (mut hall, _, first) = locked();
    let peers = [first, hall.connect(), hall.connect(), hall.connect()];
    for peer in peers {
        hall.send(peer, "/password wrong\n");
    }
    let refused = hall.read(peers[3]);
    assert!(
        refused.contains("that was not tried: too many wrong passwords"),
        "{refused}"
    );
    assert_eq!(hall.sessions[peers[3]].reason(), Reason::WrongPassword);
    let late = hall.connect();
    hall.send(late, "/password correct horse\n");
    assert!(
        hall.read(late).contains("try again in"),
        "not even the right one"
    );
    hall.pass(seconds(16.0));
    let later = hall.connect();
    hall.send(later, "/password correct horse\n");
    assert!(hall.read(later).contains("welcome"));
}

#[test]
fn a_peer_that_does_not_say_it_goes() {
    let (mut hall, _, peer) = locked();
    assert_eq!(
        hall.sessions[peer].deadline(),
        Some(hall.now.instant + ANNOUNCE_AFTER)
    );
    hall.pass(ANNOUNCE_AFTER);
    let deadline = hall.sessions[peer].deadline();
    assert_eq!(
        deadline,
        Some(hall.now.instant + PASSWORD_WITHIN - ANNOUNCE_AFTER)
    );
    hall.pass(PASSWORD_WITHIN - ANNOUNCE_AFTER);
    assert_eq!(hall.read(peer), "\r-- no password came: goodbye\n");
    assert_eq!(hall.sessions[peer].reason(), Reason::NoPassword);
}

/// Over a plain connection that leaves the machine a password could be read.
#[test]
fn over_a_plain_connection_from_elsewhere_no_password_is_taken() {
    let (mut hall, _, _) = locked();
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 7));
    for (carrier, is_asked) in [(Carrier::Plain, false), (Carrier::Tls, true)] {
        let session = Session::new(
            client(9),
            caller(elsewhere, carrier),
            &mut hall.hub,
            hall.now,
        );
        hall.sessions.push(session);
        let peer = hall.sessions.len() - 1;
        let got = hall.read(peer);
        assert_eq!(got.contains("/password"), is_asked, "{got}");
        assert_eq!(hall.sessions[peer].stage() == Stage::Closing, !is_asked);
        assert!(is_asked || got.starts_with("\r-- chat/1 only: "), "{got}");
    }
}

/// A program that was in the room has a place in it though the room is full, and has to say
/// the password all the same.
#[test]
fn a_program_with_a_place_says_the_password_too() {
    let mut hall = Hall::new();
    let (_, got) = hall.program(json!({"protocol": 1, "name": "bo"}));
    let resume = json!({"room": got[0]["room"], "seq": 1, "secret": got[0]["secret"]});
    let hash = PasswordHash::of(&Password::said("correct horse"));
    hall.hub.access.set_password(Some(hash));
    for (password, answer) in [("wrong", "error"), ("correct horse", "welcome")] {
        let back = hall.connect_unless(Some(Refusal::Full));
        hall.read(back);
        let hello = json!({
            "protocol": 1, "name": "bo", "password": password, "resume": resume
        });
        hall.send(back, format!("/hello {hello}\n"));
        assert_eq!(types(&hall.objects(back))[0], answer, "{password}");
    }
}
