//! How fast a peer is heard, and how much at a time.

use super::*;

/// Lines that come too fast wait, and none is lost.
#[test]
fn who_is_too_fast_is_not_heard_for_a_while() {
    let mut hall = Hall::new();
    hall.hub.set_limits(Limits::default());
    let [fast, other] = ["fast", "other"].map(|name| hall.join(name));
    let lines: String = (0..1000).map(|line| format!("n{line}\n")).collect();
    hall.send(fast, "\n".repeat(50));
    hall.send(fast, &lines);
    let start = hall.now.instant;
    let (heard, rounds) = hear_all(&mut hall, fast, other);
    let expected: String = (0..1000)
        .map(|line| format!("\r<fast> n{line}\n"))
        .collect();
    assert_eq!(heard, expected);
    // 1,050 lines and the name, of which 100 are free.
    let took = hall.now.instant - start;
    assert!((47..=48).contains(&took.as_secs()), "{took:?}");
    assert!((150..300).contains(&rounds), "{rounds}");
}

/// A text of many short lines, which is many times as long in text form, does not reach
/// the others faster either.
#[test]
fn who_says_many_rows_pays_for_what_is_shown() {
    let mut hall = Hall::new();
    hall.hub.set_limits(Limits::default());
    let other = hall.join("other");
    let (fast, _) = hall.program(json!({"protocol": 1, "name": "fast"}));
    let text = ["x"; 2000].join("\n");
    let line = json!({"type": "message", "text": text}).to_string() + "\n";
    hall.read(other);
    let start = hall.now.instant;
    hall.send(fast, line.repeat(100));
    let (heard, _) = hear_all(&mut hall, fast, other);
    assert_eq!(heard, "\r<fast> x\n".repeat(200_000));
    // 64 KiB a second, of which five seconds are free and the last text is owed.
    let shown = heard.len() as f64 / 65_536.0;
    let took = (hall.now.instant - start).as_secs_f64();
    assert!((shown - 6.0..shown).contains(&took), "{took} s");
}

/// Another name is more work than a line, and counts as five.
#[test]
fn other_names_count_for_more() {
    let mut hall = Hall::new();
    hall.hub.set_limits(Limits::default());
    let [fast, other] = ["fast", "other"].map(|name| hall.join(name));
    let start = hall.now.instant;
    hall.send(fast, "/nick ann\n/nick bo\n".repeat(50));
    let (heard, _) = hear_all(&mut hall, fast, other);
    assert_eq!(heard.matches("is now known as").count(), 100);
    // 500 lines, of which 100 are free.
    let took = hall.now.instant - start;
    assert!((19..=20).contains(&took.as_secs()), "{took:?}");
}

/// A peer that talks and does not read is not heard for ever, since each line that is
/// not sent back to it takes memory.
#[test]
fn who_talks_and_does_not_read_takes_little_memory() {
    let mut hall = Hall::new();
    let [talker, other] = ["talker", "other"].map(|name| hall.join(name));
    for number in 0..200 {
        hall.send(talker, format!("{number}\n"));
        hall.send(other, "hi\n");
    }
    assert_eq!(hall.sessions[talker].participant.reader.detours(), 128);
    assert!(hall.sessions[talker].is_held());
    hall.read(talker);
    let heard = hall.read(other);
    assert!(heard.ends_with("<talker> 199\n"), "{heard}");
}

/// What `other` hears until everything that `fast` sent is heard, and in how many
/// turns that was.
fn hear_all(hall: &mut Hall, fast: usize, other: usize) -> (String, usize) {
    let mut heard = String::new();
    let mut rounds = 0;
    loop {
        let session = &mut hall.sessions[fast];
        while session.has_work() {
            session.go_on(&mut hall.hub, hall.now);
        }
        assert!(session.is_held() || !session.input.has_backlog());
        hall.hub.timeline.show_all();
        heard += &hall.read(other);
        hall.read(fast);
        let Some(deadline) = hall.sessions[fast].deadline() else {
            return (heard, rounds);
        };
        rounds += 1;
        hall.now.instant = deadline;
        hall.sessions[fast].expire(&mut hall.hub, hall.now);
    }
}

#[test]
fn a_smaller_limit_on_texts_holds_in_both_forms() {
    let mut hall = Hall::new();
    let limits = Limits {
        text: 5,
        ..Limits::default()
    };
    hall.hub.set_limits(limits);
    let [text, other] = ["text", "other"].map(|name| hall.join(name));
    let json = hall.connect();
    hall.send(json, "/hello {\"protocol\":1,\"name\":\"json\"}\n");
    assert!(hall.read(json).contains("\"limits\":{\"text\":5,"));
    hall.read(text);
    hall.read(other);
    hall.send(text, "12345\n123456\n/me 123456\n");
    let refused = "\r-- that was not sent: a message has at most 5 bytes (--max-line)\n";
    assert_eq!(hall.read(text), refused.repeat(2));
    hall.send(
        json,
        "{\"type\":\"message\",\"text\":\"123456\",\"id\":\"x\"}\n",
    );
    let answer = hall.read(json);
    assert!(answer.contains("\"code\":\"too_long\"") && answer.contains("\"id\":\"x\""));
    assert_eq!(hall.read(other), "\r<text> 12345\n");
}

/// Each limit is called what it is, in either form.
#[test]
fn limits_have_their_names() {
    let mut hall = Hall::new();
    hall.hub.set_limits(Limits {
        text: 100,
        ..Limits::default()
    });
    let ann = hall.join("ann");
    let message = "\r-- that was not sent: a message has at most 100 bytes (--max-line)\n";
    let command = "\r-- that was not done: a command has at most 4106 bytes\n";
    for (line, answer) in [
        ("x".repeat(101), message),
        ("x".repeat(4097), message),
        ("x".repeat(5000), message),
        (format!("/me {}", "x".repeat(5000)), message),
        (format!("//{}", "x".repeat(5000)), message),
        (format!("/nick {}", "x".repeat(5000)), command),
        (format!("/hello {}", "x".repeat(5000)), command),
    ] {
        hall.send(ann, line + "\n");
        assert_eq!(hall.read(ann), answer);
    }
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    for (text, blanks, answer) in [
        (
            "x".repeat(101),
            0,
            "a message has at most 100 bytes (--max-line)",
        ),
        (
            "x".repeat(5000),
            0,
            "a message has at most 100 bytes (--max-line)",
        ),
        (
            "hi".to_owned(),
            33_000,
            "a line of JSON has at most 32768 bytes, escapes included",
        ),
    ] {
        let line = json!({"type": "message", "text": text}).to_string() + &" ".repeat(blanks);
        hall.send(bot, line + "\n");
        let told = hall.objects(bot);
        assert_eq!(told[0]["code"], "too_long");
        assert_eq!(told[0]["text"], format!("that was not sent: {answer}"));
    }
}

/// The answers that wait for a peer are bounded.
#[test]
fn who_asks_without_reading_is_not_answered_without_end() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "/help\n".repeat(10_000));
    let session = &hall.sessions[ann];
    assert!(!session.wants_input());
    assert!(session.participant.reader.private_bytes() < MAX_PRIVATE + 1024);
    assert_eq!(hall.read(ann).matches("/who ").count(), 10_000);
    assert_eq!(hall.sessions[ann].input.backlog(), 0);
}

/// Many lines at once are processed one turn after the other.
#[test]
fn one_turn_is_bounded_in_lines_and_in_bytes() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, "a\n".repeat(1000));
    assert_eq!(hall.read(bo).lines().count(), TURN_LINES);
    assert!(hall.sessions[ann].has_work() && hall.sessions[ann].is_held());
    let mut turns = 1;
    while hall.sessions[ann].has_work() {
        hall.sessions[ann].go_on(&mut hall.hub, hall.now);
        turns += 1;
    }
    assert_eq!(turns, 1000usize.div_ceil(TURN_LINES));
    assert_eq!(hall.read(bo).lines().count(), 1000 - TURN_LINES);
    assert!(!hall.sessions[ann].is_held());

    hall.send(ann, format!("{}\n", "x".repeat(4000)).repeat(20));
    let written = hall.hub.timeline.written();
    assert!(hall.sessions[ann].has_work());
    hall.sessions[ann].go_on(&mut hall.hub, hall.now);
    assert!(hall.hub.timeline.written() - written < TURN_BYTES + 10_000);
}
