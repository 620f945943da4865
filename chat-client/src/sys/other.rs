//! Windows.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossterm_winapi::{ConsoleMode, Handle};
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

/// Takes the keys of the console one by one, and has it tell when the window changes its size.
///
/// # Errors
///
/// When there is none.
pub fn enable_raw_mode() -> io::Result<()> {
    let console = ConsoleMode::from(Handle::current_in_handle()?);
    let before = console.mode()?;
    console.set_mode(before & !(PROCESSED_INPUT | LINE_INPUT | ECHO_INPUT) | WINDOW_INPUT)?;
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    Ok(())
}

/// Gives the console back as it was.
///
/// # Errors
///
/// When it is gone.
pub fn disable_raw_mode() -> io::Result<()> {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    before.map_or(Ok(()), |mode| {
        ConsoleMode::from(Handle::current_in_handle()?).set_mode(mode)
    })
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

/// Puts a file in the place of another one. Windows may refuse that while another program has the
/// old one open, which no client does for long.
///
/// # Errors
///
/// Those of the system.
pub fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let until = Instant::now() + REPLACE_WITHIN;
    loop {
        match fs::rename(from, to) {
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied && Instant::now() < until =>
            {
                thread::sleep(REPLACE_EVERY);
            }
            done => return done,
        }
    }
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

/// The mode of the console before it was taken.
static BEFORE: Mutex<Option<u32>> = Mutex::new(None);

/// Bits of SetConsoleMode.
const PROCESSED_INPUT: u32 = 0x1;
const LINE_INPUT: u32 = 0x2;
const ECHO_INPUT: u32 = 0x4;
const WINDOW_INPUT: u32 = 0x8;

/// How long, and how often, a refused replacement is tried again.
const REPLACE_WITHIN: Duration = Duration::from_secs(1);
const REPLACE_EVERY: Duration = Duration::from_millis(5);
