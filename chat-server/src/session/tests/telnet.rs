//! What telnet asks, and that the answers are limited.

use super::*;

/// A telnet that waits for an answer shows nothing until it comes: it does, between
/// two lines, in order, to the connection that asked, and in text form only.
#[test]
fn telnet_is_answered() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(bo, "one\n");
    hall.send(
        ann,
        b"half \xff\xf4\xff\xfd\x06a line\n/nick\n\xff\xfb\x1f\xff\xfe\x01",
    );
    hall.send(bo, "two\n");
    assert_eq!(hall.read(bo), "\r<ann> half a line\n");
    let answers = [
        &b"\r<bo> one\n\xff\xfc\x06"[..],
        b"\r-- /nick NAME: say which name you want\n\xff\xfe\x1f",
        b"\r<bo> two\n",
    ];
    let got = hall.read_bytes(ann);
    assert_eq!(got, answers.concat(), "{}", String::from_utf8_lossy(&got));
    hall.send(ann, b"\xff\xf6");
    assert_eq!(hall.read(ann), "\r-- the server is here\n");
    // Also before it has come in, as for telnets that begin with their options.
    let late = hall.connect();
    hall.send(late, b"\xff\xfd\x03");
    assert!(hall.read_bytes(late).ends_with(b"to stay\n\xff\xfc\x03"));

    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.send(bot, b"\xff\xfd\x06\xff\xf6{\"type\":\"ping\"}\n");
    assert_eq!(types(&hall.objects(bot)), ["pong"]);
}

/// A telnet does not get answers without end.
#[test]
fn a_telnet_that_asks_without_reading_is_not_heard_on() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.read(ann);
    for request in [&b"\xff\xfd\x06"[..], b"\xff\xf6"] {
        hall.send(ann, request.repeat(100_000));
        while hall.sessions[ann].has_work() {
            hall.sessions[ann].go_on(&mut hall.hub, hall.now);
        }
        assert!(hall.sessions[ann].is_held());
        let waits = hall.sessions[ann].participant.reader.private_bytes();
        assert!((MAX_PRIVATE..MAX_PRIVATE + 64).contains(&waits), "{waits}");
        let answers = hall.read_bytes(ann);
        let each = if request.len() == 3 { 3 } else { 23 };
        assert_eq!(answers.len(), 100_000 * each);
    }
}
