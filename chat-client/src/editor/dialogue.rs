//! Keys that continue the action of the key before: steps through the history, the
//! search, the completion, and M-y.

use std::mem;

use super::completion::{Completion, Direction};
use super::draft::Draft;
use super::search::{Searching, Stash};
use super::undo::Step;
use super::{Editor, Key, Mode, Outcome, clean};

impl Editor {
    /// To the line above; from the first one to the entry before in the history.
    pub(super) fn up(&mut self) -> Outcome {
        if self.draft.move_up() {
            return Outcome::Edited;
        }
        let index = match &self.mode {
            Mode::Browsing(stash) => stash.index,
            _ => self.history.len(),
        };
        match index.checked_sub(1) {
            Some(older) => self.recall(older),
            None => Outcome::Nothing,
        }
    }

    /// To the line below; from the last one to the next entry of the history, and in
    /// the end to the draft that waits.
    pub(super) fn down(&mut self) -> Outcome {
        if self.draft.move_down() {
            return Outcome::Edited;
        }
        let Mode::Browsing(stash) = &mut self.mode else {
            return Outcome::Nothing;
        };
        let newer = stash.index + 1;
        if newer < self.history.len() {
            return self.recall(newer);
        }
        self.draft = mem::take(&mut stash.draft);
        self.mode = Mode::Editing;
        Outcome::Edited
    }

    fn recall(&mut self, index: usize) -> Outcome {
        let Some(entry) = self.history.entry(index) else {
            return Outcome::Nothing;
        };
        let draft = mem::replace(&mut self.draft, Draft::new(entry));
        match &mut self.mode {
            Mode::Browsing(stash) => stash.index = index,
            mode => *mode = Mode::Browsing(Stash { index, draft }),
        }
        Outcome::Edited
    }

    pub(super) fn start_search(&mut self) -> Outcome {
        let stash = match mem::take(&mut self.mode) {
            Mode::Browsing(stash) => Some(stash),
            _ => None,
        };
        let search = Searching::new(self.draft.clone(), stash, &self.history);
        self.mode = Mode::Searching(search);
        Outcome::Edited
    }

    /// What a key does to a search. A key that has another meaning takes the
    /// match first; then this is `None`, and it does what it always does.
    ///
    /// Enter is such a key, so that it sends the match at once, as in a shell. When
    /// nothing is found, it does nothing. A pasted line is typed for the query; a
    /// pasted block goes where blocks go, into the draft.
    pub(super) fn search_on(&mut self, key: &Key) -> Option<Outcome> {
        let Mode::Searching(search) = &mut self.mode else {
            return None;
        };
        let found = match key {
            Key::Text(text) => search.extend(&clean::line(text), &self.history),
            Key::Paste(text) if !clean::block(text).contains('\n') => {
                search.extend(&clean::line(text), &self.history)
            }
            Key::Backspace => search.shorten(&self.history),
            Key::Search => search.older(&self.last_query, &self.history),
            Key::Enter if !search.state().found => false,
            Key::Escape | Key::Interrupt => {
                let (draft, stash) = self.end_search()?.give_back();
                self.draft = draft;
                self.mode = stash.map_or(Mode::Editing, Mode::Browsing);
                return Some(Outcome::Edited);
            }
            _ => {
                let stash = self.end_search()?.accept();
                self.mode = stash.map_or(Mode::Editing, Mode::Browsing);
                return None;
            }
        };
        self.draft = search.view(&self.history);
        Some(if found {
            Outcome::Edited
        } else {
            Outcome::Nothing
        })
    }

    fn end_search(&mut self) -> Option<Searching> {
        let Mode::Searching(search) = mem::take(&mut self.mode) else {
            return None;
        };
        if !search.state().query.is_empty() {
            search.state().query.clone_into(&mut self.last_query);
        }
        Some(search)
    }

    /// Begins a completion, or goes on with it.
    pub(super) fn complete(
        &mut self,
        direction: Direction,
        names: impl FnOnce() -> Vec<String>,
    ) -> Outcome {
        if !matches!(self.mode, Mode::Completing(_)) {
            let Some(completion) = Completion::new(&self.draft, self.rank, names) else {
                return Outcome::Nothing;
            };
            self.adopt();
            self.mode = Mode::Completing(completion);
        }
        let Mode::Completing(mut completion) = mem::take(&mut self.mode) else {
            return Outcome::Nothing;
        };
        // The circle is one step, however often it was gone around: what the
        // last key did is taken back first.
        let before = completion.len();
        let applied = completion.candidate().is_some();
        completion.turn(direction);
        if !self.has_room(before, completion.len()) {
            return Outcome::Full;
        }
        if applied {
            self.undo();
        }
        if let Some(candidate) = completion.candidate() {
            self.replace(completion.range(), candidate, Step::Whole);
        }
        self.mode = Mode::Completing(completion);
        Outcome::Edited
    }

    pub(super) fn yank(&mut self) -> Outcome {
        self.yank_at(0)
    }

    /// Another kill in the place of the one that was just yanked.
    pub(super) fn yank_pop(&mut self) -> Outcome {
        let Mode::Yanking(age) = self.mode else {
            return Outcome::Nothing;
        };
        let kill = |age| self.kills.at(age).map_or(0, str::len);
        if !self.has_room(kill(age), kill(age + 1)) {
            return Outcome::Full;
        }
        self.undo();
        self.yank_at(age + 1)
    }

    fn yank_at(&mut self, age: usize) -> Outcome {
        let Some(kill) = self.kills.at(age).map(str::to_owned) else {
            return Outcome::Nothing;
        };
        let outcome = self.insert(&kill, Step::Whole);
        if outcome == Outcome::Edited {
            self.mode = Mode::Yanking(age);
        }
        outcome
    }
}
