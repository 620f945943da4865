//! Why sessions end.

use std::fmt;

use chat_proto::foreign::Foreign;

use crate::net::admission::Refusal;

/// Why a session ended, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The peer closed it.
    Closed,
    /// The peer's system did.
    Reset,
    /// The peer's system cannot be reached any more.
    NoAnswer,
    /// What came cannot be decrypted.
    Undecipherable,
    /// Anything else that a system can say of a socket.
    SocketError,
    /// What waited for the peer was not taken in time.
    TookNothing,
    /// The peer said so.
    Quit,
    /// 64 KiB came without a line end.
    NoLineEnd,
    /// What came first belongs to another protocol.
    AnotherProtocol(Foreign),
    /// Another version of ours was asked for.
    WrongProtocol,
    /// It could not come in, because nothing can be kept.
    NoSpace,
    /// It could not come in, because the servers that share the room cannot agree on an order.
    NoOrder,
    /// It could not come in.
    Refused(Refusal),
    /// The password that it said was wrong, or was not tried.
    WrongPassword,
    /// The password of the room is not taken over a plain connection.
    NotEncrypted,
    /// The room lets in only people whose key is listed.
    UnknownKey,
    /// It did not say the password of the room in time.
    NoPassword,
    /// An operator has removed the person.
    Removed,
    /// The person is banned.
    Banned,
    /// The room lets no newcomers in.
    RoomLocked,
    /// The program came back over another connection.
    Replaced,
    /// Nothing was said for too long.
    SaidNothing,
    /// Nothing was said, and others came.
    Crowded,
    /// The server stops.
    ServerStopped,
    /// The other servers of the room have gone on without this one.
    LeftBehind,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed the connection",
            Self::Reset => "the connection was reset",
            Self::NoAnswer => "no answer any more",
            Self::Undecipherable => "what it sent cannot be decrypted",
            Self::SocketError => "the connection failed",
            Self::TookNothing => "read nothing for too long (--stall)",
            Self::Quit => "said /quit",
            Self::NoLineEnd => "sent 64 KiB without a line end",
            Self::AnotherProtocol(foreign) => return write!(f, "spoke {foreign}"),
            Self::WrongProtocol => "asked for another version of the protocol",
            Self::NoSpace => "the history cannot be written",
            Self::NoOrder => "the room does not answer",
            Self::Refused(refusal) => return refusal.fmt(f),
            Self::WrongPassword => "said wrong passwords",
            Self::NotEncrypted => "was not encrypted, where a password is wanted",
            Self::UnknownKey => "its key is not listed (--names known)",
            Self::Removed => "removed by an operator",
            Self::Banned => "banned",
            Self::RoomLocked => "the room is locked",
            Self::NoPassword => "did not say the password in time",
            Self::Replaced => "came back over another connection",
            Self::SaidNothing => "sent no line in time (--idle-join)",
            Self::Crowded => "sent no line, and others came (--max-unjoined)",
            Self::ServerStopped => "the server stops",
            Self::LeftBehind => "the other servers had gone on without this one",
        })
    }
}
