//! The connection to the server: making it, keeping it, and making it again.
//!
//! ```text
//!  Target ──► Attempt: resolve, race, handshake ──► Transport ──► Link ──► App
//!  Security ─┘          │                                           │
//!                       └──► ConnectError                           └── lost: Backoff, and again
//! ```
//!
//! The loop talks through [`link`]. It has every connection made by [`connect`], the
//! first included, and waits between attempts as [`backoff`] says. [`transport`] reads
//! and writes the bytes of a connection. [`security`] decides whether it is encrypted, and
//! [`tls`] encrypts it.

pub mod backoff;
pub mod connect;
mod control;
mod failure;
pub mod link;
mod outcome;
mod race;
pub mod security;
mod socket;
mod target;
pub mod tls;
pub mod transport;

pub use control::NOWHERE;
pub use failure::ConnectError;
pub use outcome::{Lost, Received};
pub use socket::Socket;
pub use target::{Address, Target};
