//! The whole server without sockets, threads, files or clocks, beside a model of
//! it that knows only the rules.
//!
//! A [`Script`] is a schedule: people come, talk, stop reading, fail and come
//! back; their bytes arrive in any pieces and are taken in any pieces; time
//! passes, also the wrong way; the disk is late, fails and forgets; one worker is
//! late, or has the second half of its round only when the others have had theirs.
//! It is made of plain bytes, four a step, so that proptest, a fuzzer and a file can
//! all hold one. [`run`] runs it through the [`Rounds`] of the server's own workers,
//! over a transport, a history and an entrance that need no system. An [`Observer`]
//! tells in whose turn an event has happened. Everything that a peer is sent is held
//! against the model:
//!
//! - there is one order for all, numbered without gaps, and no line is torn;
//! - each message that was taken is sent once to each peer that is here, and in
//!   text form not back to its speaker;
//! - no peer misses anything but what it is told of, and that is really gone;
//! - a text that was erased is sent to no peer any more, but for the rest of a line;
//! - nothing is seen before it may be, and nothing is sent behind the end;
//! - a program that proves who it is takes its own place again, and what it sends
//!   once more is in the room once;
//! - who is here can be known from what is told, as the section "Who is here" of
//!   [`chat_proto`] says, and no two names look alike;
//! - a name belongs to the key of the first person who says something under it, and no
//!   other one says anything under it behind that;
//! - a connection whose place another one has taken is sent nothing before it knows;
//! - a connection is refused exactly when a limit says so, those that say nothing are
//!   few, and all that is counted is given back;
//! - a worker that sleeps is woken when there is something to send;
//! - what is held in memory for one connection is bounded, and no reader holds back
//!   the log.
//!
//! [`cluster`] runs several servers that share one room: the order between them delays
//! requests, mixes those of the servers and repeats some, and the rooms stay equal.
//!
//! [`Rounds`]: chat_server::runtime::rounds::Rounds
//! [`Observer`]: chat_server::runtime::observer::Observer

pub mod cluster;
mod disk;
mod hall;
mod keys;
mod ledger;
mod peer;
mod person;
pub mod script;
mod standing;
mod wire;

pub use hall::{Report, run};
pub use script::Script;
