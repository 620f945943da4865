//! Threads, turns and wake-ups: which connection is served when, and by whom.

pub(crate) mod control;
pub(crate) mod scheduler;
pub mod server;
pub(crate) mod worker;
