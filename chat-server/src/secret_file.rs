//! Files that hold a secret key, and the folder for them: only their owner may have the
//! right to read them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, bail};

/// Reads the text of a key file, of at most `most` bytes and one more; `None` if there is
/// no such file.
///
/// # Errors
///
/// When it cannot be read, is no file or a link to one, is no text, or others can read it.
pub(crate) fn read(path: &Path, most: u64) -> anyhow::Result<Option<String>> {
    let show = path.display();
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            bail!("the key {show} is a link or no file at all: put the file itself there")
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot look at {show}")),
    }
    let file = open_to_read(path).with_context(|| format!("cannot read the key {show}"))?;
    // What was opened, and not what was looked at before.
    let metadata = file
        .metadata()
        .with_context(|| format!("cannot look at {show}"))?;
    if !metadata.is_file() {
        bail!("the key {show} is no file");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            bail!(
                "others can read or change the key {show} (its mode is {mode:03o}). If nobody \
                 has: chmod 600 {show}. Otherwise remove it: the server makes another one"
            );
        }
    }
    let mut text = String::new();
    let count = file.take(most + 1).read_to_string(&mut text);
    count.with_context(|| format!("cannot read the key {show}"))?;
    Ok(Some(text))
}

/// Makes a folder, and those that it is in, unless they are there. No other user can look
/// into it.
///
/// # Errors
///
/// Those of the system.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a new file that no other user can read, at any moment.
///
/// # Errors
///
/// Those of the system, also when there is something under that name.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file, but neither what a link leads to nor a pipe, which would wait
/// for a writer.
fn open_to_read(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    options.open(path)
}
