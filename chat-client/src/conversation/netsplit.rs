//! Who was here before the connection was lost, and has to be told of. Pure.
//!
//! When a server goes down and comes up again, everybody is gone for a moment
//! and comes back within seconds: that is one thing that happened, and not two
//! for each person. So a program that is back soon, which the server has it prove,
//! is not told of at all, and people who are not back are told as gone then. Another
//! person who takes the name of one who was here is told of like every newcomer.

use std::collections::BTreeSet;
use std::time::Instant;

use chat_proto::TIME_TO_RETURN;
use chat_proto::event::Arrival;
use chat_proto::name::Name;

use super::people::MAX_PEOPLE;

/// The others as they were before, from a loss until a while after the return.
/// Losses that follow each other closely are one; what is known of the others is
/// bounded all the same, and who is beyond is not told of as gone.
#[derive(Debug, Default)]
pub(super) struct Netsplit {
    /// Who is here, as far as the events up to now have told.
    here: BTreeSet<Name>,
    /// Who was here when the room was opened anew, and is not back.
    missing: BTreeSet<Name>,
    /// Our own name then, until we have heard that its bearer left.
    former: Option<Name>,
    /// When those who are still missing are told as gone.
    until: Option<Instant>,
}

impl Netsplit {
    /// The connection is lost, perhaps not for the first time in a short while;
    /// `me` was with these.
    pub(super) fn new(
        earlier: Option<Self>,
        others: impl Iterator<Item = Name>,
        me: Option<Name>,
    ) -> Self {
        let mut netsplit = earlier.unwrap_or_default();
        netsplit.extend(others);
        netsplit.former = me;
        netsplit.until = None;
        netsplit
    }

    /// We are back.
    pub(super) fn welcome(&mut self, now: Instant) {
        self.until = Some(now + TIME_TO_RETURN);
    }

    /// The room was opened anew: everybody before is gone.
    pub(super) fn restart(&mut self) {
        if self.missing.len() < MAX_PEOPLE {
            self.missing.append(&mut self.here);
        }
        self.here.clear();
        self.former = None;
    }

    fn extend(&mut self, names: impl Iterator<Item = Name>) {
        let room = MAX_PEOPLE.saturating_sub(self.here.len());
        self.here.extend(names.take(room));
    }

    /// People came: those who are to be told as gone because others have their
    /// names now, and those who are to be told of.
    pub(super) fn enter(&mut self, arrivals: Vec<Arrival>) -> (Vec<Name>, Vec<Name>) {
        self.extend(arrivals.iter().map(|arrival| arrival.name.clone()));
        let (mut gone, mut came) = (Vec::new(), Vec::new());
        for Arrival { name, back, .. } in arrivals {
            let was_missing = self.missing.remove(&name);
            if was_missing && !back {
                gone.push(name.clone());
            }
            if !(was_missing && back) {
                came.push(name);
            }
        }
        (gone, came)
    }

    /// People went: those of them who are to be told of. One of them may be
    /// what the server took for us.
    pub(super) fn leave(&mut self, mut names: Vec<Name>) -> Vec<Name> {
        names.retain(|name| {
            self.here.remove(name);
            self.former.take_if(|former| former == name).is_none()
        });
        names
    }

    /// A person has another name now; tells whether one who was here and is missing
    /// had it.
    pub(super) fn rename(&mut self, old: &Name, new: &Name) -> bool {
        if self.here.remove(old) {
            self.here.insert(new.clone());
        }
        if self.former.as_ref() == Some(old) {
            self.former = Some(new.clone());
        }
        self.missing.remove(new)
    }

    /// When [`Netsplit::into_missing`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// Who did not come back.
    pub(super) fn into_missing(self) -> BTreeSet<Name> {
        self.missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(range: std::ops::Range<usize>) -> Vec<Name> {
        let name = |number| Name::parse(&format!("p{number}")).expect("a name");
        range.map(name).collect()
    }

    /// Whatever a server tells of who comes, goes and is called what, and
    /// however often its room is opened anew.
    #[test]
    fn what_is_known_of_the_others_is_bounded() {
        let mut netsplit = Netsplit::default();
        for round in 0..4 {
            let first = round * 2 * MAX_PEOPLE;
            let others = names(first..first + MAX_PEOPLE + 10);
            netsplit = Netsplit::new(Some(netsplit), others.into_iter(), None);
            let more = names(first + MAX_PEOPLE + 10..first + MAX_PEOPLE + 20);
            let came = more.iter().cloned().map(Arrival::of).collect();
            assert_eq!(netsplit.enter(came).1, more, "they are told of");
            netsplit.rename(&names(first..first + 1)[0], &more[0]);
            assert_eq!(netsplit.here.len(), MAX_PEOPLE);
            netsplit.restart();
            assert!(netsplit.here.is_empty());
            assert!(netsplit.missing.len() < 2 * MAX_PEOPLE);
        }
        assert_eq!(netsplit.missing.len(), MAX_PEOPLE);
    }
}
