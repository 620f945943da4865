//! What of a foreign text may get into a draft: what may be said, so that
//! nothing in a paste, a name or a file of the history reaches the terminal,
//! and the draft shows what the others will see.

use chat_proto::text;

/// One line: a line end becomes a blank.
pub(super) fn line(text: &str) -> String {
    block(text).replace('\n', " ")
}

/// One or more lines. Terminals paste line ends as CR. A tab becomes one blank,
/// since its width depends on where it stands.
pub(super) fn block(text: &str) -> String {
    let ended = text.replace("\r\n", "\n").replace('\r', "\n");
    text::clean(&ended).replace('\t', " ")
}
