//! What the operator wants, from four places: the command line, the environment, files, and
//! the defaults. An option comes before its variable, that before the files, and those before
//! the default.
//!
//! There is one rule for what a value may be, and clap has it. A value from a file or from the
//! environment becomes an argument (`--key=value`), and all arguments are read together. So
//! every long option is a key as soon as there is one, but for those of
//! [`ONLY_ON_THE_COMMAND_LINE`](crate::cli::ONLY_ON_THE_COMMAND_LINE).
//!
//! | file | what it does |
//! | --- | --- |
//! | [`start`] | the beginning of the program: reads them, or says what is wrong |
//! | [`sources`] | reads all four and puts them together |
//! | [`keys`] | which keys there are, and which one may have been meant |
//! | [`document`] | a file in TOML: its values, each with its line, and its mistakes |
//! | [`variables`] | the same for the environment |
//! | [`changes`] | what differs after a reload, and what of it needs a restart |
//! | [`listing`] | what `--check-config` and `--print-default-config` print |
//! | [`reading`] | files of the operator, of bounded size |

pub mod changes;
pub mod document;
pub mod keys;
pub mod listing;
pub mod reading;
pub mod sources;
pub mod start;
pub mod variables;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The command line.
    Option,
    /// The variable with this name.
    Variable(String),
    /// A line of a file.
    Line(Line),
    /// The program.
    Default,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The file.
    pub path: Arc<Path>,
    /// The first one is 1.
    pub number: usize,
}

/// A key with a value, from a file or a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The long option without its dashes.
    pub key: String,
    /// Its value, which may be a wrong one.
    pub value: Value,
    /// Where it stands.
    pub origin: Origin,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of an option without a value: whether it is given.
    Flag(bool),
    /// Of an option that may be given once.
    Single(OsString),
    /// Of an option that may be given several times.
    List(Vec<OsString>),
}

/// Something that is wrong in a file or a variable, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, if that is known.
    pub origin: Origin,
    /// What is wrong, and what to give instead.
    pub text: String,
}

impl Setting {
    /// The arguments that say the same.
    pub fn arguments(&self) -> Vec<OsString> {
        let with = |value: &OsString| {
            let mut argument = OsString::from(format!("--{}=", self.key));
            argument.push(value);
            argument
        };
        match &self.value {
            Value::Flag(true) => vec![format!("--{}", self.key).into()],
            Value::Flag(false) => Vec::new(),
            Value::Single(value) => vec![with(value)],
            Value::List(values) => values.iter().map(with).collect(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.number)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("option"),
            Self::Variable(name) => f.write_str(name),
            Self::Line(line) => line.fmt(f),
            Self::Default => f.write_str("default"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Option | Origin::Default => f.write_str(&self.text),
            origin => write!(f, "{origin}: {}", self.text),
        }
    }
}

#[cfg(test)]
mod tests;
