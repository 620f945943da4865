//! What may come in, what goes out, and how much of it.

use super::*;

#[test]
fn what_comes_in_has_no_control_characters() {
    let dirty = "a\x1b[31mb\r\nc\td\u{9b}\re\0\x7ff\n";
    check(("", ""), &[text(dirty)], ("ab c\td ef ", ""));
    check(("", ""), &[paste(dirty)], ("ab\nc\td\nef\n", ""));
    // Nor characters that the readers would not see.
    let hidden = "a\u{202e}b\u{200b}\u{85}c👩\u{200d}👧";
    check(("", ""), &[paste(hidden)], ("ab c👩\u{200d}👧", ""));
    // Letters, marks and joiners that are typed one by one belong together.
    for typed in [
        "မျှော်",
        "ก็",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "👩\u{200d}👧",
        "1\u{fe0f}\u{20e3}",
    ] {
        let keys: Vec<Key> = typed.chars().map(|c| text(&c.to_string())).collect();
        check(("", ""), &keys, (typed, ""));
        check(("", ""), &[paste(typed)], (typed, ""));
    }
    let mut editor = Editor::default();
    assert_eq!(play(&mut editor, &[text("\x1b")]), Outcome::Nothing);
    assert_eq!(play(&mut editor, &[paste("")]), Outcome::Nothing);
}

#[test]
fn sending() {
    let mut editor = Editor::default();
    let sent = play(&mut editor, &[paste(" a\n\nb "), Enter]);
    assert_eq!(sent, Outcome::Submitted(" a\n\nb ".into()));
    assert_eq!((editor.text(), editor.cursor()), ("", 0));
    check_history(&editor, &[" a\n\nb "]);
    assert_eq!(
        play(&mut editor, &[text("  "), Newline, Enter]),
        Outcome::Edited
    );
    assert_eq!(editor.text(), "");
    assert_eq!(play(&mut editor, &[Interrupt]), Outcome::Interrupted);
    assert_eq!(play(&mut editor, &[EndOfInput]), Outcome::Ended);
    assert_eq!(play(&mut editor, &[Escape]), Outcome::Nothing);
}

#[test]
fn a_message_has_a_limit() {
    for (limit, outcome) in [
        (5, Outcome::TooLong(6)),
        (6, Outcome::Submitted("中文".into())),
        (7, Outcome::Submitted("中文".into())),
    ] {
        let mut editor = Editor::default();
        editor.set_limit(limit);
        assert_eq!(play(&mut editor, &[text("中文"), Left, Enter]), outcome);
        let kept = limit < 6;
        let shown = (editor.text(), editor.cursor());
        assert_eq!(shown, if kept { ("中文", 3) } else { ("", 0) });
        assert_eq!(editor.history().is_empty(), kept);
    }
}

#[test]
fn a_draft_has_a_limit() {
    for (length, outcome) in [
        (MAX_DRAFT - 1, Outcome::Edited),
        (MAX_DRAFT, Outcome::Edited),
        (MAX_DRAFT + 1, Outcome::Full),
    ] {
        let mut editor = Editor::default();
        assert_eq!(play(&mut editor, &[paste(&"x".repeat(length))]), outcome);
        assert_eq!(editor.text().is_empty(), length > MAX_DRAFT);
    }
    let mut editor = Editor::default();
    play(
        &mut editor,
        &[text("an"), KillWord, text("y"), Left, Right, KillWord],
    );
    set(&mut editor, (&" ".repeat(MAX_DRAFT - 1), ""));
    let (full, room) = (Outcome::Full, MAX_DRAFT - 1);
    assert_eq!(play(&mut editor, &[text("中")]), full);
    assert_eq!(play(&mut editor, &[Tab]), full);
    assert_eq!(editor.text().len(), room);
    // An older kill that does not fit leaves the younger one.
    assert_eq!(play(&mut editor, &[Yank]), Outcome::Edited);
    assert_eq!(play(&mut editor, &[YankPop]), full);
    assert!(editor.text().ends_with('y'));
    for key in [text("z"), Newline, paste("z")] {
        assert_eq!(play(&mut editor, &[key]), full);
    }
}
