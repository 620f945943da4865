//! The way to the stream that several servers share, on NATS JetStream.
//!
//! ```text
//!  hub ─► Stream ─► commands ─► │ thread "cluster" │ ─► chat.ROOM.in  ─► stream chat-ROOM
//!  hub ◄─ Stream ◄─ entries  ◄─ │  (async-nats)    │ ◄─ chat.ROOM.out ◄─ (republished)
//!                               │                  │ ◄─ holes, by direct get
//!                               │                  │ ◄► bucket chat-ROOM: snapshots
//! ```
//!
//! What the order means, and what is done with it, is in [`crate::sequencer::stream`]; here
//! are bytes only. The library needs an async runtime, which has a thread of its own; the
//! queues between that thread and the room are bounded, and none of the workers waits for it.
//! The library and what it needs are in the program only with the feature `cluster`.

pub mod address;
pub mod credentials;
pub mod follower;
pub mod genesis;
pub mod identity;
#[cfg(feature = "cluster")]
pub mod nats;
#[cfg(feature = "cluster")]
pub mod start;

#[cfg(not(feature = "cluster"))]
pub mod start {
    //! In place of what the program was built without.

    use super::*;
    use crate::clock::Now;
    use crate::hub::Hub;
    use crate::sequencer::stream::rules::Rules;
    use crate::storage::{History, Options};

    /// Always fails: no command line asks for it.
    ///
    /// # Errors
    ///
    /// See above.
    pub fn join(
        _: ClusterOptions,
        _: Rules,
        _: Option<Options>,
        _: u64,
        _: Now,
        _: &mut Vec<String>,
    ) -> anyhow::Result<(Option<History>, Hub)> {
        anyhow::bail!("this chat-server was built without --cluster")
    }
}

use std::time::Duration;

use address::ClusterAddress;
use credentials::Credentials;

/// How a server is to share its room with others.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Where the stream is.
    pub address: ClusterAddress,
    /// What NATS is to be shown.
    pub credentials: Option<Credentials>,
    /// On how many servers of NATS a new stream is kept.
    pub copies: usize,
    /// How many bytes of records a new stream keeps.
    pub keep: u64,
    /// How long another chat-server may say nothing before it counts as gone.
    pub gone_after: Duration,
    /// Up to how many people are told by name.
    pub names_up_to: usize,
}
