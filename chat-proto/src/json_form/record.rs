//! The parts of an event's line that a history needs when it is read back.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::measure::{self, MeasureObject};
use super::object::{parse_object, tagged};
use super::standing::StandingObject;
use super::values::{MalformedObject, Str, string};
use crate::event::{Arrival, MessageId, RoomId, RunId, SpeechKind, Tag, Timestamp};
use crate::moderation::{Measure, Standing};
use crate::name::Name;

/// An event, as far as a history needs it.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number.
    pub seq: u64,
    /// What it tells.
    pub what: Recorded<'a>,
    /// Its text was erased.
    pub is_erased: bool,
}

/// What an event tells a history. A member that cannot be read counts as
/// missing: only a line that is no object with a number is damage.
#[derive(Debug, PartialEq, Eq)]
pub enum Recorded<'a> {
    /// The room was opened, or goes on in another file.
    Room {
        /// Which room it is.
        room: Option<RoomId>,
        /// The run of the server.
        run: Option<RunId>,
        /// When that was.
        time: Option<Timestamp>,
        /// The measures that stand.
        standing: Option<Box<Standing>>,
    },
    /// An operator did something.
    Measure {
        /// What.
        measure: Box<Measure>,
        /// When.
        time: Timestamp,
    },
    /// Something said or done, under a mark.
    Marked {
        /// Which of the two.
        kind: SpeechKind,
        /// The mark.
        id: MessageId,
        /// What was said.
        text: Cow<'a, str>,
        /// The tag of a mark that is short, or of a text that was erased.
        tag: Option<Tag>,
    },
    /// People came.
    Entered(Vec<Arrival>),
    /// People went.
    Left(Vec<Name>),
    /// A person has another name now.
    Renamed {
        /// Up to then.
        old: Name,
        /// From then on.
        new: Arrival,
    },
    /// Something else.
    Other,
}

impl<'a> Record<'a> {
    /// Reads the line of an event, and skips the members that a history does not need:
    /// for messages several times as fast as [`parse_server_message`].
    ///
    /// [`parse_server_message`]: super::parse_server_message
    ///
    /// # Errors
    ///
    /// When the line is no object with a number.
    pub fn parse(line: &'a str) -> Result<Self, MalformedObject> {
        let members: Members<'a> = parse_object(line).map_err(|_| MalformedObject)?;
        Ok(Self {
            seq: members.seq,
            is_erased: members.erased.is_some_and(|erased| erased.get() == "true"),
            what: members.what(line).unwrap_or(Recorded::Other),
        })
    }
}

/// Each is looked at only where it means something.
#[derive(Deserialize)]
struct Members<'a> {
    seq: u64,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    room: Option<&'a RawValue>,
    #[serde(borrow)]
    run: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    tag: Option<&'a RawValue>,
    #[serde(borrow)]
    names: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
    #[serde(borrow)]
    old: Option<&'a RawValue>,
    #[serde(borrow)]
    new: Option<&'a RawValue>,
    #[serde(borrow)]
    erased: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    fn what(&self, line: &'a str) -> Option<Recorded<'a>> {
        let kind = string(self.kind?)?;
        Some(match &*kind {
            "room" => Recorded::Room {
                room: self.room.and_then(string).and_then(|id| RoomId::new(&id)),
                run: self.run.and_then(string).and_then(|run| RunId::parse(&run)),
                time: self.time(),
                standing: standing(line),
            },
            kind if measure::is_type(kind) => {
                let object: MeasureObject<'_> = serde_json::from_str(line).ok()?;
                Recorded::Measure {
                    measure: Box::new(object.to_measure(kind).ok()?),
                    time: self.time()?,
                }
            }
            "message" | "action" => Recorded::Marked {
                kind: match &*kind {
                    "action" => SpeechKind::Action,
                    _ => SpeechKind::Message,
                },
                id: MessageId::new(&string(self.id?)?)?,
                text: string(self.text?)?,
                tag: self.tag(),
            },
            "entered" => Recorded::Entered(tagged(self.names()?, self.tags().as_deref())),
            "left" => Recorded::Left(self.names()?),
            "renamed" => Recorded::Renamed {
                old: Name::parse(&string(self.old?)?).ok()?,
                new: Arrival {
                    tag: self.tag(),
                    ..Arrival::of(Name::parse(&string(self.new?)?).ok()?)
                },
            },
            _ => return None,
        })
    }

    fn time(&self) -> Option<Timestamp> {
        string(self.time?)?.parse().ok()
    }

    fn tags(&self) -> Option<Vec<Option<Str<'_>>>> {
        serde_json::from_str(self.tags?.get()).ok()
    }

    fn tag(&self) -> Option<Tag> {
        Tag::parse(&string(self.tag?)?)
    }

    fn names(&self) -> Option<Vec<Name>> {
        let names: Vec<Str<'_>> = serde_json::from_str(self.names?.get()).ok()?;
        names.iter().map(|name| Name::parse(name).ok()).collect()
    }
}

fn standing(line: &str) -> Option<Box<Standing>> {
    let object: StandingObject<'_> = serde_json::from_str(line).ok()?;
    object.to_standing().ok().map(Box::new)
}
