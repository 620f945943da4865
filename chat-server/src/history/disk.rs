//! The few file operations that std has only for one system or another.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file for reading and writing that only its owner may read, if it
/// has to be made.
pub(super) fn open(path: &Path, make: Make) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match make {
        Make::IfMissing => options.create(true),
        Make::Anew => options.create(true).truncate(true),
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What becomes of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// It is taken as it is.
    IfMissing,
    /// It is emptied.
    Anew,
}

/// Writes all of `bytes` at `offset`; tells how many it could.
pub(super) fn write_at(file: &File, mut bytes: &[u8], offset: u64) -> (usize, io::Result<()>) {
    let whole = bytes.len();
    let mut at = offset;
    while !bytes.is_empty() {
        match write_some_at(file, bytes, at) {
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

/// Reads up to `most` bytes from `offset` on, fewer only at the end.
pub(super) fn read_at(file: &File, offset: u64, most: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let start = out.len();
    out.resize(start + most, 0);
    let mut filled = start;
    let result = loop {
        if filled == out.len() {
            break Ok(());
        }
        let at = offset + (filled - start) as u64;
        match read_some_at(file, &mut out[filled..], at) {
            Ok(0) => break Ok(()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    out.truncate(filled);
    result
}

/// A directory, for what was created and renamed in it to be synced.
pub(super) fn directory(path: &Path) -> io::Result<Option<File>> {
    // Elsewhere it cannot be opened like that.
    if cfg!(unix) {
        File::open(path).map(Some)
    } else {
        Ok(None)
    }
}

#[cfg(unix)]
use std::os::unix::fs::FileExt;

#[cfg(unix)]
fn write_some_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

#[cfg(unix)]
fn read_some_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(bytes, offset)
}

#[cfg(windows)]
use std::os::windows::fs::FileExt;

#[cfg(windows)]
fn write_some_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}

#[cfg(windows)]
fn read_some_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(bytes, offset)
}
