//! Entering, leaving and renaming. Every name is granted here.

use chat_proto::event::{Arrival, Body, Tag};
use chat_proto::name::Name;

use super::apply::{Events, Room};
use super::identity::Owner;
use super::members::{Keyed, Member, Newcomer, Visit};
use super::origin::{Origin, ServerId};
use super::presence::departures;
use super::request::{Fallback, Join, Joined, JoinedAs, NameRefusal, Outcome};
use super::verdict::Bar;
use crate::access::keys::PersonKey;
use crate::access::people::Holding;
use crate::clock::Now;

impl Room {
    /// Whether an owner has a place in the room: a connection, or a name that is kept
    /// for it after a restart.
    pub fn has_place_of(&self, owner: Owner, now: Now) -> bool {
        self.members.connection_of(owner).is_some() || self.returning(owner, None, now).is_some()
    }

    /// Whether a newcomer with this key may have this name now.
    pub fn is_free(&self, name: &Name, key: Option<&PersonKey>, now: Now) -> bool {
        !self.people.is_taken(name) && self.look_up(name, key, now).1.is_none()
    }

    /// The name that this owner had before a restart and may have back; of several, the
    /// wanted one.
    pub(crate) fn returning(&self, owner: Owner, wanted: Option<&Name>, now: Now) -> Option<Name> {
        let name = self.absent.name_of(owner, &self.key, wanted, now.instant)?;
        (!self.people.is_taken(name)).then(|| name.clone())
    }

    /// The wanted name, in the form in which it is listed for this key if it is; and why a
    /// person with this key does not get it even if no person here has it: it belongs to
    /// another key, or is kept for a program from before a restart. Who has the key of a
    /// name need not wait for that program.
    fn look_up(
        &self,
        wanted: &Name,
        key: Option<&PersonKey>,
        now: Now,
    ) -> (Name, Option<NameRefusal>) {
        match self.holders.holding(wanted, key) {
            Holding::Own(name) => (name.clone(), None),
            Holding::Others(holder) => (wanted.clone(), Some(NameRefusal::Held(holder.clone()))),
            Holding::Free => (wanted.clone(), self.why_kept(wanted, now)),
        }
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
        newcomer: Newcomer,
        wanted: &Name,
        fallback: Fallback,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        let Newcomer { origin, key, from } = newcomer;
        if let Some(member) = self.members.get(origin) {
            return Outcome::Entered(member.name);
        }
        let traces = self.traces(from, key.as_ref(), None);
        if let Some(bar) = self.bar(&traces, key.as_ref(), now.time) {
            return Outcome::Barred(bar);
        }
        let name = match fallback {
            Fallback::Numbered => self.free_name(wanted, key.as_ref(), now),
            Fallback::Nothing => match self.look_up(wanted, key.as_ref(), now) {
                (_, Some(refusal)) => return Outcome::NameRefused(refusal),
                (name, None) if self.people.is_taken(&name) => {
                    return Outcome::NameRefused(NameRefusal::Taken(name));
                }
                (name, None) => name,
            },
        };
        self.arrive(Arrival::of(name.clone()), now, events);
        let may_claim = fallback == Fallback::Nothing;
        let keyed = key.map(|key| Keyed { key, may_claim });
        let visit = Visit::new(from, now.time);
        self.insert(origin, &name, None, keyed, visit);
        Outcome::Entered(name)
    }

    /// Puts a person who has arrived on this connection.
    fn insert(
        &mut self,
        origin: Origin,
        name: &Name,
        owner: Option<Owner>,
        keyed: Option<Keyed>,
        visit: Visit,
    ) {
        self.holders.leave(name);
        self.holders.enter(name, keyed.as_ref().map(|it| &it.key));
        let name = name.clone();
        let member = Member {
            name,
            owner,
            keyed,
            visit,
        };
        self.members.insert(origin, member);
    }

    pub(super) fn join(
        &mut self,
        origin: Origin,
        mut join: Join,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        self.absent.expire(now.instant);
        let mut before = self.members.get(origin);
        let shown = before.as_ref().and_then(|member| member.keyed.as_ref());
        join.key = shown.map(|keyed| keyed.key.clone()).or(join.key);
        let traces = self.traces(join.from, join.key.as_ref(), join.known);
        let bar = self.bar(&traces, join.key.as_ref(), now.time);
        // Who is here already is not a newcomer.
        let bar = bar.filter(|bar| before.is_none() || *bar != Bar::Locked);
        if let Some(bar) = bar {
            self.leave(origin, now, events);
            return Outcome::Barred(bar);
        }
        let connection = |owner| self.members.connection_of(owner);
        let earlier = join.known.and_then(connection);
        let earlier = earlier.filter(|earlier| *earlier != origin);
        let owner = join.known.unwrap_or_else(|| self.tickets.draw());
        let (name, place, refusal) = if let Some(earlier) = earlier
            && let Some(member) = self.members.remove(earlier)
        {
            self.leave(origin, now, events);
            let (name, refusal) = self.keep_name(&member.name, &join, owner, now, events);
            before = Some(member);
            (name, JoinedAs::TookOver(earlier), refusal)
        } else if let Some(name) = self.returning_with_key(owner, &join, now) {
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
        let may_claim = may_claim(&name, &join, before.as_ref());
        let keyed = join.key.map(|key| Keyed { key, may_claim });
        let visit = before.map(|member| member.visit);
        let visit = visit.unwrap_or_else(|| Visit::new(join.from, now.time));
        let visit = visit.from(join.from);
        let visit = self.members.visit_with(visit, join.program);
        self.insert(origin, &name, Some(owner), keyed, visit);
        Outcome::Joined(Box::new(Joined {
            name,
            owner,
            place,
            refusal,
            listing: self.list(None, None),
        }))
    }

    /// The name that this owner had before a restart, unless it belongs to a key that is
    /// not the owner's.
    fn returning_with_key(&self, owner: Owner, join: &Join, now: Now) -> Option<Name> {
        let name = self.returning(owner, join.wanted.as_ref(), now)?;
        let holding = self.holders.holding(&name, join.key.as_ref());
        (!matches!(holding, Holding::Others(_))).then_some(name)
    }

    /// The program goes on under the name that it has, unless that belongs to a key that it
    /// has not shown.
    fn keep_name(
        &mut self,
        name: &Name,
        join: &Join,
        owner: Owner,
        now: Now,
        events: &mut Events,
    ) -> (Name, Option<NameRefusal>) {
        let Holding::Others(holder) = self.holders.holding(name, join.key.as_ref()) else {
            return (name.clone(), None);
        };
        let refusal = NameRefusal::Held(holder.clone());
        let new =
            self.rename_at_hello(name, &join.otherwise, owner, join.key.as_ref(), now, events);
        (new, Some(refusal))
    }

    /// Gives the program the name that it wants, or another one. The refusal says that
    /// the wanted name is reserved.
    fn name_for(
        &mut self,
        origin: Origin,
        join: &Join,
        owner: Owner,
        now: Now,
        events: &mut Events,
    ) -> (Name, Option<NameRefusal>) {
        let key = join.key.as_ref();
        let own = || key.and_then(|key| self.holders.name_of(key)).cloned();
        let wanted = join.wanted.as_ref();
        let (wanted, refusal) = wanted.map(|name| self.look_up(name, key, now)).unzip();
        let refusal = refusal.flatten();
        let present = self.members.get(origin).map(|member| member.name);
        let name = match (present, wanted, &refusal) {
            (Some(old), None, _) | (Some(old), _, Some(NameRefusal::Held(_))) => old,
            (Some(old), Some(wanted), _) => {
                self.rename_at_hello(&old, &wanted, owner, key, now, events)
            }
            (None, wanted, refusal) => {
                let wanted = match refusal {
                    // Not that name with a number: it would look like the holder's.
                    Some(NameRefusal::Held(_)) => join.otherwise.clone(),
                    _ => wanted
                        .or_else(own)
                        .unwrap_or_else(|| join.otherwise.clone()),
                };
                let name = self.free_name(&wanted, key, now);
                self.arrive(self.arrival(&name, owner), now, events);
                name
            }
        };
        (name, refusal)
    }

    fn arrival(&self, name: &Name, owner: Owner) -> Arrival {
        Arrival {
            tag: Some(self.tag_of(owner, name)),
            ..Arrival::of(name.clone())
        }
    }

    fn arrive(&mut self, arrival: Arrival, now: Now, events: &mut Events) {
        self.take_name(&arrival.name);
        let here = self.people.count();
        if self.presence.enter(&arrival, here, now.instant) {
            self.emit_own(Body::Entered(vec![arrival]), now, events);
        }
    }

    /// Removes the member on this connection, if there is one.
    pub(super) fn leave(&mut self, origin: Origin, now: Now, events: &mut Events) -> Outcome {
        let Some(name) = self.remove(origin, now) else {
            return Outcome::NotHere;
        };
        let here = self.people.count();
        if self.presence.leave(&name, here, now.instant) {
            self.emit_own(Body::Left(vec![name]), now, events);
        }
        Outcome::Done
    }

    /// Removes the member on this connection, of whom nothing is told yet: the name.
    fn remove(&mut self, origin: Origin, now: Now) -> Option<Name> {
        let member = self.members.remove(origin)?;
        let traces = self.traces_of(&member);
        let slow = self.moderation.slow();
        self.pace.leave(origin, &traces, slow, now.instant);
        let name = member.name;
        self.gone.note(&name, traces, now.instant);
        self.people.leave(&name);
        self.holders.leave(&name);
        Some(name)
    }

    /// A server is gone. All people who are at no other one leave, and that is told at once:
    /// in one event, or in as few as they fit into. In a large room it is told as if they had
    /// left.
    pub(crate) fn lose(&mut self, server: ServerId, now: Now, events: &mut Events) {
        let is_large = self.presence.is_large(self.people.count());
        if !is_large {
            // Who is told as gone has to have been told as here.
            self.tell_pending(now, events);
        }
        let lost = self.members.of(server);
        let names: Vec<Name> = lost.filter_map(|origin| self.remove(origin, now)).collect();
        self.members.forget(server);
        if is_large {
            let here = self.people.count();
            for name in names {
                if self.presence.leave(&name, here, now.instant) {
                    self.emit(Body::Left(vec![name]), now, events);
                }
            }
            return;
        }
        for body in departures(names) {
            self.emit(body, now, events);
        }
    }

    fn free_name(&self, wanted: &Name, key: Option<&PersonKey>, now: Now) -> Name {
        let is_reserved = |name: &Name| self.look_up(name, key, now).1.is_some();
        self.people.free_name(wanted, is_reserved)
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
        new: &Name,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        let Some(member) = self.members.get(origin) else {
            return Outcome::NotHere;
        };
        let muted = self.mute_of(&member, now);
        let traces = self.traces_of(&member);
        let Member {
            name: old,
            owner,
            keyed,
            ..
        } = member;
        let key = keyed.as_ref().map(|keyed| &keyed.key);
        let (new, refusal) = self.look_up(new, key, now);
        if new == old {
            return Outcome::Renamed(new);
        }
        if let Some(why) = muted {
            // A name says something as well.
            return Outcome::NameRefused(NameRefusal::Muted(why));
        }
        self.people.leave(&old);
        if refusal.is_some() || self.people.is_taken(&new) {
            self.people.enter(&old);
            return Outcome::NameRefused(refusal.unwrap_or(NameRefusal::Taken(new)));
        }
        self.renamed(&old, &new, owner, now, events);
        self.gone.note(&old, traces, now.instant);
        self.members.rename(origin, &new);
        self.holders.enter(&new, key);
        Outcome::Renamed(new)
    }

    /// Renames a member whose program has just identified itself: to `wanted` or, if
    /// that is taken, to `wanted` with a number behind it.
    fn rename_at_hello(
        &mut self,
        old: &Name,
        wanted: &Name,
        owner: Owner,
        key: Option<&PersonKey>,
        now: Now,
        events: &mut Events,
    ) -> Name {
        self.people.leave(old);
        let new = self.free_name(wanted, key, now);
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
        self.holders.leave(old);
        self.take_name(new);
        // A person whose departure is pending may have had a name that looks like the
        // new one.
        if self.presence.has_departures() {
            self.tell_pending_for(&[old, new], now, events);
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

/// Whether a program that has joined under `name` claims that by what it says: if it has
/// asked for it. One that was here under it already, also over another connection, may do
/// so if it might `before`: it may have claimed the name since, and freed it again.
fn may_claim(name: &Name, join: &Join, before: Option<&Member>) -> bool {
    let before = before.filter(|member| member.name == *name);
    match before.and_then(|member| member.keyed.as_ref()) {
        Some(keyed) => keyed.may_claim,
        None => join.wanted.as_ref() == Some(name),
    }
}
