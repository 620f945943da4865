//! The ways to show a conversation: on a terminal, with a block below, or
//! as plain lines for pipes, files and terminals that can do no more.
//!
//! [`line`](mod@line) is what there is to show, [`fold`] puts crowds into one line, and
//! [`style`] makes text of a line. [`screen`] and [`plain`] write it.

pub mod ansi;
mod blocking;
pub mod fold;
pub mod line;
mod pending;
pub mod plain;
pub mod screen;
pub mod style;

use std::io;
use std::time::{Duration, Instant};

use chat_proto::name::Name;

use crate::input::Answer;
use crate::sys;
use line::Line;
use plain::{Format, Plain};
use screen::Screen;
use screen::view::Block;
use style::Style;

/// Where lines are shown.
#[derive(Debug)]
pub enum Output {
    /// A terminal, with the block below.
    Screen(Box<Screen>),
    /// Anything else: each line once.
    Plain(Plain),
}

impl Output {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub fn screen(style: Style) -> io::Result<Self> {
        Ok(Self::Screen(Box::new(Screen::take_terminal(style)?)))
    }

    /// Writes to standard output.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn plain(style: Style, format: Format) -> io::Result<Self> {
        Ok(Self::Plain(Plain::new(style, format)?))
    }

    /// Takes an answer of the terminal to a query.
    pub fn handle_answer(&mut self, answer: &Answer) {
        if let Self::Screen(screen) = self {
            screen.handle_answer(answer);
        }
    }

    /// How long an answer of the terminal may still be on its way. Once the terminal
    /// is given back it would be taken for something that was typed.
    pub fn answer_due_within(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Screen(screen) => screen.answer_due_within(now),
            Self::Plain(_) => None,
        }
    }

    /// When [`Output::show`] wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Screen(screen) => screen.deadline(),
            Self::Plain(_) => None,
        }
    }

    /// Whether so much waits to be shown that nothing more is to be read.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Screen(screen) => screen.is_full(),
            Self::Plain(plain) => plain.is_full(),
        }
    }

    /// Takes finished lines, which [`Output::show`] will show to the person called `me`.
    pub fn take(&mut self, lines: &[Line], me: Option<&Name>) {
        match self {
            Self::Screen(screen) => screen.take(lines, me),
            Self::Plain(plain) => plain.take(lines, me),
        }
    }

    /// Takes objects of the server, likewise, where these are shown.
    pub fn take_objects(&mut self, objects: impl Iterator<Item = String>) {
        if let Self::Plain(plain) = self {
            plain.take_objects(objects);
        }
    }

    /// Shows the taken lines, and below them, on a screen, the block.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn show(&mut self, block: &Block) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.show(block),
            Self::Plain(plain) => plain.show(),
        }
    }

    /// Clears the screen; its lines scroll up.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.clear(),
            Self::Plain(_) => Ok(()),
        }
    }

    /// Gives the terminal back, stops the process, and takes the terminal
    /// again when it goes on.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        if let Self::Screen(screen) = self {
            screen.leave()?;
        }
        sys::suspend()?;
        self.resume()
    }

    /// Takes the terminal again after another program had it.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub fn resume(&mut self) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.resume(),
            Self::Plain(_) => Ok(()),
        }
    }

    /// Shows the taken lines, and removes the block.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self {
            Self::Screen(screen) => screen.finish(),
            Self::Plain(plain) => plain.show(),
        }
    }
}
