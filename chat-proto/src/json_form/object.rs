//! The object of every line, and how its members are read.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::limits::LimitsObject;
use super::standing::{BanObject, TopicObject};
use super::values::{MalformedObject, Str, to_name};
use super::{event, trouble};
use crate::command::{Given, OwnConnections, Slot};
use crate::event::{Arrival, KeyId, MessageId, Person, RoomId, Speech, Tag};
use crate::name::Name;
use crate::text::Text;

/// serde would take an array for an object as well.
pub(super) fn parse_object<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    if !line.trim_ascii_start().starts_with('{') {
        return Err("it does not begin with {".to_owned());
    }
    serde_json::from_str(line).map_err(|error| trouble::of_object(&error))
}

/// Every object of the protocol.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<Str<'a>>,
    #[serde(
        borrow,
        default,
        rename = "type",
        skip_serializing_if = "str::is_empty"
    )]
    pub(super) kind: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) people: Option<usize>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) prefix: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) named: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Vec<Str<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Vec<Option<Str<'a>>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) back: Option<Vec<Str<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) more: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) old: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) new: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) held: Option<Held<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<LimitsObject>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) room: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resumed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<TopicObject<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) greeting: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operator: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) idle_ms: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) program: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) join: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) duration: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) force: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) muted: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) bans: Option<Vec<BanObject<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after_ms: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) resume: Option<ResumeObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replay: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<usize>,
}

/// Which keys hold names.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Held<'a> {
    /// Of a speaker.
    One(#[serde(borrow)] Str<'a>),
    /// Of people, one for each name.
    Each(#[serde(borrow)] Vec<Option<Str<'a>>>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ResumeObject<'a> {
    #[serde(borrow)]
    pub(super) room: Cow<'a, str>,
    pub(super) seq: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Str<'a>>,
}

impl Object<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        event::put_json(self, out);
        out.push(b'\n');
    }

    pub(super) fn fill_operation(&mut self, given: &Given, slots: &[Slot]) {
        let word = || given.word.clone().map(Str::from);
        for slot in slots {
            match *slot {
                Slot::Word("what") => self.what = word(),
                Slot::Word(_) => self.name = word(),
                Slot::Term => self.duration = given.term.map(|term| term.to_string().into()),
                Slot::Number("target") => self.target = given.number,
                Slot::Number(_) => self.seconds = given.number,
                Slot::Rest => self.text = given.text.clone().map(Str::from),
                Slot::Emphasis => {
                    self.force = (given.own == OwnConnections::Included).then_some(true);
                }
            }
        }
    }

    pub(super) fn to_speech(&self) -> Result<Speech, MalformedObject> {
        Ok(Speech {
            name: to_name(&self.name)?,
            text: self.to_text()?,
            held: self.to_held(),
            id: self.to_id(),
            tag: self.to_tag(),
        })
    }

    pub(super) fn to_held(&self) -> Option<KeyId> {
        match &self.held {
            Some(Held::One(held)) => KeyId::parse(held),
            _ => None,
        }
    }

    pub(super) fn to_text(&self) -> Result<Text, MalformedObject> {
        self.text
            .as_deref()
            .and_then(|text| Text::clean(text).ok())
            .ok_or(MalformedObject)
    }

    pub(super) fn to_id(&self) -> Option<MessageId> {
        self.id.as_deref().and_then(MessageId::new)
    }

    pub(super) fn to_tag(&self) -> Option<Tag> {
        self.tag.as_deref().and_then(Tag::parse)
    }

    pub(super) fn to_room(&self) -> Option<RoomId> {
        self.room.as_deref().and_then(RoomId::new)
    }

    pub(super) fn to_names(&self) -> Result<Vec<Name>, MalformedObject> {
        let names = self.names.as_ref().ok_or(MalformedObject)?;
        names
            .iter()
            .map(|name| Name::parse(name).map_err(|_| MalformedObject))
            .collect()
    }

    /// The people in `names`, each with the key in the same place, if there is one for
    /// each.
    pub(super) fn to_people(&self) -> Result<Vec<Person>, MalformedObject> {
        let unheld = |name| Person { name, held: None };
        let mut people: Vec<_> = self.to_names()?.into_iter().map(unheld).collect();
        if let Some(Held::Each(held)) = &self.held
            && held.len() == people.len()
        {
            for (person, held) in people.iter_mut().zip(held) {
                person.held = held.as_deref().and_then(KeyId::parse);
            }
        }
        Ok(people)
    }

    pub(super) fn to_arrivals(&self) -> Result<Vec<Arrival>, MalformedObject> {
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
pub(super) fn tagged(names: Vec<Name>, tags: Option<&[Option<Str<'_>>]>) -> Vec<Arrival> {
    let mut arrivals: Vec<_> = names.into_iter().map(Arrival::of).collect();
    if let Some(tags) = tags.filter(|tags| tags.len() == arrivals.len()) {
        for (arrival, tag) in arrivals.iter_mut().zip(tags) {
            arrival.tag = tag.as_deref().and_then(Tag::parse);
        }
    }
    arrivals
}
