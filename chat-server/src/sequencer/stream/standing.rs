//! Where a server stands among those that share the room.

use std::fmt;

use super::rules::Rules;
use super::servers::Fault;
use crate::room::origin::ServerId;

/// Where a server stands among those that share the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It has not read its first record back.
    Joining,
    /// It is one of them.
    In(ServerId),
    /// It cannot be one of them: they go by these other rules.
    Refused(Rules),
    /// It cannot be one of them: there are as many as there can be.
    Full,
    /// The others have gone on without it: it was not heard for too long.
    Ended,
    /// It has read something else than the others, or another program writes in its name.
    Broken(Broken),
}

/// Why a server cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// What it has read is not what the others have.
    Fault(Fault),
    /// Another program writes under its run.
    Twin,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Twin => f.write_str("another program writes into the stream in this one's name"),
        }
    }
}
