//! Operators, and whom they keep in order, in both forms.

mod bans;
mod speech;

use super::*;
use crate::access::keys::fixtures::person_key;

const ANN: u8 = 1;
const CY: u8 = 2;
const STRANGER: u8 = 9;

/// A room in which ann is an operator, and cy's name belongs to a key.
fn hall() -> Hall {
    let mut hall = Hall::new();
    let line = |name: &str, key: u8, rights: &str| {
        let key = person_key(key).public().to_openssh().unwrap();
        format!("name=\"{name}\"{rights} {key}\n")
    };
    let lines = line("ann", ANN, ",op") + &line("cy", CY, "");
    hall.set_people(Naming::Claim, &lines);
    hall
}

impl Hall {
    /// A peer from the address 192.0.2.`from` with this key, if any, and its greeting.
    fn from(&mut self, from: u8, key: Option<u8>) -> (usize, String) {
        let number = self.sessions.len();
        let remote = ([192, 0, 2, from], 1000 + number as u16).into();
        let caller = Caller {
            key: key.map(person_key),
            ..caller(remote, Carrier::Tls)
        };
        self.add(caller)
    }

    /// A peer at the control socket.
    fn control(&mut self) -> usize {
        let caller = Caller {
            remote: Remote::Control,
            carrier: Carrier::Control,
            key: None,
        };
        self.add(caller).0
    }

    fn add(&mut self, caller: Caller) -> (usize, String) {
        let number = self.sessions.len();
        let session = Session::new(client(number as u32), caller, &mut self.hub, self.now);
        self.sessions.push(session);
        let greeting = self.read(number);
        (number, greeting)
    }

    /// A person of this name in text form, who has heard all so far.
    fn person(&mut self, name: &str, from: u8, key: Option<u8>) -> usize {
        let (who, _) = self.from(from, key);
        self.send(who, format!("/nick {name}\n"));
        self.hush();
        who
    }

    /// The same as a program, and its secret and room.
    fn bot(&mut self, name: &str, from: u8, key: Option<u8>) -> (usize, Value) {
        let (who, _) = self.from(from, key);
        self.send(
            who,
            format!("/hello {}\n", json!({"protocol": 1, "name": name})),
        );
        let welcome = self.objects(who)[0].clone();
        assert_eq!(welcome["name"], name);
        self.hush();
        (who, welcome)
    }

    fn hush(&mut self) {
        for session in 0..self.sessions.len() {
            self.read(session);
        }
    }

    /// Says a line, and reads the answer.
    fn order(&mut self, who: usize, line: &str) -> String {
        self.read(who);
        self.send(who, format!("{line}\n"));
        self.deliver();
        self.hub.timeline.show_all();
        self.read(who)
    }

    fn wait(&mut self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.now.time = self.now.time.after(time);
        self.pass(time);
    }

    fn has_ended(&self, who: usize) -> bool {
        self.sessions[who].stage() == Stage::Closing
    }
}

#[test]
fn a_kicked_person_is_told_and_so_is_the_room() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (bo, _) = hall.bot("bo", 2, None);
    let dan = hall.person("dan", 3, None);
    let done = hall.order(ann, "/kick bo flooding  the\troom");
    // The operator's own line is the answer, and the departure is told as any.
    let answer = "\r[bo] is offline\n\r-- bo was removed: flooding the room\n";
    assert_eq!(done, answer);
    let told = "\r[bo] was removed by ann: flooding the room\n\r[bo] is offline\n";
    assert_eq!(hall.read(dan), told);
    let got = hall.objects(bo);
    assert_eq!(types(&got), ["removed", "left", "error"]);
    assert_eq!(got[0]["by"], "ann");
    assert_eq!(got[2]["code"], "removed");
    assert_eq!(
        got[2]["text"],
        "you were removed from the room by ann: flooding the room"
    );
    assert!(hall.has_ended(bo));
    assert_eq!(hall.sessions[bo].reason(), Reason::Removed);
    // A person in text form, by a program.
    let control = hall.control();
    hall.send(control, "/hello {\"protocol\":1,\"join\":false}\n");
    assert_eq!(types(&hall.objects(control)), ["welcome"]);
    hall.order(
        control,
        &json!({"type": "kick", "name": "dan", "id": "7"}).to_string(),
    );
    assert!(hall.has_ended(dan));
    let told = "\r[dan] was removed by the operator\n";
    assert_eq!(hall.read(ann), format!("{told}\r[dan] is offline\n"));
    // It may come back.
    hall.person("bo", 2, None);
    assert_eq!(
        hall.order(ann, "/kick eve"),
        "\r-- eve is not here; /who tells who is\n"
    );
}

#[test]
fn a_program_outside_gets_answers_and_no_events() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let control = hall.control();
    hall.send(control, "/hello {\"protocol\":1,\"join\":false}\n");
    let welcome = &hall.objects(control)[0];
    assert_eq!(
        (&welcome["type"], &welcome["operator"]),
        (&"welcome".into(), &true.into())
    );
    let ask = |hall: &mut Hall, request: Value| {
        hall.send(control, request.to_string() + "\n");
        let got = hall.objects(control);
        assert_eq!(got.len(), 1, "{got:?}");
        got[0].clone()
    };
    let got = ask(&mut hall, json!({"type": "slow", "seconds": 5, "id": "a"}));
    assert_eq!((&got["type"], &got["id"]), (&"done".into(), &"a".into()));
    let got = ask(&mut hall, json!({"type": "who"}));
    assert_eq!(got["names"], json!(["ann"]));
    let got = ask(&mut hall, json!({"type": "kick", "name": "bo", "id": "b"}));
    assert_eq!(
        (&got["code"], &got["id"]),
        (&"not_found".into(), &"b".into())
    );
    let got = ask(
        &mut hall,
        json!({"type": "mute", "name": "ann", "duration": "forever", "id": "c"}),
    );
    assert_eq!(got["code"], "bad_command");
    hall.order(ann, "hi");
    assert_eq!(hall.read(control), "");
}

#[test]
fn an_operator_is_put_out_from_the_control_socket_only() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let cy = hall.person("cy", 2, Some(CY));
    assert!(
        hall.order(ann, "/op cy")
            .contains("-- cy is an operator now")
    );
    let print = person_key(CY).print();
    assert_eq!(
        hall.read(cy),
        format!(
            "\r[cy] was made an operator by ann\n\r-- for operators: the key of cy is key:{print}\n"
        )
    );
    for command in ["/kick ann", "/ban ann", "/mute ann", "/deop ann"] {
        let refused = hall.order(cy, command);
        assert!(
            refused.contains("operator") && !hall.has_ended(ann),
            "{command}: {refused}"
        );
        assert!(!refused.contains("was"), "{command}: {refused}");
    }
    let key = person_key(ANN).print();
    assert!(
        hall.order(cy, &format!("/ban key:{key}"))
            .contains("only the person who runs")
    );
    let control = hall.control();
    hall.order(control, "/mute cy 1h");
    assert!(hall.order(cy, "hi").contains("you are muted for 1 h"));
    hall.order(control, "/kick ann");
    assert!(hall.has_ended(ann));
    // The person there is never put out by others.
    hall.order(control, "/nick root");
    for command in ["/kick root", "/ban root", "/mute root"] {
        let refused = hall.order(cy, command);
        assert!(
            refused.contains("root is an operator"),
            "{command}: {refused}"
        );
    }
    assert!(
        hall.order(control, "/deop ann")
            .contains("by the file of people")
    );
    assert!(
        hall.order(control, "/deop cy")
            .contains("is an operator no more")
    );
    assert_eq!(hall.order(cy, "/bans"), "\r-- /bans is for operators\n");
}

#[test]
fn only_people_whose_name_belongs_to_a_key_become_operators() {
    let mut hall = hall();
    let control = hall.control();
    hall.person("bo", 2, None);
    hall.person("dan", 3, Some(STRANGER));
    for name in ["bo", "dan", "nix"] {
        let refused = hall.order(control, &format!("/op {name}"));
        assert!(refused.contains("belongs to no key"), "{refused}");
    }
    // Also one who is not here.
    assert!(hall.order(control, "/op cy").contains("is an operator now"));
    let cy = hall.person("cy", 2, Some(CY));
    assert_eq!(hall.order(cy, "/bans"), "\r-- no bans\n");
    // The name alone is not enough.
    let (_, welcome) = hall.bot("cyd", 4, None);
    assert_eq!(welcome.get("operator"), None);
    let (_, welcome) = hall.bot("cy-2", 4, Some(CY));
    assert_eq!(welcome["operator"], true);
}

#[test]
fn addresses_are_told_to_operators_only() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let (who, _) = hall.from(3, Some(CY));
    let hello = json!({"protocol": 1, "name": "cy", "program": "mybot 1.2"});
    hall.send(who, format!("/hello {hello}\n"));
    hall.hush();
    hall.wait(90);
    let id = person_key(CY).id();
    let public = format!(
        "\r-- cy is here since 1970-01-01T00:00:00Z, and has said nothing for 90 s, with mybot \
         1.2\n\r-- cy belongs to the key SHA256:{id}…\n"
    );
    assert_eq!(hall.order(bo, "/whois cy"), public);
    let private = format!(
        "\r-- cy comes from 192.0.2.3\n\r-- cy has shown the key {}\n",
        person_key(CY).print()
    );
    assert_eq!(hall.order(ann, "/whois cy"), public + &private);
    assert!(
        hall.order(bo, "/whois ann")
            .contains("\r-- ann is an operator\n")
    );
    hall.send(
        who,
        json!({"type": "whois", "name": "bo", "id": "1"}).to_string() + "\n",
    );
    let got = hall.objects(who).pop().unwrap();
    assert_eq!(
        (&got["type"], &got["name"]),
        (&"whois".into(), &"bo".into())
    );
    assert_eq!((got.get("address"), &got["id"]), (None, &"1".into()));
}

#[test]
fn ordinary_people_are_refused_what_is_for_operators() {
    let mut hall = hall();
    let bo = hall.person("bo", 2, None);
    let (bot, _) = hall.bot("bot", 3, None);
    for command in [
        "kick bo",
        "ban bo",
        "unban bo",
        "bans",
        "mute bo",
        "unmute bo",
        "slow 1",
        "lock",
        "unlock",
        "op bo",
        "deop bo",
        "announce hi",
        "erase 1",
    ] {
        let word = command.split(' ').next().unwrap();
        let refused = format!("\r-- /{word} is for operators\n");
        assert_eq!(hall.order(bo, &format!("/{command}")), refused);
        let request = json!({
            "type": word, "name": "bo", "what": "bo", "seconds": 1, "target": 1, "text": "x", "id": "1",
        });
        hall.send(bot, request.to_string() + "\n");
        let got = hall.objects(bot).pop().unwrap();
        assert_eq!(
            (&got["code"], &got["id"]),
            (&"not_allowed".into(), &"1".into()),
            "{word}"
        );
    }
    let help = hall.order(bo, "/help");
    assert!(!help.contains("/kick") && help.contains("/whois"), "{help}");
    let control = hall.control();
    assert!(hall.order(control, "/help").contains("/kick"));
    assert!(
        hall.order(bo, "/kik bo")
            .contains("there is no /kik; /help")
    );
    assert!(
        hall.order(control, "/kik bo")
            .contains("did you mean /kick?")
    );
}

/// In both forms, also of what they have missed, and as long as they are operators.
#[test]
fn operators_alone_are_told_whom_a_ban_hits() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let cy = hall.person("cy", 2, Some(CY));
    let (bot, _) = hall.bot("bot", 3, Some(STRANGER));
    let control = hall.control();
    hall.send(control, "/hello {\"protocol\":1,\"name\":\"root\"}\n");
    hall.person("bo", 5, None);
    hall.hush();
    let banned = |hall: &mut Hall, who| {
        let got = hall.objects(who);
        let found = got.into_iter().find(|it| it["type"] == "banned");
        found.expect("a ban")
    };
    let public = "\r[bo] was banned by root for 2 h\n";
    let private = "\r-- for operators: the ban of bo is on 192.0.2.5: a flood\n";
    hall.send(
        control,
        "{\"type\":\"ban\",\"what\":\"bo\",\"duration\":\"2h\",\"text\":\"a flood\"}\n",
    );
    let told = hall.read(ann);
    assert!(told.contains(&format!("{public}{private}")), "{told}");
    let told = hall.read(cy);
    assert!(
        told.contains(public) && !told.contains("for operators"),
        "{told}"
    );
    let secret = json!({"subjects": ["192.0.2.5"], "of": "bo", "reason": "a flood"});
    assert_eq!(banned(&mut hall, control)["private"], secret);
    assert_eq!(banned(&mut hall, bot)["private"], Value::Null);
    // No person is removed: that is for operators only.
    hall.order(ann, "/op cy");
    hall.hush();
    hall.send(
        control,
        "{\"type\":\"ban\",\"what\":\"192.0.2.77\",\"text\":\"spam\"}\n",
    );
    let told = "\r-- for operators: the ban is on 192.0.2.77: spam\n";
    assert_eq!(hall.read(cy), told);
    assert_eq!(hall.read(bot).matches("192.0.2.77").count(), 0);
    hall.send(control, "{\"type\":\"deop\",\"name\":\"cy\"}\n");
    hall.hush();
    hall.send(control, "{\"type\":\"unban\",\"what\":\"192.0.2.77\"}\n");
    assert_eq!(hall.read(cy), "");
    assert!(
        hall.read(ann)
            .contains("the ban was on 192.0.2.77, and root has lifted it")
    );
}

#[test]
fn an_operator_is_told_of_the_past_as_well() {
    let mut hall = hall();
    let control = hall.control();
    hall.order(control, "/ban 192.0.2.77 2h spam");
    for (name, key, is_told) in [("ann", Some(ANN), true), ("cy", Some(CY), false)] {
        let (who, _) = hall.from(1, key);
        let hello = json!({"protocol": 1, "name": name});
        hall.send(who, format!("/hello {hello}\n"));
        hall.hush();
        hall.send(who, "{\"type\":\"history\",\"first\":1}\n");
        let got = hall.objects(who);
        let ban = got.iter().find(|it| it["type"] == "banned");
        let ban = ban.unwrap_or_else(|| panic!("{got:?}"));
        assert_eq!(ban["private"]["reason"] == "spam", is_told, "{ban}");
    }
}
