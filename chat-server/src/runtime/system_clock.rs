//! The clocks of the system. Only the code that runs the server asks them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chat_proto::event::Timestamp;

use crate::clock::Now;

/// Now, by the clocks of the system.
pub fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Now {
        time: Timestamp::from_unix_milliseconds(milliseconds),
        instant: Instant::now(),
    }
}
