//! A configuration file in TOML. Every mistake in it is told, each with its line.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Keys, Kind};
use super::reading::{self, Unreadable};
use super::{Line, Mistake, Origin, Setting, Value};
use crate::cli::mistakes::quoted;

/// Reads a file: what it sets, and what is wrong with it.
pub fn read(path: &Path, keys: &Keys, mistakes: &mut Vec<Mistake>) -> Vec<Setting> {
    let path: Arc<Path> = path.into();
    match reading::read_text(&path, MAX_FILE) {
        Ok(text) => parse(&path, &text, keys, mistakes),
        Err(Unreadable { line, why }) => {
            let shown = path.display();
            mistakes.push(match line {
                Some(number) => Mistake {
                    origin: Origin::Line(Line { path, number }),
                    text: format!("the file {why}"),
                },
                None => Mistake {
                    origin: Origin::Default,
                    text: format!("the configuration file {shown} {why}"),
                },
            });
            Vec::new()
        }
    }
}

/// Reads the text of a file.
pub fn parse(
    path: &Arc<Path>,
    text: &str,
    keys: &Keys,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Setting> {
    let origin = |at: usize| {
        let before = text.as_bytes().iter().take(at);
        Origin::Line(Line {
            path: Arc::clone(path),
            number: before.filter(|byte| **byte == b'\n').count() + 1,
        })
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        mistakes.push(Mistake {
            origin: origin(error.span().map_or(0, |span| span.start)),
            text: format!("that is not TOML: {}", one_line(error.message())),
        });
    }
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut settings = Vec::new();
    for (key, value) in entries {
        let origin = origin(key.span().start);
        // To find out what may have been meant takes a millisecond.
        if mistakes.len() > MOST_EXPLAINED {
            let text = "the file is no configuration".to_owned();
            mistakes.push(Mistake { origin, text });
            break;
        }
        match setting(key.get_ref(), value, keys) {
            Ok(value) => settings.push(Setting {
                key: key.get_ref().to_string(),
                value,
                origin,
            }),
            Err(text) => mistakes.push(Mistake { origin, text }),
        }
    }
    settings
}

fn setting(key: &str, value: &Spanned<DeValue<'_>>, keys: &Keys) -> Result<Value, String> {
    let value = value.get_ref();
    if value.is_table() || is_tables(value) {
        let shown = quoted(key);
        return Err(match keys.option(key) {
            Some(_) => format!("{shown} is no table: write {shown} = …"),
            None => format!("there is no table {shown}: write its keys without [{shown}]"),
        });
    }
    let Some(arg) = keys.option(key) else {
        let text = scalar(value).ok();
        let text = text.as_ref().and_then(|text| text.to_str());
        return Err(keys.unknown(key, text));
    };
    match (Kind::of(arg), value) {
        (Kind::Flag, DeValue::Boolean(is_given)) => Ok(Value::Flag(*is_given)),
        (Kind::Flag, _) => Err(format!("{key} is true or false")),
        (Kind::List, DeValue::Array(values)) => {
            let values = values.iter().map(|value| scalar(value.get_ref()));
            let values: Result<Vec<OsString>, &str> = values.collect();
            values
                .map(Value::List)
                .map_err(|what| format!("{key} is a list of texts or numbers, and has {what}"))
        }
        (kind, _) => {
            let text = scalar(value).map_err(|what| {
                let wanted = arg.get_value_names().and_then(<[_]>::first);
                let wanted = wanted.map_or("a text or a number", |name| name.as_str());
                format!("{key} takes {wanted}, and not {what}")
            })?;
            Ok(match kind {
                Kind::List => Value::List(vec![text]),
                Kind::Flag | Kind::Single => Value::Single(text),
            })
        }
    }
}

/// Whether it is what `[[name]]` makes.
fn is_tables(value: &DeValue<'_>) -> bool {
    let first = value.as_array().and_then(|array| array.iter().next());
    first.is_some_and(|first| first.get_ref().is_table())
}

/// A value as an argument would have it, or what it is instead.
fn scalar(value: &DeValue<'_>) -> Result<OsString, &'static str> {
    match value {
        DeValue::String(text) => Ok(OsString::from(text.as_ref())),
        DeValue::Integer(number) => {
            // As 0x10 too, and what is too large for us is so for the option.
            let read = i128::from_str_radix(number.as_str(), number.radix());
            let text = read.map_or_else(|_| number.as_str().to_owned(), |it| it.to_string());
            Ok(text.into())
        }
        DeValue::Float(number) => Ok(number.as_str().into()),
        DeValue::Boolean(_) => Err("true or false"),
        DeValue::Datetime(_) => Err("a date or a time: write it within quotation marks"),
        DeValue::Array(_) => Err("a list"),
        DeValue::Table(_) => Err("a table"),
    }
}

/// The words of the parser, which are for several lines.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// More are told by no reader.
const MOST_EXPLAINED: usize = 100;

/// A file with all keys and what is said of them has some 12 KiB.
pub const MAX_FILE: u64 = 256 * 1024;
