//! Values of members: strings, names, numbers, times, remarks.

use std::borrow::Cow;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::Timestamp;
use crate::moderation::Remark;
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

pub(super) fn of_name(name: &Name) -> Str<'_> {
    name.as_str().into()
}

pub(super) fn of_remark(remark: &Remark) -> Str<'_> {
    remark.as_str().into()
}

pub(super) fn of_time<'a>(time: Timestamp) -> Str<'a> {
    time.to_string().into()
}

pub(super) fn optional_name(name: &Option<Str<'_>>) -> Result<Option<Name>, MalformedObject> {
    name.as_ref().map(|_| to_name(name)).transpose()
}

pub(super) fn to_remark(text: &Option<Str<'_>>) -> Result<Option<Remark>, MalformedObject> {
    let remark = |text: &Str<'_>| Remark::new(text).map_err(|_| MalformedObject);
    text.as_ref().map(remark).transpose()
}

pub(super) fn to_time(time: &Option<Str<'_>>) -> Result<Option<Timestamp>, MalformedObject> {
    let time = time.as_deref().map(str::parse).transpose();
    time.map_err(|_| MalformedObject)
}
