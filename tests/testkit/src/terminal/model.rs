//! The screen that a program's bytes make.

mod cutting;
mod reflowing;

use super::screen::Screen;
use cutting::Cutting;
use reflowing::Reflowing;

/// A terminal without a window, in one of the ways in which terminals differ.
pub struct Model(Box<dyn Core + Send>);

/// How a terminal behaves where not all behave the same.
///
/// What matters to a program that draws a line at the bottom is what becomes of rows
/// that are too long for a narrower window, and what ESC 8 restores besides the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emulator {
    /// Rows are cut off, and ESC 8 restores no mode, as in xterm. (tmux and
    /// GNU screen have the same ESC 8, and break rows.)
    Xterm,
    /// Rows are cut off, and ESC 8 restores whether lines wrap, as DEC's terminals did
    /// it. So it is in mosh, and that ESC 8 in kitty, xterm.js and iTerm2 as well.
    Mosh,
    /// Rows are broken into several, the cursor's too, as in tmux, kitty, foot and VTE.
    /// This is Alacritty's own code.
    Alacritty,
}

impl Emulator {
    /// What it sets `TERM` to.
    pub fn term(self) -> &'static str {
        match self {
            Self::Xterm | Self::Mosh => "xterm-256color",
            Self::Alacritty => "alacritty",
        }
    }
}

/// What the models have in common.
trait Core {
    /// Draws bytes; what the terminal answers.
    fn feed(&mut self, bytes: &[u8]) -> Vec<u8>;
    fn set_size(&mut self, rows: u16, cols: u16);
    fn screen(&self) -> Screen;
    /// The rows that have scrolled off the top, the oldest first.
    fn scrolled_off(&mut self) -> Vec<String>;
    fn private_mode(&self, mode: u16) -> Option<bool>;
    /// Whether the program has asked not to be looked at.
    fn is_half_drawn(&self) -> bool;
    fn keyboard(&self) -> &[u16];
    fn bells(&self) -> usize;
}

impl Model {
    pub fn new(emulator: Emulator, rows: u16, cols: u16) -> Self {
        Self(match emulator {
            Emulator::Xterm | Emulator::Mosh => Box::new(Cutting::new(emulator, rows, cols)),
            Emulator::Alacritty => Box::new(Reflowing::new(rows, cols)),
        })
    }

    /// Draws bytes; what the terminal answers.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.feed(bytes)
    }

    pub fn set_size(&mut self, rows: u16, cols: u16) {
        self.0.set_size(rows, cols);
    }

    pub fn screen(&self) -> Screen {
        self.0.screen()
    }

    /// The rows of the screen without trailing blanks, joined by newlines, without
    /// empty rows at the end.
    pub fn screen_text(&self) -> String {
        joined(self.screen().lines())
    }

    /// The rows that have scrolled off the top, and then the screen.
    pub fn full_text(&mut self) -> String {
        let mut rows = self.0.scrolled_off();
        rows.extend(self.screen().lines());
        joined(rows)
    }

    pub(super) fn private_mode(&self, mode: u16) -> Option<bool> {
        self.0.private_mode(mode)
    }

    pub(super) fn is_half_drawn(&self) -> bool {
        self.0.is_half_drawn()
    }

    pub(super) fn keyboard(&self) -> &[u16] {
        self.0.keyboard()
    }

    pub(super) fn bells(&self) -> usize {
        self.0.bells()
    }
}

fn joined(mut rows: Vec<String>) -> String {
    for row in &mut rows {
        row.truncate(row.trim_end_matches(' ').len());
    }
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows.join("\n")
}

const SCROLLBACK: usize = 10_000;
