//! Quiet restarts: which arrivals and departures to show after a lost connection. Pure.
//!
//! When a server restarts, all people are gone for a moment and come back within
//! seconds. People who return within [`TIME_TO_RETURN`] are not shown, if the server
//! says that they have proved to be the same; the others are then shown as gone.
//! Another person who takes the name of a missing one is shown like every newcomer.

use std::collections::BTreeSet;
use std::time::Instant;

use chat_proto::TIME_TO_RETURN;
use chat_proto::event::Arrival;
use chat_proto::name::Name;

use super::people::MAX_PEOPLE;

/// The other people, from a loss until [`TIME_TO_RETURN`] after the return. Losses that
/// follow each other closely are one. At most [`MAX_PEOPLE`] are remembered; people
/// beyond are not shown as gone.
#[derive(Debug, Default)]
pub(super) struct Netsplit {
    /// The people here by the events up to now.
    here: BTreeSet<Name>,
    /// The people who were here when the server restarted, and are not back.
    missing: BTreeSet<Name>,
    /// Our own name before the loss, until its departure has come.
    former: Option<Name>,
    /// When the people who are still missing are shown as gone.
    until: Option<Instant>,
}

impl Netsplit {
    /// The connection is lost, perhaps again after a short while. `others` and `me`
    /// were in the room.
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

    /// The server has restarted: all people of before are missing.
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

    /// People came. Returns the missing people whose names others have now, and the
    /// arrivals to show.
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

    /// People went. Returns the departures to show; one may be that of our own earlier
    /// connection, which is not shown.
    pub(super) fn leave(&mut self, mut names: Vec<Name>) -> Vec<Name> {
        names.retain(|name| {
            self.here.remove(name);
            self.former.take_if(|former| former == name).is_none()
        });
        names
    }

    /// A person has another name now. Tells whether a missing person had that name.
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

    /// The people who did not come back.
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

    /// For any arrivals, renames and restarts.
    #[test]
    fn people_are_bounded() {
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
