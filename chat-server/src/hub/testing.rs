//! Requests in one line each, for tests.

use std::sync::Arc;

use chat_proto::event::{Limits, Speech, SpeechKind};
use chat_proto::name::Name;

use super::{Answer, Hub};
use crate::clock::Now;
use crate::config::Config;
use crate::room::identity::Owner;
use crate::room::members::{Member, Visit};
use crate::room::origin::ClientId;
use crate::room::request::{Act, Fallback, Join, Joined, NameRefusal, Outcome, Request};
use crate::storage::Joining;
use crate::timeline::mark::Place;

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Said {
    New(Place),
    Again(u64),
    Refused,
}

/// A connection with this number.
pub(crate) fn client(number: u32) -> ClientId {
    ClientId {
        worker: 0,
        key: number,
        generation: number,
    }
}

impl Hub {
    /// Enforces these limits.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.set_config(Arc::new(Config::of(limits)));
    }

    /// A snapshot of a shared room.
    pub(crate) fn into_joining(self) -> Joining {
        Joining {
            lines: self.chapter_lines().unwrap_or_default(),
            chapters: self.chapters.expect("it is shared"),
            room: self.room,
        }
    }

    fn ask(&mut self, client: ClientId, act: Act, now: Now) -> Answer {
        self.propose(client, act, now).expect("it is alone")
    }

    /// The connection of the member with this name.
    fn member(&self, name: &Name) -> Option<ClientId> {
        let mut members = self.room.members().iter();
        let member = members.find(|(_, member)| member.name == *name)?;
        Some(member.0.client)
    }

    /// A connection that has not been here, and is no session's.
    pub(crate) fn stranger(&self) -> ClientId {
        let keys = self
            .room
            .members()
            .iter()
            .map(|(origin, _)| origin.client.key);
        let number = keys.max().map_or(0, |last| last + 1);
        ClientId {
            worker: 1,
            ..client(number)
        }
    }

    /// Says something. The speaker comes in without a word if need be.
    pub(crate) fn say(
        &mut self,
        speech: Speech,
        owner: Option<Owner>,
        kind: SpeechKind,
        now: Now,
    ) -> Said {
        let Speech { name, text, id, .. } = speech;
        let known = self.room.members().iter();
        let is_speaker = |(_, member): &(_, Member)| member.name == name && member.owner == owner;
        let known = known
            .filter(is_speaker)
            .map(|(origin, _)| origin.client)
            .next();
        let client = known.unwrap_or_else(|| {
            let client = self.stranger();
            let keyed = None;
            let visit = Visit::default();
            let member = Member {
                name,
                owner,
                keyed,
                visit,
            };
            let origin = self.origin_of(client);
            self.room.members.insert(origin, member);
            client
        });
        match self.ask(client, Act::Say { kind, text, id }, now) {
            Answer {
                outcome: Outcome::Said { .. },
                own: Some(place),
                ..
            } => Said::New(place),
            Answer {
                outcome: Outcome::SaidBefore { seq, .. },
                own: None,
                ..
            } => Said::Again(seq),
            Answer {
                outcome: Outcome::NotSaid { .. },
                own: None,
                ..
            } => Said::Refused,
            other => panic!("{other:?}"),
        }
    }

    /// A person comes in, with a program if there is an `owner`.
    pub(crate) fn enter(
        &mut self,
        wanted: &Name,
        owner: Option<Owner>,
        now: Now,
    ) -> (Name, Option<Place>) {
        let client = self.stranger();
        let wanted = wanted.clone();
        if owner.is_some() {
            let Answer { outcome, own, .. } = self.join(client, owner, wanted, now);
            return (joined(outcome).name, own);
        }
        let fallback = Fallback::Numbered;
        let act = Act::Enter {
            wanted,
            fallback,
            key: None,
            from: Some([127, 0, 0, 1].into()),
        };
        match self.ask(client, act, now) {
            Answer {
                outcome: Outcome::Entered(name),
                own,
                ..
            } => (name, own),
            other => panic!("{other:?}"),
        }
    }

    /// A person who is in the room says who they are.
    pub(crate) fn hello(&mut self, present: &Name, wanted: &Name, owner: Owner, now: Now) -> Name {
        let client = self.member(present).expect("a member");
        let answer = self.join(client, Some(owner), wanted.clone(), now);
        joined(answer.outcome).name
    }

    fn join(&mut self, client: ClientId, known: Option<Owner>, wanted: Name, now: Now) -> Answer {
        let join = Join {
            known,
            otherwise: wanted.clone(),
            wanted: Some(wanted),
            key: None,
            from: Some([127, 0, 0, 1].into()),
            program: None,
        };
        self.ask(client, Act::Join(join), now)
    }

    pub(crate) fn leave(&mut self, name: &Name, now: Now) -> Option<Place> {
        let client = self.member(name).expect("a member");
        self.ask(client, Act::Leave, now).own
    }

    pub(crate) fn rename(
        &mut self,
        old: &Name,
        wanted: &str,
        now: Now,
    ) -> Result<Name, NameRefusal> {
        let client = self.member(old).expect("a member");
        let new = Name::choose(wanted).unwrap();
        match self.ask(client, Act::Rename(new), now).outcome {
            Outcome::Renamed(name) => Ok(name),
            Outcome::NameRefused(why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    /// A peer is given the names of the people who are here.
    pub(crate) fn list(&mut self, now: Now) {
        let client = self.stranger();
        self.ask(
            client,
            Act::List {
                after: None,
                prefix: None,
            },
            now,
        );
    }

    /// All that waits to be told together is told.
    pub(crate) fn tell_pending(&mut self, now: Now) {
        self.request(Request::TellPending, now);
    }
}

fn joined(outcome: Outcome) -> Joined {
    match outcome {
        Outcome::Joined(joined) => *joined,
        other => panic!("{other:?}"),
    }
}
