//! How newcomers are announced, alone and in crowds.

use super::*;

/// When all readers have told that they need nothing before a place, the log may be cut
/// there at any moment, also right after a newcomer comes in.
#[test]
fn a_newcomer_begins_where_the_log_may_be_cut() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let late = hall.connect();
    hall.read(late);
    for number in 0..3000 {
        hall.send(ann, format!("{number:04} {}\n", "x".repeat(1000)));
    }
    let floor = [Form::Text, Form::Json].map(|form| hall.hub.timeline.live_from(form));
    hall.send(late, "/nick bo\n");
    hall.hub.trim(floor, hall.now);
    let got = hall.read(late);
    let numbers: Vec<&str> = got
        .lines()
        .filter_map(|line| line.strip_prefix("\r<ann> "))
        .map(|line| &line[..4])
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(numbers.last(), Some(&"2999"));
    assert!(got.ends_with("-- you are now known as bo\n"), "{got}");
}

#[test]
fn a_newcomer_is_announced_once_under_the_final_name() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let silent = hall.connect();
    hall.pass(ANNOUNCE_AFTER - Duration::from_millis(1));
    assert_eq!(hall.read(ann), "");
    hall.send(ann, "hi\n");
    hall.pass(Duration::from_millis(1));
    assert_eq!(hall.read(ann), "\r[127.0.0.1:1001] entered room\n");
    assert!(hall.read(silent).ends_with("to stay\n\r<ann> hi\n"));

    let bo = hall.connect();
    hall.send(bo, "/nick bo\n");
    assert_eq!(hall.read(ann), "\r[bo] entered room\n");
    let late = hall.connect();
    hall.send(late, "/nick bo\n");
    assert_eq!(hall.read(ann), "\r[127.0.0.1:1003] entered room\n");
    assert!(hall.read(late).contains("bo is taken"));
    let program = hall.connect();
    hall.send(program, "/hello {\"protocol\":1,\"name\":\"ann\"}\n");
    assert_eq!(hall.read(ann), "\r[ann-2] entered room\n");
    let speaker = hall.connect();
    hall.send(speaker, "hello\n");
    assert_eq!(
        hall.read(ann),
        "\r[127.0.0.1:1005] entered room\n\r<127.0.0.1:1005> hello\n"
    );
    hall.pass(Duration::from_secs(9));
    assert_eq!(hall.read(ann), "");
}

impl Hall {
    /// Lets so many people come that the next ones are told together.
    pub(super) fn crowded(&mut self) {
        for number in 0..ONE_BY_ONE {
            let name = Name::choose(&format!("n{number}x")).unwrap();
            self.hub.enter(&name, None, self.now);
        }
        self.hub.tell_pending(self.now);
        self.hub.timeline.show_all();
        for session in 0..self.sessions.len() {
            self.read(session);
        }
    }
}

#[test]
fn who_comes_in_a_crowd_is_told_together_with_others() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.crowded();
    let names = ["bo", "cy", "di", "ed"];
    let others: Vec<usize> = names.iter().map(|name| hall.join(name)).collect();
    hall.sessions[others[3]].lost(Reason::Reset, &mut hall.hub, hall.now);
    let (late, got) = hall.program(json!({"protocol": 1, "name": "late"}));
    let welcome = &got[0];
    assert_eq!(welcome["people"], 6 + ONE_BY_ONE);
    hall.pass(TOGETHER_AFTER - Duration::from_millis(1));
    assert_eq!(hall.read(ann), "");
    hall.pass(Duration::from_millis(1));
    let told = "\r-- bo, cy and 2 others entered\n";
    assert_eq!(hall.read(ann), told);
    assert_eq!(hall.read(others[0]), told);
    for program in [bot, late] {
        let got = hall.objects(program);
        assert_eq!(types(&got), ["entered"]);
        assert_eq!(got[0]["names"], json!(["bo", "cy", "di", "late"]));
        assert_eq!(got[0]["seq"], welcome["seq"].as_u64().unwrap() + 1);
    }
    // It is quiet again.
    hall.pass(Duration::from_secs(1));
    hall.sessions[late].lost(Reason::Reset, &mut hall.hub, hall.now);
    hall.hub.timeline.show_all();
    assert_eq!(hall.read(ann), "\r[late] is offline\n");
}

#[test]
fn no_person_speaks_before_their_arrival_is_told() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.crowded();
    let bo = hall.join("bo");
    hall.join("cy");
    hall.send(ann, "nobody new\n");
    assert_eq!(hall.read(bo), "\r<ann> nobody new\n");
    assert_eq!(hall.read(ann), "");
    hall.send(bo, "hi\n");
    let told = "\r[bo] entered room\n\r[cy] entered room\n";
    assert_eq!(hall.read(ann), format!("{told}\r<bo> hi\n"));
    // In a batch not even the reader's own arrival is left out.
    assert_eq!(hall.read(bo), told);
    // A person does not get another name, or that of another person, before that.
    let di = hall.join("di");
    hall.send(ann, "/nick anna\n");
    assert_eq!(hall.read(bo), "\r[ann] is now known as anna\n");
    hall.send(di, "/nick diana\n");
    let told = "\r[di] entered room\n\r[di] is now known as diana\n";
    assert_eq!(hall.read(bo), told);
    hall.sessions[di].lost(Reason::Reset, &mut hall.hub, hall.now);
    hall.send(bo, "/nick diana\n");
    assert!(
        hall.read(ann)
            .ends_with("\r[diana] is offline\n\r[bo] is now known as diana\n")
    );
}

/// A wall clock that jumps changes the times that are shown, and neither the order nor
/// when a peer is announced or closed.
#[test]
fn a_clock_that_jumps_only_shows_other_times() {
    let mut hall = Hall::new();
    let program = hall.connect();
    hall.send(program, "/hello {\"protocol\":1,\"name\":\"bot\"}\n");
    let ann = hall.join("ann");
    hall.read(program);
    hall.send(ann, "now\n");
    const HOUR: u64 = 3_600_000;
    let mut heard = Vec::new();
    for time in [1_000 * HOUR, 999 * HOUR, 100_000 * HOUR, 0, 1_000 * HOUR] {
        hall.now.time = Timestamp::from_unix_milliseconds(time);
        let stranger = hall.connect();
        hall.pass(ANNOUNCE_AFTER - Duration::from_millis(1));
        let stage = hall.sessions[stranger].stage();
        assert!(matches!(stage, Stage::Arriving(_)), "not before its time");
        hall.pass(Duration::from_millis(1));
        assert_eq!(
            hall.sessions[stranger].stage(),
            Stage::Present,
            "at its time"
        );
        hall.send(ann, format!("at {time}\n"));
        hall.send(stranger, "/quit\n");
        assert_ne!(hall.sessions[ann].stage(), Stage::Closing);
        heard.extend(hall.read(program).lines().map(str::to_owned));
    }
    let mut last = None;
    for line in heard {
        let event: Value = serde_json::from_str(&line).unwrap();
        let seq = event["seq"].as_u64().unwrap();
        assert!(last.is_none_or(|last| seq == last + 1), "{line}");
        last = Some(seq);
    }
    assert!(last.is_some_and(|last| last > 15));
}
