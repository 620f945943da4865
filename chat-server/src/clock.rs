//! What time it is, as an argument: nothing that holds rules asks a clock.

use std::time::Instant;

use chat_proto::event::Timestamp;

/// Now, for people and for deadlines.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The time of day.
    pub time: Timestamp,
    /// The time that never goes backwards.
    pub instant: Instant,
}
