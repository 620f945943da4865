//! Reads all that the operator has said, and puts it together.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, FromArgMatches};

use super::keys::{Keys, Kind, is_default};
use super::variables::{self, Variables};
use super::{Mistake, Origin, Setting, Value, document, reading};
use crate::cli::{Args, mistakes};

/// Where the options of this process come from. They can be read again.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The arguments, with the name of the program.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub variables: Variables,
    /// The file that counts if `--config` names none.
    pub system: PathBuf,
}

/// What holds.
#[derive(Debug)]
pub struct Settings {
    /// All options.
    pub args: Args,
    /// The same, each with where it comes from.
    pub held: Vec<Held>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// A key, and what holds for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The long option without its dashes.
    pub key: String,
    /// `None`: it has no value.
    pub value: Option<Value>,
    /// Where that comes from.
    pub origin: Origin,
}

/// Why nothing can hold.
#[derive(Debug)]
pub enum Trouble {
    /// The arguments cannot be used, or ask for `--help` and the like.
    Arguments(clap::Error),
    /// Files or variables have mistakes: all of them.
    Mistakes(Vec<Mistake>),
}

impl Sources {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self {
            arguments: std::env::args_os().collect(),
            variables: std::env::vars_os().collect(),
            system: SYSTEM.into(),
        }
    }

    /// Reads all of them.
    ///
    /// # Errors
    ///
    /// When anything in any of them is wrong.
    pub fn read(&self) -> Result<Settings, Trouble> {
        let keys = Keys::default();
        // What an option needs may come from a file.
        match Args::read(&self.arguments) {
            Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {}
            Err(error) => return Err(Trouble::Arguments(error)),
            Ok(args) if !args.is_configured() => {
                return Ok(Settings {
                    args,
                    held: Vec::new(),
                    files: Vec::new(),
                });
            }
            Ok(_) => {}
        }
        let given = given(&self.arguments).map_err(Trouble::Arguments)?;
        let files = self.files(given.get_one::<PathBuf>(CONFIG));
        let mut mistakes = Vec::new();
        let mut layers = vec![variables::read(&self.variables, &keys, &mut mistakes)];
        layers.extend(
            files
                .iter()
                .map(|file| document::read(file, &keys, &mut mistakes)),
        );
        let layers = layers.into_iter().map(|layer| judge(layer, &mut mistakes));
        let layers: Vec<_> = layers.collect();
        let settings = merge(layers, &given, &keys);
        look_for_needed(&settings, &given, &keys, &mut mistakes);
        if !mistakes.is_empty() {
            // Line by line, however they were found.
            mistakes.sort_by(|one, other| one.origin.cmp(&other.origin));
            return Err(Trouble::Mistakes(mistakes));
        }
        let matches = self
            .put_together(&settings, &keys)
            .map_err(Trouble::Arguments)?;
        Ok(Settings {
            held: held(&matches, &settings, &given, &keys),
            args: Args::from_arg_matches(&matches).map_err(Trouble::Arguments)?,
            files,
        })
    }

    /// What files and variables say of a key, whatever else is wrong in them.
    pub fn look_up(&self, key: &str) -> Option<OsString> {
        let (keys, mut mistakes) = (Keys::default(), Vec::new());
        let mut layers = vec![variables::read(&self.variables, &keys, &mut mistakes)];
        let files = self.files(None);
        layers.extend(
            files
                .iter()
                .map(|file| document::read(file, &keys, &mut mistakes)),
        );
        let mut settings = layers.into_iter().flatten();
        settings.find_map(|setting| match setting.value {
            Value::Single(value) if setting.key == key => Some(value),
            _ => None,
        })
    }

    /// The files that count, the first one before the others.
    fn files(&self, named: Option<&PathBuf>) -> Vec<PathBuf> {
        match named {
            Some(file) if file.as_os_str() == NONE => Vec::new(),
            Some(file) => vec![file.clone()],
            None => {
                let usual = self.of_user().into_iter().chain([self.system.clone()]);
                usual.filter(|file| reading::is_there(file)).collect()
            }
        }
    }

    /// The file of the user (XDG Base Directory Specification).
    fn of_user(&self) -> Option<PathBuf> {
        // By that specification a path that is not absolute counts as not set.
        let absolute = |name: &str| {
            let path = self.variables.get(OsStr::new(name)).map(Path::new);
            path.filter(|path| path.is_absolute())
        };
        let folder = absolute("XDG_CONFIG_HOME").map(Path::to_owned);
        let folder = folder.or_else(|| Some(absolute("HOME")?.join(".config")));
        Some(folder?.join("chat/server.toml"))
    }

    fn put_together(&self, settings: &[Setting], keys: &Keys) -> Result<ArgMatches, clap::Error> {
        let mut arguments: Vec<OsString> = self.arguments.iter().take(1).cloned().collect();
        let says_more = |setting: &&Setting| {
            let arg = keys.option(&setting.key);
            arg.is_some_and(|arg| !is_default(arg, &setting.value))
        };
        let settings = settings.iter().filter(says_more);
        arguments.extend(settings.flat_map(Setting::arguments));
        arguments.extend(self.arguments.iter().skip(1).cloned());
        Args::matches(arguments)
    }
}

/// Which options stand on the command line, whatever else they need.
fn given(arguments: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let command = Args::options().ignore_errors(true);
    command.try_get_matches_from(arguments)
}

fn is_given(given: &ArgMatches, arg: &Arg) -> bool {
    given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// Leaves out, and tells, what clap would not take as an option.
fn judge(layer: Vec<Setting>, mistakes: &mut Vec<Mistake>) -> Vec<Setting> {
    let why = |setting: &Setting| {
        let arguments = setting.arguments();
        let program = [OsString::from("chat-server")];
        let error = Args::read(program.iter().chain(&arguments)).err()?;
        (!is_missing(&error)).then(|| in_words(&error, &arguments))
    };
    let mut right = Vec::new();
    for setting in layer {
        match why(&setting) {
            None => right.push(setting),
            Some(text) => mistakes.push(Mistake {
                origin: setting.origin,
                text,
            }),
        }
    }
    right
}

/// Whether the options lack another one.
fn is_missing(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::MissingRequiredArgument
}

fn in_words(error: &clap::Error, arguments: &[OsString]) -> String {
    let arguments = arguments
        .iter()
        .map(|one| one.to_string_lossy().into_owned());
    let text = mistakes::explain(error, &arguments.collect::<Vec<_>>());
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("--").to_owned()
}

/// One value for each key: that of the first layer that has it, unless the command line has
/// it, or an option that cannot stand beside it.
fn merge(layers: Vec<Vec<Setting>>, given: &ArgMatches, keys: &Keys) -> Vec<Setting> {
    let mut before: BTreeSet<String> = keys
        .all()
        .filter(|arg| is_given(given, arg))
        .filter_map(|arg| Some(arg.get_long()?.to_owned()))
        .collect();
    let mut merged = Vec::new();
    for layer in layers {
        let counts = |setting: &Setting| {
            let excludes = |other: &String| {
                *other == setting.key || are_in_conflict(other, &setting.key, keys)
            };
            !before.iter().any(excludes)
        };
        let layer: Vec<Setting> = layer.into_iter().filter(counts).collect();
        before.extend(layer.iter().map(|setting| setting.key.clone()));
        merged.extend(layer);
    }
    merged
}

fn are_in_conflict(one: &str, other: &str, keys: &Keys) -> bool {
    let excludes = |one: &str, other: &str| {
        let mut all = keys.all();
        let arg = all.find(|arg| arg.get_long() == Some(one));
        arg.is_some_and(|arg| keys.conflicts_of(arg).any(|name| name == other))
    };
    excludes(one, other) || excludes(other, one)
}

/// Tells which keys need another one that is nowhere.
fn look_for_needed(
    settings: &[Setting],
    given: &ArgMatches,
    keys: &Keys,
    mistakes: &mut Vec<Mistake>,
) {
    for setting in settings {
        let Some(arg) = keys.option(&setting.key) else {
            continue;
        };
        if is_default(arg, &setting.value) {
            continue;
        }
        let program = [OsString::from("chat-server")];
        let Err(error) = Args::read(program.into_iter().chain(setting.arguments())) else {
            continue;
        };
        let Some(needed) = needed(&error) else {
            continue;
        };
        let is_there = settings.iter().any(|other| other.key == needed);
        let needed_arg = keys.option(&needed);
        if !is_there && !needed_arg.is_some_and(|arg| is_given(given, arg)) {
            mistakes.push(Mistake {
                origin: setting.origin.clone(),
                text: format!("{} needs {needed} as well", setting.key),
            });
        }
    }
}

/// The key that is missing.
fn needed(error: &clap::Error) -> Option<String> {
    let missing = match error.get(ContextKind::InvalidArg)? {
        ContextValue::Strings(missing) => missing.first()?,
        ContextValue::String(missing) => missing,
        _ => return None,
    };
    // It stands there with the name of its value.
    let key = missing.strip_prefix("--")?.split(' ').next()?;
    is_missing(error).then(|| key.to_owned())
}

/// What holds for each key.
fn held(matches: &ArgMatches, settings: &[Setting], given: &ArgMatches, keys: &Keys) -> Vec<Held> {
    let held = |(key, arg): (&str, &Arg)| {
        let set = settings.iter().find(|setting| setting.key == key);
        let values = || {
            let values = matches.get_raw(arg.get_id().as_str());
            let values = values.into_iter().flatten().map(OsStr::to_owned);
            values.collect::<Vec<_>>()
        };
        let value = match Kind::of(arg) {
            Kind::Flag => Some(Value::Flag(matches.get_flag(arg.get_id().as_str()))),
            Kind::Single => values().pop().map(Value::Single),
            Kind::List => Some(values()).filter(|it| !it.is_empty()).map(Value::List),
        };
        let origin = match set {
            _ if is_given(given, arg) => Origin::Option,
            Some(setting) => setting.origin.clone(),
            None => Origin::Default,
        };
        let key = key.to_owned();
        Held { key, value, origin }
    };
    keys.options().map(held).collect()
}

/// The option that names a file,
const CONFIG: &str = "config";

/// and that there is none.
const NONE: &str = "none";

/// The file for all users.
const SYSTEM: &str = "/etc/chat-server.toml";
