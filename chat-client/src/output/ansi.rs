//! The control sequences of terminals that the client writes or understands, by name.
//!
//! No other file writes a control character. The sequences that are keys have their
//! meaning in the [decoder](crate::input::keyboard::decoder), and modes of the terminal are
//! switched by crossterm.

/// Rings the bell.
pub const BELL: &str = "\x07";
/// To the start of the row.
pub const ROW_START: &str = "\r";
/// To the start of the next row, in raw mode.
pub const NEXT_ROW: &str = "\r\n";
/// To the top left corner.
pub const HOME: &str = "\x1b[H";
/// One column to the right.
pub const RIGHT: &str = "\x1b[C";
/// Remembers the cursor, and in many terminals whether lines wrap.
pub const SAVE_CURSOR: &str = "\x1b7";
/// Puts the cursor back.
pub const RESTORE_CURSOR: &str = "\x1b8";
/// Erases from the cursor to the end of the row.
pub const ERASE_ROW: &str = "\x1b[K";
/// Erases from the cursor to the end of the screen.
pub const ERASE_BELOW: &str = "\x1b[J";
/// Lines wrap.
pub const WRAP_ON: &str = "\x1b[?7h";
/// They do not.
pub const WRAP_OFF: &str = "\x1b[?7l";
/// Nothing is shown until [`SYNC_OFF`], in terminals that know this.
pub const SYNC_ON: &str = "\x1b[?2026h";
/// Everything since [`SYNC_ON`] is shown.
pub const SYNC_OFF: &str = "\x1b[?2026l";

/// Bold text.
pub const BOLD: &str = "\x1b[1m";
/// Dim text.
pub const DIM: &str = "\x1b[2m";
/// Bold and reversed text.
pub const BOLD_REVERSED: &str = "\x1b[1;7m";
/// Red text.
pub const RED: &str = "\x1b[31m";
/// Green text.
pub const GREEN: &str = "\x1b[32m";
/// Magenta text.
pub const MAGENTA: &str = "\x1b[35m";
/// Cyan text.
pub const CYAN: &str = "\x1b[36m";
/// Bright red text.
pub const BRIGHT_RED: &str = "\x1b[91m";
/// Bright blue text.
pub const BRIGHT_BLUE: &str = "\x1b[94m";
/// Bright magenta text.
pub const BRIGHT_MAGENTA: &str = "\x1b[95m";
/// Text as usual.
pub const RESET: &str = "\x1b[0m";

/// XTVERSION: asks for the name of the terminal.
pub const ASK_NAME: &str = "\x1b[>0q";
/// DA2: asks for a number for its kind.
pub const ASK_KIND: &str = "\x1b[>c";
/// DA1: every terminal answers.
pub const ASK_ATTRIBUTES: &str = "\x1b[c";

/// So many rows up, at least 1.
pub fn up(rows: usize) -> String {
    format!("\x1b[{rows}A")
}

/// So many rows down, at least 1.
pub fn down(rows: usize) -> String {
    format!("\x1b[{rows}B")
}
