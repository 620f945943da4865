//! What was typed in earlier runs, in a file.
//!
//! One entry a line, the oldest first; a line end in an entry is `\n` and a
//! backslash `\\`. Whenever something is said the file is read, the entry
//! added, and the file replaced as a whole: so several clients share it, a
//! crash costs nothing, and it is as bounded as the history itself.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::editor::{History, MAX_HISTORY_BYTES};
use crate::sys;

/// The file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The file of this person: `$XDG_STATE_HOME/chat/history`, where that is
    /// `~/.local/state` unless it is set (XDG Base Directory Specification).
    pub fn of_user() -> Option<Self> {
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        let state = variable("XDG_STATE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| variable("LOCALAPPDATA").filter(|_| cfg!(windows)))
            .or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
        Some(Self::at(state.join("chat/history")))
    }

    /// A file at `path`, which need not be there yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads it. A file that is not there is an empty history.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn load(&self) -> io::Result<History> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(History::default());
            }
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(History::from_lines(text.lines().map(unescape)))
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn add(&self, entry: &str) -> io::Result<()> {
        let mut history = self.load()?;
        if !history.push(entry) {
            return Ok(());
        }
        if let Some(directory) = self.path.parent() {
            sys::create_private_dir(directory)?;
        }
        let text: String = history.lines().map(|line| escape(line) + "\n").collect();
        // Of its own, so that two clients do not write into one.
        let new = self.path.with_extension(std::process::id().to_string());
        let replaced = write(&new, &text).and_then(|()| fs::rename(&new, &self.path));
        if replaced.is_err() {
            // Whatever went wrong is told; what is left over is not wanted.
            let _ = fs::remove_file(&new);
        }
        replaced
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    sys::create_private(path)?.write_all(text.as_bytes())
}

fn escape(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => entry.push('\n'),
                Some(other) => entry.push(other),
                None => {}
            },
            _ => entry.push(character),
        }
    }
    entry
}

/// More than a history can be, escaped.
const MAX_FILE: u64 = 4 * MAX_HISTORY_BYTES as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries(store: &Store) -> Vec<String> {
        let history = store.load().unwrap();
        history.lines().map(str::to_owned).collect()
    }

    #[test]
    fn entries_last_and_secrets_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/chat/history");
        let store = Store::at(path.clone());
        assert_eq!(entries(&store), [""; 0]);
        for entry in ["one", "two\nlines \\n", "/password x", "one"] {
            store.add(entry).unwrap();
        }
        assert_eq!(entries(&store), ["two\nlines \\n", "one"]);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "two\\nlines \\\\n\none\n"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_read_as_far_as_it_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history");
        fs::write(&path, b"good\n\xff\x1b[2J\n\\\n").unwrap();
        let store = Store::at(path);
        assert_eq!(entries(&store)[0], "good");
        assert!(!entries(&store).concat().contains('\x1b'));
        store.add("more").unwrap();
        assert_eq!(entries(&store).last().unwrap(), "more");
    }

    proptest! {
        #[test]
        fn an_entry_comes_back_as_it_was(entry in any::<String>()) {
            prop_assert_eq!(&unescape(&escape(&entry)), &entry);
            prop_assert!(!escape(&entry).contains('\n'));
        }
    }
}
