//! Who is in the room, and under which name: coming in, going, and taking another
//! name. Every name is granted here.

use chat_proto::event::{Arrival, Body, Tag};
use chat_proto::name::Name;

use super::apply::{Events, Room};
use super::identity::Owner;
use super::request::{Fallback, Join, Joined, JoinedAs, NameRefusal, Outcome};
use crate::clock::Now;

impl Room {
    /// Whether an owner has a place here: a connection of its own, or one that is
    /// kept for it after a restart.
    pub fn has_place_of(&self, owner: Owner, now: Now) -> bool {
        self.tickets.is_here(owner) || self.returning(owner, None, now).is_some()
    }

    /// Whether anybody may have this name now.
    pub fn is_free(&self, name: &Name, now: Now) -> bool {
        !self.people.is_taken(name) && !self.absent.keeps(name, now.instant)
    }

    /// The name that this owner had before a restart and may have back. It may
    /// want to have it, or another one.
    pub(crate) fn returning(&self, owner: Owner, wanted: Option<&Name>, now: Now) -> Option<Name> {
        let name = self.absent.name_of(owner, &self.key, wanted, now.instant)?;
        (!self.people.is_taken(name)).then(|| name.clone())
    }

    /// If a name is kept for a program that was here before a restart: why others
    /// cannot have it.
    fn why_kept(&self, name: &Name, now: Now) -> Option<NameRefusal> {
        let is_kept = self.absent.keeps(name, now.instant);
        is_kept.then(|| {
            let left = self.absent.keeps_for(now.instant).as_millis();
            NameRefusal::Kept {
                name: name.clone(),
                seconds: left.div_ceil(1000) as u64,
            }
        })
    }

    pub(super) fn enter(
        &mut self,
        wanted: &Name,
        fallback: Fallback,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        let name = self.free_name(wanted, now);
        if fallback == Fallback::Nothing && name != *wanted {
            return Outcome::NotRenamed(NameRefusal::Taken(wanted.clone()));
        }
        self.arrive(Arrival::of(name.clone()), now, events);
        Outcome::Entered(name)
    }

    pub(super) fn join(&mut self, join: Join, now: Now, events: &mut Events) -> Joined {
        self.absent.expire(now.instant);
        let ghost = join.known.and_then(|owner| self.tickets.take_over(owner));
        let owner = join.known.unwrap_or_else(|| self.tickets.draw());
        let (name, place, refusal) = if let Some(name) = ghost {
            self.leave_for(&join, now, events);
            (name, JoinedAs::TookOver, None)
        } else if let Some(name) = self.returning(owner, join.wanted.as_ref(), now) {
            self.leave_for(&join, now, events);
            let back = Arrival {
                back: true,
                ..self.arrival(&name, owner)
            };
            self.arrive(back, now, events);
            (name, JoinedAs::Returned, None)
        } else {
            let (name, refusal) = self.name_for(&join, owner, now, events);
            (name, JoinedAs::New, refusal)
        };
        // It is given the names of all who are here.
        self.presence.list();
        Joined {
            ticket: self.tickets.give(owner, &name),
            name,
            owner,
            place,
            refusal,
        }
    }

    /// Comes in under the name that it wants, or gets instead; and why it has not got
    /// the one that it wants.
    fn name_for(
        &mut self,
        join: &Join,
        owner: Owner,
        now: Now,
        events: &mut Events,
    ) -> (Name, Option<NameRefusal>) {
        let wanted = join.wanted.as_ref();
        let kept = wanted.and_then(|wanted| self.why_kept(wanted, now));
        let name = match (&join.present, wanted) {
            (Some(old), None) => old.clone(),
            (Some(old), Some(wanted)) => self.rename_at_hello(old, wanted, owner, now, events),
            (None, wanted) => {
                let name = self.free_name(wanted.unwrap_or(&join.address), now);
                self.arrive(self.arrival(&name, owner), now, events);
                name
            }
        };
        (name, kept)
    }

    /// If its connection is in the room already it leaves: the program has another
    /// place there.
    fn leave_for(&mut self, join: &Join, now: Now, events: &mut Events) {
        if let Some(old) = &join.present {
            self.leave(old, now, events);
        }
    }

    fn arrival(&self, name: &Name, owner: Owner) -> Arrival {
        Arrival {
            tag: Some(self.tag_of(owner, name)),
            ..Arrival::of(name.clone())
        }
    }

    fn arrive(&mut self, arrival: Arrival, now: Now, events: &mut Events) {
        self.take_name(&arrival.name);
        if self.presence.enter(&arrival, now.instant) {
            self.emit_own(Body::Entered(vec![arrival]), now, events);
        }
    }

    pub(super) fn leave(&mut self, name: &Name, now: Now, events: &mut Events) {
        self.people.leave(name);
        if self.presence.leave(name, now.instant) {
            self.emit_own(Body::Left(vec![name.clone()]), now, events);
        }
    }

    fn free_name(&self, wanted: &Name, now: Now) -> Name {
        let kept = |name: &Name| self.absent.keeps(name, now.instant);
        self.people.free_name(wanted, kept)
    }

    /// The name is taken now, and its owner is not awaited any more.
    fn take_name(&mut self, name: &Name) {
        self.people.enter(name);
        self.absent.remove(name);
    }

    fn tag_of(&self, owner: Owner, name: &Name) -> Tag {
        self.key.tag_of_name(owner, self.run, name)
    }

    pub(super) fn rename(
        &mut self,
        old: &Name,
        new: Name,
        owner: Option<Owner>,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        self.people.leave(old);
        let kept = self.why_kept(&new, now);
        if kept.is_some() || self.people.is_taken(&new) {
            self.people.enter(old);
            return Outcome::NotRenamed(kept.unwrap_or(NameRefusal::Taken(new)));
        }
        self.renamed(old, &new, owner, now, events);
        if let Some(owner) = owner {
            self.tickets.rename(owner, &new);
        }
        Outcome::Renamed(new)
    }

    /// A program that is here already says who it is, and comes in under
    /// `wanted` or, if that is taken, with a number behind it.
    fn rename_at_hello(
        &mut self,
        old: &Name,
        wanted: &Name,
        owner: Owner,
        now: Now,
        events: &mut Events,
    ) -> Name {
        self.people.leave(old);
        let new = self.free_name(wanted, now);
        if new == *old {
            self.people.enter(old);
        } else {
            self.renamed(old, &new, Some(owner), now, events);
        }
        new
    }

    fn renamed(
        &mut self,
        old: &Name,
        new: &Name,
        owner: Option<Owner>,
        now: Now,
        events: &mut Events,
    ) {
        self.take_name(new);
        // One who has gone may have had a name that looks like the new one.
        if self.presence.has_departures() {
            self.tell_pending(now, events);
        } else {
            self.tell_before(&[old, new], now, events);
        }
        let body = Body::Renamed {
            old: old.clone(),
            new: new.clone(),
            tag: owner.map(|owner| self.tag_of(owner, new)),
        };
        self.emit_own(body, now, events);
    }
}
