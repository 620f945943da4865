//! The room: who is in it, and the log of what happens.
//!
//! Everything that everybody sees goes through `Room::append`, once: there
//! the event gets its number and is encoded for each form that somebody reads.
//! The room knows neither sockets nor clocks; time is an argument.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::ops::Range;

use chat_proto::event::{Body, ErrorCode, Event, Reply, Speech, Timestamp};
use chat_proto::name::{Name, NameError};
use chat_proto::text::Text;
use chat_proto::{json_form, text_form};

use crate::broadcast::Log;

/// The encodings, one of which each connection reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For `nc` and eyes.
    Text,
    /// For programs.
    Json,
}

/// The one room.
#[derive(Debug)]
pub struct Room {
    seq: u64,
    text: Log,
    json: Log,
    /// Everybody, by the plain key of their name, which is the order of `/who`.
    people: BTreeMap<String, Name>,
    /// Every key of every name.
    taken: HashSet<String>,
}

/// Where an event lies in each log.
#[derive(Debug, Clone)]
pub struct Place {
    /// In the log of the text form.
    pub text: Range<u64>,
    /// In the log of the JSON form.
    pub json: Range<u64>,
}

impl Room {
    /// An empty room that keeps about `capacity` bytes of each form.
    pub fn new(capacity: u64) -> Self {
        Self {
            seq: 0,
            text: Log::new(capacity),
            json: Log::new(capacity),
            people: BTreeMap::new(),
            taken: HashSet::new(),
        }
    }

    /// The log of a form.
    pub fn log(&self, form: Form) -> &Log {
        match form {
            Form::Text => &self.text,
            Form::Json => &self.json,
        }
    }

    /// How many bytes have been appended since the beginning, in all forms.
    pub fn written(&self) -> u64 {
        self.text.head() + self.json.head()
    }

    /// The number of the newest event, 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// How many people are here.
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// Up to `most` names behind the name with the key `after`, in order, and
    /// the key to go on behind if there are more.
    pub fn names(&self, after: Option<&str>, most: usize) -> (Vec<Name>, Option<String>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.people.range::<str, _>((from, Bound::Unbounded));
        let mut last = None;
        let mut names = Vec::new();
        for (key, name) in rest.by_ref().take(most) {
            names.push(name.clone());
            last = Some(key);
        }
        let more = rest.next().is_some();
        (names, last.filter(|_| more).cloned())
    }

    /// Somebody comes in, under the name `wanted` or, if it is taken, that
    /// name with a number behind it.
    pub fn enter(&mut self, wanted: &Name, time: Timestamp) -> (Name, Place) {
        let name = self.free_name(wanted);
        self.claim(&name);
        let place = self.append(time, Body::Entered(vec![name.clone()]));
        (name, place)
    }

    /// Somebody goes.
    pub fn leave(&mut self, name: &Name, time: Timestamp) -> Place {
        self.release(name);
        self.append(time, Body::Left(vec![name.clone()]))
    }

    /// Somebody takes another name. `None` if it is the one they have.
    ///
    /// # Errors
    ///
    /// When it is no name, or somebody else has it or one that looks like it.
    pub fn rename(
        &mut self,
        old: &Name,
        wanted: &str,
        time: Timestamp,
    ) -> Result<Option<(Name, Place)>, RenameError> {
        let new = Name::choose(wanted).map_err(RenameError::Name)?;
        if new == *old {
            return Ok(None);
        }
        self.release(old);
        if self.is_taken(&new) {
            self.claim(old);
            return Err(RenameError::Taken(new));
        }
        let place = self.renamed(old, &new, time);
        Ok(Some((new, place)))
    }

    /// Somebody who is here already says who they are, as at the door: under
    /// `wanted` or, if that is taken, with a number behind it.
    pub fn rename_at_hello(&mut self, old: &Name, wanted: &Name, time: Timestamp) -> Name {
        self.release(old);
        let new = self.free_name(wanted);
        if new == *old {
            self.claim(old);
        } else {
            self.renamed(old, &new, time);
        }
        new
    }

    fn renamed(&mut self, old: &Name, new: &Name, time: Timestamp) -> Place {
        self.claim(new);
        let body = Body::Renamed {
            old: old.clone(),
            new: new.clone(),
        };
        self.append(time, body)
    }

    /// Somebody says something.
    pub fn message(&mut self, speech: Speech, time: Timestamp) -> Place {
        self.append(time, Body::Message(speech))
    }

    /// Somebody does something.
    pub fn action(&mut self, speech: Speech, time: Timestamp) -> Place {
        self.append(time, Body::Action(speech))
    }

    /// Drops the oldest events beyond the capacity.
    pub fn trim(&mut self) {
        self.text.trim();
        self.json.trim();
    }

    fn append(&mut self, time: Timestamp, body: Body) -> Place {
        self.seq += 1;
        let event = Event {
            seq: self.seq,
            time,
            body,
        };
        Place {
            text: self.text.append(|out| text_form::encode_event(&event, out)),
            json: self.json.append(|out| json_form::encode_event(&event, out)),
        }
    }

    fn free_name(&self, wanted: &Name) -> Name {
        if !self.is_taken(wanted) {
            return wanted.clone();
        }
        // Small numbers first. Where they are all gone there are about as many
        // of that name as people, and a larger one is found at once.
        let crowd = u32::try_from(self.people.len()).unwrap_or(u32::MAX / 2);
        (2..=20)
            .chain(crowd + 2..)
            .map(|number| wanted.numbered(number))
            .find(|name| !self.is_taken(name))
            .unwrap_or_else(|| wanted.clone())
    }

    /// Whether somebody has this name, or one that looks like it.
    pub fn is_taken(&self, name: &Name) -> bool {
        name.keys().iter().any(|key| self.taken.contains(key))
    }

    fn claim(&mut self, name: &Name) {
        let keys = name.keys();
        if let Some(plain) = keys.iter().next() {
            self.people.insert(plain.to_owned(), name.clone());
        }
        self.taken.extend(keys.iter().map(str::to_owned));
    }

    fn release(&mut self, name: &Name) {
        let keys = name.keys();
        if let Some(plain) = keys.iter().next() {
            self.people.remove(plain);
        }
        for key in keys.iter() {
            self.taken.remove(key);
        }
    }
}

/// Why somebody keeps the name they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameError {
    /// It is no name.
    Name(NameError),
    /// Somebody has it, or one that looks like it.
    Taken(Name),
}

impl RenameError {
    /// The answer to whoever wanted it.
    pub fn reply(&self) -> Reply {
        let (code, text) = match self {
            Self::Name(error) => (ErrorCode::BadName, format!("you keep your name: {error}")),
            Self::Taken(name) => (
                ErrorCode::NameTaken,
                format!("you keep your name: {name} is taken, or looks like a name that is"),
            ),
        };
        Reply::Error {
            code,
            text: notice(&text),
            id: None,
        }
    }
}

/// A text of our own.
pub(crate) fn notice(text: &str) -> Text {
    Text::clean(text).expect("the server's own words are short and not empty")
}

#[cfg(test)]
mod tests;
