//! Events, which are nearly all that is ever written and read in this form:
//! their lines, and a short way to read a message.

use serde::Serialize;

use super::measure::{self, MeasureObject};
use super::standing::StandingObject;
use crate::event::{Arrival, Body, Event, KeyId, MessageId, Speech, Tag};
use crate::name::Name;
use crate::text::Text;

/// Appends the line of an event.
///
/// By hand and not through `Object`, most of whose members an event does not have: every
/// message is encoded here.
pub fn encode_event(event: &Event, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"seq\":");
    put_json(&event.seq, out);
    out.extend_from_slice(b",\"time\":\"");
    event.time.put(out);
    out.extend_from_slice(b"\",\"type\":\"");
    match &event.body {
        Body::Message(speech) => put_speech("message", speech, out),
        Body::Action(speech) => put_speech("action", speech, out),
        Body::Entered(arrivals) => put_arrivals(arrivals, out),
        Body::Left(names) => {
            out.extend_from_slice(b"left\"");
            put_names("names", names.iter(), out);
        }
        Body::Renamed { old, new, tag } => {
            out.extend_from_slice(b"renamed\"");
            put_member("old", old.as_str(), out);
            put_member("new", new.as_str(), out);
            put_tag(*tag, out);
        }
        Body::People { people, named } => {
            out.extend_from_slice(b"people\",\"people\":");
            put_json(people, out);
            if *named {
                out.extend_from_slice(b",\"named\":true");
            }
        }
        Body::Room {
            room,
            run,
            people,
            standing,
        } => {
            out.extend_from_slice(b"room\",\"people\":");
            put_json(people, out);
            put_member("room", room.as_str(), out);
            if let Some(run) = run {
                put_member("run", &run.to_string(), out);
            }
            put_members(&StandingObject::of(standing), out);
        }
        Body::Measure(measure) => {
            out.extend_from_slice(measure::type_of(&measure.kind).as_bytes());
            out.push(b'"');
            put_members(&MeasureObject::of(measure), out);
        }
    }
    out.extend_from_slice(b"}\n");
}

fn put_speech(kind: &str, speech: &Speech, out: &mut Vec<u8>) {
    out.extend_from_slice(kind.as_bytes());
    out.push(b'"');
    put_member("name", speech.name.as_str(), out);
    put_member("text", speech.text.as_str(), out);
    if let Some(held) = &speech.held {
        put_member("held", held.as_str(), out);
    }
    put_tag(speech.tag, out);
    if let Some(id) = &speech.id {
        put_member("id", id.as_str(), out);
    }
}

fn put_arrivals(arrivals: &[Arrival], out: &mut Vec<u8>) {
    out.extend_from_slice(b"entered\"");
    put_names("names", arrivals.iter().map(|arrival| &arrival.name), out);
    if arrivals.iter().any(|arrival| arrival.tag.is_some()) {
        let tag = |arrival: &Arrival| arrival.tag.map(|tag| tag.to_string());
        let tags: Vec<_> = arrivals.iter().map(tag).collect();
        out.extend_from_slice(b",\"tags\":");
        put_json(&tags, out);
    }
    let mut back = arrivals.iter().filter(|arrival| arrival.back).peekable();
    if back.peek().is_some() {
        put_names("back", back.map(|arrival| &arrival.name), out);
    }
}

fn put_names<'a>(key: &str, names: impl Iterator<Item = &'a Name>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":[");
    for (index, name) in names.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put_string(name.as_str(), out);
    }
    out.push(b']');
}

fn put_tag(tag: Option<Tag>, out: &mut Vec<u8>) {
    if let Some(tag) = tag {
        put_member("tag", &tag.to_string(), out);
    }
}

/// Appends the members of another object.
fn put_members<T: Serialize>(object: &T, out: &mut Vec<u8>) {
    let start = out.len();
    put_json(object, out);
    out.pop();
    match out.len() - start {
        // It has none.
        1 => out.truncate(start),
        _ => out[start] = b',',
    }
}

fn put_member(key: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    put_string(value, out);
}

fn put_string(value: &str, out: &mut Vec<u8>) {
    if is_plain(value) {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        put_json(value, out);
    }
}

/// Whether a string stands in JSON as it is. Looked at many bytes at a time, as
/// in [`text::clean`](crate::text::clean).
fn is_plain(value: &str) -> bool {
    let stands_as_it_is = |&byte: &u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    let mut pieces = value.as_bytes().chunks(64);
    pieces.all(|piece| {
        piece
            .iter()
            .fold(true, |so_far, byte| so_far & stands_as_it_is(byte))
    })
}

pub(super) fn put_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("strings and numbers into memory");
}

/// Reads a message that stands as [`encode_event`] writes it, without escapes.
/// `None` is anything else, and may be a message as well.
///
/// In a flood nearly every line that a client gets is such a message, and to read JSON
/// in general takes twice as long.
pub(super) fn parse_message(line: &str) -> Option<Event> {
    let (seq, line) = line.strip_prefix("{\"seq\":")?.split_once(',')?;
    if !seq.starts_with(|first| matches!(first, '1'..='9')) {
        return None;
    }
    let (time, line) = take_member("time", line)?;
    let line = line.strip_prefix(",\"type\":\"message\",")?;
    let (name, line) = take_member("name", line)?;
    let (text, line) = take_member("text", line.strip_prefix(',')?)?;
    let (held, line) = take_optional("held", line);
    let (tag, line) = take_optional("tag", line);
    let (id, line) = take_optional("id", line);
    if line != "}" {
        return None;
    }
    Some(Event {
        seq: seq.parse().ok()?,
        time: time.parse().ok()?,
        body: Body::Message(Speech {
            name: Name::parse(name).ok()?,
            text: Text::clean(text).ok()?,
            held: held.and_then(KeyId::parse),
            id: id.and_then(MessageId::new),
            tag: tag.and_then(Tag::parse),
        }),
    })
}

/// The value of the member behind the next comma, if it is this one, and the rest.
fn take_optional<'a>(key: &str, line: &'a str) -> (Option<&'a str>, &'a str) {
    let member = line
        .strip_prefix(',')
        .and_then(|line| take_member(key, line));
    member.map_or((None, line), |(value, line)| (Some(value), line))
}

/// The value of the member that `line` begins with, and the rest.
fn take_member<'a>(key: &str, line: &'a str) -> Option<(&'a str, &'a str)> {
    let line = line.strip_prefix('"')?.strip_prefix(key)?;
    let line = line.strip_prefix("\":\"")?;
    let end = memchr::memchr(b'"', line.as_bytes())?;
    let (value, line) = line.split_at(end);
    is_plain(value).then_some((value, &line[1..]))
}
