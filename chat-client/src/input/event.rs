//! Events of the terminal, and inputs of the person.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::answer::Answer;
use crate::editor::Key;

/// An input of the person.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// Pressed keys.
    Pressed(Vec<Press>),
    /// Changed the size of the window.
    Resized,
    /// Sent a line by a pipe, or a block of them.
    Line(String),
    /// Sent something by a pipe that cannot be sent on, and why.
    BadLine(&'static str),
    /// Cannot be read any further, and why.
    Failed(String),
    /// There is nothing more to come.
    Closed,
}

/// A key, by its purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// The draft.
    Key(Key),
    /// A paste that fits no draft.
    PasteTooLong,
    /// The screen: C-l.
    Clear,
    /// The process: C-z.
    Suspend,
    /// No key, but an answer of the terminal.
    Answer(Answer),
}

/// An event of the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A key, which may have been released.
    Key(KeyEvent),
    /// A paste.
    Paste(String),
    /// A paste that fits no draft has begun; nothing of it is kept.
    PasteTooLong,
    /// The end of a paste that had ended already, since its text has the end mark in
    /// it.
    PasteEnd,
    /// Another size. Unix has a signal for it.
    Resized,
    /// An answer to a query.
    Answer(Answer),
}

impl Typed {
    /// A key that was pressed.
    pub fn key(code: KeyCode, modifiers: KeyModifiers) -> Self {
        Self::Key(KeyEvent::new(code, modifiers))
    }
}
