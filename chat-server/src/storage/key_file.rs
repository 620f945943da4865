//! The server's secret key, in a file beside the history.
//!
//! A user who can read it can come in as any person who was here before, so only
//! the owner of the history may. Without it the history is the same; only the proofs of earlier
//! runs are worth nothing then.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

use super::disk::Disk;
use super::paths::{directory_of, with_suffix};
use crate::room::identity::Key;
use crate::secret_file;

/// The key of a history.
#[derive(Debug)]
pub(super) enum Found {
    /// What was proved with it before still holds.
    Old(Key),
    /// There is none: this may become it.
    New(Key),
}

/// Looks for the key. The history must be locked.
///
/// # Errors
///
/// When it cannot be read, others can read it, or it is no key.
pub(super) fn find(path: &Path) -> anyhow::Result<Found> {
    if let Some(text) = secret_file::read(path, MOST)? {
        return key_of(path, &text).map(Found::Old);
    }
    let key = Key::new().context("the system gives no random bits for a key")?;
    Ok(Found::New(key))
}

/// Makes the file of a key, which is there for good then.
///
/// # Errors
///
/// When it cannot be made.
pub(super) fn make(disk: &Disk, path: &Path, key: &Key) -> anyhow::Result<()> {
    write(disk, path, key).with_context(|| format!("cannot make the key {}", path.display()))
}

fn key_of(path: &Path, text: &str) -> anyhow::Result<Key> {
    let show = path.display();
    parse(text).with_context(|| {
        format!(
            "the key {show} is not {} hexadecimal digits and a line end. Put the right one \
             there, or remove it: the server makes another one, and does not know programs \
             again that were here before",
            2 * Key::BYTES
        )
    })
}

/// A file that is there under its name is whole: it is made under another one.
fn write(disk: &Disk, path: &Path, key: &Key) -> io::Result<()> {
    let begun = with_suffix(path, "new");
    match fs::remove_file(&begun) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = secret_file::create(&begun)?;
    let digits: String = key
        .bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    file.write_all(format!("{digits}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&begun, path)?;
    disk.sync_directory(&directory_of(path))
}

fn parse(text: &str) -> Option<Key> {
    let digits = text.strip_suffix('\n')?.as_bytes();
    if digits.len() != 2 * Key::BYTES {
        return None;
    }
    let mut bytes = [0; Key::BYTES];
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [digits[0], digits[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = (high? << 4 | low?) as u8;
    }
    Some(Key::of(bytes))
}

/// Far more than a key has.
const MOST: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// As a history does it.
    fn open(path: &Path) -> anyhow::Result<Found> {
        let found = find(path)?;
        if let Found::New(key) = &found {
            make(&Disk::default(), path, key)?;
        }
        Ok(found)
    }

    #[track_caller]
    fn refused(path: &Path, why: &str) {
        let error = format!("{:#}", open(path).unwrap_err());
        assert!(error.contains(why), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("room.key");
        // What a server that was killed has left.
        fs::write(directory.path().join("room.key.new"), "half").unwrap();
        let Found::New(key) = open(&path).unwrap() else {
            panic!("there was none");
        };
        assert!(matches!(open(&path).unwrap(), Found::Old(again) if again == key));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        assert!(matches!(open(&path).unwrap(), Found::New(other) if other != key));
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("room.key");
        open(&path).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        for bad in [
            String::new(),
            "\n".to_owned(),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!(" {good}"),
            good.replacen(|_: char| true, "g", 1),
            good.repeat(100),
            "\u{e9}".repeat(16) + "\n",
        ] {
            fs::write(&path, &bad).unwrap();
            refused(&path, "hexadecimal digits");
            assert_eq!(fs::read_to_string(&path).unwrap(), bad);
        }
        fs::write(&path, [0xff; 33]).unwrap();
        refused(&path, "cannot read");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused(&path, "no file");
    }

    #[cfg(unix)]
    #[test]
    fn no_other_user_can_read_it_or_put_another_one_in_its_place() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("room.key");
        let other = directory.path().join("other");
        open(&path).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        for bad in [0o640, 0o604, 0o620, 0o601, 0o666] {
            fs::set_permissions(&path, PermissionsExt::from_mode(bad)).unwrap();
            refused(&path, "chmod 600");
            assert_eq!(mode(&path), bad);
        }
        fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
        assert!(open(&path).is_ok());
        fs::rename(&path, &other).unwrap();
        symlink(&other, &path).unwrap();
        refused(&path, "link");
        fs::remove_file(&path).unwrap();
        // Also one that leads nowhere.
        symlink(directory.path().join("nowhere"), &path).unwrap();
        refused(&path, "link");
        fs::remove_file(&path).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        refused(&path, "no file");
        fs::remove_file(&path).unwrap();
        // Nor is what it is made under a way to write into another file.
        symlink(&other, directory.path().join("room.key.new")).unwrap();
        let before = fs::read(&other).unwrap();
        open(&path).unwrap();
        assert_eq!(fs::read(&other).unwrap(), before);
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }
}
