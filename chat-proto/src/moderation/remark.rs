//! Short texts of operators: reasons, and the topic.

use std::fmt;

use crate::text::Text;

/// One line of 1 to [`Remark::MAX_BYTES`] bytes, safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark(Text);

/// Why something is not a [`Remark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemarkError {
    /// Nothing in it can be seen.
    Empty,
    /// It is longer than [`Remark::MAX_BYTES`].
    TooLong,
}

impl Remark {
    /// The longest one: all bans of a room are repeated in each file of its history.
    pub const MAX_BYTES: usize = 256;

    /// Takes a text, and makes one line of it.
    ///
    /// # Errors
    ///
    /// When it is too long, or shows nothing.
    pub fn new(text: &str) -> Result<Self, RemarkError> {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.len() > Self::MAX_BYTES {
            return Err(RemarkError::TooLong);
        }
        // What is removed can have stood between two blanks.
        let text = Text::clean(&line).map_err(|_| RemarkError::Empty)?;
        Ok(Self(text))
    }

    /// The line.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The line as a text.
    pub fn as_text(&self) -> &Text {
        &self.0
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RemarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong => write!(f, "it is longer than {} bytes", Remark::MAX_BYTES),
        }
    }
}

impl std::error::Error for RemarkError {}
