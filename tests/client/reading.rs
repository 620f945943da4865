//! What the others say, as it is read: in its order, in colours, with times,
//! with a bell, and folded where many come at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chat_testkit::{Cell, Peer, Screen, Terminal, keys, until};

use crate::scripted::{
    greet, id_of, listen, object, send_message, send_reply, send_welcome, welcome,
};
use crate::{client, controls, count, open, open_with};

/// A client that is in the room of a server that the test plays.
#[track_caller]
fn scripted(args: &[&str], env: &[(&str, &str)]) -> (Terminal, Peer) {
    let (listener, addr) = listen();
    let ann = open_with(addr, "ann", args, env);
    let server = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    (ann, server)
}

/// The cells of the last row that is exactly this.
fn cells(screen: &Screen, row: &str) -> Option<Vec<Cell>> {
    let at = screen.lines().iter().rposition(|line| line == row)?;
    Some(screen.cells(at).to_vec())
}

/// Waits until this row is there, and all its cells that are written are as
/// wanted.
#[track_caller]
fn wait_row(terminal: &Terminal, row: &str, what: &str, wanted: impl Fn(&Cell) -> bool) {
    terminal.wait_inspect(
        |screen| {
            cells(screen, row).is_some_and(|cells| {
                let mut written = cells.iter().filter(|cell| !cell.text.is_empty());
                written.all(&wanted)
            })
        },
        &format!("{row:?}, {what}"),
    );
}

#[track_caller]
pub(crate) fn wait_dim(terminal: &Terminal, row: &str) {
    wait_row(terminal, row, "dim", |cell| cell.dim);
}

#[track_caller]
fn wait_bright(terminal: &Terminal, row: &str) {
    wait_row(terminal, row, "not dim", |cell| !cell.dim);
}

/// The colours of a word in the last row that is exactly this.
#[track_caller]
fn color_of(terminal: &Terminal, row: &str, word: &str) -> Option<u8> {
    terminal.wait_for_text(row);
    let start = row.find(word).expect("it is in the row");
    let cells = cells(&terminal.inspect(), row).expect("it is on the screen");
    let colors: Vec<Option<u8>> = cells[start..start + word.len()]
        .iter()
        .map(|cell| cell.color)
        .collect();
    assert!(colors.iter().all(|color| *color == colors[0]), "{colors:?}");
    colors[0]
}

/// The sequences that choose how text looks.
fn renditions(terminal: &Terminal) -> BTreeSet<String> {
    let mut controls = controls(terminal);
    controls.retain(|control| control.starts_with("ESC [") && control.ends_with('m'));
    controls
}

#[test]
fn a_line_is_dim_until_the_room_has_it() {
    let (ann, mut server) = scripted(&[], &[]);
    ann.type_text("hello\r");
    let hello = server.expect_line();
    wait_dim(&ann, "<You> hello");
    ann.wait_for_text(
        "-- you are ann; nobody else is here yet. /help for commands and keys\n<You> hello\n<You>",
    );
    wait_bright(&ann, "<You>");
    // Another person's message comes first, and so it stands first.
    send_message(&mut server, 1, "bo", "hello", None);
    ann.wait_for_text("\n<bo> hello\n<You> hello\n<You>");
    wait_dim(&ann, "<You> hello");
    send_message(&mut server, 2, "ann", "hello", Some(id_of(&hello)));
    wait_bright(&ann, "<You> hello");
    send_message(&mut server, 3, "bo", "fine", None);
    ann.wait_for_text("\n<bo> hello\n<You> hello\n<bo> fine\n<You>");
    let full = ann.full_text();
    assert_eq!(count(&full, "<You> hello"), 1, "in:\n{full}");
}

#[test]
fn lines_that_wait_take_their_places_one_by_one() {
    let (ann, mut server) = scripted(&[], &[]);
    ann.type_text("one\rtwo\r");
    ann.type_text(&keys::pasted("three\nfour\nfive"));
    ann.type_text("\rdraft");
    let sent: Vec<String> = (0..3).map(|_| server.expect_line()).collect();
    ann.wait_for_text("\n<You> one\n<You> two\n<You> three (and 2 more)\n<You> draft");
    for row in ["<You> one", "<You> two", "<You> three (and 2 more)"] {
        wait_dim(&ann, row);
    }
    wait_bright(&ann, "<You> draft");
    send_message(&mut server, 1, "ann", "one", Some(id_of(&sent[0])));
    wait_bright(&ann, "<You> one");
    wait_dim(&ann, "<You> two");
    send_message(&mut server, 2, "bo", "between", None);
    ann.wait_for_text(
        "\n<You> one\n<bo> between\n<You> two\n<You> three (and 2 more)\n<You> draft",
    );
    send_message(&mut server, 3, "ann", "two", Some(id_of(&sent[1])));
    send_message(
        &mut server,
        4,
        "ann",
        r"three\nfour\nfive",
        Some(id_of(&sent[2])),
    );
    ann.wait_for_text(
        "\n<You> one\n<bo> between\n<You> two\n<You> three\n<You> four\n<You> five\n<You> draft",
    );
    for row in ["<You> two", "<You> three", "<You> five"] {
        wait_bright(&ann, row);
    }
    let full = ann.full_text();
    for row in ["<You> one", "<You> two", "<You> three"] {
        assert_eq!(count(&full, row), 1, "{row} in:\n{full}");
    }
    assert_eq!(full.matches("more)").count(), 0, "in:\n{full}");
}

#[test]
fn a_refused_line_waits_no_more() {
    let (ann, mut server) = scripted(&[], &[]);
    ann.type_text("hello\r");
    let hello = server.expect_line();
    wait_dim(&ann, "<You> hello");
    let error = format!(
        r#""type":"error","code":"too_fast","text":"slow down","id":"{}""#,
        id_of(&hello)
    );
    send_reply(&mut server, &error);
    ann.wait_for_text("\n-- slow down: hello\n<You>");
    assert!(!ann.screen().contains("<You> hello"));
}

#[test]
fn lines_before_the_welcome_wait_visibly() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = greet(&listener);
    ann.type_text("early\rbird\r/me waves\rdraft");
    ann.wait_for_text("\n<You> early\n<You> bird\n<You> /me waves\n<You> draft");
    wait_dim(&ann, "<You> early");
    wait_dim(&ann, "<You> bird");
    wait_bright(&ann, "<You> draft");
    server.expect_nothing_for(Duration::from_millis(50));
    send_welcome(&mut server, "ann");
    let sent: Vec<String> = (0..3).map(|_| server.expect_line()).collect();
    wait_dim(&ann, "<You> early");
    send_message(&mut server, 1, "ann", "early", Some(id_of(&sent[0])));
    send_message(&mut server, 2, "ann", "bird", Some(id_of(&sent[1])));
    let action = format!(
        r#""seq":3,"type":"action","name":"ann","text":"waves","id":"{}""#,
        id_of(&sent[2])
    );
    send_reply(&mut server, &action);
    ann.wait_for_text(
        "-- you are ann; nobody else is here yet. /help for commands and keys\n<You> early\n<You> bird\n* ann waves\n<You> draft",
    );
    wait_bright(&ann, "<You> early");
    let full = ann.full_text();
    assert_eq!(count(&full, "<You> early"), 1, "in:\n{full}");
    assert_eq!(full.matches("waves").count(), 1, "in:\n{full}");
}

#[test]
fn people_have_steady_colours() {
    let colors = || {
        let (ann, mut server) = scripted(&[], &[]);
        let mut colors = Vec::new();
        for (seq, name) in ["bo", "cy", "dan", "fay"].into_iter().enumerate() {
            let seq = 2 * u64::try_from(seq).expect("a small number");
            send_message(&mut server, seq, name, "bo and cy", None);
            let said = format!("<{name}> bo and cy");
            let color = color_of(&ann, &said, name);
            // Only the name has it.
            assert_eq!(color_of(&ann, &said, "> bo and cy"), None);
            let action = format!(r#""seq":{seq},"type":"action","name":"{name}","text":"waves""#);
            send_reply(&mut server, &action);
            assert_eq!(color_of(&ann, &format!("* {name} waves"), name), color);
            colors.push(color);
        }
        colors
    };
    let first = colors();
    for (index, color) in first.iter().enumerate() {
        // Those that can be read on dark and on light ground.
        let readable = [1, 2, 5, 6, 9, 12, 13].map(Some);
        assert!(readable.contains(color), "{color:?}");
        assert!(!first[..index].contains(color), "{first:?}");
    }
    assert_eq!(colors(), first);
}

/// The renditions of everything that has a colour or is dim, under these settings.
#[track_caller]
fn all_renditions(args: &[&str], env: &[(&str, &str)]) -> BTreeSet<String> {
    let args = [&["--time", "short"], args].concat();
    let (ann, mut server) = scripted(&args, env);
    send_message(&mut server, 1, "bo", "ann: hello", None);
    send_reply(&mut server, r#""seq":2,"type":"entered","names":["cy"]"#);
    ann.type_text("hello\r");
    let hello = server.expect_line();
    ann.wait_for_text("<You> hello\n<You>");
    send_message(&mut server, 3, "ann", "hello", Some(id_of(&hello)));
    ann.wait_for_text(" <You> hello\n<You>");
    ann.type_text(&keys::pasted("one\ntwo"));
    ann.wait_for_text("-- 2 lines");
    renditions(&ann)
}

#[test]
fn colours_can_be_refused() {
    let none: BTreeSet<String> = BTreeSet::new();
    assert_eq!(all_renditions(&[], &[("NO_COLOR", "1")]), none);
    assert_eq!(all_renditions(&["--color", "never"], &[]), none);
    let usual = all_renditions(&[], &[]);
    let wanted = ["ESC [0m", "ESC [1;7m", "ESC [1m", "ESC [2m", "ESC [95m"];
    assert!(usual.iter().eq(&wanted), "{usual:?}");
    assert_eq!(all_renditions(&[], &[("NO_COLOR", "")]), usual);
    assert_eq!(
        all_renditions(&["--color", "always"], &[("NO_COLOR", "1")]),
        usual
    );
}

#[test]
fn a_mention_stands_out() {
    let (ann, mut server) = scripted(&[], &[]);
    send_message(&mut server, 1, "bo", "hi Ann, annex and ANN!", None);
    let row = "<bo> hi Ann, annex and ANN!";
    ann.wait_for_text(row);
    let cells = cells(&ann.inspect(), row).expect("the row");
    let marked: String = cells
        .iter()
        .filter(|cell| cell.inverse && cell.bold)
        .map(|cell| cell.text.as_str())
        .collect();
    assert_eq!(marked, "AnnANN");
    // Not what you say yourself.
    send_message(&mut server, 2, "ann", "ann am I", None);
    wait_row(&ann, "<You> ann am I", "plain", |cell| !cell.inverse);
}

#[test]
fn a_mention_rings_the_bell_once_a_second_at_most() {
    let (ann, mut server) = scripted(&[], &[]);
    send_message(&mut server, 1, "bo", "annex", None);
    send_message(&mut server, 2, "ann", "ann", None);
    ann.wait_for_text("<bo> annex\n<You> ann\n<You>");
    assert_eq!(ann.bells(), 0);
    let started = Instant::now();
    let mut seq = 2;
    let mut rung = Vec::new();
    until("it has rung three times", || {
        seq += 1;
        send_message(&mut server, seq, "bo", &format!("ann {seq}"), None);
        ann.wait_for_text(&format!("<bo> ann {seq}\n<You>"));
        if ann.bells() > rung.len() {
            rung.push(started.elapsed());
        }
        assert_eq!(ann.bells(), rung.len(), "at once");
        rung.len() == 3
    });
    assert!(rung[2] >= Duration::from_secs(2), "{rung:?}");
    assert!(seq > 20, "there was much to ring for");
}

#[test]
fn the_bell_can_be_off() {
    let (ann, mut server) = scripted(&["--bell", "off"], &[]);
    send_message(&mut server, 1, "bo", "ann!", None);
    ann.wait_for_text("<bo> ann!\n<You>");
    assert_eq!(ann.bells(), 0);
}

#[test]
fn the_bell_can_ring_for_everything() {
    let (ann, mut server) = scripted(&["--bell", "all"], &[]);
    send_message(&mut server, 1, "ann", "hello", None);
    send_reply(&mut server, r#""seq":2,"type":"entered","names":["cy"]"#);
    ann.wait_for_text("<You> hello\n[cy] entered room\n<You>");
    assert_eq!(ann.bells(), 0, "no other person has spoken");
    send_message(&mut server, 3, "bo", "hello", None);
    ann.wait_for_text("<bo> hello\n<You>");
    assert_eq!(ann.bells(), 1);
}

/// What happens around a midnight, as it is shown with these times in this
/// zone.
#[track_caller]
fn around_midnight(which: &str, zone: &str, expected: &str) {
    let (ann, mut server) = scripted(&["--time", which], &[("TZ", zone)]);
    for (time, members) in [
        (
            "2026-11-23T23:58:07.999Z",
            r#""seq":1,"type":"entered","names":["bo"]"#,
        ),
        (
            "2026-11-23T23:59:59.999Z",
            r#""seq":2,"type":"message","name":"bo","text":"late"#,
        ),
        (
            "2026-11-24T00:00:00.000Z",
            r#""seq":3,"type":"message","name":"bo","text":"or early\nor what"#,
        ),
        (
            "2026-11-24T00:00:01.000Z",
            r#""seq":4,"type":"left","names":["bo"]"#,
        ),
    ] {
        let end = if members.ends_with(']') { "" } else { "\"" };
        server.send_str(&object(time, &format!("{members}{end}")));
    }
    ann.wait_for_text(&format!(
        "nobody else is here yet. /help for commands and keys\n{expected}\n<You>"
    ));
}

#[test]
fn short_times_tell_when_the_day_changes() {
    around_midnight(
        "short",
        "UTC",
        "23:58 [bo] entered room\n\
         23:59 <bo> late\n\
         -- Tuesday, 24 November 2026\n\
         00:00 <bo> or early\n\
         00:00 <bo> or what\n\
         00:00 [bo] is offline",
    );
}

#[test]
fn full_times_have_the_date_and_seconds() {
    around_midnight(
        "full",
        "UTC",
        "2026-11-23 23:58:07 [bo] entered room\n\
         2026-11-23 23:59:59 <bo> late\n\
         -- Tuesday, 24 November 2026\n\
         2026-11-24 00:00:00 <bo> or early\n\
         2026-11-24 00:00:00 <bo> or what\n\
         2026-11-24 00:00:01 [bo] is offline",
    );
}

#[test]
fn times_are_those_of_the_persons_zone() {
    around_midnight(
        "short",
        "XYZ-5:30",
        "05:28 [bo] entered room\n\
         05:29 <bo> late\n\
         05:30 <bo> or early\n\
         05:30 <bo> or what\n\
         05:30 [bo] is offline",
    );
    around_midnight(
        "none",
        "UTC",
        "[bo] entered room\n\
         <bo> late\n\
         <bo> or early\n\
         <bo> or what\n\
         [bo] is offline",
    );
}

/// A line that was said looks neither like the prompt nor like a notice.
#[test]
fn what_is_said_is_told_from_the_prompt_and_from_notices() {
    let (ann, mut server) = scripted(&[], &[]);
    wait_dim(
        &ann,
        "-- you are ann; nobody else is here yet. /help for commands and keys",
    );
    send_message(&mut server, 1, "ann", "You", None);
    wait_row(&ann, "<You> You", "as it is", |cell| {
        !cell.bold && !cell.dim
    });
    ann.type_text("<You> draft");
    ann.wait_inspect(
        |screen| {
            let cells = cells(screen, "<You> <You> draft").unwrap_or_default();
            let bold = cells.iter().position(|cell| !cell.bold);
            bold == Some("<You> ".len()) && cells[6..].iter().all(|cell| !cell.bold)
        },
        "a bold prompt before what is typed",
    );
    ann.type_text(&format!("{}/nik bo\r", keys::ctrl('u')));
    let trouble = "-- there is no /nik: did you mean /nick? /help lists the commands";
    ann.wait_for_text(trouble);
    ann.wait_inspect(
        |screen| {
            let mut rows = (0..).zip(screen.lines());
            let row = rows.find(|(_, row)| row.starts_with(trouble));
            row.is_some_and(|(row, _)| screen.cells(row)[0].color == Some(1))
        },
        "red trouble",
    );
}

#[test]
fn at_a_prompt_lines_have_their_time() {
    for (args, env, row) in [
        (&[][..], ("TERM", "xterm"), "10:00 <bo> hello"),
        (&["--time", "none"], ("TERM", "xterm"), "<bo> hello"),
        (&["--plain"], ("TERM", "xterm"), "<bo> hello"),
        (&[], ("TERM", "dumb"), "<bo> hello"),
        (
            &["--plain", "--time", "short"],
            ("TERM", "xterm"),
            "10:00 <bo> hello",
        ),
    ] {
        let (listener, addr) = listen();
        let addr = addr.to_string();
        let args = [&[&addr, "--name", "ann", "--no-history"], args].concat();
        let ann = Terminal::spawn(client(), &args, &[env, ("TZ", "UTC")], 24, 80);
        let mut server = welcome(&listener, "ann");
        ann.wait_for_text("-- you are ann;");
        send_message(&mut server, 1, "bo", "hello", None);
        ann.wait_screen(
            |screen| screen.lines().any(|line| line == row),
            &format!("{row:?} with {args:?}"),
        );
    }
}

#[test]
fn many_arrivals_at_once_are_one_line() {
    let (ann, mut server) = scripted(&[], &[]);
    let names: Vec<String> = (1..=15).map(|number| format!("p{number}")).collect();
    let arrivals: String = (1..)
        .zip(&names)
        .map(|(seq, name)| {
            object(
                "2026-11-23T10:00:00.123Z",
                &format!(r#""seq":{seq},"type":"entered","names":["{name}"]"#),
            )
        })
        .collect();
    server.send_str(&arrivals);
    // The first at once; the others together, without anything else coming.
    ann.wait_for_text(
        "nobody else is here yet. /help for commands and keys\n[p1] entered room\n-- p2, p3 and 12 others entered\n<You>",
    );
    wait_dim(&ann, "-- p2, p3 and 12 others entered");
    wait_dim(&ann, "[p1] entered room");
    send_reply(
        &mut server,
        &format!(r#""seq":16,"type":"left","names":{names:?}"#),
    );
    ann.wait_for_text("\n-- p2, p3 and 12 others entered\n-- p1, p2 and 13 others left\n<You>");
    wait_dim(&ann, "-- p1, p2 and 13 others left");
}

#[test]
fn what_is_said_never_waits_for_arrivals() {
    let (ann, mut server) = scripted(&[], &[]);
    let mut events = String::new();
    for members in [
        r#""seq":1,"type":"entered","names":["p1"]"#,
        r#""seq":2,"type":"entered","names":["p2"]"#,
        r#""seq":3,"type":"entered","names":["p3"]"#,
        r#""seq":4,"type":"message","name":"p3","text":"hello""#,
        r#""seq":5,"type":"left","names":["p1"]"#,
        r#""seq":6,"type":"message","name":"p3","text":"bye""#,
    ] {
        events += &object("2026-11-23T10:00:00.123Z", members);
    }
    server.send_str(&events);
    ann.wait_for_text(
        "[p1] entered room\n[p2] entered room\n[p3] entered room\n<p3> hello\n\
         [p1] is offline\n<p3> bye\n<You>",
    );
}
