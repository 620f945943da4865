//! The log in memory, and each reader's place in it: every event is encoded once, and
//! a connection is an integer that moves along.

pub mod cursor;
pub mod log;
pub mod replay;
