//! Windows.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use crossterm::event::{self, Event};
use mio::{Registry, Token};

use super::Signal;
use crate::terminal::Typed;

/// There are no signals here: a key or a closed window ends the program.
pub struct Signals(());

impl Signals {
    /// Does nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn register(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Self(()))
    }

    /// None.
    pub fn pending(&mut self) -> impl Iterator<Item = Signal> {
        std::iter::empty()
    }
}

/// Columns and rows of the console.
pub fn window_size() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok()
}

/// Nothing can be suspended here.
///
/// # Errors
///
/// None.
pub fn suspend() -> io::Result<()> {
    Ok(())
}

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

    /// Waits, and takes what has come.
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

/// Nothing here makes standard input not to block.
///
/// # Errors
///
/// Always.
pub fn wait_for_input() -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// Nor standard output.
///
/// # Errors
///
/// Always.
pub fn wait_for_output(_: &Output) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// Standard output. The console wants more than bytes, which `std` knows.
pub type Output = io::Stdout;

/// Standard output, to be written to in whole repaints.
///
/// # Errors
///
/// None.
pub fn output() -> io::Result<Output> {
    Ok(io::stdout())
}

/// Opens a file; the profile's own rights keep others out of one that is made.
///
/// # Errors
///
/// Those of the system.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

/// Whether this is a device; here all are files.
pub fn is_device(_: &Metadata) -> bool {
    false
}

/// Makes a directory, and those above it.
///
/// # Errors
///
/// Those of the system.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
