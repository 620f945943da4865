//! The whole room without sockets, threads, files or clocks, beside a model of
//! it that knows only the rules.
//!
//! A [`Script`] is a schedule: people come, talk, stop reading, fail and come
//! back; their bytes arrive in any pieces and are taken in any pieces; time
//! passes, also the wrong way; the disk is late, fails and forgets. It is made
//! of plain bytes, four a step, so that proptest, a fuzzer and a file can all
//! hold one. [`run`] runs it through the server's own [`Session`]s,
//! [`Connection`]s and [`Room`], in the order in which a worker calls them, and
//! holds everything that anybody is sent against the model:
//!
//! - there is one order for all, numbered without gaps, and no line is torn;
//! - each message that was taken is sent to everybody who is here once, and in
//!   text form not back to its speaker;
//! - nobody misses anything but what they are told of, and that is really gone;
//! - nothing is seen before it may be, and nothing is sent behind the end;
//! - a program that proves who it is takes its own place again, and what it sends
//!   once more is in the room once;
//! - who is here can be known from what is told, as the section "Who is here" of
//!   [`chat_proto`] says, and no two names look alike;
//! - what is held in memory for one connection is bounded.
//!
//! [`Session`]: chat_server::session::Session
//! [`Connection`]: chat_server::net::connection::Connection
//! [`Room`]: chat_server::room::apply::Room

mod disk;
mod hall;
mod ledger;
mod peer;
mod person;
pub mod script;
mod wire;

pub use hall::{Report, run};
pub use script::Script;
