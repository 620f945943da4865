//! The prompt as a place to write in: the keys of Emacs, the history, the
//! search, completion, pastes of several lines, and C-c.

use std::path::Path;

use chat_testkit::{JsonPeer, Signal, Terminal, keys};

use crate::editing::{Desk, numbered};
use crate::{client, count, nc, open_with, server};

const UNDO: &str = "\x1f";
const BACK_TAB: &str = "\x1b[Z";
const ALT_ENTER: &str = "\x1b\r";
const ALT_BACKSPACE: &str = "\x1b\x7f";

/// Waits until the lowest row is the prompt with this draft.
#[track_caller]
fn wait_draft(terminal: &Terminal, draft: &str) {
    let row = format!("<You> {draft}");
    wait_lowest(terminal, row.trim_end());
}

/// Waits until this is the lowest row.
#[track_caller]
fn wait_lowest(terminal: &Terminal, row: &str) {
    terminal.wait_screen(
        |screen| screen.lines().last() == Some(row),
        &format!("{row:?} as the lowest row"),
    );
}

/// The next thing that somebody says is this.
#[track_caller]
fn hears(witness: &mut JsonPeer, name: &str, text: &str) {
    let message = witness.expect_type("message");
    assert_eq!(message["text"], text, "{message}");
    assert_eq!(message["name"], name, "{message}");
}

#[test]
fn words_are_moved_over_killed_and_yanked() {
    let mut desk = Desk::new();
    let ctrl = keys::ctrl;
    let alt = keys::alt;
    desk.check(&format!("one two{}X", alt('b')), "one Xtwo");
    desk.check(&format!("one two{}{}X", ctrl('a'), alt('f')), "oneX two");
    desk.check(&format!("one two{}X", keys::CTRL_LEFT), "one Xtwo");
    desk.check(
        &format!("one two{}{}X", keys::HOME, keys::CTRL_RIGHT),
        "oneX two",
    );
    desk.check(&format!("one two{}{}X", alt('b'), alt('d')), "one X");
    desk.check(&format!("one-two{ALT_BACKSPACE}X"), "one-X");
    desk.check(
        &format!("one two{}{}{}", ctrl('w'), ctrl('y'), ctrl('y')),
        "one twotwo",
    );
    // Two kills; the older one in place of the latest.
    desk.check(
        &format!("old{0}new{0}{1}{2}", ctrl('u'), ctrl('y'), alt('y')),
        "old",
    );
    // What is killed in a row is one.
    desk.check(
        &format!("one two{0}{0}x{1}", ctrl('w'), ctrl('y')),
        "xone two",
    );
    desk.check(&format!("helol{}", ctrl('t')), "hello");
    desk.check(&format!("two one{}", alt('t')), "one two");
}

#[test]
fn steps_are_taken_back() {
    let mut desk = Desk::new();
    desk.check(&format!("one two{}{UNDO}", keys::ctrl('w')), "one two");
    desk.check(
        &format!("one two{}x{UNDO}{UNDO}", keys::ctrl('u')),
        "one two",
    );
    desk.check(&format!("one{}{UNDO}", keys::pasted(" two\nthree")), "one");
}

#[test]
fn no_key_is_swallowed_for_good() {
    let mut desk = Desk::new();
    let flow = ['s', 'q', 'v', 'o', 'x', 'g'].map(keys::ctrl).concat();
    desk.check(&format!("a{flow}b"), "ab");
    // C-s would have stopped the output.
    desk.ann.type_text(&keys::ctrl('s'));
    desk.bo.send_str("hello\n");
    desk.ann.wait_for_text("<bo> hello\n<You>");
    desk.check("c", "c");
}

#[test]
fn up_and_down_go_through_what_was_said_and_keep_the_draft() {
    let mut desk = Desk::new();
    for said in ["one", "two", "three"] {
        desk.check(said, said);
    }
    desk.ann.type_text("draft");
    wait_draft(&desk.ann, "draft");
    for (key, shown) in [
        (keys::UP, "three"),
        (keys::UP, "two"),
        (keys::UP, "one"),
        (keys::UP, "one"),
        (keys::DOWN, "two"),
        (keys::DOWN, "three"),
        (keys::DOWN, "draft"),
        (keys::DOWN, "draft"),
    ] {
        desk.ann.type_text(key);
        wait_draft(&desk.ann, shown);
    }
    desk.check("!", "draft!");
    desk.check(&format!("{0}{0}{0}{0}", keys::UP), "one");
}

#[test]
fn a_search_finds_what_was_said_or_gives_the_draft_back() {
    let mut desk = Desk::new();
    for said in ["first line", "second line", "third"] {
        desk.check(said, said);
    }
    let search = keys::ctrl('r');
    desk.ann.type_text("draft");
    desk.ann.type_text(&search);
    wait_lowest(&desk.ann, "(search '') draft");
    desk.ann.type_text("line");
    wait_lowest(&desk.ann, "(search 'line') second line");
    desk.ann.type_text(&search);
    wait_lowest(&desk.ann, "(search 'line') first line");
    desk.ann.type_text("x");
    desk.ann.wait_for_text("(search 'linex': not found)");
    // What was not found is not sent.
    desk.ann.type_text(keys::ENTER);
    desk.ann.type_text(keys::ESCAPE);
    wait_draft(&desk.ann, "draft");
    desk.check("!", "draft!");
    desk.check(&format!("{search}fir"), "first line");
}

#[test]
fn tab_completes_names_the_latest_speaker_first() {
    let mut desk = Desk::new();
    let mut carl = nc(desk.server.addr(), "Carl");
    let mut cora = nc(desk.server.addr(), "cora");
    let _cyd = nc(desk.server.addr(), "cyd");
    carl.send_str("hello\n");
    desk.ann.wait_for_text("<Carl> hello\n");
    cora.send_str("hello\n");
    desk.ann.wait_for_text("<cora> hello\n");
    desk.ann.wait_for_text("[cyd] entered room\n");
    desk.ann.type_text("c");
    for (key, shown) in [
        (keys::TAB, "cora:"),
        (keys::TAB, "Carl:"),
        (keys::TAB, "cyd:"),
        (BACK_TAB, "Carl:"),
        (BACK_TAB, "cora:"),
        (BACK_TAB, "c"),
        (keys::TAB, "cora:"),
    ] {
        desk.ann.type_text(key);
        wait_draft(&desk.ann, shown);
    }
    desk.check("hi", "cora: hi");
    desk.check("hello CA\tand CY\t!", "hello Carl and cyd !");
    // Whoever speaks is the latest.
    carl.send_str("again\n");
    desk.ann.wait_for_text("<Carl> again\n");
    desk.check("c\thi", "Carl: hi");
    // Yourself last, and others until they leave.
    desk.check(&format!("{BACK_TAB}hi"), "ann: hi");
    drop(carl);
    desk.ann.wait_for_text("[Carl] is offline");
    desk.check("ca\t!", "ca!");
}

#[test]
fn tab_completes_commands() {
    let mut desk = Desk::new();
    desk.ann.type_text("/");
    for (key, shown) in [
        (keys::TAB, "/help"),
        (keys::TAB, "/history"),
        (keys::TAB, "/me"),
        (BACK_TAB, "/history"),
    ] {
        desk.ann.type_text(key);
        wait_draft(&desk.ann, shown);
    }
    desk.ann.type_text(&keys::ctrl('u'));
    desk.ann.type_text("/m\twaves\r");
    desk.bo.expect("\r* ann waves\n");
    desk.check("a /m\t", "a /m");
}

#[test]
fn a_pasted_block_is_a_draft_that_becomes_one_message() {
    let mut desk = Desk::new();
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
fn lines_can_be_put_into_a_draft_by_hand() {
    let mut desk = Desk::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    desk.ann.type_text(&format!("one{ALT_ENTER}two"));
    desk.ann.wait_for_text("<You> one\ntwo\n-- 2 lines");
    desk.ann.type_text(&format!("{}three", keys::ctrl('j')));
    desk.ann.wait_for_text("<You> one\ntwo\nthree\n-- 3 lines");
    desk.ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", "one\ntwo\nthree");
    desk.bo.expect("\r<ann> one\n\r<ann> two\n\r<ann> three\n");
}

#[test]
fn the_lines_of_a_paste_are_counted_as_they_are_sent() {
    let mut desk = Desk::new();
    let block = "one\rtwo\rthree\rfour";
    for end in ["", "\r", "\n", "\r\n", "\r\r"] {
        desk.ann.type_text(&keys::pasted(&format!("{block}{end}")));
        desk.ann.wait_for_text("\n-- 4 lines (Enter sends");
        desk.check("", "one");
        desk.bo.expect("\r<ann> two\n\r<ann> three\n\r<ann> four\n");
    }
}

/// T-09: nothing is sent before Enter.
#[test]
fn a_line_end_in_a_paste_does_not_send_it() {
    let mut desk = Desk::new();
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

/// T-09: a paste does nothing to the terminal.
#[test]
fn escape_bytes_in_a_paste_are_dropped() {
    let desk = Desk::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    desk.ann.type_text(&keys::pasted(
        "a\x1b[31mb\x1b]0;title\x07c\u{9b}2Jd\0e\x1b\nf\x03g\x7fh\ti",
    ));
    desk.ann
        .wait_for_text("<You> a[31mb]0;titlec2Jde\nfgh    i");
    desk.ann.type_text(keys::ENTER);
    hears(&mut witness, "ann", "a[31mb]0;titlec2Jde\nfgh\ti");
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
    let mut desk = Desk::new();
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
    let mut desk = Desk::new();
    let text = "中".repeat(1365);
    desk.check(&keys::pasted(&text), &text);
}

/// Pastes a text of so many bytes, too many for a message: that is said, and
/// nothing of it is sent or lost.
#[track_caller]
fn too_long(bytes: usize, text: &str) {
    assert_eq!(text.len(), bytes);
    let mut desk = Desk::new();
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

#[test]
fn ctrl_c_clears_the_draft_and_up_brings_it_back() {
    let mut desk = Desk::new();
    desk.check("said", "said");
    desk.ann.type_text("half typed");
    wait_draft(&desk.ann, "half typed");
    desk.ann.type_text(&keys::ctrl('c'));
    wait_draft(&desk.ann, "");
    desk.ann.type_text(keys::UP);
    wait_draft(&desk.ann, "half typed");
    desk.ann.type_text(keys::UP);
    wait_draft(&desk.ann, "said");
    desk.ann.type_text(keys::DOWN);
    desk.check("!", "half typed!");
    let full = desk.ann.full_text();
    assert!(!full.contains("again to leave"), "in:\n{full}");
}

#[test]
fn ctrl_c_asks_once_and_then_leaves() {
    let mut desk = Desk::new();
    let interrupt = keys::ctrl('c');
    let asks = "-- press Ctrl-C again to leave";
    // The first clears, the second asks.
    desk.ann.type_text(&format!("draft{interrupt}{interrupt}"));
    desk.ann.wait_for_text(&format!("{asks}\n<You>"));
    // Another key, and it is forgotten.
    desk.check("x", "x");
    desk.bo.send_str("y\n");
    desk.ann
        .wait_for_text(&format!("{asks}\n<You> x\n<bo> y\n<You>"));
    desk.ann.type_text(&interrupt);
    desk.ann.wait_for_text(&format!("<bo> y\n{asks}\n<You>"));
    desk.ann.type_text(keys::LEFT);
    desk.ann.type_text(&interrupt);
    desk.ann.wait_for_text(&format!("{asks}\n{asks}\n<You>"));
    assert!(desk.ann.is_running());
    desk.ann.type_text(&interrupt);
    assert_eq!(desk.ann.wait_exit(), 130);
    let full = desk.ann.full_text();
    assert_eq!(count(&full, asks), 3, "in:\n{full}");
    desk.bo.expect("\r[ann] is offline\n");
}

/// A client that keeps its history below `state`.
#[track_caller]
fn with_history(addr: std::net::SocketAddr, state: &Path, args: &[&str]) -> Terminal {
    let state = state.to_str().expect("a plain path");
    let addr = addr.to_string();
    let args = [&[&addr, "--name", "ann"], args].concat();
    let env = [("XDG_STATE_HOME", state)];
    let terminal = Terminal::spawn(client(), &args, &env, 24, 80);
    terminal.wait_for_text("-- you are ann;");
    terminal
}

/// Leaves by C-d.
#[track_caller]
fn leave(mut ann: Terminal) {
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
}

#[test]
fn the_history_lasts_between_runs() {
    let state = tempfile::tempdir().expect("a temporary directory");
    let file = state.path().join("chat/history");
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = with_history(server.addr(), state.path(), &[]);
    ann.type_text("one\rtwo\rone\r/password x\r");
    ann.wait_for_text("there is no /password");
    ann.type_text(&keys::pasted("a\\b\nc"));
    ann.type_text(keys::ENTER);
    bo.expect("\r<ann> a\\b\n\r<ann> c\n");
    // What was cleared is kept as well.
    ann.type_text(&("given up".to_owned() + &keys::ctrl('c')));
    wait_draft(&ann, "");
    leave(ann);
    let kept = std::fs::read_to_string(&file).expect("a history");
    assert_eq!(kept, "two\none\na\\\\b\\nc\ngiven up\n");
    #[cfg(unix)]
    for (path, wanted) in [(file.as_path(), 0o600), (&state.path().join("chat"), 0o700)] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, wanted, "{}", path.display());
    }

    let ann = with_history(server.addr(), state.path(), &[]);
    ann.type_text("draft");
    ann.type_text(&keys::UP.repeat(2));
    ann.wait_for_text("<You> a\\b\nc\n-- 2 lines");
    // From its last line: to its first, and on.
    ann.type_text(&keys::UP.repeat(2));
    wait_draft(&ann, "one");
    ann.type_text(&keys::UP.repeat(2));
    wait_draft(&ann, "two");
    ann.type_text(keys::ENTER);
    bo.expect("\r<ann> two\n");
    leave(ann);
    let kept = std::fs::read_to_string(&file).expect("a history");
    assert!(
        kept.starts_with("one\n") && kept.ends_with("\ntwo\n"),
        "{kept}"
    );
    assert_eq!(count(&kept, "two"), 1, "{kept}");
}

#[test]
fn without_a_history_no_file_is_read_or_written() {
    let state = tempfile::tempdir().expect("a temporary directory");
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = with_history(server.addr(), state.path(), &["--no-history"]);
    ann.type_text("one\r");
    bo.expect("\r<ann> one\n");
    leave(ann);
    let mut entries = std::fs::read_dir(state.path()).expect("it is there");
    assert!(entries.next().is_none(), "nothing is made");

    let file = state.path().join("chat/history");
    std::fs::create_dir(state.path().join("chat")).expect("our own directory");
    std::fs::write(&file, "from before\n").expect("our own directory");
    let ann = with_history(server.addr(), state.path(), &["--no-history"]);
    ann.type_text(&format!("two{}", keys::UP));
    wait_draft(&ann, "two");
    ann.type_text(keys::ENTER);
    bo.expect("\r<ann> two\n");
    leave(ann);
    let kept = std::fs::read_to_string(&file).expect("a history");
    assert_eq!(kept, "from before\n");
}
