//! A connection that was lost.

use std::time::Instant;

/// A connection that was lost.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) since: Instant,
    /// Why, for people.
    pub(super) why: String,
    /// Set if the server was reached since, and did not let us in.
    pub(super) refused: Option<Refused>,
}

/// The last words of a server that had no room for us.
#[derive(Debug)]
pub(super) enum Refused {
    /// The person is to be told.
    Untold(String),
    /// The person knows.
    Told(String),
}

impl Outage {
    /// The server has no room for us, and says so in these words.
    pub(super) fn refuse(&mut self, words: String) {
        let known = match &self.refused {
            Some(Refused::Untold(known) | Refused::Told(known)) => *known == words,
            None => false,
        };
        if !known {
            self.refused = Some(Refused::Untold(words));
        }
    }

    /// The words for the person; once, as long as they are the same.
    pub(super) fn tell_refusal(&mut self) -> Option<String> {
        let Some(Refused::Untold(words)) = &self.refused else {
            return None;
        };
        let words = words.clone();
        self.refused = Some(Refused::Told(words.clone()));
        Some(words)
    }
}
