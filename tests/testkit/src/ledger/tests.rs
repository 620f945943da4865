use super::*;

/// Two clients and what they did: each message is an event, both see it all.
fn agreeing() -> (History, Vec<Ledger>) {
    let lines = [
        r#"{"seq":1,"type":"room","room":"r"}"#,
        r#"{"seq":2,"type":"entered","names":["ann"]}"#,
        r#"{"seq":3,"type":"entered","names":["bo"]}"#,
        r#"{"seq":4,"type":"message","name":"ann","text":"one","id":"a1"}"#,
        r#"{"seq":5,"type":"message","name":"bo","text":"two","id":"b1"}"#,
        r#"{"seq":6,"type":"message","name":"ann","text":"three","id":"a2"}"#,
    ];
    let history = History {
        lines: lines.iter().map(|line| line.as_bytes().to_vec()).collect(),
        is_cut: false,
    };
    let (mut ann, mut bo) = (Ledger::new("ann"), Ledger::new("bo"));
    ann.joined(2);
    bo.joined(3);
    ann.sent("a1", "one");
    bo.sent("b1", "two");
    ann.sent("a2", "three");
    // Sent and never answered, not kept either.
    ann.sent("a3", "four");
    for (index, line) in lines.iter().enumerate() {
        let seq = index as u64 + 1;
        if seq > 2 {
            ann.saw(seq, *line);
        }
        if seq > 3 {
            bo.saw(seq, *line);
        }
    }
    ann.confirmed("a1", 4);
    bo.confirmed("b1", 5);
    // Twice the same, after a reconnect.
    bo.confirmed("b1", 5);
    ann.confirmed("a2", 6);
    (history, vec![ann, bo])
}

/// Changes something, and expects that this is found.
#[track_caller]
fn expect_error(change: impl FnOnce(&mut History, &mut Vec<Ledger>), error: &str) {
    let (mut history, mut ledgers) = agreeing();
    change(&mut history, &mut ledgers);
    let errors = check(&history, &ledgers).expect_err("something is wrong");
    assert!(
        errors.iter().any(|found| found.contains(error)),
        "{error:?} is not in {errors:#?}"
    );
}

#[test]
fn equal_records_are_right() {
    let (history, ledgers) = agreeing();
    let report = Report {
        events: 6,
        messages: 3,
        confirmed: 3,
        seen: 7,
    };
    assert_eq!(check(&history, &ledgers), Ok(report));
}

#[test]
fn a_confirmed_message_is_kept_under_its_number() {
    expect_error(
        |history, ledgers| {
            history.lines.pop();
            ledgers[0].heard.pop();
            ledgers[1].heard.pop();
        },
        "ann: message a2 was confirmed as 6, and is lost",
    );
    expect_error(
        |_, ledgers| ledgers[0].confirmed("a1", 5),
        "ann: message a1 was confirmed as 5, and is 4",
    );
}

#[test]
fn the_file_holds_what_was_sent_and_nothing_else() {
    expect_error(
        |_, ledgers| ledgers[0].sent.retain(|(id, _)| id != "a1"),
        "event 4: no peer sent message a1",
    );
    expect_error(
        |_, ledgers| ledgers[1].sent[0].1.push('!'),
        "bo: message b1 is event 5 with another text",
    );
    expect_error(
        |_, ledgers| ledgers[1].refused("b1"),
        "bo: message b1 was refused, and is event 5",
    );
    expect_error(
        |history, _| history.lines[3] = br#"{"seq":4,"type":"message","text":"one"}"#.to_vec(),
        "event 4 has no id",
    );
}

#[test]
fn what_was_refused_can_be_sent_again() {
    let (history, mut ledgers) = agreeing();
    ledgers[0].refused("a2");
    ledgers[0].sent("a2", "three");
    assert!(check(&history, &ledgers).is_ok());
}

#[test]
fn no_message_is_there_twice() {
    expect_error(
        |history, _| {
            let again = String::from_utf8(history.lines[4].clone()).unwrap();
            history
                .lines
                .push(again.replace("\"seq\":5", "\"seq\":7").into_bytes());
        },
        "message b1 is event 5 and event 7",
    );
}

#[test]
fn the_numbers_go_on_without_a_gap() {
    expect_error(
        |history, _| _ = history.lines.remove(4),
        "event 5 should come, and it is event 6",
    );
    expect_error(
        |history, _| _ = history.lines.remove(0),
        "begins with event 2",
    );
    expect_error(|history, _| history.lines[5].truncate(9), "no JSON");
    let (mut history, ledgers) = agreeing();
    history.lines.remove(0);
    history.is_cut = true;
    assert!(
        check(&history, &ledgers).is_ok(),
        "the limit has dropped it"
    );
}

#[test]
fn all_clients_see_the_kept_messages() {
    expect_error(
        |_, ledgers| {
            let Some(Heard::Event(6, line)) = ledgers[1].heard.last_mut() else {
                panic!("the last event");
            };
            line.push(b' ');
        },
        "bo: event 6 is not what it saw",
    );
    expect_error(
        |_, ledgers| ledgers[1].saw(7, "{}"),
        "bo: saw event 7, which is lost",
    );
    expect_error(
        |_, ledgers| _ = ledgers[1].heard.remove(2),
        "bo: event 5 should come, and event 6 came",
    );
    expect_error(
        |_, ledgers| _ = ledgers[1].heard.remove(1),
        "bo: event 4 should come, and event 5 came",
    );
    expect_error(
        |_, ledgers| {
            let twice = ledgers[0].heard[2].clone();
            ledgers[0].heard.insert(3, twice);
        },
        "ann: event 5 should come, and event 4 came",
    );
    expect_error(
        |_, ledgers| ledgers[0].heard.swap(2, 3),
        "ann: event 4 should come, and event 5 came",
    );
    expect_error(
        |_, ledgers| ledgers[0].joined(6),
        "ann: began anew behind event 6",
    );
    expect_error(
        |_, ledgers| ledgers[0].wrong("another room"),
        "ann: another room",
    );
}

#[test]
fn a_gap_that_was_told_is_none() {
    let (history, mut ledgers) = agreeing();
    ledgers[1].heard.splice(1..3, [Heard::Gap(2)]);
    assert!(check(&history, &ledgers).is_ok());
    assert_eq!(ledgers[1].missed_in_all(), 2);
    expect_error(
        |_, ledgers| _ = ledgers[1].heard.splice(1..3, [Heard::Gap(1)]),
        "bo: event 5 should come, and event 6 came",
    );
}

#[test]
fn each_sender_is_heard_in_order() {
    expect_error(
        |_, ledgers| ledgers[0].sent.swap(0, 1),
        "ann: message a1 is event 4, before an earlier one, 6",
    );
}

#[test]
fn a_history_is_read_in_the_order_of_its_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("chat");
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).expect("a file");
    };
    write("chat", "e\n");
    write("chat.000002", "c\nd\n");
    write("chat.000001", "a\nb\n");
    write("chat.torn", "no");
    write("chat.lock", "");
    write("chatter.000003", "no\n");
    let history = History::read(&file).expect("whole lines");
    assert_eq!(history.lines.concat(), b"abcde");
    assert!(!history.is_cut);
    std::fs::remove_file(directory.path().join("chat.000001")).expect("it was there");
    assert!(History::read(&file).expect("whole lines").is_cut);
    write("chat", "e\nf");
    let error = History::read(&file).expect_err("a torn line");
    assert!(error.contains("in the middle of a line"), "{error}");
}
