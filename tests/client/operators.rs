//! What operators do, in a terminal.

use chat_testkit::Terminal;

use crate::scripted::{greet, listen, send_message, send_reply, welcome, welcome_to_room};
use crate::{open, piped_with};

/// Waits until a row that begins so is bold as a whole, or not at all.
#[track_caller]
fn wait_bold(terminal: &Terminal, start: &str, is_bold: bool) {
    terminal.wait_inspect(
        |screen| {
            let mut rows = (0..).zip(screen.lines());
            let found = rows.find(|(_, row)| row.starts_with(start));
            found.is_some_and(|(row, text)| {
                let cells = screen.cells(row);
                let mut cells = cells.iter().take(text.trim_end().len());
                cells.all(|cell| cell.bold == is_bold)
            })
        },
        start,
    );
}

/// Nothing that a person says looks like a word of the server.
#[test]
fn an_announcement_is_bold_and_rings() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = welcome(&listener, "ann");
    let says =
        |seq, text: &str| format!(r#""seq":{seq},"type":"announced","by":"op","text":"{text}""#);
    send_reply(&mut server, &says(1, "a new server\\nat 12"));
    wait_bold(&ann, "-- announcement: a new server", true);
    wait_bold(&ann, "-- announcement: at 12", true);
    let bells = ann.bells();
    send_message(&mut server, 2, "bo", "-- announcement: all is well", None);
    wait_bold(&ann, "<bo> -- announcement: all is well", false);
    assert_eq!(ann.bells(), bells);
    send_reply(&mut server, &says(3, "ann, come here"));
    ann.wait_for_text("-- announcement: ann, come here");
    ann.type_text("x");
    ann.wait_for_text("<You> x");
    assert_eq!(ann.bells(), bells + 1);
}

#[test]
fn a_removal_is_one_line() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = welcome(&listener, "ann");
    for members in [
        r#""seq":1,"type":"entered","names":["bo","cy"]"#,
        r#""seq":2,"type":"removed","by":"op","name":"bo","reason":"too loud""#,
        r#""seq":3,"type":"left","names":["bo"]"#,
        r#""seq":4,"type":"left","names":["cy"]"#,
    ] {
        send_reply(&mut server, members);
    }
    ann.wait_for_text(
        "[bo] entered room\n[cy] entered room\n[bo] was removed by op: too loud\n[cy] is offline\n<You>",
    );
}

#[test]
fn an_operator_has_more_commands_and_sees_numbers() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = greet(&listener);
    welcome_to_room(&mut server, 5, "ann", "");
    ann.wait_for_text("-- you are ann;");
    ann.type_text("/kic");
    ann.wait_for_text("<You> /kic");
    send_reply(&mut server, r#""seq":6,"type":"op","by":"bo","name":"ann""#);
    ann.wait_for_text("-- bo has made you an operator: /help lists what you can do");
    ann.type_text("\tbo\r");
    assert_eq!(server.expect_line(), r#"{"type":"kick","name":"bo"}"#);
    ann.type_text("/help\r");
    ann.wait_for_text("-- /erase NUMBER [REASON] ");
    ann.type_text("/history 1\r");
    server.expect_line();
    send_message(&mut server, 1, "bo", "hi", None);
    send_reply(&mut server, r#""type":"history","first":1,"last":1"#);
    ann.wait_for_text(" #1 <bo> hi\n");
}

/// The room has no such line then.
#[test]
fn a_refused_command_in_a_pipe_is_status_1() {
    let (listener, addr) = listen();
    let mut pipe = piped_with(addr, "ann", &[]);
    pipe.send_str("/kick bo\n");
    let mut server = welcome(&listener, "ann");
    assert_eq!(server.expect_line(), r#"{"type":"kick","name":"bo"}"#);
    let refusal = "/kick is for operators";
    send_reply(
        &mut server,
        &format!(r#""type":"error","code":"not_allowed","text":"{refusal}""#),
    );
    pipe.stderr.expect(refusal);
    pipe.close_stdin();
    assert_eq!(server.expect_line(), r#"{"type":"quit"}"#);
    drop(server);
    assert_eq!(pipe.finish().code(), 1);
}
