//! Threads, turns and wake-ups: which connection is served when, and by whom.

pub(crate) mod census;
pub mod control;
pub(crate) mod counted;
pub(crate) mod liveness;
pub mod mailbox;
pub mod observer;
pub mod reloader;
pub mod rounds;
pub mod scheduler;
pub mod server;
pub mod system_clock;
pub(crate) mod waiting;
pub(crate) mod worker;
