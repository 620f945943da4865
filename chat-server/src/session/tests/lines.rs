//! What peers say and what they read, in both forms.

use super::*;

#[test]
fn text_form_as_others_see_it() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, "hi\n/me waves\n//x\n");
    assert_eq!(hall.read(bo), "\r<ann> hi\n\r* ann waves\n\r<ann> /x\n");
    assert_eq!(hall.read(ann), "");
    hall.send(ann, "/nick anna\n");
    assert_eq!(hall.read(bo), "\r[ann] is now known as anna\n");
    assert_eq!(hall.read(ann), "\r-- you are now known as anna\n");
    hall.send(ann, "/dance\n");
    assert!(hall.read(ann).starts_with("\r-- there is no /dance"));
    hall.send(ann, "/quit\n");
    assert_eq!(hall.read(bo), "\r[anna] is offline\n");
    assert_eq!(hall.read(ann), "\r-- goodbye\n");
    assert!(hall.sessions[ann].is_finished(&hall.hub, hall.now));
}

#[test]
fn a_program_gets_welcome_and_then_every_event() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let bot = hall.connect();
    hall.send(ann, "before\n");
    hall.send(bot, "/hello {\"protocol\":1,\"name\":\"bot\"}\n{\"type\":\"message\",\"text\":\"hi\",\"id\":\"1\"}\n");
    hall.send(ann, "after\n");
    let got = hall.read(bot);
    let json = &got[got.find('{').unwrap()..];
    assert!(!got.contains("before"), "{got}");
    let lines: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "welcome");
    assert_eq!(lines[0]["seq"], 3);
    assert_eq!(lines[0]["names"], json!(["ann", "bot"]));
    assert_eq!(
        (&lines[1]["seq"], &lines[1]["id"]),
        (&4.into(), &"1".into())
    );
    assert_eq!(
        (&lines[2]["seq"], &lines[2]["text"]),
        (&5.into(), &"after".into())
    );
}

/// A refusal is a word, not the end.
#[test]
fn refused_lines_are_answered_and_the_connection_lives() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, [&[b'x'; 4097][..], b"\na\xff\nstill\n"].concat());
    assert_eq!(hall.read(bo), "\r<ann> still\n");
    let answers = hall.read(ann);
    assert_eq!(
        answers.matches("-- that was not sent").count(),
        2,
        "{answers}"
    );
    hall.send(ann, [b'x'; 65536]);
    assert!(hall.read(ann).contains("goodbye"));
    assert_eq!(hall.read(bo), "\r[ann] is offline\n");
}

#[test]
fn who_tells_all_names_in_pieces() {
    let mut hall = Hall::new();
    for number in 0..450 {
        hall.hub.enter(
            &Name::choose(&format!("n{number}x")).unwrap(),
            None,
            hall.now,
        );
    }
    let ann = hall.join("ann");
    hall.send(ann, "/who\n");
    let got = hall.read(ann);
    assert_eq!(got.lines().count(), 3, "{got}");
    assert_eq!(got.matches(", ").count() + 3, 451);
}

#[test]
fn one_who_waits_for_nothing_holds_no_memory() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bo, hello) = (hall.connect(), r#"{"protocol":1,"name":"bo","replay":5}"#);
    hall.send(bo, format!("/hello {hello}\n"));
    hall.send(ann, "in two ");
    hall.send(ann, "pieces\n/who\n/history\n");
    hall.send(
        bo,
        "{\"type\":\"who\"}\n{\"type\":\"nick\",\"name\":\"ann\"}\n",
    );
    for session in [ann, bo] {
        hall.read(session);
        // The log is told in each round.
        hall.sessions[session].take_changes();
    }
    for session in [ann, bo].map(|session| &hall.sessions[session]) {
        assert_eq!(session.input.partial(), 0);
        assert_eq!(session.participant.reader.detours(), 0);
        assert_eq!(session.input.backlog(), 0);
        assert_eq!(session.participant.names.get(), None);
    }
}

/// In both forms, and the next question is another one.
#[test]
fn people_are_found_by_how_their_names_begin() {
    let mut hall = Hall::new();
    let ann = hall.join("Ann");
    hall.join("anton");
    hall.join("bo");
    let (program, _) = hall.program(json!({"protocol": 1, "name": "cy"}));
    hall.read(ann);
    hall.send(ann, "/who AN\n/who\n/who x\n");
    assert_eq!(
        hall.read(ann),
        "\r-- here (4 in all): Ann, anton\n\r-- here (4 in all): Ann, anton, bo, cy\n\r-- here (4 \
         in all): no name begins so\n"
    );
    hall.objects(program);
    hall.send(program, "{\"type\":\"who\",\"prefix\":\"an\"}\n");
    let got = hall.objects(program);
    assert_eq!(got[0]["names"], json!(["Ann", "anton"]));
    assert_eq!(
        (&got[0]["people"], &got[0]["more"]),
        (&json!(4), &json!(false))
    );
    hall.send(program, "{\"type\":\"who\",\"prefix\":7}\n");
    assert_eq!(hall.objects(program)[0]["code"], "bad_command");
}
