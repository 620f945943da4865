//! Requests in one line each, for tests.

use chat_proto::event::{Speech, SpeechKind};
use chat_proto::name::Name;

use super::{Hub, Ordered};
use crate::clock::Now;
use crate::room::identity::Owner;
use crate::room::request::{Fallback, Join, Joined, NameRefusal, Outcome, Request};
use crate::timeline::mark::Place;

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Said {
    New(Place),
    Again(u64),
    Refused,
}

impl Hub {
    pub(crate) fn say(
        &mut self,
        speech: Speech,
        owner: Option<Owner>,
        kind: SpeechKind,
        now: Now,
    ) -> Said {
        let request = Request::Say {
            kind,
            speech,
            owner,
        };
        match self.propose(request, now) {
            Ordered {
                outcome: Outcome::Said(_),
                own: Some(place),
            } => Said::New(place),
            Ordered {
                outcome: Outcome::SaidBefore(seq),
                own: None,
            } => Said::Again(seq),
            Ordered {
                outcome: Outcome::NotKept(_),
                own: None,
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
        let wanted = wanted.clone();
        if owner.is_some() {
            let Ordered { outcome, own } = self.join(owner, wanted, None, now);
            return (joined(outcome).name, own);
        }
        let fallback = Fallback::Numbered;
        match self.propose(Request::Enter { wanted, fallback }, now) {
            Ordered {
                outcome: Outcome::Entered(name),
                own,
            } => (name, own),
            other => panic!("{other:?}"),
        }
    }

    /// A person who is in the room says who they are.
    pub(crate) fn hello(&mut self, present: &Name, wanted: &Name, owner: Owner, now: Now) -> Name {
        let present = Some(present.clone());
        joined(self.join(Some(owner), wanted.clone(), present, now).outcome).name
    }

    fn join(
        &mut self,
        known: Option<Owner>,
        wanted: Name,
        present: Option<Name>,
        now: Now,
    ) -> Ordered {
        let join = Join {
            known,
            address: wanted.clone(),
            wanted: Some(wanted),
            present,
        };
        self.propose(Request::Join(join), now)
    }

    pub(crate) fn leave(&mut self, name: &Name, owner: Option<Owner>, now: Now) -> Option<Place> {
        let name = name.clone();
        self.propose(Request::Leave { name, owner }, now).own
    }

    pub(crate) fn rename(
        &mut self,
        old: &Name,
        wanted: &str,
        owner: Option<Owner>,
        now: Now,
    ) -> Result<Name, NameRefusal> {
        let request = Request::Rename {
            old: old.clone(),
            new: Name::choose(wanted).unwrap(),
            owner,
        };
        match self.propose(request, now).outcome {
            Outcome::Renamed(name) => Ok(name),
            Outcome::NotRenamed(why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    /// All that waits to be told together is told.
    pub(crate) fn tell_pending(&mut self, now: Now) {
        self.propose(Request::TellPending, now);
    }
}

fn joined(outcome: Outcome) -> Joined {
    match outcome {
        Outcome::Joined(joined) => joined,
        other => panic!("{other:?}"),
    }
}
