//! Tab: the candidates for the word before the cursor, in a circle.

use std::ops::Range;

use chat_proto::catalogue;
use chat_proto::event::Rank;

use super::clean;
use super::draft::Draft;
use super::search::fold;

/// The candidates for a word. The typed text is one of the places in the circle, so
/// that a person gets it back.
#[derive(Debug)]
pub(super) struct Completion {
    /// Where the word is, as it was typed.
    range: Range<usize>,
    /// Whole replacements, best first.
    candidates: Vec<String>,
    /// Which of them is in the draft.
    current: Option<usize>,
}

/// Which way around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Next,
    Previous,
}

impl Completion {
    /// The completion of the word before the cursor, if there is any, with the commands
    /// of this rank. Asks for `names` only if the word may be one.
    pub(super) fn new(
        draft: &Draft,
        rank: Rank,
        names: impl FnOnce() -> Vec<String>,
    ) -> Option<Self> {
        let (start, end) = (draft.token_start(), draft.cursor());
        let word = &draft.text()[start..end];
        let (mark, typed, words, ending) = if start == 0 && word.starts_with('/') {
            let commands = catalogue::words(rank);
            let commands = commands.iter().map(|command| format!("/{command}"));
            ("", word, commands.collect(), " ")
        } else if let Some(name) = word.strip_prefix('@') {
            ("@", name, names(), " ")
        } else {
            ("", word, names(), if start == 0 { ": " } else { " " })
        };
        let typed = fold(typed);
        let candidates: Vec<String> = words
            .iter()
            .map(|word| clean::line(word))
            .filter(|word| !word.is_empty() && fold(word).starts_with(&typed))
            .map(|word| format!("{mark}{word}{ending}"))
            .collect();
        // What of the ending stands there already is not doubled.
        let behind = draft.text()[end..].chars();
        let there = behind.zip(ending.chars()).take_while(|(a, b)| a == b);
        (!candidates.is_empty()).then_some(Self {
            range: start..end + there.count(),
            candidates,
            current: None,
        })
    }

    /// Goes to the next place in the circle.
    pub(super) fn turn(&mut self, direction: Direction) {
        let last = self.candidates.len() - 1;
        self.current = match (direction, self.current) {
            (Direction::Next, None) => Some(0),
            (Direction::Next, Some(current)) => (current < last).then(|| current + 1),
            (Direction::Previous, None) => Some(last),
            (Direction::Previous, Some(current)) => current.checked_sub(1),
        };
    }

    /// Where the word is, as it was typed.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The candidate that stands there now; `None` for the typed text.
    pub(super) fn candidate(&self) -> Option<&str> {
        self.candidates.get(self.current?).map(String::as_str)
    }

    /// The bytes of what stands there now.
    pub(super) fn len(&self) -> usize {
        self.candidate().map_or_else(|| self.range.len(), str::len)
    }
}
