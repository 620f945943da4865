//! Operators, and whom they keep in order, in both forms.

use super::*;
use crate::access::keys::fixtures::person_key;
use crate::access::naming::Naming;
use crate::access::people::People;
use crate::room::request::Request;

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
    let people = Box::new(People::parse(lines.as_bytes()).unwrap().0);
    let naming = Naming::Claim;
    let request = Request::SetPeople {
        naming,
        people,
        taken: 0,
    };
    hall.hub.request(request, hall.now);
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
fn a_ban_by_name_keeps_out_the_address_of_a_person_without_a_key() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (bo, _) = hall.bot("bo", 2, None);
    let cy = hall.person("cy", 2, Some(CY));
    let eve = hall.person("eve", 2, None);
    let done = hall.order(ann, "/ban bo 2h flooding");
    assert!(
        done.contains("-- bo is banned for 2 h: guests:192.0.2.2, program:"),
        "{done}"
    );
    assert!(
        done.ends_with("; also removed: eve; reason: flooding\n"),
        "{done}"
    );
    // People are not told of addresses, nor why.
    let told = hall.read(cy);
    assert!(
        told.starts_with("\r[bo] was banned by ann for 2 h\n\r[eve] was banned"),
        "{told}"
    );
    assert!(
        !told.contains("192.0.2.2") && !told.contains("flooding"),
        "{told}"
    );
    let got = hall.objects(bo);
    assert_eq!(types(&got), ["banned", "left", "left", "error"]);
    assert_eq!(got[0].get("private"), None);
    assert_eq!(got[3]["code"], "banned");
    let why = "you are banned until 1970-01-01T02:00:00Z: flooding";
    assert_eq!(got[3]["text"], why);
    assert!(hall.has_ended(eve) && hall.sessions[eve].reason() == Reason::Banned);
    // Whatever the name, from that address.
    let (again, greeting) = hall.from(2, None);
    assert_eq!(greeting, format!("\r-- chat/1 banned: {why}\n"));
    hall.send(again, "hello\n");
    assert!(hall.has_ended(again));
    let (again, _) = hall.from(2, Some(STRANGER));
    hall.send(again, "/hello {\"protocol\":1}\n");
    assert_eq!(hall.objects(again)[0]["code"], "banned");
    assert!(hall.has_ended(again));
    // The person whose key holds a name is not kept out, nor people from elsewhere.
    assert_eq!(hall.sessions[cy].stage(), Stage::Present);
    hall.person("dan", 3, None);
    let bans = hall.order(ann, "/bans");
    let ban = "\r-- guests:192.0.2.2 is banned (bo) until 1970-01-01T02:00:00Z, since \
               1970-01-01T00:00:00Z by ann, hit 2 times: flooding\n";
    assert!(bans.contains(ban), "{bans}");
    // It ends.
    hall.wait(7199);
    assert!(hall.from(2, None).1.contains("banned"));
    hall.wait(1);
    assert!(!hall.from(2, None).1.contains("banned"));
    assert_eq!(hall.order(ann, "/bans"), "\r-- no bans\n");
}

#[test]
fn a_secret_does_not_get_around_a_ban() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (bo, welcome) = hall.bot("bo", 2, None);
    // Half open: the server has not noticed the end of the connection.
    hall.order(ann, "/ban bo forever");
    assert!(hall.has_ended(bo));
    let resume = json!({"room": welcome["room"], "seq": 1, "secret": welcome["secret"]});
    let (again, greeting) = hall.from(77, None);
    assert!(!greeting.contains("banned"), "{greeting}");
    let hello = json!({"protocol": 1, "name": "bob", "resume": resume});
    hall.send(again, format!("/hello {hello}\n"));
    let got = hall.objects(again);
    assert_eq!(types(&got), ["error"]);
    assert_eq!(got[0]["code"], "banned");
    assert_eq!(got[0]["text"], "you are banned for good");
    assert!(hall.has_ended(again));
    assert!(
        hall.order(ann, "/unban bo")
            .starts_with("\r-- banned no more: guests:192.0.2.2, program:")
    );
    let (again, _) = hall.from(77, None);
    hall.send(again, format!("/hello {hello}\n"));
    assert_eq!(types(&hall.objects(again))[0], "welcome");
    assert_eq!(
        hall.order(ann, "/unban bo"),
        "\r-- there is no ban of bo; /bans lists them\n"
    );
}

#[test]
fn a_person_with_a_key_is_banned_by_it_and_by_the_address_unless_others_share_that() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    hall.person("bo", 2, Some(STRANGER));
    let eve = hall.person("eve", 2, None);
    let done = hall.order(ann, "/ban bo");
    let key = person_key(STRANGER).print();
    let told =
        format!("-- bo is banned for 1 day: key:{key}; not 192.0.2.2, which is shared with eve\n");
    assert!(
        done.contains("key:SHA256:") && done.ends_with(&told),
        "{done}"
    );
    assert_eq!(hall.sessions[eve].stage(), Stage::Present);
    assert!(hall.from(50, Some(STRANGER)).1.contains("banned"));
    assert!(!hall.from(2, None).1.contains("banned"));
    hall.order(ann, &format!("/unban key:{key}"));
    assert!(!hall.from(50, Some(STRANGER)).1.contains("banned"));
    // Alone at the address, also when gone.
    let bo = hall.person("bo", 60, Some(STRANGER));
    hall.order(bo, "/quit");
    let done = hall.order(ann, "/ban bo");
    let told = format!("\r-- bo is banned for 1 day: key:{key}, guests:192.0.2.60\n");
    assert_eq!(done, told);
    assert!(hall.from(60, None).1.contains("banned"));
    let done = hall.order(ann, "/ban nix");
    assert!(
        done.starts_with("\r-- nix is not here, and has not been within the last 1 h"),
        "{done}"
    );
}

#[test]
fn addresses_are_banned_by_their_prefix() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let cy = hall.person("cy", 2, Some(CY));
    let done = hall.order(ann, "/ban 192.0.2.0/24 1h");
    assert_eq!(
        done,
        "\r-- that would ban you as well: /ban! 192.0.2.0/24 does it all the same\n"
    );
    assert_eq!(hall.sessions[cy].stage(), Stage::Present);
    let done = hall.order(ann, "/ban! 192.0.2.0/24 1h");
    assert!(
        done.contains("banned for 1 h: 192.0.2.0/24; removed: ann, cy"),
        "{done}"
    );
    // Operators come in all the same.
    assert!(!hall.from(1, Some(ANN)).1.contains("banned"));
    assert!(hall.from(99, Some(CY)).1.contains("banned"));
    let control = hall.control();
    hall.order(control, "/unban 192.0.2.0/24");
    assert!(!hall.from(99, Some(CY)).1.contains("banned"));
    hall.order(control, "/ban 2001:db8::1");
    let mut v6 = |address: &str| {
        let remote: SocketAddr = format!("[{address}]:7").parse().unwrap();
        hall.add(caller(remote, Carrier::Plain))
            .1
            .contains("banned")
    };
    assert!(v6("2001:db8::2") && !v6("2001:db8:0:1::1"));
}

#[test]
fn a_newcomer_who_was_greeted_before_the_ban_does_not_come_in() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (text, greeting) = hall.from(2, None);
    assert!(!greeting.contains("banned"));
    let (json, _) = hall.from(2, None);
    let (silent, _) = hall.from(2, None);
    hall.order(ann, "/ban 192.0.2.2 spam");
    assert!(
        hall.order(text, "hello")
            .starts_with("\r-- you are banned until ")
    );
    hall.send(json, "/hello {\"protocol\":1}\n");
    assert_eq!(hall.objects(json)[0]["code"], "banned");
    hall.pass(ANNOUNCE_AFTER);
    assert!(hall.read(silent).starts_with("\r-- you are banned until "));
    assert!(
        [text, json, silent]
            .into_iter()
            .all(|who| hall.has_ended(who))
    );
    assert_eq!(hall.read(ann), "");
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
    assert_eq!(hall.read(cy), "\r[cy] was made an operator by ann\n");
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
fn a_muted_person_reads_and_does_not_speak() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (bo, _) = hall.bot("bo", 2, None);
    let done = hall.order(ann, "/mute bo");
    assert!(
        done.contains("bo can read and not speak for 10 min: guests:192.0.2.2"),
        "{done}"
    );
    hall.objects(bo);
    let refused = |hall: &mut Hall, request: Value| {
        hall.send(bo, request.to_string() + "\n");
        hall.objects(bo).last().unwrap().clone()
    };
    let got = refused(
        &mut hall,
        json!({"type": "message", "text": "hi", "id": "1"}),
    );
    assert_eq!((&got["code"], &got["id"]), (&"muted".into(), &"1".into()));
    assert_eq!(got["text"], "that was not sent: you are muted for 10 min");
    let got = refused(&mut hall, json!({"type": "nick", "name": "spam"}));
    assert_eq!(got["code"], "muted");
    // Neither under another name over a second connection, nor after coming back.
    let other = hall.person("other", 2, None);
    assert!(hall.order(other, "/me shouts").contains("you are muted"));
    // People who hold a name may speak from there, and it is heard by the muted.
    let cy = hall.person("cy", 2, Some(CY));
    assert_eq!(hall.order(cy, "hi"), "");
    assert_eq!(hall.objects(bo).last().unwrap()["text"], "hi");
    assert!(
        hall.order(ann, "/mute bo forever")
            .contains("a mute always ends")
    );
    hall.wait(600);
    let got = refused(
        &mut hall,
        json!({"type": "message", "text": "hi", "id": "2"}),
    );
    assert_eq!(got["type"], "message");
    hall.order(ann, "/mute bo 1h");
    assert!(hall.order(ann, "/unmute bo").contains("bo can speak again"));
    let got = refused(
        &mut hall,
        json!({"type": "message", "text": "ho", "id": "3"}),
    );
    assert_eq!(got["type"], "message");
    assert_eq!(hall.order(ann, "/unmute bo"), "\r-- bo is not muted\n");
}

#[test]
fn newcomers_see_the_topic() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    assert_eq!(hall.order(bo, "/topic"), "\r-- the room has no topic\n");
    assert_eq!(
        hall.order(bo, "/topic mine"),
        "\r-- that is for operators\n"
    );
    assert_eq!(
        hall.order(ann, "/topic a  lake"),
        "\r-- the topic is: a lake\n"
    );
    assert_eq!(hall.read(bo), "\r-- topic, by ann: a lake\n");
    let topic = "\r-- topic, by ann on 1970-01-01T00:00:00Z: a lake\n";
    assert_eq!(hall.order(bo, "/topic"), topic);
    assert!(hall.from(3, None).1.ends_with("\r-- topic: a lake\n"));
    let (_, welcome) = hall.bot("bot", 4, None);
    let topic = json!({"text": "a lake", "by": "ann", "time": "1970-01-01T00:00:00.000Z"});
    assert_eq!(welcome["topic"], topic);
    hall.order(ann, "/topic -");
    assert_eq!(hall.order(bo, "/topic"), "\r-- the room has no topic\n");
    let long = "x".repeat(257);
    assert!(
        hall.order(ann, &format!("/topic {long}"))
            .contains("longer than 256 bytes")
    );
}

#[test]
fn in_slow_mode_each_person_waits() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let eve = hall.person("eve", 2, None);
    hall.order(ann, "/slow 10");
    hall.hush();
    assert_eq!(hall.order(bo, "one"), "");
    hall.pass(Duration::from_millis(9000));
    let told = "\r-- that was not sent: slow mode: wait 1 s\n";
    assert_eq!(hall.order(bo, "two"), told);
    // People behind one address do not wait for each other, and operators not at all.
    assert!(!hall.order(eve, "one").contains("slow"));
    assert!(!hall.order(ann, "1\n2").contains("slow"));
    // To come back is no way around.
    hall.order(bo, "/quit");
    let again = hall.person("bob", 2, None);
    assert_eq!(
        hall.order(again, "two"),
        "\r-- that was not sent: slow mode: wait 1 s\n"
    );
    hall.pass(Duration::from_millis(1000));
    assert!(!hall.order(again, "two").contains("slow"));
    hall.order(ann, "/slow 0");
    hall.hush();
    assert_eq!(hall.order(again, "3\n4"), "");
    assert!(
        hall.order(ann, "/slow 3601")
            .contains("at most 3600 seconds")
    );
}

#[test]
fn a_locked_room_lets_in_only_people_who_were_here_or_hold_a_name() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (_, welcome) = hall.bot("bot", 4, None);
    let (text, _) = hall.from(2, None);
    hall.order(ann, "/lock");
    assert_eq!(
        hall.order(ann, "/lock"),
        "\r-- the room is locked already\n"
    );
    let why = "the room is locked: only people who come back, and people whose key holds a \
               name, are let in";
    let greeting = format!("\r-- chat/1 locked: {why}\n");
    let (stranger, told) = hall.from(2, None);
    assert_eq!(told, greeting);
    hall.pass(ANNOUNCE_AFTER);
    assert!(hall.has_ended(stranger) && hall.has_ended(text));
    assert!(!hall.from(2, Some(CY)).1.contains("locked"));
    assert!(hall.from(2, Some(STRANGER)).1.contains("locked"));
    let resume = json!({"room": welcome["room"], "seq": 1, "secret": welcome["secret"]});
    for (secret, expected) in [(true, "welcome"), (false, "error")] {
        let (who, told) = hall.from(5, None);
        assert_eq!(told, greeting);
        let mut resume = resume.clone();
        if !secret {
            resume["secret"] = "0".repeat(32).into();
        }
        let hello = json!({"protocol": 1, "name": "bot", "resume": resume});
        hall.send(who, format!("/hello {hello}\n"));
        assert_eq!(types(&hall.objects(who))[0], expected);
    }
    hall.order(ann, "/unlock");
    assert!(!hall.from(2, None).1.contains("locked"));
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
fn an_announcement_is_nothing_that_a_person_could_say() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let (bot, _) = hall.bot("bot", 3, None);
    assert_eq!(
        hall.order(ann, "/announce we close at 6"),
        "\r-- that was announced\n"
    );
    assert_eq!(hall.read(bo), "\r-- announcement: we close at 6\n");
    let got = hall.objects(bot).pop().unwrap();
    assert_eq!(
        (&got["type"], &got["by"]),
        (&"announced".into(), &"ann".into())
    );
    hall.order(bo, "-- announcement: we close at 5");
    assert_eq!(hall.read(ann), "\r<bo> -- announcement: we close at 5\n");
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

#[test]
fn many_bans_are_told_in_pieces() {
    let mut hall = hall();
    let control = hall.control();
    for number in 0..120 {
        hall.order(control, &format!("/ban 10.0.{number}.0/24 forever"));
    }
    let told = hall.order(control, "/bans");
    assert_eq!(told.matches(" is banned for good").count(), 120);
}

#[test]
fn an_erased_text_is_gone_for_all_who_come_later() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let (bot, _) = hall.bot("bot", 3, None);
    hall.order(bo, "my password is hunter2");
    let said = hall.objects(bot).pop().unwrap();
    let seq = said["seq"].as_u64().unwrap();
    hall.order(bo, "/me waves");
    hall.hush();
    let done = hall.order(ann, &format!("/erase {seq} private"));
    assert_eq!(done, format!("\r-- message {seq} was erased\n"));
    assert_eq!(
        hall.read(bo),
        format!("\r-- message {seq} was erased by ann: private\n")
    );
    let got = hall.objects(bot).pop().unwrap();
    assert_eq!(
        (&got["type"], &got["target"]),
        (&"erased".into(), &seq.into())
    );
    // In text form, and for programs that ask again or come new.
    let past = hall.order(bo, "/history");
    assert!(
        past.contains("Z <bo> [removed by ann]\n") && !past.contains("hunter2"),
        "{past}"
    );
    hall.send(
        bot,
        json!({"type": "history", "first": seq, "last": seq}).to_string() + "\n",
    );
    let got = &hall.objects(bot)[0];
    assert_eq!(
        (&got["seq"], &got["text"]),
        (&seq.into(), &"[removed by ann]".into())
    );
    assert_eq!(got["erased"], true);
    let (new, _) = hall.from(4, None);
    hall.send(new, "/hello {\"protocol\":1,\"replay\":9}\n");
    let got = hall.objects(new);
    assert!(!format!("{got:?}").contains("hunter2"));
    // An operator sees the numbers.
    let past = hall.order(ann, "/history");
    let row = format!("Z #{seq} <bo> [removed by ann]\n");
    assert!(past.contains(&row), "{past}");
    // What is no message cannot be erased.
    let refused = hall.order(ann, "/erase 1");
    assert_eq!(
        refused,
        "\r-- 1 is no message; /history shows their numbers\n"
    );
    assert!(
        hall.order(ann, "/erase 999")
            .starts_with("\r-- there is no message 999: ")
    );
}
