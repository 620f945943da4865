//! What systemd and the server tell each other: that the server is ready and alive
//! ([`notify`]), and the sockets that systemd has opened for it ([`sockets`]).
//!
//! Without its variables in the environment none of this does anything.

pub mod notify;
pub(crate) mod reporter;
pub mod sockets;

/// Variables that are meant for this process alone, and not for its children.
pub(super) const OURS: [&str; 6] = [
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
];
