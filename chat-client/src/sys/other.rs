//! Windows.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use mio::{Registry, Token};

use super::signal::Signal;

/// There are no signals here: a key or a closed window ends the program.
pub struct Signals(());

impl Signals {
    /// Does nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn register(_: &Registry, _: Token, _: fn()) -> io::Result<Self> {
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
pub fn wait_for_output(_: &Stdout) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// Standard output. The console wants more than bytes, which `std` knows.
pub type Stdout = io::Stdout;

/// Standard output, to be written to in whole repaints.
///
/// # Errors
///
/// None.
pub fn stdout() -> io::Result<Stdout> {
    Ok(io::stdout())
}

/// Opens a file; the rights of the profile protect one that is made.
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
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        // A file has its name. Unix says of that what is wrong.
        io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })
}
