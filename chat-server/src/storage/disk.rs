//! The operations on files that the history needs, each a thin layer over the
//! system's. A test can have any of them fail or wait.
//!
//! No link is followed and nothing but regular files is opened: another user
//! could have laid a link or a FIFO where the directory is open to others.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek};
use std::path::Path;
#[cfg(test)]
use std::sync::Arc;

/// Where files are opened, renamed and removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    #[cfg(test)]
    hook: Option<Hook>,
}

/// A file that is open for reading and writing.
#[derive(Debug)]
pub(crate) struct Handle {
    file: File,
    #[cfg(test)]
    disk: Disk,
}

/// What becomes of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// It is taken as it is; one is made if there is none.
    IfMissing,
    /// It is taken as it is, and has to be there.
    Never,
    /// There must be none.
    New,
}

/// What the system tells of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// Its length in bytes.
    pub(super) length: u64,
    /// It is a regular file, and no link.
    pub(super) is_file: bool,
    /// How many names it has. Where the system does not tell: one.
    pub(super) names: u64,
    /// Device and inode. Where the system does not tell: the same for all.
    identity: (u64, u64),
}

impl Disk {
    /// Opens a regular file for reading and writing. One that has to be made can
    /// only be read by its owner.
    ///
    /// # Errors
    ///
    /// Those of the system; or it is a link, a directory, a FIFO or a device.
    pub(super) fn open(&self, path: &Path, make: Make) -> io::Result<Handle> {
        #[cfg(test)]
        self.before(Call::Open)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match make {
            Make::IfMissing => options.create(true),
            Make::Never => &mut options,
            Make::New => options.create_new(true),
        };
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            use std::os::unix::fs::OpenOptionsExt;
            // A FIFO would be waited for until another program opens it.
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            options.mode(0o600).custom_flags(flags.bits() as i32);
        }
        let file = options.open(path).map_err(explain)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(Handle {
            file,
            #[cfg(test)]
            disk: self.clone(),
        })
    }

    /// Opens a file beside the history that holds nothing for others: `FILE.lock`,
    /// `FILE.torn`. It is made if there is none.
    ///
    /// # Errors
    ///
    /// As [`Disk::open`]; or it belongs to another user, who could read it.
    pub(super) fn open_private(&self, path: &Path) -> io::Result<Handle> {
        let handle = self.open(path, Make::IfMissing)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, PermissionsExt};
            let metadata = handle.file.metadata()?;
            if metadata.uid() != rustix::process::geteuid().as_raw() {
                return Err(io::Error::other("it belongs to another user"));
            }
            if metadata.mode() & 0o077 != 0 {
                let private = std::fs::Permissions::from_mode(0o600);
                handle.file.set_permissions(private)?;
            }
        }
        Ok(handle)
    }

    /// What there is under a name, if anything; a link is not followed.
    pub(super) fn status(&self, path: &Path) -> io::Result<Option<Status>> {
        #[cfg(test)]
        self.before(Call::Stat)?;
        match std::fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(Status::of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        #[cfg(test)]
        self.before(Call::Rename)?;
        std::fs::rename(from, to)
    }

    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        #[cfg(test)]
        self.before(Call::Remove)?;
        std::fs::remove_file(path)
    }

    /// Has what was made and renamed in a directory on the disk, where the system
    /// can do that.
    pub(super) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if cfg!(not(unix)) {
            return Ok(());
        }
        let sync = || {
            #[cfg(test)]
            self.before(Call::SyncDirectory(path))?;
            File::open(path)?.sync_all()
        };
        // Some file systems have nothing like it, and say so.
        match sync().map_err(|error| (error.kind(), error)) {
            Err((io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported, _)) | Ok(()) => Ok(()),
            Err((_, error)) => Err(error),
        }
    }
}

impl Handle {
    /// Writes all of `bytes` at `offset`; tells how many it could.
    pub(super) fn write_at(&self, mut bytes: &[u8], offset: u64) -> (usize, io::Result<()>) {
        let whole = bytes.len();
        let mut at = offset;
        while !bytes.is_empty() {
            match self.write_some(bytes, at) {
                Ok(0) => return (whole - bytes.len(), Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    bytes = &bytes[count..];
                    at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (whole - bytes.len(), Err(error)),
            }
        }
        (whole, Ok(()))
    }

    /// Fills `out` with up to `most` bytes from `offset` on, fewer only at the end.
    pub(super) fn read_at(&self, offset: u64, most: usize, out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        out.resize(most, 0);
        let mut filled = 0;
        let result = loop {
            if filled == most {
                break Ok(());
            }
            match self.read_some(&mut out[filled..], offset + filled as u64) {
                Ok(0) => break Ok(()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        out.truncate(filled);
        result
    }

    fn write_some(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        #[cfg(test)]
        self.disk.before(Call::Write(&self.file, offset, bytes))?;
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_at(&self.file, bytes, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset);
    }

    fn read_some(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(test)]
        self.disk.before(Call::Read)?;
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(&self.file, bytes, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(&self.file, bytes, offset);
    }

    /// Cuts it at `length`.
    pub(super) fn cut(&self, length: u64) -> io::Result<()> {
        #[cfg(test)]
        self.disk.before(Call::Cut(&self.file, length))?;
        self.file.set_len(length)
    }

    /// Waits until its contents are on the disk. The system tells of a failure only
    /// once: what was not safe before is to be written again then.
    pub(super) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        self.disk.before(Call::Sync(&self.file))?;
        self.file.sync_data()
    }

    /// Keeps other servers out, as long as it is open. Only servers look at that;
    /// on Windows it would keep readers out as well.
    ///
    /// # Errors
    ///
    /// When another one has it, or the system cannot do that.
    pub(super) fn lock(&self) -> io::Result<()> {
        if cfg!(not(unix)) {
            return Ok(());
        }
        self.lock_everywhere()
    }

    /// Keeps other servers out, on all systems: for a file that is never read.
    pub(super) fn lock_everywhere(&self) -> io::Result<()> {
        self.file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => io::Error::new(
                io::ErrorKind::WouldBlock,
                "it is in use by another chat-server",
            ),
            std::fs::TryLockError::Error(error) => error,
        })
    }

    pub(super) fn status(&self) -> io::Result<Status> {
        #[cfg(test)]
        self.disk.before(Call::Stat)?;
        Ok(Status::of(&self.file.metadata()?))
    }

    /// Lets those read it who can read the other file, and no others.
    pub(super) fn take_access_of(&self, other: &Self) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
            let (ours, theirs) = (self.file.metadata()?, other.file.metadata()?);
            let owners = (theirs.uid(), theirs.gid());
            let is_same = (ours.uid(), ours.gid()) == owners
                || fchown(&self.file, Some(owners.0), Some(owners.1)).is_ok();
            // Those of another group are others.
            let mode = theirs.mode() & if is_same { 0o777 } else { 0o700 };
            let permissions = std::fs::Permissions::from_mode(mode);
            self.file.set_permissions(permissions)?;
        }
        #[cfg(not(unix))]
        let _ = other;
        Ok(())
    }

    /// Reads it from its beginning on.
    pub(super) fn reader(&self) -> io::Result<&File> {
        let mut file = &self.file;
        file.rewind()?;
        Ok(file)
    }
}

impl Status {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (names, identity) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.nlink(), (metadata.dev(), metadata.ino()))
        };
        #[cfg(not(unix))]
        let (names, identity) = (1, (0, 0));
        Self {
            length: metadata.len(),
            is_file: metadata.is_file(),
            names,
            identity,
        }
    }

    /// Whether it is the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.is_file && self.identity == other.identity
    }
}

/// The system's words for a link that is not followed are about something else.
fn explain(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return io::Error::other("it is a link, which is not followed");
    }
    error
}

/// A call to the system, before which a test may wait, or have it fail.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    Open,
    Stat,
    Read,
    /// These bytes at this offset.
    Write(&'a File, u64, &'a [u8]),
    /// To this length.
    Cut(&'a File, u64),
    Sync(&'a File),
    SyncDirectory(&'a Path),
    Rename,
    Remove,
}

#[cfg(test)]
type BeforeCall = dyn Fn(Call<'_>) -> io::Result<()> + Send + Sync;

/// A function that is called before each call of the system.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct Hook(Arc<BeforeCall>);

#[cfg(test)]
impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hook")
    }
}

#[cfg(test)]
impl Disk {
    /// A disk whose calls are made only if `hook` has nothing against it.
    pub(crate) fn with(hook: impl Fn(Call<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self {
            hook: Some(Hook(Arc::new(hook))),
        }
    }

    fn before(&self, call: Call<'_>) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |Hook(hook)| hook(call))
    }
}

/// How many bytes of a file are remembered by which it is known again, at its beginning and its
/// end.
pub(super) const EDGE: usize = 64;
