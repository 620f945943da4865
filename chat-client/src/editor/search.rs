//! C-r: the search through the history while its query is being typed.

use unicode_segmentation::UnicodeSegmentation;

use super::draft::Draft;
use super::history::History;

/// The search that is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search<'a> {
    /// The text to find.
    pub query: &'a str,
    /// Whether it is there. If not, the match before is still shown.
    pub found: bool,
}

/// A search, and the state before it.
#[derive(Debug)]
pub(super) struct Searching {
    query: String,
    /// Entries before this one are searched. Only C-r moves it: after a slip
    /// of the finger and a Backspace the old match is back.
    before: usize,
    /// The entry that is shown, and the place of the match in it.
    hit: Option<(usize, usize)>,
    found: bool,
    shown: Draft,
    stash: Option<Stash>,
}

/// The draft that waits while an entry of the history is shown.
#[derive(Debug)]
pub(super) struct Stash {
    /// The entry that is shown.
    pub(super) index: usize,
    pub(super) draft: Draft,
}

impl Searching {
    /// A search over `shown`, which may be an entry of the history itself.
    pub(super) fn new(shown: Draft, stash: Option<Stash>, history: &History) -> Self {
        Self {
            query: String::new(),
            before: history.len(),
            hit: None,
            found: true,
            shown,
            stash,
        }
    }

    pub(super) fn state(&self) -> Search<'_> {
        Search {
            query: &self.query,
            found: self.found,
        }
    }

    /// Makes the query longer. Tells whether anything is found.
    pub(super) fn extend(&mut self, text: &str, history: &History) -> bool {
        if text.is_empty() || self.query.len() + text.len() > MAX_QUERY {
            return false;
        }
        self.query.push_str(text);
        self.look(history)
    }

    /// Makes the query shorter by one character.
    pub(super) fn shorten(&mut self, history: &History) -> bool {
        let last = self.query.grapheme_indices(true).next_back();
        let Some((last, _)) = last else {
            return false;
        };
        self.query.truncate(last);
        self.look(history)
    }

    /// Looks for an older match; without a query, for that of last time.
    pub(super) fn older(&mut self, last_query: &str, history: &History) -> bool {
        if self.query.is_empty() {
            return self.extend(last_query, history);
        }
        let Some((hit, _)) = self.hit.filter(|_| self.found) else {
            return false;
        };
        let older = Pattern::new(&self.query).newest(hit, history);
        self.found = older.is_some();
        if self.found {
            (self.before, self.hit) = (hit, older);
        }
        self.found
    }

    /// The text to show now, with the cursor at the match.
    pub(super) fn view(&self, history: &History) -> Draft {
        let shown = self
            .hit
            .and_then(|(hit, place)| Some(Draft::with_cursor(history.entry(hit)?, place)));
        shown.unwrap_or_else(|| self.shown.clone())
    }

    /// The text that was shown before the search, and the draft that waited then.
    pub(super) fn give_back(self) -> (Draft, Option<Stash>) {
        (self.shown, self.stash)
    }

    /// The draft that waits now that the match is taken: it is as if Up had
    /// been pressed until it came.
    pub(super) fn accept(self) -> Option<Stash> {
        let Some((index, _)) = self.hit else {
            return self.stash;
        };
        let draft = self.stash.map_or(self.shown, |stash| stash.draft);
        Some(Stash { index, draft })
    }

    fn look(&mut self, history: &History) -> bool {
        if self.query.is_empty() {
            (self.before, self.hit, self.found) = (history.len(), None, true);
            return true;
        }
        let hit = Pattern::new(&self.query).newest(self.before, history);
        self.found = hit.is_some();
        self.hit = hit.or(self.hit);
        self.found
    }
}

/// A query, prepared once for all entries.
struct Pattern {
    query: String,
    case: Case,
}

/// Whether capitals matter: only if the query has one.
enum Case {
    Matters,
    Ignored,
}

impl Pattern {
    fn new(query: &str) -> Self {
        if query.contains(char::is_uppercase) {
            return Self {
                query: query.to_owned(),
                case: Case::Matters,
            };
        }
        Self {
            query: fold(query),
            case: Case::Ignored,
        }
    }

    /// The newest entry before `before` that has it, and where.
    fn newest(&self, before: usize, history: &History) -> Option<(usize, usize)> {
        (0..before)
            .rev()
            .find_map(|index| Some((index, self.place(history.entry(index)?)?)))
    }

    /// Where in `entry` it is, the last time: the search goes backwards.
    fn place(&self, entry: &str) -> Option<usize> {
        match self.case {
            Case::Matters => entry.rfind(&self.query),
            Case::Ignored => {
                let mut left = fold(entry).rfind(&self.query)?;
                // Small letters may be longer than the capitals were.
                let character = entry.char_indices().find(|(_, character)| {
                    let length: usize = character.to_lowercase().map(char::len_utf8).sum();
                    let reached = left < length;
                    left = left.saturating_sub(length);
                    reached
                });
                character.map(|(index, _)| index)
            }
        }
    }
}

/// Small letters, each by itself: unlike with `str::to_lowercase` a part of a
/// text then becomes a part of what the text becomes.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The longest query in bytes. It stands in one row of the screen.
const MAX_QUERY: usize = 256;
