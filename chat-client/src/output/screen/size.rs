//! The size of the terminal.

use crate::sys;

/// A terminal's size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
}

impl Size {
    /// A third of the rows: the most that a draft takes of the screen, and the
    /// most that lines which wait above it take.
    pub fn third(self) -> usize {
        self.height / 3
    }
}

/// The size of the terminal. Asked for before each repaint, because the
/// notice of a change may come later than the change.
pub(super) fn current() -> Size {
    let (width, height) = sys::window_size().unwrap_or((80, 24));
    let or = |cells: u16, usual| {
        if cells == 0 {
            usual
        } else {
            usize::from(cells)
        }
    };
    Size {
        width: or(width, 80),
        height: or(height, 24),
    }
}
