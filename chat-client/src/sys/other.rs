//! Windows.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use mio::{Registry, Token};

use super::Signal;

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

/// Nothing can be suspended here.
///
/// # Errors
///
/// None.
pub fn suspend() -> io::Result<()> {
    Ok(())
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

/// Makes a file; the profile's own rights keep others out. One that is there
/// is emptied.
///
/// # Errors
///
/// Those of the system.
pub fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Makes a directory, and those above it.
///
/// # Errors
///
/// Those of the system.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
