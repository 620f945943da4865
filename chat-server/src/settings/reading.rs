//! Files of the operator: regular ones of bounded size, and in UTF-8.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::ops::errors::in_words;

/// Why a file cannot be used.
#[derive(Debug)]
pub struct Unreadable {
    /// The line at which it goes wrong, if it is one.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub why: String,
}

/// Whether there is a file, as far as this user can see. A link that leads nowhere counts: it
/// was meant to be one.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Reads a file of at most `most` bytes. It waits for no other program: a pipe is refused.
///
/// # Errors
///
/// When it cannot be read, is no regular file, is longer, or is no text.
pub fn read_text(path: &Path, most: u64) -> Result<String, Unreadable> {
    let unreadable = |why: String| Unreadable { line: None, why };
    let failed = |error: io::Error| unreadable(format!("cannot be read: {}", in_words(&error)));
    let file = open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(unreadable("is a folder: name a file in it".to_owned()));
    }
    if !metadata.is_file() {
        let why = "is a pipe or a device: name a regular file";
        return Err(unreadable(why.to_owned()));
    }
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(unreadable(format!("has more than {most} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let ends = valid.iter().filter(|byte| **byte == b'\n').count();
        Unreadable {
            line: Some(ends + 1),
            why: "is not UTF-8".to_owned(),
        }
    })
}

/// Does not wait for a program at the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(flags.bits() as i32);
    }
    options.open(path)
}
