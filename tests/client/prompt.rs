//! The prompt as a place to write in: the keys of Emacs, the history, the
//! search, completion, and C-c.

use std::path::Path;

use chat_testkit::{JsonPeer, Terminal, keys};

use crate::editing::Fixture;
use crate::{client, count, nc, server};

pub(crate) const UNDO: &str = "\x1f";
const BACK_TAB: &str = "\x1b[Z";
const ALT_ENTER: &str = "\x1b\r";
const ALT_BACKSPACE: &str = "\x1b\x7f";

/// Waits until the lowest row is the prompt with this draft.
#[track_caller]
pub(crate) fn wait_draft(terminal: &Terminal, draft: &str) {
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

/// The next message is this.
#[track_caller]
pub(crate) fn hears(witness: &mut JsonPeer, name: &str, text: &str) {
    let message = witness.expect_type("message");
    assert_eq!(message["text"], text, "{message}");
    assert_eq!(message["name"], name, "{message}");
}

#[test]
fn words_are_moved_over_killed_and_yanked() {
    let mut desk = Fixture::new();
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
    // Kills in a row are one.
    desk.check(
        &format!("one two{0}{0}x{1}", ctrl('w'), ctrl('y')),
        "xone two",
    );
    desk.check(&format!("helol{}", ctrl('t')), "hello");
    desk.check(&format!("two one{}", alt('t')), "one two");
}

#[test]
fn steps_are_taken_back() {
    let mut desk = Fixture::new();
    desk.check(&format!("one two{}{UNDO}", keys::ctrl('w')), "one two");
    desk.check(
        &format!("one two{}x{UNDO}{UNDO}", keys::ctrl('u')),
        "one two",
    );
    desk.check(&format!("one{}{UNDO}", keys::pasted(" two\nthree")), "one");
}

#[test]
fn no_key_is_swallowed_for_good() {
    let mut desk = Fixture::new();
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
    let mut desk = Fixture::new();
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
    let mut desk = Fixture::new();
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
    // Without a match nothing is sent.
    desk.ann.type_text(keys::ENTER);
    desk.ann.type_text(keys::ESCAPE);
    wait_draft(&desk.ann, "draft");
    desk.check("!", "draft!");
    desk.check(&format!("{search}fir"), "first line");
}

#[test]
fn tab_completes_names_the_latest_speaker_first() {
    let mut desk = Fixture::new();
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
    // The speaker is the latest.
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
    let mut desk = Fixture::new();
    desk.ann.type_text("/");
    for (key, shown) in [
        (keys::TAB, "/forget"),
        (keys::TAB, "/help"),
        (keys::TAB, "/history"),
        (BACK_TAB, "/help"),
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
fn lines_can_be_put_into_a_draft_by_hand() {
    let mut desk = Fixture::new();
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
fn ctrl_c_clears_the_draft_and_up_brings_it_back() {
    let mut desk = Fixture::new();
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
    let mut desk = Fixture::new();
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
pub(crate) fn with_history(addr: std::net::SocketAddr, state: &Path, args: &[&str]) -> Terminal {
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
pub(crate) fn leave(mut ann: Terminal) {
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
    ann.wait_for_text("no password is needed");
    ann.type_text(&keys::pasted("a\\b\nc"));
    ann.type_text(keys::ENTER);
    bo.expect("\r<ann> a\\b\n\r<ann> c\n");
    // A cleared draft is kept as well.
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
