//! The names of people.
//!
//! A [`Name`] is either chosen by the person or the address that the server
//! gave instead; a value of this type is always valid. Two names that
//! a reader could take for one another share a [`NameKeys`] key, and the room
//! lets only one of them in.
//!
//! A name consists of letters and digits of any script, emoji, `-`, `_` and `.`, begins
//! with a letter, a digit or an emoji and has no blanks. A mark stands on a letter of its
//! script. Emoji may be sequences (`❤️`, `🇩🇪`, `👩‍🚒`, `1️⃣`), but `#️⃣`, `*️⃣`, `‼️` and `⁉️` are
//! refused: they look like the punctuation around names. Each part of an emoji counts two
//! columns.
//!
//! Names are compared by RFC 8266 and by their look (UTS 39): `Ann`, `ａｎｎ` and Cyrillic
//! `аnn` are all `ann`. Joiners and variation selectors make no difference (`❤` is `❤️`),
//! and flags and letter emoji count as their letters (`🅱🅾🅱` is `bob`). Words such as
//! `server` and `You` cannot be names, and neither can anything that looks like an address
//! (`127.0.0.l`).

mod form;
mod keys;
mod nearest;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

pub use keys::{NameKeys, Numbering};

use crate::text;
use form::{check_characters, check_form, check_parts, columns, normal};

/// The widest chosen name, in columns of the terminal that draws it widest: an emoji
/// takes two, and one of several parts as many as these.
pub const MAX_NAME_COLUMNS: usize = 32;

/// The longest chosen name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 128;

/// A name in the form in which it is shown. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

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

impl Name {
    /// Takes the name that a person wants, in the form that RFC 8266 gives it
    /// (blanks at the ends dropped, full-width letters made ordinary ones).
    ///
    /// Letters and digits of any script, emoji (UTS 51: sequences, too), `-`, `_` and
    /// `.` may stand in it. A mark may stand on a letter of its script, and a joiner or a
    /// variation selector where [`clean`](crate::text::clean) lets it pass. A blank may
    /// not: `* ann waves` would be the action of `ann` as well as of `ann waves`.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or imitates the grammar of the text form.
    pub fn choose(wanted: &str) -> Result<Self, NameError> {
        if wanted.len() > 4 * MAX_NAME_BYTES {
            return Err(NameError::TooLong);
        }
        let wanted = wanted.trim();
        if wanted.is_empty() {
            return Err(NameError::Empty);
        }
        check_characters(wanted)?;
        // Allowed characters may become others in that form.
        let name = normal(wanted);
        check_form(&name)?;
        if columns(&name) > MAX_NAME_COLUMNS {
            return Err(NameError::TooLong);
        }
        check_parts(&name)?;
        if let Some(bad) = keys::find_grammar(&name) {
            return Err(NameError::Character(bad));
        }
        if keys::looks_like_address(&name) {
            return Err(NameError::Address);
        }
        let name = Self(name.into());
        if name.keys().is_reserved() {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// The name that is nearest to a login name, which may be none: `jane` for
    /// `jane@corp.example` and `CORP\jane`, `Jane-Doe` for `Jane Doe`. `None` if nothing of
    /// it may stand in a name.
    pub fn nearest(login: &str) -> Option<Self> {
        nearest::nearest(login)
    }

    /// The name of a peer that has chosen none: `127.0.0.1:39339` or
    /// `[::1]:39339`. An IPv4 address that came by way of IPv6 is shown as
    /// the IPv4 address that it is.
    pub fn of_address(address: SocketAddr) -> Self {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Self(address.to_string().into())
    }

    /// Reads a name that a server sent: a chosen one or an address. The server decides
    /// whether a person may have it; this checks only that it can be printed. A mark or
    /// joiner that has no use where it stands is left out: an older server may have allowed
    /// it.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or holds what may not stand in a name.
    pub fn parse(sent: &str) -> Result<Self, NameError> {
        let unnumbered = match sent.rsplit_once('-') {
            Some((address, number)) if number.parse::<u32>().is_ok() => address,
            _ => sent,
        };
        // With leading zeros a number can be of any length.
        let is_address = sent.len() <= MAX_NAME_BYTES
            && unnumbered.contains(':')
            && unnumbered.parse::<SocketAddr>().is_ok();
        if is_address {
            return Ok(Self(sent.into()));
        }
        check_characters(sent)?;
        let name = text::clean(sent);
        check_form(&name)?;
        Ok(Self(name.into()))
    }

    /// This name with a number behind it, for when it is taken: `ann-2`. It is
    /// shortened where it would grow beyond the limits.
    pub fn numbered(&self, number: u32) -> Self {
        let suffix = format!("-{number}");
        Self(format!("{}{suffix}", self.base(&suffix)).into())
    }

    /// What stands before this suffix.
    fn base(&self, suffix: &str) -> &str {
        let mut base = &*self.0;
        let is_too_long = |base: &str| {
            columns(base) + suffix.len() > MAX_NAME_COLUMNS
                || base.len() + suffix.len() > MAX_NAME_BYTES
        };
        // Half an emoji is none.
        let is_broken = |base: &str| check_form(base).is_err() || check_parts(base).is_err();
        while !self.is_address()
            && (is_too_long(base) || base.len() < self.0.len() && is_broken(base))
        {
            let Some((last, _)) = base.char_indices().next_back() else {
                break;
            };
            base = &base[..last];
        }
        base
    }

    /// Whether this is an address, and not a chosen name: no chosen name has a colon.
    pub fn is_address(&self) -> bool {
        self.0.contains(':')
    }

    /// What two names that look alike have in common.
    pub fn keys(&self) -> NameKeys {
        NameKeys::of(&self.0)
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The characters by which a name is found in a text: in small letters, decomposed, and
/// without variation selectors. A keyboard or a file system may give `José` in two forms
/// (NFC and NFD), and `❤️` without its selector.
pub fn folded(text: &str) -> impl Iterator<Item = char> {
    let decomposed = text.nfd().filter(|&part| !text::unicode::is_selector(part));
    let small = decomposed.flat_map(char::to_lowercase);
    small.map(|part| if part == 'ς' { 'σ' } else { part })
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

#[cfg(test)]
mod tests;
