use Key::*;
use chat_proto::catalogue;

use super::draft::Draft;
use super::{Editor, History, Key, MAX_DRAFT, Outcome, Search as Found};

/// Keys on a draft, each side given as the texts left and right of the cursor.
#[track_caller]
fn check(before: (&str, &str), keys: &[Key], after: (&str, &str)) {
    let mut editor = Editor::default();
    set(&mut editor, before);
    play(&mut editor, keys);
    let (left, right) = editor.text().split_at(editor.cursor());
    assert_eq!((left, right), after);
}

fn set(editor: &mut Editor, (left, right): (&str, &str)) {
    editor.draft = Draft::with_cursor(&format!("{left}{right}"), left.len());
}

/// The outcome of the last key.
fn play(editor: &mut Editor, keys: &[Key]) -> Outcome {
    let names = || ["Bo", "ann", "Anna", "中文"].map(str::to_owned).to_vec();
    let outcomes = keys.iter().map(|key| editor.handle(key.clone(), names));
    outcomes.last().unwrap_or(Outcome::Nothing)
}

/// What stands in the editor after each key, with `|` as the cursor.
#[track_caller]
fn walk(editor: &mut Editor, keys: &[Key], shown: &[&str]) {
    let seen: Vec<String> = keys
        .iter()
        .map(|key| {
            play(editor, std::slice::from_ref(key));
            let (left, right) = editor.text().split_at(editor.cursor());
            format!("{left}|{right}")
        })
        .collect();
    assert_eq!(seen, shown);
}

fn text(text: &str) -> Key {
    Text(text.to_owned())
}

fn paste(text: &str) -> Key {
    Paste(text.to_owned())
}

fn said(lines: &[&str]) -> Editor {
    let lines = lines.iter().map(|&line| line.to_owned());
    Editor::new(History::from_lines(lines), MAX_DRAFT)
}

#[track_caller]
fn check_history(editor: &Editor, lines: &[&str]) {
    assert_eq!(editor.history().lines().collect::<Vec<_>>(), lines);
}

#[test]
fn typing_and_deleting() {
    check(("", ""), &[text("h"), text("i")], ("hi", ""));
    check(("a", "b"), &[text("中")], ("a中", "b"));
    check(("a", "b"), &[Newline], ("a\n", "b"));
    check(("a中", "b"), &[Backspace], ("a", "b"));
    check(("a\n", "b"), &[Backspace], ("a", "b"));
    check(("", "ab"), &[Backspace], ("", "ab"));
    check(("a", "bc"), &[Delete], ("a", "c"));
    check(("abc", ""), &[Delete], ("abc", ""));
    check(("a", "b"), &[EndOfInput], ("a", ""));
    check(("ab", ""), &[EndOfInput], ("ab", ""));
}

#[test]
fn clusters_stay_whole() {
    check(("👨‍👩‍👧", ""), &[Backspace], ("", ""));
    check(("e\u{301}", ""), &[Left, Delete], ("", ""));
    check(("🇩🇪x", ""), &[Left, Left], ("", "🇩🇪x"));
    check(("", "🇩🇪🇫🇷"), &[Right], ("🇩🇪", "🇫🇷"));
    check(("", "👍🏽x"), &[Right], ("👍🏽", "x"));
    check(("한국", ""), &[Backspace], ("한", ""));
    // What comes together becomes one: the cursor goes behind it.
    check(("👩", "👧"), &[text("\u{200d}")], ("👩\u{200d}👧", ""));
    check(("e", "x"), &[text("\u{301}")], ("e\u{301}", "x"));
    check(("ex", "\u{301}"), &[Left], ("e", "x\u{301}"));
    check(("🇩x", "🇪"), &[Backspace], ("🇩🇪", ""));
    check(("e ", "\u{301}"), &[Left, Delete], ("e", ""));
}

#[test]
fn moving() {
    check(("ab", ""), &[Left], ("a", "b"));
    check(("", "ab"), &[Left], ("", "ab"));
    check(("", "ab"), &[Right], ("a", "b"));
    check(("ab", ""), &[Right], ("ab", ""));
    check(("a", "b"), &[Home], ("", "ab"));
    check(("a", "b"), &[End], ("ab", ""));
    check(("a\nb", "c\nd"), &[Home], ("a\n", "bc\nd"));
    check(("a\nb", "c\nd"), &[End], ("a\nbc", "\nd"));
    check(("one, two!", ""), &[WordLeft], ("one, ", "two!"));
    check(("one, t", "wo"), &[WordLeft], ("one, ", "two"));
    check((", one", ""), &[WordLeft, WordLeft], ("", ", one"));
    check(("", "(one) two"), &[WordRight], ("(one", ") two"));
    check(("one", ", two"), &[WordRight], ("one, two", ""));
    check(("one", "!"), &[WordRight], ("one!", ""));
    check(("", "don't_stop now"), &[WordRight], ("don't_stop", " now"));
    check(("ação café", ""), &[WordLeft], ("ação ", "café"));
    // UAX 29 knows no dictionary: an ideograph is a word.
    check(("中文", ""), &[WordLeft], ("中", "文"));
    check(("one\n", "two"), &[WordLeft], ("", "one\ntwo"));
}

#[test]
fn between_lines() {
    check(("abc\nde", ""), &[Up], ("ab", "c\nde"));
    check(("ab", "c\nde"), &[Down], ("abc\nde", ""));
    check(("a", "\n"), &[Down], ("a\n", ""));
    check(("a\n\nb", ""), &[Up], ("a\n", "\nb"));
    // By columns, and never into a wide character.
    check(("中文\nab", ""), &[Up], ("中", "文\nab"));
    check(("中文\nabc", ""), &[Up], ("中", "文\nabc"));
    check(("e\u{301}x\na", ""), &[Up], ("e\u{301}", "x\na"));
    check(("👨‍👩‍👧", "x\nabc"), &[Down], ("👨‍👩‍👧x\nab", "c"));
    // A tab is as wide as it is drawn, and one character.
    check(("\tx", "\nabcdefgh"), &[Down], ("\tx\nabcde", "fgh"));
    check(("\tx\nabc", ""), &[Up], ("", "\tx\nabc"));
    check(("a\tb", ""), &[Left, Left], ("a", "\tb"));
    check(("a\t", "b"), &[Backspace], ("a", "b"));
    check(("\tone\t", ""), &[KillWord], ("\t", ""));
    // A short line on the way does not bend it; another move does.
    check(("long\n\nlong", ""), &[Up, Up], ("long", "\n\nlong"));
    check(("lon", "g\n\nlong"), &[Down, Down], ("long\n\nlon", "g"));
    check(
        ("lo", "ng\n\nlong"),
        &[Down, Home, Down],
        ("long\n\n", "long"),
    );
}

#[test]
fn killing() {
    check(("ab", "cd"), &[KillToStart], ("", "cd"));
    check(("a\nb", "c\nd"), &[KillToStart], ("a\n", "c\nd"));
    check(("a\n", "b"), &[KillToStart], ("a", "b"));
    check(("ab", "cd"), &[KillToEnd], ("ab", ""));
    check(("a\nb", "c\nd"), &[KillToEnd], ("a\nb", "\nd"));
    check(("a", "\nb"), &[KillToEnd], ("a", "b"));
    check(("one two  ", "x"), &[KillWord], ("one ", "x"));
    check(("one", ""), &[KillWord], ("", ""));
    check(("go a/b-c", ""), &[KillWord], ("go ", ""));
    check(("中文 你", ""), &[KillWord], ("中文 ", ""));
    check(("a\nb ", ""), &[KillWord], ("a\n", ""));
    check(("go a/b-c", ""), &[KillWordBack], ("go a/b-", ""));
    check(("one, ", "two"), &[KillWordBack], ("", "two"));
    check(
        ("one", ", two three"),
        &[KillWordForward],
        ("one", " three"),
    );
    check(("o", "ne"), &[KillWordForward], ("o", ""));
    check(("abc", "d"), &[Interrupt], ("", ""));
}

#[test]
fn yanking() {
    check(("ab", "cd"), &[KillToEnd, Home, Yank], ("cd", "ab"));
    check(("one two", ""), &[KillWord, Yank, Yank], ("one twotwo", ""));
    check(("a", ""), &[Yank], ("a", ""));
    check(("a", ""), &[YankPop], ("a", ""));
    // Kills in a row are one, in the order in which they stood.
    check(
        ("one two ", "three four"),
        &[KillWord, KillWordForward, KillWord, KillToEnd, Yank],
        ("one two three four", ""),
    );
    // Anything between them makes them two, and they go round.
    let two = [KillWord, Left, Right, KillWord, Yank];
    check(("one two", ""), &two, ("one ", ""));
    for (pops, shown) in [(1, "two"), (2, "one "), (3, "two")] {
        let keys = [two.to_vec(), vec![YankPop; pops]].concat();
        check(("one two", ""), &keys, (shown, ""));
    }
    let late = [two.to_vec(), vec![Left, YankPop]].concat();
    check(("one two", ""), &late, ("one", " "));
    // A kill of nothing ends nothing.
    check(
        ("a b", ""),
        &[KillWord, KillToEnd, KillWord, Yank],
        ("a b", ""),
    );
    // Killed texts outlive a sent message.
    check(("a b", ""), &[KillWord, Enter, Yank], ("b", ""));
}

#[test]
fn exchanging() {
    check(("a", "bc"), &[TransposeChars], ("ba", "c"));
    check(("abc", ""), &[TransposeChars], ("acb", ""));
    check(("ab", "\nc"), &[TransposeChars], ("ba", "\nc"));
    check(("中", "e\u{301}x"), &[TransposeChars], ("e\u{301}中", "x"));
    check(("🇩🇪", "🇫🇷"), &[TransposeChars], ("🇫🇷🇩🇪", ""));
    for nothing in [
        ("", ""),
        ("a", ""),
        ("", "ab"),
        ("ab\n", "cd"),
        ("ab\nc", ""),
    ] {
        check(nothing, &[TransposeChars], nothing);
    }
    check(("one", ", two!"), &[TransposeWords], ("two, one", "!"));
    check(("one t", "wo"), &[TransposeWords], ("two one", ""));
    check(
        ("one two three ", ""),
        &[TransposeWords],
        ("one three two", " "),
    );
    check(
        ("one ", "two three"),
        &[TransposeWords],
        ("two one", " three"),
    );
    check(("中", "文 x"), &[TransposeWords], ("文中", " x"));
    for nothing in [("", ""), ("one", ""), ("o", "ne two"), ("!", " ?")] {
        check(nothing, &[TransposeWords], nothing);
    }
}

#[test]
fn undoing() {
    let typed = "one two".chars().map(|letter| text(&letter.to_string()));
    let mut editor = Editor::default();
    play(&mut editor, &typed.collect::<Vec<_>>());

    walk(&mut editor, &[Undo, Undo, Undo], &["one |", "|", "|"]);
    assert_eq!(play(&mut editor, &[Undo]), Outcome::Nothing);

    // Deleting is one step as typing is, and gives back the cursor.
    check(
        ("ab", "cd"),
        &[Backspace, Delete, Backspace, Undo],
        ("ab", "cd"),
    );
    // All else is a step each.
    check(
        ("", ""),
        &[text("a"), paste("b"), text("c"), Undo],
        ("ab", ""),
    );
    check(("", ""), &[text("a"), paste("b"), Undo], ("a", ""));
    check(("a b c", ""), &[KillWord, KillWord, Undo], ("a b ", ""));
    check(("a b", ""), &[KillWord, Yank, YankPop, Undo], ("a ", ""));
    check(("a", "b"), &[TransposeChars, Undo], ("a", "b"));
    check(("", ""), &[text("an"), Tab, Tab, Undo], ("an", ""));
    check(("", ""), &[text("an"), Tab, BackTab, Undo], ("", ""));
    check(("a", "b"), &[Interrupt, Undo], ("a", "b"));
    check((" ", " "), &[Enter, Undo], (" ", " "));
    // A sent text cannot be undone.
    check(("a", ""), &[text("b"), Enter, Undo], ("", ""));
}

mod dialogue;
mod edges;
