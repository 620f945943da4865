//! Keys and outcomes of the editor.

/// A key as the editor understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Typed text. A line end in it is a blank.
    Text(String),
    /// A pasted block. It keeps its line ends and tabs.
    Paste(String),
    /// Sends the draft.
    Enter,
    /// M-Enter, C-j: a line end in the draft.
    Newline,
    /// C-h: the character before the cursor goes.
    Backspace,
    /// The character behind the cursor goes.
    Delete,
    /// C-b: one character to the left.
    Left,
    /// C-f: one character to the right.
    Right,
    /// M-b, C-Left: to the start of a word of letters and digits.
    WordLeft,
    /// M-f, C-Right: to the end of a word of letters and digits.
    WordRight,
    /// C-a: to the start of the line.
    Home,
    /// C-e: to the end of the line.
    End,
    /// C-p: to the line above, or to the entry before in the history.
    Up,
    /// C-n: to the line below, or to the next entry of the history.
    Down,
    /// C-u: the line before the cursor goes, or the line end before that.
    KillToStart,
    /// C-k: the line behind the cursor goes, or its end.
    KillToEnd,
    /// C-w: all back to a blank goes.
    KillWord,
    /// M-Backspace: a word of letters and digits before the cursor goes.
    KillWordBack,
    /// M-d: a word of letters and digits behind the cursor goes.
    KillWordForward,
    /// C-y: the last killed text comes back.
    Yank,
    /// M-y, after a C-y: the text that was killed before comes in its place.
    YankPop,
    /// C-t: the characters around the cursor change places.
    TransposeChars,
    /// M-t: the words around the cursor change places.
    TransposeWords,
    /// C-_: the last step is taken back.
    Undo,
    /// C-r: searches the history.
    Search,
    /// Ends a search, and gives the draft back.
    Escape,
    /// Completes a name or a command, and goes on to the next one.
    Tab,
    /// Goes back to the completion before.
    BackTab,
    /// C-c: clears the draft.
    Interrupt,
    /// C-d: as Delete, and leaves when there is no draft.
    EndOfInput,
}

impl Key {
    /// Whether the text that it takes away can be yanked.
    pub(super) fn kills(&self) -> bool {
        matches!(
            self,
            Self::KillToStart
                | Self::KillToEnd
                | Self::KillWord
                | Self::KillWordBack
                | Self::KillWordForward
        )
    }
}

/// The outcome of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The draft, the cursor or the search may have changed.
    Edited,
    /// The draft is done. It is empty again, and in the history.
    Submitted(String),
    /// The draft has this many bytes, which are too many for a message. It
    /// stays as it was.
    TooLong(usize),
    /// There is no room in the draft for the text, which was not inserted.
    Full,
    /// The key can do nothing here: a bell might ring. In a search the query
    /// may have changed, and is not found.
    Nothing,
    /// C-c with nothing to clear.
    Interrupted,
    /// C-d with nothing to delete.
    Ended,
}
