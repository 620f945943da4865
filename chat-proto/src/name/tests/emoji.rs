use super::*;

fn all() -> impl Iterator<Item = &'static str> {
    let statuses = [
        "fully-qualified",
        "minimally-qualified",
        "unqualified",
        "component",
    ];
    statuses.into_iter().flat_map(data::emoji)
}

/// Those that look like what stands around names, with and without U+FE0F.
fn is_refused(emoji: &str) -> bool {
    emoji.starts_with(['#', '*', '\u{203c}', '\u{2049}'])
}

/// Every sequence is a name, and a part of one, but for four.
#[test]
fn whole_emoji_are_names() {
    let mut refused = 0;
    for emoji in all() {
        let chosen = Name::choose(emoji);
        if is_refused(emoji) {
            assert!(matches!(chosen, Err(NameError::Character(_))), "{emoji}");
            refused += 1;
            continue;
        }
        let chosen = chosen.unwrap_or_else(|error| panic!("{emoji}: {error}"));
        // A few without U+FE0F are letters (`™` is `TM`).
        if chosen.as_str().starts_with(emoji.chars().next().unwrap()) {
            assert_eq!(chosen.as_str(), emoji);
        } else {
            assert!(!emoji.contains('\u{fe0f}') && meet(emoji, &format!("{emoji}\u{fe0f}")));
        }
        name(&format!("ann{emoji}{emoji}bo"));
        assert_eq!(Name::parse(chosen.as_str()), Ok(chosen.clone()));
        assert!(Name::parse(chosen.numbered(2).as_str()).is_ok());
    }
    assert_eq!(refused, 8);
}

/// With and without U+FE0F, and as a terminal draws them that knows no sequences.
#[test]
fn one_emoji_is_one_name() {
    for emoji in all().filter(|emoji| !is_refused(emoji)) {
        let bare = emoji.replace(['\u{fe0f}', '\u{200d}'], "");
        if bare != emoji {
            assert_eq!(name(emoji).keys(), name(&bare).keys(), "{emoji}");
        }
    }
    for (one, other) in [
        ("❤", "❤\u{fe0f}"),
        ("❤\u{fe0e}", "❤\u{fe0f}"),
        ("bob❤", "BOB❤\u{fe0f}"),
        ("1\u{fe0f}", "1"),
        ("👩\u{200d}🚒", "👩🚒"),
        (
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "🏴",
        ),
        ("葛\u{e0100}", "葛"),
        // Letters that are drawn as letters.
        ("🇩🇪", "de"),
        ("🅱🅾🅱", "bob"),
        ("🈂\u{fe0f}", "サ"),
    ] {
        assert!(meet(one, other), "{one:?} and {other:?}");
    }
    for (one, other) in [
        ("👍", "👍🏽"),
        ("👩\u{200d}🚒", "👨\u{200d}🚒"),
        ("🇩🇪", "🇫🇷"),
        ("1\u{fe0f}\u{20e3}", "1"),
    ] {
        assert!(!meet(one, other), "{one:?} and {other:?}");
    }
}

/// Half of one is none, and neither is what hides behind one.
#[test]
fn half_an_emoji_is_no_name() {
    for wanted in [
        "🇩",
        "🇩🇪🇫",
        "a🇩",
        "🇩a🇪",
        "👩\u{200d}",
        "👩\u{200d}\u{200d}🚒",
        "👩\u{200d}a",
        "\u{200d}👩",
        "\u{fe0f}",
        "a\u{fe0f}",
        "\u{20e3}",
        "a\u{20e3}",
        "❤\u{301}",
        "👩\u{20e3}",
        "🏴\u{e0067}\u{e0062}",
        "👩\u{e0067}\u{e007f}",
        "🏴\u{e0061}\u{e0020}\u{e0062}\u{e007f}",
        "🇾🇴🇺",
        "🇨🇭🇦🇹",
        "ser🔥ver",
        "🆂🅴🆁🆅🅴🆁",
    ] {
        assert!(Name::choose(wanted).is_err(), "{wanted:?}");
    }
    // Two flags, which spell no word that is kept for the programs.
    name("🇾🇴🇺🇺");
}

/// Each part by itself, two columns each: so do terminals that know no sequences.
#[test]
fn the_widest_reading_counts() {
    for (emoji, expected) in [
        ("❤\u{fe0f}", 2),
        ("❤", 2),
        ("1\u{fe0f}\u{20e3}", 2),
        ("1\u{20e3}", 2),
        ("🇩🇪", 4),
        ("👍🏽", 4),
        ("👩\u{200d}🚒", 4),
        ("👨\u{200d}👩\u{200d}👧", 6),
        ("कि", 2),
        ("ก็", 1),
        ("中", 2),
    ] {
        assert_eq!(columns(emoji), expected, "{emoji}");
        let most = "a".repeat(MAX_NAME_COLUMNS - expected);
        assert!(Name::choose(&format!("{most}{emoji}")).is_ok(), "{emoji}");
        let too_long = Name::choose(&format!("{most}a{emoji}"));
        assert_eq!(too_long, Err(NameError::TooLong), "{emoji}");
    }
    use unicode_width::UnicodeWidthStr;
    for emoji in all() {
        assert!(columns(emoji) >= emoji.width(), "{emoji}");
    }
}
