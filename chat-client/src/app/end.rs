//! How the client ends.

use std::io;

use crate::conversation::ForeignServer;

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// As the person wanted.
    Left,
    /// Ctrl-C.
    Interrupted,
    /// The server closed the connection, and why that is of no use, if there is
    /// anything to tell.
    ServerGone(Option<String>),
    /// It did so, and was not to be had again.
    GivenUp,
    /// The server greets, and never welcomes.
    NotLetIn,
    /// The server sends what is no chat.
    NotAChat,
    /// What answers is no chat, or not known to be one.
    ForeignServer(ForeignServer),
    /// Our output cannot be written.
    OutputGone(io::Error),
    /// A signal of this number.
    Signal(u8),
}
