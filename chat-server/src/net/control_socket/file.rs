//! The file of the control socket: made so that no other user can connect at any moment,
//! and removed at the end.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::runtime::counted::MAX_OPERATORS;

/// The file of a socket. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

/// What is at the path of a socket that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// The socket of a process that has ended.
    Stale,
    /// A socket at which a process listens.
    InUse,
    /// Something else.
    NoSocket,
}

impl SocketFile {
    /// Makes a socket that listens there. Of what is there already only the socket of a
    /// process that has ended is replaced.
    ///
    /// # Errors
    ///
    /// Why there cannot be one, for people.
    pub(super) fn bind(path: PathBuf) -> anyhow::Result<(Socket, Self)> {
        let address = address(&path)?;
        let _alone = lock_folder(&path)?;
        match look(&path, &address).context("cannot look at what is there")? {
            Found::Nothing => {}
            Found::Stale => fs::remove_file(&path).context("cannot remove an old socket")?,
            Found::InUse => bail!("another server listens there: {TAKE_ANOTHER}"),
            Found::NoSocket => {
                bail!("what is there is no socket, and is left as it is: {TAKE_ANOTHER}")
            }
        }
        let socket = listen(&address)?;
        let found = fs::symlink_metadata(&path)?;
        let identity = (found.dev(), found.ino());
        Ok((socket, Self { path, identity }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have its socket there by now.
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn address(path: &Path) -> anyhow::Result<SockAddr> {
    let length = path.as_os_str().as_bytes().len();
    if length > MAX_PATH {
        bail!(
            "the path has {length} bytes, and that of a socket has at most {MAX_PATH}: \
             {TAKE_ANOTHER}"
        );
    }
    SockAddr::unix(path).context("that is no path of a socket")
}

/// Has other servers wait that are about to make a socket in the same folder: two that find
/// the same stale one would remove each other's.
fn lock_folder(path: &Path) -> anyhow::Result<Option<File>> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let opened = match File::open(folder) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("there is no folder {}", folder.display())
        }
        // One may make a file in a folder that one cannot read.
        Err(_) => return Ok(None),
    };
    let until = Instant::now() + LOCK_WITHIN;
    loop {
        match opened.try_lock() {
            Ok(()) => return Ok(Some(opened)),
            // Not every file system has locks.
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(LOCK_EVERY),
            Err(TryLockError::WouldBlock) => {
                bail!("another program has locked the folder {}", folder.display())
            }
        }
    }
}

fn look(path: &Path, address: &SockAddr) -> io::Result<Found> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Ok(Found::NoSocket),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A server that has been stopped does not take it, and would hold us up.
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(Found::Stale),
        // Whether a process listens there is not for us to know.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        // Also one that is busy, or is a socket of another kind.
        Ok(()) | Err(_) => Ok(Found::InUse),
    }
}

fn listen(address: &SockAddr) -> anyhow::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    bind(&socket, address).context("cannot make a socket there")?;
    socket.listen(MAX_OPERATORS as i32)?;
    Ok(socket)
}

/// The file gets the mode of its socket (unix(7)), so there is no moment in which it has
/// another one.
#[cfg(target_os = "linux")]
fn bind(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    use rustix::fs::{Mode, fchmod};
    fchmod(socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(address)
}

/// Other systems know only the mask of the process. No other thread makes files for others
/// at this moment.
#[cfg(not(target_os = "linux"))]
fn bind(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    use rustix::fs::Mode;
    use rustix::process::umask;
    let before = umask(Mode::RWXG | Mode::RWXO);
    let bound = socket.bind(address);
    umask(before);
    bound
}

const TAKE_ANOTHER: &str = "take another path with --control";

/// What the system takes; a zero stands behind it.
#[cfg(target_os = "linux")]
const MAX_PATH: usize = 107;
#[cfg(not(target_os = "linux"))]
const MAX_PATH: usize = 103;

/// To make a socket takes another server far less.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
const LOCK_EVERY: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
