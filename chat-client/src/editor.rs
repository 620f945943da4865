//! The line that is being typed: keys in, outcomes out.
//!
//! There is no terminal in here, no screen, no file and no clock. The keys are
//! those of Emacs and of every shell; [`Key`] says what each does.
//!
//! [`Editor`] decides what a key means now. The parts do it: `draft` has the text and
//! the cursor, `undo` the changes, `kill_ring` the killed texts, [`History`] the sent
//! ones. `search` and `completion` find candidates, `dialogue` steps through them, and
//! `clean` keeps control characters out.

mod clean;
mod completion;
mod dialogue;
mod draft;
mod history;
mod key;
mod kill_ring;
mod search;
mod tabs;
mod undo;

use std::mem;
use std::ops::Range;

use chat_proto::event::Rank;
use completion::{Completion, Direction};
pub use draft::MAX_DRAFT;
use draft::{Change, Draft};
pub use history::{History, MAX_HISTORY, MAX_HISTORY_BYTES};
pub use key::{Key, Outcome};
use kill_ring::{KillRing, Side};
pub use search::Search;
use search::{Searching, Stash};
pub use tabs::drawn;
use undo::{Step, Undo};

/// A draft, its cursor, and the memory of earlier keys.
///
/// Nothing that was typed is lost by a slip: what a key takes away comes back
/// with C-_, and a draft that was given up for another one is in the history.
#[derive(Debug)]
pub struct Editor {
    /// The text that is shown, in every mode.
    draft: Draft,
    mode: Mode,
    history: History,
    limit: usize,
    rank: Rank,
    undo: Undo,
    kills: KillRing,
    last_query: String,
}

/// What the next key goes on with.
#[derive(Debug, Default)]
enum Mode {
    /// Nothing but the draft.
    #[default]
    Editing,
    /// The last key killed; the next kill becomes one with it.
    Killing,
    /// The last step put the kill of this age into the draft.
    Yanking(usize),
    /// The last step put a candidate into the draft, or takes it out again.
    Completing(Completion),
    /// An entry of the history is shown, as it is; a draft waits.
    Browsing(Stash),
    /// The match of a search is shown; a draft waits.
    Searching(Searching),
}

impl Editor {
    /// An empty draft, with `limit` as the most bytes in a message.
    pub fn new(history: History, limit: usize) -> Self {
        Self {
            draft: Draft::default(),
            mode: Mode::Editing,
            history,
            limit,
            rank: Rank::default(),
            undo: Undo::default(),
            kills: KillRing::default(),
            last_query: String::new(),
        }
    }

    /// Changes the most bytes in a message, when the server has told it.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Changes what the person may do in the room, and so which commands are completed.
    pub fn set_rank(&mut self, rank: Rank) {
        self.rank = rank;
    }

    /// The draft, or the text that is shown in its place: an entry of the history, or
    /// the match of a search. Its only control characters are newline and tab.
    pub fn text(&self) -> &str {
        self.draft.text()
    }

    /// The cursor, in bytes from the start, between two grapheme clusters.
    pub fn cursor(&self) -> usize {
        self.draft.cursor()
    }

    /// The search, while it is on.
    pub fn search(&self) -> Option<Search<'_>> {
        match &self.mode {
            Mode::Searching(search) => Some(search.state()),
            _ => None,
        }
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Takes a key. `names` gives the names to complete, best first, and is asked only
    /// when that is wanted.
    pub fn handle(&mut self, key: Key, names: impl FnOnce() -> Vec<String>) -> Outcome {
        if let Some(outcome) = self.search_on(&key) {
            return outcome;
        }
        let goes_on = match self.mode {
            Mode::Killing => key.kills(),
            Mode::Yanking(_) => key == Key::YankPop,
            Mode::Completing(_) => matches!(key, Key::Tab | Key::BackTab),
            Mode::Editing | Mode::Browsing(_) | Mode::Searching(_) => true,
        };
        if !goes_on {
            self.mode = Mode::Editing;
        }
        let cursor = self.cursor();
        match key {
            Key::Text(text) => self.insert(&clean::line(&text), Step::Typed),
            Key::Paste(text) => self.insert(&clean::block(&text), Step::Whole),
            Key::Newline => self.insert("\n", Step::Typed),
            Key::Enter => self.submit(),
            Key::Backspace => self.replace(self.draft.before()..cursor, "", Step::Deleted),
            Key::Delete => self.replace(cursor..self.draft.after(), "", Step::Deleted),
            Key::Left => self.move_to(self.draft.before()),
            Key::Right => self.move_to(self.draft.after()),
            Key::WordLeft => self.move_to(self.draft.word_before()),
            Key::WordRight => self.move_to(self.draft.word_after()),
            Key::Home => self.move_to(self.draft.line_start()),
            Key::End => self.move_to(self.draft.line_end()),
            Key::Up => self.up(),
            Key::Down => self.down(),
            Key::KillToStart => match self.draft.line_start() {
                start if start < cursor => self.kill(start..cursor, Side::Before),
                _ => self.kill(self.draft.before()..cursor, Side::Before),
            },
            Key::KillToEnd => match self.draft.line_end() {
                end if cursor < end => self.kill(cursor..end, Side::Behind),
                _ => self.kill(cursor..self.draft.after(), Side::Behind),
            },
            Key::KillWord => self.kill(self.draft.blank_word_before()..cursor, Side::Before),
            Key::KillWordBack => self.kill(self.draft.word_before()..cursor, Side::Before),
            Key::KillWordForward => self.kill(cursor..self.draft.word_after(), Side::Behind),
            Key::Yank => self.yank(),
            Key::YankPop => self.yank_pop(),
            Key::TransposeChars => self.transpose(self.draft.two_clusters()),
            Key::TransposeWords => self.transpose(self.draft.two_words()),
            Key::Undo => self.undo(),
            Key::Search => self.start_search(),
            Key::Escape => Outcome::Nothing,
            Key::Tab => self.complete(Direction::Next, names),
            Key::BackTab => self.complete(Direction::Previous, names),
            Key::Interrupt => self.interrupt(),
            Key::EndOfInput if self.draft.is_empty() => Outcome::Ended,
            Key::EndOfInput => self.replace(cursor..self.draft.after(), "", Step::Deleted),
        }
    }

    fn insert(&mut self, text: &str, step: Step) -> Outcome {
        self.replace(self.cursor()..self.cursor(), text, step)
    }

    /// The way of every change: it has room, it is one to the draft itself,
    /// and it can be taken back.
    fn replace(&mut self, range: Range<usize>, text: &str, step: Step) -> Outcome {
        if range.is_empty() && text.is_empty() {
            return Outcome::Nothing;
        }
        if !self.has_room(range.len(), text.len()) {
            return Outcome::Full;
        }
        self.adopt();
        let change = self.draft.replace(range, text);
        self.undo.record(change, step, &self.draft);
        Outcome::Edited
    }

    fn has_room(&self, out: usize, coming: usize) -> bool {
        self.text().len() - out + coming <= MAX_DRAFT
    }

    /// Makes the entry that is shown the draft. The one that waited is a step
    /// back, and in the history too, because sending ends the steps.
    fn adopt(&mut self) {
        let Mode::Browsing(stash) = &mut self.mode else {
            return;
        };
        let cursor = stash.draft.cursor();
        let unsent = stash.draft.take();
        self.mode = Mode::Editing;
        self.history.push(&unsent);
        let change = Change {
            at: 0,
            removed: unsent,
            added: self.text().len(),
            cursor,
        };
        self.undo.record(change, Step::Whole, &self.draft);
    }

    fn submit(&mut self) -> Outcome {
        let bytes = self.text().len();
        if self.text().trim().is_empty() {
            self.replace(0..bytes, "", Step::Whole);
            return Outcome::Edited;
        }
        if bytes > self.limit {
            return Outcome::TooLong(bytes);
        }
        self.adopt();
        let text = self.draft.take();
        self.history.push(&text);
        self.undo = Undo::default();
        Outcome::Submitted(text)
    }

    fn interrupt(&mut self) -> Outcome {
        if self.draft.is_empty() {
            return Outcome::Interrupted;
        }
        // Before the push, or Up would bring the draft that waited.
        self.adopt();
        self.history.push(self.draft.text());
        self.replace(0..self.text().len(), "", Step::Whole)
    }

    fn undo(&mut self) -> Outcome {
        if let Mode::Browsing(stash) = &mut self.mode {
            self.draft = mem::take(&mut stash.draft);
            self.mode = Mode::Editing;
            return Outcome::Edited;
        }
        let Some(change) = self.undo.pop() else {
            return Outcome::Nothing;
        };
        self.draft.revert(&change);
        Outcome::Edited
    }

    fn move_to(&mut self, place: usize) -> Outcome {
        if self.draft.move_to(place) {
            Outcome::Edited
        } else {
            Outcome::Nothing
        }
    }

    fn kill(&mut self, range: Range<usize>, side: Side) -> Outcome {
        let text = self.text()[range.clone()].to_owned();
        let outcome = self.replace(range, "", Step::Whole);
        if outcome == Outcome::Edited {
            match self.mode {
                Mode::Killing => self.kills.extend(&text, side),
                _ => self.kills.push(text),
            }
            self.mode = Mode::Killing;
        }
        outcome
    }

    fn transpose(&mut self, parts: Option<(Range<usize>, Range<usize>)>) -> Outcome {
        let Some((left, right)) = parts else {
            return Outcome::Nothing;
        };
        let text = self.text();
        let between = &text[left.end..right.start];
        let swapped = [&text[right.clone()], between, &text[left.clone()]].concat();
        self.replace(left.start..right.end, &swapped, Step::Whole)
    }
}

impl Default for Editor {
    fn default() -> Self {
        Self::new(History::default(), MAX_DRAFT)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
