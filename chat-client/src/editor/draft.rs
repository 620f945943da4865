//! The text that is being typed and the place of the cursor in it: where
//! things begin and end, and the one way to change them.
//!
//! The cursor is a byte position that always stands between two grapheme
//! clusters (UAX 29), so that a key moves over, and deletes, what a reader
//! sees as one character. Nothing here walks backwards over clusters or words
//! further than to the next one: in a long row of flags each step would count
//! them anew, and a key would cost the square of the draft.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};
use unicode_width::UnicodeWidthStr;

use super::tabs::TAB_WIDTH;

/// A text and its cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    text: String,
    cursor: usize,
    /// The column that Up and Down aim at, so that a short line on the way
    /// does not bend it. Any other move, and any change, forgets it.
    column: Option<usize>,
}

/// A change, as undo needs it. The added text is still in the draft, so its length is
/// enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Where it was.
    pub(super) at: usize,
    /// The removed text.
    pub(super) removed: String,
    /// Bytes that came in its place.
    pub(super) added: usize,
    /// The cursor before it.
    pub(super) cursor: usize,
}

impl Draft {
    /// `text` with the cursor at its end.
    pub(super) fn new(text: &str) -> Self {
        Self::with_cursor(text, text.len())
    }

    /// `text` with the cursor at `cursor`, or behind the cluster around that.
    pub(super) fn with_cursor(text: &str, cursor: usize) -> Self {
        let mut draft = Self {
            text: text.to_owned(),
            cursor: 0,
            column: None,
        };
        draft.cursor = draft.at_or_after(cursor);
        draft
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text, and leaves an empty draft.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(self).text
    }

    /// Puts `text` in the place of `range` and the cursor behind it. What
    /// comes together there may become one cluster: then the cursor goes
    /// behind that.
    pub(super) fn replace(&mut self, range: Range<usize>, text: &str) -> Change {
        let change = Change {
            at: range.start,
            removed: self.text[range.clone()].to_owned(),
            added: text.len(),
            cursor: self.cursor,
        };
        let end = range.start + text.len();
        self.text.replace_range(range, text);
        self.cursor = self.at_or_after(end);
        self.column = None;
        change
    }

    /// Takes back the latest change.
    pub(super) fn revert(&mut self, change: &Change) {
        self.text
            .replace_range(change.at..change.at + change.added, &change.removed);
        self.cursor = change.cursor;
        self.column = None;
    }

    /// Whether that was a move.
    pub(super) fn move_to(&mut self, cursor: usize) -> bool {
        let moved = cursor != self.cursor;
        self.cursor = cursor;
        self.column = None;
        moved
    }

    /// To the line above, or nowhere.
    pub(super) fn move_up(&mut self) -> bool {
        let start = self.line_start();
        let Some(end) = start.checked_sub(1) else {
            return false;
        };
        let above = self.text[..end].rfind('\n').map_or(0, |index| index + 1);
        self.move_to_line(above..end);
        true
    }

    /// To the line below, or nowhere.
    pub(super) fn move_down(&mut self) -> bool {
        let end = self.line_end();
        if end == self.text.len() {
            return false;
        }
        let below = end + 1;
        let length = self.text[below..].find('\n');
        self.move_to_line(below..length.map_or(self.text.len(), |length| below + length));
        true
    }

    /// To the last place in `line` that is not right of the wanted column.
    fn move_to_line(&mut self, line: Range<usize>) {
        let column = self.column.unwrap_or_else(|| {
            let before = &self.text[self.line_start()..self.cursor];
            before.graphemes(true).map(columns).sum()
        });
        let mut width = 0;
        let place = self.text[line.clone()]
            .grapheme_indices(true)
            .find(|(_, cluster)| {
                width += columns(cluster);
                width > column
            })
            .map_or(line.end, |(index, _)| line.start + index);
        self.cursor = place;
        self.column = Some(column);
    }

    /// The start of the cursor's line.
    pub(super) fn line_start(&self) -> usize {
        self.text[..self.cursor]
            .rfind('\n')
            .map_or(0, |index| index + 1)
    }

    /// The end of the cursor's line, before its newline.
    pub(super) fn line_end(&self) -> usize {
        self.text[self.cursor..]
            .find('\n')
            .map_or(self.text.len(), |index| self.cursor + index)
    }

    /// One cluster to the left of the cursor.
    pub(super) fn before(&self) -> usize {
        self.boundary_before(self.cursor)
    }

    /// One cluster to the right of the cursor.
    pub(super) fn after(&self) -> usize {
        self.boundary_after(self.cursor)
    }

    /// The start of the word of letters and digits (UAX 29) that is here or
    /// to the left; without one, the start of the text.
    pub(super) fn word_before(&self) -> usize {
        #[expect(
            clippy::double_ended_iterator_last,
            reason = "going backwards counts each row of flags anew"
        )]
        let word = self.text[..self.cursor].unicode_word_indices().last();
        word.map_or(0, |(start, _)| self.at_or_before(start))
    }

    /// The end of the word that is here or to the right, or of the text.
    pub(super) fn word_after(&self) -> usize {
        let word = self.text[self.cursor..].unicode_word_indices().next();
        word.map_or(self.text.len(), |(start, word)| {
            self.at_or_after(self.cursor + start + word.len())
        })
    }

    /// The start of the word between blanks, as in a shell, here or to the left.
    pub(super) fn blank_word_before(&self) -> usize {
        let word = self.text[..self.cursor].trim_end();
        self.at_or_before(start_of_last(word))
    }

    /// The start of the word without blanks that ends at the cursor.
    pub(super) fn token_start(&self) -> usize {
        self.at_or_before(start_of_last(&self.text[..self.cursor]))
    }

    /// The clusters that C-t exchanges: those around the cursor, or the last
    /// two of its line.
    pub(super) fn two_clusters(&self) -> Option<(Range<usize>, Range<usize>)> {
        let middle = if self.cursor == self.line_end() {
            self.before()
        } else {
            self.cursor
        };
        let line = self.line_start();
        if middle <= line {
            return None;
        }
        let left = self.boundary_before(middle);
        let right = self.boundary_after(middle);
        (left >= line && right > middle).then_some((left..middle, middle..right))
    }

    /// The words that M-t exchanges: the one at or behind the cursor and the
    /// one before that, or the last two.
    pub(super) fn two_words(&self) -> Option<(Range<usize>, Range<usize>)> {
        let (mut first, mut second) = (None, None);
        for (start, word) in self.text.unicode_word_indices() {
            let end = start + word.len();
            (first, second) = (second, Some(start..end));
            if end > self.cursor {
                break;
            }
        }
        first.zip(second)
    }

    fn at_or_before(&self, place: usize) -> usize {
        if self.is_boundary(place) {
            place
        } else {
            self.boundary_before(place)
        }
    }

    fn at_or_after(&self, place: usize) -> usize {
        if self.is_boundary(place) {
            place
        } else {
            self.boundary_after(place)
        }
    }

    // A `GraphemeCursor` fails only where it was given a part of the text.

    fn is_boundary(&self, place: usize) -> bool {
        let mut cursor = GraphemeCursor::new(place, self.text.len(), true);
        matches!(cursor.is_boundary(&self.text, 0), Ok(true))
    }

    fn boundary_before(&self, place: usize) -> usize {
        let mut cursor = GraphemeCursor::new(place, self.text.len(), true);
        let boundary = cursor.prev_boundary(&self.text, 0);
        boundary.ok().flatten().unwrap_or(0)
    }

    fn boundary_after(&self, place: usize) -> usize {
        let mut cursor = GraphemeCursor::new(place, self.text.len(), true);
        let boundary = cursor.next_boundary(&self.text, 0);
        boundary.ok().flatten().unwrap_or(self.text.len())
    }
}

fn columns(cluster: &str) -> usize {
    match cluster {
        "\t" => TAB_WIDTH,
        _ => cluster.width(),
    }
}

/// Where the last word without blanks in `text` begins.
fn start_of_last(text: &str) -> usize {
    text.char_indices()
        .rfind(|(_, character)| character.is_whitespace())
        .map_or(0, |(index, blank)| index + blank.len_utf8())
}

/// The most bytes in a draft: far more than can be sent in one message, so
/// that a paste can be cut down here, and little enough to lay out at a key.
pub const MAX_DRAFT: usize = 1024 * 1024;
