//! What Unicode says of single characters, and of one behind another.

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, ScriptExtension, UnicodeScript};

use super::tables::{DEFAULT_IGNORABLE, INHERITED_MARKS, JOINING, UNSPACED, VARIED};

/// Whether it is an emoji, or becomes one with U+FE0F. Digits, `#` and `*`, with which
/// keycaps begin, do not count, nor do the letters of flags.
pub(crate) fn is_emoji(character: char) -> bool {
    !character.is_ascii() && !is_flag_letter(character) && character.is_emoji_char()
}

/// Whether it is one of the letters that flags are spelt with, two for each.
pub(crate) fn is_flag_letter(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Whether it is invisible (`Default_Ignorable_Code_Point`).
pub(crate) fn is_ignorable(character: char) -> bool {
    find(DEFAULT_IGNORABLE, character)
}

/// Whether it is a variation selector, of Mongolian or of all scripts.
pub(crate) fn is_selector(character: char) -> bool {
    matches!(character,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a variation selector may stand directly behind `base`: if the standard has any
/// variants of it. Mongolian letters, hieroglyphs and ideographs take all selectors of their
/// kind, since each version of the standard adds variants.
pub(crate) fn takes_selector(base: char, selector: char) -> bool {
    match selector {
        '\u{180b}'..='\u{180f}' => is_letter_of(base, Script::Mongolian),
        '\u{fe0e}' | '\u{fe0f}' if base.is_emoji_char() => true,
        '\u{fe00}'..='\u{fe0d}' => {
            find(VARIED, base)
                || is_letter_of(base, Script::Egyptian_Hieroglyphs)
                || is_letter_of(base, Script::Han)
        }
        '\u{e0100}'..='\u{e01ef}' => is_letter_of(base, Script::Han),
        _ => false,
    }
}

fn is_letter_of(character: char, script: Script) -> bool {
    character.script() == script && is_letter(character)
}

/// Whether it is a letter (category L); vowel signs are marks.
pub(crate) fn is_letter(character: char) -> bool {
    use GeneralCategory::{
        LowercaseLetter, ModifierLetter, OtherLetter, TitlecaseLetter, UppercaseLetter,
    };
    matches!(
        character.general_category(),
        UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter
    )
}

/// Whether it is a digit or another number of any script.
pub(crate) fn is_number(character: char) -> bool {
    use GeneralCategory::{DecimalNumber, LetterNumber, OtherNumber};
    matches!(
        character.general_category(),
        DecimalNumber | LetterNumber | OtherNumber
    )
}

/// Whether it suppresses the vowel of the letter before it, and so may join that
/// letter to the next one.
pub(crate) fn is_virama(character: char) -> bool {
    canonical_combining_class(character) == 9
}

/// Whether a mark takes a column of its own.
pub(crate) fn is_spacing(mark: char) -> bool {
    mark.general_category() == GeneralCategory::SpacingMark
}

/// Whether a mark stands above, below or on what it belongs to, where any number of
/// them would pile up. The others have one place of their own.
pub(crate) fn piles_up(mark: char) -> bool {
    matches!(canonical_combining_class(mark), 1 | 200..) || is_enclosing(mark)
}

/// Whether a mark encloses what it stands on (category Me).
pub(crate) fn is_enclosing(mark: char) -> bool {
    matches!(mark,
        '\u{488}' | '\u{489}' | '\u{1abe}' | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e4}'
        | '\u{a670}'..='\u{a672}')
}

/// Whether both are letters or marks, of one script whose letters a joiner can
/// join or part.
pub(crate) fn may_be_joined(one: char, other: char) -> bool {
    let is_part = |character| is_letter(character) || is_combining_mark(character);
    is_part(one)
        && is_part(other)
        && scripts_of(one)
            .intersection(scripts_of(other))
            .iter()
            .any(|script| JOINING.contains(&script) || LIGATED.contains(&script))
}

/// Whether it belongs to a script that is written without blanks between words.
pub(crate) fn is_unspaced(character: char) -> bool {
    scripts_of(character)
        .iter()
        .any(|script| UNSPACED.contains(&script))
}

/// Whether both are of one script.
pub(crate) fn share_script(one: char, other: char) -> bool {
    !scripts_of(one).intersection(scripts_of(other)).is_empty()
}

/// Whether a mark belongs to the script of this letter. A mark for any script
/// belongs to those whose languages are written with it.
pub(crate) fn mark_fits(letter: char, mark: char) -> bool {
    share_script(letter, mark)
        || INHERITED_MARKS
            .iter()
            .any(|&(known, script)| known == mark && letter.script() == script)
}

/// The scripts that use a character (`Script_Extensions`); none for one that all
/// may use.
fn scripts_of(character: char) -> ScriptExtension {
    let scripts = character.script_extension();
    if scripts.is_common() || scripts.is_inherited() {
        Script::Unknown.into()
    } else {
        scripts
    }
}

fn find(ranges: &[(char, char)], character: char) -> bool {
    let at = ranges.partition_point(|&(_, last)| last < character);
    ranges.get(at).is_some_and(|&(first, _)| first <= character)
}

/// Scripts of which the standard asks a joiner for ligatures, though they neither
/// join their letters otherwise nor suppress vowels (core specification, chapters
/// 9, 14 and 17).
const LIGATED: [Script; 3] = [Script::Hebrew, Script::Old_Turkic, Script::Buginese];
