//! The folder for what the server keeps by itself, if `--state` does not name it.

use std::ffi::OsString;
use std::path::PathBuf;

/// The first folder of `$STATE_DIRECTORY`, which systemd sets, or the server's own folder
/// in that of the user (XDG Base Directory Specification), or in that of Windows.
pub(super) fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // By that specification a path that is not absolute counts as not set.
    let absolute = |name| {
        let path = variable(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    if let Some(first) = first_of(variable("STATE_DIRECTORY")) {
        return Some(first);
    }
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("LOCALAPPDATA").filter(|_| cfg!(windows)))
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("chat-server"))
}

/// The first one of the folders that systemd has made, as a variable of its lists them.
pub(super) fn first_of(folders: Option<OsString>) -> Option<PathBuf> {
    let first = std::env::split_paths(&folders?).next();
    first.filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_first_one_that_is_set_counts() {
        for (set, expected) in [
            (
                &[
                    ("STATE_DIRECTORY", "/var/lib/chat:/var/lib/x"),
                    ("HOME", "/h"),
                ][..],
                Some("/var/lib/chat"),
            ),
            (
                &[("STATE_DIRECTORY", ""), ("HOME", "/h")],
                Some("/h/.local/state/chat-server"),
            ),
            (
                &[("XDG_STATE_HOME", "/s"), ("HOME", "/h")],
                Some("/s/chat-server"),
            ),
            (
                &[("XDG_STATE_HOME", "s"), ("HOME", "/h")],
                Some("/h/.local/state/chat-server"),
            ),
            (&[("HOME", "h")], None),
            (&[], None),
        ] {
            let variable = |name: &str| {
                let one = set.iter().find(|(set, _)| *set == name);
                one.map(|(_, value)| value.into())
            };
            assert_eq!(folder(variable), expected.map(PathBuf::from), "{set:?}");
        }
    }
}
