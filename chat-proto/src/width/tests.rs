use super::*;
use proptest::prelude::*;

/// The columns that terminals give to texts, as their own reports of the cursor
/// tell: xterm 379, kitty 0.26.5, VTE 0.70, tmux 3.3a, GNU screen 4.09, xterm.js
/// 6.0 by its three tables (Unicode 6, Unicode 11, graphemes), Alacritty 0.26.
const MEASURED: [(&str, [usize; 9]); 37] = [
    ("x", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("한", [2, 2, 2, 2, 2, 2, 2, 2, 2]),
    ("e\u{301}", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("ア", [2, 2, 2, 2, 2, 2, 2, 2, 2]),
    ("α", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("ы", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("❤\u{fe0f}", [1, 2, 1, 1, 1, 1, 1, 2, 1]),
    ("❤", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("☎\u{fe0f}", [1, 2, 1, 1, 1, 1, 1, 2, 1]),
    ("1\u{fe0f}\u{20e3}", [1, 2, 1, 1, 1, 1, 1, 2, 1]),
    ("#\u{fe0f}\u{20e3}", [1, 2, 1, 1, 1, 1, 1, 2, 1]),
    ("1\u{20e3}", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("⌚", [2, 2, 2, 2, 2, 1, 2, 2, 2]),
    ("⌚\u{fe0f}", [2, 2, 2, 2, 2, 1, 2, 2, 2]),
    ("👍", [2, 2, 2, 2, 2, 1, 2, 2, 2]),
    ("👍🏽", [4, 2, 4, 4, 4, 2, 4, 2, 4]),
    ("👨\u{200d}👩\u{200d}👧", [6, 6, 6, 2, 6, 3, 6, 3, 6]),
    ("❤\u{fe0f}\u{200d}🔥", [3, 4, 3, 1, 3, 2, 3, 3, 3]),
    ("🏳\u{fe0f}\u{200d}🌈", [3, 4, 3, 1, 3, 2, 3, 3, 3]),
    ("🇩🇪", [2, 2, 2, 2, 2, 2, 2, 2, 2]),
    ("🇩", [1, 2, 1, 1, 1, 1, 1, 1, 1]),
    ("🇩🇪🇫", [3, 4, 3, 3, 3, 3, 3, 3, 3]),
    (
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        [2, 2, 2, 2, 2, 1, 2, 7, 2],
    ),
    ("🫠", [2, 2, 2, 2, 2, 1, 1, 1, 2]),
    ("🫨", [1, 2, 2, 0, 1, 1, 1, 1, 2]),
    ("မျှော်လင့်ပါတယ်", [10, 6, 10, 10, 14, 14, 10, 8, 10]),
    ("ཧྐྵྨླྺྃ", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("क्षि", [3, 2, 3, 3, 3, 3, 3, 2, 3]),
    ("ক্ষো", [3, 2, 3, 3, 3, 3, 3, 2, 3]),
    ("தமிழ்", [4, 3, 4, 4, 4, 4, 4, 3, 4]),
    ("മലയാളം", [6, 4, 6, 6, 6, 6, 6, 4, 5]),
    ("ನಮಸ್ಕಾರ", [6, 5, 6, 6, 6, 6, 6, 5, 6]),
    ("สวัสดี", [4, 4, 4, 4, 4, 4, 4, 4, 4]),
    ("葛\u{e0100}", [2, 2, 2, 2, 2, 2, 2, 3, 2]),
    ("𠀀", [2, 2, 2, 2, 2, 2, 2, 1, 2]),
    ("㉈", [2, 1, 1, 2, 2, 2, 1, 1, 1]),
    ("䷀", [2, 1, 1, 2, 2, 2, 1, 1, 2]),
];

#[test]
fn every_terminal_is_between_the_two_readings() {
    for (text, measured) in MEASURED {
        let most = measured.into_iter().max().expect("terminals");
        let least = measured.into_iter().min().expect("terminals");
        assert!(most <= widest(text), "{text}: {most} > {}", widest(text));
        let narrowest = narrowest(text);
        assert!(narrowest <= least, "{text}: {narrowest} > {least}");
    }
}

/// A text that is counted too wide breaks rows too early.
#[test]
fn the_widest_reading_is_no_wider_than_a_terminal() {
    for (text, columns) in [
        ("hello", 5),
        ("中文", 4),
        ("Привет, καλημέρα", 16),
        ("❤\u{fe0f}❤", 3),
        ("1\u{fe0f}\u{20e3}", 2),
        ("🇩🇪🇫🇷", 4),
        ("👍🏽", 4),
        ("👨\u{200d}👩\u{200d}👧", 6),
        ("❤\u{fe0f}\u{200d}🔥", 4),
        ("e\u{301}o\u{308}", 2),
        ("한국어", 6),
        ("สวัสดี", 4),
        ("हिन्दी", 5),
    ] {
        assert_eq!(widest(text), columns, "{text}");
    }
}

/// A text that is counted too narrow only leaves more of a draft than need be.
#[test]
fn the_narrowest_reading_knows_what_was_always_so() {
    for (text, columns) in [
        ("hello", 5),
        ("中文", 4),
        ("カナ", 4),
        ("한국어", 6),
        ("Привет", 6),
        ("a\tb", 2),
    ] {
        assert_eq!(narrowest(text), columns, "{text}");
    }
}

proptest! {
    #[test]
    fn the_narrowest_is_never_wider(text in any::<String>(), emoji in "[❤👍🏽👨👩🇩🇪1#\u{200d}\u{fe0f}\u{20e3}]{0,20}") {
        prop_assert!(narrowest(&text) <= widest(&text));
        prop_assert!(narrowest(&emoji) <= widest(&emoji));
    }

    /// Rows are filled cluster by cluster.
    #[test]
    fn a_text_is_no_wider_than_its_clusters(text in "[a中❤👍🏽👨👩🇩🇪🇫1#\u{301}\u{200d}\u{fe0f}\u{20e3}]{0,20}") {
        let sum: usize = text.graphemes(true).map(widest).sum();
        prop_assert!(widest(&text) <= sum, "{} > {sum}", widest(&text));
    }
}
