//! How a terminal reflows rows when its window becomes narrower. Pure.
//!
//! Some terminals cut rows off, and others break them into several. How many these are
//! depends on the width of each character, in which terminals differ, on whether blanks
//! at the end count, and on whether wide characters stay whole; and not all terminals
//! take the cursor along. So there are two answers: how many rows there are at least,
//! which may be erased, and whether there may be more, which are then left.

use chat_proto::width::{narrowest, widest};
use unicode_segmentation::UnicodeSegmentation;

use crate::output::screen::size::Size;

/// How a terminal reflows rows that are too long when it becomes narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reflow {
    /// It breaks them into several, and has the cursor where it was in them.
    All,
    /// It breaks those above the one that the cursor is in. That one it may cut off, or
    /// break and lose the place of the cursor in it.
    AboveCursor,
    /// It cuts them off.
    None,
    /// Any of these.
    Unknown,
}

/// The rows of the block as they were drawn.
#[derive(Debug)]
pub(super) struct Rows {
    /// The columns of the screen.
    pub(super) width: usize,
    pub(super) columns: Vec<Columns>,
    /// In which of them the cursor is.
    pub(super) cursor: usize,
    /// The cursor is at the end of its row. In the middle of a row that is broken it may
    /// be left in the first part (Alacritty, in a window that is dragged).
    pub(super) is_at_end: bool,
    /// They may have been cut off when they were drawn.
    pub(super) is_uncertain: bool,
}

/// How many columns a row takes, in the terminal that gives it least and in the one
/// that gives it most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    least: usize,
    most: usize,
}

impl Rows {
    /// How many rows of the screen the block now has at least above the cursor. The
    /// rows were ended one by one, so a wider screen does not join them.
    pub(super) fn above(&self, reflow: Reflow, width: usize) -> usize {
        let above = &self.columns[..self.cursor];
        if self.is_uncertain || width >= self.width {
            return above.len();
        }
        let broken = above.iter().map(|row| rows(row.least, width)).sum();
        match reflow {
            // A cursor behind a row that is just full stays in it, or goes to the next.
            Reflow::All if self.is_at_end => {
                broken + rows(self.columns[self.cursor].least, width) - 1
            }
            Reflow::All | Reflow::AboveCursor => broken,
            Reflow::None | Reflow::Unknown => above.len(),
        }
    }

    /// Whether rows of the block may be left above those that [`Self::above`] counts.
    pub(super) fn leave_stale_rows(&self, reflow: Reflow, size: Size) -> bool {
        let width = size.width;
        let is_broken = |row: &Columns| row.most > width;
        if reflow == Reflow::None || !self.columns.iter().any(is_broken) {
            return false;
        }
        if reflow == Reflow::Unknown || self.is_uncertain {
            return true;
        }
        // When it does not fit any more, terminals put the cursor elsewhere.
        let all: usize = self.columns.iter().map(|row| rows(row.most, width)).sum();
        let (above, behind) = self.columns.split_at(self.cursor);
        let is_exact = |row: &Columns| rows(row.most, width) == rows(row.least, width);
        let cursor = match reflow == Reflow::All && self.is_at_end {
            true => behind[0].most / width < rows(behind[0].least, width),
            false => !is_broken(&behind[0]),
        };
        !cursor || !above.iter().all(is_exact) || all > size.height
    }
}

impl Columns {
    /// Those of a row in a screen of this width.
    pub(super) fn of(row: &str, width: usize) -> Self {
        // A terminal may take blanks at the end for cells that were never written, and
        // break a wide character in two (kitty).
        let mut clusters = row.trim_end_matches(' ').graphemes(true);
        let last = clusters.next_back().unwrap_or_default();
        let least = narrowest(clusters.as_str()) + narrowest(last).min(1);
        Self {
            least: least.min(width),
            most: widest(row).min(width),
        }
    }
}

/// How many rows these columns are in a screen of this width.
fn rows(columns: usize, width: usize) -> usize {
    columns.div_ceil(width).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These rows, in a screen of 20 columns, with the cursor at the end of the last.
    fn drawn(rows: &[&str]) -> Rows {
        Rows {
            width: 20,
            columns: rows.iter().map(|row| Columns::of(row, 20)).collect(),
            cursor: rows.len() - 1,
            is_at_end: true,
            is_uncertain: false,
        }
    }

    #[test]
    fn rows_that_a_terminal_breaks_are_counted() {
        let [r16, r17, r19, r20] = [16, 17, 19, 20].map(|count| "x".repeat(count));
        for (rows, is_at_end, width, reflow, above) in [
            (&[&*r20, &r19, "xxx"][..], true, 8, Reflow::All, 6),
            (&[&r20, &r19, &r17], true, 8, Reflow::All, 8),
            (&[&r20, &r19, &r17], false, 8, Reflow::All, 6),
            (&[&r20, &r19, &r16], true, 8, Reflow::All, 7),
            (&[&r20, "", &r17], true, 8, Reflow::AboveCursor, 4),
            (&[&r20, &r19, &r17], true, 8, Reflow::None, 2),
            (&[&r20, &r19, &r17], true, 8, Reflow::Unknown, 2),
            (&[&r20, &r17], true, 30, Reflow::All, 1),
            // A wide character may be broken in two, and an emoji narrow.
            (&["中中中中中", "x"], true, 9, Reflow::All, 1),
            (&["中中中中中", "x"], true, 8, Reflow::All, 2),
            (&["🙂🙂🙂🙂🙂🙂🙂🙂", "x"], true, 8, Reflow::All, 1),
        ] {
            let drawn = Rows {
                is_at_end,
                ..drawn(rows)
            };
            assert_eq!(drawn.above(reflow, width), above, "{rows:?} {reflow:?}");
        }
    }

    /// Where the number of rows is certain, nothing is put between them and the next
    /// line.
    #[test]
    fn stale_rows_are_expected_where_rows_are_uncertain() {
        let [r17, r20] = [17, 20].map(|count| "x".repeat(count));
        for (rows, is_at_end, width, reflow, stale) in [
            (&[&*r20, &r17][..], true, 10, Reflow::All, false),
            (&[&r20, &r17], true, 30, Reflow::Unknown, false),
            (&["xxx", "x"], true, 10, Reflow::Unknown, false),
            (&[&r20, &r17], true, 10, Reflow::None, false),
            (&[&r20, &r17], true, 10, Reflow::Unknown, true),
            (&[&r20, &r17], false, 10, Reflow::All, true),
            (&[&r20, &r17], true, 17, Reflow::All, true),
            (&[&r20, "xxx"], true, 10, Reflow::AboveCursor, false),
            (&[&r20, &r17], true, 10, Reflow::AboveCursor, true),
            (&["🙂🙂🙂🙂🙂🙂🙂🙂", "x"], true, 8, Reflow::All, true),
            // They do not fit into the screen.
            (&[&r20, &r20, &r17], true, 5, Reflow::All, true),
        ] {
            let size = Size { width, height: 9 };
            let drawn = Rows {
                is_at_end,
                ..drawn(rows)
            };
            let leaves = drawn.leave_stale_rows(reflow, size);
            assert_eq!(leaves, stale, "{rows:?} {reflow:?} {width}");
        }
    }
}
