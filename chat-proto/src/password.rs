//! Passwords: of a room, and as peers say them.

use std::fmt;

/// A password. Neither its [`fmt::Debug`] nor anything else prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a text cannot be the password of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// Nothing is in it.
    Empty,
    /// It has more than [`MAX_PASSWORD`] bytes.
    TooLong,
    /// It begins or ends with a blank, or has a control character: a person could not
    /// type it, or not see what is wrong with it.
    NotTypeable,
    /// It is not UTF-8.
    NotUtf8,
}

impl Password {
    /// The password that a room is to have, or that a person has set for one.
    ///
    /// # Errors
    ///
    /// When no peer could say it.
    pub fn choose(text: &str) -> Result<Self, PasswordError> {
        if text.is_empty() {
            Err(PasswordError::Empty)
        } else if text.len() > MAX_PASSWORD {
            Err(PasswordError::TooLong)
        } else if text.trim() != text || text.contains(char::is_control) {
            Err(PasswordError::NotTypeable)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The same, from the bytes of a file: its first line. The byte order mark that some
    /// editors put before it is no part of it: no person would type it.
    ///
    /// # Errors
    ///
    /// As [`Password::choose`].
    pub fn in_file(bytes: &[u8]) -> Result<Self, PasswordError> {
        let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        match str::from_utf8(line) {
            Ok(text) => Self::choose(text),
            Err(_) => Err(PasswordError::NotUtf8),
        }
    }

    /// What a peer has said, which may be anything.
    pub fn said(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong => write!(f, "it has more than {MAX_PASSWORD} bytes"),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::NotTypeable => f.write_str(
                "it begins or ends with a blank, or has a character that cannot be typed",
            ),
        }
    }
}

impl std::error::Error for PasswordError {}

/// The longest password of a room, in bytes.
pub const MAX_PASSWORD: usize = 256;

/// As much of a file as is to be read for a password, so that one that is too long is known
/// as such, and a file without an end has one.
pub const MAX_PASSWORD_FILE: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_a_room_can_be_typed() {
        let [longest, too_long] = [MAX_PASSWORD, MAX_PASSWORD + 1].map(|length| "x".repeat(length));
        for text in ["x", "correct horse", "🔑", &longest] {
            let password = Password::choose(text);
            assert_eq!(password.as_ref().map(Password::as_str), Ok(text));
        }
        for (text, error) in [
            ("", PasswordError::Empty),
            (&*too_long, PasswordError::TooLong),
            (" x", PasswordError::NotTypeable),
            ("x\u{a0}", PasswordError::NotTypeable),
            ("x\u{1b}y", PasswordError::NotTypeable),
            ("x\ny", PasswordError::NotTypeable),
        ] {
            assert_eq!(Password::choose(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn in_a_file_it_is_the_first_line() {
        let expected = Ok(Password::said("correct horse"));
        for bytes in [
            "correct horse",
            "correct horse\n",
            "correct horse\r\nx\n",
            "\u{feff}correct horse\r\n",
        ] {
            assert_eq!(Password::in_file(bytes.as_bytes()), expected, "{bytes:?}");
        }
        assert_eq!(Password::in_file(b"\nx"), Err(PasswordError::Empty));
        assert_eq!(Password::in_file(b"\xff"), Err(PasswordError::NotUtf8));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(format!("{:?}", Password::said("secret")), "Password");
    }
}
