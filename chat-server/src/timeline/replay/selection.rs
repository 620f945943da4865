//! Which events of the past a reader wants.

/// Which events come, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All, as they were sent the first time.
    Everything,
    /// What was said and done; in text form with its time.
    Speech,
    /// The same, in text form with its number too: by that an operator can erase it.
    NumberedSpeech,
}

impl Selection {
    pub(super) fn is_speech_only(self) -> bool {
        matches!(self, Self::Speech | Self::NumberedSpeech)
    }
}
