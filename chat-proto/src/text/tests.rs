mod characters;
pub(crate) mod data;
mod sequences;
mod tables;

use super::*;
use proptest::prelude::*;
use unicode::{is_ignorable, is_selector, is_spacing};

#[track_caller]
fn check(said: &str, expected: &str) {
    let cleaned = clean(said);
    assert_eq!(cleaned, expected, "{}", codes(said));
    assert_eq!(clean(&cleaned), cleaned, "twice is once");
}

/// It passes as it is.
#[track_caller]
fn check_kept(said: &str) {
    check(said, said);
}

/// Characters that no message of a failed test would show.
fn codes(text: &str) -> String {
    let codes = text.chars().map(|c| format!("{:04X}", u32::from(c)));
    codes.collect::<Vec<_>>().join(" ")
}

#[test]
fn texts_have_limits() {
    let text = |said: &str| Text::clean(said).map(|text| text.to_string());
    assert_eq!(text("hi\r\n\n"), Ok("hi".into()));
    for nothing in [
        " ",
        "\u{200d}",
        "\u{2800}",
        "\u{115f}",
        "\u{301}",
        "\u{3000}\t",
        "\x1b[31m\x1b[0m",
        "\x1b\u{200b}\n",
    ] {
        assert_eq!(text(nothing), Err(TextError::Empty), "{nothing:?}");
    }
    assert!(text(&"x".repeat(MAX_TEXT - 1)).is_ok());
    assert!(text(&"x".repeat(MAX_TEXT)).is_ok());
    assert_eq!(text(&"x".repeat(MAX_TEXT + 1)), Err(TextError::TooLong));
}

/// Invisible, and of no use behind or before anything: no terminal may see it even in a
/// draft.
fn is_never_kept(character: char) -> bool {
    is_ignorable(character)
        && !is_selector(character)
        && !matches!(character,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{e0020}'..='\u{e007f}')
}

/// Pieces of which texts are made that have to do with the rules.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(SPECIAL.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

const SPECIAL: [&str; 53] = [
    "\x1b",
    "[",
    "]",
    "0;",
    "\\",
    "m",
    "\x07",
    "\u{9c}",
    "\u{9d}",
    "\x08",
    "_",
    "\r",
    "\n",
    " ",
    "\u{200d}",
    "\u{200c}",
    "\u{200b}",
    "\u{34f}",
    "\u{202e}",
    "\u{17b4}",
    "\u{180e}",
    "\u{180b}",
    "\u{fe0f}",
    "\u{fe00}",
    "\u{e0100}",
    "\u{20e3}",
    "\u{301}",
    "\u{5b0}",
    "\u{94d}",
    "\u{d4d}",
    "\u{115f}",
    "\u{1160}",
    "\u{1161}",
    "\u{1100}",
    "\u{11a8}",
    "\u{1f3f4}",
    "\u{e0067}",
    "\u{e0031}",
    "\u{e007f}",
    "❤",
    "👩",
    "🏽",
    "🇩",
    "1",
    "a",
    "क",
    "ന",
    "م",
    "ᠠ",
    "葛",
    "ខ",
    "\u{13000}",
    "\u{13430}",
];

proptest! {
    #[test]
    fn cleaning_is_safe_and_idempotent(pieces in proptest::collection::vec(piece(), 0..24)) {
        let said = pieces.concat();
        let cleaned = clean(&said).into_owned();
        prop_assert!(!cleaned.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n')));
        for line in cleaned.split(['\n', '\t']) {
            let changes = |c: char| is_ignorable(c) && !matches!(c, '\u{1160}' | '\u{e007f}');
            prop_assert!(!line.ends_with(|c| changes(c) && !is_selector(c)), "{}", codes(line));
            prop_assert!(!line.starts_with(|c| changes(c) && c != '\u{115f}'), "{}", codes(line));
            prop_assert!(!line.starts_with(|c| is_combining_mark(c) && !is_spacing(c)), "{}", codes(line));
        }
        let twice = clean(&cleaned).into_owned();
        prop_assert_eq!(&twice, &cleaned, "{}", codes(&said));
        // It is the same when it is typed, key by key.
        if !said.contains(|c: char| c.is_control()) {
            let typed: String = said.chars().map(|c| clean_part(&c.to_string())).collect();
            prop_assert_eq!(clean(&typed), &*cleaned, "{}", codes(&said));
        }
        // What is gone takes nothing along but what belongs to it.
        let letters = |text: &str| text.chars().filter(|c| "aकനمᠠ葛ខ".contains(*c)).count();
        if !said.contains(|c: char| c.is_control()) && !said.contains('\u{d4d}') {
            prop_assert_eq!(letters(&cleaned), letters(&said));
        }
    }

    /// A text may be pasted in pieces of any size, among typed ones.
    #[test]
    fn pieces_become_what_the_whole_would(
        pieces in proptest::collection::vec(proptest::collection::vec(piece(), 0..6), 1..6),
    ) {
        // Escape sequences are looked for in each piece by itself.
        let pieces = pieces
            .iter()
            .map(|piece| piece.concat().replace(|c: char| c.is_control() && c != '\n', ""));
        let pieces: Vec<String> = pieces.collect();
        let said = pieces.concat();
        let parts: Vec<String> = pieces.iter().map(|piece| clean_part(piece)).collect();
        let typed = parts.concat();
        prop_assert_eq!(clean(&typed), clean(&said), "{}", codes(&said));
        for part in parts {
            prop_assert!(!part.contains(is_never_kept), "{}", codes(&part));
            prop_assert_eq!(clean_part(&part), part);
        }
    }
}

/// What stands before a piece decides on its first characters, so they stay until it is
/// known.
#[test]
fn a_piece_keeps_what_another_one_may_need() {
    for (pieces, whole) in [
        (["\u{200d}\u{115f}", "\u{200d}\u{1161}"], "\u{115f}\u{1161}"),
        (
            ["\u{115f}", "\u{200d}\u{1160}\u{11a8}"],
            "\u{115f}\u{1160}\u{11a8}",
        ),
        (["ന", "\u{d4d}\u{200d}\n"], "ൻ\n"),
    ] {
        let parts = pieces.map(clean_part).concat();
        assert_eq!(clean(&parts), whole, "{}", codes(&pieces.concat()));
        assert_eq!(
            clean(&pieces.concat()),
            whole,
            "{}",
            codes(&pieces.concat())
        );
    }
}
