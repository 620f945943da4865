//! What is wrong with lines of the file.

use std::fmt;

use chat_proto::name::NameError;

use super::limits::{MAX_BYTES, MAX_LINE, MAX_LINES, MAX_PEOPLE};
use crate::access::keys::Unusable;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The number of the line; the first one is 1.
    pub line: usize,
    /// What is wrong.
    pub reason: Reason,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is longer than any key.
    LineTooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// No key is where one must be.
    NoKey,
    /// A quotation mark has no other one behind it.
    OpenQuotation,
    /// The key cannot be used.
    Key(Unusable),
    /// The key is one of a certificate authority, and so not a person's.
    Authority,
    /// No option and no comment says whose key it is.
    NoName,
    /// It has the option `name` twice.
    TwoNames,
    /// The name cannot be one.
    BadName(NameError),
    /// The name looks like the names of two people.
    AmbiguousName(String, String),
    /// There are as many people as there may be.
    TooMany,
    /// The line is used, but an option of it is unknown.
    UnknownOption(String),
    /// The line is used, but an option of it would restrict the key, and here does not.
    Restriction(String),
}

impl Reason {
    /// Whether the line is used all the same.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::UnknownOption(_) | Self::Restriction(_))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.reason.is_warning() {
            f.write_str(" is not used")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineTooLong => write!(f, "it has more than {MAX_LINE} bytes"),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::NoKey => f.write_str("it has no key (such as ssh-ed25519 AAAA…)"),
            Self::OpenQuotation => f.write_str("a quotation mark is missing"),
            Self::Key(why) => why.fmt(f),
            Self::Authority => f.write_str("the key of a certificate authority is nobody's own"),
            Self::NoName => f.write_str("whose key is it? Put name=\"NAME\" in front of the line"),
            Self::TwoNames => f.write_str("it has the option name twice"),
            Self::BadName(why) => write!(f, "{why}; name=\"NAME\" in front says another one"),
            Self::AmbiguousName(one, two) => write!(f, "the name looks like {one} and like {two}"),
            Self::TooMany => write!(f, "there are {MAX_PEOPLE} people before it"),
            Self::UnknownOption(option) => write!(f, "the option {option:?} is unknown"),
            Self::Restriction(option) => {
                write!(
                    f,
                    "the option {option} has no effect here: the key always counts"
                )
            }
        }
    }
}

/// What is wrong with all lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first ones, [`Problems::MAX`] at most.
    pub first: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl Problems {
    /// How many are named: a file of another kind has one in each line.
    pub const MAX: usize = 100;

    /// Adds one.
    pub(super) fn push(&mut self, line: usize, reason: Reason) {
        if self.first.len() < Self::MAX {
            self.first.push(Problem { line, reason });
        } else {
            self.more += 1;
        }
    }
}

/// The file is too large to be one of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it has more than {} MiB or {MAX_LINES} lines",
            MAX_BYTES >> 20
        )
    }
}

impl std::error::Error for TooLarge {}
