//! What operators do, as the room is told.

use super::remark::Remark;
use super::subject::Subject;
use crate::identity::Fingerprint;
use crate::name::Name;
use crate::text::Text;
use crate::timestamp::Timestamp;

/// What an operator has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The operator; `None` for the person at the server's own terminal.
    pub by: Option<Name>,
    /// What.
    pub kind: MeasureKind,
}

/// The kinds of measures. What only operators and the history may know (addresses, keys, the
/// reasons of bans) stands apart in both forms, and is empty where a reader was not given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeasureKind {
    /// The topic is this from now on; `None` for none.
    Topic(Option<Remark>),
    /// A person was removed from the room, and may come back.
    Removed {
        /// The person.
        name: Name,
        /// Why.
        reason: Option<Remark>,
    },
    /// A ban stands.
    Banned {
        /// The people whom it has removed. They are told as gone by events of their own.
        names: Vec<Name>,
        /// When it ends; `None` for one without an end.
        until: Option<Timestamp>,
        /// Private: whom it hits.
        subjects: Vec<Subject>,
        /// Private: the name that the operator gave.
        of: Option<Name>,
        /// Private: why.
        reason: Option<Remark>,
    },
    /// A ban stands no more.
    Unbanned {
        /// Private: whom it hit.
        subjects: Vec<Subject>,
    },
    /// A person may read and not speak.
    Muted {
        /// The person.
        name: Name,
        /// When that ends.
        until: Timestamp,
        /// Private: whom else it hits.
        subjects: Vec<Subject>,
    },
    /// A person may speak again.
    Unmuted {
        /// The person, under the name at the time of the mute.
        name: Name,
        /// Private: whom it hit.
        subjects: Vec<Subject>,
    },
    /// Each person may say one thing in so many seconds; 0 for as many as they want.
    Slow(u32),
    /// Newcomers do not come in.
    Locked,
    /// Newcomers come in.
    Unlocked,
    /// A person is an operator.
    Promoted {
        /// The person.
        name: Name,
        /// Private: the person's key.
        key: Option<Fingerprint>,
    },
    /// A person is an operator no more.
    Demoted {
        /// The person.
        name: Name,
        /// Private: the person's key.
        key: Option<Fingerprint>,
    },
    /// A word of the server to all.
    Announced(Text),
    /// The text of a message was removed.
    Erased {
        /// The number of the message.
        target: u64,
        /// Why.
        reason: Option<Remark>,
    },
}
