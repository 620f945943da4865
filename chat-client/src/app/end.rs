//! How the client ends.

use std::io;

use crate::conversation::ForeignServer;
use crate::net::ConnectError;

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// As the person wanted.
    Left,
    /// Ctrl-C.
    Interrupted,
    /// The server closed the connection, and the reason, if the person has not been
    /// told.
    ServerGone(Option<String>),
    /// The server is not the one that is meant, or the encrypted connection that it has
    /// offered cannot be had.
    NoConnection(ConnectError),
    /// The connection was lost, and could not be made again in time.
    GivenUp,
    /// An operator has removed or banned the person, who has been told why.
    PutOut,
    /// The server greets, and never welcomes.
    NotLetIn,
    /// The server does not speak in lines.
    NotAChat,
    /// The server is no chat server, or not known to be one.
    ForeignServer(ForeignServer),
    /// Our output cannot be written.
    OutputGone(io::Error),
    /// A signal of this number.
    Signal(u8),
}
