//! The key that the person expects.

use std::fmt;
use std::str::FromStr;

use ssh_key::Fingerprint;

/// The beginning of a fingerprint as it is shown, or all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// Whether this is the key that is meant.
    pub fn matches(&self, key: &Fingerprint) -> bool {
        key.to_string().starts_with(&self.0)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shown) = self;
        let is_whole = shown.len() == PREFIX.len() + WHOLE;
        write!(f, "{shown}{}", if is_whole { "" } else { "…" })
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(digits) = text.strip_prefix(PREFIX) else {
            return Err(format!(
                "a fingerprint begins with {PREFIX}, as the server shows it at its start"
            ));
        };
        // Some programs show the padding.
        let digits = digits.strip_suffix('=').unwrap_or(digits);
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        if !digits.bytes().all(is_digit) {
            return Err("only letters, digits, + and / stand in a fingerprint".to_owned());
        }
        let shown = format!("{PREFIX}{digits}");
        match digits.len() {
            count if count < SHORTEST => Err(format!(
                "{count} characters behind {PREFIX} are too few: {SHORTEST} are needed"
            )),
            count if count > WHOLE => Err(format!(
                "{count} characters behind {PREFIX} are too many: it has {WHOLE}"
            )),
            WHOLE if shown.parse::<Fingerprint>().is_err() => {
                Err("that is no fingerprint: its last character is wrong".to_owned())
            }
            _ => Ok(Self(shown)),
        }
    }
}

/// What stands before the digits.
const PREFIX: &str = "SHA256:";

/// The fewest digits that are taken: 96 bits, for which no attacker can find another key.
const SHORTEST: usize = 16;

/// The digits of 256 bits in base64.
const WHOLE: usize = 43;
