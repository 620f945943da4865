//! What NATS is shown so that it lets the server in (`--cluster-credentials`).

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// What NATS is shown. It does not get into logs.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A file that `nsc` has made: a token of NATS and the key that it is for.
    Signed(String),
    /// The seed of a key.
    Seed(String),
    /// A user and a password.
    Password(String, String),
    /// One word that all users share.
    Token(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// Reads a file, which only its owner may have the right to read.
    ///
    /// # Errors
    ///
    /// When it cannot be read, others can read it, or it holds nothing of that kind.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let show = path.display();
        let file = File::open(path).with_context(|| format!("cannot read {show}"))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_or(0, |it| it.permissions().mode());
            if mode & 0o077 != 0 {
                bail!("other users may read the credentials: chmod 600 {show}");
            }
        }
        let mut text = String::new();
        let read = file.take(MAX_FILE).read_to_string(&mut text);
        read.with_context(|| format!("cannot read {show}"))?;
        let found = Self::parse(&text);
        found.with_context(|| format!("there are no credentials in {show}: {KINDS}"))
    }

    fn parse(text: &str) -> Option<Self> {
        if text.contains("-----BEGIN NATS USER JWT-----") {
            return Some(Self::Signed(text.to_owned()));
        }
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'))?;
        let is_seed = line.len() == SEED && line.starts_with("SU");
        Some(match line.split_once(':') {
            _ if is_seed => Self::Seed(line.to_owned()),
            Some((user, password)) if !user.is_empty() => {
                Self::Password(user.to_owned(), password.to_owned())
            }
            _ => Self::Token(line.to_owned()),
        })
    }
}

const KINDS: &str = "give a .creds file, the seed of a key (SU…), USER:PASSWORD or a token";

/// The length of the seed of a key, in characters.
const SEED: usize = 58;

/// What is read of the file, in bytes.
const MAX_FILE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_known() {
        let seed = format!("SU{}", "A".repeat(SEED - 2));
        let signed = "-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n";
        let password = |user: &str, password: &str| {
            Some(Credentials::Password(user.to_owned(), password.to_owned()))
        };
        for (text, expected) in [
            (signed, Some(Credentials::Signed(signed.to_owned()))),
            (&format!("# key\n{seed}\n"), Some(Credentials::Seed(seed))),
            ("chat:a:b\n", password("chat", "a:b")),
            ("\n  word \n", Some(Credentials::Token("word".to_owned()))),
            ("", None),
            ("# nothing\n", None),
        ] {
            assert_eq!(Credentials::parse(text), expected, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "chat:secret\n").unwrap();
        for (mode, is_right) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&file, permissions).unwrap();
            let loaded = Credentials::load(file.path());
            assert_eq!(loaded.is_ok(), is_right, "{mode:o}");
            assert!(!format!("{loaded:?}").contains("secret"));
        }
    }
}
