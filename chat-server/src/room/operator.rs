//! The operator who asks for something, and what an operator writes.

use std::time::Duration;

use chat_proto::command::OwnConnections;
use chat_proto::event::Rank;
use chat_proto::moderation::{Remark, Target, Term, in_words};
use chat_proto::name::Name;

use super::operated::{Answer, Refused};
use super::origin::{Authority, Origin};
use super::verdict::Farewell;

/// The operator who asks for something.
#[derive(Debug, Clone)]
pub(super) struct Operator {
    pub(super) origin: Origin,
    /// The operator's name in the room.
    pub(super) name: Option<Name>,
    pub(super) authority: Authority,
    pub(super) rank: Rank,
}

/// What has been decided: the answer, and who has to go.
pub(super) type Decided = Result<(Answer, Vec<(Origin, Farewell)>), Refused>;

/// A ban as an operator wants it.
#[derive(Debug)]
pub(super) struct WantedBan {
    pub(super) target: Target,
    pub(super) term: Option<Term>,
    pub(super) reason: Option<Remark>,
    pub(super) own: OwnConnections,
}

/// The name that an operator has written.
pub(super) fn name_of(text: &str) -> Result<Name, Refused> {
    // Also an address, which people without another name have.
    let name = Name::parse(text).or_else(|_| Name::choose(text));
    name.map_err(|error| Refused::NotFound(error.to_string()))
}

/// How long a measure holds, in words.
pub(super) fn for_words(term: Term) -> String {
    match term {
        Term::For(time) => format!("for {}", in_words(time)),
        Term::Forever => "for good".to_owned(),
    }
}

/// A ban, unless the operator says how long.
pub(super) const USUAL_BAN: Duration = Duration::from_secs(24 * 60 * 60);

/// A mute, likewise.
pub(super) const USUAL_MUTE: Duration = Duration::from_secs(10 * 60);
