//! Peers that have shown a key, and what each is told of it.

use super::*;
use crate::access::keys::fixtures::person_key;
use crate::config::{Config, TlsMode};
use std::sync::Arc;

/// A room in which keys mean this, with these lines in the file of people.
fn hall(naming: Naming, lines: &str) -> Hall {
    let mut hall = Hall::new();
    hall.hub.set_config(Arc::new(Config {
        tls: TlsMode::Offer,
        ..Config::of(*hall.hub.limits())
    }));
    hall.set_people(naming, lines);
    hall
}

/// A peer over TLS with this key, if any.
fn connect(hall: &mut Hall, key: Option<u8>) -> usize {
    let number = hall.sessions.len();
    let caller = Caller {
        key: key.map(person_key),
        ..caller(([192, 0, 2, 1], 1000 + number as u16).into(), Carrier::Tls)
    };
    let session = Session::new(client(number as u32), caller, &mut hall.hub, hall.now);
    hall.sessions.push(session);
    number
}

/// A person in text form, with this key, if any, who wants this name: what they are told.
fn come(hall: &mut Hall, name: &str, key: Option<u8>) -> (usize, String) {
    let who = connect(hall, key);
    hall.read(who);
    hall.send(who, format!("/nick {name}\n"));
    (who, hall.read(who))
}

fn line(name: &str, key: u8) -> String {
    let key = person_key(key).public().to_openssh().unwrap();
    format!("name=\"{name}\" {key}\n")
}

#[test]
fn a_person_is_told_that_the_name_is_theirs_now() {
    let mut hall = hall(Naming::Claim, "");
    let (ann, told) = come(&mut hall, "ann", Some(1));
    assert_eq!(told, "\r-- you are now known as ann\n");
    hall.send(ann, "hi\nhi\n");
    let told = "\r-- ann belongs to your key now: from here on it is yours alone. /forget ann \
                frees it\n";
    assert_eq!(hall.read(ann), told);
    hall.send(ann, "/forget ANN\n");
    let told = "\r-- ANN belongs to no key any more: any person can have it\n";
    assert_eq!(hall.read(ann), told);
    hall.send(ann, "/forget ann\n");
    assert_eq!(hall.read(ann), "\r-- ann belongs to no key\n");
    hall.send(ann, "/forget 1.2.3.4:5\n");
    assert_eq!(hall.read(ann), "\r-- ':' may not stand in a name\n");
}

#[test]
fn who_has_not_the_key_is_told_why_it_is_not_the_name() {
    let mut hall = hall(Naming::Claim, &line("ann", 1));
    for key in [None, Some(2)] {
        let (who, told) = come(&mut hall, "Ann", key);
        let expected = "\r-- you keep your name: ann belongs to another person's key\n";
        assert!(told.ends_with(expected), "{told}");
        hall.send(who, "/forget ann\n");
        let told = "\r-- ann belongs to another person's key: that person, or an operator, can \
                    free it\n";
        assert_eq!(hall.read(who), told);
    }
    let (_, objects) = program(&mut hall, json!({"protocol": 1, "name": "ann"}), None);
    assert_eq!(objects[0]["name"], "192.0.2.1:1002");
    assert_eq!(objects[1]["type"], "notice");
    let text = "ann belongs to another person's key; you are 192.0.2.1:1002";
    assert_eq!(objects[1]["text"], text);
    let (who, _) = program(&mut hall, json!({"protocol": 1}), None);
    hall.send(
        who,
        "{\"type\":\"nick\",\"name\":\"ann\"}\n{\"type\":\"forget\",\"name\":\"ann\"}\n",
    );
    let codes: Vec<_> = objects_of(&hall.read(who))
        .iter()
        .map(|it| it["code"].clone())
        .collect();
    assert_eq!(codes, ["name_held", "not_allowed"]);
}

fn program(hall: &mut Hall, hello: Value, key: Option<u8>) -> (usize, Vec<Value>) {
    let who = connect(hall, key);
    hall.read(who);
    hall.send(who, format!("/hello {hello}\n"));
    let objects = objects_of(&hall.read(who));
    (who, objects)
}

fn objects_of(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn programs_are_told_whose_names_are_held() {
    let mut hall = hall(Naming::Claim, &line("ann", 1));
    come(&mut hall, "ann", Some(1));
    come(&mut hall, "bo", None);
    let held = person_key(1).id().to_string();
    let (cyd, objects) = program(&mut hall, json!({"protocol": 1, "name": "cyd"}), Some(3));
    assert_eq!(objects[0]["names"], json!(["ann", "bo", "cyd"]));
    assert_eq!(objects[0]["held"], json!([held, null, null]));
    hall.send(
        cyd,
        "{\"type\":\"message\",\"text\":\"hi\"}\n{\"type\":\"who\"}\n",
    );
    let objects = objects_of(&hall.read(cyd));
    let own = person_key(3).id().to_string();
    assert_eq!(objects[0]["held"], own, "{objects:?}");
    assert_eq!(objects[1]["type"], "notice");
    assert_eq!(objects[2]["held"], json!([held, null, own]));
    hall.send(1, "hi\n");
    let objects = objects_of(&hall.read(cyd));
    assert_eq!(objects[0]["held"], Value::Null, "{objects:?}");
}

/// Nothing of the room: neither names nor how many there are.
#[test]
fn a_key_that_is_not_listed_is_told_which_one_was_seen() {
    let mut hall = hall(Naming::Known, &line("ann", 1));
    let (ann, told) = come(&mut hall, "ann", Some(1));
    assert_eq!(told, "\r-- you are now known as ann\n");
    let start = "keys only: this room lets in only people whose key is listed\n";
    let stranger = person_key(2);
    let fingerprint = stranger.fingerprint();
    let public = stranger.public().to_openssh().unwrap();
    let unlisted = format!(
        "\r-- chat/1 {start}\r-- yours is {fingerprint}. To be let in, send this line, which is \
         not secret, to the person who runs the server:\n\r-- {public}\n"
    );
    let none =
        format!("\r-- chat/1 {start}\r-- you have shown none: chat-client shows one by itself\n");
    for (key, told) in [(Some(2), unlisted), (None, none)] {
        let who = connect(&mut hall, key);
        assert_eq!(hall.read(who), told);
        hall.send(ann, "a secret\n");
        hall.send(who, "/hello {\"protocol\":1}\nhi\n");
        assert_eq!(hall.read(who), "");
        assert_eq!(hall.sessions[who].reason(), Reason::UnknownKey);
    }
    let plain = hall.connect();
    let told = format!(
        "\r-- chat/1 tls {start}\r-- a key is shown over an encrypted connection only: \
         chat-client HOST PORT\n"
    );
    assert_eq!(hall.read(plain), told);
    assert_eq!(hall.read(ann), "", "the room is told of none of them");
}
