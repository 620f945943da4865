mod addresses;
mod emoji;
mod nearest;
mod scripts;

use super::*;
use crate::text::tests::data;
use precis_core::profile::PrecisFastInvocation;
use precis_profiles::Nickname;
use proptest::prelude::*;
use std::collections::BTreeMap;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

fn name(wanted: &str) -> Name {
    Name::choose(wanted).unwrap_or_else(|error| panic!("{wanted:?} refused: {error}"))
}

fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (name(one).keys(), name(other).keys());
    one.iter().any(|key| other.iter().any(|other| key == other))
}

/// Every character that may be part of a name, but only some of the scripts that have
/// many letters, which are alike.
fn parts() -> Vec<char> {
    let mut of_script: BTreeMap<&str, Vec<char>> = BTreeMap::new();
    for character in char::MIN..=char::MAX {
        if check_characters(character.encode_utf8(&mut [0; 4])).is_ok() {
            let script = character.script();
            let kind = match is_combining_mark(character) {
                true => "marks",
                false if matches!(script, Script::Common | Script::Latin) => "common",
                false => script.full_name(),
            };
            of_script.entry(kind).or_default().push(character);
        }
    }
    let some = of_script.into_iter().flat_map(|(kind, characters)| {
        let is_small = characters.len() < 300 || matches!(kind, "marks" | "common");
        characters
            .into_iter()
            .step_by(if is_small { 1 } else { 97 })
    });
    some.collect()
}

#[test]
fn names_of_every_script() {
    for wanted in [
        "ann",
        "Ann-Marie",
        "o_o",
        "j.doe",
        "名前",
        "שלום",
        "محمد",
        "Ольга",
        "नमन",
        "x2",
        "a😀",
    ] {
        assert_eq!(name(wanted).as_str(), wanted);
    }
    assert_eq!(name(" ann ").as_str(), "ann");
    assert_eq!(name("ａｎｎ").as_str(), "ann");
}

/// What imitates the programs, is empty or is not seen is no name.
#[test]
fn what_is_no_name() {
    for wanted in [
        "",
        " ",
        "<root>",
        "ann>",
        "[12:00]",
        "ann:",
        "a/b",
        "*",
        "***",
        "-",
        "--",
        "=",
        "a b",
        "a,b",
        "\u{301}",
        "\u{200b}",
        "ad\u{200b}min",
        "admin\u{feff}",
        "admin\u{e0041}",
        "ad\u{ad}min",
        "admin\u{3164}",
        "a\u{2d0}",
        "a\u{a789}",
        "a\u{2236}b",
        "\u{202e}nna",
        "a\nb",
        "a\x1bb",
        "server",
        "SERVER",
        "Server",
        "System",
        "chat-server",
        "server.",
        "server_",
        "Server-2",
        "server1",
        "server10",
        "you-2",
        "127.0.0.1.5000",
        "s\u{435}rver",
        "You",
        "y\u{43e}u",
        "127.0.0.1:80",
        "127.0.0.1",
    ] {
        assert!(Name::choose(wanted).is_err(), "{wanted:?} was let through");
    }
}

/// Names have a length.
#[test]
fn length_is_counted_in_columns() {
    assert!(Name::choose(&"a".repeat(32)).is_ok());
    assert_eq!(Name::choose(&"a".repeat(33)), Err(NameError::TooLong));
    assert!(Name::choose(&"中".repeat(16)).is_ok());
    assert_eq!(Name::choose(&"中".repeat(17)), Err(NameError::TooLong));
    assert!(Name::choose(&format!("a{}", "\u{301}".repeat(2))).is_ok());
    assert!(Name::choose(&format!("a{}", "\u{301}".repeat(64))).is_err());
    assert_eq!(Name::choose(&"a".repeat(100_000)), Err(NameError::TooLong));
}

/// Names that look alike are one name.
#[test]
fn names_that_look_alike_meet() {
    for (one, other) in [
        ("admin", "Admin"),
        ("admin", "ADMIN"),
        ("admin", "ａｄｍｉｎ"),
        ("admin", "аdmin"),
        ("admin", "adm\u{131}n"),
        ("evan", "еvan"),
        ("potato", "РОТАТО"),
        ("smt", "ｓｍｔ"),
        ("philip", "Phi1ip"),
        ("bob0", "bobO"),
        ("Straße", "straße"),
        ("admin", "ΑDΜΙΝ"),
        ("admin", "ADMlN"),
        ("Bill", "BiII"),
        // What becomes of the marks of one character stands in another order
        // than the marks of the other.
        ("\u{1fb2}", "ą\u{300}"),
        ("ẞΣ", "ßς"),
    ] {
        assert!(meet(one, other), "{one:?} and {other:?}");
    }
    for (one, other) in [
        ("warning", "waming"),
        ("ann", "anna"),
        ("paul", "paui"),
        ("serverless", "serve"),
        ("ann", "ann-2"),
        ("名", "前"),
    ] {
        assert!(!meet(one, other), "{one:?} and {other:?}");
    }
}

#[test]
fn addresses() {
    let of = |address: &str| Name::of_address(address.parse().unwrap());
    assert_eq!(of("127.0.0.1:39339").as_str(), "127.0.0.1:39339");
    assert_eq!(of("[::ffff:127.0.0.1]:39339").as_str(), "127.0.0.1:39339");
    assert_eq!(of("[::1]:5").as_str(), "[::1]:5");
    for text in [
        "127.0.0.1:39339",
        "[::1]:5",
        "[fe80::1%3]:5",
        "127.0.0.1:5-2",
    ] {
        assert_eq!(Name::parse(text).unwrap().as_str(), text);
        assert!(Name::parse(text).unwrap().is_address());
    }
    assert!(Name::parse("127.0.0.1:5-2\n").is_err());
    // A number can have any number of zeros before it.
    let zeros = "0".repeat(60_000);
    for text in ["127.0.0.1:05", "127.0.0.1:5-02", "[::1%05]:5"] {
        assert!(Name::parse(&text.replace('0', &zeros)).is_err());
    }
    assert!(!name("ann").is_address());
    // What an older server may have let through is still a name.
    for (sent, expected) in [
        ("a\u{301}\u{301}\u{301}\u{301}", "a\u{301}\u{301}"),
        ("क्\u{200d}", "क्"),
        ("bob\u{1039}", "bob\u{1039}"),
        (&*"👍🏽".repeat(16), &*"👍🏽".repeat(16)),
    ] {
        assert_eq!(Name::parse(sent).unwrap().as_str(), expected);
    }
    for sent in ["a\u{202e}b", "a\x1b[31mb", "a\u{200b}", "a b", ""] {
        assert!(Name::parse(sent).is_err(), "{sent:?}");
    }
}

#[test]
fn numbers() {
    assert_eq!(name("ann").numbered(2).as_str(), "ann-2");
    assert_eq!(
        name(&"a".repeat(32)).numbered(10).as_str(),
        format!("{}-10", "a".repeat(29))
    );
    assert_eq!(
        name(&"中".repeat(16)).numbered(2).as_str(),
        format!("{}-2", "中".repeat(15))
    );
    assert_eq!(
        Name::of_address("[::1]:5".parse().unwrap())
            .numbered(2)
            .as_str(),
        "[::1]:5-2"
    );
    // Half an emoji, a flag or a joined letter is none.
    for whole in [
        "👩\u{200d}🚒",
        "🇩🇪",
        "1\u{fe0f}\u{20e3}",
        "क्\u{200d}ष",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    ] {
        for before in 0..MAX_NAME_COLUMNS {
            let long = format!("x{}{whole}", "a".repeat(before));
            let Ok(long) = Name::choose(&long) else {
                continue;
            };
            let numbered = long.numbered(1000);
            assert_eq!(
                Name::choose(numbered.as_str()),
                Ok(numbered.clone()),
                "{numbered}"
            );
        }
    }
}

proptest! {
    #[test]
    fn a_name_is_its_own_choice(wanted in any::<String>()) {
        if let Ok(name) = Name::choose(&wanted) {
            prop_assert_eq!(Name::parse(name.as_str()), Ok(name.clone()));
            prop_assert!(Name::parse(name.numbered(12).as_str()).is_ok());
            prop_assert!(!name.as_str().contains(|c: char| c.is_control() || c.is_whitespace()));
        }
    }

    #[test]
    fn the_keys_of_numbers_are_those_of_the_numbered_name(
        wanted in prop_oneof!["\\w{1,40}", "[аАmI1l0Oß\u{301}e.-]{1,40}", any::<String>()],
        numbers in proptest::collection::vec(prop_oneof![2u32..30, any::<u32>()], 1..5),
    ) {
        if let Ok(name) = Name::choose(&wanted) {
            let mut numbering = Numbering::new(name.as_str());
            for number in numbers {
                prop_assert_eq!(numbering.keys(number), name.numbered(number).keys());
            }
        }
    }

    #[test]
    fn names_equal_by_rfc_8266_share_a_key(one in "[a-zA-ZÀ-ÿα-ωΑ-Ω]{1,4}", upper in any::<bool>()) {
        let other = if upper { one.to_uppercase() } else { one.to_lowercase() };
        if let (Ok(_), Ok(_)) = (Name::choose(&one), Name::choose(&other))
            && Nickname::compare(one.as_str(), other.as_str()) == Ok(true)
        {
            prop_assert!(meet(&one, &other));
        }
    }
}

#[test]
fn what_names_may_begin_with_is_short_and_plain() {
    let prefix = |given: &str| NamePrefix::new(given).map(|it| it.as_str().to_owned());
    assert_eq!(prefix(" \u{ff21}n "), Some("An".to_owned()));
    assert_eq!(prefix("a\u{1b}\u{0}"), Some("a??".to_owned()));
    assert_eq!(prefix("You"), Some("You".to_owned()));
    assert_eq!(prefix(" \t\u{3000}"), None);
    for long in ["x", "\u{fdfa}", "\u{1f600}"] {
        let long = prefix(&long.repeat(1000)).unwrap();
        assert!((MAX_NAME_BYTES + 1..MAX_NAME_BYTES + 5).contains(&long.len()));
        assert_eq!(prefix(&long).as_ref(), Some(&long));
    }
}
