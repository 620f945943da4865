//! The file itself: when it counts as changed, and how it is replaced.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};

use crate::access::people::{Change, MAX_BYTES, People, Problems};
use crate::secret_file;

/// The file, and what it says.
#[derive(Debug)]
pub struct PeopleFile {
    path: PathBuf,
    people: People,
    /// The file as it was read or written last.
    known: Option<Stamp>,
    /// The file as it was at the last look, if it had changed.
    seen: Option<Option<Stamp>>,
    /// Changes that `people` has and the file has not.
    unwritten: Vec<Change>,
    /// The file is to say what other servers have agreed on.
    is_replaced: bool,
    /// The last change of the file could not be read, so it is not to be lost either.
    is_unread: bool,
}

/// By what another state of the file is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// The number of the file: an editor may put another one in its place.
    inode: u64,
}

/// What a look at the file has shown.
#[derive(Debug)]
pub enum Look {
    /// It is as it was.
    Same,
    /// It is being changed: the next look shows more, and until then it is not written.
    Changing,
    /// It says something else now.
    Changed(Problems),
    /// It is gone. What it said counts all the same.
    Gone,
}

impl PeopleFile {
    /// Reads the file. One that is not there has no people in it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is too large.
    pub fn open(path: PathBuf) -> anyhow::Result<(Self, Problems)> {
        let mut file = Self {
            path,
            people: People::default(),
            known: None,
            seen: None,
            unwritten: Vec::new(),
            is_replaced: false,
            is_unread: false,
        };
        let problems = file.read()?;
        Ok((file, problems))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says, with the changes that were made here.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Whether other users can change it, and so say whose a name is.
    pub fn is_open_to_others(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::metadata(&self.path).is_ok_and(|found| found.permissions().mode() & 0o022 != 0)
        }
        #[cfg(not(unix))]
        false
    }

    /// Looks whether it has changed, and reads it again if it has, and has stayed as it is
    /// since the last look. Changes that are not written yet are made once more.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is too large: what it said before counts.
    pub fn look(&mut self) -> anyhow::Result<Look> {
        let now = stamp(&self.path);
        if now == self.known {
            self.seen = None;
            return Ok(Look::Same);
        }
        if self.seen != Some(now) {
            self.seen = Some(now);
            return Ok(Look::Changing);
        }
        self.read_again(now)
    }

    /// Reads it again if it has changed, whether or not it still changes.
    ///
    /// # Errors
    ///
    /// As [`PeopleFile::look`].
    pub fn look_at_once(&mut self) -> anyhow::Result<Look> {
        let now = stamp(&self.path);
        match now == self.known {
            true => Ok(Look::Same),
            false => self.read_again(now),
        }
    }

    fn read_again(&mut self, now: Option<Stamp>) -> anyhow::Result<Look> {
        self.seen = None;
        // What cannot be read now is not tried again before it changes.
        self.known = now;
        self.is_unread = false;
        if now.is_none() {
            return Ok(Look::Gone);
        }
        let read = self.read();
        self.is_unread = read.is_err();
        read.map(Look::Changed)
    }

    fn read(&mut self) -> anyhow::Result<Problems> {
        let show = self.path.display().to_string();
        let stamp = stamp(&self.path);
        if fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
            // A pipe would be waited for.
            bail!("{show} is no regular file, as one of people has to be");
        }
        let bytes = match File::open(&self.path) {
            Ok(file) => {
                let mut bytes = Vec::new();
                let most = MAX_BYTES as u64 + 1;
                let read = file.take(most).read_to_end(&mut bytes);
                read.with_context(|| format!("cannot read the people in {show}"))?;
                bytes
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the people in {show}"));
            }
        };
        let parsed = People::parse(&bytes);
        let (people, problems) = parsed.with_context(|| format!("cannot use {show}"))?;
        self.people = people;
        self.known = stamp;
        self.is_replaced = false;
        self.unwritten
            .iter()
            .for_each(|change| self.people.make(change));
        Ok(problems)
    }

    /// Makes a change, which is written with [`PeopleFile::write`].
    pub fn make(&mut self, change: &Change) {
        self.people.make(change);
        self.unwritten.push(change.clone());
    }

    /// Has it say this, when it is written.
    pub fn become_copy(&mut self, people: People) {
        self.people = people;
        self.is_replaced = true;
    }

    /// Keeps what it says now beside it, where that is not to get lost. Where that is.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn keep_aside(&self) -> io::Result<PathBuf> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".before");
        fs::copy(&self.path, &aside)?;
        Ok(aside.into())
    }

    /// Whether there is something to write.
    pub fn is_unwritten(&self) -> bool {
        self.is_replaced || !self.unwritten.is_empty()
    }

    /// Writes what was changed, unless the file has just been edited: then that is to be read
    /// first. What is written is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// Those of the system, or when an edit could not be read: the file is as it was.
    pub fn write(&mut self) -> anyhow::Result<()> {
        let show = self.path.display();
        if self.is_unread {
            bail!("{show} was edited and cannot be read, so it is not written");
        }
        let written = self.replace();
        let written =
            written.with_context(|| format!("cannot write whose names are whose into {show}"))?;
        if written.is_some() {
            self.known = written;
            self.unwritten.clear();
            self.is_replaced = false;
        }
        Ok(())
    }

    /// Tells by what the new file is recognized: an edit that comes right behind it is one.
    fn replace(&self) -> io::Result<Option<Stamp>> {
        // What a link leads to is written, and the link stays.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        // Another server may write the same file at this moment.
        name.push(format!(
            ".{:016x}",
            getrandom::u64().map_err(io::Error::other)?
        ));
        let new = folder.join(name);
        let written = self.write_new(&new, &path);
        let is_unedited = stamp(&self.path) == self.known;
        let named = written.and_then(|stamp| match is_unedited {
            true => fs::rename(&new, &path).map(|()| Some(stamp)),
            false => Ok(None),
        });
        if !matches!(named, Ok(Some(_))) {
            let _ = fs::remove_file(&new);
        } else if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        named
    }

    /// Writes a new file, with the mode of the `old` one if there is one.
    fn write_new(&self, new: &Path, old: &Path) -> io::Result<Stamp> {
        let mut file = secret_file::create(new)?;
        if let Ok(found) = fs::metadata(old) {
            file.set_permissions(found.permissions())?;
        }
        file.write_all(&self.people.to_bytes())?;
        file.sync_all()?;
        Ok(Stamp::of(&file.metadata()?))
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().as_ref().map(Stamp::of)
}

impl Stamp {
    fn of(found: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(found);
        #[cfg(not(unix))]
        let inode = 0;
        Self {
            length: found.len(),
            modified: found.modified().ok(),
            inode,
        }
    }
}

#[cfg(test)]
mod tests;
