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
mod tables;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

pub use tables::tables;

pub use form::{MAX_NAME_BYTES, MAX_NAME_COLUMNS, NameError};
pub use keys::{NameKeys, Numbering};

use crate::text;
use form::{before_suffix, check_characters, check_form, check_parts, columns, normal};

/// A name in the form in which it is shown. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

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
        Self(format!("{}{suffix}", before_suffix(&self.0, &suffix)).into())
    }

    /// Whether this is an address, and not a chosen name: no chosen name has a colon.
    pub fn is_address(&self) -> bool {
        form::is_address(&self.0)
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

/// How names begin that a peer asks for. Capital letters make no difference, and neither does
/// another form of the same letters (RFC 8266): `ａｎ` asks for `Ann`. It need not be a name, and
/// is hardly longer than one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePrefix(Arc<str>);

impl NamePrefix {
    /// Takes what a peer has given, without the blanks around it. `None` if there is nothing
    /// else.
    pub fn new(given: &str) -> Option<Self> {
        // No name begins with what is left of more than this.
        let mut end = given.len().min(4 * MAX_NAME_BYTES);
        while !given.is_char_boundary(end) {
            end -= 1;
        }
        let mut prefix = String::new();
        for letter in normal(given[..end].trim()).trim().chars() {
            if prefix.len() > MAX_NAME_BYTES {
                break;
            }
            prefix.push(if letter.is_control() { '?' } else { letter });
        }
        (!prefix.is_empty()).then(|| Self(prefix.into()))
    }

    /// The prefix in the form of a name that is shown.
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

#[cfg(test)]
mod tests;
