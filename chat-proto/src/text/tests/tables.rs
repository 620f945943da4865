//! The tables are made of the standard's data, by this test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};
use unicode_script::{Script, UnicodeScript};

use super::data;
use crate::text::unicode::{is_selector, is_virama};

/// Where the data have changed it writes the file anew, and fails this once.
#[test]
fn the_tables_are_those_of_the_standard() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text/tables.rs");
    let expected = tables();
    if std::fs::read_to_string(&path).ok() != Some(expected.clone()) {
        std::fs::write(&path, expected).expect("to write the tables");
        panic!("{} was not up to date; now it is", path.display());
    }
}

fn tables() -> String {
    let mut file =
        "//! Written by the test `the_tables_are_those_of_the_standard` from the data in\n\
                    //! `tests/data/unicode`.\n\nuse unicode_script::Script;\n"
            .to_owned();
    let ignorable = data::property("Default_Ignorable_Code_Point");
    put_ranges(
        &mut file,
        "`Default_Ignorable_Code_Point`.",
        "DEFAULT_IGNORABLE",
        &ignorable,
    );
    put_ranges(
        &mut file,
        "Bases of standardized variants, but for emoji and for letters of scripts that\n\
         /// are looked at as a whole.",
        "VARIED",
        &varied(),
    );
    put_scripts(
        &mut file,
        "Scripts with letters that join (`Joining_Type`) or with a virama.",
        "JOINING",
        &joining(),
    );
    put_scripts(
        &mut file,
        "Scripts with letters between which a line is broken by syllables or by words\n\
         /// (`Line_Break`).",
        "UNSPACED",
        &scripts(data::property("Line_Break=AK,AP,AS,SA")),
    );
    file += "\n/// Marks of no script, and a script that languages write with them: they are in\n\
             /// canonical decompositions of its letters, or among CLDR's exemplars.\n\
             pub(super) const INHERITED_MARKS: &[(char, Script)] = &[\n";
    for (mark, script) in inherited_marks() {
        writeln!(
            file,
            "    ('\\u{{{:x}}}', Script::{script}),",
            u32::from(mark)
        )
        .expect("memory");
    }
    file += "];\n";
    file
}

/// Emoji, Mongolian, hieroglyphs and ideographs have rules of their own.
fn varied() -> BTreeSet<char> {
    let sequences = data::variants().into_iter();
    let pairs = sequences.map(|sequence| {
        let mut characters = sequence.chars();
        let pair = (characters.next(), characters.next_back());
        let (Some(base), Some(selector)) = pair else {
            panic!("{sequence:?} is no pair")
        };
        assert!(is_selector(selector), "{sequence:?}");
        (base, selector)
    });
    let by_base = pairs.filter(|(base, selector)| {
        let is_whole = matches!(
            base.script(),
            Script::Mongolian | Script::Egyptian_Hieroglyphs | Script::Han
        );
        !is_whole && !matches!(selector, '\u{fe0e}' | '\u{fe0f}')
    });
    by_base.map(|(base, _)| base).collect()
}

fn joining() -> BTreeMap<&'static str, Script> {
    let viramas = (char::MIN..=char::MAX).filter(|&character| is_virama(character));
    let mut all = data::property("Joining_Type=D,L,R");
    all.extend(viramas);
    scripts(all)
}

fn scripts(characters: BTreeSet<char>) -> BTreeMap<&'static str, Script> {
    let scripts = characters.into_iter().map(|character| character.script());
    scripts
        .filter(|script| !matches!(script, Script::Common | Script::Inherited | Script::Unknown))
        .map(|script| (script.full_name(), script))
        .collect()
}

fn inherited_marks() -> BTreeSet<(char, &'static str)> {
    let mut found = BTreeSet::new();
    let mut look_at = |text: &mut dyn Iterator<Item = char>| {
        let mut script = Script::Common;
        for character in text {
            if !is_combining_mark(character) {
                script = character.script();
            } else if character.script_extension().is_inherited()
                && !is_selector(character)
                && !matches!(script, Script::Common | Script::Inherited)
            {
                found.insert((character, script.full_name()));
            }
        }
    };
    for character in char::MIN..=char::MAX {
        let mut parts = Vec::new();
        decompose_canonical(character, |part| parts.push(part));
        look_at(&mut parts.into_iter());
    }
    for text in data::exemplars() {
        look_at(&mut text.nfd());
    }
    found
}

fn put_ranges(file: &mut String, comment: &str, name: &str, characters: &BTreeSet<char>) {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &character in characters {
        let code = u32::from(character);
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => ranges.push((code, code)),
        }
    }
    writeln!(
        file,
        "\n/// {comment}\npub(super) const {name}: &[(char, char)] = &["
    )
    .expect("memory");
    for (first, last) in ranges {
        writeln!(file, "    ('\\u{{{first:x}}}', '\\u{{{last:x}}}'),").expect("memory");
    }
    file.push_str("];\n");
}

fn put_scripts(
    file: &mut String,
    comment: &str,
    name: &str,
    scripts: &BTreeMap<&'static str, Script>,
) {
    writeln!(
        file,
        "\n/// {comment}\npub(super) const {name}: &[Script] = &["
    )
    .expect("memory");
    for name in scripts.keys() {
        writeln!(file, "    Script::{name},").expect("memory");
    }
    file.push_str("];\n");
}
