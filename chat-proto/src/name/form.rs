//! The characters of a name, and their order.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::UnicodeEmoji;
use unicode_properties::emoji::EmojiStatus;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text;
use crate::text::unicode::{
    is_emoji, is_flag_letter, is_ignorable, is_letter, is_number, is_selector, is_virama,
    mark_fits, may_be_joined, share_script,
};

/// The widest chosen name, in columns of the terminal that draws it widest: an emoji
/// takes two, and one of several parts as many as these.
pub const MAX_NAME_COLUMNS: usize = 32;

/// The longest chosen name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 128;

/// Why a wanted name is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// It has nothing but blanks.
    Empty,
    /// More than [`MAX_NAME_COLUMNS`] or [`MAX_NAME_BYTES`].
    TooLong,
    /// This character is not allowed in a name.
    Character(char),
    /// This character is allowed, but not here: a mark or a joiner of another script than
    /// its neighbour, or half of a flag.
    Misplaced(char),
    /// It has no letter and no digit, or does not begin with one.
    Start,
    /// It looks like the address that a person without a name has for one.
    Address,
    /// It looks like what the programs themselves write.
    Reserved,
}

/// The form in which a name is shown: NFKC, as in RFC 8266. Emoji are exempt, since NFKC
/// makes letters of some (`サ` of `🈂️`).
pub(super) fn normal(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    let mut normal = String::with_capacity(name.len());
    let mut start = 0;
    for (at, character) in name.char_indices() {
        let end = at + character.len_utf8();
        if is_emoji(character)
            && (is_shown_as_emoji(character) || name[end..].starts_with(EMOJI_STYLE))
        {
            normal.extend(name[start..at].nfkc());
            normal.push(character);
            start = end;
        }
    }
    normal.extend(name[start..].nfkc());
    normal
}

/// Checks the form of every name that is not an address, also of one that a server sends.
pub(super) fn check_form(name: &str) -> Result<(), NameError> {
    // Most names are like this, and nothing below could refuse them.
    if (1..=MAX_NAME_COLUMNS).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Ok(());
    }
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    // Not `columns`: names from a server that counts less are still names.
    if name.len() > MAX_NAME_BYTES || name.width() > MAX_NAME_COLUMNS {
        return Err(NameError::TooLong);
    }
    check_characters(name)?;
    let cleaned = text::clean(name);
    if cleaned != name {
        let mut kept = cleaned.chars();
        let left_out = name
            .chars()
            .find(|&character| kept.next() != Some(character));
        return Err(left_out.map_or(NameError::Empty, NameError::Misplaced));
    }
    if !name.starts_with(|first: char| first.is_alphanumeric() || is_pictograph(first)) {
        return Err(NameError::Start);
    }
    Ok(())
}

/// Whether each character by itself may be part of a name.
pub(super) fn check_characters(name: &str) -> Result<(), NameError> {
    let allowed = |character: char| {
        character.is_alphanumeric()
            || is_combining_mark(character)
            || is_pictograph(character)
            || matches!(character, '-' | '_' | '.')
            || changes_others(character)
    };
    match name.chars().find(|&character| !allowed(character)) {
        Some(bad) => Err(NameError::Character(bad)),
        None => Ok(()),
    }
}

/// Whether the characters of a name belong together: each mark to a letter of its script,
/// each joiner to both its neighbours, the letters of flags in pairs. Also checks what
/// RFC 8264 forbids.
pub(super) fn check_parts(name: &str) -> Result<(), NameError> {
    if name.is_ascii() {
        return Ok(());
    }
    check_flags(name)?;
    check_digits(name)?;
    // The last character that can bear a mark, and the last one at all.
    let (mut base, mut last) = (' ', ' ');
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if changes_others(character) {
            let next = characters.peek().copied().unwrap_or(' ');
            if is_joiner(character) && !joins(last, next) {
                return Err(NameError::Misplaced(character));
            }
        } else if is_ignorable(character) || is_excepted(character) {
            return Err(NameError::Character(character));
        } else if is_combining_mark(character) {
            let fits = match character {
                KEYCAP => base.is_ascii_digit() && matches!(last, '0'..='9' | EMOJI_STYLE),
                _ => is_letter(base) && mark_fits(base, character),
            };
            if !fits {
                return Err(NameError::Misplaced(character));
            }
        } else {
            base = character;
        }
        last = character;
    }
    Ok(())
}

/// The letters of flags stand in pairs.
fn check_flags(name: &str) -> Result<(), NameError> {
    let runs = name.split(|character| !is_flag_letter(character));
    let mut odd = runs.filter(|run| run.chars().count() % 2 == 1);
    match odd.find_map(|run| run.chars().next_back()) {
        Some(half) => Err(NameError::Misplaced(half)),
        None => Ok(()),
    }
}

/// Arabic and extended Arabic digits, which look alike, are not mixed (RFC 5892, A.8 and
/// A.9).
fn check_digits(name: &str) -> Result<(), NameError> {
    let is_arabic = |character| ('\u{660}'..='\u{669}').contains(&character);
    let extended = name
        .chars()
        .find(|character| ('\u{6f0}'..='\u{6f9}').contains(character));
    match extended {
        Some(digit) if name.contains(is_arabic) => Err(NameError::Misplaced(digit)),
        _ => Ok(()),
    }
}

/// How many columns a name takes in the terminal that draws it widest: one that draws each
/// part of an emoji sequence by itself, in two columns.
pub(super) fn columns(name: &str) -> usize {
    let (mut all, mut last) = (0, 0);
    for character in name.chars() {
        match character {
            // The character before it becomes an emoji.
            EMOJI_STYLE | KEYCAP if last == 1 => {
                all += 1;
                last = 2;
            }
            _ if is_ignorable(character) || is_combining_mark(character) => {
                all += character.width().unwrap_or(0);
            }
            _ => {
                last = match is_pictograph(character) {
                    true => 2,
                    false => character.width().unwrap_or(0),
                };
                all += last;
            }
        }
    }
    all
}

/// What of a name stands before this suffix: all of it, or as much as keeps both together
/// within the limits.
pub(super) fn before_suffix<'a>(name: &'a str, suffix: &str) -> &'a str {
    let mut base = name;
    let is_too_long = |base: &str| {
        columns(base) + suffix.len() > MAX_NAME_COLUMNS
            || base.len() + suffix.len() > MAX_NAME_BYTES
    };
    // Half an emoji is none.
    let is_broken = |base: &str| check_form(base).is_err() || check_parts(base).is_err();
    while !is_address(name) && (is_too_long(base) || base.len() < name.len() && is_broken(base)) {
        let Some((last, _)) = base.char_indices().next_back() else {
            break;
        };
        base = &base[..last];
    }
    base
}

/// Whether this is an address, and not a chosen name: no chosen name has a colon.
pub(super) fn is_address(name: &str) -> bool {
    name.contains(':')
}

/// An emoji, a letter of a flag, or another picture.
fn is_pictograph(character: char) -> bool {
    is_emoji(character)
        || is_flag_letter(character)
        || matches!(character, '\u{1f300}'..='\u{1faff}')
}

/// Whether it may stand in a name though it only changes its neighbours.
fn changes_others(character: char) -> bool {
    is_joiner(character) || is_selector(character) || matches!(character, '\u{e0020}'..='\u{e007f}')
}

/// The two of UAX 31, and the separator of Mongolian vowels.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{180e}')
}

/// Whether a joiner has something to join on both sides. (Whether `last` can be joined at
/// all has been checked as for a text.)
fn joins(last: char, next: char) -> bool {
    is_emoji(next) || may_be_joined(last, next) || is_virama(last) && share_script(last, next)
}

/// Whether it is shown as an emoji without U+FE0F.
fn is_shown_as_emoji(character: char) -> bool {
    matches!(
        character.emoji_status(),
        EmojiStatus::EmojiPresentation
            | EmojiStatus::EmojiPresentationAndModifierBase
            | EmojiStatus::EmojiPresentationAndEmojiComponent
            | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent
    )
}

/// Letters that RFC 8264 forbids: parts of old Hangul syllables (9.9), and signs that
/// lengthen or repeat others (9.6; RFC 5892, 2.6).
fn is_excepted(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97c}' | '\u{d7b0}'..='\u{d7fb}'
        | '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}')
}

/// Whether a character is a number, or looks like digits; `look` is its skeleton in small
/// letters.
pub(super) fn is_like_number(character: char, look: &str) -> bool {
    is_number(character)
        || look
            .chars()
            .all(|character| matches!(character, '0'..='9' | 'l' | 'o'))
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name needs at least one letter or digit"),
            Self::TooLong => write!(
                f,
                "a name has at most {MAX_NAME_COLUMNS} columns and {MAX_NAME_BYTES} bytes"
            ),
            Self::Character(character) if character.is_whitespace() => {
                f.write_str("a name is one word")
            }
            Self::Character(character) => {
                put(f, *character)?;
                f.write_str(" may not stand in a name")
            }
            Self::Misplaced(character) => {
                put(f, *character)?;
                f.write_str(" does not fit the character beside it")
            }
            Self::Start => f.write_str("a name begins with a letter, a digit or an emoji"),
            Self::Address => f.write_str("a name may not look like an address"),
            Self::Reserved => f.write_str("that name is kept for the programs themselves"),
        }
    }
}

/// A character as it can be shown.
fn put(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    if character.is_ascii_graphic() {
        write!(f, "'{character}'")
    } else {
        write!(f, "U+{:04X}", u32::from(character))
    }
}

impl std::error::Error for NameError {}

const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
