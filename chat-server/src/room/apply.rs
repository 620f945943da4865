//! The room as a state machine: who is in it, what happens in it, and which messages
//! it has already. Each event gets its number here.
//!
//! [`Room::apply`] is the only place where it changes, and it depends on nothing but the
//! room and its arguments: two rooms that are given the same requests at the same times
//! are the same, and tell the same events.

use chat_proto::command::Resume;
use chat_proto::event::{
    Body, Event, MessageId, Person, RoomId, RunId, Speech, SpeechKind, Tag, Welcome,
};
use chat_proto::name::{Name, NamePrefix};
use chat_proto::text::Text;

use super::absent::Absent;
use super::dedup::DedupIndex;
use super::gone::Gone;
use super::holders::Holders;
use super::identity::{Identity, Key, Owner};
use super::members::{Member, Members, Newcomer};
use super::moderation::{Moderation, Pace};
use super::origin::Origin;
use super::presence::Presence;
use super::request::{Act, Emitted, Listing, Outcome, Request};
use super::roster::People;
use super::runs::{Onward, Runs};
use super::tickets::ResumeTickets;
use crate::clock::Now;

/// The one room.
#[derive(Debug)]
pub struct Room {
    pub(super) key: Key,
    pub(super) run: RunId,
    pub(super) runs: Runs,
    /// The names that are taken.
    pub(super) people: People,
    pub(crate) members: Members,
    /// Arrivals and departures that are still to be told.
    pub(super) presence: Presence,
    /// How many people are here as the events tell it by name.
    pub(super) told: usize,
    /// The messages that are held, by their ids.
    pub(super) ids: DedupIndex,
    pub(super) tickets: ResumeTickets,
    /// The programs that are awaited after a restart.
    pub(super) absent: Absent,
    /// The names that belong to keys.
    pub(super) holders: Holders,
    /// The measures that stand.
    pub(super) moderation: Moderation,
    pub(super) pace: Pace,
    pub(super) gone: Gone,
    /// The number of the next event.
    pub(super) next: u64,
}

/// What the room goes on with after a restart.
#[derive(Debug)]
pub struct Before {
    /// The room, and the runs of its server.
    pub runs: Runs,
    /// The messages that carry an id.
    pub ids: DedupIndex,
    /// The programs that were here.
    pub absent: Absent,
    /// The measures that stand.
    pub moderation: Moderation,
    /// The number of the next event.
    pub next: u64,
}

/// The events of a request, as they are made.
pub(super) type Events = Vec<Emitted>;

impl Room {
    /// A room in which nothing has happened yet.
    pub fn new(identity: Identity) -> Self {
        let Identity { room, run, key } = identity;
        let before = Before {
            runs: Runs::of(room),
            ids: DedupIndex::default(),
            absent: Absent::default(),
            moderation: Moderation::default(),
            next: 1,
        };
        Self::behind(before, run, key)
    }

    /// A room that goes on, in this run of its server, behind what was `before`.
    pub fn behind(before: Before, run: RunId, key: Key) -> Self {
        let Before {
            mut runs,
            ids,
            absent,
            moderation,
            next,
        } = before;
        runs.go_on(Some(run), next);
        Self {
            key,
            run,
            runs,
            people: People::new(key),
            members: Members::default(),
            presence: Presence::default(),
            told: 0,
            ids,
            tickets: ResumeTickets::new(key, run),
            absent,
            holders: Holders::default(),
            moderation,
            pace: Pace::default(),
            gone: Gone::default(),
            next,
        }
    }

    /// Carries out a request, at this time. Its events are appended to `events`, in
    /// order.
    pub fn apply(&mut self, request: Request, now: Now, events: &mut Vec<Emitted>) -> Outcome {
        match request {
            Request::Open => {
                for body in self.opening(now.time) {
                    self.emit(body, now, events);
                }
            }
            Request::AwaitReturns => self.absent.begin(now.instant),
            Request::TellPending => self.tell_pending(now, events),
            Request::Forget { first } => {
                self.ids.forget_before(first);
                self.runs.forget_before(first);
            }
            Request::SetPeople {
                naming,
                people,
                taken,
            } => self.set_people(naming, *people, taken),
            Request::SetTopic(text) => self.set_own_topic(text, now, events),
            Request::ChangesTaken(taken) => self.holders.take(taken),
            Request::Client(origin, act) => return self.act(origin, act, now, events),
        }
        Outcome::Done
    }

    fn act(&mut self, origin: Origin, act: Act, now: Now, events: &mut Events) -> Outcome {
        let comes = matches!(act, Act::Enter { .. } | Act::Join(_));
        if comes && !self.members.has_place_for(origin) {
            return Outcome::NotHere;
        }
        match act {
            Act::Enter {
                wanted,
                fallback,
                key,
                from,
            } => {
                let newcomer = Newcomer { origin, key, from };
                self.enter(newcomer, &wanted, fallback, now, events)
            }
            Act::Join(join) => self.join(origin, join, now, events),
            Act::Rename(new) => self.rename(origin, &new, now, events),
            Act::Say { kind, text, id } => self.say(origin, kind, text, id, now, events),
            Act::List { after, prefix } => {
                Outcome::Listed(self.list(after.as_ref(), prefix.as_ref()))
            }
            Act::Operate {
                operation,
                authority,
            } => self.operate(origin, operation, authority, now, events),
            Act::ListBans { after, authority } => self.list_bans(origin, after, authority, now),
            Act::Forget { name, authority } => {
                Outcome::Forgotten(self.forget(origin, &name, authority))
            }
            Act::Leave => self.leave(origin, now, events),
        }
    }

    /// The secret key of its server.
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Which room it is, in this run of its server.
    pub fn id(&self) -> RoomId {
        self.runs.current()
    }

    /// The room, this run, and the key.
    pub fn identity(&self) -> Identity {
        Identity {
            room: self.runs.room().clone(),
            run: self.run,
            key: self.key,
        }
    }

    /// The number of the next event.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How a program goes on that was here before, where the events from `first` to
    /// `last` are held.
    pub fn onward(&self, resume: &Resume, first: u64, last: u64) -> Onward {
        self.runs.onward(resume, first, last)
    }

    /// Who is here.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Which names belong to keys.
    pub fn holders(&self) -> &Holders {
        &self.holders
    }

    /// The measures that stand.
    pub fn moderation(&self) -> &Moderation {
        &self.moderation
    }

    /// What proves which program is which.
    pub fn tickets(&self) -> &ResumeTickets {
        &self.tickets
    }

    /// The members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// When [`Request::TellPending`] is due, if nothing happens before.
    pub fn presence_deadline(&self) -> Option<std::time::Instant> {
        self.presence.deadline(self.people.count())
    }

    /// The event that a message with this id is already.
    pub fn find(
        &self,
        kind: SpeechKind,
        id: &MessageId,
        text: &str,
        owner: Option<Owner>,
    ) -> Option<u64> {
        let (hash, _) = self.hash_of(kind, id, text, owner)?;
        self.ids.find(hash)
    }

    /// What a message is known by, and the tag that shows it in the history. One with
    /// a short id is known again only if it comes from the same owner.
    fn hash_of(
        &self,
        kind: SpeechKind,
        id: &MessageId,
        text: &str,
        owner: Option<Owner>,
    ) -> Option<(u64, Option<Tag>)> {
        if let Some(tag) = self.key.tag_of_unique(kind, id, text) {
            return Some((tag.bits(), None));
        }
        let tag = self.key.tag_of_message(owner?, kind, id, text);
        Some((tag.bits(), Some(tag)))
    }

    fn say(
        &mut self,
        origin: Origin,
        kind: SpeechKind,
        text: Text,
        id: Option<MessageId>,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        let Some(member) = self.members.get(origin) else {
            return Outcome::NotHere;
        };
        let owner = member.owner;
        let find = |id| self.hash_of(kind, id, text.as_str(), owner);
        let hash = id.as_ref().and_then(find);
        let seq = hash.and_then(|(hash, _)| self.ids.find(hash));
        if let (Some(id), Some(seq)) = (&id, seq) {
            let id = id.clone();
            return Outcome::SaidBefore { id, seq };
        }
        if let Some(why) = self.silence(origin, &member, now) {
            return Outcome::Silenced { id, why };
        }
        self.members.note_speech(origin, now.time);
        let Member { name, keyed, .. } = member;
        let length = text.as_str().len();
        self.tell_before(&[&name], now, events);
        let tag = hash.and_then(|(_, tag)| tag);
        let claimed = keyed.and_then(|keyed| self.speak_with_key(origin, &name, &keyed, now));
        let speech = Speech {
            held: self.holders.key_of(&name),
            name,
            text,
            id,
            tag,
        };
        let seq = self.emit_own(kind.body(speech), now, events);
        if let Some((hash, _)) = hash {
            self.ids.insert(hash, seq);
        }
        Outcome::Said { length, claimed }
    }

    /// Up to so many people are told by name from now on, and more as a number: a rule of the
    /// servers that share the room.
    pub fn set_names_up_to(&mut self, most: usize, now: Now) {
        let here = self.people.count();
        self.presence.set_names_up_to(most, here, now.instant);
    }

    /// The first of the names behind `after`. A peer that has them may wait to hear that
    /// one of these people goes.
    pub(super) fn list(&mut self, after: Option<&Name>, prefix: Option<&NamePrefix>) -> Listing {
        self.presence.list();
        let listed = self
            .people
            .names_like(prefix, after, Welcome::MAX_NAMES, |_| true, []);
        self.listing(self.people.count(), listed)
    }

    /// The same as the events have told it, for a peer that is to have an answer while nothing
    /// gets its place: nothing changes.
    pub fn list_told(&self, after: Option<&Name>, prefix: Option<&NamePrefix>) -> Listing {
        let (pending, most) = (&self.presence, Welcome::MAX_NAMES);
        let here = self.people.count();
        if pending.is_large(here) {
            // Nothing of what is pending is promised to be told.
            let listed = self.people.names_like(prefix, after, most, |_| true, []);
            return self.listing(here, listed);
        }
        let is_told = |name: &Name| !pending.arrives(name);
        let listed = self
            .people
            .names_like(prefix, after, most, is_told, pending.departures());
        self.listing(self.told, listed)
    }

    fn listing(&self, people: usize, (names, next): (Vec<Name>, Option<Name>)) -> Listing {
        let person = |name| Person {
            held: self.holders.key_of(&name),
            name,
        };
        let names = names.into_iter().map(person).collect();
        Listing {
            people,
            names,
            next,
        }
    }

    /// Tells at once all arrivals and departures that wait to be told together, or in a large
    /// room how many people are here if it is time for that.
    pub(super) fn tell_pending(&mut self, now: Now, events: &mut Events) {
        let told = self.presence.take(self.people.count(), now.instant);
        told.into_iter()
            .for_each(|body| self.emit(body, now, events));
    }

    /// Before a person speaks, or takes another name, it is told that they are here,
    /// and that the one who had the name before is not.
    pub(super) fn tell_before(&mut self, names: &[&Name], now: Now, events: &mut Events) {
        if names.iter().any(|name| self.presence.concerns(name)) {
            self.tell_pending_for(names, now, events);
        }
    }

    /// Tells what is pending of these names, and perhaps more.
    pub(super) fn tell_pending_for(&mut self, names: &[&Name], now: Now, events: &mut Events) {
        let here = self.people.count();
        let told = self.presence.take_for(names, here, now.instant);
        told.into_iter()
            .for_each(|body| self.emit(body, now, events));
    }

    /// Adds an event that is what was asked for; its number.
    pub(super) fn emit_own(&mut self, body: Body, now: Now, events: &mut Events) -> u64 {
        self.emit(body, now, events);
        if let Some(last) = events.last_mut() {
            last.is_own = true;
        }
        self.next - 1
    }

    /// Adds an event. Here it gets its number.
    pub(super) fn emit(&mut self, body: Body, now: Now, events: &mut Events) {
        match &body {
            Body::Entered(names) => self.told += names.len(),
            Body::Left(names) => self.told -= names.len(),
            _ => {}
        }
        let event = Event {
            seq: self.next,
            time: now.time,
            body,
        };
        self.next += 1;
        events.push(Emitted {
            event,
            is_own: false,
        });
    }
}
