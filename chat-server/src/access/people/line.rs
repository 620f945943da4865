//! One line of the file: `[options] keytype base64 [comment]`.

use std::fmt;

use chat_proto::name::Name;
use ssh_key::{Algorithm, Fingerprint, PublicKey};

use super::day::Day;
use super::limits::MAX_LINE;
use super::problem::Reason;
use crate::access::keys;

/// A line that gives a key a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Name,
    pub(super) key: Fingerprint,
    pub(super) rights: Rights,
    /// Where the server wrote the line; `None` where the operator did, or has changed it.
    pub(super) claim: Option<Claim>,
}

/// What a key may do beside using its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights {
    /// The option `op`.
    pub op: bool,
}

/// When a name was claimed, and when it was last used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) made: Day,
    pub(super) used: Day,
}

impl Claim {
    /// Reads what [`fmt::Display`] writes, and nothing else.
    fn parse(comment: &str) -> Option<Self> {
        let (made, used) = match comment.strip_prefix("claimed ")?.split_once(" used ") {
            Some((made, used)) => (Day::parse(made)?, Day::parse(used)?),
            None => {
                let made = Day::parse(comment.strip_prefix("claimed ")?)?;
                (made, made)
            }
        };
        let claim = Self { made, used };
        (claim.to_string() == comment).then_some(claim)
    }
}

/// The comment of the line.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, used } = self;
        write!(f, "claimed {made}")?;
        if used != made {
            write!(f, " used {used}")?;
        }
        Ok(())
    }
}

/// The line of a claim. Reading it gives the same claim.
pub(super) fn of_claim(name: &Name, key: &PublicKey, claim: Claim) -> String {
    let mut key = PublicKey::from(key.key_data().clone());
    key.set_comment(claim.to_string());
    let key = key
        .to_openssh()
        .expect("a key that was read can be written");
    // No name has a quotation mark.
    format!("name=\"{name}\" {key}")
}

/// The line with another claim in place of the one that it has.
pub(super) fn with_claim(line: &str, before: Claim, now: Claim) -> Option<String> {
    let key = line.trim_end().strip_suffix(&before.to_string())?;
    Some(format!("{key}{now}"))
}

/// Reads a line, without its end: `None` for a comment or a blank line. What is wrong
/// with the line but does not keep it from being used goes to `warn`.
///
/// # Errors
///
/// Why the line cannot be used.
pub(super) fn parse(line: &[u8], warn: &mut dyn FnMut(Reason)) -> Result<Option<Entry>, Reason> {
    if line.len() > MAX_LINE {
        return Err(Reason::LineTooLong);
    }
    let line = std::str::from_utf8(line)
        .map_err(|_| Reason::NotUtf8)?
        .trim_ascii();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (options, rest) = if is_kind_of_key(first_word(line).0) {
        ("", line)
    } else {
        split_options(line)?
    };
    let (kind, rest) = first_word(rest);
    let (base64, comment) = first_word(rest);
    let key = parse_key(kind, base64)?;
    let options = Options::parse(options, warn)?;
    let name = match options.name {
        Some(name) => Name::choose(name),
        None => {
            let word = first_word(comment).0;
            let name = word.split('@').next().filter(|name| !name.is_empty());
            Name::choose(name.ok_or(Reason::NoName)?)
        }
    };
    let claim = Claim::parse(comment).filter(|_| options.is_name_alone());
    Ok(Some(Entry {
        name: name.map_err(Reason::BadName)?,
        key: keys::fingerprint(&key),
        rights: options.rights,
        claim,
    }))
}

fn parse_key(kind: &str, base64: &str) -> Result<PublicKey, Reason> {
    if !is_kind_of_key(kind) || base64.is_empty() {
        return Err(Reason::NoKey);
    }
    match PublicKey::from_openssh(&format!("{kind} {base64}")) {
        Ok(key) => {
            keys::check(&key).map_err(Reason::Key)?;
            Ok(key)
        }
        Err(_) => Err(Reason::Key(match kind.parse() {
            Ok(Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::Rsa { .. }) => {
                keys::Unusable::Malformed
            }
            Ok(other) => keys::of_kind(&other),
            Err(_) => keys::Unusable::Kind(kind.to_owned()),
        })),
    }
}

/// Whether a word is the kind of a key. No option begins like one.
fn is_kind_of_key(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|kind| word.starts_with(kind))
}

/// The first word, and what is behind it.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_ascii_start();
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (word, rest.trim_ascii_start())
}

/// The options, up to the first blank outside quotation marks, and what is behind them.
fn split_options(line: &str) -> Result<(&str, &str), Reason> {
    let end = unquoted(line, b" \t")?.ok_or(Reason::NoKey)?;
    Ok(line.split_at(end))
}

/// The place of the first of these bytes outside quotation marks. Within them `\"` is no
/// end of the quotation.
fn unquoted(text: &str, wanted: &[u8]) -> Result<Option<usize>, Reason> {
    let mut is_quoted = false;
    let mut before = b' ';
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !(is_quoted && before == b'\\') => is_quoted = !is_quoted,
            byte if !is_quoted && wanted.contains(&byte) => return Ok(Some(place)),
            _ => {}
        }
        before = byte;
    }
    if is_quoted {
        return Err(Reason::OpenQuotation);
    }
    Ok(None)
}

/// The options of a line.
#[derive(Debug, Default)]
struct Options<'a> {
    name: Option<&'a str>,
    rights: Rights,
    count: usize,
}

impl<'a> Options<'a> {
    fn parse(mut text: &'a str, warn: &mut dyn FnMut(Reason)) -> Result<Self, Reason> {
        let mut options = Self::default();
        while !text.is_empty() {
            let end = unquoted(text, b",")?;
            let (option, rest) = end.map_or((text, ""), |end| (&text[..end], &text[end + 1..]));
            options.add(option, warn)?;
            text = rest;
        }
        Ok(options)
    }

    fn add(&mut self, option: &'a str, warn: &mut dyn FnMut(Reason)) -> Result<(), Reason> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        self.count += 1;
        match (&*name.to_ascii_lowercase(), value) {
            ("name", Some(value)) if self.name.is_none() => {
                let quoted = value
                    .strip_prefix('"')
                    .and_then(|name| name.strip_suffix('"'));
                self.name = Some(quoted.unwrap_or(value));
            }
            ("name", Some(_)) => return Err(Reason::TwoNames),
            ("name", None) => return Err(Reason::NoName),
            ("op", None) => self.rights.op = true,
            ("cert-authority", _) => return Err(Reason::Authority),
            (known, _) if RESTRICTIONS.contains(&known) => {
                warn(Reason::Restriction(known.to_owned()));
            }
            (known, _) if WITHOUT_EFFECT.contains(&known) => {}
            _ => warn(Reason::UnknownOption(shortened(name))),
        }
        Ok(())
    }

    /// Whether the line has the only option that the server writes.
    fn is_name_alone(&self) -> bool {
        self.name.is_some() && self.count == 1
    }
}

/// What of an unknown option is told.
fn shortened(option: &str) -> String {
    option.chars().take(MAX_SHOWN).collect()
}

const MAX_SHOWN: usize = 32;

/// Options of sshd by which a line would not count for each peer and for ever. Here it does.
const RESTRICTIONS: [&str; 2] = ["expiry-time", "from"];

/// Other options of sshd. They say what a login may do, and here there are none.
const WITHOUT_EFFECT: [&str; 20] = [
    "agent-forwarding",
    "command",
    "environment",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-touch-required",
    "no-user-rc",
    "no-x11-forwarding",
    "permitlisten",
    "permitopen",
    "port-forwarding",
    "principals",
    "pty",
    "restrict",
    "tunnel",
    "user-rc",
    "verify-required",
    "x11-forwarding",
    "zos-key-ring-label",
];
