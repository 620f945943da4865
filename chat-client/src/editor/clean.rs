//! Cleans texts that come into a draft: a paste, a name, an entry of the history file.
//! Only characters that a message may hold stay, so that none of them reaches the
//! terminal as a control sequence and the draft shows what the readers will see. A text
//! may begin or end with a part of a character, such as a combining mark or a joiner.

use chat_proto::text;

/// One line: a line end becomes a blank.
pub(super) fn line(text: &str) -> String {
    block(text).replace('\n', " ")
}

/// One or more lines. Terminals paste line ends as CR; the rest is as in a text
/// that `--send` says, tabs included.
pub(super) fn block(text: &str) -> String {
    let ended = text.replace("\r\n", "\n").replace('\r', "\n");
    text::clean_part(&ended)
}

#[cfg(test)]
mod tests {
    use chat_proto::text::Text;
    use proptest::prelude::*;

    use super::block;

    proptest! {
        #[test]
        fn a_paste_is_said_as_send_says_it(pasted in "([^\r]|\t|\r\n|\x1b\\[31m){0,40}") {
            prop_assert_eq!(Text::clean(&block(&pasted)), Text::clean(&pasted));
        }
    }

    #[test]
    fn what_a_paste_may_hold() {
        for (pasted, draft) in [
            ("all:\r\tcc -o a\r", "all:\n\tcc -o a\n"),
            ("a\r\nb\nc\rd", "a\nb\nc\nd"),
            ("10\u{a0}km", "10\u{a0}km"),
            ("a\u{2028}b\u{2029}c\u{b}d\u{c}e\u{85}f", "a b c d e f"),
            ("a\0b\u{7f}c\u{9b}d\u{8}e", "abce"),
        ] {
            assert_eq!(block(pasted), draft);
        }
    }
}
