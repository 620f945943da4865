//! Keys and pastes, through the terminal and as others receive them.

use chat_testkit::{JsonPeer, Peer, ServerProcess, Terminal, keys};

use crate::{join, nc, server};

/// Ann at her terminal, and `bo`, who sees her messages.
pub(crate) struct Fixture {
    pub(crate) server: ServerProcess,
    pub(crate) bo: Peer,
    pub(crate) ann: Terminal,
}

impl Fixture {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let server = server();
        let bo = nc(server.addr(), "bo");
        let ann = join(server.addr(), "ann");
        Self { server, bo, ann }
    }

    /// Types these keys and Enter; others see this.
    #[track_caller]
    pub(crate) fn check(&mut self, typed: &str, said: &str) {
        self.ann.type_text(typed);
        self.ann.type_text(keys::ENTER);
        self.bo.expect("\r<ann> ");
        assert_eq!(self.bo.expect_line(), said, "{typed:?}");
    }
}

#[test]
fn the_editing_keys_do_what_they_say() {
    let mut desk = Fixture::new();
    let (left, right) = (keys::LEFT, keys::RIGHT);
    let (backspace, delete) = (keys::BACKSPACE, keys::DELETE);
    let ctrl = keys::ctrl;
    desk.check(&format!("helpo{backspace}{backspace}lo"), "hello");
    desk.check(&format!("heello{left}{left}{left}{left}{delete}"), "hello");
    desk.check(&format!("hllo{left}{left}{left}e"), "hello");
    desk.check(&format!("ello{}h{}!", keys::HOME, keys::END), "hello!");
    desk.check(&format!("ello{}h{}!", ctrl('a'), ctrl('e')), "hello!");
    desk.check(&format!("old{}new", ctrl('u')), "new");
    desk.check(
        &format!("hello you{left}{left}{left}{left}{}", ctrl('k')),
        "hello",
    );
    desk.check(
        &format!("hello big world{}{}all", ctrl('w'), ctrl('w')),
        "hello all",
    );
    desk.check(&format!("ab{left}{left}{right}x"), "axb");
    desk.check(
        &format!("one two{}{}{right}s", ctrl('a'), "\x1b[3~"),
        "nse two",
    );
    // At the ends there is nothing to do.
    desk.check(
        &format!("{backspace}{left}a{delete}{right}b{}", ctrl('k')),
        "ab",
    );
    // Ctrl-D deletes while there is something to delete.
    desk.check(&format!("xhi{}{}", ctrl('a'), ctrl('d')), "hi");
}

#[test]
fn a_key_takes_a_whole_character_as_it_is_seen() {
    let mut desk = Fixture::new();
    let (left, backspace) = (keys::LEFT, keys::BACKSPACE);
    desk.check(&format!("中文{backspace}!"), "中!");
    desk.check(&format!("中文{left}x"), "中x文");
    desk.check(&format!("a👨‍👩‍👧{backspace}b"), "ab");
    desk.check(&format!("a👍🏽{left}b"), "ab👍🏽");
    desk.check(&format!("ae\u{301}{backspace}b"), "ab");
    desk.check(&format!("🇩🇪🇫🇷{backspace}"), "🇩🇪");
}

#[test]
fn the_cursor_is_where_the_keys_have_put_it() {
    let desk = Fixture::new();
    desk.ann.type_text("中文 hello");
    desk.ann.wait_for_text("<You> 中文 hello");
    desk.ann.wait_cursor(2, 16);
    for (key, column) in [
        (keys::LEFT, 15),
        (keys::HOME, 6),
        (keys::RIGHT, 8),
        (keys::RIGHT, 10),
        (keys::END, 16),
        (&keys::ctrl('a'), 6),
        (&keys::ctrl('e'), 16),
        (&keys::ctrl('w'), 11),
        (&keys::ctrl('u'), 6),
    ] {
        desk.ann.type_text(key);
        desk.ann.wait_cursor(2, column);
    }
    desk.ann
        .wait_screen(|screen| screen.ends_with("\n<You>"), "an empty prompt");
}

#[test]
fn pastes_arrive_whole() {
    let mut desk = Fixture::new();
    for length in [1, 100, 1022, 1023, 1024, 1025, 2048, 4096] {
        let text = numbered(length);
        desk.check(&keys::pasted(&text), &text);
    }
}

#[test]
fn fast_typing_without_brackets_arrives_whole() {
    let mut desk = Fixture::new();
    for length in [1023, 1024, 1025, 4096] {
        let text = numbered(length);
        desk.check(&text, &text);
    }
}

/// It is longer than a message may be, so its halves are sent one by one.
#[test]
fn a_paste_of_5000_characters_arrives_whole() {
    let mut desk = Fixture::new();
    let text = numbered(5000);
    let paste = keys::pasted(&text);
    let end_away = keys::BACKSPACE.repeat(2500);
    desk.check(&format!("{paste}{end_away}"), &text[..2500]);
    let start_away = keys::ctrl('a') + &keys::ctrl('d').repeat(2500);
    desk.check(&format!("{paste}{start_away}"), &text[2500..]);
    let shown = format!("{}\n<You>", &text[4990..]);
    desk.ann.wait_for_text(&shown);
    // Whole, it is refused with a word, and stays to be cut.
    desk.ann.type_text(&format!("{paste}\r"));
    desk.ann
        .wait_for_text("-- not sent: 5000 bytes, and a message has at most 4096");
    desk.check(&end_away, &text[..2500]);
}

#[test]
fn a_pasted_line_end_sends_nothing() {
    let mut desk = Fixture::new();
    desk.ann
        .type_text(&keys::pasted("one\rtwo\nthree\r\nfour\x1b[31m"));
    desk.ann
        .wait_for_text("<You> one\ntwo\nthree\nfour\n-- 4 lines (Enter sends");
    desk.check("", "one");
    desk.bo.expect("\r<ann> two\n\r<ann> three\n\r<ann> four\n");
}

/// A terminal answers what another program has asked it, and reports the mouse
/// and the focus that another program wanted to know.
#[test]
fn what_a_terminal_reports_is_not_typed() {
    let mut desk = Fixture::new();
    for report in [
        "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        "\x1b]52;c;aGVsbG8=\x07",
        "\x1bP>|XTerm(370)\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b^private\x1b\\",
        "\x1bXstring\x1b\\",
        "\x1b[?62;22c\x1b[24;80R",
        "\x1b[I\x1b[O",
        "\x1b[<0;10;20M\x1b[<0;10;20m",
        "\x1b[M !!",
    ] {
        desk.check(&format!("a{report}b"), "ab");
    }
    // Half an answer does not keep Enter from sending, nor does a key with Alt
    // that begins as an answer does.
    desk.check("a\x1b]11;rgb:ffff/", "a");
    for key in [']', 'P', '_', '^', 'X'] {
        desk.check(&format!("a{}b", keys::alt(key)), "ab");
    }
}

/// Keys as xterm with modifyOtherKeys, kitty and rxvt send them.
#[test]
fn keys_in_other_encodings_do_the_same() {
    let desk = Fixture::new();
    let mut witness = JsonPeer::connect(desk.server.addr(), "witness");
    desk.ann.wait_for_text("[witness] entered room");
    for (typed, said) in [
        ("ello\x1b[27;5;97~h", "hello"),
        ("ello\x1b[97;5uh\x1b[97;5:3u", "hello"),
        ("ello\x1b[1092::97;5uh", "hello"),
        ("\x1b[27;2;65~\x1b[97:65;2u\x1b[57400u", "AA1"),
        ("one two\x1bOdX", "one Xtwo"),
        ("a\x1b[97;9u\x1b[97;7u\x1b[57441u\x1b[97;1:3ub", "ab"),
        ("one\x1b[13;2utwo\x1b[27;2;13~three", "one\ntwo\nthree"),
    ] {
        for enter in [keys::ENTER, "\x1bOM", "\x1b[13u", "\x1b[57414u"] {
            desk.ann.type_text(typed);
            desk.ann.type_text(enter);
            let message = witness.wait_for(|value| value["name"] == "ann");
            assert_eq!(message["text"], said, "{typed:?}, {enter:?}");
        }
    }
}

#[test]
fn a_blank_line_is_not_said() {
    let mut desk = Fixture::new();
    desk.ann.type_text("\r  \r\r");
    desk.check("first", "first");
}

/// A text of so many bytes in which a missing one is seen.
pub(crate) fn numbered(length: usize) -> String {
    let mut text: String = (0..).map(|n| format!("{n}.")).take(length).collect();
    text.truncate(length);
    text
}
