//! Peers that come back, and peers that ask for the past.

use super::*;

#[test]
fn one_who_comes_back_gets_what_they_missed_once() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bot, first) = hall.program(json!({"protocol": 1, "name": "bot"}));
    let welcome = &first[0];
    assert_eq!(types(&first), ["welcome"]);
    assert_eq!((&welcome["seq"], &welcome["first"]), (&2.into(), &1.into()));
    assert!(welcome["resumed"].is_null());
    hall.send(ann, "one\ntwo\n");
    let seen = *seqs(&hall.objects(bot)).last().unwrap();
    hall.sessions[bot].lost(Reason::Reset, &mut hall.hub, hall.now);
    hall.send(ann, "three\n");
    let resume = json!({"room": welcome["room"], "seq": seen});
    let (bot, got) =
        hall.program(json!({"protocol": 1, "name": "bot", "resume": resume, "replay": 9}));
    assert_eq!(types(&got), ["welcome", "left", "message", "entered"]);
    assert_eq!(got[0]["resumed"], true);
    assert_eq!(seqs(&got), [7, 5, 6, 7]);
    hall.send(ann, "four\n");
    assert_eq!(seqs(&hall.objects(bot)), [8]);
}

#[test]
fn one_who_cannot_go_on_is_told_why() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "one\n");
    for (resume, expected) in [
        (
            json!({"room": "another", "seq": 1}),
            &["welcome", "notice", "message"][..],
        ),
        // Nothing has happened that it has not seen.
        (
            json!({"room": hall.hub.room().id().as_str(), "seq": 1000}),
            &["welcome", "notice"],
        ),
    ] {
        let hello = json!({"protocol": 1, "resume": resume, "replay": 1});
        let (bot, got) = hall.program(hello);
        assert_eq!(types(&got), expected);
        assert_eq!(got[0]["resumed"], false);
        let end = got[0]["seq"].as_u64().unwrap();
        hall.send(ann, "on\n");
        assert_eq!(seqs(&hall.objects(bot)), [end + 1]);
    }
}

#[test]
fn what_is_no_longer_held_is_a_gap_and_never_silence() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let room = hall.hub.room().id().as_str().to_owned();
    for _ in 0..1000 {
        hall.send(ann, format!("{}\n", "x".repeat(4000)));
        hall.hub.trim([u64::MAX; 2], hall.now);
    }
    let first = hall.hub.timeline.first();
    assert!(first > 2);
    let resume = json!({"room": room, "seq": 1});
    let (_, got) = hall.program(json!({"protocol": 1, "resume": resume}));
    assert_eq!(types(&got)[..2], ["welcome", "gap"]);
    assert_eq!(got[1]["missed"], first - 2);
    let end = got[0]["seq"].as_u64().unwrap();
    assert!(seqs(&got[2..]).into_iter().eq(first..=end));
}

/// Of the last messages only the events between them count, and not those behind them,
/// which would not have been sent.
#[test]
fn what_would_not_have_come_is_not_missed() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "one\n/nick anna\n/nick ann\n");
    let bot = hall.connect();
    hall.send(bot, "/hello {\"protocol\":1,\"replay\":1}\n");
    let joined = hall.hub.timeline.head().seq;
    for _ in 0..1000 {
        hall.send(ann, format!("{}\n", "x".repeat(4000)));
        hall.sessions[bot].fall_behind(&hall.hub);
        hall.hub.trim([u64::MAX; 2], hall.now);
    }
    let first = hall.hub.timeline.first();
    assert!(first > joined + 1);
    let got = hall.objects(bot);
    assert_eq!(types(&got)[..4], ["welcome", "gap", "gap", "message"]);
    assert_eq!(got[1]["missed"], 1);
    assert_eq!(got[2]["missed"], first - joined - 1);
}

#[test]
fn a_message_is_sent_once() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.read(ann);
    let line =
        "{\"type\":\"message\",\"text\":\"hi\",\"id\":\"0123456789abcdef0123456789abcdef\"}\n";
    hall.send(bot, line);
    let first = hall.objects(bot);
    assert_eq!(types(&first), ["message"]);
    hall.sessions[bot].lost(Reason::Reset, &mut hall.hub, hall.now);
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "other"}));
    hall.send(bot, line);
    let again = hall.objects(bot);
    assert_eq!(types(&again), ["confirmed"]);
    assert_eq!(again[0]["seq"], first[0]["seq"]);
    assert_eq!(again[0]["id"], first[0]["id"]);
    assert_eq!(hall.read(ann).matches("> hi").count(), 1);
}

#[test]
fn the_past_can_be_asked_for() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "/history\n");
    assert_eq!(hall.read(ann), "\r-- nothing has been said yet\n");
    hall.send(ann, "one\n/me waves\n");
    let bo = hall.join("bo");
    hall.send(bo, "/history 2\nthree\n/history 1\n");
    let time = "1970-01-01T00:00:00Z";
    assert_eq!(
        hall.read(bo),
        format!("\r{time} <ann> one\n\r{time} * ann waves\n\r{time} <bo> three\n")
    );
    let (bot, got) = hall.program(json!({"protocol": 1, "name": "bot", "replay": 2}));
    assert_eq!(types(&got), ["welcome", "action", "message"]);
    hall.send(
        bot,
        "{\"type\":\"history\",\"first\":1,\"last\":3,\"id\":\"x\"}\n",
    );
    let got = hall.objects(bot);
    assert_eq!(types(&got), ["entered", "message", "action", "history"]);
    assert_eq!(
        (&got[3]["first"], &got[3]["last"], &got[3]["id"]),
        (&1.into(), &3.into(), &"x".into())
    );
    hall.send(
        bot,
        "{\"type\":\"history\",\"first\":0,\"last\":1}\n{\"type\":\"history\",\"first\":99}\n",
    );
    let got = hall.objects(bot);
    assert_eq!(types(&got), ["entered", "history", "history"]);
}

/// However a peer asks for it; but a client that comes back, and gets what it missed,
/// is heard.
#[test]
fn who_asks_for_the_past_takes_it_first() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, "one\n");
    hall.send(bo, "/history\n".repeat(1000) + "done\n");
    assert!(hall.sessions[bo].is_held());
    assert!(hall.sessions[bo].participant.reader.detours() < 4);
    assert_eq!(hall.read(bo).matches("Z <ann> one").count(), 1000);
    assert_eq!(hall.read(ann), "\r<bo> done\n");

    let room = hall.hub.room().id().as_str().to_owned();
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.read(ann);
    for asks in [
        json!({"type": "history", "count": 20}),
        json!({"type": "history", "first": 1}),
        json!({"type": "history", "first": 1, "last": 3}),
        json!({"type": "history", "first": 3, "last": 3}),
    ] {
        hall.send(bot, format!("{asks}\n").repeat(60));
        hall.send(bot, "{\"type\":\"message\",\"text\":\"done\"}\n");
        assert!(hall.sessions[bot].is_held(), "{asks}");
        assert!(hall.sessions[bot].participant.reader.detours() < 4);
        assert_eq!(hall.read(ann), "");
        let got = types(&hall.objects(bot)).join(" ");
        assert_eq!(got.matches("history").count(), 60);
        assert!(got.ends_with("history message"), "{got}");
        assert_eq!(hall.read(ann), "\r<bot> done\n");
    }
    let hello = json!({"protocol": 1, "name": "late", "resume": {"room": room, "seq": 0}});
    let late = hall.connect();
    hall.send(late, format!("/hello {hello}\n"));
    hall.send(late, "{\"type\":\"message\",\"text\":\"again\"}\n");
    assert!(hall.read(ann).ends_with("\r<late> again\n"));
}
