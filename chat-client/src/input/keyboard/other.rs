//! The keyboard on Windows: keys of the console.

use std::io;
use std::time::Duration;

use crossterm::event::{self, Event};

use crate::input::event::Typed;

/// The console.
pub struct Keyboard(());

impl Keyboard {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// None.
    pub fn open() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Whether something comes within this time.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn is_ready(&self, within: Duration) -> io::Result<bool> {
        event::poll(within)
    }

    /// Waits, and takes the events.
    ///
    /// # Errors
    ///
    /// When the console is gone.
    pub fn read(&mut self, typed: &mut Vec<Typed>) -> io::Result<()> {
        typed.extend(match event::read()? {
            Event::Key(key) => Some(Typed::Key(key)),
            Event::Paste(text) => Some(Typed::Paste(text)),
            Event::Resize(..) => Some(Typed::Resized),
            _ => None,
        });
        Ok(())
    }
}
