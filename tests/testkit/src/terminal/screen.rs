//! The content of a screen at one moment.

use std::ops::Range;

/// The cells of a screen, and its cursor.
#[derive(Debug, Clone)]
pub struct Screen {
    rows: Vec<Vec<Cell>>,
    cursor: (u16, u16),
}

/// One cell, and how it looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// A character with its combining marks. Empty if nothing was written there.
    pub text: String,
    /// It is the second cell of the character before it.
    pub is_continuation: bool,
    pub bold: bool,
    pub dim: bool,
    pub inverse: bool,
    /// The colour by its number, if it has one.
    pub color: Option<u8>,
}

impl Screen {
    /// All rows have the same number of cells. A cursor that waits behind the last
    /// column is in the last column.
    pub(super) fn new(rows: Vec<Vec<Cell>>, (row, col): (u16, u16)) -> Self {
        let last = rows[0].len() as u16 - 1;
        let cursor = (row, col.min(last));
        Self { rows, cursor }
    }

    pub fn height(&self) -> usize {
        self.rows.len()
    }

    pub fn width(&self) -> usize {
        self.rows[0].len()
    }

    /// Row and column, counted from 0.
    pub fn cursor(&self) -> (usize, usize) {
        (self.cursor.0.into(), self.cursor.1.into())
    }

    pub fn cells(&self, row: usize) -> &[Cell] {
        &self.rows[row]
    }

    /// Some columns of a row, without blanks at their end.
    pub fn text(&self, row: usize, columns: Range<usize>) -> String {
        let mut text = String::new();
        for cell in &self.rows[row][columns] {
            match cell.text.as_str() {
                "" if cell.is_continuation => {}
                "" => text.push(' '),
                written => text.push_str(written),
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// Every row, without blanks at its end.
    pub fn lines(&self) -> Vec<String> {
        let rows = 0..self.height();
        rows.map(|row| self.text(row, 0..self.width())).collect()
    }
}
