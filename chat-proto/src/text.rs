//! What one person says to the others, made safe to print.
//!
//! A [`Text`] is the only way into an event, and there is no way to a `Text`
//! but through [`Text::clean`]: so no encoder can put an escape sequence, a
//! bidirectional override or a forged line on anyone's terminal. The client
//! runs everything that it receives through the same code, whatever the server
//! has done.

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
    /// Takes what was said and leaves out what must not reach a terminal; see
    /// [`clean`]. Line ends at the end are dropped.
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

/// Leaves out of `said` what attacks a terminal or its reader:
///
/// - control characters (Unicode category Cc) other than TAB and LF: dropped.
///   CR LF becomes LF; what would move to another line (a lone CR, VT, FF, NEL,
///   U+2028, U+2029) becomes a space;
/// - bidirectional controls (UAX 9: embeddings, overrides, isolates, marks):
///   dropped, while letters of every direction stay;
/// - characters that cannot be seen (Unicode's `Default_Ignorable_Code_Point`:
///   zero-width space, word joiner, byte order mark, soft hyphen, Hangul
///   fillers, tags, variation selectors but the two for emoji and text):
///   dropped. ZWJ and ZWNJ stay, scripts and emoji need
///   them;
/// - combining marks after the fourth on one base: dropped.
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
    let mut cleaned = String::with_capacity(said.len());
    let mut marks = 0;
    let mut characters = said.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => continue,
            '\r' | '\x0b' | '\x0c' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                cleaned.push(' ');
                marks = 0;
            }
            '\t' | '\n' => {
                cleaned.push(character);
                marks = 0;
            }
            _ if character.is_control() || is_invisible(character) => {}
            // They join what stands beside them, and begin nothing new.
            '\u{200c}' | '\u{200d}' => cleaned.push(character),
            _ if is_combining_mark(character) => {
                marks += 1;
                if marks <= MAX_MARKS {
                    cleaned.push(character);
                }
            }
            _ => {
                cleaned.push(character);
                marks = 0;
            }
        }
    }
    Cow::Owned(cleaned)
}

/// Characters that change how others are shown, or hide, and are not needed
/// to write any language or emoji.
fn is_invisible(character: char) -> bool {
    matches!(character,
        // Bidirectional controls.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Zero-width and filling.
        | '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Inherent vowels of Khmer, controls of shorthand and of musical scores.
        | '\u{17b4}' | '\u{17b5}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Variation selectors other than U+FE0E and U+FE0F, and tags.
        | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0d}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character of a cleaned text shows anything by itself.
fn is_seen(character: char) -> bool {
    !character.is_whitespace()
        && !is_combining_mark(character)
        && !matches!(
            character,
            '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{2800}'
        )
}

/// More marks than this on one letter are there to deface the screen; the
/// languages that stack most (Vietnamese, Hebrew with cantillation) need fewer.
const MAX_MARKS: u32 = 4;

#[cfg(test)]
mod tests;
