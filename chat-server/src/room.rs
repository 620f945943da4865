//! The room as a state machine: requests come in, and events and outcomes go out.
//! Nothing in here knows a socket, a file, a clock or a random number.

pub mod absent;
pub mod apply;
mod banning;
mod conduct;
pub mod dedup;
mod gone;
pub mod holders;
mod holding;
pub mod identity;
mod joining;
pub mod members;
pub mod moderation;
pub mod operated;
mod operating;
mod operator;
pub mod origin;
pub mod presence;
pub mod rebuild;
pub mod request;
pub mod roster;
pub mod runs;
mod saved;
pub mod tickets;
pub mod verdict;
mod whois;
