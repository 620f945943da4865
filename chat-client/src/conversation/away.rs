//! A connection that was lost.

use std::time::Instant;

/// A connection that was lost.
#[derive(Debug)]
pub(super) struct Away {
    pub(super) since: Instant,
    /// Why, for people.
    pub(super) why: String,
    /// The server was there, and did not let us in.
    pub(super) is_refused: bool,
}
