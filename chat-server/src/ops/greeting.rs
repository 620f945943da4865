//! The greeting: a text of the operator for all who come in.

use std::path::Path;

use chat_proto::text::{Text, TextError};

use crate::settings::reading::{self, Unreadable};

/// Reads it from a file. `None` if nothing in the file can be seen.
///
/// # Errors
///
/// When the file cannot be used. The words name it.
pub fn read(path: &Path) -> Result<Option<Text>, String> {
    let of = |why: String| format!("the greeting {} {why}", path.display());
    let text = reading::read_text(path, MAX_BYTES).map_err(|unreadable| {
        let Unreadable { line, why } = unreadable;
        of(match line {
            Some(line) => format!("{why} in line {line}"),
            None => why,
        })
    })?;
    greeting(&text).map_err(of)
}

/// The text without what must not reach a terminal, and without blanks at the ends of lines.
fn greeting(text: &str) -> Result<Option<Text>, String> {
    let text = match Text::clean(text) {
        Ok(text) => text,
        Err(TextError::Empty) => return Ok(None),
        Err(TextError::TooLong) => return Err(format!("has more than {MAX_BYTES} bytes")),
    };
    let lines: Vec<&str> = text.as_str().lines().map(str::trim_end).collect();
    if lines.len() > MAX_LINES {
        return Err(format!(
            "has {} lines, and {MAX_LINES} at most are shown",
            lines.len()
        ));
    }
    // A client that looks for these words in the lines of the server would take them for the
    // beginning of a connection.
    if lines
        .iter()
        .any(|line| line.trim_start().starts_with(FOR_PROGRAMS))
    {
        return Err(format!(
            "has a line that begins with {FOR_PROGRAMS}, which programs look for"
        ));
    }
    Ok(Text::clean(&lines.join("\n")).ok())
}

/// Half of what a text can have: the welcome stands before it.
const MAX_BYTES: u64 = 2048;

/// What fits on a small terminal, with the welcome.
const MAX_LINES: usize = 20;

const FOR_PROGRAMS: &str = "chat/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_cleaned() {
        let shown = |text: &str| greeting(text).map(|it| it.map(|it| it.as_str().to_owned()));
        assert_eq!(
            shown("hello  \r\nthere\n\n"),
            Ok(Some("hello\nthere".to_owned()))
        );
        assert_eq!(
            shown("a\u{1b}[31mb\u{202e}\u{7}"),
            Ok(Some("ab".to_owned()))
        );
        assert_eq!(shown(" \n\n"), Ok(None));
        assert_eq!(shown(""), Ok(None));
        let lines = |count: usize| "x\n".repeat(count);
        assert!(shown(&lines(20)).is_ok());
        assert!(shown(&lines(21)).is_err_and(|why| why.starts_with("has 21 lines")));
        assert!(shown("hi\n chat/1 welcome").is_err_and(|why| why.contains("chat/")));
    }

    #[test]
    fn a_file_of_no_use_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("greeting");
        let missing = read(&path).unwrap_err();
        assert!(
            missing.contains("cannot be read: no such file"),
            "{missing}"
        );
        assert!(read(folder.path()).unwrap_err().contains("is a folder"));
        for (bytes, said) in [
            (
                vec![b'x'; MAX_BYTES as usize + 1],
                "has more than 2048 bytes",
            ),
            (b"hi\n\xff".to_vec(), "is not UTF-8 in line 2"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let why = read(&path).unwrap_err();
            assert!(why.ends_with(said), "{why}");
        }
    }
}
