//! The lines of the file. Pure.
//!
//! ```text
//! chat.example.org:5000 key SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM
//! [2001:db8::1]:5000 roots
//! ```
//!
//! A host and its port, and then what is remembered: its key, or that public roots
//! vouched for it. What stands behind that is left to the person, as are empty lines and
//! those that begin with `#`. A line that cannot be read stays as it is. If a host has
//! several lines, the last one counts. A byte order mark, which some editors put before
//! the first line, is no part of a host's name.

use crate::trust::{HostPort, Known};

/// The lines, each without its end.
#[derive(Debug, Default)]
pub(super) struct Table {
    lines: Vec<Vec<u8>>,
}

/// What the file says of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// What is remembered of it.
    pub known: Option<Known>,
    /// The number of its line, if that says something that cannot be read.
    pub unreadable: Option<usize>,
    /// The numbers of other lines that are damaged.
    pub damaged: Vec<usize>,
}

/// A line.
enum Entry {
    /// Not of a server.
    Comment,
    /// Of a server.
    Server(HostPort, Option<Known>),
    /// Neither.
    Damaged,
}

impl Table {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut lines: Vec<Vec<u8>> = bytes.split(|&byte| byte == b'\n').map(Vec::from).collect();
        // Behind the end of the last line there is none.
        lines.pop_if(|line| line.is_empty());
        Self { lines }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let ended = self.lines.iter().flat_map(|line| [line.as_slice(), b"\n"]);
        ended.flatten().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn look_up(&self, server: &HostPort) -> Found {
        let mut found = Found::default();
        for (line, number) in self.lines.iter().zip(1..) {
            match entry(line) {
                Entry::Server(other, known) if other == *server => {
                    found.unreadable = known.is_none().then_some(number);
                    found.known = known;
                }
                Entry::Damaged => found.damaged.push(number),
                Entry::Server(..) | Entry::Comment => {}
            }
        }
        found
    }

    /// Puts a line in the place of the first one of the server, or at the end.
    pub(super) fn set(&mut self, server: &HostPort, known: &Known) {
        let line = match known {
            Known::Key(key) => format!("{server} {KEY} {key}"),
            Known::Roots => format!("{server} {ROOTS}"),
        };
        let place = self.lines.iter().position(|line| is_of(line, server));
        self.remove(server);
        let place = place.unwrap_or(self.lines.len());
        self.lines.insert(place, line.into_bytes());
    }

    /// Removes all lines of the server, and returns them.
    pub(super) fn remove(&mut self, server: &HostPort) -> Vec<String> {
        let removed = self.lines.extract_if(.., |line| is_of(line, server));
        removed
            .map(|line| String::from_utf8_lossy(&line).into_owned())
            .collect()
    }
}

fn is_of(line: &[u8], server: &HostPort) -> bool {
    matches!(entry(line), Entry::Server(other, _) if other == *server)
}

fn entry(line: &[u8]) -> Entry {
    // With the mark in its name, a server would be met as for the first time.
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let Ok(line) = str::from_utf8(line) else {
        // What stands behind the host may be anything.
        let words = String::from_utf8_lossy(line);
        let server = words.split_whitespace().next().and_then(HostPort::parse);
        return server.map_or(Entry::Damaged, |server| Entry::Server(server, None));
    };
    let mut words = line.split_whitespace();
    let Some(first) = words.next().filter(|word| !word.starts_with('#')) else {
        return Entry::Comment;
    };
    let Some(server) = HostPort::parse(first) else {
        return Entry::Damaged;
    };
    let known = match words.next() {
        Some(KEY) => words
            .next()
            .and_then(|key| key.parse().ok().map(Known::Key)),
        Some(ROOTS) => Some(Known::Roots),
        // A later version may know more.
        _ => None,
    };
    Entry::Server(server, known)
}

const KEY: &str = "key";
const ROOTS: &str = "roots";
