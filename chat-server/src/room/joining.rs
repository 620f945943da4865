//! Entering, leaving and renaming. Every name is granted here.

use chat_proto::event::{Arrival, Body, Tag};
use chat_proto::name::Name;

use super::apply::{Events, Room};
use super::identity::Owner;
use super::members::Member;
use super::origin::Origin;
use super::request::{Fallback, Join, Joined, JoinedAs, NameRefusal, Outcome};
use crate::clock::Now;

impl Room {
    /// Whether an owner has a place in the room: a connection, or a name that is kept
    /// for it after a restart.
    pub fn has_place_of(&self, owner: Owner, now: Now) -> bool {
        self.members.connection_of(owner).is_some() || self.returning(owner, None, now).is_some()
    }

    /// Whether a newcomer may have this name now.
    pub fn is_free(&self, name: &Name, now: Now) -> bool {
        !self.people.is_taken(name) && !self.absent.keeps(name, now.instant)
    }

    /// The name that this owner had before a restart and may have back; of several, the
    /// wanted one.
    pub(crate) fn returning(&self, owner: Owner, wanted: Option<&Name>, now: Now) -> Option<Name> {
        let name = self.absent.name_of(owner, &self.key, wanted, now.instant)?;
        (!self.people.is_taken(name)).then(|| name.clone())
    }

    /// The refusal of a name that is kept for a program from before a restart.
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
        origin: Origin,
        wanted: &Name,
        fallback: Fallback,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        if let Some(member) = self.members.get(origin) {
            return Outcome::Entered(member.name);
        }
        let name = self.free_name(wanted, now);
        if fallback == Fallback::Nothing && name != *wanted {
            return Outcome::NameRefused(NameRefusal::Taken(wanted.clone()));
        }
        self.arrive(Arrival::of(name.clone()), now, events);
        let owner = None;
        let member = Member {
            name: name.clone(),
            owner,
        };
        self.members.insert(origin, member);
        Outcome::Entered(name)
    }

    pub(super) fn join(
        &mut self,
        origin: Origin,
        join: Join,
        now: Now,
        events: &mut Events,
    ) -> Joined {
        self.absent.expire(now.instant);
        let connection = |owner| self.members.connection_of(owner);
        let earlier = join.known.and_then(connection);
        let earlier = earlier.filter(|earlier| *earlier != origin);
        let owner = join.known.unwrap_or_else(|| self.tickets.draw());
        let (name, place, refusal) = if let Some(earlier) = earlier
            && let Some(member) = self.members.remove(earlier)
        {
            self.leave(origin, now, events);
            (member.name, JoinedAs::TookOver(earlier), None)
        } else if let Some(name) = self.returning(owner, join.wanted.as_ref(), now) {
            self.leave(origin, now, events);
            let back = Arrival {
                back: true,
                ..self.arrival(&name, owner)
            };
            self.arrive(back, now, events);
            (name, JoinedAs::Returned, None)
        } else {
            let (name, refusal) = self.name_for(origin, &join, owner, now, events);
            (name, JoinedAs::New, refusal)
        };
        let member = Member {
            name: name.clone(),
            owner: Some(owner),
        };
        self.members.insert(origin, member);
        Joined {
            name,
            owner,
            place,
            refusal,
            listing: self.list(None),
        }
    }

    /// Gives the program the name that it wants, or another one. The refusal says that
    /// the wanted name is kept.
    fn name_for(
        &mut self,
        origin: Origin,
        join: &Join,
        owner: Owner,
        now: Now,
        events: &mut Events,
    ) -> (Name, Option<NameRefusal>) {
        let wanted = join.wanted.as_ref();
        let kept = wanted.and_then(|wanted| self.why_kept(wanted, now));
        let present = self.members.get(origin).map(|member| member.name);
        let name = match (present, wanted) {
            (Some(old), None) => old,
            (Some(old), Some(wanted)) => self.rename_at_hello(&old, wanted, owner, now, events),
            (None, wanted) => {
                let name = self.free_name(wanted.unwrap_or(&join.address), now);
                self.arrive(self.arrival(&name, owner), now, events);
                name
            }
        };
        (name, kept)
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

    /// Removes the member on this connection, if there is one.
    pub(super) fn leave(&mut self, origin: Origin, now: Now, events: &mut Events) -> Outcome {
        let Some(Member { name, .. }) = self.members.remove(origin) else {
            return Outcome::NotHere;
        };
        self.people.leave(&name);
        if self.presence.leave(&name, now.instant) {
            self.emit_own(Body::Left(vec![name]), now, events);
        }
        Outcome::Done
    }

    fn free_name(&self, wanted: &Name, now: Now) -> Name {
        let kept = |name: &Name| self.absent.keeps(name, now.instant);
        self.people.free_name(wanted, kept)
    }

    /// Marks the name as taken. Its owner from before a restart is no longer awaited.
    fn take_name(&mut self, name: &Name) {
        self.people.enter(name);
        self.absent.remove(name);
    }

    fn tag_of(&self, owner: Owner, name: &Name) -> Tag {
        self.key.tag_of_name(owner, self.run, name)
    }

    pub(super) fn rename(
        &mut self,
        origin: Origin,
        new: Name,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        let Some(Member { name: old, owner }) = self.members.get(origin) else {
            return Outcome::NotHere;
        };
        self.people.leave(&old);
        let kept = self.why_kept(&new, now);
        if kept.is_some() || self.people.is_taken(&new) {
            self.people.enter(&old);
            return Outcome::NameRefused(kept.unwrap_or(NameRefusal::Taken(new)));
        }
        self.renamed(&old, &new, owner, now, events);
        self.members.rename(origin, &new);
        Outcome::Renamed(new)
    }

    /// Renames a member whose program has just identified itself: to `wanted` or, if
    /// that is taken, to `wanted` with a number behind it.
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
        // A person whose departure is pending may have had a name that looks like the
        // new one.
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
