//! Who may read a file.

use std::fs::Metadata;

/// The mode of a file of ours that others can read or change. As in ssh, a file of another
/// user, such as the administrator, is that user's affair.
#[cfg(unix)]
pub fn open_to_others(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o777;
    let is_ours = metadata.uid() == rustix::process::getuid().as_raw();
    (is_ours && mode & 0o077 != 0).then_some(mode)
}

/// The rights of the profile protect files.
#[cfg(not(unix))]
pub fn open_to_others(_: &Metadata) -> Option<u32> {
    None
}
