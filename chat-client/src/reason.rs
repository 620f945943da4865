//! The system's errors in words for people.

use std::io;

/// Why something failed, without the system's number for it.
pub fn reason(error: &io::Error) -> String {
    let known = match error.kind() {
        io::ErrorKind::NotFound => "it does not exist",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::QuotaExceeded => "there is no space left for your files",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "a part of its path is not a folder",
        _ => return without_numbers(&error.to_string()),
    };
    known.to_owned()
}

/// Without the ` (os error 2)` that `std` puts behind the system's words.
pub fn without_numbers(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::with_capacity(text.len());
    while let Some((before, behind)) = rest.split_once(" (os error ")
        && let Some((_, behind)) = behind.split_once(')')
    {
        plain.push_str(before);
        rest = behind;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_are_plain_words() {
        let folder = std::fs::read("/").expect_err("a folder");
        let nothing = std::fs::read("/no/such/file").expect_err("nothing");
        assert_eq!(reason(&nothing), "it does not exist");
        if cfg!(unix) {
            assert_eq!(reason(&folder), "it is a folder");
        }
        for number in 1..140 {
            let reason = reason(&io::Error::from_raw_os_error(number));
            assert!(!reason.contains("os error"), "{number}: {reason}");
            assert!(!reason.is_empty());
        }
    }

    #[test]
    fn only_the_numbers_are_left_out() {
        let text = "cannot: x (os error 5), y (os error 6): z (os error";
        assert_eq!(without_numbers(text), "cannot: x, y: z (os error");
    }
}
