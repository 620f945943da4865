//! How the log is written: for people, for programs, and for the journal of systemd.

use std::fmt::Write;

use chat_proto::event::Timestamp;
use chat_proto::text;
use clap::ValueEnum;
use serde_json::Value as Json;

use super::record::{Level, Record, Value};

/// What `--log-format` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// For the journal if standard error is connected to it, else text.
    #[default]
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `TIME LEVEL message key=value`.
    Text,
    /// `{"time":…,"level":…,"message":…,"fields":{…}}`.
    Json,
    /// `<PRIORITY>message key=value`: the journal has a time of its own.
    Journal,
}

/// An event, and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamped {
    pub(super) time: Timestamp,
    pub(super) level: Level,
    pub(super) record: Record,
}

impl Format {
    /// The format for standard error.
    pub fn on_stderr(choice: Choice) -> Self {
        match choice {
            Choice::Json => Self::Json,
            Choice::Auto if is_stderr_the_journal() => Self::Journal,
            Choice::Auto | Choice::Text => Self::Text,
        }
    }

    /// The format for a terminal.
    pub fn on_terminal(choice: Choice) -> Self {
        match choice {
            Choice::Json => Self::Json,
            Choice::Auto | Choice::Text => Self::Text,
        }
    }

    /// The line of an event, with its end.
    pub fn line(self, time: Timestamp, level: Level, record: &Record) -> String {
        let mut line = match self {
            Self::Text => format!("{time} {} ", level.word()),
            Self::Journal => format!("<{}>", level.priority()),
            Self::Json => {
                let mut line = json_line(time, level, record);
                line.push('\n');
                return line;
            }
        };
        line += record.message;
        for (key, value) in &record.fields {
            // A write into a string does not fail.
            let _ = match value {
                Value::Number(number) => write!(line, " {key}={number}"),
                Value::Text(text) if is_plain(text) => write!(line, " {key}={text}"),
                Value::Text(text) => write!(line, " {key}={}", quoted(text)),
            };
        }
        line.push('\n');
        line
    }

    /// What is said at the start: `words` to people, and the record to programs.
    pub(super) fn words(self, words: &str, stamped: &Stamped) -> String {
        match self {
            Self::Text => format!("{}\n", text::clean(words)),
            Self::Json | Self::Journal => stamped.line(self),
        }
    }
}

impl Stamped {
    pub(super) fn line(&self, format: Format) -> String {
        format.line(self.time, self.level, &self.record)
    }
}

fn json_line(time: Timestamp, level: Level, record: &Record) -> String {
    let mut line = format!(
        "{{\"time\":\"{time}\",\"level\":\"{}\",\"message\":{},\"fields\":{{",
        level.word(),
        Json::from(record.message)
    );
    for (index, (key, value)) in record.fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let value = match value {
            Value::Number(number) => Json::from(*number),
            Value::Text(text) => Json::from(text.as_str()),
        };
        let _ = write!(line, "{comma}{}:{value}", Json::from(*key));
    }
    line += "}}";
    line
}

/// Whether a value can stand without quotes: it is one word, and not taken for another field.
fn is_plain(text: &str) -> bool {
    let is_special = |c: char| c.is_whitespace() || matches!(c, '"' | '=' | '\\');
    !text.is_empty() && !text.contains(is_special)
}

/// In quotes; a quote within and a backslash have a backslash before them.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

/// Whether standard error is the stream that systemd has connected to the journal. A variable
/// alone says little: a program that was started from a unit has it, too, and may have its
/// errors in a file.
fn is_stderr_the_journal() -> bool {
    #[cfg(unix)]
    {
        use std::fs::File;
        use std::os::fd::AsFd;
        use std::os::unix::fs::MetadataExt;
        let stderr = std::io::stderr().as_fd().try_clone_to_owned();
        let found = stderr.and_then(|stderr| File::from(stderr).metadata());
        let variable = std::env::var("JOURNAL_STREAM").ok();
        variable
            .zip(found.ok())
            .is_some_and(|(variable, found)| names(&variable, found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    false
}

/// Whether `JOURNAL_STREAM` (systemd.exec(5)) names this device and this inode.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no journal"))]
fn names(variable: &str, device: u64, inode: u64) -> bool {
    let Some((named_device, named_inode)) = variable.split_once(':') else {
        return false;
    };
    named_device.parse() == Ok(device) && named_inode.parse() == Ok(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::new("left")
            .with("name", "ann")
            .with("address", "[2001:db8::1]:7")
            .with("reason", "said /quit")
            .count("people", 3_usize)
    }

    fn time() -> Timestamp {
        "2026-11-23T10:00:00.123Z".parse().unwrap()
    }

    #[test]
    fn each_format_has_its_line() {
        let line = |format: Format| format.line(time(), Level::Warn, &record());
        let fields = r#"left name=ann address=[2001:db8::1]:7 reason="said /quit" people=3"#;
        assert_eq!(
            line(Format::Text),
            format!("2026-11-23T10:00:00.123Z warn {fields}\n")
        );
        assert_eq!(line(Format::Journal), format!("<4>{fields}\n"));
        let json = line(Format::Json);
        assert!(json.ends_with("}}\n"));
        let read: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "time": "2026-11-23T10:00:00.123Z", "level": "warn", "message": "left",
                "fields": {
                    "name": "ann", "address": "[2001:db8::1]:7", "reason": "said /quit",
                    "people": 3,
                },
            })
        );
        // In the order in which people read it.
        assert!(json.starts_with(r#"{"time":"2026-11-23T10:00:00.123Z","level":"warn","message""#));
    }

    /// What a stranger chooses is one value, whatever it holds.
    #[test]
    fn no_value_forges_a_field_or_a_line() {
        for (value, shown) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("x=y", r#""x=y""#),
            (r#"a" level=error b=""#, r#""a\" level=error b=\"""#),
            (r"a\", r#""a\\""#),
            ("a\n2026-11-23T10:00:00.123Z info stopped", {
                r#""a 2026-11-23T10:00:00.123Z info stopped""#
            }),
            ("a\r\n<0>b", r#""a <0>b""#),
            ("\x1b[31mred\x07", "red"),
            ("a\u{2028}b", "\"a b\""),
            ("a\u{a0}b", "\"a\u{a0}b\""),
            ("a\tb", "\"a b\""),
            ("a\u{202e}b\u{9b}c", "ab"),
            ("Zoë", "Zoë"),
        ] {
            let record = Record::new("x").with("name", value).count("n", 1_u64);
            let line = Format::Text.line(time(), Level::Info, &record);
            let behind = line.split_once("info x name=").unwrap().1;
            assert_eq!(behind, format!("{shown} n=1\n"), "{value:?}");
            let json = Format::Json.line(time(), Level::Info, &record);
            assert_eq!(json.matches('\n').count(), 1, "{value:?}");
            let read: Json = serde_json::from_str(&json).unwrap();
            assert_eq!(read["fields"]["n"], 1, "{value:?}");
            assert_eq!(read["level"], "info", "{value:?}");
        }
    }

    /// Of what systemd says only the very stream counts that standard error is.
    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        for (variable, is_it) in [
            ("9:12345", true),
            ("9:12346", false),
            ("8:12345", false),
            ("9:", false),
            ("9", false),
            ("", false),
            ("9:12345:6", false),
            ("x:12345", false),
        ] {
            assert_eq!(names(variable, 9, 12345), is_it, "{variable:?}");
        }
    }

    #[test]
    fn the_option_is_followed() {
        assert_eq!(Format::on_stderr(Choice::Json), Format::Json);
        assert_eq!(Format::on_stderr(Choice::Text), Format::Text);
        assert_eq!(Format::on_terminal(Choice::Auto), Format::Text);
    }
}
