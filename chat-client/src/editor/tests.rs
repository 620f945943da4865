use super::*;
use proptest::prelude::*;

/// A draft with its cursor as `|`.
#[track_caller]
fn check(before: &str, keys: &[Key], after: &str) {
    let (left, right) = before.split_once('|').unwrap();
    let mut editor = Editor {
        text: format!("{left}{right}"),
        cursor: left.len(),
    };
    for key in keys {
        editor.handle(key.clone());
    }
    let (left, right) = editor.text.split_at(editor.cursor);
    assert_eq!(format!("{left}|{right}"), after);
}

fn text(text: &str) -> Key {
    Key::Text(text.to_owned())
}

#[test]
fn typing_and_deleting() {
    check("|", &[text("h"), text("i")], "hi|");
    check("a|b", &[text("中")], "a中|b");
    check("a中|b", &[Key::Backspace], "a|b");
    check("|ab", &[Key::Backspace], "|ab");
    check("a|bc", &[Key::Delete], "a|c");
    check("abc|", &[Key::Delete], "abc|");
    check("👨‍👩‍👧|", &[Key::Backspace], "|");
    check("e\u{301}|", &[Key::Left, Key::Delete], "|");
    check("a|b", &[Key::EndOfInput], "a|");
}

#[test]
fn moving() {
    check("ab|", &[Key::Left], "a|b");
    check("🇩🇪x|", &[Key::Left, Key::Left], "|🇩🇪x");
    check("|ab", &[Key::Right], "a|b");
    check("a|b", &[Key::Home], "|ab");
    check("a|b", &[Key::End], "ab|");
}

#[test]
fn killing() {
    check("ab|cd", &[Key::KillToStart], "|cd");
    check("ab|cd", &[Key::KillToEnd], "ab|");
    check("one two  |x", &[Key::KillWord], "one |x");
    check("one|", &[Key::KillWord], "|");
    check("中文 你|", &[Key::KillWord], "中文 |");
    check("abc|d", &[Key::Interrupt], "|");
}

#[test]
fn what_is_typed_has_no_control_characters() {
    check("|", &[text("a\x1b[31mb\r\nc\td\u{9b}")], "a[31mb c d|");
}

#[test]
fn ends() {
    let mut editor = Editor::default();
    assert_eq!(editor.handle(Key::Interrupt), Outcome::Interrupted);
    assert_eq!(editor.handle(Key::EndOfInput), Outcome::Ended);
    editor.handle(text("hi"));
    assert_eq!(editor.handle(Key::Enter), Outcome::Submitted("hi".into()));
    assert_eq!((editor.text(), editor.cursor()), ("", 0));
    assert_eq!(
        editor.handle(text(&"x".repeat(MAX_DRAFT + 1))),
        Outcome::Full
    );
    assert_eq!(editor.text(), "");
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let piece = prop_oneof![
        Just("a"),
        Just(" "),
        Just("中"),
        Just("👩"),
        Just("\u{200d}"),
        Just("👧"),
        Just("\u{301}"),
        Just("🇩"),
        Just("word "),
    ];
    let key = prop_oneof![
        8 => piece.prop_map(text),
        1 => Just(Key::Backspace),
        1 => Just(Key::Delete),
        2 => Just(Key::Left),
        2 => Just(Key::Right),
        1 => Just(Key::Home),
        1 => Just(Key::End),
        1 => Just(Key::KillToStart),
        1 => Just(Key::KillToEnd),
        1 => Just(Key::KillWord),
    ];
    proptest::collection::vec(key, 0..60)
}

proptest! {
    #[test]
    fn the_cursor_always_stands_between_clusters(keys in keys()) {
        let mut editor = Editor::default();
        for key in keys {
            editor.handle(key);
            let mut boundaries = editor.text.grapheme_indices(true).map(|(index, _)| index);
            prop_assert!(
                editor.cursor == editor.text.len() || boundaries.any(|index| index == editor.cursor)
            );
        }
    }

    #[test]
    fn it_is_a_list_with_a_gap(keys in proptest::collection::vec((0u8..7, "[a-z中]"), 0..60)) {
        let (mut left, mut right) = (Vec::<String>::new(), Vec::<String>::new());
        let mut editor = Editor::default();
        for (kind, typed) in keys {
            let key = match kind {
                0 => { left.pop(); Key::Backspace }
                1 => { right.pop(); Key::Delete }
                2 => { right.extend(left.pop()); Key::Left }
                3 => { left.extend(right.pop()); Key::Right }
                _ => { left.push(typed.clone()); Key::Text(typed) }
            };
            editor.handle(key);
            let expected: String = left.iter().chain(right.iter().rev()).map(String::as_str).collect();
            prop_assert_eq!(&editor.text, &expected);
            prop_assert_eq!(editor.cursor, left.concat().len());
        }
    }
}
