//! The keys that files and variables can have: the long options.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use super::Value;
use crate::cli::mistakes::{meant_instead_of, quoted};
use crate::cli::{Args, ONLY_ON_THE_COMMAND_LINE};

/// All options, and which of them are keys.
#[derive(Debug)]
pub struct Keys(Command);

/// What kind of value a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Flag,
    /// One.
    Single,
    /// Several.
    List,
}

impl Default for Keys {
    fn default() -> Self {
        Self(Args::options())
    }
}

impl Keys {
    /// The options that are keys, in the order of `--help`.
    pub fn options(&self) -> impl Iterator<Item = (&str, &Arg)> {
        let named = self.all().filter_map(|arg| Some((arg.get_long()?, arg)));
        named.filter(|(name, _)| !ONLY_ON_THE_COMMAND_LINE.contains(name))
    }

    /// All options.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arg> {
        self.0.get_arguments()
    }

    /// The option with this key.
    pub fn option(&self, key: &str) -> Option<&Arg> {
        let found = self.options().find(|(name, _)| *name == key);
        found.map(|(_, arg)| arg)
    }

    /// The options that cannot stand beside this one.
    pub(super) fn conflicts_of(&self, arg: &Arg) -> impl Iterator<Item = &str> {
        let conflicts = self.0.get_arg_conflicts_with(arg);
        conflicts.into_iter().filter_map(|arg| arg.get_long())
    }

    /// Why this is no key, and which one may be meant.
    pub fn unknown(&self, key: &str, value: Option<&str>) -> String {
        let shown = quoted(key);
        if ONLY_ON_THE_COMMAND_LINE.contains(&key) {
            return format!("{shown} can be given on the command line only: --{key}");
        }
        let meant = meant_instead_of(key, value);
        let meant: Vec<String> = meant.iter().filter_map(|one| self.as_key(one)).collect();
        match meant.is_empty() {
            true => format!("there is no key {shown}"),
            false => {
                let meant = meant.join(" or ");
                format!("there is no key {shown}: did you mean {meant}?")
            }
        }
    }

    /// An option, as `--listen 5000`, as it stands in a file.
    fn as_key(&self, option: &str) -> Option<String> {
        let option = option.strip_prefix("--")?;
        let (name, value) = match option.split_once(' ') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        self.option(name)?;
        Some(match value {
            Some(value) => format!("{name} = \"{value}\""),
            None => name.to_owned(),
        })
    }
}

impl Kind {
    /// The kind of an option.
    pub fn of(arg: &Arg) -> Self {
        match arg.get_action() {
            ArgAction::Append => Self::List,
            action if action.takes_values() => Self::Single,
            _ => Self::Flag,
        }
    }
}

/// Whether the program does the same without this value.
pub(super) fn is_default(arg: &Arg, value: &Value) -> bool {
    let defaults = arg.get_default_values().iter();
    let values: Vec<&OsString> = match value {
        Value::Flag(is_given) => return !is_given,
        Value::Single(value) => vec![value],
        Value::List(values) => values.iter().collect(),
    };
    defaults.eq(values)
}
