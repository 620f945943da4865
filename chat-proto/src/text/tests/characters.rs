use std::collections::BTreeSet;

use super::*;
use unicode::{is_emoji, is_enclosing, is_spacing, takes_selector};

/// What languages are written with stays.
#[test]
fn every_language_stays_as_it_is() {
    let mut languages = 0;
    for (language, text) in data::specimens() {
        // Some of them have characters of another encoding.
        if text.contains(crate::text::sequences::is_stripped) {
            continue;
        }
        // What joins nothing at the end is not missed.
        let text = text.trim_end_matches(['\u{200b}', '\u{200c}']);
        assert_eq!(clean(text), text, "{language}: {}", codes(text));
        languages += 1;
    }
    assert!(languages > 500, "{languages}");
    for text in data::exemplars() {
        // A joiner by itself, or a mark, which CLDR lists by itself.
        if text.chars().all(is_ignorable) || text.starts_with(is_combining_mark) {
            continue;
        }
        check_kept(text);
    }
}

/// What is written in few books, but in no message of a test.
#[test]
fn the_longest_of_each_script_stay() {
    for text in [
        "a\tb",
        "two\nlines",
        // Burmese: five marks, and a stacked letter with four.
        "မျှော်လင့်ပါတယ်",
        "လျှို့ဝှက်",
        // Tibetan: the monogram of Kalachakra, and a seed syllable.
        "ཧྐྵྨླྺྼྻྂ",
        "ཧྐྵྨླྺྲྱཱུྃ",
        // Tai Tham, Khmer, Javanese, Balinese.
        "ᨣᩮᩢᩢᩣ",
        "ᨠᩖᩮᩬᩥ᩶ᩋ",
        "ស្ត្រីភ្ញៀវ",
        "ꦥ꦳ꦺꦴꦂ",
        "ᬓ᭄ᬱ᭄ᬫ",
        // Hebrew with points and cantillation, and with its marks kept in order.
        "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים",
        "יְרוּשָׁלַ֔\u{34f}ִם",
        // The Koran.
        "بِسْمِ ٱللَّهِ ٱلرَّحْمَـٰنِ ٱلرَّحِيمِ",
        "وَلَا ٱلضَّآلِّينَ ۝٧",
        "هَـٰٓؤُلَآءِ إِنَّآ أَنزَلْنَـٰهُ قُرْءَٰنًا",
        // The Rigveda, with accents.
        "अ॒ग्निमी॑ळे पु॒रोहि॑तं य॒ज्ञस्य॑ दे॒वमृ॒त्विज॑म्",
        "सा꣡म꣢वे꣣द꣤",
        // Joiners: Persian, Bengali, Sinhala, Marathi, Malayalam as it was written once.
        "می\u{200c}خواهم ۱۳۶۰ ه\u{200d}.ق",
        "র\u{200d}্যাব ক্\u{200c}ষ",
        "ශ්\u{200d}රී ක\u{200d}්ෂ",
        "सुर्\u{200d}या क्\u{200d}ष",
        "അവന്\u{200d} വന്നു",
        "א\u{200d}ל",
        // Khmer and Thai, with places for line breaks.
        "ភាសា\u{200b}ខ្មែរ",
        "ภาษา\u{200b}ไทย",
        // Mongolian: vowel separator and variants.
        "ᠨᠠᠷᠠ\u{180e}ᠠ ᠳ\u{180b}ᠤ ᠭ\u{180d}",
        // Names that Japanese registers tell apart.
        "葛\u{e0100}飾区 渡邉\u{e0111}",
        // Old Hangul, also with parts missing.
        "나랏말ᄊᆞ미 ᄒᆞᆫ글 \u{115f}ᅡ \u{115f}\u{1160}ᆨ ᄀ\u{1160}",
        // Hieroglyphs in a group, shorthand.
        "𓉔𓐰𓏏𓐰𓉐",
        "\u{1bc02}\u{1bca0}\u{1bc03}",
        // Vietnamese, Lithuanian, the sounds of the IPA.
        "Việt ngữ",
        "Việt ngữ",
        "i̇̃ ą́",
        "ɔ̃̀ː t͡ʃʰ",
    ] {
        check_kept(text);
    }
}

#[test]
fn every_emoji_stays_as_it_is() {
    for status in [
        "fully-qualified",
        "minimally-qualified",
        "unqualified",
        "component",
    ] {
        for emoji in data::emoji(status) {
            check_kept(emoji);
            check_kept(&format!("a {emoji} b{emoji}{emoji}\n{emoji}"));
        }
    }
    // Those that are none of Unicode's yet are of its grammar.
    check_kept(
        "🏴\u{e0075}\u{e0073}\u{e0074}\u{e0078}\u{e007f} 👩\u{200d}🐎 🐈\u{200d}👓 🫱🏽\u{200d}🫲🏿",
    );
}

#[test]
fn every_standardized_variant_stays_as_it_is() {
    for sequence in data::variants() {
        check_kept(&format!("{sequence}{sequence} a{sequence}"));
    }
}

/// The short ways are those of the whole rule.
#[test]
fn what_is_listed_is_what_the_standard_says() {
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
    for character in char::MIN..=char::MAX {
        let category = character.general_category();
        let is_seen = !matches!(
            category,
            GeneralCategory::Format
                | GeneralCategory::Control
                | GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        );
        if crate::text::characters::is_plain(character) {
            assert!(is_seen && !is_ignorable(character), "{character:?}");
        }
        assert_eq!(
            is_enclosing(character),
            category == GeneralCategory::EnclosingMark,
            "{character:?}"
        );
    }
}

/// A selector stands only behind what it selects from.
#[test]
fn selectors_have_their_bases() {
    let bases: BTreeSet<char> = data::variants()
        .iter()
        .filter_map(|sequence| sequence.chars().next())
        .collect();
    for selector in ['\u{fe00}', '\u{fe0e}', '\u{fe0f}', '\u{180b}', '\u{e0100}'] {
        for base in ['a', ' ', 'é', 'я', '\u{301}', 'あ', '한', '।', '!'] {
            assert!(!bases.contains(&base));
            check(&format!("x{base}{selector}y"), &format!("x{base}y"));
        }
    }
    // One, and not behind a mark.
    check("❤\u{fe0f}\u{fe0f}", "❤\u{fe0f}");
    check("葛\u{e0100}\u{e0101}", "葛\u{e0100}");
    check("葛\u{301}\u{e0100}", "葛\u{301}");
    check("\u{fe0f}x\n\u{fe0f}", "x\n");
    for base in char::MIN..=char::MAX {
        let whole = is_emoji(base) || "0123456789#*".contains(base) || bases.contains(&base);
        if takes_selector(base, '\u{fe0f}') {
            assert!(
                whole || ('\u{1f1e6}'..='\u{1f1ff}').contains(&base),
                "{base:?}"
            );
        }
    }
}

/// What Unicode says is not to be seen passes only where it does something, and
/// nothing of it where nothing is.
#[test]
fn nothing_that_cannot_be_seen_is_left() {
    let ignorable = data::property("Default_Ignorable_Code_Point");
    for &hidden in &ignorable {
        check(&format!("a{hidden}b"), "ab");
        check(&format!("{hidden}a {hidden} b{hidden}"), "a  b");
        check(&format!("{hidden}{hidden}\n{hidden}"), "\n");
        let alone = Text::clean(&hidden.to_string()).map(|text| text.to_string());
        assert_eq!(alone, Err(TextError::Empty), "{hidden:?}");
    }
    // Of the other format characters those that are seen, above a number or a word.
    let seen = data::property("Prepended_Concatenation_Mark");
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
    for format in char::MIN..=char::MAX {
        if format.general_category() == GeneralCategory::Format && !ignorable.contains(&format) {
            let said = format!("a{format}1");
            check(&said, if seen.contains(&format) { &said } else { "a1" });
        }
    }
}

/// Nothing turns the direction.
#[test]
fn bidi_controls_are_dropped() {
    check("ok \u{202e}evil\u{202c}", "ok evil");
    check("\u{2066}x\u{2069}ש\u{200f}\u{61c}\u{200e}", "xש");
}

/// A joiner stays between what it joins. At an edge it would draw in what is printed
/// next: the next line, or another name.
#[test]
fn joiners_stand_between_what_they_join() {
    for joiner in ['\u{200c}', '\u{200d}'] {
        for said in [
            "a{}b",
            "a{}",
            "{}a",
            "a {} b",
            "a{}\u{301}",
            "🔥{}",
            "🔥{}\n🔥",
            "{}🔥",
            "🔥{}x",
            "x{}🔥",
            "1{}2",
            "م{}",
            "{}م",
            "م {}م",
            "م{} م",
            "क{}",
            "क{}a",
            "a{}क",
            "क्{}",
            "क्{}\nक",
            "क्{}\tक",
            "名{}前",
            "🇩🇪{}🇩🇪",
            "한{}글",
        ] {
            let [with, without] = [&*joiner.to_string(), ""].map(|text| said.replace("{}", text));
            check(&with, &without);
        }
        for said in ["क्{}ष", "م{}م", "क{}्ष", "ᠠ{}ᠠ"] {
            check_kept(&said.replace("{}", &joiner.to_string()));
            // One is enough.
            let two = format!("{joiner}\u{200d}\u{200c}");
            check(
                &said.replace("{}", &two),
                &said.replace("{}", &joiner.to_string()),
            );
        }
    }
    check("🔥\u{200c}🔥", "🔥🔥");
    // As many emoji as terminals draw as one are one; the next one is another.
    let chain = |joined: usize| format!("👩{}", "\u{200d}👩".repeat(joined));
    check_kept(&chain(7));
    check(&chain(9), &format!("{}👩\u{200d}👩", chain(7)));
    // Letters that were written with a joiner in the end.
    check("അവന്\u{200d}", "അവൻ");
    check("അവള്\u{200d}\nത്\u{200d}", "അവൾ\nത്");
    check("হঠাত্\u{200d}", "হঠাৎ");
}

/// A text that is hidden in tags is dropped, and the name of a region is none.
#[test]
fn tags_name_regions_and_end() {
    let tagged = |base: char, tags: &str, end: bool| {
        let tags = tags
            .chars()
            .map(|c| char::from_u32(0xe0000 + u32::from(c)).unwrap());
        let mut text: String = std::iter::once(base).chain(tags).collect();
        if end {
            text.push('\u{e007f}');
        }
        text + "x"
    };
    for region in ["gbsct", "gbeng", "gbwls", "ustx", "fr20r", "840ca"] {
        check_kept(&tagged('🏴', region, true));
        check(&tagged('🏴', region, false), "🏴x");
        check(&tagged('👩', region, true), "👩x");
        check(&tagged('a', region, true), "ax");
    }
    for hidden in ["", "gb", "gbs ct", "GBSCT", "gbscotland", "a text", "12a"] {
        check(&tagged('🏴', hidden, true), "🏴x");
    }
}

/// Marks do not pile up, of whichever script, and stand on something.
#[test]
fn marks_do_not_pile_up() {
    let mut most = 0;
    for mark in (char::MIN..=char::MAX).filter(|&c| is_combining_mark(c) && !is_ignorable(c)) {
        let said = format!("a{}b{mark}", mark.to_string().repeat(200));
        let expected = format!("a{mark}{mark}b{mark}");
        let by_itself = if is_spacing(mark) {
            mark.to_string()
        } else {
            String::new()
        };
        if ('\u{13430}'..='\u{1343f}').contains(&mark) {
            continue;
        }
        check(&said, &expected);
        let at_the_start = |mark: &str| format!("{mark}a\n{mark}b\t{mark}");
        check(&at_the_start(&mark.to_string()), &at_the_start(&by_itself));
        most += 1;
    }
    assert!(most > 2000, "{most}");
    // Different ones, of no script and of some.
    let of = |range: std::ops::RangeInclusive<char>| -> Vec<char> {
        range
            .filter(|&c| is_combining_mark(c) && !is_ignorable(c))
            .collect()
    };
    for (base, marks, at_most) in [
        ('a', of('\u{300}'..='\u{33f}'), 4),
        ('a', of('\u{20d0}'..='\u{20f0}'), 4),
        ('م', of('\u{610}'..='\u{6ed}'), 12),
        ('ש', of('\u{591}'..='\u{5c7}'), 12),
        ('ก', of('\u{e31}'..='\u{e4e}'), 12),
        ('ཧ', of('\u{f71}'..='\u{fbc}'), 12),
    ] {
        let said: String = std::iter::once(base)
            .chain(marks)
            .cycle()
            .take(60)
            .collect();
        let cleaned = clean(&said).into_owned();
        let first = cleaned.chars().skip(1).take_while(|&c| c != base).count();
        assert!((3..=at_most).contains(&first), "{base}: {first}");
        assert_eq!(clean(&cleaned), cleaned);
    }
    // Nothing that is dropped makes room for more.
    check(
        "a\u{301}\u{301}\u{200d}\u{301}\u{200b}\u{301}",
        "a\u{301}\u{301}",
    );
}
