//! What `--check-config` and `--print-default-config` print: files in TOML, which can be given
//! back with `--config`.

use std::ffi::OsString;
use std::fmt::Write;

use clap::Arg;

use super::Value;
use super::keys::{Keys, Kind};
use super::sources::{Held, Settings};

impl Held {
    /// The key with its value and its origin, in a line.
    pub(crate) fn in_words(&self) -> String {
        let keys = Keys::default();
        match &self.value {
            Some(value) => {
                let value = in_toml(value, keys.option(&self.key));
                format!("{} = {value} ({})", self.key, self.origin)
            }
            None => format!("{} has no value ({})", self.key, self.origin),
        }
    }
}

/// What holds, each value with where it comes from.
pub fn what_holds(settings: &Settings, keys: &Keys) -> String {
    let mut text = String::new();
    let mut heading = None;
    for Held { key, value, origin } in &settings.held {
        let arg = keys.option(key);
        begin_group(arg, &mut heading, &mut text);
        let line = match value {
            Some(value) => format!("{key} = {}", in_toml(value, arg)),
            None => format!("# {key} has no value"),
        };
        let _ = writeln!(text, "{line:<WIDTH$} # {origin}");
    }
    text
}

/// A file with all keys and what they do, in which each key that has a default is commented
/// out by a `#` right before it.
pub fn defaults(keys: &Keys) -> String {
    let mut text = HEAD.to_owned();
    let mut heading = None;
    for (key, arg) in keys.options() {
        begin_group(Some(arg), &mut heading, &mut text);
        let help = arg.get_long_help().or_else(|| arg.get_help());
        let help = help.map_or_else(String::new, ToString::to_string);
        let possible = arg.get_possible_values();
        for line in help.lines() {
            put_comment(line, &mut text);
        }
        if !possible.is_empty() && Kind::of(arg) != Kind::Flag {
            let names: Vec<_> = possible.iter().map(|one| one.get_name()).collect();
            put_comment(&format!("One of: {}", names.join(", ")), &mut text);
        }
        let _ = match default(arg) {
            Some(value) => writeln!(text, "#{key} = {}\n", in_toml(&value, Some(arg))),
            None => writeln!(text, "# {key} = {}\n", example(arg)),
        };
    }
    text
}

/// Options of the same group stand together.
fn begin_group(arg: Option<&Arg>, heading: &mut Option<String>, text: &mut String) {
    let this = arg.and_then(Arg::get_help_heading);
    if let Some(this) = this.filter(|this| heading.as_deref() != Some(this)) {
        let before = if text.is_empty() { "" } else { "\n" };
        // A file of defaults has a blank line there already.
        let before = if text.ends_with("\n\n") { "" } else { before };
        let _ = writeln!(text, "{before}## {this}\n");
        *heading = Some(this.to_owned());
    }
}

fn default(arg: &Arg) -> Option<Value> {
    let values = || {
        arg.get_default_values()
            .iter()
            .map(|one| OsString::from(&**one))
    };
    match Kind::of(arg) {
        Kind::Flag => Some(Value::Flag(false)),
        Kind::Single => values().next().map(Value::Single),
        Kind::List => Some(values().collect::<Vec<_>>())
            .filter(|values| !values.is_empty())
            .map(Value::List),
    }
}

/// What stands in the place of a value.
fn example(arg: &Arg) -> String {
    let name = arg.get_value_names().and_then(<[_]>::first);
    let name = name.map_or("…", |name| name.as_str());
    match Kind::of(arg) {
        Kind::List => format!("[\"{name}\", …]"),
        Kind::Flag | Kind::Single => format!("\"{name}\""),
    }
}

/// A value as TOML has it: a number, where it is given as one, is one.
fn in_toml(value: &Value, arg: Option<&Arg>) -> String {
    match value {
        Value::Flag(is_given) => is_given.to_string(),
        Value::Single(value) => {
            let text = value.to_string_lossy();
            let default = arg.and_then(|arg| arg.get_default_values().first());
            let takes_numbers = default.is_some_and(|it| it.to_str().is_some_and(is_number));
            match takes_numbers && is_number(&text) {
                true => text.into_owned(),
                false => quoted(&text),
            }
        }
        Value::List(values) => {
            let values = values.iter().map(|value| quoted(&value.to_string_lossy()));
            format!("[{}]", values.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether TOML reads it as a whole number, and as this text.
fn is_number(text: &str) -> bool {
    text.parse::<i64>()
        .is_ok_and(|number| number.to_string() == text)
}

/// A string of TOML, safe to print.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\'' => quoted.push(letter),
            // What a terminal would obey, or not show.
            _ if letter.escape_debug().len() > 1 && !letter.is_alphanumeric() => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(letter));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A line of prose as comments of a readable width.
fn put_comment(line: &str, text: &mut String) {
    let mut row = String::from("#");
    for word in line.split_whitespace() {
        if row.len() + 1 + word.len() > COMMENT_WIDTH && row.len() > 1 {
            let _ = writeln!(text, "{row}");
            row = String::from("#");
        }
        row.push(' ');
        row.push_str(word);
    }
    let _ = writeln!(text, "{row}");
}

const HEAD: &str = "\
# Configuration of chat-server, in TOML. The keys are the long options.
#
# Each key that has a default stands here with it: remove the # before the key, and change the
# value. chat-server --check-config tells what holds, and what is wrong.

";

/// Where the second column begins.
const WIDTH: usize = 44;

/// How long a comment is.
const COMMENT_WIDTH: usize = 90;
