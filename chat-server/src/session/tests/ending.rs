//! How connections end.

use super::*;

/// They listen for 30 s, and then the connection is over.
#[test]
fn half_closed_peers_still_listen() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let printf = hall.connect();
    hall.send(printf, "hi\ntail");
    hall.sessions[printf].input_ended(&mut hall.hub, hall.now);
    assert_eq!(
        hall.read(ann),
        "\r[127.0.0.1:1001] entered room\n\r<127.0.0.1:1001> hi\n\r[127.0.0.1:1001] is offline\n"
    );
    hall.send(ann, "reply\n");
    let got = hall.read(printf);
    assert!(
        got.contains("last line had no end") && got.ends_with("\r<ann> reply\n"),
        "{got}"
    );
    hall.pass(LISTEN_FOR);
    assert!(hall.sessions[printf].is_finished(&hall.hub, hall.now));
}

#[test]
fn one_who_says_nothing_and_goes_leaves_no_trace() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let probe = hall.connect();
    hall.sessions[probe].input_ended(&mut hall.hub, hall.now);
    hall.read(probe);
    assert!(hall.sessions[probe].is_finished(&hall.hub, hall.now));
    assert_eq!(hall.read(ann), "");
}

#[test]
fn the_last_words_wait_for_what_they_follow_to_be_kept() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let bot = hall.connect();
    hall.send(bot, "/hello {\"protocol\":1,\"name\":\"bot\"}\n");
    hall.objects(bot);
    let said = "{\"type\":\"message\",\"text\":\"hi\",\"id\":\"1\"}\n";
    hall.sessions[bot].receive(said.as_bytes(), &mut hall.hub, hall.now);
    hall.sessions[ann].receive(b"hi\n/quit\n", &mut hall.hub, hall.now);
    hall.sessions[bot].goodbye(Reason::ServerStopped, Duration::ZERO, &hall.hub, hall.now);
    for who in [ann, bot] {
        assert!(!hall.sessions[who].is_finished(&hall.hub, hall.now));
    }
    hall.hub.timeline.show_all();
    assert_eq!(
        types(&hall.objects(bot))[..],
        ["message", "message", "left", "goodbye"]
    );
    assert!(hall.read(ann).ends_with("-- goodbye\n"));
    for who in [ann, bot] {
        assert!(hall.sessions[who].is_finished(&hall.hub, hall.now));
    }
}

#[test]
fn a_goodbye_says_when_to_come_back() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.read(ann);
    for who in [ann, bot] {
        hall.sessions[who].goodbye(
            Reason::ServerStopped,
            Duration::from_millis(1500),
            &hall.hub,
            hall.now,
        );
    }
    assert_eq!(
        hall.read(ann),
        "\r-- the server is shutting down: goodbye\n"
    );
    let goodbye = hall.objects(bot);
    assert_eq!(types(&goodbye), ["goodbye"]);
    assert_eq!(goodbye[0]["after_ms"], 1500);
}
