//! Where the password of the room comes from: a file, or the person at the terminal.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use chat_proto::password::{MAX_PASSWORD_FILE, Password};

use crate::access::password::PasswordHash;

/// The source of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// The first line of a file.
    File(PathBuf),
    /// The person who starts the server types it.
    Terminal,
}

impl PasswordSource {
    /// Gets the password, and tells in `notes` what the operator should know.
    ///
    /// # Errors
    ///
    /// When there is none, or peers could not say it. The text does not repeat it.
    pub fn load(&self, notes: &mut Vec<String>) -> anyhow::Result<PasswordHash> {
        match self {
            Self::File(path) => {
                let file = File::open(path).with_context(|| cannot_read(path))?;
                notes.extend(open_to_others(&file, path));
                let mut bytes = Vec::new();
                let read = file.take(MAX_PASSWORD_FILE).read_to_end(&mut bytes);
                read.with_context(|| cannot_read(path))?;
                let password = Password::in_file(&bytes).with_context(|| {
                    format!("the password in {} cannot be used", path.display())
                })?;
                Ok(PasswordHash::of(&password))
            }
            Self::Terminal => {
                let ask = |prompt| rpassword::prompt_password(prompt);
                let once = ask("password of the room: ").context(NO_TERMINAL)?;
                let again = ask("the same again: ").context(NO_TERMINAL)?;
                if once != again {
                    return Err(anyhow!("the two passwords differ"));
                }
                let password = Password::choose(&once).context("that password cannot be used")?;
                Ok(PasswordHash::of(&password))
            }
        }
    }

    /// Gets it again from a file. `None` if it cannot come from there a second time.
    ///
    /// # Errors
    ///
    /// As [`PasswordSource::load`].
    pub fn reload(&self, notes: &mut Vec<String>) -> Option<anyhow::Result<PasswordHash>> {
        match self {
            // A pipe has been read to its end, and to wait for more would stop the server.
            Self::File(path) if !fs::metadata(path).is_ok_and(|it| !it.is_file()) => {
                Some(self.load(notes))
            }
            Self::File(_) | Self::Terminal => None,
        }
    }
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read the password from {}", path.display())
}

#[cfg(unix)]
fn open_to_others(file: &File, path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let path = path.display();
    (metadata.mode() & 0o077 != 0)
        .then(|| format!("other users may read the password: chmod 600 {path}"))
}

#[cfg(not(unix))]
fn open_to_others(_: &File, _: &Path) -> Option<String> {
    None
}

const NO_TERMINAL: &str = "there is no terminal to ask for the password: use --password-file";

#[cfg(test)]
mod tests {
    use super::*;

    fn load(content: &[u8]) -> Result<PasswordHash, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, content).unwrap();
        let source = PasswordSource::File(path);
        let loaded = source.load(&mut Vec::new());
        let place = folder.path().display().to_string();
        loaded.map_err(|error| format!("{error:#}").replace(&place, ""))
    }

    #[test]
    fn it_is_the_first_line_of_the_file() {
        let hash = load(b"correct horse\nx\n").unwrap();
        assert!(hash.is_of(&Password::said("correct horse")));
    }

    #[test]
    fn what_is_wrong_with_it_is_told_without_it() {
        let long = "x".repeat(5000);
        for (content, told) in [
            (&b""[..], "it is empty"),
            (b"\nx\n", "it is empty"),
            (b" secret\n", "it begins or ends with a blank"),
            (b"\xffsecret", "it is not UTF-8"),
            (long.as_bytes(), "it has more than 256 bytes"),
        ] {
            let error = load(content).unwrap_err();
            assert!(error.contains(told), "{error}");
            assert!(
                !error.contains("secret") && !error.contains("xxx"),
                "{error}"
            );
        }
        let missing = PasswordSource::File("/no/such/file".into());
        let error = missing.load(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("/no/such/file"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_operator_is_told_that_others_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "correct horse").unwrap();
        for (mode, told) in [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let mut notes = Vec::new();
            PasswordSource::File(path.clone()).load(&mut notes).unwrap();
            assert_eq!(notes.len(), told, "{mode:o}: {notes:?}");
        }
    }

    /// It is not waited for at a pipe, and not asked for a second time.
    #[cfg(unix)]
    #[test]
    fn it_comes_again_from_a_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            &path,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )
        .unwrap();
        let source = PasswordSource::File(path.clone());
        assert!(source.reload(&mut Vec::new()).is_none());
        assert!(PasswordSource::Terminal.reload(&mut Vec::new()).is_none());
        fs::remove_file(&path).unwrap();
        assert!(source.reload(&mut Vec::new()).unwrap().is_err());
        fs::write(&path, "another").unwrap();
        let hash = source.reload(&mut Vec::new()).unwrap().unwrap();
        assert!(hash.is_of(&Password::said("another")));
    }
}
