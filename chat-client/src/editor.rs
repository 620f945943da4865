//! The line that is being typed: keys in, what became of them out.
//!
//! There is no terminal in here and no screen. The cursor is a byte position
//! that always stands between two grapheme clusters (UAX 29), so that a key
//! moves over, and deletes, what a reader sees as one character.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// A key as the editor understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Typed or pasted text.
    Text(String),
    /// Enter.
    Enter,
    /// The character before the cursor goes.
    Backspace,
    /// The character behind the cursor goes.
    Delete,
    /// One character to the left.
    Left,
    /// One character to the right.
    Right,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// All before the cursor goes.
    KillToStart,
    /// All behind the cursor goes.
    KillToEnd,
    /// The word before the cursor goes.
    KillWord,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    EndOfInput,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The draft may have changed.
    Edited,
    /// The draft is done, and empty again.
    Submitted(String),
    /// Ctrl-C with nothing to clear.
    Interrupted,
    /// Ctrl-D with nothing to delete.
    Ended,
    /// There is no room for more.
    Full,
}

/// A draft and its cursor.
#[derive(Debug, Default)]
pub struct Editor {
    text: String,
    cursor: usize,
}

impl Editor {
    /// The draft.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor, in bytes from the start.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Takes a key.
    pub fn handle(&mut self, key: Key) -> Outcome {
        match key {
            Key::Text(text) => return self.insert(&text),
            Key::Enter => {
                self.cursor = 0;
                return Outcome::Submitted(std::mem::take(&mut self.text));
            }
            Key::Backspace => self.remove(self.before()..self.cursor),
            Key::Delete => self.remove(self.cursor..self.after()),
            Key::Left => self.cursor = self.before(),
            Key::Right => self.cursor = self.after(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::KillToStart => self.remove(0..self.cursor),
            Key::KillToEnd => self.text.truncate(self.cursor),
            Key::KillWord => self.remove(self.word_start()..self.cursor),
            Key::Interrupt if self.text.is_empty() => return Outcome::Interrupted,
            Key::Interrupt => self.remove(0..self.text.len()),
            Key::EndOfInput if self.text.is_empty() => return Outcome::Ended,
            Key::EndOfInput => self.remove(self.cursor..self.after()),
        }
        Outcome::Edited
    }

    fn insert(&mut self, text: &str) -> Outcome {
        let text = typed(text);
        if self.text.len() + text.len() > MAX_DRAFT {
            return Outcome::Full;
        }
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        self.settle();
        Outcome::Edited
    }

    fn remove(&mut self, range: std::ops::Range<usize>) {
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.settle();
    }

    /// What came together at the cursor may have become one cluster: then the
    /// cursor goes behind it.
    fn settle(&mut self) {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        if !matches!(cursor.is_boundary(&self.text, 0), Ok(true)) {
            self.cursor = self.after();
        }
    }

    fn before(&self) -> usize {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        cursor
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn after(&self) -> usize {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        cursor
            .next_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(self.text.len())
    }

    /// As in a shell: blanks, and then what is not blank.
    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        let start = before
            .grapheme_indices(true)
            .rev()
            .find(|(_, cluster)| cluster.trim().is_empty())
            .map_or(0, |(index, cluster)| index + cluster.len());
        start.min(self.cursor)
    }
}

/// What of typed or pasted text goes into a draft: no control characters, and
/// a line end is a blank.
fn typed(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|character| {
            if matches!(character, '\n' | '\r' | '\t') {
                ' '
            } else {
                character
            }
        })
        .filter(|character| !character.is_control())
        .collect()
}

/// Far more than can be sent in one message, and little enough to lay out at
/// every key.
const MAX_DRAFT: usize = 64 * 1024;

#[cfg(test)]
mod tests;
