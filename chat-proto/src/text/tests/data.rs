//! What the standards say, as `tests/data/unicode` has it.

use std::collections::BTreeSet;

/// Every emoji sequence of emoji-test.txt, of one status.
pub(crate) fn emoji(status: &str) -> Vec<&'static str> {
    section(
        include_str!("../../../../tests/data/unicode/emoji-test.txt"),
        status,
    )
}

/// Every variation sequence.
pub(crate) fn variants() -> Vec<String> {
    include_str!("../../../../tests/data/unicode/variants.txt")
        .lines()
        .map(|line| line.split(' ').map(character).collect())
        .collect()
}

/// Of each language its code, and a text in it.
pub(crate) fn specimens() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("../../../../tests/data/unicode/specimens.txt")
        .lines()
        .map(|line| line.split_once('\t').expect("a code and a text"))
}

/// What the languages of CLDR are written with, letter by letter.
pub(crate) fn exemplars() -> impl Iterator<Item = &'static str> {
    include_str!("../../../../tests/data/unicode/exemplars.txt").lines()
}

/// The characters that have a property.
pub(crate) fn property(name: &str) -> BTreeSet<char> {
    let file = include_str!("../../../../tests/data/unicode/properties.txt");
    let ranges = section(file, name).into_iter().map(|range| {
        let (first, last) = range.split_once("..").expect("a range");
        character(first)..=character(last)
    });
    ranges.flatten().collect()
}

fn section(file: &'static str, name: &str) -> Vec<&'static str> {
    let head = format!("[{name}]");
    let lines: Vec<_> = file
        .lines()
        .skip_while(|line| *line != head)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .collect();
    assert!(!lines.is_empty(), "{name}");
    lines
}

fn character(code: &str) -> char {
    let code = u32::from_str_radix(code, 16).expect("a code");
    char::from_u32(code).expect("a character")
}
