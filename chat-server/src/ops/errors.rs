//! Errors of the system in words for people.

use std::io;

/// The reason of a failure, without the system's number for it and in lower case:
/// `permission denied`. Where the process may not open any more files it is said
/// how to let it.
pub fn in_words(error: &io::Error) -> String {
    if is_out_of_files(error) {
        return "this process may not open any more files (see `ulimit -n`, or \
                LimitNOFILE= of systemd)"
            .to_owned();
    }
    let text = error.to_string();
    let text = text
        .rsplit_once(" (os error ")
        .map_or(&*text, |(text, _)| text);
    let mut letters = text.chars();
    let first = letters.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// A failure with all that led to it, for people: `cannot open FILE: permission denied`.
pub fn chain(error: &anyhow::Error) -> String {
    let words = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref() {
        Some(error) => in_words(error),
        None => cause.to_string(),
    };
    error.chain().map(words).collect::<Vec<_>>().join(": ")
}

/// Whether this process, or the whole system, has as many files open as it may.
#[cfg(unix)]
pub(crate) fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    Errno::from_io_error(error).is_some_and(|code| matches!(code, Errno::MFILE | Errno::NFILE))
}

#[cfg(not(unix))]
fn is_out_of_files(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn no_number_of_the_system_is_shown() {
        use anyhow::Context;
        use rustix::io::Errno;
        let words = |code: Errno| in_words(&code.into());
        assert_eq!(words(Errno::ACCESS), "permission denied");
        assert_eq!(words(Errno::NOSPC), "no space left on device");
        assert!(words(Errno::MFILE).contains("ulimit -n"));
        let failed: Result<(), io::Error> = Err(Errno::ROFS.into());
        let error = failed.context("cannot open x").unwrap_err();
        assert_eq!(chain(&error), "cannot open x: read-only file system");
    }

    #[test]
    fn words_of_our_own_stay() {
        assert_eq!(in_words(&io::Error::other("")), "");
        assert_eq!(in_words(&io::Error::other("Ärger")), "ärger");
        assert_eq!(
            in_words(&io::Error::other("it is damaged")),
            "it is damaged"
        );
    }
}
