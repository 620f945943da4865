//! Replies as objects, and back.

use std::time::Duration;

use super::limits::{LimitsObject, milliseconds};
use super::object::{Held, Object};
use super::standing::{BanObject, TopicObject};
use super::values::{MalformedObject, Str, to_name};
use crate::event::{
    ErrorCode, Fingerprint, Person, Profile, Rank, Reply, Secret, Timestamp, Welcome,
};
use crate::moderation::Remark;
use crate::text::Text;

/// Appends the line of a reply that is made at `time`.
pub fn encode_reply(reply: &Reply, time: Timestamp, out: &mut Vec<u8>) {
    let mut object = Object {
        time: Some(time.to_string().into()),
        ..Object::default()
    };
    match reply {
        Reply::Welcome(welcome) => object.fill_welcome(welcome),
        Reply::Notice(text) => {
            object.kind = "notice".into();
            object.text = Some(text.as_str().into());
        }
        Reply::Error { code, text, id } => {
            object.kind = "error".into();
            object.code = Some(code.as_str().into());
            object.text = Some(text.as_str().into());
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Reply::People {
            people,
            names,
            more,
        } => {
            object.kind = "who".into();
            object.people = Some(*people);
            object.fill_people(names);
            object.more = Some(*more);
        }
        Reply::Pong { id } => {
            object.kind = "pong".into();
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Reply::Gap { missed } => {
            object.kind = "gap".into();
            object.missed = Some(*missed);
        }
        Reply::Confirmed { id, seq } => {
            object.kind = "confirmed".into();
            object.id = Some(id.as_str().into());
            object.seq = Some(*seq);
        }
        Reply::History { first, last, id } => {
            object.kind = "history".into();
            object.first = Some(*first);
            object.last = Some(*last);
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Reply::Done { text, id } => {
            object.kind = "done".into();
            object.text = Some(text.as_str().into());
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Reply::Bans { bans, more, id } => {
            object.kind = "bans".into();
            object.bans = Some(bans.iter().map(BanObject::of_counted).collect());
            object.more = Some(*more);
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Reply::Whois { person, id } => {
            object.kind = "whois".into();
            object.fill_profile(person);
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Reply::Goodbye { text, after } => {
            object.kind = "goodbye".into();
            object.text = Some(text.as_str().into());
            object.after_ms = Some(milliseconds(*after));
        }
    }
    object.write(out);
}

impl<'a> Object<'a> {
    fn fill_people(&mut self, people: &'a [Person]) {
        let names = people.iter().map(|person| person.name.as_str().into());
        self.names = Some(names.collect());
        if people.iter().any(|person| person.held.is_some()) {
            let held = people.iter().map(|person| person.held.as_ref());
            let held = held.map(|held| held.map(|held| held.as_str().into()));
            self.held = Some(Held::Each(held.collect()));
        }
    }

    fn fill_profile(&mut self, profile: &'a Profile) {
        self.name = Some(profile.person.name.as_str().into());
        let held = profile.person.held.as_ref();
        self.held = held.map(|held| Held::One(held.as_str().into()));
        self.since = Some(profile.since.to_string().into());
        self.idle_ms = Some(milliseconds(profile.idle));
        self.program = profile.program.as_ref().map(|it| it.as_str().into());
        self.operator = (profile.rank >= Rank::Operator).then_some(true);
        self.muted = profile.muted.map(|until| until.to_string().into());
        self.address = profile.address.map(|address| address.to_string().into());
        self.key = profile.key.map(|key| key.to_string().into());
    }

    fn to_profile(&self) -> Result<Profile, MalformedObject> {
        let time = |time: &Str<'_>| time.parse::<Timestamp>().map_err(|_| MalformedObject);
        Ok(Profile {
            person: Person {
                name: to_name(&self.name)?,
                held: self.to_held(),
            },
            since: time(self.since.as_ref().ok_or(MalformedObject)?)?,
            idle: Duration::from_millis(self.idle_ms.unwrap_or(0)),
            program: self.program.as_deref().and_then(|it| Remark::new(it).ok()),
            rank: self.to_rank(),
            muted: self.muted.as_ref().map(time).transpose()?,
            address: self.address.as_deref().and_then(|it| it.parse().ok()),
            key: self.key.as_deref().and_then(Fingerprint::parse),
        })
    }

    fn to_rank(&self) -> Rank {
        match self.operator {
            Some(true) => Rank::Operator,
            Some(false) | None => Rank::Ordinary,
        }
    }

    fn fill_welcome(&mut self, welcome: &'a Welcome) {
        self.kind = "welcome".into();
        self.protocol = Some(crate::PROTOCOL);
        self.name = Some(welcome.name.as_str().into());
        self.room = welcome.room.as_ref().map(|room| room.as_str().into());
        self.seq = Some(welcome.seq);
        self.first = Some(welcome.first);
        self.kept = Some(welcome.kept);
        self.resumed = welcome.resumed;
        self.from = welcome.from;
        self.people = Some(welcome.people);
        self.fill_people(&welcome.names);
        self.limits = Some(LimitsObject::of(welcome.limits));
        self.topic = welcome.topic.as_ref().map(TopicObject::of);
        self.greeting = welcome.greeting.as_ref().map(|text| text.as_str().into());
        self.operator = (welcome.rank >= Rank::Operator).then_some(true);
        self.secret = welcome.secret.map(|secret| secret.to_digits().into());
    }

    pub(super) fn to_reply(&self) -> Result<Option<Reply>, MalformedObject> {
        Ok(Some(match &*self.kind {
            "welcome" => Reply::Welcome(Box::new(self.to_welcome()?)),
            "notice" => Reply::Notice(self.to_text()?),
            "error" => Reply::Error {
                code: ErrorCode::of_word(self.code.as_deref().unwrap_or("")),
                text: self.to_text()?,
                id: self.to_id(),
            },
            "who" => Reply::People {
                people: self.people.ok_or(MalformedObject)?,
                names: self.to_people()?,
                more: self.more.unwrap_or(false),
            },
            "pong" => Reply::Pong { id: self.to_id() },
            "gap" => Reply::Gap {
                missed: self.missed.ok_or(MalformedObject)?,
            },
            "confirmed" => Reply::Confirmed {
                id: self.to_id().ok_or(MalformedObject)?,
                seq: self.seq.ok_or(MalformedObject)?,
            },
            "history" => Reply::History {
                first: self.first.ok_or(MalformedObject)?,
                last: self.last.ok_or(MalformedObject)?,
                id: self.to_id(),
            },
            "done" => Reply::Done {
                text: self.to_text()?,
                id: self.to_id(),
            },
            "bans" => Reply::Bans {
                bans: self
                    .bans
                    .iter()
                    .flatten()
                    .map(BanObject::to_counted)
                    .collect::<Result<_, _>>()?,
                more: self.more.unwrap_or(false),
                id: self.to_id(),
            },
            "whois" => Reply::Whois {
                person: Box::new(self.to_profile()?),
                id: self.to_id(),
            },
            "goodbye" => Reply::Goodbye {
                text: self.to_text()?,
                after: Duration::from_millis(self.after_ms.unwrap_or(0)),
            },
            _ => return Ok(None),
        }))
    }

    fn to_welcome(&self) -> Result<Welcome, MalformedObject> {
        let limits = self.limits.ok_or(MalformedObject)?;
        let seq = self.seq.ok_or(MalformedObject)?;
        Ok(Welcome {
            name: to_name(&self.name)?,
            room: self.to_room(),
            seq,
            first: self.first.unwrap_or_else(|| seq.saturating_add(1)),
            kept: self.kept.unwrap_or(false),
            resumed: self.resumed,
            from: self.from,
            people: self.people.ok_or(MalformedObject)?,
            names: self.to_people()?,
            limits: limits.to_limits(),
            topic: self.topic.as_ref().map(TopicObject::to_topic).transpose()?,
            // What the server says is cleaned here like all else.
            greeting: self
                .greeting
                .as_deref()
                .and_then(|text| Text::clean(text).ok()),
            rank: self.to_rank(),
            secret: self.secret.as_deref().and_then(Secret::parse),
        })
    }
}
