//! The measures that stand in a room.

use super::remark::Remark;
use super::subject::Subject;
use crate::identity::Fingerprint;
use crate::name::Name;
use crate::timestamp::Timestamp;

/// The measures that stand, or a part of them: what one event `room` repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Which part it is: the first one, 0, says all but the rest of the lists.
    pub part: u32,
    /// The topic.
    pub topic: Option<Topic>,
    /// Each person may say one thing in so many seconds; 0 for as many as they want.
    pub slow: u32,
    /// Whether newcomers come in.
    pub door: Door,
    /// Private: the bans.
    pub bans: Vec<Ban>,
    /// Private: the mutes.
    pub mutes: Vec<Mute>,
    /// Private: the operators that other operators have made.
    pub operators: Vec<OperatorKey>,
}

/// What the room is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The words.
    pub text: Remark,
    /// Who has set it; `None` for the person at the server's own terminal.
    pub by: Option<Name>,
    /// When.
    pub time: Timestamp,
}

/// Whether newcomers come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Door {
    /// They do.
    #[default]
    Open,
    /// Only people who come back, and people whose key holds a name.
    Locked,
}

/// A ban of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Whom it hits.
    pub subject: Subject,
    /// The name of the person, if it was set by name.
    pub of: Option<Name>,
    /// Who has set it; `None` for the person at the server's own terminal.
    pub by: Option<Name>,
    /// When.
    pub time: Timestamp,
    /// When it ends; `None` for one without an end.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Option<Remark>,
}

/// A mute of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Whom it hits.
    pub subject: Subject,
    /// The name of the person when it was set.
    pub of: Name,
    /// Who has set it; `None` for the person at the server's own terminal.
    pub by: Option<Name>,
    /// When it ends.
    pub until: Timestamp,
}

/// A key whose owner is an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorKey {
    /// The key.
    pub key: Fingerprint,
    /// The name of the person when it was made one.
    pub name: Name,
}
