//! What an operator sees and does: the log, the counters, signals, and errors in words.

pub mod console;
pub(crate) mod counters;
pub mod descriptors;
pub mod errors;
pub mod greeting;
pub mod histogram;
pub mod introduction;
pub mod logger;
pub mod metrics;
pub mod password;
pub mod people_file;
pub mod signals;
pub mod systemd;
