//! Who speaks.
//!
//! A [`Name`] is either chosen by its bearer or the address that the server
//! gave for want of one; a value of this type is always valid. Two names that
//! a reader could take for one another share a [`NameKeys`] key, and the room
//! lets only one of them in.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use precis_core::profile::PrecisFastInvocation;
use precis_profiles::Nickname;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;
use unicode_width::UnicodeWidthStr;

/// The widest chosen name, in terminal columns (UAX 11).
pub const MAX_NAME_COLUMNS: usize = 32;

/// The longest chosen name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 128;

/// A name in the form in which it is shown. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// Why a wanted name is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// Nothing is left of it but blanks.
    Empty,
    /// More than [`MAX_NAME_COLUMNS`] or [`MAX_NAME_BYTES`].
    TooLong,
    /// This character may not stand in a name.
    Character(char),
    /// It has no letter and no digit, or does not begin with one.
    Start,
    /// RFC 8264 does not allow it.
    Profile,
    /// It looks like what the programs themselves write.
    Reserved,
}

impl Name {
    /// Takes the name that somebody wants, in the form that RFC 8266 gives it
    /// (blanks at the ends dropped, full-width letters made ordinary ones).
    ///
    /// Letters, digits and marks of any script, pictographs, `-`, `_` and `.`
    /// may stand in it. A blank may not: `* ann waves` would be the action of
    /// `ann` as well as of `ann waves`.
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
        let name = Nickname::enforce(wanted).map_err(|_| NameError::Profile)?;
        // Again, because the profile may have turned an innocent character
        // into another one.
        check_form(&name)?;
        if looks_like_address(&name) {
            return Err(NameError::Reserved);
        }
        let name = Self(name.into());
        let keys = name.keys();
        if let Some(bad) = keys
            .look
            .chars()
            .find(|character| GRAMMAR.contains(character))
        {
            return Err(NameError::Character(bad));
        }
        if is_reserved(&keys.plain) || is_reserved(&keys.look) {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// The name of somebody who has chosen none: `127.0.0.1:39339` or
    /// `[::1]:39339`. An IPv4 address that came by way of IPv6 is shown as
    /// the IPv4 address that it is.
    pub fn of_address(address: SocketAddr) -> Self {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Self(address.to_string().into())
    }

    /// Reads a name that a server sent: a chosen one or an address. Whether
    /// it may be had is the server's to decide; here only its form is looked
    /// at, so that it can be printed.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or holds what may not stand in a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let unnumbered = match text.rsplit_once('-') {
            Some((address, number)) if number.parse::<u32>().is_ok() => address,
            _ => text,
        };
        // With leading zeros a number can be of any length.
        let is_address = text.len() <= MAX_NAME_BYTES
            && unnumbered.contains(':')
            && unnumbered.parse::<SocketAddr>().is_ok();
        if !is_address {
            check_form(text)?;
        }
        Ok(Self(text.into()))
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
        while !self.is_address()
            && (base.width() + suffix.len() > MAX_NAME_COLUMNS
                || base.len() + suffix.len() > MAX_NAME_BYTES)
        {
            let Some((last, _)) = base.char_indices().next_back() else {
                break;
            };
            base = &base[..last];
        }
        base
    }

    /// Whether nobody chose this name. No chosen name holds a colon.
    pub fn is_address(&self) -> bool {
        self.0.contains(':')
    }

    /// What two names that look alike have in common.
    pub fn keys(&self) -> NameKeys {
        let skeleton = skeleton_of(&self.0);
        NameKeys {
            plain: lower(&skeleton_of(&lower(&self.0))),
            look: lower(&skeleton),
            // No name begins with a blank, so these never meet the others.
            shape: format!(" {skeleton}"),
            // By way of small letters: there is a capital sharp s, whose own
            // capital is not that of the small one.
            capitals: format!(" {}", skeleton_of(&lower(&self.0).to_uppercase())),
        }
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys by which names are compared. Names with any key in common are too
/// similar to be in one room.
///
/// A key is the confusable skeleton (UTS 39 §4) of the name in one of four
/// forms. None is enough alone: the small `т` looks like nothing Latin, the
/// large `Т` of the same name does; and a large `I` looks like a small `l`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameKeys {
    /// In small letters, as RFC 8266 compares; and the skeleton of that.
    plain: String,
    /// As it is shown; the skeleton in small letters.
    look: String,
    /// As it is shown.
    shape: String,
    /// In capital letters.
    capitals: String,
}

impl NameKeys {
    /// The keys, the plain one first. No two are equal.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let look = (self.look != self.plain).then_some(&*self.look);
        let capitals = (self.capitals != self.shape).then_some(&*self.capitals);
        [Some(&*self.plain), look, Some(&*self.shape), capitals]
            .into_iter()
            .flatten()
    }
}

/// The keys of a name with one number after the other behind it: nearly all of the
/// work for them is the same.
#[derive(Debug)]
pub struct Numbering<'a> {
    name: &'a Name,
    base: &'a str,
    keys: NameKeys,
}

impl<'a> Numbering<'a> {
    /// Of this name.
    pub fn new(name: &'a Name) -> Self {
        let base = name.as_str();
        let keys = name.keys();
        Self { name, base, keys }
    }

    /// The keys of [`Name::numbered`].
    pub fn keys(&mut self, number: u32) -> NameKeys {
        let suffix = format!("-{number}");
        let base = self.name.base(&suffix);
        if base != self.base {
            self.keys = Name(base.into()).keys();
            self.base = base;
        }
        // A hyphen begins anew whatever stands before it. Of the digits these two have
        // a skeleton other than themselves, which is a test.
        let look = suffix.replace('0', "O").replace('1', "l");
        let small = look.to_ascii_lowercase();
        NameKeys {
            plain: format!("{}{small}", self.keys.plain),
            look: format!("{}{small}", self.keys.look),
            shape: format!("{}{look}", self.keys.shape),
            capitals: format!("{}{look}", self.keys.capitals),
        }
    }
}

/// The skeleton of UTS 39, save that `m` stays `m`: the table makes it `rn`,
/// and `warning` and `waming` are two names.
fn skeleton_of(name: &str) -> String {
    let mut buffer = [0; 4];
    let mut result = String::with_capacity(name.len());
    for character in name.nfd() {
        if character == 'm' {
            result.push(character);
        } else {
            result.extend(skeleton(character.encode_utf8(&mut buffer)));
        }
    }
    // Marks that came of different characters have an order as well.
    if !result.is_ascii() {
        result = result.nfd().collect();
    }
    result
}

/// Character by character, as RFC 8266 does it: `str::to_lowercase` would give
/// the last letter of `ΑΣ` another form than that of `ασ`.
fn lower(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// What every chosen name is like, before and after RFC 8266.
fn check_form(name: &str) -> Result<(), NameError> {
    // Most are like this, and nothing below could refuse them.
    if (1..=MAX_NAME_COLUMNS).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Ok(());
    }
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME_BYTES || name.width() > MAX_NAME_COLUMNS {
        return Err(NameError::TooLong);
    }
    check_characters(name)?;
    if crate::text::clean(name) != name {
        return Err(NameError::Profile);
    }
    if !name.starts_with(|first: char| first.is_alphanumeric() || is_pictograph(first)) {
        return Err(NameError::Start);
    }
    Ok(())
}

fn check_characters(name: &str) -> Result<(), NameError> {
    let allowed = |character: char| {
        character.is_alphanumeric()
            || is_combining_mark(character)
            || is_pictograph(character)
            || matches!(character, '-' | '_' | '.')
    };
    match name.chars().find(|&character| !allowed(character)) {
        Some(bad) => Err(NameError::Character(bad)),
        None => Ok(()),
    }
}

/// Whether somebody could speak for the programs under a name with this key.
/// Punctuation and a number behind it change nothing: `Server-2`.
fn is_reserved(key: &str) -> bool {
    let letters: String = key.chars().filter(|c| c.is_alphanumeric()).collect();
    let word = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    // What is left of `server1`, whose skeleton ends in an `l`.
    let words = [word, word.trim_end_matches(['l', 'o'])];
    RESERVED
        .iter()
        .any(|&reserved| words.contains(&&*skeleton_of(reserved)))
}

/// Whether a reader could take it for the address of one without a name.
fn looks_like_address(name: &str) -> bool {
    name.contains('.')
        && name
            .chars()
            .all(|c| matches!(c, '0'..='9' | '.' | '-' | '_'))
}

fn is_pictograph(character: char) -> bool {
    matches!(character, '\u{1f300}'..='\u{1faff}')
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
            Self::Character(character) if character.is_ascii_graphic() => {
                write!(f, "'{character}' may not stand in a name")
            }
            Self::Character(character) => {
                write!(f, "U+{:04X} may not stand in a name", u32::from(*character))
            }
            Self::Start => f.write_str("a name begins with a letter or a digit"),
            Self::Profile => f.write_str("a character in it is not allowed in names (RFC 8264)"),
            Self::Reserved => f.write_str("that name is kept for the programs themselves"),
        }
    }
}

impl std::error::Error for NameError {}

/// What the text form and its readers use around names. Letters that look like
/// one of these are refused as well.
const GRAMMAR: [char; 19] = [
    '<', '>', '[', ']', '(', ')', '{', '}', '*', ':', ';', ',', '/', '\\', '|', '!', '"', '@', '#',
];

/// Names under which somebody could speak for the programs, or, in the eyes of
/// whoever reads `<You>`, for the reader.
const RESERVED: [&str; 8] = [
    "you",
    "server",
    "system",
    "chat",
    "chatserver",
    "chatclient",
    "notice",
    "error",
];

#[cfg(test)]
mod tests;
