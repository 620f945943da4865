//! How the prompt and the draft fall into rows. Pure.
//!
//! Terminals disagree on how wide an emoji is, so a row is broken where the
//! widest reading says that it is full (UAX 11, summed over code points).
//! Whether that is right decides only how well a row is filled: the view never
//! computes a column from it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// A terminal's size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
}

/// The rows of a prompt with its draft.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// The visible rows, as ranges of prompt and draft together.
    pub rows: Vec<Row>,
    /// In which of them the cursor is.
    pub cursor_row: usize,
    /// Before which byte of prompt and draft together it is.
    pub cursor: usize,
    /// Rows above are not shown.
    pub more_above: bool,
    /// Rows below are not shown.
    pub more_below: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its bytes.
    pub bytes: Range<usize>,
    /// Its columns by the widest reading.
    pub width: usize,
}

impl Layout {
    /// Lays `text` out, prompt and draft together, with the cursor before the
    /// byte `cursor`. Above a third of the screen only the rows around the
    /// cursor are visible.
    pub fn new(text: &str, cursor: usize, size: Size) -> Self {
        let mut rows = break_rows(text, size.width);
        // A full last row leaves no cell for the cursor behind it.
        if cursor == text.len() && rows.last().is_some_and(|row| row.width >= size.width) {
            rows.push(Row {
                bytes: cursor..cursor,
                width: 0,
            });
        }
        let cursor_row = rows
            .iter()
            .rposition(|row| row.bytes.start <= cursor)
            .unwrap_or(0);
        let most = (size.height / 3).max(1);
        let first = (cursor_row + 1)
            .saturating_sub(most)
            .min(rows.len().saturating_sub(most));
        let more_below = rows.len() > first + most;
        rows.truncate(first + most);
        rows.drain(..first);
        Self {
            rows,
            cursor_row: cursor_row - first,
            cursor,
            more_above: first > 0,
            more_below,
        }
    }
}

/// The columns of `text` by the widest reading.
pub fn width_of(text: &str) -> usize {
    text.chars()
        .map(|character| character.width().unwrap_or(0))
        .sum()
}

fn break_rows(text: &str, width: usize) -> Vec<Row> {
    let mut rows = vec![Row {
        bytes: 0..0,
        width: 0,
    }];
    for (index, cluster) in text.grapheme_indices(true) {
        let columns = width_of(cluster);
        let end = index + cluster.len();
        match rows.last_mut() {
            Some(row) if row.bytes.is_empty() || row.width + columns <= width => {
                row.bytes.end = end;
                row.width += columns;
            }
            _ => rows.push(Row {
                bytes: index..end,
                width: columns,
            }),
        }
    }
    rows
}

#[cfg(test)]
mod tests;
