//! What is remembered of servers, in a file.
//!
//! `table` tells what stands in a line. The file is replaced as a whole: a
//! new one is written beside it, synced, and renamed. So a reader needs no lock and a
//! crash leaves the old file or the new one. Clients that write take turns by a lock on
//! another file beside it, since a lock on the file itself would go with the old one.
//!
//! A link is followed, and the file that it leads to is replaced. In the place of the
//! file there may be a device, such as `/dev/null`: then nothing is known, and nothing can
//! be remembered.

mod table;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{self, Lock, open, wait_for_lock};
use crate::sys;
use crate::trust::{HostPort, Known};
pub use table::Found;
use table::Table;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHosts {
    path: PathBuf,
}

/// What became of something that was to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// It is.
    Kept,
    /// Another client has remembered something else meanwhile, and that stays.
    Contradicted(Known),
}

impl KnownHosts {
    /// The file of this person, `$XDG_STATE_HOME/chat/known_hosts`.
    pub fn of_user() -> Option<Self> {
        file::of_user("known_hosts").map(Self::at)
    }

    /// A file at `path`, which need not be there yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is remembered of a server. A file that is not there is empty, and so is a
    /// device.
    ///
    /// # Errors
    ///
    /// Those of the system, and when there is something else than a file.
    pub fn look_up(&self, server: &HostPort) -> io::Result<Found> {
        Ok(self.load()?.look_up(server))
    }

    /// Remembers a server, of which `before` was remembered when it was looked up.
    ///
    /// # Errors
    ///
    /// Those of the system; the file is as it was then.
    pub fn remember(
        &self,
        server: &HostPort,
        known: &Known,
        before: Option<&Known>,
    ) -> io::Result<Remembered> {
        self.change(|table| match table.look_up(server).known {
            Some(now) if now != *known && Some(&now) != before => {
                (Remembered::Contradicted(now), Change::None)
            }
            Some(now) if now == *known => (Remembered::Kept, Change::None),
            _ => {
                table.set(server, known);
                (Remembered::Kept, Change::Made)
            }
        })
    }

    /// Forgets a server; the lines that are not there any more.
    ///
    /// # Errors
    ///
    /// Those of the system; the file is as it was then.
    pub fn forget(&self, server: &HostPort) -> io::Result<Vec<String>> {
        // Where nothing is remembered, no file and no folder is made.
        if self.load()?.is_empty() {
            return Ok(Vec::new());
        }
        self.change(|table| {
            let removed = table.remove(server);
            let change = match removed.is_empty() {
                true => Change::None,
                false => Change::Made,
            };
            (removed, change)
        })
    }

    fn load(&self) -> io::Result<Table> {
        match open(&self.path, OpenOptions::new().read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Table::default()),
            Err(error) => Err(error),
            Ok(None) => Ok(Table::default()),
            Ok(Some(file)) => {
                let mut bytes = Vec::new();
                file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
                check_size(bytes.len())?;
                Ok(Table::parse(&bytes))
            }
        }
    }

    /// Changes the file while no other client does.
    fn change<T>(&self, change: impl FnOnce(&mut Table) -> (T, Change)) -> io::Result<T> {
        // Where the folder is none, this says so in better words.
        self.load()?;
        sys::create_private_dir(self.folder())?;
        let mut lock = OpenOptions::new();
        lock.write(true).create(true);
        // Held until the end of this function.
        let lock = open(&self.beside("lock"), &mut lock)?;
        if let Some(lock) = &lock
            && wait_for_lock(LOCK_TIMEOUT, || lock.try_lock()) == Lock::Busy
        {
            return Err(io::Error::other("another client holds it"));
        }
        let mut table = self.load()?;
        let (outcome, changed) = change(&mut table);
        if changed == Change::Made {
            self.replace(&table.to_bytes())?;
        }
        Ok(outcome)
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        check_size(bytes.len())?;
        let target = match fs::metadata(&self.path) {
            Ok(metadata) if sys::is_device(&metadata) => {
                return Err(io::Error::other("it is a device"));
            }
            Ok(_) => fs::canonicalize(&self.path)?,
            // A link that leads to nothing is followed as well.
            Err(_) => match fs::read_link(&self.path) {
                Ok(link) => self.folder().join(link),
                Err(_) => self.path.clone(),
            },
        };
        let new = Self::at(target.clone()).beside("new");
        // One that a crash has left.
        let _ = fs::remove_file(&new);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let written = sys::open_private(&new, &mut options)
            .and_then(|file| write_synced(file, bytes))
            .and_then(|()| sys::replace(&new, &target));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// A file beside this one.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(ending);
        path.into()
    }
}

/// Whether the file is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// There is something new in it.
    Made,
    /// It is as it was.
    None,
}

fn write_synced(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn check_size(bytes: usize) -> io::Result<()> {
    match bytes as u64 > MAX_FILE {
        true => Err(io::Error::other("it is larger than 1 MiB")),
        false => Ok(()),
    }
}

/// The largest file, of about 10,000 servers. To forget the oldest ones instead would
/// let a stranger make a client forget a server, by many names that lead to many ports.
const MAX_FILE: u64 = 1 << 20;

/// How long to wait for other clients, each of which has a file synced meanwhile. No
/// loop waits here, but a thread that connects.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
