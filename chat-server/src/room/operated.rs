//! What came of operations.

use chat_proto::event::{CountedBan, Profile};
use chat_proto::moderation::{Ban, Subject};

use super::origin::Origin;
use super::verdict::Farewell;

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operated {
    /// The command, such as `kick`.
    pub word: &'static str,
    /// The answer to the operator.
    pub answer: Result<Answer, Refused>,
    /// The connections that were removed from the room, and what they are told.
    pub removed: Vec<(Origin, Farewell)>,
}

/// The answer to an operation that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Something was done, which the log is told as well.
    Done(String),
    /// Something was asked.
    Told(String),
    /// Some of the bans, and the one to go on behind.
    Bans(Vec<Ban>, Option<Subject>),
    /// A person.
    Person(Box<Profile>),
}

/// Why an operation was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The peer may not do it.
    NotAllowed(String),
    /// There is no such person, ban or mute.
    NotFound(String),
    /// It cannot be done.
    Impossible(String),
}

/// Bans with how often each was hit.
pub fn counted(bans: Vec<Ban>, hits: impl Fn(&Subject) -> u64) -> Vec<CountedBan> {
    let count = |ban: Ban| CountedBan {
        hits: hits(&ban.subject),
        ban,
    };
    bans.into_iter().map(count).collect()
}
