//! Values of members: strings, names and numbers.

use std::borrow::Cow;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::name::Name;

/// The server sent a line that is not an object of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedObject;

/// A string that is borrowed where it stands without escapes; serde would copy
/// each that is within an `Option`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> From<&'a str> for Str<'a> {
    fn from(string: &'a str) -> Self {
        Self(string.into())
    }
}

impl From<String> for Str<'_> {
    fn from(string: String) -> Self {
        Self(string.into())
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

pub(super) fn to_name(name: &Option<Str<'_>>) -> Result<Name, MalformedObject> {
    name.as_deref()
        .and_then(|name| Name::parse(name).ok())
        .ok_or(MalformedObject)
}

pub(super) fn number(value: &RawValue) -> Option<u64> {
    serde_json::from_str(value.get()).ok()
}

pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    // Most strings stand there as they are.
    let json = value.get();
    let plain = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    match plain {
        Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => {
            Some(Cow::Borrowed(plain))
        }
        _ => serde_json::from_str(json).ok(),
    }
}
