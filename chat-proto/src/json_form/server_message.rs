//! Lines from the server, read.

use serde::Deserialize;

use super::event::parse_message;
use super::measure::{self, MeasureObject};
use super::object::{Object, parse_object};
use super::standing::StandingObject;
use super::values::{MalformedObject, to_name};
use crate::event::{Body, Event, RunId, ServerMessage};

/// Reads a line from the server. `None` is an object of a kind that this
/// version does not know; skip it.
///
/// # Errors
///
/// When the line is not an object, or one that lacks what its kind needs.
pub fn parse_server_message(line: &str) -> Result<Option<ServerMessage>, MalformedObject> {
    match parse_message(line) {
        Some(event) => Ok(Some(ServerMessage::Event(event))),
        None => parse_any(line),
    }
}

/// The same for every line.
pub(super) fn parse_any(line: &str) -> Result<Option<ServerMessage>, MalformedObject> {
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
        "people" => Body::People {
            people: object.people.ok_or(MalformedObject)?,
            named: object.named == Some(true),
        },
        "room" => Body::Room {
            room: object.to_room().ok_or(MalformedObject)?,
            run: object.run.as_deref().and_then(RunId::parse),
            people: object.people.ok_or(MalformedObject)?,
            standing: Box::new(parse_members::<StandingObject<'_>>(line)?.to_standing()?),
        },
        kind if measure::is_type(kind) => {
            let measure = parse_members::<MeasureObject<'_>>(line)?.to_measure(kind)?;
            Body::Measure(Box::new(measure))
        }
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

/// Some members of the object on a line.
fn parse_members<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, MalformedObject> {
    serde_json::from_str(line).map_err(|_| MalformedObject)
}
