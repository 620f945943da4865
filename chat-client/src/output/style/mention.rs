//! Where a text mentions a name. Pure.
//!
//! `ann` is in `ann, hi`, `@Ann!` and `ann's`, and not in `joanna`, `ann-2` or
//! `ann.example.org`, which are other names. What a name can hold, and which characters
//! are equal in it, are [`chat_proto::name`]'s rules, and they are asked there, character
//! by character as people see them.

use std::ops::Range;

use chat_proto::name::{Name, folded};
use memchr::memchr2_iter;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Where `name` stands in `text` first, in small or large letters, if it is not a
/// part of another name there.
pub(super) fn find(text: &str, name: &str) -> Option<Range<usize>> {
    let wanted: String = folded(name).collect();
    let first = wanted.chars().next()?;
    let is_first = |start: &usize| {
        let character = text[*start..].chars().next();
        character.is_some_and(|c| folded(c.encode_utf8(&mut [0; 4])).next() == Some(first))
    };
    if name.starts_with(|first: char| first.is_ascii()) {
        // Every line of a flood is looked through: by bytes, where it will do.
        let (small, large) = (first as u8, first.to_ascii_uppercase() as u8);
        let mut starts = memchr2_iter(small, large, text.as_bytes());
        starts.find_map(|start| name_at(text, start, &wanted))
    } else {
        let mut starts = text.char_indices().map(|(start, _)| start).filter(is_first);
        starts.find_map(|start| name_at(text, start, &wanted))
    }
}

/// The name with these folded characters, if all of it and no longer name begins at
/// `start`.
fn name_at(text: &str, start: usize, wanted: &str) -> Option<Range<usize>> {
    let end = start + folded_prefix(&text[start..], wanted)?;
    let is_whole = |place| GraphemeCursor::new(place, text.len(), true).is_boundary(text, 0);
    let is_alone = is_whole(start) == Ok(true)
        && is_whole(end) == Ok(true)
        && !began_before(&text[..start])
        && !goes_on(&text[end..]);
    is_alone.then_some(start..end)
}

/// Whether the end of this text may be the beginning of a name. In `bo_` it is, in
/// `...` it is not.
fn began_before(text: &str) -> bool {
    text.graphemes(true)
        .rev()
        .take_while(|character| is_in_names(character))
        .any(begins_names)
}

/// Whether this text may be the rest of a name. A dot may, but not one that a
/// sentence ends with.
fn goes_on(text: &str) -> bool {
    let rest = text.trim_start_matches('.');
    rest.graphemes(true).next().is_some_and(is_in_names)
}

/// Whether this can stand in a name behind a letter.
fn is_in_names(character: &str) -> bool {
    Name::parse(&format!("a{character}")).is_ok()
}

fn begins_names(character: &str) -> bool {
    Name::parse(character).is_ok()
}

/// The length of the prefix of `text` that is `wanted` when it is folded.
fn folded_prefix(text: &str, wanted: &str) -> Option<usize> {
    // Most are something else, which is seen at once.
    let is_other = |start: &str| start.is_ascii() && !start.eq_ignore_ascii_case(wanted);
    if wanted.is_ascii() && text.get(..wanted.len()).is_some_and(is_other) {
        return None;
    }
    let mut rest = wanted.chars();
    for (index, character) in text.grapheme_indices(true) {
        if rest.as_str().is_empty() {
            return Some(index);
        }
        if !folded(character).all(|part| rest.next() == Some(part)) {
            return None;
        }
    }
    rest.as_str().is_empty().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: Option<&str>) {
        let found = find(text, name).map(|range| &text[range]);
        assert_eq!(found, expected, "{name} in {text:?}");
    }

    /// All names are mentioned in all of these, and in none of the others.
    const NAMES: [&str; 12] = [
        "ann",
        "Ann",
        "bo-2",
        "a.b",
        "x_",
        "7up",
        "Ольга",
        "安娜",
        "मीरा",
        "José",
        "🦊",
        "ann🦊",
    ];

    #[test]
    fn a_name_is_mentioned_where_it_stands_alone() {
        for name in NAMES {
            for (before, behind) in [
                ("", ""),
                ("hi ", "!"),
                ("", ": hi"),
                ("@", ", you there?"),
                ("(", ")"),
                ("...", "..."),
                ("I am with ", "."),
                ("-", " - hm"),
                ("", "'s"),
                ("", "’s"),
                ("\"", "\""),
                ("*", "*"),
                ("bo,", ",cy"),
                ("bo/", "/cy"),
                ("ping\t", "\tpong"),
                ("、", "。"),
                ("«", "»"),
            ] {
                check(name, &format!("{before}{name}{behind}"), Some(name));
            }
        }
    }

    #[test]
    fn a_part_of_another_name_is_no_mention() {
        for name in NAMES {
            for (before, behind) in [
                ("", "-2"),
                ("only ", "-2 please"),
                ("", "_"),
                ("", ".org"),
                ("", "...x"),
                ("", "x"),
                ("", "9"),
                ("", "é"),
                ("", "я"),
                ("", "娜"),
                ("", "ी"),
                ("", "\u{301}"),
                ("", "🦊"),
                ("bo-", ""),
                ("bo._-", ""),
                ("jo", ""),
                ("я", ""),
                ("安", ""),
                ("9", ""),
                ("🦊", ""),
            ] {
                check(name, &format!("{before}{name}{behind}"), None);
            }
        }
    }

    #[test]
    fn later_mentions_are_found_too() {
        check("ann", "joanna, ann-2 and anna, ann", Some("ann"));
        assert_eq!(find("ann-2, then ann", "ann"), Some(12..15));
        assert_eq!(find("ах, ольга", "Ольга"), Some(6..16));
        check("ann", "ANN: hi", Some("ANN"));
        check("STRASSE", "ist straße da", None);
        check("Γιώργος", "ΓΙΏΡΓΟΣ!", Some("ΓΙΏΡΓΟΣ"));
        check(
            "127.0.0.1:5000",
            "is 127.0.0.1:5000 you?",
            Some("127.0.0.1:5000"),
        );
        check("127.0.0.1:5000", "is 127.0.0.1:50001 you?", None);
    }

    /// Keyboards, file systems and programs give the same name in different forms.
    #[test]
    fn a_name_is_found_in_each_of_its_forms() {
        for (name, text) in [
            ("José", "Jose\u{301}"),
            ("Étienne", "E\u{301}tienne"),
            ("Nguyễn", "Nguye\u{302}\u{303}n"),
            (
                "김민수",
                "\u{1100}\u{1175}\u{11b7}\u{1106}\u{1175}\u{11ab}\u{1109}\u{116e}",
            ),
            ("ガク", "カ\u{3099}ク"),
            ("क\u{93c}ैसर", "\u{958}ैसर"),
            ("❤\u{fe0f}", "❤"),
            ("❤", "❤\u{fe0f}"),
            ("ann❤\u{fe0f}x", "ANN❤x"),
        ] {
            for (before, behind) in [("", ""), ("hi ", "!"), ("(", ")")] {
                check(name, &format!("{before}{text}{behind}"), Some(text));
            }
            check(name, &format!("{text}\u{301}"), None);
            check(name, &format!("{text}-2"), None);
        }
        check("Jose", "Jose\u{301}", None);
        check("e", "e\u{301}", None);
    }

    /// An emoji that is a part of another one.
    #[test]
    fn a_part_of_an_emoji_is_no_mention() {
        for text in ["👩‍🚒", "🚒\u{200d}👩", "🚒🏽"] {
            check("🚒", text, None);
        }
        check("🚒", "👩 🚒!", Some("🚒"));
    }
}
