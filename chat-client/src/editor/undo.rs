//! The steps that C-_ takes back.

use std::collections::VecDeque;

use super::draft::{Change, Draft, MAX_DRAFT};

/// The changes of a draft, latest last. Each can be taken back only on the
/// text that it left, so they go strictly in this order.
#[derive(Debug, Default)]
pub(super) struct Undo {
    steps: VecDeque<(Change, Step)>,
    bytes: usize,
}

/// Which changes become one step with the change before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Typing goes on with typing, until a word begins.
    Typed,
    /// Deleting goes on with deleting at the same place.
    Deleted,
    /// A step by itself.
    Whole,
}

impl Undo {
    /// Keeps the change that was just made to `draft`.
    pub(super) fn record(&mut self, change: Change, step: Step, draft: &Draft) {
        self.bytes += change.removed.len();
        if let Some(change) = self.merge(change, step, draft) {
            self.steps.push_back((change, step));
        }
        while self.steps.len() > MAX_STEPS || (self.bytes > MAX_BYTES && self.steps.len() > 1) {
            let oldest = self.steps.pop_front();
            self.bytes -= oldest.map_or(0, |(oldest, _)| oldest.removed.len());
        }
    }

    /// The latest step, which is then forgotten.
    pub(super) fn pop(&mut self) -> Option<Change> {
        let (change, _) = self.steps.pop_back()?;
        self.bytes -= change.removed.len();
        Some(change)
    }

    /// Gives the change back where it is a step by itself.
    fn merge(&mut self, change: Change, step: Step, draft: &Draft) -> Option<Change> {
        let Some((last, _)) = self.steps.back_mut().filter(|(_, kind)| *kind == step) else {
            return Some(change);
        };
        let typed_on = change.at == last.at + last.added && !begins_word(draft, change.at);
        match step {
            Step::Typed if typed_on => last.added += change.added,
            Step::Deleted if change.at == last.at => last.removed.push_str(&change.removed),
            Step::Deleted if change.at + change.removed.len() == last.at => {
                last.removed.insert_str(0, &change.removed);
                last.at = change.at;
            }
            _ => return Some(change),
        }
        None
    }
}

/// What was typed at `place` stands behind a blank and is none.
fn begins_word(draft: &Draft, place: usize) -> bool {
    let (before, behind) = draft.text().split_at(place);
    before.ends_with(char::is_whitespace) && !behind.starts_with(char::is_whitespace)
}

/// More than a person takes back one by one.
const MAX_STEPS: usize = 1000;

/// Two of the longest drafts: every text that was deleted at once can be had back.
const MAX_BYTES: usize = 2 * MAX_DRAFT;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded() {
        let whole = |removed: String| Change {
            at: 0,
            removed,
            added: 0,
            cursor: 0,
        };
        let draft = Draft::default();
        for count in [MAX_STEPS - 1, MAX_STEPS, MAX_STEPS + 1] {
            let mut undo = Undo::default();
            (0..count).for_each(|_| undo.record(whole("x".into()), Step::Whole, &draft));
            assert_eq!(undo.steps.len(), count.min(MAX_STEPS));
            assert_eq!(undo.bytes, undo.steps.len());
        }
        for (length, left) in [(MAX_BYTES - 1, 2), (MAX_BYTES, 1), (MAX_BYTES + 1, 1)] {
            let mut undo = Undo::default();
            undo.record(whole("x".into()), Step::Whole, &draft);
            undo.record(whole("y".repeat(length)), Step::Whole, &draft);
            assert_eq!(undo.steps.len(), left, "{length}");
            assert_eq!(undo.pop().map(|change| change.removed.len()), Some(length));
        }
    }
}
