//! What the files of a person have in common: where they are, how they are opened, and
//! that clients take turns.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys;

/// Whether we alone use the file now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// We are.
    Held,
    /// Another client used it all the time.
    Busy,
    /// There are no locks here, as on some network file systems.
    Unknown,
}

/// A file of this person: `$XDG_STATE_HOME/chat/NAME`, where that is `~/.local/state`
/// unless it is set (XDG Base Directory Specification).
pub(super) fn of_user(name: &str) -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("LOCALAPPDATA").filter(|_| cfg!(windows)))
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
    Some(state.join("chat").join(name))
}

/// Opens a regular file, and nothing else: a pipe would be waited for, and to open
/// a device may do something. `None` is a device.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<Option<File>> {
    let check = |metadata: &fs::Metadata| match metadata.is_file() {
        true => Ok(true),
        false if sys::is_device(metadata) => Ok(false),
        false => Err(io::Error::other("it is not a regular file")),
    };
    if let Ok(metadata) = fs::metadata(path)
        && !check(&metadata)?
    {
        return Ok(None);
    }
    let file = sys::open_private(path, options)?;
    // Another thing may have come into its place meanwhile.
    Ok(check(&file.metadata()?)?.then_some(file))
}

/// Tries so long; the lock goes with the file.
pub(super) fn wait_for_lock(
    within: Duration,
    try_lock: impl Fn() -> Result<(), TryLockError>,
) -> Lock {
    let until = Instant::now() + within;
    loop {
        match try_lock() {
            Ok(()) => return Lock::Held,
            Err(TryLockError::Error(_)) => return Lock::Unknown,
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return Lock::Busy,
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
        }
    }
}

const BETWEEN_TRIES: Duration = Duration::from_millis(2);
