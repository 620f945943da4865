//! Unix.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::low_level::emulate_default_handler;

use super::Signal;

/// The signals that concern the client, as events of the poll.
pub struct Signals(signal_hook_mio::v1_0::Signals);

impl Signals {
    /// Has them reported under `token`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        let mut signals = signal_hook_mio::v1_0::Signals::new([
            SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT,
        ])?;
        registry.register(&mut signals, token, Interest::READABLE)?;
        Ok(Self(signals))
    }

    /// Those that came.
    pub fn pending(&mut self) -> impl Iterator<Item = Signal> {
        self.0.pending().map(|signal| match signal {
            SIGTSTP => Signal::Suspend,
            SIGCONT => Signal::Continue,
            signal => Signal::End(u8::try_from(signal).unwrap_or(u8::MAX)),
        })
    }
}

/// Stops this process until it is told to go on.
///
/// # Errors
///
/// Those of the system.
pub fn suspend() -> io::Result<()> {
    emulate_default_handler(SIGTSTP)
}

/// Standard output without the line buffer of `std`, which would tear a
/// repaint into two writes.
pub type Output = File;

/// Standard output, to be written to in whole repaints.
///
/// # Errors
///
/// When it was closed from the beginning.
pub fn output() -> io::Result<Output> {
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Makes a file that only its owner reads. One that is there is emptied.
///
/// # Errors
///
/// Those of the system.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Makes a directory, and those above it, that only their owner enters.
///
/// # Errors
///
/// Those of the system.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
