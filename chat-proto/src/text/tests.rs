use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(said: &str, expected: &str) {
    assert_eq!(clean(said), expected);
}

/// T-04, T-05: what scripts and emoji need stays.
#[test]
fn every_language_stays_as_it_is() {
    for said in [
        "hello",
        "a\tb",
        "two\nlines",
        "שלום",
        "مرحبا بالعالم",
        "你好，世界",
        "नमस्ते",
        "Việt ngữ",
        "می\u{200c}خواهم",
        "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 👍🏽 🇩🇪",
    ] {
        check(said, said);
    }
}

/// T-01, T-02, T-03: no control character is left, of C0 or of C1, and so no sequence.
#[test]
fn controls_are_dropped() {
    for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
        let expected = match control {
            '\t' => "a\tb",
            '\n' => "a\nb",
            '\r' | '\x0b' | '\x0c' | '\u{85}' => "a b",
            _ => "ab",
        };
        check(&format!("a{control}b"), expected);
    }
    check("\x1b[2Jboo\x1b]0;title\x07", "[2Jboo]0;title");
}

/// F-07, T-07: nothing but LF begins another line.
#[test]
fn nothing_but_lf_begins_a_line() {
    check("x\r* server: bye", "x * server: bye");
    check("a\u{2028}b\u{2029}c", "a b c");
    check("a\r\nb", "a\nb");
}

/// T-04, T-05: nothing that turns the direction or hides is left.
#[test]
fn bidi_controls_and_hidden_characters_are_dropped() {
    check("ok \u{202e}evil\u{202c}", "ok evil");
    check("\u{2066}x", "x");
    check("ad\u{200b}m\u{feff}i\u{ad}n\u{e0041}", "admin");
}

/// T-05: all that Unicode says is not to be seen (`Default_Ignorable_Code_Point`
/// of `DerivedCoreProperties.txt`), but what scripts and emoji need.
#[test]
fn nothing_that_cannot_be_seen_is_left() {
    let ignorable = [
        0xad..=0xad,
        0x34f..=0x34f,
        0x61c..=0x61c,
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x200b..=0x200f,
        0x202a..=0x202e,
        0x2060..=0x206f,
        0x3164..=0x3164,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xffa0..=0xffa0,
        0xfff0..=0xfff8,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff,
    ];
    for hidden in ignorable.into_iter().flatten().filter_map(char::from_u32) {
        let needed = matches!(hidden, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
        let said = format!("a{hidden}b");
        check(&said, if needed { &said } else { "ab" });
        let alone = Text::clean(&hidden.to_string());
        assert_eq!(alone, Err(TextError::Empty), "{hidden:?}");
    }
}

/// T-06: at most four marks stand on one base.
#[test]
fn marks_do_not_pile_up() {
    check(
        &format!("a{}b\u{301}", "\u{301}".repeat(2000)),
        "a\u{301}\u{301}\u{301}\u{301}b\u{301}",
    );
    check(
        "a\u{301}\u{301}\u{301}\u{200d}\u{301}\u{301}\u{301}",
        "a\u{301}\u{301}\u{301}\u{200d}\u{301}",
    );
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
    ] {
        assert_eq!(text(nothing), Err(TextError::Empty), "{nothing:?}");
    }
    assert_eq!(text("\x1b\u{200b}\n"), Err(TextError::Empty));
    assert!(text(&"x".repeat(MAX_TEXT - 1)).is_ok());
    assert!(text(&"x".repeat(MAX_TEXT)).is_ok());
    assert_eq!(text(&"x".repeat(MAX_TEXT + 1)), Err(TextError::TooLong));
}

proptest! {
    #[test]
    fn cleaning_is_safe_and_idempotent(said in any::<String>()) {
        let cleaned = clean(&said).into_owned();
        prop_assert!(cleaned.chars().all(|character| !is_invisible(character)
            && (!character.is_control() || matches!(character, '\t' | '\n'))));
        let twice = clean(&cleaned).into_owned();
        prop_assert_eq!(twice, cleaned);
    }
}
