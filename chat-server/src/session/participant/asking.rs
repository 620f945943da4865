//! What a participant has asked the room for.

use std::time::Instant;

use chat_proto::command::{Command, Hello};
use chat_proto::event::MessageId;
use chat_proto::name::{Name, NameError};

/// A participant that waits for an outcome.
#[derive(Debug)]
pub(in crate::session) struct Asking {
    pub(super) question: Question,
    pub(super) standing: Standing,
}

/// Where a participant stands while it waits.
#[derive(Debug)]
pub(super) enum Standing {
    /// As in [`Phase::Arriving`](super::Phase::Arriving).
    Arriving(Instant),
    /// As in [`Phase::Outside`](super::Phase::Outside).
    Outside,
    /// As in [`Phase::Present`](super::Phase::Present).
    Present(Name),
}

/// What a participant has asked for.
#[derive(Debug)]
pub(super) enum Question {
    /// To come in without a program, and then to do this.
    Enter(Option<Command>),
    /// To come in under this name, if it can be had.
    EnterAs(Name),
    /// To come in as a program.
    Join {
        /// What it has said.
        hello: Hello,
        /// What is wrong with the name that it wants.
        error: Option<NameError>,
    },
    /// To have another name than this one.
    Rename(Name),
    /// To have this name belong to no key.
    Forget(Name),
    /// Something that concerns the order of the room.
    Operate {
        /// The mark of the request.
        id: Option<MessageId>,
    },
    /// Who is here.
    List,
}
