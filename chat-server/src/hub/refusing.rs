//! Requests whose outcome is known before they have their place: while nothing can be kept, or
//! the order of several servers stands still.

use super::*;
use crate::room::holders::Forgotten;
use crate::room::request::NameRefusal;
use crate::sequencer::Flow;

impl Hub {
    /// Whether the order of the room stands still: what would be proposed waits for it.
    pub fn is_standing(&self, now: Now) -> bool {
        self.sequencer.flow(now) == Flow::Stands
    }

    /// What comes of a request, if that is known before it has its place.
    ///
    /// While nothing can be kept, nothing is said and no name is changed. What the room has
    /// already is known all the same. While the order does not move a peer can see who is here
    /// as the events have told it, and when it stands no request waits that can be answered
    /// with the reason.
    pub(super) fn known_outcome(&self, origin: Origin, act: &Act, now: Now) -> Option<Outcome> {
        let flow = self.sequencer.flow(now);
        if let Act::List { after, prefix } = act
            && flow != Flow::Moves
        {
            let listing = self.room.list_told(after.as_ref(), prefix.as_ref());
            return Some(Outcome::Listed(listing));
        }
        let stands = (flow == Flow::Stands).then(|| notice(STANDS));
        let trouble = self.timeline.trouble().or(stands.as_ref())?;
        match act {
            Act::Say { kind, text, id } => {
                let member = self.room.members().get(origin)?;
                let find = |id| self.room.find(*kind, id, text.as_str(), member.owner);
                let is_new = id.as_ref().and_then(find).is_none();
                is_new.then(|| Outcome::NotSaid {
                    id: id.clone(),
                    why: trouble.clone(),
                })
            }
            Act::Operate { operation, .. } if operation.is_measure() => {
                let why = format!("that was not done: {trouble}");
                Some(not_operated(operation.word(), why))
            }
            Act::Rename(_) => Some(Outcome::NameRefused(NameRefusal::NotKept(trouble.clone()))),
            // Those are kept nowhere.
            Act::Operate { operation, .. } => {
                stands.map(|why| not_operated(operation.word(), why.as_str().to_owned()))
            }
            Act::ListBans { .. } => {
                stands.map(|why| not_operated(Operation::Bans.word(), why.as_str().to_owned()))
            }
            Act::Forget { .. } => stands.map(|why| Outcome::Forgotten(Forgotten::Standing(why))),
            _ => None,
        }
    }
}

fn not_operated(word: &'static str, why: String) -> Outcome {
    Outcome::Operated(Box::new(Operated {
        word,
        answer: Err(Refused::Impossible(why)),
        removed: Vec::new(),
    }))
}
