//! Wrong arguments, in words for people: what is wrong, and what was perhaps meant.

use std::net::IpAddr;

use chat_proto::catalogue;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error};

use super::Args;
use crate::net::listen::{DEFAULT_PORT, Listen};

/// What is wrong with the arguments `given`, without the program's name, of which
/// `error` was made, and what to give instead.
pub fn explain(error: &Error, given: &[String]) -> String {
    // An option with the name of its value.
    let argument = context(error, invalid(error)).replace(['<', '>'], "");
    let command = command(given);
    let option = argument.split(' ').next().unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue);
    let why = match error.kind() {
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => {
            unknown(error, &argument, given, &command)
        }
        ErrorKind::ArgumentConflict if argument == CTL => {
            format!("{CTL} stands first: the options of a server are not for it")
        }
        // Not one of ours that stands behind an option.
        ErrorKind::ArgumentConflict if is_subcommand(error) => {
            unknown(error, &argument, given, &command)
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            format!("{option} {}: {}", quoted(&value), why.unwrap_or_default())
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{option}: its value is missing"),
        ErrorKind::InvalidValue => {
            let possible = context(error, ContextKind::ValidValue);
            format!("{option} {}: give one of: {possible}", quoted(&value))
        }
        ErrorKind::TooManyValues => format!("{option} takes no value, such as {}", quoted(&value)),
        ErrorKind::MissingRequiredArgument => {
            let mut options = given.iter().filter_map(|one| one.split('=').next());
            let needing = options.rfind(|one| needs(one));
            // Where one of several will do.
            let argument = argument.trim_start_matches('<').trim_end_matches('>');
            format!(
                "{} needs {} as well",
                needing.unwrap_or("an option"),
                argument.replace('|', " or ")
            )
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    };
    match help(option, &command) {
        Some(help) => format!("{why}\n{argument}: {help}"),
        None => why,
    }
}

/// Where the person finds all options of what was `given`.
pub fn all_options(given: &[String]) -> &'static str {
    match is_ctl(given) {
        true => "chat-server ctl --help",
        false => "chat-server --help",
    }
}

/// Nothing else stands before the word.
fn is_ctl(given: &[String]) -> bool {
    given.first().is_some_and(|first| first == CTL)
}

/// The command that was `given`, with its options.
fn command(given: &[String]) -> Command {
    let server = Args::command();
    let ctl = server.find_subcommand(CTL).filter(|_| is_ctl(given));
    ctl.cloned().unwrap_or(server)
}

/// Whether what is wrong stands in the place of a subcommand.
fn is_subcommand(error: &Error) -> bool {
    error.get(ContextKind::InvalidSubcommand).is_some()
}

/// What names the argument that is wrong.
fn invalid(error: &Error) -> ContextKind {
    match is_subcommand(error) {
        true => ContextKind::InvalidSubcommand,
        false => ContextKind::InvalidArg,
    }
}

/// What an option is for, in a line.
fn help(option: &str, command: &Command) -> Option<String> {
    let name = option.strip_prefix("--")?;
    let arg = command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(name))?;
    Some(arg.get_help()?.to_string())
}

/// Whether it is an option that needs another one.
fn needs(option: &str) -> bool {
    let is_detail = option.starts_with("--history-") || option.starts_with("--cluster-");
    is_detail
        || matches!(
            option,
            "--cert" | "--key" | "--gone-after" | "--names-up-to"
        )
}

/// An argument that is none of ours.
fn unknown(error: &Error, argument: &str, given: &[String], command: &Command) -> String {
    let is_long = argument.starts_with("--");
    let at = given
        .iter()
        .position(|one| match one.strip_prefix(argument) {
            // Of `-p5002` only `-p` is named.
            Some(rest) => rest.is_empty() || rest.starts_with('=') || !is_long,
            None => false,
        });
    let whole = at.map_or(argument, |at| &given[at]);
    let next = at.and_then(|at| given.get(at + 1));
    let next = next
        .filter(|next| !next.starts_with('-'))
        .map(String::as_str);
    let before = at.and_then(|at| given.get(at.checked_sub(1)?));
    let is_negative = |text: &str| text[1..].starts_with(|first: char| first.is_ascii_digit());
    let is_behind_end = at.is_some_and(|at| given[..at].iter().any(|one| one == "--"));
    let (shown, meant) = (quoted(whole), meant(error, whole, next, command));
    match before {
        _ if is_behind_end && is_long => {
            format!("{shown} stands behind --, where nothing is an option: leave out --")
        }
        Some(option) if whole.starts_with('-') && is_negative(whole) => {
            format!("{option} {shown}: less than 0")
        }
        _ if !meant.is_empty() => {
            format!(
                "there is no option {shown}: did you mean {}?",
                meant.join(" or ")
            )
        }
        _ if whole.starts_with('-') => format!("there is no option {shown}"),
        _ => format!("{shown} is not an option: those begin with --"),
    }
}

/// What may have been meant with `whole`, which stands before `next`.
fn meant(error: &Error, whole: &str, next: Option<&str>, command: &Command) -> Vec<String> {
    let Some(option) = whole.strip_prefix('-') else {
        return word(whole, next).into_iter().collect();
    };
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => match option.find(|first: char| first.is_ascii_digit()) {
            // Such as -p5002.
            Some(1) => (&option[..1], Some(&option[1..])),
            _ => (option, next),
        },
    };
    let name = name
        .trim_start_matches('-')
        .to_lowercase()
        .replace('_', "-");
    let known: Vec<&str> = command
        .get_arguments()
        .filter_map(|arg| arg.get_long())
        .collect();
    if LISTEN_ELSEWHERE.contains(&&*name) && known.contains(&"listen") {
        return vec![listen(value.unwrap_or_default())];
    }
    if name == "no-tls" && known.contains(&"tls") {
        return vec!["--tls off".to_owned()];
    }
    let near: Vec<&str> = match known.iter().find(|known| **known == name) {
        Some(known) => vec![known],
        None => known
            .into_iter()
            .filter(|known| known.starts_with(&name) || known.ends_with(&format!("-{name}")))
            .collect(),
    };
    if near.is_empty() || name.is_empty() {
        let nearest = context(error, ContextKind::SuggestedArg);
        return Some(nearest)
            .filter(|nearest| !nearest.is_empty())
            .into_iter()
            .collect();
    }
    near.into_iter().map(|name| format!("--{name}")).collect()
}

/// What may have been meant with a word that is no option.
fn word(word: &str, next: Option<&str>) -> Option<String> {
    let is_host = word == "localhost" || word.parse::<IpAddr>().is_ok();
    let port = next.filter(|next| is_host && next.parse::<u16>().is_ok());
    match word {
        "help" | "version" => Some(format!("--{word}")),
        _ if catalogue::by_word(word.trim_start_matches('/')).is_some() => {
            Some(format!("{CTL} {}", quoted(word)))
        }
        _ if word.contains('/') || word.ends_with(".jsonl") => {
            Some(format!("--history {}", quoted(word)))
        }
        _ if is_host => Some(match port {
            Some(port) => listen(&with_port(word, port)),
            None => listen(word),
        }),
        _ => Listen::parse(word).is_ok().then(|| listen(word)),
    }
}

/// How to listen there.
fn listen(place: &str) -> String {
    match place {
        "" => "--listen ADDR:PORT".to_owned(),
        _ if Listen::parse(place).is_ok() => format!("--listen {place}"),
        _ => format!(
            "--listen {}",
            quoted(&with_port(place, &DEFAULT_PORT.to_string()))
        ),
    }
}

fn with_port(host: &str, port: &str) -> String {
    match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// The options that may have been meant with `--NAME`, of which there is none, each with its
/// value if that may be meant as well.
pub(crate) fn meant_instead_of(name: &str, value: Option<&str>) -> Vec<String> {
    let whole = format!("--{name}");
    match Args::matches(["chat-server", &whole]) {
        Err(error) => meant(&error, &whole, value, &Args::command()),
        Ok(_) => Vec::new(),
    }
}

/// As a shell takes it, and as a terminal can show it.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=%+,@[]".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.escape_debug()),
    }
}

fn context(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

/// What the option for where to listen is called in other programs.
const LISTEN_ELSEWHERE: [&str; 9] = [
    "port",
    "p",
    "bind",
    "b",
    "host",
    "address",
    "addr",
    "interface",
    "l",
];

/// The word before orders for a server that runs.
const CTL: &str = "ctl";
