//! What one event of the log is made of: a level, a fixed message, and its variables.

use std::fmt::Display;

use chat_proto::text;
use clap::ValueEnum;

/// How much an event matters to the operator; the ones that matter most come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[repr(u8)]
pub enum Level {
    /// Something does not work, and the operator has to do something.
    Error,
    /// The operator should look at it.
    Warn,
    /// What happens in an ordinary room.
    Info,
    /// What is of use only to find a fault.
    Debug,
}

impl Level {
    /// As the log writes it, and the option takes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// The priority of syslog(3), which the journal knows.
    pub(super) fn priority(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warn => 4,
            Self::Info => 6,
            Self::Debug => 7,
        }
    }

    pub(super) fn of(number: u8) -> Self {
        match number {
            0 => Self::Error,
            1 => Self::Warn,
            2 => Self::Info,
            _ => Self::Debug,
        }
    }
}

/// What the log tells of one event. The message is always the same for the same kind of
/// event, so that a search finds all of them; what differs are the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub(super) message: &'static str,
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// One line without anything that a terminal obeys.
    Text(String),
    Number(u64),
}

impl Record {
    /// One without fields.
    pub fn new(message: &'static str) -> Self {
        Self {
            message,
            fields: Vec::new(),
        }
    }

    /// Adds a field. The value may come from a stranger.
    pub fn with(mut self, key: &'static str, value: impl Display) -> Self {
        let value = value.to_string();
        let value = text::clean(&value).replace(char::is_control, " ");
        self.fields.push((key, Value::Text(value)));
        self
    }

    /// Adds a field if there is a value.
    pub fn with_some(self, key: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a field that is a number.
    pub fn count(mut self, key: &'static str, number: impl TryInto<u64>) -> Self {
        let number = number.try_into().unwrap_or(u64::MAX);
        self.fields.push((key, Value::Number(number)));
        self
    }
}
