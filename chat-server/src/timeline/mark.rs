//! Places in the timeline: between two events, and of one event, in the log of each
//! form.

use std::ops::Range;

/// The encodings, one of which each connection reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For `nc` and eyes.
    Text,
    /// For programs.
    Json,
}

/// A boundary between two events, in both logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The number of the last event before it.
    pub seq: u64,
    /// Its place in the log of the text form.
    pub text: u64,
    /// Its place in the log of the JSON form.
    pub json: u64,
}

impl Mark {
    /// How many bytes there are before it, in both logs.
    pub fn bytes(&self) -> u64 {
        self.text + self.json
    }

    /// Its place in the log of a form.
    pub fn of(&self, form: Form) -> u64 {
        match form {
            Form::Text => self.text,
            Form::Json => self.json,
        }
    }
}

/// Where an event lies in each log.
#[derive(Debug, Clone)]
pub struct Place {
    /// In the log of the text form.
    pub text: Range<u64>,
    /// In the log of the JSON form.
    pub json: Range<u64>,
}
