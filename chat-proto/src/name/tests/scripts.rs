use super::*;
use crate::text::unicode::{is_emoji, is_ignorable, is_selector};
use unicode_normalization::UnicodeNormalization;

#[test]
fn names_of_every_language() {
    for wanted in [
        "ann",
        "Ann-Marie",
        "o_o",
        "j.doe",
        "名前",
        "שלום",
        "שָׁלוֹם",
        "محمد",
        "مُحَمَّد",
        "Ольга",
        "Оле\u{301}на",
        "नमन",
        "x2",
        "a😀",
        "မျှော်",
        "ကျော်စွာ",
        "བཀྲ་ཤིས".split('་').next().unwrap(),
        "ཧྐྵྨླྺྼྻྂ",
        "ᨠᩖᩮᩬᩥ᩶ᩋ",
        "สมชาย",
        "ស្រី",
        "می\u{200c}خواهم",
        "ශ්\u{200d}රී",
        "ᠨᠠᠷᠠ\u{180e}ᠠ",
        "葛\u{e0100}飾",
        "渡邉\u{e0111}",
        "Nguyễn",
        "Ørjan",
        "𞤀𞤣𞤤𞤢𞤥",
        "𐓏𐓘𐓻𐓘𐓻𐓟",
        "が",
        "か\u{3099}",
        "김철수",
        "ᏣᎳᎩ",
        "ⵜⵉⴼⵉⵏⴰⵖ",
        "नमः",
        "ノア",
        "木ノ下",
        "ᐳᓚᕆ",
    ] {
        let name = name(wanted);
        let form: String = wanted.nfkc().collect();
        assert_eq!(name.as_str(), form);
    }
}

/// Every letter of every language is a name, also with its marks, but for those that
/// names have no use for: apostrophes, and what looks like a colon or an exclamation
/// mark.
#[test]
fn letters_of_every_language() {
    let mut letters = 0;
    for text in data::exemplars() {
        let normal: String = text.nfkc().collect();
        let is_jamo = |c| ('\u{1100}'..='\u{11ff}').contains(&c);
        let is_word = normal.starts_with(char::is_alphabetic)
            && !normal.contains(is_jamo)
            && !normal.starts_with(is_combining_mark)
            && !normal.contains(['\u{640}', '’', ':', 'ː', '·', 'ǃ', '!']);
        if is_word {
            name(text);
            letters += 1;
        }
    }
    assert!(letters > 3000, "{letters}");
}

/// A mark stands on a letter of its script: on any other it may not be seen at all, and
/// the name looks like another one.
#[test]
fn marks_stand_on_letters_of_their_script() {
    let (mut all, mut fitting) = (0, 0);
    let exemplary: std::collections::BTreeSet<char> = data::exemplars()
        .flat_map(|text| text.nfd())
        .filter(|&c| is_combining_mark(c))
        .collect();
    for mark in (char::MIN..=char::MAX).filter(|&c| is_combining_mark(c)) {
        all += 1;
        for base in ["bob", "боб", "βοβ"] {
            if Name::choose(&format!("{base}{mark}")).is_ok() {
                let script = base.chars().next_back().unwrap().script();
                let form = mark.nfkc().next().expect("a form of it");
                let own = form.script_extension();
                let is_listed = !own.is_common() && !own.is_inherited();
                assert!(
                    is_listed && own.contains_script(script) || exemplary.contains(&form),
                    "{base} {mark:?} of {own}"
                );
                fitting += usize::from(base == "bob");
            }
        }
        for base in ["bob1", "bob-", "bob.", "bob_", "❤", "bob❤", "名"] {
            let wanted = format!("{base}{mark}");
            let is_part =
                base.ends_with(['1', '❤', '名']) && (is_selector(mark) || mark == '\u{20e3}');
            let is_tone = base == "名" && mark.script_extension().contains_script(Script::Han);
            assert!(
                Name::choose(&wanted).is_err() || is_part || is_tone,
                "{wanted:?} {mark:?}"
            );
        }
    }
    assert!(all > 2500 && fitting < 70, "{fitting} of {all}");
    for wanted in [
        "bob\u{94d}",
        "bob\u{1039}",
        "bob\u{17d2}",
        "bob\u{332}",
        "बob\u{93f}",
        "१\u{93f}",
    ] {
        assert!(
            matches!(Name::choose(wanted), Err(NameError::Misplaced(_))),
            "{wanted:?}"
        );
    }
}

/// Joiners do not end a name, where they would join what is printed behind it, and do not
/// make another one of it.
#[test]
fn joiners_make_no_other_name() {
    for wanted in [
        "bob\u{200d}",
        "b\u{200c}ob",
        "क्\u{200d}",
        "क्\u{200d}-x",
        "क्\u{200c}x",
        "می\u{200c}",
        "\u{200d}م",
        "ᠠ\u{180e}",
    ] {
        assert!(Name::choose(wanted).is_err(), "{wanted:?}");
    }
    for (one, other) in [
        ("می\u{200c}خواهم", "میخواهم"),
        ("ශ්\u{200d}රී", "ශ්රී"),
        ("ᠨᠠᠷᠠ\u{180e}ᠠ", "ᠨᠠᠷᠠᠠ"),
        ("ᠳ\u{180b}ᠤ", "ᠳᠤ"),
    ] {
        assert!(meet(one, other), "{one:?}");
    }
}

/// What the profile of RFC 8266 refuses is refused, but for emoji, what is newer than its
/// tables, and joiners and selectors; and both give a name the same form.
#[test]
fn names_are_those_of_rfc_8266() {
    let check = |wanted: &str| {
        let Ok(ours) = Name::choose(wanted) else {
            return false;
        };
        match Nickname::enforce(wanted) {
            // We leave an emoji what it is.
            Ok(_) if wanted.contains(is_emoji) => {}
            Ok(theirs) => assert_eq!(ours.as_str(), theirs, "{wanted:?}"),
            Err(precis_core::Error::BadCodepoint(info)) => {
                let bad = char::from_u32(info.cp).expect("a character");
                let is_ours = is_emoji(bad)
                    || is_ignorable(bad)
                    || info.property == precis_core::DerivedPropertyValue::Unassigned;
                assert!(is_ours, "{wanted:?}: {info:?}");
            }
            Err(error) => panic!("{wanted:?}: {error}"),
        }
        true
    };
    let parts = parts().into_iter();
    let names = parts.filter(|&c| match is_combining_mark(c) {
        true => check(&format!("a{c}")),
        false => check(&c.to_string()),
    });
    let names = names.count();
    assert!(names > 7_000, "{names}");
    // Letters that look like what stands around names, among others.
    for wanted in ["annᐳ", "ᐸroot", "aノb", "ꓽꓽ1", "ꓽ", "ꓝꓰ80ꓽꓽ1"] {
        assert!(Name::choose(wanted).is_err(), "{wanted}");
    }
    // Digits that look alike.
    assert!(Name::choose("م١۲").is_err() && Name::choose("م١٢").is_ok());
}
