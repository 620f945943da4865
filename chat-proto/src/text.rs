//! What one person says to the others, made safe to print.
//!
//! A [`Text`] is the only way into an event, and there is no way to a `Text`
//! but through [`Text::clean`]: so no encoder can put an escape sequence, a
//! bidirectional override or a forged line on a terminal. The client
//! runs everything that it receives through the same code, whatever the server
//! has done.
//!
//! Every emoji and every standardized variant of Unicode passes, and so do the specimens
//! of more than 500 languages in `tests/data/unicode`.

mod characters;
mod sequences;
#[rustfmt::skip]
mod tables;
pub(crate) mod unicode;

use std::borrow::Cow;
use std::fmt;

use unicode_normalization::char::is_combining_mark;

/// The longest text, in bytes of UTF-8.
pub const MAX_TEXT: usize = 4096;

/// A text of 1 to [`MAX_TEXT`] bytes without control characters other than TAB
/// and, between its lines, LF.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text(Box<str>);

/// Why something is not a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// Nothing in it can be seen.
    Empty,
    /// It is longer than [`MAX_TEXT`] bytes.
    TooLong,
}

impl Text {
    /// Takes a text and leaves out all that must not reach a terminal; see [`clean`].
    /// Line ends at the end are dropped.
    ///
    /// # Errors
    ///
    /// When it is too long as it was given, or when nothing is left of it.
    pub fn clean(said: &str) -> Result<Self, TextError> {
        if said.len() > MAX_TEXT {
            return Err(TextError::TooLong);
        }
        let cleaned = clean(said);
        let text = cleaned.trim_end_matches('\n');
        if !text.chars().any(is_seen) {
            return Err(TextError::Empty);
        }
        Ok(Self(text.into()))
    }

    /// The text. Its lines are separated by LF.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong => write!(f, "it is longer than {MAX_TEXT} bytes"),
        }
    }
}

impl std::error::Error for TextError {}

/// Removes from `said` what is meant for a terminal, and what attacks a terminal or its
/// reader.
///
/// Control characters (Unicode category Cc) other than TAB and LF are removed:
///
/// - CR LF becomes LF; what would move to another line (a lone CR, VT, FF, NEL,
///   U+2028, U+2029) becomes a space.
/// - An escape sequence (ECMA-48, in its 7-bit or 8-bit form) is removed whole, and the
///   text around it is kept: colours, movements, links, titles, images. A control string
///   (DCS, SOS, PM, APC) ends with ST; an OSC ends with ST or BEL in the same line. If the
///   end is missing, the rest of the line is removed, up to 256 bytes; of a longer rest,
///   and of the 8-bit form, only the introducer is removed. A control sequence (CSI) that
///   is broken off is removed as far as it goes.
/// - BACKSPACE between two equal letters, or between a letter and `_`, is overstriking, as
///   in manual pages: one letter is kept.
///
/// Every other character that is visible by itself passes. A character that is invisible,
/// or only changes others, passes where a standard gives it something to do:
///
/// - combining marks on a base in the same line, at most 12; of those that pile up
///   at most 4, and the same one twice in succession;
/// - a variation selector directly behind a character that has variants
///   (StandardizedVariants, the ideographic variation database, UTS 51);
/// - ZERO WIDTH JOINER between emoji, up to 7; it and ZERO WIDTH NON-JOINER behind a
///   virama, and between letters of one script that joins letters; never at the
///   beginning or end of a line;
/// - tags behind U+1F3F4, if they name a part of a country and end;
/// - ZERO WIDTH SPACE beside letters of a script without blanks; the vowel separator
///   between letters of Mongolian; COMBINING GRAPHEME JOINER before a mark; the fillers
///   of Hangul where a syllable has no consonant or vowel; the format controls of
///   hieroglyphs and of Duployan within these.
///
/// Everywhere else these are removed. Always removed are bidirectional controls (UAX 9;
/// letters of every direction stay), every other `Default_Ignorable_Code_Point` (word
/// joiner, byte order mark, soft hyphen, …), and interlinear annotation.
///
/// Applying it twice is the same as applying it once.
pub fn clean(said: &str) -> Cow<'_, str> {
    // Piece by piece and without a way out of a piece, so that the compiler
    // can look at many bytes at once: this is done to everything that is said.
    let is_innocent = |&byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n');
    let mut pieces = said.as_bytes().chunks(64);
    if pieces.all(|piece| {
        piece
            .iter()
            .fold(true, |so_far, byte| so_far & is_innocent(byte))
    }) {
        return Cow::Borrowed(said);
    }
    let mut text = Cow::Borrowed(said);
    if said.contains(sequences::is_stripped) {
        text = Cow::Owned(sequences::strip(said));
    }
    if !text.is_ascii() {
        text = Cow::Owned(characters::fit(&text));
    }
    text
}

/// [`clean`] for a piece of a text that is still being written. At its ends stays what
/// may belong to the next piece, or the one before: marks, joiners, selectors. The text
/// that the pieces become is to be cleaned in the end.
pub fn clean_part(piece: &str) -> String {
    characters::fit_part(&sequences::strip(piece))
}

/// Whether a character of a cleaned text shows anything by itself.
fn is_seen(character: char) -> bool {
    !character.is_whitespace()
        && !is_combining_mark(character)
        && !unicode::is_ignorable(character)
        && character != '\u{2800}'
}

#[cfg(test)]
pub(crate) mod tests;
