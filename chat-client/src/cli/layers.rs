//! Options from more places than the command line: the environment, and the file of the
//! person, which can also name servers.
//!
//! An option comes before a variable, that before the file; in the file, what stands under the
//! server that is meant comes before what stands at the top. Values of the file become
//! arguments, so that clap judges them by the same rule.

mod document;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::{Args, parse_port};
use document::{Document, Entry};

/// Why there are no options.
#[derive(Debug)]
pub enum Trouble {
    /// The command line has a mistake, or asks for `--help` and the like.
    Arguments(clap::Error),
    /// The file or a variable has these mistakes.
    Mistakes(Vec<String>),
}

/// The file of this person: `$XDG_CONFIG_HOME/chat/client.toml`, where that is `~/.config`
/// unless it is set (XDG Base Directory Specification).
pub fn file_of_user() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let folder = variable("XDG_CONFIG_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| Some(std::env::home_dir()?.join(".config")))?;
    Some(folder.join("chat/client.toml"))
}

impl Args {
    /// Reads the arguments of the program, the first of which is its name, and what they do not
    /// say from the environment and from `file`, if it is there.
    ///
    /// # Errors
    ///
    /// When any of it is wrong.
    pub fn read(
        given: &[OsString],
        environment: impl Fn(&str) -> Option<String>,
        file: Option<&Path>,
    ) -> Result<Self, Trouble> {
        let matches = Self::command().try_get_matches_from(given);
        let matches = matches.map_err(Trouble::Arguments)?;
        if is_given(&matches, "generate") {
            // It prints the same whatever the person has set.
            return Self::from_arg_matches(&matches).map_err(Trouble::Arguments);
        }
        let mut mistakes = Vec::new();
        let document = file.map(|file| Document::read(file, &mut mistakes));
        let document = document.unwrap_or_default();
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let server = Server::find(&matches, &document, &set, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(Trouble::Mistakes(mistakes));
        }
        let entries = server.entries.iter().chain(&document.top);
        let mut arguments: Vec<OsString> = given.iter().take(1).cloned().collect();
        arguments.extend(arguments_of(entries, &matches, set));
        arguments.extend(given.iter().skip(1).cloned());
        let matches = Self::command().try_get_matches_from(arguments);
        let mut args = Self::from_arg_matches(&matches.map_err(Trouble::Arguments)?)
            .map_err(Trouble::Arguments)?;
        if let Some(host) = server.host {
            args.host = host;
        }
        args.port = args.port.or(server.port);
        args.socket = args.socket.take().or(server.socket);
        Ok(args)
    }
}

/// The server that is meant, as far as the command line does not say it itself.
#[derive(Debug, Default)]
struct Server<'a> {
    host: Option<String>,
    port: Option<u16>,
    socket: Option<PathBuf>,
    /// What the file says of it.
    entries: &'a [Entry],
}

impl<'a> Server<'a> {
    /// Looks for it. The two variables count where the command line names no server.
    fn find(
        matches: &ArgMatches,
        document: &'a Document,
        set: &impl Fn(&str) -> Option<String>,
        mistakes: &mut Vec<String>,
    ) -> Self {
        if is_given(matches, "socket") || is_given(matches, "forget") {
            return Self::default();
        }
        let on_line = matches
            .get_one::<String>("host")
            .filter(|_| is_given(matches, "host"));
        let mut server = Self::default();
        let mut word = on_line.cloned();
        if on_line.is_none() {
            word = set("CHAT_HOST");
            server.port = set("CHAT_PORT").and_then(|port| match parse_port(&port) {
                Ok(port) => Some(port),
                Err(why) => {
                    mistakes.push(format!("CHAT_PORT {port:?} is no port: {why}"));
                    None
                }
            });
            if word.is_none() {
                word = Entry::value_of(&document.top, HOST);
                server.port = server.port.or_else(|| Entry::port_of(&document.top));
            }
            if word.is_none() {
                server.socket = Entry::value_of(&document.top, SOCKET).map(PathBuf::from);
            }
        }
        server.host.clone_from(&word);
        if let Some(named) = word.and_then(|word| document.servers.get(&word)) {
            server.host = Entry::value_of(named, HOST);
            server.port = server.port.or_else(|| Entry::port_of(named));
            server.socket = Entry::value_of(named, SOCKET).map(PathBuf::from);
            server.entries = named;
        }
        server
    }
}

/// The arguments that say what the file says, unless the command line or a variable says it
/// already, or an option with which they cannot stand.
fn arguments_of<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    matches: &ArgMatches,
    set: impl Fn(&str) -> Option<String>,
) -> Vec<OsString> {
    let command = Args::command();
    let mut before: BTreeSet<&str> = command
        .get_arguments()
        .filter(|arg| is_given(matches, arg.get_id().as_str()))
        .filter_map(|arg| arg.get_long())
        .collect();
    let in_environment = VARIABLES
        .iter()
        .filter(|(_, variable)| set(variable).is_some());
    before.extend(in_environment.map(|(key, _)| *key));
    // A flag that is false says something of itself alone.
    let mut excluding = before.clone();
    let mut arguments = Vec::new();
    for entry in entries.filter(|entry| ![HOST, PORT, SOCKET].contains(&&*entry.key)) {
        let mut conflicts = command.get_arguments().filter(|arg| {
            let others = command.get_arg_conflicts_with(arg);
            let is_in = |key: &str| arg.get_long() == Some(key);
            let has = |key: &str| others.iter().any(|other| other.get_long() == Some(key));
            excluding
                .iter()
                .any(|key| is_in(key) && has(&entry.key) || is_in(&entry.key) && has(key))
        });
        if !before.contains(&*entry.key) && conflicts.next().is_none() {
            before.insert(&entry.key);
            if let Some(argument) = entry.argument() {
                arguments.push(argument);
                excluding.insert(&entry.key);
            }
        }
    }
    arguments
}

fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// What the variables that there are already stand for.
const VARIABLES: [(&str, &str); 3] = [
    ("name", "CHAT_NAME"),
    ("password-file", "CHAT_PASSWORD"),
    ("color", "NO_COLOR"),
];

const HOST: &str = "host";
const PORT: &str = "port";
const SOCKET: &str = "socket";

#[cfg(test)]
mod tests;
