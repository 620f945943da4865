//! The look of names: which are too similar, and which imitate the programs' own lines.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

use super::form::{before_suffix, is_like_number};
use crate::text::unicode::{is_ignorable, is_letter};

/// The keys by which names are compared. Names with any key in common are too
/// similar to be in one room.
///
/// A key is the confusable skeleton (UTS 39 §4) of the name in one of four
/// forms. None is enough alone: the small `т` looks like nothing Latin, the
/// large `Т` of the same name does; and a large `I` looks like a small `l`.
///
/// No key has joiners, selectors or tags: `❤` is `❤️`, and the flag of Scotland is the black
/// flag that most terminals draw. Flags and letter emoji count as their letters.
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
    pub(super) fn of(name: &str) -> Self {
        let name = &*compared(name);
        let skeleton = skeleton_of(name);
        Self {
            plain: lower(&skeleton_of(&lower(name))),
            look: lower(&skeleton),
            // No name begins with a blank, so these never meet the others.
            shape: format!(" {skeleton}"),
            // By way of small letters: there is a capital sharp s, whose own
            // capital is not that of the small one.
            capitals: format!(" {}", skeleton_of(&lower(name).to_uppercase())),
        }
    }

    /// The keys, the plain one first. No two are equal.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let look = (self.look != self.plain).then_some(&*self.look);
        let capitals = (self.capitals != self.shape).then_some(&*self.capitals);
        [Some(&*self.plain), look, Some(&*self.shape), capitals]
            .into_iter()
            .flatten()
    }

    /// Whether a person with it could speak for the programs.
    pub(super) fn is_reserved(&self) -> bool {
        is_reserved(&self.plain) || is_reserved(&self.look)
    }
}

/// The keys of a name with one number after the other behind it: nearly all of the
/// work for them is the same.
#[derive(Debug)]
pub struct Numbering<'a> {
    name: &'a str,
    base: &'a str,
    keys: NameKeys,
}

impl<'a> Numbering<'a> {
    /// For this name, as it is shown.
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            base: name,
            keys: NameKeys::of(name),
        }
    }

    /// The keys of [`Name::numbered`](super::Name::numbered).
    pub fn keys(&mut self, number: u32) -> NameKeys {
        let suffix = format!("-{number}");
        let base = before_suffix(self.name, &suffix);
        if base != self.base {
            self.keys = NameKeys::of(base);
            self.base = base;
        }
        // A hyphen does not change the skeleton before it. Of the digits only these two have
        // another skeleton than themselves, which a test shows.
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

/// The first character that looks like the punctuation around names in text form. Exempt
/// are marks, which stand on letters of their script (`नमः`), and letters among letters of
/// their script (`ノア`) unless they look like a colon.
pub(super) fn find_grammar(name: &str) -> Option<char> {
    let is_at_home = |character: char| {
        is_combining_mark(character)
            || is_letter(character)
                && !matches!(character.script(), Script::Common | Script::Latin)
                && name.is_single_script()
    };
    name.chars().find(|&character| {
        if character.is_ascii() {
            // What may stand in a name is none.
            return false;
        }
        let look = skeleton_of(&compared(character.encode_utf8(&mut [0; 4])));
        look.contains(|character| GRAMMAR.contains(&character))
            && (!is_at_home(character) || look.contains(':') && is_letter(character))
    })
}

/// Whether a part of the name looks like an IPv4 address: four groups of characters that
/// look like digits, separated by a dot or by any character that is not ASCII. (No name has
/// a letter like a colon, so none looks like an IPv6 address.)
pub(super) fn looks_like_address(name: &str) -> bool {
    if name.is_ascii() && !name.contains('.') {
        return false;
    }
    // The states of the pattern in which the name so far may be, one bit each: 0 is the
    // start, 1 within the first group, 2 behind the first dot, …, 7 within the last group.
    let mut places = 1_u8;
    for character in compared(name).nfd() {
        if is_combining_mark(character) || is_ignorable(character) {
            continue;
        }
        let look = match character {
            'I' => "l".to_owned(),
            ' '..='~' => character.to_ascii_lowercase().to_string(),
            _ => lower(&skeleton_of(character.encode_utf8(&mut [0; 4]))),
        };
        let is_digit = is_like_number(character, &look);
        let is_dot = look.contains('.') || !character.is_ascii() && !is_digit;
        let before_group = places & 0b0101_0101;
        let in_group = places & 0b0010_1010;
        places = 1;
        if is_digit {
            places |= before_group << 1 | in_group;
        }
        if is_dot {
            places |= in_group << 1;
        }
        if places & 0b1000_0000 != 0 {
            return true;
        }
    }
    false
}

/// A name as it is compared: in NFKC, emoji included, and with the letters of flags and
/// those on discs and squares, to which NFKC does not apply, as plain letters.
fn compared(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    let letter = |character: char, first: u32| {
        u8::try_from(u32::from(character) - first)
            .map_or(character, |place| char::from(b'A' + place))
    };
    name.nfkc()
        .map(|character| match character {
            // Flags; letters on discs; on squares.
            '\u{1f1e6}'..='\u{1f1ff}' => letter(character, 0x1f1e6),
            '\u{1f150}'..='\u{1f169}' => letter(character, 0x1f150),
            '\u{1f170}'..='\u{1f189}' => letter(character, 0x1f170),
            _ => character,
        })
        .collect()
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

/// Whether a person could speak for the programs under a name with this key.
/// Punctuation and a number behind it change nothing: `Server-2`.
fn is_reserved(key: &str) -> bool {
    let letters: String = key.chars().filter(|c| c.is_alphanumeric()).collect();
    let word = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    // What is left of `server1`, whose skeleton ends in an `l`.
    let words = [word, word.trim_end_matches(['l', 'o'])];
    RESERVED_KEYS
        .iter()
        .any(|reserved| words.contains(&&**reserved))
}

static RESERVED_KEYS: LazyLock<Vec<String>> =
    LazyLock::new(|| RESERVED.into_iter().map(skeleton_of).collect());

/// Letters that look like one of these are refused as well.
const GRAMMAR: [char; 19] = [
    '<', '>', '[', ']', '(', ')', '{', '}', '*', ':', ';', ',', '/', '\\', '|', '!', '"', '@', '#',
];

/// Names under which a person could speak for the programs or, as `<You>` does, for the
/// reader.
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
