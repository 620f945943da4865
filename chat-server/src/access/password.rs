//! The password of the room, and how another one is compared with it.

use std::fmt;

use chat_proto::password::{MAX_PASSWORD, Password};
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

/// The hash of the password: the password itself is not kept.
#[derive(Clone)]
pub struct PasswordHash([u8; 32]);

impl PasswordHash {
    /// That of this password.
    pub fn of(password: &Password) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, password.as_str().as_bytes()).as_ref());
        Self(bytes)
    }

    /// Whether it is that of `said`. The hashes are compared in a time that does not
    /// depend on where they differ. What is longer than a password can be is not hashed:
    /// that would take the longer the more a peer sends.
    pub fn is_of(&self, said: &Password) -> bool {
        said.as_str().len() <= MAX_PASSWORD && self.0.ct_eq(&Self::of(said).0).into()
    }
}

// Not even the hash is for the log.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

#[cfg(test)]
mod timing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_compared_to_the_last_byte() {
        let hash = PasswordHash::of(&Password::said("correct horse"));
        assert!(hash.is_of(&Password::said("correct horse")));
        for wrong in [
            "",
            "correct hors",
            "correct horse ",
            "correct horsf",
            "borrect horse",
            "Correct horse",
        ] {
            assert!(!hash.is_of(&Password::said(wrong)), "{wrong}");
        }
        assert_eq!(format!("{hash:?}"), "PasswordHash");
    }

    #[test]
    fn what_is_too_long_for_a_password_is_none() {
        let [longest, too_long] =
            [MAX_PASSWORD, MAX_PASSWORD + 1].map(|length| Password::said(&"x".repeat(length)));
        assert!(PasswordHash::of(&longest).is_of(&longest));
        assert!(!PasswordHash::of(&too_long).is_of(&too_long));
    }
}
