//! Whom bans and a lock keep out, and whom they spare.

use super::*;

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
    let (again, _) = hall.from(2, None);
    hall.send(again, "/hello {\"protocol\":1}\n");
    assert_eq!(hall.objects(again)[0]["code"], "banned");
    assert!(hall.has_ended(again));
    // People with a key are not kept out, as they share the address, nor people from
    // elsewhere.
    assert_eq!(hall.sessions[cy].stage(), Stage::Present);
    assert!(!hall.from(2, Some(STRANGER)).1.contains("banned"));
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
    let bans = hall.order(ann, "/bans");
    assert!(
        bans.contains("program:") && bans.contains(", hit once"),
        "{bans}"
    );
    assert!(
        hall.order(ann, "/unban bo")
            .starts_with("\r-- banned no more: 192.0.2.2, program:")
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
    let told = format!("\r-- bo is banned for 1 day: key:{key}, 192.0.2.60\n");
    assert_eq!(done, told);
    assert!(hall.from(60, None).1.contains("banned"));
    assert!(hall.from(60, Some(CY)).1.contains("banned"));
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

/// People who log in to the machine of the server all come from one address. Those with a key
/// stay, also if they have not said anything yet, and may come later.
#[test]
fn a_flooder_on_a_shared_machine_is_put_out_alone() {
    let mut hall = hall();
    let control = hall.control();
    let on_machine = |hall: &mut Hall, key: Option<u8>| {
        let number = hall.sessions.len();
        let remote = ([127, 0, 0, 1], 1000 + number as u16).into();
        hall.add(Caller {
            key: key.map(person_key),
            ..caller(remote, Carrier::Tls)
        })
    };
    let (flood, _) = on_machine(&mut hall, None);
    hall.send(flood, "/nick flood\n");
    // Though no other person is there now.
    let done = hall.order(control, "/mute flood");
    assert!(done.contains("for 10 min: guests:127.0.0.1\n"), "{done}");
    let (dan, _) = on_machine(&mut hall, Some(STRANGER));
    hall.send(dan, "/nick dan\n");
    let done = hall.order(control, "/ban flood");
    assert!(
        done.ends_with("-- flood is banned for 1 day: guests:127.0.0.1\n"),
        "{done}"
    );
    assert!(hall.has_ended(flood) && !hall.has_ended(dan));
    assert!(
        hall.order(dan, "hi")
            .contains("dan belongs to your key now")
    );
    assert!(on_machine(&mut hall, None).1.contains("banned"));
    assert!(
        !on_machine(&mut hall, Some(STRANGER + 1))
            .1
            .contains("banned")
    );
    let key = person_key(STRANGER).print();
    hall.order(dan, "/quit");
    let done = hall.order(control, "/ban dan");
    let told =
        format!("-- dan is banned for 1 day: key:{key}; not 127.0.0.1, which is this machine\n");
    assert!(done.ends_with(&told), "{done}");
}

/// However many there are of one name, the answer is short.
#[test]
fn bans_of_one_name_end_together() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    for from in 2..252 {
        hall.person("bo", from, None);
        hall.order(ann, "/ban bo");
    }
    let done = hall.order(ann, "/unban bo");
    let told = "\r-- banned no more: 192.0.2.2, 192.0.2.3, 192.0.2.4, \
                192.0.2.5, 192.0.2.6 and 245 more\n";
    assert!(done.ends_with(told) && done.len() < 600, "{done}");
    assert_eq!(hall.order(ann, "/bans"), "\r-- no bans\n");
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
