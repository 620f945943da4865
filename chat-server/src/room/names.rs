//! Who is in the room, and under which name: coming in, going, taking another
//! name, and how that is told.

use std::time::Instant;

use chat_proto::event::{Arrival, Body, ErrorCode, Reply, Tag};
use chat_proto::name::{Name, NameError};
use chat_proto::text::Text;

use super::{Place, Room, notice};
use crate::clock::Now;
use crate::room::identity::Owner;
use crate::room::roster::People;

impl Room {
    /// Who is here.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Some of their names, as [`People::names`] gives them, for a reader
    /// that goes on from there with the events.
    pub fn names(&mut self, after: Option<&Name>, most: usize) -> (Vec<Name>, Option<Name>) {
        self.presence.list();
        self.people.names(after, most)
    }

    /// The server can be reached from now on: the programs that were in the room
    /// before a restart can come back.
    pub fn await_returns(&mut self, now: Instant) {
        self.absent.begin(now);
    }

    /// The name that this owner had before a restart and may have back. It may
    /// want to have it, or another one.
    pub fn returning(&mut self, owner: Owner, wanted: Option<&Name>, now: Now) -> Option<Name> {
        self.absent.expire(now.instant);
        let name = self.absent.name_of(owner, &self.key, wanted)?;
        (!self.people.is_taken(name)).then(|| name.clone())
    }

    /// Whether an owner has a place here: a connection of its own, or one that is
    /// kept for it after a restart.
    pub fn has_place_of(&mut self, owner: Owner, now: Now) -> bool {
        self.secrets.is_here(owner) || self.returning(owner, None, now).is_some()
    }

    /// Whether anybody may have this name now.
    pub fn is_free(&mut self, name: &Name, now: Now) -> bool {
        self.absent.expire(now.instant);
        !self.people.is_taken(name) && !self.absent.keeps(name)
    }

    /// If a name is kept for a program that was here before a restart: why others
    /// cannot have it.
    pub fn why_kept(&mut self, name: &Name, now: Now) -> Option<String> {
        self.absent.expire(now.instant);
        self.absent.keeps(name).then(|| {
            let time = self
                .absent
                .keeps_for(now.instant)
                .as_millis()
                .div_ceil(1000);
            format!("{name} is kept for {time} s, for the person who had it before the restart")
        })
    }

    /// A person comes in, under the name `wanted` or, if that cannot be had, that
    /// name with a number behind it. There is no place if that is told later,
    /// together with others.
    pub fn enter(
        &mut self,
        wanted: &Name,
        owner: Option<Owner>,
        now: Now,
    ) -> (Name, Option<Place>) {
        let name = self.free_name(wanted, now);
        let place = self.arrive(&name, owner, false, now);
        (name, place)
    }

    /// An owner comes back under the name that [`Room::returning`] gave; the place
    /// as in [`Room::enter`].
    pub fn come_back(&mut self, name: &Name, owner: Owner, now: Now) -> Option<Place> {
        self.arrive(name, Some(owner), true, now)
    }

    fn arrive(&mut self, name: &Name, owner: Option<Owner>, back: bool, now: Now) -> Option<Place> {
        self.take_name(name);
        let arrival = Arrival {
            tag: self.tag_of(owner, name),
            back,
            ..Arrival::of(name.clone())
        };
        let told = self.presence.enter(&arrival, now.instant);
        told.then(|| self.append(now, Body::Entered(vec![arrival])))
    }

    fn free_name(&mut self, wanted: &Name, now: Now) -> Name {
        self.absent.expire(now.instant);
        let kept = |name: &Name| self.absent.keeps(name);
        self.people.free_name(wanted, kept)
    }

    /// The name is taken now, and its owner is not awaited any more.
    fn take_name(&mut self, name: &Name) {
        self.people.enter(name);
        self.absent.remove(name);
    }

    fn tag_of(&self, owner: Option<Owner>, name: &Name) -> Option<Tag> {
        owner.map(|owner| self.key.tag_of_name(owner, self.run, name))
    }

    /// A person goes; the place as in [`Room::enter`].
    pub fn leave(&mut self, name: &Name, now: Now) -> Option<Place> {
        self.people.leave(name);
        let told = self.presence.leave(name, now.instant);
        told.then(|| self.append(now, Body::Left(vec![name.clone()])))
    }

    /// When [`Room::tell_presence`] wants to be called, if nothing happens
    /// before.
    pub fn presence_deadline(&self) -> Option<Instant> {
        self.presence.deadline()
    }

    /// Tells together who came and went, if they have waited long enough.
    pub fn tell_presence(&mut self, now: Now) {
        if self.presence_deadline().is_some_and(|at| at <= now.instant) {
            self.tell_pending(now);
        }
    }

    /// Tells at once all arrivals and departures that wait to be told together.
    pub fn tell_pending(&mut self, now: Now) {
        for body in self.presence.take(now.instant) {
            self.append(now, body);
        }
    }

    /// Before a person speaks, or takes another name, it is told that they are here,
    /// and that the one who had the name before is not.
    pub(super) fn tell_before(&mut self, names: &[&Name], now: Now) {
        if names.iter().any(|name| self.presence.concerns(name)) {
            self.tell_pending(now);
        }
    }

    /// A person takes another name. `None` if it is the one they have.
    ///
    /// # Errors
    ///
    /// When it is no name, another person has it or one that looks like it, or it is
    /// kept for its owner before a restart.
    pub fn rename(
        &mut self,
        old: &Name,
        wanted: &str,
        owner: Option<Owner>,
        now: Now,
    ) -> Result<Option<(Name, Place)>, RenameError> {
        let new = Name::choose(wanted).map_err(RenameError::Name)?;
        if new == *old {
            return Ok(None);
        }
        if let Some(trouble) = self.trouble() {
            return Err(RenameError::NotKept(trouble.clone()));
        }
        self.people.leave(old);
        let kept = self.why_kept(&new, now);
        if kept.is_some() || self.people.is_taken(&new) {
            self.people.enter(old);
            return Err(kept.map_or(RenameError::Taken(new), RenameError::Kept));
        }
        let place = self.renamed(old, &new, owner, now);
        Ok(Some((new, place)))
    }

    /// A person who is here already says who they are, as at the door: under
    /// `wanted` or, if that is taken, with a number behind it.
    pub fn rename_at_hello(&mut self, old: &Name, wanted: &Name, owner: Owner, now: Now) -> Name {
        self.people.leave(old);
        let new = self.free_name(wanted, now);
        if new == *old {
            self.people.enter(old);
        } else {
            self.renamed(old, &new, Some(owner), now);
        }
        new
    }

    fn renamed(&mut self, old: &Name, new: &Name, owner: Option<Owner>, now: Now) -> Place {
        self.take_name(new);
        // One who has gone may have had a name that looks like the new one.
        if self.presence.has_departures() {
            self.tell_pending(now);
        } else {
            self.tell_before(&[old, new], now);
        }
        let body = Body::Renamed {
            old: old.clone(),
            new: new.clone(),
            tag: self.tag_of(owner, new),
        };
        self.append(now, body)
    }
}

/// Why a person keeps the name they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameError {
    /// It is no name.
    Name(NameError),
    /// Another person has it, or one that looks like it.
    Taken(Name),
    /// It is kept for another person, as this says.
    Kept(String),
    /// It could not be kept that they have another one, for this reason.
    NotKept(Text),
}

impl RenameError {
    /// The answer to the one who wanted it.
    pub fn reply(&self) -> Reply {
        let (code, text) = match self {
            Self::Name(error) => (ErrorCode::BadName, format!("you keep your name: {error}")),
            Self::Taken(name) => (
                ErrorCode::NameTaken,
                format!("you keep your name: {name} is taken, or looks like a name that is"),
            ),
            Self::Kept(why) => (ErrorCode::NameTaken, format!("you keep your name: {why}")),
            Self::NotKept(trouble) => {
                (ErrorCode::NotKept, format!("you keep your name: {trouble}"))
            }
        };
        Reply::Error {
            code,
            text: notice(&text),
            id: None,
        }
    }
}
