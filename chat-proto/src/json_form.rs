//! The encoding for programs: one JSON object a line (RFC 8259, NDJSON).
//!
//! All objects are one flat `Object` of optional members, told apart by
//! `type`; only events, of which there are most, are written without it. Members
//! that a reader does not know are skipped, and so are objects from the server
//! whose `type` it does not know.

mod event;
mod limits;
mod record;
mod reply;
mod request;
mod trouble;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::command::{Command, Hello, Past};
use crate::event::{Arrival, Body, Event, MessageId, RoomId, RunId, ServerMessage, Speech, Tag};
use crate::name::Name;
use crate::text::Text;
use limits::LimitsObject;

pub use crate::event::MAX_LINE;
pub use event::encode_event;
pub use record::{Record, Recorded};
pub use reply::encode_reply;
pub use request::parse_command;

/// Whether a line that [`encode_event`] wrote is of something said or done.
pub fn is_speech(line: &[u8]) -> bool {
    // The type stands behind the number and the time. A name or a text could hold the
    // same characters only behind it, and escaped.
    const TYPE: &[u8] = b"\"type\":\"";
    memchr::memmem::find(line, TYPE).is_some_and(|at| {
        let kind = &line[at + TYPE.len()..];
        kind.starts_with(b"message\"") || kind.starts_with(b"action\"")
    })
}

/// Reads a line from the server. `None` is an object of a kind that this
/// version does not know; skip it.
///
/// # Errors
///
/// When the line is not an object, or one that lacks what its kind needs.
pub fn parse_server_message(line: &str) -> Result<Option<ServerMessage>, MalformedObject> {
    match event::parse_message(line) {
        Some(event) => Ok(Some(ServerMessage::Event(event))),
        None => parse_any(line),
    }
}

/// The same for every line.
fn parse_any(line: &str) -> Result<Option<ServerMessage>, MalformedObject> {
    let object: Object<'_> = parse_object(line).map_err(|_| MalformedObject)?;
    let body = match &*object.kind {
        "message" => Body::Message(object.to_speech()?),
        "action" => Body::Action(object.to_speech()?),
        "entered" => Body::Entered(object.to_arrivals()?),
        "left" => Body::Left(object.to_names()?),
        "renamed" => Body::Renamed {
            old: to_name(&object.old)?,
            new: to_name(&object.new)?,
            tag: object.to_tag(),
        },
        "room" => Body::Room {
            room: object.to_room().ok_or(MalformedObject)?,
            run: object.run.as_deref().and_then(RunId::parse),
            people: object.people.ok_or(MalformedObject)?,
        },
        _ => {
            return object
                .to_reply()
                .map(|reply| reply.map(ServerMessage::Reply));
        }
    };
    let time = object.time.as_deref().ok_or(MalformedObject)?;
    Ok(Some(ServerMessage::Event(Event {
        seq: object.seq.ok_or(MalformedObject)?,
        time: time.parse().map_err(|_| MalformedObject)?,
        body,
    })))
}

/// The server sent a line that is not an object of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedObject;

/// Appends the line of a command. [`Command::Help`] has none: in this form it
/// is the program that helps.
pub fn encode_command(command: &Command, out: &mut Vec<u8>) {
    if let Command::Hello(hello) = command {
        return out.extend_from_slice(&hello.encode());
    }
    let Some(kind) = command.kind().entry().json else {
        return;
    };
    let mut object = Object {
        kind: kind.into(),
        ..Object::default()
    };
    match command {
        Command::Message { text, id } | Command::Action { text, id } => {
            object.text = Some(text.as_str().into());
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Command::Nick { name } => object.name = Some(name.as_str().into()),
        Command::Ping { id } => object.id = id.as_ref().map(|id| id.as_str().into()),
        Command::History { past, id } => {
            match *past {
                Past::Last(count) => object.count = Some(count),
                Past::Range { first, last } => (object.first, object.last) = (Some(first), last),
            }
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Command::Who | Command::Quit | Command::Help | Command::Hello(_) => {}
    }
    object.write(out);
}

impl Hello {
    /// The line to send, with its end.
    pub fn encode(&self) -> Vec<u8> {
        let mut line = b"/hello ".to_vec();
        Object {
            protocol: Some(self.protocol),
            name: self.name.as_deref().map(Str::from),
            resume: self.resume.as_ref().map(|resume| ResumeObject {
                room: resume.room.as_str().into(),
                seq: resume.seq,
                secret: resume.secret.map(|secret| secret.to_digits().into()),
            }),
            replay: Some(self.replay).filter(|replay| *replay > 0),
            ..Object::default()
        }
        .write(&mut line);
        line
    }
}

fn number(value: &RawValue) -> Option<u64> {
    serde_json::from_str(value.get()).ok()
}

fn string(value: &RawValue) -> Option<Cow<'_, str>> {
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

/// serde would take an array for an object as well.
fn parse_object<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    if !line.trim_ascii_start().starts_with('{') {
        return Err("it does not begin with {".to_owned());
    }
    serde_json::from_str(line).map_err(|error| trouble::of_object(&error))
}

/// A string that is borrowed where it stands without escapes; serde would copy
/// each that is within an `Option`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

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

/// Every object of the protocol.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    time: Option<Str<'a>>,
    #[serde(
        borrow,
        default,
        rename = "type",
        skip_serializing_if = "str::is_empty"
    )]
    kind: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    name: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<usize>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    names: Option<Vec<Str<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<Option<Str<'a>>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    back: Option<Vec<Str<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    old: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    new: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    code: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    text: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    id: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tag: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsObject>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    secret: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    room: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    run: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    resume: Option<ResumeObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ResumeObject<'a> {
    #[serde(borrow)]
    room: Cow<'a, str>,
    seq: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    secret: Option<Str<'a>>,
}

impl Object<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        event::put_json(self, out);
        out.push(b'\n');
    }

    fn to_speech(&self) -> Result<Speech, MalformedObject> {
        Ok(Speech {
            name: to_name(&self.name)?,
            text: self.to_text()?,
            id: self.to_id(),
            tag: self.to_tag(),
        })
    }

    fn to_text(&self) -> Result<Text, MalformedObject> {
        self.text
            .as_deref()
            .and_then(|text| Text::clean(text).ok())
            .ok_or(MalformedObject)
    }

    fn to_id(&self) -> Option<MessageId> {
        self.id.as_deref().and_then(MessageId::new)
    }

    fn to_tag(&self) -> Option<Tag> {
        self.tag.as_deref().and_then(Tag::parse)
    }

    fn to_room(&self) -> Option<RoomId> {
        self.room.as_deref().and_then(RoomId::new)
    }

    fn to_names(&self) -> Result<Vec<Name>, MalformedObject> {
        let names = self.names.as_ref().ok_or(MalformedObject)?;
        names
            .iter()
            .map(|name| Name::parse(name).map_err(|_| MalformedObject))
            .collect()
    }

    fn to_arrivals(&self) -> Result<Vec<Arrival>, MalformedObject> {
        let mut arrivals = tagged(self.to_names()?, self.tags.as_deref());
        let back = self.back.iter().flatten();
        let back: HashSet<&str> = back.map(Deref::deref).collect();
        for arrival in &mut arrivals {
            arrival.back = back.contains(arrival.name.as_str());
        }
        Ok(arrivals)
    }
}

/// People who came, each with the tag in the same place, if there is one for each.
fn tagged(names: Vec<Name>, tags: Option<&[Option<Str<'_>>]>) -> Vec<Arrival> {
    let mut arrivals: Vec<_> = names.into_iter().map(Arrival::of).collect();
    if let Some(tags) = tags.filter(|tags| tags.len() == arrivals.len()) {
        for (arrival, tag) in arrivals.iter_mut().zip(tags) {
            arrival.tag = tag.as_deref().and_then(Tag::parse);
        }
    }
    arrivals
}

fn to_name(name: &Option<Str<'_>>) -> Result<Name, MalformedObject> {
    name.as_deref()
        .and_then(|name| Name::parse(name).ok())
        .ok_or(MalformedObject)
}

#[cfg(test)]
mod tests;
