//! What people are told whom the measures that stand keep out, remove or silence.

use std::fmt;
use std::time::Duration;

use chat_proto::event::{ErrorCode, Timestamp};
use chat_proto::moderation::{Ban, Remark, by_words, in_words};
use chat_proto::name::Name;

/// Why a person does not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bar {
    /// They are hit by this ban.
    Banned(Box<Ban>),
    /// The room is locked.
    Locked,
}

impl Bar {
    /// The same for programs.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Banned(_) => ErrorCode::Banned,
            Self::Locked => ErrorCode::Locked,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Banned(ban) => put_ban(f, ban.until, ban.reason.as_ref()),
            Self::Locked => f.write_str(
                "the room is locked: only people who come back, and people whose key holds a \
                 name, are let in",
            ),
        }
    }
}

/// Why a person may not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// An operator has muted them, and that holds for so long.
    Muted(Duration),
    /// They have spoken a moment ago, and are to wait for so long.
    Slow(Duration),
}

impl Silence {
    /// The same for programs.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Muted(_) => ErrorCode::Muted,
            Self::Slow(_) => ErrorCode::Slow,
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Muted(left) => write!(f, "you are muted for {}", in_words(*left)),
            Self::Slow(left) => write!(f, "slow mode: wait {}", in_words(*left)),
        }
    }
}

/// What a person is told who is removed from the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Farewell {
    /// They may come back.
    Removed {
        /// The operator.
        by: Option<Name>,
        /// Why.
        reason: Option<Remark>,
    },
    /// They may not.
    Banned {
        /// Until when; `None` for good.
        until: Option<Timestamp>,
        /// Why.
        reason: Option<Remark>,
    },
}

impl Farewell {
    /// The same for programs.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Removed { .. } => ErrorCode::Removed,
            Self::Banned { .. } => ErrorCode::Banned,
        }
    }
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { by, reason } => {
                let by = by_words(by.as_ref());
                write!(f, "you were removed from the room by {by}")?;
                put_reason(f, reason.as_ref())
            }
            Self::Banned { until, reason } => put_ban(f, *until, reason.as_ref()),
        }
    }
}

fn put_ban(
    f: &mut fmt::Formatter<'_>,
    until: Option<Timestamp>,
    reason: Option<&Remark>,
) -> fmt::Result {
    match until {
        Some(until) => write!(f, "you are banned until {}", until.to_seconds())?,
        None => f.write_str("you are banned for good")?,
    }
    put_reason(f, reason)
}

fn put_reason(f: &mut fmt::Formatter<'_>, reason: Option<&Remark>) -> fmt::Result {
    match reason {
        Some(reason) => write!(f, ": {reason}"),
        None => Ok(()),
    }
}
