//! The clock of the room.

use std::time::Duration;

use chat_proto::event::Timestamp;

use crate::clock::Now;

/// What times of the room are as instants of this server. Each server has its own, and the
/// times between two of them are the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor(pub(super) Now);

impl Anchor {
    pub(super) fn at(self, time: Timestamp) -> Now {
        let Self(anchor) = self;
        let [of, from] = [time, anchor.time].map(Timestamp::unix_milliseconds);
        let distance = Duration::from_millis(of.abs_diff(from));
        let instant = match of >= from {
            true => anchor.instant.checked_add(distance),
            false => anchor.instant.checked_sub(distance),
        };
        Now {
            time,
            instant: instant.unwrap_or(anchor.instant),
        }
    }
}
