//! Pastes at the prompt: of several lines, with anything in them, and too long.

use chat_testkit::{JsonPeer, Signal, Terminal, keys};

use crate::editing::{Fixture, numbered};
use crate::prompt::{UNDO, hears, leave, wait_draft, with_history};
use crate::{nc, open_with, server};

#[test]
fn a_pasted_block_is_a_draft_that_becomes_one_message() {
    let mut desk = Fixture::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    desk.ann.wait_for_text("[witness] entered room");
    desk.ann
        .type_text(&keys::pasted("one\rtwo\nthree\r\n\rfive"));
    desk.ann.wait_for_text(
        "\n<You> one\ntwo\nthree\n\nfive\n-- 5 lines (Enter sends them as one message)",
    );
    desk.bo.send_str("nothing yet\n");
    hears(&mut witness, "bo", "nothing yet");
    // It can be edited: three lines up, and a word more.
    desk.ann.type_text(&keys::UP.repeat(3));
    desk.ann.type_text(keys::END);
    desk.ann.type_text(" and a half");
    desk.ann
        .wait_for_text("\n<You> one\ntwo and a half\nthree\n\nfive\n-- 5 lines");
    desk.ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", "one\ntwo and a half\nthree\n\nfive");
    desk.bo
        .expect("\r<ann> one\n\r<ann> two and a half\n\r<ann> three\n\r<ann> \n\r<ann> five\n");
    desk.ann.wait_screen(
        |screen| {
            screen.ends_with(
                "\n<You> one\n<You> two and a half\n<You> three\n<You>\n<You> five\n<You>",
            )
        },
        "what was said, and an empty prompt",
    );
    // Up brings all of it.
    desk.ann.type_text(keys::UP);
    desk.ann
        .wait_for_text("\n<You> one\ntwo and a half\nthree\n\nfive\n-- 5 lines");
}

#[test]
fn the_lines_of_a_paste_are_counted_as_they_are_sent() {
    let mut desk = Fixture::new();
    let block = "one\rtwo\rthree\rfour";
    for end in ["", "\r", "\n", "\r\n", "\r\r"] {
        desk.ann.type_text(&keys::pasted(&format!("{block}{end}")));
        desk.ann.wait_for_text("\n-- 4 lines (Enter sends");
        desk.check("", "one");
        desk.bo.expect("\r<ann> two\n\r<ann> three\n\r<ann> four\n");
    }
}

/// Nothing is sent before Enter.
#[test]
fn a_line_end_in_a_paste_does_not_send_it() {
    let mut desk = Fixture::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    for end in ["\r", "\n", "\r\n"] {
        desk.ann.type_text(&keys::pasted(&format!("rm -rf{end}")));
        desk.ann
            .wait_for_text("<You> rm -rf\n\n-- 1 line (Enter sends it)");
        desk.bo.send_str("nothing yet\n");
        hears(&mut witness, "bo", "nothing yet");
        desk.ann.type_text(&keys::ctrl('c'));
        wait_draft(&desk.ann, "");
    }
}

/// A paste does nothing to the terminal.
#[test]
fn escape_bytes_in_a_paste_are_dropped() {
    let desk = Fixture::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    desk.ann.type_text(&keys::pasted(
        "a\x1b[31mb\x1b]0;title\x07c\u{9b}2Jd\0e\x1b\nf\x03g\x7fh\ti",
    ));
    desk.ann.wait_for_text("<You> abcde\nfgh    i");
    desk.ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", "abcde\nfgh\ti");
}

/// A Makefile arrives as it is, also from the history, and the draft shows each
/// tab as wide as any other.
#[test]
fn tabs_in_a_paste_are_kept() {
    let state = tempfile::tempdir().expect("a temporary directory");
    let server = server();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let makefile = "all:\n\tcc\t-o a\n\t\t# end";
    let ann = with_history(server.addr(), state.path(), &[]);
    let before = count_tabs(&ann);
    ann.type_text(&keys::pasted(makefile));
    ann.wait_for_text("<You> all:\n    cc    -o a\n        # end\n-- 3 lines");
    let (row, _) = ann.cursor();
    ann.type_text(&(keys::UP.to_owned() + keys::HOME));
    for column in [4, 5, 6, 10, 11] {
        ann.type_text(keys::RIGHT);
        ann.wait_cursor(row - 1, column);
    }
    // To the same column of the next line, and no further into a tab.
    ann.type_text(keys::DOWN);
    ann.wait_cursor(row, 11);
    ann.type_text(&(keys::HOME.to_owned() + keys::RIGHT + keys::DELETE));
    ann.wait_for_text("\n    # end");
    ann.type_text(UNDO);
    ann.wait_for_text("\n        # end");
    assert_eq!(
        count_tabs(&ann),
        before,
        "no tab reaches the terminal in a draft"
    );
    ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", makefile);
    leave(ann);
    let ann = with_history(server.addr(), state.path(), &[]);
    ann.type_text(&(keys::ctrl('r') + "cc" + keys::ENTER));
    hears(&mut witness, "ann", makefile);
    ann.type_text(keys::UP);
    ann.wait_for_text("<You> all:\n    cc    -o a\n        # end\n-- 3 lines");
    ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", makefile);
}

fn count_tabs(terminal: &Terminal) -> usize {
    terminal.raw().iter().filter(|&&byte| byte == b'\t').count()
}

#[test]
fn pastes_at_the_edge_of_a_buffer_arrive_whole() {
    let mut desk = Fixture::new();
    for length in [1023, 1024] {
        let text = numbered(length);
        desk.check(&keys::pasted(&text), &text);
        // And of several lines: as many bytes with the line ends.
        let block = lines(length);
        desk.ann.type_text(&keys::pasted(&block));
        desk.ann
            .wait_for_text(&format!("\n-- {} lines ↑", block.lines().count()));
        desk.ann.type_text(keys::ENTER);
        for line in block.lines() {
            desk.bo.expect("\r<ann> ");
            assert_eq!(desk.bo.expect_line(), line);
        }
    }
}

#[test]
fn a_paste_of_5000_characters_is_refused_and_kept() {
    too_long(5000, &numbered(5000));
    too_long(5000, &lines(5000));
}

#[test]
fn a_paste_of_100000_characters_is_refused_and_kept() {
    too_long(100_000, &numbered(100_000));
}

#[test]
fn the_limit_is_in_bytes() {
    too_long(4098, &"中".repeat(1366));
    let mut desk = Fixture::new();
    let text = "中".repeat(1365);
    desk.check(&keys::pasted(&text), &text);
}

/// Pastes a text of so many bytes, too many for a message: that is said, and
/// nothing of it is sent or lost.
#[track_caller]
fn too_long(bytes: usize, text: &str) {
    assert_eq!(text.len(), bytes);
    let mut desk = Fixture::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    desk.ann.type_text(&keys::pasted(text));
    // Whole, it ends so.
    let whole = squeezed(text);
    let end = whole.char_indices().rev().nth(19).map_or(0, |(at, _)| at);
    desk.ann.wait_screen(
        |screen| squeezed(screen).contains(&whole[end..]),
        "the end of the paste",
    );
    desk.ann.type_text(keys::ENTER);
    desk.ann
        .wait_for_text(&format!("-- not sent: {bytes} bytes"));
    desk.bo.send_str("nothing yet\n");
    hears(&mut witness, "bo", "nothing yet");
    // It is the draft still, which is shown as a whole when all ends.
    desk.ann.signal(Signal::Terminate);
    assert_eq!(desk.ann.wait_exit(), 128 + 15);
    let full = squeezed(&desk.ann.full_text());
    let shown = squeezed(&format!("-- not sent: {}", text.replace('\n', "\n-- ")));
    let kept = full.contains(&shown);
    assert!(kept, "the draft is not whole");
}

/// Without line ends, which are lost where a row wraps.
fn squeezed(text: &str) -> String {
    text.replace([' ', '\n'], "")
}

/// A text of so many bytes in lines of 20 and less.
fn lines(length: usize) -> String {
    let mut text: String = (0..)
        .map(|n| format!("line {n:08} end...\n"))
        .take(length)
        .collect();
    text.truncate(length);
    assert!(!text.ends_with('\n'));
    text
}

#[test]
fn where_pastes_look_like_typing_several_enters_are_one() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let ann = open_with(server.addr(), "ann", &[], &[("TERM", "linux")]);
    ann.wait_for_text("-- you are ann;");
    assert_eq!(ann.keyboard(), [0; 0], "the console is asked for nothing");
    ann.type_text("one\rtwo\rthree");
    ann.wait_for_text("\n<You> one\ntwo\nthree\n-- 3 lines");
    bo.send_str("nothing yet\n");
    hears(&mut witness, "bo", "nothing yet");
    ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", "one\ntwo\nthree");
    bo.expect("\r<ann> one\n\r<ann> two\n\r<ann> three\n");
    // A single one is what it says.
    ann.type_text("four\r");
    hears(&mut witness, "ann", "four");
}
