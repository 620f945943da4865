//! Through the history, C-r and Tab.

use chat_proto::event::Rank;

use super::*;

#[test]
fn through_the_history() {
    let mut editor = said(&["one", "two"]);
    play(&mut editor, &[text("draft"), Left]);
    walk(
        &mut editor,
        &[Up, Up, Up, Left, Down, Down, Down],
        &["two|", "one|", "one|", "on|e", "two|", "draf|t", "draf|t"],
    );
    assert_eq!(play(&mut editor, &[Down]), Outcome::Nothing);
    assert_eq!(play(&mut Editor::default(), &[Up]), Outcome::Nothing);
}

#[test]
fn a_block_is_one_entry() {
    let mut editor = said(&["zero", "one\ntwo"]);
    walk(
        &mut editor,
        &[Up, Up, Up, Down, Down],
        &["one\ntwo|", "one|\ntwo", "zero|", "one\ntwo|", "|"],
    );
    play(&mut editor, &[text("a"), Newline, text("b"), Enter]);
    check_history(&editor, &["zero", "one\ntwo", "a\nb"]);
}

#[test]
fn an_edited_entry_is_the_draft() {
    let mut editor = said(&["one", "two"]);

    play(&mut editor, &[text("draft"), Left, Up, Up]);
    walk(
        &mut editor,
        &[text("!"), Down, Undo, Undo, Undo],
        &["one!|", "one!|", "one|", "draf|t", "|"],
    );
    // The one it took the place of can be found again.
    check_history(&editor, &["one", "two", "draft"]);
    let mut editor = said(&["one"]);
    let outcome = play(&mut editor, &[text("draft"), Up, Enter]);
    assert_eq!(outcome, Outcome::Submitted("one".into()));
    check_history(&editor, &["draft", "one"]);
    // Undo is a way back to it as well.
    let mut editor = said(&["one"]);
    walk(&mut editor, &[text("a"), Up, Undo], &["a|", "one|", "a|"]);
    check_history(&editor, &["one"]);
}

#[test]
fn what_is_cleared_is_kept() {
    let mut editor = Editor::default();
    walk(
        &mut editor,
        &[text("slip"), Interrupt, Up, text("!"), Interrupt, Up],
        &["slip|", "|", "slip|", "slip!|", "|", "slip!|"],
    );
    let mut editor = said(&["one"]);
    play(&mut editor, &[text("draft"), Up, Interrupt]);
    check_history(&editor, &["draft", "one"]);
    play(
        &mut editor,
        &[text("/PASSWORD x"), Interrupt, text(" "), Interrupt],
    );
    play(&mut editor, &[text("/password x"), Enter]);
    check_history(&editor, &["draft", "one"]);
    play(&mut editor, &[text("/nick x"), Enter]);
    check_history(&editor, &["draft", "one", "/nick x"]);
}

#[test]
fn searching() {
    let mut editor = said(&["Ünder one", "two one", "two"]);
    play(&mut editor, &[text("draft"), Left]);
    walk(
        &mut editor,
        &[Search, text("o"), text("n"), Search, Search, text("x")],
        &[
            "draf|t",
            "tw|o",
            "two |one",
            "Ünder |one",
            "Ünder |one",
            "Ünder |one",
        ],
    );
    let (query, found) = ("onx", false);
    assert_eq!(editor.search(), Some(Found { query, found }));
    // C-r went on for good; but without a query it all begins anew.
    walk(
        &mut editor,
        &[Backspace, Backspace, Backspace, Backspace, text("o")],
        &["Ünder |one", "Ünder |one", "draf|t", "draf|t", "tw|o"],
    );
    // What only a slip of the finger left is found again.
    walk(
        &mut editor,
        &[text("n"), Backspace, Escape],
        &["two |one", "tw|o", "draf|t"],
    );
    assert_eq!(editor.search(), None);
    // C-c is as good as Escape; and C-r once more is the query of last time.
    walk(
        &mut editor,
        &[Search, text("ün"), Interrupt, Search, Search, Interrupt],
        &[
            "draf|t",
            "|Ünder one",
            "draf|t",
            "draf|t",
            "|Ünder one",
            "draf|t",
        ],
    );
}

#[test]
fn capitals_matter_in_a_query_that_has_one() {
    for (query, found) in [
        ("ann", Some("ANN")),
        ("Ann", Some("Ann")),
        ("aNN", None),
        ("İ", Some("xİy")),
        ("y", Some("xİy")),
        ("中", Some("中文")),
        ("e\ni", None),
    ] {
        let mut editor = said(&["中文", "xİy", "Ann", "ANN"]);
        let outcome = play(&mut editor, &[Search, text(query)]);
        assert_eq!(outcome == Outcome::Edited, found.is_some(), "{query}");
        assert_eq!(editor.text(), found.unwrap_or(""));
    }
    // Behind letters that are longer when they are small, too.
    let mut editor = said(&["İİabc"]);
    walk(&mut editor, &[Search, text("b")], &["|", "İİa|bc"]);
}

#[test]
fn the_match_is_taken() {
    let found = |key: Key| {
        let mut editor = said(&["one", "two", "three"]);
        play(&mut editor, &[text("draft"), Left, Search, text("w"), key]);
        assert_eq!(editor.search(), None);
        let (left, right) = editor.text().split_at(editor.cursor());
        format!("{left}|{right}")
    };
    assert_eq!(found(Left), "|two");
    assert_eq!(found(End), "two|");
    assert_eq!(found(Delete), "t|o");
    assert_eq!(found(KillToEnd), "t|");
    assert_eq!(found(Newline), "t\n|wo");
    assert_eq!(found(Up), "one|");
    assert_eq!(found(Down), "three|");
    assert_eq!(found(Undo), "draf|t");
    assert_eq!(found(paste("a\nb")), "ta\nb|wo");

    let mut editor = said(&["one", "two"]);
    let keys = [text("draft"), Search, paste("on\x1b"), Enter];
    assert_eq!(play(&mut editor, &keys), Outcome::Submitted("one".into()));
    check_history(&editor, &["two", "draft", "one"]);
    // Without a match Enter sends nothing.
    let keys = [Search, text("on"), text("x"), Enter];
    assert_eq!(play(&mut editor, &keys), Outcome::Nothing);
    assert!(editor.search().is_some_and(|search| !search.found));
    // From an entry and back to it; the draft still waits.
    let mut editor = said(&["one", "two"]);
    walk(
        &mut editor,
        &[text("a"), Up, Search, text("on"), Escape, Down],
        &["a|", "two|", "two|", "|one", "two|", "a|"],
    );
}

#[test]
fn the_query_is_bounded() {
    for (length, outcome) in [(255, true), (256, true), (257, false)] {
        let mut editor = said(&[&"x".repeat(300)]);
        let query = text(&"x".repeat(length));
        let outcome = (play(&mut editor, &[Search, query]) == Outcome::Edited) == outcome;
        assert!(outcome, "{length}");
    }
}

#[test]
fn names() {
    let mut editor = Editor::default();
    walk(
        &mut editor,
        &[text("AN"), Tab, Tab, Tab, Tab, BackTab, BackTab, BackTab],
        &[
            "AN|", "ann: |", "Anna: |", "AN|", "ann: |", "AN|", "Anna: |", "ann: |",
        ],
    );
    // Any other key ends the circle: the word is a new one.
    walk(
        &mut editor,
        &[text("b"), Tab, Left],
        &["ann: b|", "ann: Bo |", "ann: Bo| "],
    );

    check(("hi an", ""), &[Tab], ("hi ann ", ""));
    check(("an", "x"), &[Tab], ("ann: ", "x"));
    check(("", ""), &[BackTab], ("中文: ", ""));
    check(("", ""), &[Tab], ("Bo: ", ""));
    check(("hi ", ""), &[Tab, Tab], ("hi ann ", ""));
    check(("a\n", ""), &[Tab], ("a\nBo ", ""));
    check(("中", ""), &[Tab], ("中文: ", ""));
    check(("@a", ""), &[Tab], ("@ann ", ""));
    check(("hi @", ""), &[Tab, Tab, Tab], ("hi @Anna ", ""));
    check(("x", ""), &[Tab], ("x", ""));
    check(("/nick a", ""), &[Tab], ("/nick ann ", ""));
    // What stands there already is not doubled.
    check(("an", ": hi"), &[Tab], ("ann: ", "hi"));
    check(("an", ":"), &[Tab], ("ann: ", ""));
    check(("hi an", " bo"), &[Tab], ("hi ann ", "bo"));
    check(("an", ": hi"), &[Tab, BackTab], ("an", ": hi"));
    assert_eq!(play(&mut editor, &[text("?"), Tab]), Outcome::Nothing);
}

#[test]
fn commands() {
    check(("/n", ""), &[Tab], ("/nick ", ""));
    check(("/W", ""), &[Tab], ("/who ", ""));
    check(("/", ""), &[Tab], ("/forget ", ""));
    check(("/", ""), &[BackTab, BackTab], ("/who ", ""));
    let words = catalogue::words(Rank::Ordinary);
    check(("/", ""), &vec![Tab; words.len() + 1], ("/", ""));
    for word in words {
        check(
            (&format!("/{word}"), ""),
            &[Tab],
            (&format!("/{word} "), ""),
        );
    }
    check(("/x", ""), &[Tab], ("/x", ""));
    check(("hi /", ""), &[Tab], ("hi /", ""));
}

/// Others are not proposed what is not for them.
#[test]
fn commands_of_operators() {
    check(("/kic", ""), &[Tab], ("/kic", ""));
    let mut editor = Editor::default();
    editor.set_rank(Rank::Operator);
    walk(&mut editor, &[text("/kic"), Tab], &["/kic|", "/kick |"]);
    walk(
        &mut editor,
        &[text("an"), Tab],
        &["/kick an|", "/kick ann |"],
    );
    editor.set_rank(Rank::Ordinary);
    walk(
        &mut editor,
        &[KillToStart, text("/ban"), Tab],
        &["|", "/ban|", "/ban|"],
    );
}

#[test]
fn names_are_asked_for_only_when_wanted() {
    let mut editor = Editor::default();
    let must_not = || panic!("asked");
    for key in [text("/"), Tab, Tab, BackTab, Interrupt, text("a"), Enter] {
        editor.handle(key, must_not);
    }
    let evil = || vec!["a\x1b[2J\nb".to_owned(), "\x1b".to_owned()];
    editor.handle(Tab, evil);
    assert_eq!(editor.text(), "a b: ");
}
