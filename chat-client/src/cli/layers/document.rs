//! The file of the person, in TOML. Every mistake in it is told, each with its line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, CommandFactory, Parser};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::{Args, parse_port};
use super::{HOST, PORT, SOCKET};
use crate::reason::reason;
use crate::store::file;

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// For all servers.
    pub(super) top: Vec<Entry>,
    /// For one server, by the word that means it.
    pub(super) servers: BTreeMap<String, Vec<Entry>>,
}

/// A key with its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// `None`: a flag that is not to be given.
    value: Option<String>,
    /// It has no value but that it is given.
    is_flag: bool,
}

impl Entry {
    /// The argument that says the same.
    pub(super) fn argument(&self) -> Option<OsString> {
        let value = self.value.as_ref()?;
        Some(match self.is_flag {
            true => format!("--{}", self.key).into(),
            false => format!("--{}={value}", self.key).into(),
        })
    }

    /// What a key of these is.
    pub(super) fn value_of(entries: &[Self], key: &str) -> Option<String> {
        entries.iter().find(|entry| entry.key == key)?.value.clone()
    }

    /// The port of these.
    pub(super) fn port_of(entries: &[Self]) -> Option<u16> {
        parse_port(&Self::value_of(entries, PORT)?).ok()
    }
}

impl Document {
    /// Reads the file, which need not be there. A link that leads nowhere was meant to be one.
    pub(super) fn read(path: &Path, mistakes: &mut Vec<String>) -> Self {
        if std::fs::symlink_metadata(path).is_err() {
            return Self::default();
        }
        match text(path) {
            Ok(text) => Self::parse(path, &text, mistakes),
            Err(why) => {
                mistakes.push(format!("{}: {why}", path.display()));
                Self::default()
            }
        }
    }

    fn parse(path: &Path, text: &str, mistakes: &mut Vec<String>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut found: Vec<(usize, String)> = Vec::new();
        for error in errors {
            let message = error
                .message()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            let at = error.span().map_or(0, |span| span.start);
            found.push((at, format!("that is not TOML: {message}")));
        }
        let mut document = Self::default();
        for (key, value) in table.get_ref() {
            match (&**key.get_ref(), value.get_ref()) {
                ("servers", DeValue::Table(servers)) => {
                    for (name, server) in servers {
                        match server.get_ref() {
                            DeValue::Table(server) => {
                                let entries = entries(server.iter(), &mut found);
                                found.extend(conflict(server, &entries));
                                if [HOST, SOCKET]
                                    .iter()
                                    .all(|key| Entry::value_of(&entries, key).is_none())
                                {
                                    let why = format!("servers.{} has no host", name.get_ref());
                                    found.push((name.span().start, why));
                                }
                                document.servers.insert(name.get_ref().to_string(), entries);
                            }
                            _ => found.push((name.span().start, NO_SERVER.to_owned())),
                        }
                    }
                }
                ("servers", _) => found.push((key.span().start, NO_SERVER.to_owned())),
                _ => document
                    .top
                    .extend(entries([(key, value)].into_iter(), &mut found)),
            }
        }
        found.extend(conflict(table.get_ref(), &document.top));
        found.sort();
        let shown = path.display();
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let found_all = found.len();
        let first = found.into_iter().take(MOST_MISTAKES);
        mistakes.extend(first.map(|(at, why)| format!("{shown}:{}: {why}", line(at))));
        if found_all > MOST_MISTAKES {
            mistakes.push(format!(
                "{shown}: and {} more mistakes",
                found_all - MOST_MISTAKES
            ));
        }
        document
    }
}

/// The keys of a table.
fn entries<'a, 'i: 'a>(
    table: impl Iterator<
        Item = (
            &'a Spanned<std::borrow::Cow<'i, str>>,
            &'a Spanned<DeValue<'i>>,
        ),
    >,
    found: &mut Vec<(usize, String)>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (key, value) in table {
        // To find out what may have been meant takes a millisecond.
        if found.len() > 2 * MOST_MISTAKES {
            break;
        }
        match entry(key.get_ref(), value.get_ref()) {
            Ok(entry) => entries.push(entry),
            Err(why) => found.push((key.span().start, why)),
        }
    }
    entries
}

/// Which keys of one table cannot stand beside each other, and where. Those of several tables
/// may: one comes first.
fn conflict(table: &DeTable<'_>, entries: &[Entry]) -> Option<(usize, String)> {
    let others = [HOST, PORT, SOCKET];
    let entries = entries.iter().filter(|it| !others.contains(&&*it.key));
    let program = [OsString::from("chat-client")];
    let arguments = program
        .into_iter()
        .chain(entries.filter_map(Entry::argument));
    let error = Args::try_parse_from(arguments).err()?;
    let name = |kind| match error.get(kind)? {
        ContextValue::String(name) => Some(name),
        ContextValue::Strings(names) => names.first(),
        _ => None,
    };
    // They stand there with the name of their value.
    let key = |kind| name(kind)?.strip_prefix("--")?.split(' ').next();
    let (one, other) = (key(ContextKind::InvalidArg)?, key(ContextKind::PriorArg)?);
    let mut keys = table.iter().map(|(key, _)| key);
    let at = keys.find(|key| key.get_ref() == one)?.span().start;
    Some((at, format!("{one} cannot stand beside {other}")))
}

fn entry(key: &str, value: &DeValue<'_>) -> Result<Entry, String> {
    let command = Args::command();
    let arg = command.get_arguments().find(|arg| is_key(arg, key));
    let is_named = [HOST, PORT].contains(&key);
    if arg.is_none() && !is_named {
        return Err(unknown(key));
    }
    let is_flag = arg.is_some_and(|arg| !arg.get_action().takes_values());
    let value = match value {
        DeValue::Boolean(is_given) if is_flag => is_given.then(String::new),
        _ if is_flag => return Err(format!("{key} is true or false")),
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            // As 0x10 too, and what is too large for us is so for the option.
            let read = i128::from_str_radix(number.as_str(), number.radix());
            Some(read.map_or_else(|_| number.as_str().to_owned(), |it| it.to_string()))
        }
        _ => return Err(format!("{key} takes a text or a number")),
    };
    let entry = Entry {
        key: key.to_owned(),
        value,
        is_flag,
    };
    match (key, &entry.value) {
        (HOST, _) => {}
        (PORT, Some(port)) => {
            parse_port(port).map_err(|why| format!("port {port:?} is no port: {why}"))?;
        }
        _ => judge(&entry)?,
    }
    Ok(entry)
}

/// Whether it is an option that can stand in the file.
fn is_key(arg: &Arg, key: &str) -> bool {
    arg.get_long() == Some(key) && !arg.is_hide_set() && !ONLY_ON_THE_COMMAND_LINE.contains(&key)
}

/// Has clap say whether the value can be used.
fn judge(entry: &Entry) -> Result<(), String> {
    let arguments = [OsString::from("chat-client")]
        .into_iter()
        .chain(entry.argument());
    let Err(error) = Args::try_parse_from(arguments) else {
        return Ok(());
    };
    let value = entry.value.as_deref().unwrap_or_default();
    let why = match (
        std::error::Error::source(&error),
        error.get(ContextKind::ValidValue),
    ) {
        (Some(why), _) => why.to_string(),
        (None, Some(ContextValue::Strings(values))) => {
            format!("give one of: {}", values.join(", "))
        }
        (None, _) => "that cannot be its value".to_owned(),
    };
    Err(format!("{} {value:?}: {why}", entry.key))
}

/// Why this is no key, and which one may be meant.
fn unknown(key: &str) -> String {
    if ONLY_ON_THE_COMMAND_LINE.contains(&key) {
        return format!("{key} can be given on the command line only: --{key}");
    }
    let error = Args::try_parse_from(["chat-client", &format!("--{key}")]).err();
    let near = error
        .as_ref()
        .and_then(|error| error.get(ContextKind::SuggestedArg));
    match near {
        Some(ContextValue::String(near)) => {
            let near = near.trim_start_matches("--");
            format!("there is no key {key:?}: did you mean {near}?")
        }
        _ => format!("there is no key {key:?}"),
    }
}

/// The text of a regular file of bounded size.
fn text(path: &Path) -> Result<String, String> {
    let opened = file::open(path, OpenOptions::new().read(true));
    let opened = opened.map_err(|error| reason(&error))?;
    let opened = opened.ok_or("it is a device, and no file")?;
    let mut bytes = Vec::new();
    let read = opened.take(MAX_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|error| reason(&error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it has more than {MAX_FILE} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// They are for one run.
const ONLY_ON_THE_COMMAND_LINE: &[&str] = &[
    "forget", "generate", "help", "json", "send", "show-key", "version",
];

const NO_SERVER: &str = "a server is a table: [servers.NAME], with a host";

/// As in a server's file.
const MAX_FILE: u64 = 256 * 1024;

/// More would only scroll the first ones away.
const MOST_MISTAKES: usize = 20;
