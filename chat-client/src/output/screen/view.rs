//! The screen: finished lines, and below them the block.
//!
//! Only the block is redrawn: a row about the connection, lines that wait for the room,
//! prompt and draft, and a row that counts hidden rows of the draft. Finished lines are
//! printed above it once and then belong to the terminal, which wraps them itself and
//! scrolls them back. Everything of one repaint goes out between the brackets of a
//! synchronized update, and in one write if it is not very much.
//!
//! Nothing here trusts a width: each row of the block is drawn from column 0
//! with line wrap off, and the cursor gets to its place by being saved there
//! on the way. Wrap is on while it is saved: many terminals (kitty, mosh,
//! xterm.js) restore with the cursor what the modes were then, as DEC's did.
//!
//! When the window has become narrower, the terminal may have broken the rows of the
//! block into several. Only as many rows are erased as the block has at least
//! (`reflow`): an error leaves stale rows of a draft, and takes no finished line.

mod reflow;

use std::io::{self, Write};
use std::ops::Range;

use super::layout::{Layout, cut};
use super::size::Size;
use crate::output::ansi;
use crate::output::style::Colors;
pub use reflow::Reflow;
use reflow::{Columns, Rows};

/// The terminal's picture of the block, and how to change it.
#[derive(Debug)]
pub struct View {
    reflow: Reflow,
    drawn: Option<Drawn>,
    colors: Colors,
}

/// The rows below the finished lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// The row about the connection.
    pub status: Option<String>,
    /// Lines that wait, the latest last, one row each.
    pub pending: Vec<String>,
    /// Prompt and draft.
    pub text: String,
    /// The cursor stands before this byte of it.
    pub cursor: usize,
    /// So many bytes of it are the prompt, which is bold.
    pub prompt: usize,
}

/// The block as it stands on the screen.
#[derive(Debug)]
struct Drawn {
    block: Block,
    size: Size,
    rows: Rows,
}

impl Block {
    /// A prompt with an empty draft, and nothing that waits.
    pub fn prompt(text: &str) -> Self {
        Self {
            status: None,
            pending: Vec::new(),
            text: text.to_owned(),
            cursor: text.len(),
            prompt: text.len(),
        }
    }
}

impl View {
    /// A view on a terminal whose cursor is at the start of a row. Lines that wait are
    /// dim and the prompt is bold, unless `colors` are off.
    pub fn new(reflow: Reflow, colors: Colors) -> Self {
        Self {
            reflow,
            drawn: None,
            colors,
        }
    }

    /// Prints `lines`, each ended by CR LF, above the block and draws the block
    /// anew; `before` goes
    /// out first, as it is. Writes nothing if the screen is like that already.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn paint(
        &mut self,
        out: &mut impl Write,
        size: Size,
        before: &[u8],
        lines: &str,
        block: &Block,
    ) -> io::Result<()> {
        let is_drawn = |drawn: &Drawn| drawn.block == *block && drawn.size == size;
        if before.is_empty() && lines.is_empty() && self.drawn.as_ref().is_some_and(is_drawn) {
            return Ok(());
        }
        let mut bytes = ansi::SYNC_ON.as_bytes().to_vec();
        bytes.extend_from_slice(before);
        self.erase_block(&mut bytes, size);
        if lines.len() > MAX_COPIED {
            out.write_all(&bytes)?;
            out.write_all(lines.as_bytes())?;
            bytes.clear();
        } else {
            bytes.extend_from_slice(lines.as_bytes());
        }
        self.draw_block(&mut bytes, size, block);
        put(&mut bytes, &[ansi::SYNC_OFF]);
        out.write_all(&bytes)?;
        out.flush()
    }

    /// Takes the block away and leaves the cursor where it began.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn erase(&mut self, out: &mut impl Write, size: Size) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.erase_block(&mut bytes, size);
        out.write_all(&bytes)?;
        out.flush()
    }

    /// Scrolls everything off the screen, so that it is empty and nothing is
    /// lost, and takes the block away.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn clear(&mut self, out: &mut impl Write, size: Size) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.erase_block(&mut bytes, size);
        put(&mut bytes, &[&ansi::down(size.height)]);
        bytes.resize(bytes.len() + size.height, b'\n');
        put(&mut bytes, &[ansi::HOME]);
        out.write_all(&bytes)?;
        out.flush()
    }

    /// Sets how the terminal reflows rows.
    pub fn set_reflow(&mut self, reflow: Reflow) {
        self.reflow = reflow;
    }

    /// The block may have been drawn when the terminal had its new size already, so
    /// that its rows were cut off and not broken. It is erased as if they were: stale
    /// rows are better than a lost message.
    pub fn mark_uncertain(&mut self) {
        if let Some(drawn) = &mut self.drawn {
            drawn.rows.is_uncertain = true;
        }
    }

    /// Another program has written to the terminal: the place of the block is not known
    /// any more.
    pub fn forget(&mut self) {
        self.drawn = None;
    }

    fn erase_block(&mut self, bytes: &mut Vec<u8>, size: Size) {
        put(bytes, &[ansi::ROW_START]);
        let mut leaves_stale_rows = false;
        if let Some(drawn) = self.drawn.take() {
            up(bytes, drawn.rows.above(self.reflow, size.width));
            leaves_stale_rows = drawn.rows.leave_stale_rows(self.reflow, size);
        }
        // Not from the top left corner, where tmux would take it for the whole
        // screen, and keep what stands there in its history.
        match size.width {
            1 => put(bytes, &[ansi::ERASE_BELOW]),
            _ => put(
                bytes,
                &[
                    ansi::ERASE_ROW,
                    ansi::RIGHT,
                    ansi::ERASE_BELOW,
                    ansi::ROW_START,
                ],
            ),
        }
        if leaves_stale_rows {
            // To the terminal a stale row may continue in this row. A line in this row
            // would be moved with it.
            put(bytes, &[ansi::NEXT_ROW]);
        }
    }

    fn draw_block(&mut self, bytes: &mut Vec<u8>, size: Size, block: &Block) {
        let text = &block.text;
        let layout = Layout::new(text, block.cursor, size);
        let dim = dim_rows(block, size);
        let status = status(text, &layout, size);
        // Room first: were the screen to scroll while the rows are drawn, the
        // saved cursor would be off.
        let below = dim.len() + layout.rows.len() - 1 + usize::from(status.is_some());
        for _ in 0..below {
            put(bytes, &[ansi::NEXT_ROW]);
        }
        up(bytes, below);
        put(bytes, &[ansi::WRAP_OFF]);
        for row in &dim {
            self.put_dim(bytes, row);
            put(bytes, &[ansi::NEXT_ROW]);
        }
        for (index, row) in layout.rows.iter().enumerate() {
            if index > 0 {
                put(bytes, &[ansi::NEXT_ROW]);
            }
            let mut rest = row.bytes.clone();
            if index == layout.cursor_row {
                self.put_text(bytes, block, rest.start..block.cursor);
                if rest.is_empty() {
                    // Where nothing was written kitty loses the cursor on a resize.
                    put(bytes, &[" ", ansi::ROW_START]);
                }
                // Restored with the cursor, so it is on at the moment of the saving.
                put(bytes, &[ansi::WRAP_ON, ansi::SAVE_CURSOR, ansi::WRAP_OFF]);
                rest.start = block.cursor;
            }
            self.put_text(bytes, block, rest);
        }
        if let Some(status) = &status {
            put(bytes, &[ansi::NEXT_ROW]);
            self.put_dim(bytes, status);
        }
        put(bytes, &[ansi::WRAP_ON, ansi::RESTORE_CURSOR]);
        let drafted = layout.rows.iter().map(|row| &text[row.bytes.clone()]);
        let rows = dim.iter().map(String::as_str);
        let rows = rows.chain(drafted).chain(status.as_deref());
        self.drawn = Some(Drawn {
            rows: Rows {
                width: size.width,
                columns: rows.map(|row| Columns::of(row, size.width)).collect(),
                cursor: dim.len() + layout.cursor_row,
                is_at_end: layout.rows[layout.cursor_row].bytes.end == block.cursor,
                is_uncertain: false,
            },
            block: block.clone(),
            size,
        });
    }

    /// Puts a part of the text. The prompt is not to look like a line that was said.
    fn put_text(&self, bytes: &mut Vec<u8>, block: &Block, part: Range<usize>) {
        let text = block.text.as_bytes();
        let prompt = block.prompt.clamp(part.start, part.end);
        if self.colors == Colors::On && part.start < prompt {
            put(bytes, &[ansi::BOLD]);
            bytes.extend_from_slice(&text[part.start..prompt]);
            put(bytes, &[ansi::RESET]);
        } else {
            bytes.extend_from_slice(&text[part.start..prompt]);
        }
        bytes.extend_from_slice(&text[prompt..part.end]);
    }

    fn put_dim(&self, bytes: &mut Vec<u8>, row: &str) {
        if self.colors == Colors::On {
            put(bytes, &[ansi::DIM]);
        }
        bytes.extend_from_slice(row.as_bytes());
        if self.colors == Colors::On {
            put(bytes, &[ansi::RESET]);
        }
    }
}

/// The rows above the prompt: about the connection, and of lines that wait.
fn dim_rows(block: &Block, size: Size) -> Vec<String> {
    let status = block.status.iter().filter(|_| size.height >= STATUS_HEIGHT);
    let status = status.map(|row| cut(row, size.width).to_owned());
    status.chain(pending_rows(&block.pending, size)).collect()
}

/// The rows of lines that wait: at most a third of the screen, each cut to one
/// row. Where they are more, the first row counts those that are left out.
fn pending_rows(pending: &[String], size: Size) -> Vec<String> {
    let most = size.third();
    let cut = |row: &str| cut(row, size.width).to_owned();
    if pending.len() <= most {
        return pending.iter().map(|row| cut(row)).collect();
    }
    let Some(last) = most.checked_sub(1) else {
        return Vec::new();
    };
    let hidden = pending.len() - last;
    std::iter::once(cut(&format!("-- {hidden} more lines wait")))
        .chain(pending[hidden..].iter().map(|row| cut(row)))
        .collect()
}

/// The row below a draft that is not one visible line.
fn status(text: &str, layout: &Layout, size: Size) -> Option<String> {
    let has_lines = text.contains('\n');
    if size.height < STATUS_HEIGHT || (!has_lines && layout.above == 0 && layout.below == 0) {
        return None;
    }
    // Line ends at its end are not sent.
    let lines = text.trim_end_matches('\n').split('\n').count();
    let (count, sends) = match lines {
        1 => ("1 line".to_owned(), "Enter sends it"),
        _ => (format!("{lines} lines"), "Enter sends them as one message"),
    };
    let mut status = "--".to_owned();
    if has_lines {
        status += &format!(" {count}");
    }
    if layout.above > 0 {
        status += &format!(" ↑{}", layout.above);
    }
    if layout.below > 0 {
        status += &format!(" ↓{}", layout.below);
    }
    if has_lines {
        status += &format!(" ({sends})");
    }
    Some(cut(&status, size.width).to_owned())
}

/// From this height on there is room for rows that tell about others: two of
/// them, and two thirds of the screen for what waits and the draft.
const STATUS_HEIGHT: usize = 4;

fn put(bytes: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
}

fn up(bytes: &mut Vec<u8>, rows: usize) {
    if rows > 0 {
        put(bytes, &[&ansi::up(rows)]);
    }
}

/// So much is put together with the block, to be written at once. A copy of more
/// would only double what a flood takes.
const MAX_COPIED: usize = 64 * 1024;

#[cfg(test)]
mod tests;
