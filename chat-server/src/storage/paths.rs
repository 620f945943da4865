//! Where the files of a history are, and that no other server has them.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::disk::{Disk, Handle};

/// Where a file really is: under another name it would not be known again.
pub(super) fn real_path(path: &Path) -> anyhow::Result<PathBuf> {
    // A link may lead to a file that is yet to be made.
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match path.read_link() {
            Ok(target) if !path.exists() => path = directory_of(&path).join(target),
            _ => break,
        }
    }
    let directory = directory_of(&path);
    let name = path.file_name().unwrap_or_default();
    if path.exists() {
        return path
            .canonicalize()
            .with_context(|| format!("cannot find {}", path.display()));
    }
    if path.is_symlink() {
        bail!("{} is a link that leads to itself", path.display());
    }
    let show = directory.display();
    match directory.canonicalize() {
        Ok(directory) if directory.is_dir() => Ok(directory.join(name)),
        Ok(_) => bail!("{show} is not a folder: keep the history in one"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{show} does not exist: make that folder, or keep the history in another one")
        }
        Err(error) => Err(error).with_context(|| format!("cannot look into {show}")),
    }
}

/// Makes sure that no other server writes to the same files. Each file is locked
/// as well, for this one can be removed and the others have other names.
pub(super) fn lock(disk: &Disk, path: &Path) -> anyhow::Result<Handle> {
    let show = path.display();
    if path.is_dir() {
        bail!(
            "{show} is a folder: name a file in it, such as {}",
            path.join("room.jsonl").display()
        );
    }
    // To read a pipe or a device would never end.
    if path.exists() && !path.is_file() {
        bail!("{show} is not a file: name one, or one that does not exist yet");
    }
    let lock_path = with_suffix(path, "lock");
    let lock = match disk.open_private(&lock_path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !lock_path.exists() => {
            let folder = directory_of(path);
            let folder = folder.display();
            bail!(
                "cannot write in {folder}: permission denied; \
                 let this user write there, or keep the history in another folder"
            )
        }
        opened => opened.with_context(|| format!("cannot open {}", lock_path.display()))?,
    };
    in_use(lock.lock_everywhere(), path)?;
    Ok(lock)
}

/// Says which history it is if another server has locked the file.
pub(super) fn in_use(locked: io::Result<()>, path: &Path) -> anyhow::Result<()> {
    let show = path.display();
    match locked {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => bail!(
            "the history {show} is in use by another chat-server: stop that one, or name another file"
        ),
        locked => locked.with_context(|| format!("cannot lock {show}")),
    }
}

/// The full files, in order.
pub(super) fn numbered(path: &Path) -> anyhow::Result<Vec<(u64, PathBuf)>> {
    let directory = directory_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!("{name}.");
    let mut found = Vec::new();
    let entries = std::fs::read_dir(&directory)
        .with_context(|| format!("cannot look into {}", directory.display()))?;
    for entry in entries {
        let name = entry?.file_name();
        let number = name
            .to_string_lossy()
            .strip_prefix(&prefix)
            .and_then(|digits| {
                let number = digits.parse::<u64>().ok();
                number.filter(|number| digits == format!("{number:06}"))
            });
        if let Some(number) = number {
            found.push((number, directory.join(name)));
        }
    }
    found.sort_unstable();
    Ok(found)
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

pub(super) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Links that may lead to one another, as on Linux.
const MAX_LINKS: usize = 40;
