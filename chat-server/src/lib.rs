//! The server of the chat.
//!
//! ```text
//!  peer ── bytes ──► Connection ──► Session: LineDecoder ──► Command
//!                    (socket)       (pure)                      │
//!                        ▲                                      ▼
//!                        │                              Room (pure): names, seq
//!                        │                                      │ each event encoded
//!                        │                                      ▼ once per form
//!                        │             Log   …│ m41 │ m42 │ m43 │ m44 │◄─ head
//!                        │                          ▲           ▲
//!                        │                    Reader of C   Reader of A
//!                        └── write_vectored ◄───────┘
//! ```
//!
//! The room is a log. Every connection is a position in it, so a message costs
//! one encoding and then nothing but a write to each socket. There are as many
//! threads as cores (`worker`), each with its own [`mio`] poll and its own
//! connections (`clients`); the room is behind one lock (`shared`) that a thread has alone
//! to change the room, and with all others to send from it. One more thread
//! writes the log lines ([`journal`]), because a terminal that does not take
//! them must not stop the room, and two wait for the disk ([`history`]).
//!
//! - [`log`], [`broadcast`], [`replay`], [`runs`], [`ids`], [`people`],
//!   [`presence`], [`absent`], [`identity`], [`secrets`], [`admission`], `pace`,
//!   [`room`] and [`session`] hold all rules and know neither sockets, files nor
//!   clocks.
//! - [`connection`], [`socket`], [`listener`], `door` and `vestibule` hold the sockets
//!   and no rules, [`history`] the files.
//! - [`cli`], [`listen`], [`errors`] and [`journal`] are what an operator gives and is
//!   told.
//!
//! Of thousands of connections nearly all are idle, and one of those is some
//! 150 bytes, its name and its name's keys: what only few need at a time lies
//! apart (`rare`).

pub mod absent;
pub mod admission;
pub mod broadcast;
pub mod cli;
mod clients;
pub mod clock;
pub mod connection;
mod counters;
mod door;
pub mod errors;
pub mod history;
pub mod identity;
pub mod ids;
pub mod journal;
pub mod listen;
pub mod listener;
pub mod log;
mod pace;
pub mod people;
pub mod presence;
pub mod proxy_header;
mod rare;
pub mod replay;
pub mod room;
pub mod runs;
pub mod secrets;
pub mod server;
pub mod session;
mod shared;
pub mod signals;
pub mod socket;
mod vestibule;
mod worker;
