//! Tabs in a draft, which are drawn as blanks.

use std::borrow::Cow;

/// `text` as it is drawn: with blanks in the place of tabs. How wide a tab is to
/// a terminal depends on where it stands.
pub fn drawn(text: &str) -> Cow<'_, str> {
    if text.contains('\t') {
        Cow::Owned(text.replace('\t', &" ".repeat(TAB_WIDTH)))
    } else {
        Cow::Borrowed(text)
    }
}

/// The columns of a tab in a draft.
pub(super) const TAB_WIDTH: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_is_drawn_as_blanks() {
        assert_eq!(drawn("a\tb\n\tc"), "a    b\n    c");
        assert!(matches!(drawn("a b"), Cow::Borrowed("a b")));
    }
}
