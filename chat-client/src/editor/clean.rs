//! What of a foreign text may get into a draft: no control character but the
//! newline, so that escape bytes in a paste, a name or a file of the history
//! never reach the terminal.

/// One line: a line end becomes a blank.
pub(super) fn line(text: &str) -> String {
    block(text).replace('\n', " ")
}

/// One or more lines. A tab becomes one blank, since its width depends on
/// where it stands.
pub(super) fn block(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => clean.push('\n'),
            '\r' => {
                characters.next_if_eq(&'\n');
                clean.push('\n');
            }
            '\t' => clean.push(' '),
            _ if character.is_control() => {}
            _ => clean.push(character),
        }
    }
    clean
}
