//! The server of the chat.
//!
//! ```text
//!  peer ── bytes ──► Connection ──► Session: lines, commands ──► Request
//!                    (socket)       (pure)                          │
//!                        ▲                                          ▼ Hub::propose
//!                        │                     Room::apply (pure, deterministic)
//!                        │                                          │ events, each encoded
//!                        │                                          ▼ once per form
//!                        │        Timeline   …│ m41 │ m42 │ m43 │ m44 │◄─ head
//!                        │                           ▲           ▲
//!                        │                     Cursor of C   Cursor of A
//!                        └── write_vectored ◄────────┘
//! ```
//!
//! A session proposes a change to the [`hub`], where it gets its place in the order. The
//! room decides what comes of it, and depends on nothing but what it was given before.
//! The events go into the timeline, in which every connection is a position, so a
//! message costs one encoding and then nothing but a write to each socket. There are as many
//! threads as cores, each with its own [`mio`] poll and its own connections; the
//! room is behind one lock that a thread has alone to change the room, and with all
//! others to send from it. One more thread writes the log lines, because a terminal
//! that does not take them must not stop the room, and two wait for the disk.
//!
//! | folder | holds | never |
//! | --- | --- | --- |
//! | [`net`] | sockets, who may connect | a rule of the room |
//! | [`session`] | one peer's rules: bytes to commands, replies | a socket |
//! | [`hub`] | the order of requests and events | a socket, a file, a clock |
//! | [`room`] | who is in the room, and what happens in it | a socket, a file, a clock |
//! | [`timeline`] | the log in memory, and who is where in it | a socket, a file |
//! | [`storage`] | the history on disk | a socket |
//! | [`runtime`] | threads, turns and wake-ups | a rule of the room |
//! | [`ops`] | what an operator sees | |
//!
//! Of thousands of connections nearly all are idle, and one of those is some
//! 150 bytes, its name and its name's keys: what only few need at a time lies
//! apart (`cold`).

pub mod cli;
pub mod clock;
mod cold;
pub mod hub;
pub mod net;
pub mod ops;
pub mod room;
pub mod runtime;
pub mod sequencer;
pub mod session;
pub mod storage;
pub mod timeline;
mod wake;
