//! The nearest valid name for a login name.

use unicode_segmentation::UnicodeSegmentation;

use super::{MAX_NAME_BYTES, Name, NameError, form};
use crate::text;
use crate::text::unicode::is_ignorable;

impl Name {
    /// The name that is nearest to a login name, which may be none: `jane` for
    /// `jane@corp.example` and `CORP\jane`, `Jane-Doe` for `Jane Doe`. `None` if nothing of
    /// it may stand in a name.
    pub fn nearest(login: &str) -> Option<Self> {
        let user = login.rsplit('\\').next().unwrap_or(login);
        let user = match user.split_once('@') {
            Some((user, _)) if !user.trim().is_empty() => user,
            _ => user,
        };
        let user: String = user.trim().chars().take(MAX_NAME_BYTES).collect();
        let parts: String = text::clean(&user).chars().filter_map(part).collect();
        let mut wanted = joined(&form::normal(&parts));
        // Each attempt removes something, but for one that adds a word.
        for _ in 0..=2 * MAX_NAME_BYTES * 4 {
            wanted = match Self::choose(&wanted) {
                Ok(name) => return Some(name),
                Err(error) => joined(&mended(wanted, error)?),
            };
        }
        None
    }
}

/// Replaces a character: blanks become hyphens, quotation marks are removed.
fn part(character: char) -> Option<char> {
    match character {
        '\'' | '’' | '"' | '`' => None,
        _ if character.is_whitespace() => Some('-'),
        _ => Some(character),
    }
}

/// Repairs what the name was refused for.
fn mended(mut wanted: String, error: NameError) -> Option<String> {
    match error {
        NameError::Empty => return None,
        NameError::TooLong => {
            // A whole grapheme cluster, unless it is the only one.
            let (last, _) = wanted.grapheme_indices(true).next_back()?;
            match last {
                0 => drop(wanted.pop()),
                _ => wanted.truncate(last),
            }
        }
        NameError::Start => {
            wanted.remove(0);
        }
        NameError::Character(bad) if is_ignorable(bad) => wanted = wanted.replace(bad, ""),
        NameError::Character(bad) => wanted = wanted.replace(bad, "-"),
        NameError::Misplaced(bad) => wanted = wanted.replace(bad, ""),
        NameError::Address if wanted.contains('.') => wanted = wanted.replace('.', "-"),
        NameError::Address => {
            wanted.remove(0);
        }
        NameError::Reserved if wanted.ends_with(USER) => return None,
        NameError::Reserved => wanted.push_str(USER),
    }
    Some(wanted)
}

/// Single hyphens, and none at the ends.
fn joined(text: &str) -> String {
    let words = text.split('-').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Added to a reserved word.
const USER: &str = "-user";
