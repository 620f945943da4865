//! What the person sees: finished lines, and below them prompt and draft.
//!
//! The block of prompt and draft is the only thing that is ever redrawn.
//! Finished lines are printed above it once and then belong to the terminal,
//! which wraps them itself and scrolls them back. Everything of one repaint
//! goes out in one write, between the brackets of a synchronized update.
//!
//! Nothing here trusts a width: each row of the draft is drawn from column 0
//! with line wrap off, and the cursor gets to its place by being saved there
//! on the way.

use std::io::{self, Write};

use crate::layout::{Layout, Size, width_of};

/// The terminal's picture of the block, and how to change it.
#[derive(Debug)]
pub struct View {
    reflow: Reflow,
    drawn: Option<Drawn>,
}

/// What a terminal does with long rows when it becomes narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reflow {
    /// It breaks them into several.
    Yes,
    /// It cuts them off.
    No,
}

/// The block as it stands on the screen.
#[derive(Debug)]
struct Drawn {
    /// Prompt and draft.
    text: String,
    cursor: usize,
    size: Size,
    /// Columns of the rows above the cursor's, and of its row up to it.
    above: Vec<usize>,
    column: usize,
}

impl Reflow {
    /// Guesses from the environment. Where nothing is known the answer is no:
    /// wrongly no leaves the remains of a draft on the screen, wrongly yes
    /// would erase what others said.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let is_set = |name| variable(name).is_some();
        let multiplexed = term.starts_with("tmux") || term.starts_with("screen");
        let yes = if multiplexed {
            is_set("TMUX") || term.starts_with("tmux")
        } else {
            let terms = [
                "xterm-kitty",
                "xterm-ghostty",
                "alacritty",
                "foot",
                "wezterm",
                "contour",
                "rio",
            ];
            let programs = [
                "iTerm.app",
                "Apple_Terminal",
                "WezTerm",
                "vscode",
                "ghostty",
            ];
            terms.iter().any(|known| term.starts_with(known))
                || variable("TERM_PROGRAM").is_some_and(|name| programs.contains(&name.as_str()))
                || ["VTE_VERSION", "KONSOLE_VERSION", "WT_SESSION"]
                    .into_iter()
                    .any(is_set)
        };
        if yes { Self::Yes } else { Self::No }
    }
}

impl View {
    /// A view on a terminal whose cursor is at the start of a row.
    pub fn new(reflow: Reflow) -> Self {
        Self {
            reflow,
            drawn: None,
        }
    }

    /// Prints `lines` above the block and draws the block anew: `text` is
    /// prompt and draft, the cursor stands before its byte `cursor`. Writes
    /// nothing if the screen is like that already.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn paint(
        &mut self,
        out: &mut impl Write,
        size: Size,
        lines: &[String],
        text: &str,
        cursor: usize,
    ) -> io::Result<()> {
        if lines.is_empty()
            && self
                .drawn
                .as_ref()
                .is_some_and(|drawn| drawn.is(text, cursor, size))
        {
            return Ok(());
        }
        let mut bytes = SYNC_ON.to_vec();
        self.erase_block(&mut bytes, size);
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        self.draw_block(&mut bytes, size, text, cursor);
        bytes.extend_from_slice(SYNC_OFF);
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

    fn erase_block(&mut self, bytes: &mut Vec<u8>, size: Size) {
        if let Some(drawn) = self.drawn.take() {
            bytes.push(b'\r');
            up(bytes, drawn.rows_above(size, self.reflow));
            bytes.extend_from_slice(b"\x1b[J");
        }
    }

    fn draw_block(&mut self, bytes: &mut Vec<u8>, size: Size, text: &str, cursor: usize) {
        let layout = Layout::new(text, cursor, size);
        // Room first: were the screen to scroll while the rows are drawn, the
        // saved cursor would be off.
        let below = layout.rows.len() - 1;
        for _ in 0..below {
            bytes.extend_from_slice(b"\r\n");
        }
        up(bytes, below);
        bytes.extend_from_slice(b"\x1b[?7l");
        for (index, row) in layout.rows.iter().enumerate() {
            if index > 0 {
                bytes.extend_from_slice(b"\r\n");
            }
            let mut rest = row.bytes.clone();
            if index == layout.cursor_row {
                bytes.extend_from_slice(&text.as_bytes()[rest.start..cursor]);
                bytes.extend_from_slice(b"\x1b7");
                rest.start = cursor;
            }
            bytes.extend_from_slice(&text.as_bytes()[rest]);
        }
        bytes.extend_from_slice(b"\x1b[?7h\x1b8");
        let cursor_row = &layout.rows[layout.cursor_row];
        self.drawn = Some(Drawn {
            text: text.to_owned(),
            cursor,
            size,
            above: layout.rows[..layout.cursor_row]
                .iter()
                .map(|row| row.width)
                .collect(),
            column: width_of(&text[cursor_row.bytes.start..cursor]),
        });
    }
}

impl Drawn {
    fn is(&self, text: &str, cursor: usize, size: Size) -> bool {
        self.text == text && self.cursor == cursor && self.size == size
    }

    /// How many rows of the screen the block now has above the cursor. The
    /// rows were ended one by one, so a wider screen does not join them.
    fn rows_above(&self, size: Size, reflow: Reflow) -> usize {
        if reflow == Reflow::No || size.width >= self.size.width {
            return self.above.len();
        }
        let split: usize = self
            .above
            .iter()
            .map(|width| width.div_ceil(size.width).max(1))
            .sum();
        split + self.column / size.width
    }
}

fn up(bytes: &mut Vec<u8>, rows: usize) {
    if rows > 0 {
        bytes.extend_from_slice(format!("\x1b[{rows}A").as_bytes());
    }
}

/// Terminals that do not know these ignore them.
const SYNC_ON: &[u8] = b"\x1b[?2026h";
const SYNC_OFF: &[u8] = b"\x1b[?2026l";

#[cfg(test)]
mod tests;
