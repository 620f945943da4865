//! Programs are recognized by their secrets, and never by a name or a number that any
//! program can have.

use super::ghosts::secret_of;
use super::*;
use crate::room::identity::Identity;
use crate::room::rebuild::Rebuild;
use crate::room::request::Request;
use crate::timeline::log::{Log, ORIGIN};
use chat_proto::TIME_TO_RETURN;
use chat_proto::event::{Arrival, RunId};
use chat_proto::json_form::{Record, Recorded};

fn message(text: &str, id: &str) -> String {
    json!({"type": "message", "text": text, "id": id}).to_string() + "\n"
}

impl Hall {
    /// A room in whose last run these programs were, and their secrets.
    fn after_a_restart(names: &[&str]) -> (Self, Vec<Value>) {
        let Identity { room, run, key } = identity();
        let time = Timestamp::from_unix_milliseconds(0);
        let mut rebuild = Rebuild::new(key, room);
        let mut seq = 0;
        let mut event = |what| {
            seq += 1;
            rebuild.event(Record {
                seq,
                what,
                is_erased: false,
            });
        };
        event(Recorded::Room {
            room: None,
            run: Some(run),
            time: Some(time),
            standing: None,
        });
        let mut secrets = Vec::new();
        for (number, name) in (1..).zip(names) {
            let (owner, name) = (key.owner(run, number), Name::choose(name).unwrap());
            event(Recorded::Entered(vec![Arrival {
                tag: Some(key.tag_of_name(owner, run, &name)),
                ..Arrival::of(name)
            }]));
            secrets.push(key.secret_of(owner).to_digits().into());
        }
        let before = rebuild.finish(time);
        let json = Log::new(1 << 20, ORIGIN, before.next);
        let hub = Hub::behind(before, json, RunId::new(2, 0), key, 1 << 20);
        let mut hall = Self::of(hub);
        hall.hub.request(Request::AwaitReturns, hall.now);
        (hall, secrets)
    }

    fn hello_with(&self, name: &str, secret: &Value) -> Value {
        let room = self.hub.room().id();
        let resume = json!({"room": room.as_str(), "seq": 0, "secret": secret});
        json!({"protocol": 1, "name": name, "resume": resume})
    }

    /// The answers that a peer gets to this line.
    fn answers(&mut self, who: usize, line: String) -> Vec<Value> {
        self.objects(who);
        self.send(who, line);
        self.objects(who)
    }
}

/// Two programs that count their messages do not get those of each other confirmed.
#[test]
fn a_short_id_confirms_only_what_the_same_program_has_said() {
    let mut hall = Hall::new();
    let (eve, _) = hall.program(json!({"protocol": 1, "name": "ann"}));
    hall.objects(eve);
    let (bo, _) = hall.program(json!({"protocol": 1, "name": "bo"}));
    assert_eq!(
        types(&hall.answers(eve, message("deploy 7 failed", "7"))),
        ["message"]
    );
    hall.sessions[eve].lost(Reason::Reset, &mut hall.hub, hall.now);
    // The real one has the same name now, and had wanted it.
    let ann = hall.connect();
    hall.send(ann, "/hello {\"protocol\":1,\"name\":\"ann\"}\n");
    let secret = secret_of(&hall.read(ann));
    hall.objects(bo);
    let said = hall.answers(ann, message("deploy 7 failed", "7"));
    assert_eq!(types(&said), ["message"]);
    assert_eq!(hall.objects(bo), said);
    // It is known again over the next connection, also under another name.
    hall.sessions[ann].lost(Reason::Reset, &mut hall.hub, hall.now);
    let seq = &said[0]["seq"];
    for name in ["ann", "anna"] {
        let (again, _) = hall.program(hall.hello_with(name, &secret));
        let answer = hall.answers(again, message("deploy 7 failed", "7"));
        assert_eq!(types(&answer), ["confirmed"]);
        assert_eq!(&answer[0]["seq"], seq);
        // With another text it is another message.
        let other = hall.answers(again, message(&format!("{name} deploys"), "7"));
        assert_eq!(types(&other), ["message"]);
        hall.sessions[again].lost(Reason::Reset, &mut hall.hub, hall.now);
    }
    // Without the secret it is another program.
    let (other, _) = hall.program(json!({"protocol": 1, "name": "ann"}));
    let said = hall.answers(other, message("deploy 7 failed", "7"));
    assert_eq!(types(&said), ["message"]);
}

/// A long id that others have read in the room: no message is confirmed that is not
/// there.
#[test]
fn a_long_id_confirms_only_its_own_text() {
    let mut hall = Hall::new();
    let id = "0123456789abcdef0123456789abcdef";
    let (ann, _) = hall.program(json!({"protocol": 1, "name": "ann"}));
    let (eve, _) = hall.program(json!({"protocol": 1, "name": "eve"}));
    hall.objects(ann);
    let said = hall.answers(ann, message("one", id));
    assert_eq!(types(&said), ["message"]);
    assert!(said[0]["tag"].is_null());
    hall.objects(eve);
    let again = hall.answers(eve, message("one", id));
    assert_eq!(types(&again), ["confirmed"]);
    assert_eq!(again[0]["seq"], said[0]["seq"]);
    let other = hall.answers(eve, message("two", id));
    assert_eq!(types(&other), ["message"]);
    assert_eq!(types(&hall.answers(ann, message("two", id))), ["confirmed"]);
    assert_eq!(types(&hall.answers(ann, message("one", id))), ["confirmed"]);
}

/// A stranger who comes first does not get a name that is kept, nor one that
/// looks like it, in text form as in JSON form; its owner does, once.
#[test]
fn a_name_is_kept_for_its_owner_after_a_restart() {
    let (mut hall, secrets) = Hall::after_a_restart(&["bob", "ann-2"]);
    let text = hall.join("watcher");
    for wanted in ["bob", "BOB", "Вob"] {
        let (stranger, got) = hall.program(json!({"protocol": 1, "name": wanted}));
        assert_eq!(got[0]["name"], format!("{wanted}-2"));
        let word = got[1]["text"].as_str().unwrap();
        assert!(word.contains("kept for 15 s"), "{word}");
        let heard = hall.read(text);
        let told = format!("\r[{wanted}-2] entered room\n");
        assert!(heard.ends_with(&told), "{heard}");
        assert!(!heard.contains(&format!("[{wanted}]")), "{heard}");
        // Inside it is refused.
        let refused = hall.answers(
            stranger,
            json!({"type": "nick", "name": wanted}).to_string() + "\n",
        );
        assert_eq!(refused[0]["code"], "name_taken");
        hall.sessions[stranger].lost(Reason::Reset, &mut hall.hub, hall.now);
    }
    hall.read(text);
    let nc = hall.connect();
    hall.send(nc, "/nick bob\n");
    assert!(hall.read(nc).contains("bob is kept for 15 s"));
    let (late, _) = hall.program(json!({"protocol": 1, "name": "late"}));
    hall.read(text);
    // With a secret of its own, which is not that of the name.
    let secret = json!(hall.secret_of_stranger());
    let (_, got) = hall.program(hall.hello_with("bob", &secret));
    assert_eq!(got[0]["name"], "bob-2");
    hall.read(text);
    hall.objects(late);

    let (_, got) = hall.program(hall.hello_with("bob", &secrets[0]));
    assert_eq!(got[0]["name"], "bob");
    assert_eq!(types(&got)[0], "welcome");
    assert_eq!(got[0]["secret"], secrets[0]);
    assert_eq!(hall.read(text), "\r[bob] entered room\n");
    let entered = hall.objects(late).pop().unwrap();
    assert_eq!(entered["back"], json!(["bob"]));
    assert_eq!(entered["tags"].as_array().map(Vec::len), Some(1));
    // The name that it had, and not the one that it asked for first.
    let (_, got) = hall.program(hall.hello_with("ann", &secrets[1]));
    assert_eq!(got[0]["name"], "ann-2");
    let entered = hall.objects(late).pop().unwrap();
    assert_eq!(entered["back"], json!(["ann-2"]));
}

impl Hall {
    /// Lets so many people come, once more, that the next ones are told together.
    fn crowded_again(&mut self) {
        for number in 0..ONE_BY_ONE {
            let name = Name::choose(&format!("again{number}x")).unwrap();
            self.hub.enter(&name, None, self.now);
        }
    }

    /// A stranger has been here, and has kept its secret.
    fn secret_of_stranger(&mut self) -> String {
        let (who, got) = self.program(json!({"protocol": 1, "name": "eve"}));
        self.sessions[who].lost(Reason::Reset, &mut self.hub, self.now);
        got[0]["secret"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_name_is_not_kept_for_ever() {
    let (mut hall, secrets) = Hall::after_a_restart(&["bob", "cy"]);
    hall.pass(TIME_TO_RETURN - Duration::from_millis(400));
    let (_, got) = hall.program(json!({"protocol": 1, "name": "bob"}));
    let word = got[1]["text"].as_str().unwrap();
    assert!(word.contains("kept for 1 s"), "{word}");
    hall.pass(Duration::from_millis(400));
    let (watcher, _) = hall.program(json!({"protocol": 1, "name": "watcher"}));
    hall.objects(watcher);
    let nc = hall.connect();
    hall.send(nc, "/nick bob\n");
    assert!(hall.read(nc).contains("you are now known as bob"));
    // It is told as another person, who is not back.
    let entered = &hall.objects(watcher)[0];
    assert_eq!(
        (&entered["names"], &entered["back"]),
        (&json!(["bob"]), &Value::Null)
    );
    // Its owner is late; a program whose name is still free is not.
    let (_, got) = hall.program(hall.hello_with("bob", &secrets[0]));
    assert_eq!(got[0]["name"], "bob-3");
    let (_, got) = hall.program(hall.hello_with("cy", &secrets[1]));
    assert_eq!(got[0]["name"], "cy");
    let entered = hall.objects(watcher).pop().unwrap();
    assert_eq!(entered["back"], json!(["cy"]));
}

/// In an event about many people, those that have proved to be back are marked.
#[test]
fn those_who_are_told_together_are_back_one_by_one() {
    let (mut hall, secrets) = Hall::after_a_restart(&["bob", "cy"]);
    let (watcher, _) = hall.program(json!({"protocol": 1, "name": "watcher"}));
    hall.crowded();
    hall.objects(watcher);
    hall.program(hall.hello_with("cy", &secrets[1]));
    hall.program(json!({"protocol": 1, "name": "new"}));
    hall.pass(TOGETHER_AFTER);
    let entered = hall.objects(watcher).pop().unwrap();
    assert_eq!(entered["names"], json!(["cy", "new"]));
    assert_eq!(entered["back"], json!(["cy"]));
}

/// A stranger takes the name of a person who has just left, before the departure is
/// told, and before it is told that the person was back.
#[test]
fn one_who_takes_a_name_that_is_just_free_is_told_as_another_one() {
    for told_before in [false, true] {
        let (mut hall, secrets) = Hall::after_a_restart(&["bob"]);
        let (watcher, _) = hall.program(json!({"protocol": 1, "name": "watcher"}));
        hall.crowded();
        let (bob, _) = hall.program(hall.hello_with("bob", &secrets[0]));
        if told_before {
            hall.pass(TOGETHER_AFTER);
        }
        hall.objects(watcher);
        hall.crowded_again();
        hall.sessions[bob].lost(Reason::Reset, &mut hall.hub, hall.now);
        hall.program(json!({"protocol": 1, "name": "bob"}));
        hall.pass(TOGETHER_AFTER);
        let told = hall.objects(watcher);
        let expected: &[&str] = if told_before {
            &["left", "entered"]
        } else {
            &["entered"]
        };
        let of_bob = |object: &&Value| object["names"].to_string().contains("\"bob\"");
        let told: Vec<Value> = told.iter().filter(of_bob).cloned().collect();
        assert_eq!(types(&told), expected);
        assert!(told.iter().all(|told| told["back"].is_null()), "{told:?}");
    }
}

/// A full room lets in a program that has a place in it, and no other one.
#[test]
fn a_full_room_lets_its_own_people_in() {
    let (mut hall, secrets) = Hall::after_a_restart(&["bob"]);
    let (ghost, got) = hall.program(json!({"protocol": 1, "name": "ann"}));
    let mine = &got[0]["secret"];
    let stranger = hall.secret_of_stranger();
    let refusals = Refusal::ALL;
    for (name, secret) in [
        ("ann", json!("0".repeat(32))),
        ("ann", json!(stranger)),
        ("ann", Value::Null),
    ] {
        for refusal in refusals {
            let who = hall.connect_unless(Some(refusal));
            hall.send(who, format!("/hello {}\n", hall.hello_with(name, &secret)));
            let answer = hall.objects(who);
            assert_eq!(types(&answer), ["error"]);
            assert_eq!(answer[0]["code"], "full");
            assert_eq!(hall.sessions[who].stage(), Stage::Closing);
        }
    }
    for (name, secret, people) in [("ann", mine, 1), ("bob", &secrets[0], 2)] {
        let who = hall.connect_unless(Some(Refusal::Full));
        assert!(hall.read(who).contains("the room is full"));
        let answer = hall.come_back(who, name, secret);
        assert!(answer.contains("\"type\":\"welcome\""), "{answer}");
        assert!(
            answer.contains(&format!("\"name\":\"{name}\",\"people\":{people}")),
            "{answer}"
        );
        assert_eq!(hall.sessions[who].stage(), Stage::Present);
        // It is a connection like all others, and is not closed after a moment.
        hall.pass(ANNOUNCE_AFTER);
        assert_eq!(types(&hall.answers(who, message("hi", "1"))), ["message"]);
    }
    assert_eq!(hall.sessions[ghost].stage(), Stage::Closing);
    // A program that is gone has no place any more.
    let who = hall.connect_unless(Some(Refusal::Full));
    hall.sessions[who - 2].lost(Reason::Reset, &mut hall.hub, hall.now);
    hall.send(who, format!("/hello {}\n", hall.hello_with("ann", mine)));
    assert_eq!(types(&hall.objects(who)), ["error"]);
}
