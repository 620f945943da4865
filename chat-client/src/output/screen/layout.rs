//! How the prompt and the draft fall into rows. Pure.
//!
//! Terminals disagree on how wide an emoji is, so a row is broken where the
//! widest reading says that it is full ([`widest`]). No terminal then has more in
//! a row than fits. Whether it has less decides only how well a row is filled: the
//! view never computes a column from it.

use std::ops::Range;

use chat_proto::width::widest;
use unicode_segmentation::UnicodeSegmentation;

use super::size::Size;

/// The rows of a prompt with its draft.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// The visible rows, at least one.
    pub rows: Vec<Row>,
    /// In which of them the cursor is.
    pub cursor_row: usize,
    /// How many rows are hidden above.
    pub above: usize,
    /// How many rows are hidden below.
    pub below: usize,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its bytes in prompt and draft together, without the line end.
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
        let mut cursor_row = rows
            .partition_point(|row| row.bytes.start <= cursor)
            .saturating_sub(1);
        // A full row leaves no cell for the cursor behind it.
        let row = &rows[cursor_row];
        if cursor == row.bytes.end && row.width >= size.width {
            cursor_row += 1;
            let behind = Row {
                bytes: cursor..cursor,
                width: 0,
            };
            rows.insert(cursor_row, behind);
        }
        let most = size.third().max(1);
        let above = (cursor_row + 1)
            .saturating_sub(most.div_ceil(2))
            .min(rows.len().saturating_sub(most));
        let below = rows.len().saturating_sub(above + most);
        rows.truncate(above + most);
        rows.drain(..above);
        Self {
            rows,
            cursor_row: cursor_row - above,
            above,
            below,
        }
    }
}

/// The beginning of `text` that is no wider than `width` by the widest reading.
pub fn cut(text: &str, width: usize) -> &str {
    let mut columns = 0;
    for (index, cluster) in text.grapheme_indices(true) {
        columns += widest(cluster);
        if columns > width {
            return &text[..index];
        }
    }
    text
}

fn break_rows(text: &str, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let mut row = Row {
            bytes: start..start,
            width: 0,
        };
        for (index, cluster) in line.grapheme_indices(true) {
            let columns = widest(cluster);
            if !row.bytes.is_empty() && row.width + columns > width {
                let at = start + index;
                rows.push(std::mem::replace(
                    &mut row,
                    Row {
                        bytes: at..at,
                        width: 0,
                    },
                ));
            }
            row.bytes.end += cluster.len();
            row.width += columns;
        }
        rows.push(row);
        start += line.len() + 1;
    }
    rows
}

#[cfg(test)]
mod tests;
