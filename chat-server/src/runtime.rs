//! Threads, turns and wake-ups: which connection is served when, and by whom.

pub mod control;
pub(crate) mod counted;
pub mod mailbox;
pub mod observer;
pub(crate) mod pulse;
pub mod rounds;
pub mod scheduler;
pub mod server;
pub mod system_clock;
pub(crate) mod waiting;
pub(crate) mod worker;
