//! What the loops have reported, and whether it is new enough.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::runtime::census::{Census, Report, RoomFigures, State};

/// The newest report of each loop.
#[derive(Debug, Default)]
pub(super) struct Survey {
    workers: BTreeMap<usize, Census>,
    entry: u64,
    room: Option<RoomFigures>,
    /// The loops were asked then, and have not all answered.
    asked: Option<Instant>,
    /// When they had last all answered, or were given up.
    ended: Option<Instant>,
}

impl Survey {
    /// A loop has reported.
    pub(super) fn take(&mut self, report: Report) {
        match report {
            Report::Worker {
                index,
                census,
                room,
            } => {
                self.workers.insert(index, census);
                self.room = room.map(|it| *it).or_else(|| self.room.take());
            }
            Report::Entry(count) => self.entry = count,
        }
    }

    /// Whether the loops are to be asked, for a peer that wants to know now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.asked.is_none() && self.ended.is_none_or(|ended| ended + FRESH_FOR <= now)
    }

    /// The loops are asked.
    pub(super) fn begin(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// Whether answers are waited for. All loops have answered, or not.
    pub(super) fn waits(&mut self, have_all_answered: bool, now: Instant) -> bool {
        if let Some(asked) = self.asked
            && (have_all_answered || asked + PATIENCE <= now)
        {
            (self.asked, self.ended) = (None, Some(now));
        }
        self.asked.is_some()
    }

    /// When it is over at the latest, if answers are waited for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.asked.map(|asked| asked + PATIENCE)
    }

    /// The connections of all loops.
    pub(super) fn census(&self) -> Census {
        let mut all = Census::default();
        self.workers.values().for_each(|one| all.merge(one));
        all.states[State::Handshake as usize] += self.entry;
        all
    }

    /// The room, if the worker at the front has reported.
    pub(super) fn room(&self) -> Option<&RoomFigures> {
        self.room.as_ref()
    }
}

/// How long a loop may take to answer. A round takes a few milliseconds in a room of
/// thousands.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How long reports are used again, so that no number of requests wakes the workers more
/// often.
const FRESH_FOR: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_asked_again_when_their_reports_are_old() {
        let mut survey = Survey::default();
        let start = Instant::now();
        assert!(survey.is_due(start));
        assert!(!survey.waits(false, start));
        survey.begin(start);
        assert!(!survey.is_due(start));
        let soon = start + Duration::from_millis(1);
        assert!(survey.waits(false, soon));
        assert_eq!(survey.deadline(), Some(start + PATIENCE));
        assert!(!survey.waits(true, soon));
        assert!(!survey.is_due(soon));
        assert_eq!(survey.deadline(), None);
        let later = soon + FRESH_FOR;
        assert!(survey.is_due(later));
        // One that hangs is not waited for without an end.
        survey.begin(later);
        let late = later + PATIENCE;
        assert!(survey.waits(false, late - Duration::from_millis(1)));
        assert!(!survey.waits(false, late));
        // What is known by then is what a peer is told that has waited for it.
        assert!(!survey.is_due(late));
        assert!(survey.is_due(late + FRESH_FOR));
    }

    #[test]
    fn reports_of_all_loops_add_up() {
        let mut survey = Survey::default();
        let report = |index, people, slowest, room| Report::Worker {
            index,
            census: Census {
                states: [0, 0, 1, people, 0, 0, 0],
                lagging: 1,
                replaying: 0,
                slowest,
            },
            room,
        };
        let room = RoomFigures {
            people: 7,
            ..RoomFigures::default()
        };
        survey.take(report(0, 3, 10, Some(Box::new(room.clone()))));
        survey.take(report(1, 9, 30, None));
        survey.take(report(1, 4, 20, None));
        survey.take(Report::Entry(5));
        let all = survey.census();
        assert_eq!(all.states, [5, 0, 2, 7, 0, 0, 0]);
        assert_eq!((all.lagging, all.slowest), (2, 20));
        assert_eq!(survey.room(), Some(&room));
    }
}
