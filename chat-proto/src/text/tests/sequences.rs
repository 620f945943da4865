use super::*;

/// No control character is left, of C0 or of C1, and so no sequence.
#[test]
fn controls_are_dropped() {
    for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
        let expected = match control {
            '\t' => "1\t2",
            '\n' => "1\n2",
            '\r' | '\x0b' | '\x0c' | '\u{85}' => "1 2",
            // With it a sequence goes.
            '\x1b' | '\u{9b}' => "1",
            _ => "12",
        };
        check(&format!("1{control}2"), expected);
    }
}

/// Nothing but LF begins another line.
#[test]
fn nothing_but_lf_begins_a_line() {
    check("x\r* server: bye", "x * server: bye");
    check("a\u{2028}b\u{2029}c", "a b c");
    check("a\r\nb", "a\nb");
}

/// What programs write into a pipe, if told to: the text stays, and only that.
#[test]
fn sequences_go_whole() {
    for (said, expected) in [
        // gcc, ls, grep.
        (
            "\x1b[01m\x1b[Kmain.c:3:5:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[mno",
            "main.c:3:5: error: no",
        ),
        (
            "\x1b[38;2;255;100;0mred\x1b[0m \x1b[38:5:1mred\x1b[m",
            "red red",
        ),
        ("\x1b[1;31", ""),
        (
            "\x1b[?25l\x1b[2J\x1b[10;20Hhome\x1b[?1049h\x1b[>0q\x1b[ q\x1b[!p",
            "home",
        ),
        ("\x1b[3é", "é"),
        // Links, titles, the clipboard, marks of a shell.
        (
            "see \x1b]8;id=1;http://x/y?z\x1b\\here\x1b]8;;\x1b\\.",
            "see here.",
        ),
        ("\x1b]8;;http://x\x07here\x1b]8;;\x07", "here"),
        ("\x1b]0;title\x07boo\x1b]2;日本\u{9c}!", "boo!"),
        ("\x1b]52;c;cm0gLXJmIH4K\x07\x1b]133;A\x1b\\$", "$"),
        ("\x1bktitle\x1b\\boo", "boo"),
        // Strings of every kind; images.
        (
            "a\x1bP$q m\x1b\\b\x1b_Gx\x07y\x1b\\c\x1b^p\x1b\\d\x1bXs\x1b\\e",
            "abcde",
        ),
        ("a\x1bPq#0;2;0\n#1~~@@vv\n-\x1b\\b", "ab"),
        ("a\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\b", "ab"),
        // Two and three characters.
        (
            "\x1bcA\x1b7B\x1b=C\x1bMD\x1b(BE\x1b#8F\x1b%GG\x1b\\",
            "ABCDEFG",
        ),
        ("a\x1b", "a"),
        ("a\x1bé", "aé"),
        ("a\x1b\x1b[1mb", "ab"),
        // The 8-bit forms.
        (
            "\u{9b}31mred\u{9b}m\u{9d}0;t\u{9c}!\u{90}x\u{9c}\u{98}y\u{9c}\u{9e}z\u{9c}\u{9f}w\u{1b}\\?",
            "red!?",
        ),
        ("a\u{84}b\u{8d}c\u{9c}d", "abcd"),
        // The Linux console.
        ("\x1b]P4ff0000blue\x1b]R!", "blue!"),
        ("two\x1b[31m\nlines\x1b[m", "two\nlines"),
    ] {
        check(said, expected);
    }
}

/// No line is lost for want of an end.
#[test]
fn a_string_without_an_end_takes_little_along() {
    // What the end of the line cut off.
    check("a\x1b]8;;http://x/", "a");
    check("a\x1b]0;title\nb\x07c", "a\nbc");
    check("a\x1bPq#0;2\n#1~~", "a\n#1~~");
    // Another sequence, or the end of all of them, comes between.
    check("a\x1b]0;title\x1b[31mred\x1b[0m", "ared");
    check("a\x1b]0;title\x18b", "ab");
    // This is no title.
    let long = "x".repeat(300);
    check(&format!("a\x1b]{long}"), &format!("a{long}"));
    check(&format!("a\x1bP{long}\nb"), &format!("a{long}\nb"));
    let just = "x".repeat(256);
    check(&format!("a\x1b]{just}\nb"), "a\nb");
    check(&format!("a\x1b]{just}x\nb"), &format!("a{just}x\nb"));
    // An end has no limit.
    check(&format!("a\x1b]52;c;{long}\x07b"), "ab");
    // UTF-8 that was taken for Latin-1 has such characters in its words.
    check("Ã\u{9d} is not Ã\u{90}", "Ã is not Ã");
}

#[test]
fn letters_that_are_struck_twice() {
    for (said, expected) in [
        ("N\x08NA\x08AM\x08ME\x08E", "NAME"),
        ("_\x08f_\x08i_\x08l_\x08e", "file"),
        ("f\x08_i\x08_", "fi"),
        ("_\x08N\x08N", "N"),
        ("_\x08_a", "_a"),
        ("N\x08N\x08N", "N"),
        ("é\x08é _\x08é", "é é"),
        ("中\x08中文\x08\x08文", "中文"),
        // Neither is a letter that is struck twice: nothing is lost.
        ("+\x08o", "+o"),
        ("\x08a\x08", "a"),
        ("_\x08 a\n\x08b", "_ a\nb"),
        ("abc\x08\x08\x08\x08xyz", "abcxyz"),
    ] {
        check(said, expected);
    }
}

/// It takes time in proportion to the text, also for sequences that do not end in it.
#[test]
fn nothing_is_looked_at_again_and_again() {
    for piece in [
        "\x1b]", "\u{9d}", "\u{90}", "\x1bP", "\x1b[", "\x1b(", "\x08", "_\x08", "\r",
    ] {
        let said = format!("{}{}", piece.repeat(200_000), "x".repeat(200_000));
        assert!(clean(&said).len() >= 199_999, "{piece:?}");
    }
}
