//! Sent messages, for Up and C-r. Lines in, lines out: where they are kept between runs
//! is not known here.

use std::collections::VecDeque;

use super::clean;

/// The drafts that were sent or cleared, each one once. A draft of several
/// lines is one entry.
#[derive(Debug, Default)]
pub struct History {
    entries: VecDeque<String>,
    bytes: usize,
}

impl History {
    /// A history of these entries, oldest first.
    pub fn from_lines(lines: impl IntoIterator<Item = String>) -> Self {
        let mut history = Self::default();
        for line in lines {
            history.push(&line);
        }
        history
    }

    /// The entries, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str)
    }

    /// Adds an entry; one like it moves to the end. Tells whether it was kept:
    /// blank ones, passwords and those of more than [`MAX_HISTORY_BYTES`] are
    /// not.
    pub fn push(&mut self, line: &str) -> bool {
        // A file may hold what could not have been typed.
        let line = clean::block(line);
        if line.trim().is_empty() || line.len() > MAX_HISTORY_BYTES || tells_secret(&line) {
            return false;
        }
        let equal = self.entries.iter().rposition(|entry| *entry == line);
        if let Some(equal) = equal.and_then(|index| self.entries.remove(index)) {
            self.bytes -= equal.len();
        }
        self.bytes += line.len();
        self.entries.push_back(line);
        while self.entries.len() > MAX_HISTORY || self.bytes > MAX_HISTORY_BYTES {
            let oldest = self.entries.pop_front();
            self.bytes -= oldest.map_or(0, |entry| entry.len());
        }
        true
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn entry(&self, index: usize) -> Option<&str> {
        self.entries.get(index).map(String::as_str)
    }
}

/// Whether one of the lines begins with a command that takes a password.
/// Blanks before it are a slip, and make it no less secret.
fn tells_secret(entry: &str) -> bool {
    entry.lines().any(|line| {
        let Some(command) = line.trim_start().strip_prefix('/') else {
            return false;
        };
        let word = command
            .split(|character: char| !character.is_alphanumeric())
            .next();
        word.is_some_and(|word| {
            SECRET
                .iter()
                .any(|secret| word.eq_ignore_ascii_case(secret))
        })
    })
}

/// The most entries.
pub const MAX_HISTORY: usize = 1000;

/// The most bytes of all entries together, so that the file is read at once at
/// every start and a search goes through it at every key.
pub const MAX_HISTORY_BYTES: usize = 256 * 1024;

/// What chats call such commands. Where one means nothing here, fingers may
/// still type it.
const SECRET: [&str; 6] = ["password", "pass", "secret", "auth", "login", "identify"];

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[&str]) -> History {
        History::from_lines(lines.iter().map(|&line| line.to_owned()))
    }

    #[track_caller]
    fn check(lines: &[&str], kept: &[&str]) {
        let history = history(lines);
        assert_eq!(history.lines().collect::<Vec<_>>(), kept);
        assert_eq!(
            (history.len(), history.is_empty()),
            (kept.len(), kept.is_empty())
        );
    }

    #[test]
    fn each_entry_is_there_once() {
        check(&["a", "b", "a"], &["b", "a"]);
        check(&["a", "a"], &["a"]);
        check(&["a", " a", "A"], &["a", " a", "A"]);
        check(&["one\ntwo", "two"], &["one\ntwo", "two"]);
    }

    #[test]
    fn blank_ones_are_not_kept() {
        check(&["", " ", "\n\n", "\u{3000}"], &[]);
        assert!(!History::default().push(" "));
        assert!(History::default().push("x"));
    }

    #[test]
    fn passwords_are_not_kept() {
        for line in [
            "/password hunter2",
            "/pass x",
            "/secret x",
            "/auth x",
            "/LOGIN me x",
            "/Identify x",
            "/password",
            "  /password x",
            "/pass\tx",
            "/pass:x",
            "hello\n/password x",
        ] {
            check(&[line], &[]);
        }
        for line in [
            "/passage x",
            "/nick pass",
            "/me passes",
            "/who",
            "the /password is x",
            "/",
            "/päss x",
        ] {
            check(&[line], &[line]);
        }
    }

    #[test]
    fn a_file_brings_no_control_characters() {
        check(&["a\x1b[2Jb\r\nc\td\0\u{9b}"], &["ab\nc\td"]);
        check(&["\x1b"], &[]);
    }

    #[test]
    fn it_is_bounded() {
        for count in [MAX_HISTORY - 1, MAX_HISTORY, MAX_HISTORY + 1] {
            let history = History::from_lines((0..count).map(|line| line.to_string()));
            assert_eq!(history.len(), count.min(MAX_HISTORY));
            assert_eq!(history.lines().last(), Some(&*(count - 1).to_string()));
        }
        for (length, left) in [
            (MAX_HISTORY_BYTES - 2, 2),
            (MAX_HISTORY_BYTES - 1, 2),
            (MAX_HISTORY_BYTES, 1),
            // Too long to be kept at all: the others stay.
            (MAX_HISTORY_BYTES + 1, 1),
        ] {
            let history = history(&["x", &"y".repeat(length)]);
            assert_eq!(history.len(), left, "{length}");
            assert_eq!(history.bytes, history.lines().map(str::len).sum::<usize>());
            assert_eq!(
                history.lines().last().map(str::len),
                Some(if length > MAX_HISTORY_BYTES {
                    1
                } else {
                    length
                })
            );
        }
    }
}
