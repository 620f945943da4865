//! Rooms that we do not come into, and the one that we are put out of.

use std::time::Instant;

use super::greeting::Shut;
use super::stage::{Refusal, Stage};
use super::{Carrier, Conversation};
use crate::output::line::Line;

impl Conversation {
    /// The server has said in its greeting that there is no way in. We have until the moment
    /// `until` to come in all the same.
    pub(super) fn stand_before(&mut self, shut: Shut, until: Instant) {
        let or = |reason: String, words: &str| match &*reason {
            "" => words.to_owned(),
            _ => reason,
        };
        match shut {
            Shut::KeysOnly(reason) => self.not_known(&or(reason, FOR_KEYS_ONLY)),
            Shut::Banned(reason) => self.put_out(&or(reason, BANNED)),
            // The people who were in it can come back.
            Shut::Locked(_) if self.position.has_secret() => self.hello("", None, until),
            Shut::Locked(reason) => self.do_without(&or(reason, LOCKED)),
        }
    }

    /// The server does not know our key, and closes. The person is told which key that was,
    /// since its operator has to know it.
    fn not_known(&mut self, reason: &str) {
        self.do_without(reason);
        self.show(Line::error(match self.carrier {
            Carrier::Encrypted { key: Some(key) } => format!(
                "your key is {key}; for the operator of the server, --show-key prints it in full"
            ),
            Carrier::Encrypted { key: None } => "the server was shown no key of yours".to_owned(),
            Carrier::Local | Carrier::Open => {
                "without encryption the server is shown no key".to_owned()
            }
        }));
    }

    /// There is no way into the room, and the person is told why.
    pub(super) fn do_without(&mut self, why: &str) {
        self.turn_back(why, Refusal::ForGood);
    }

    /// An operator has removed us from the room or keeps us out, and the person is told why.
    pub(super) fn put_out(&mut self, why: &str) {
        self.turn_back(why, Refusal::PutOut);
    }

    fn turn_back(&mut self, why: &str, refusal: Refusal) {
        self.refuse(why.to_owned());
        let refusal = Some(refusal);
        self.stage = Stage::Unfit { refusal };
    }

    /// Whether an operator has removed us from the room or keeps us out.
    pub fn is_put_out(&self) -> bool {
        matches!(self.stage.refusal(), Some(Refusal::PutOut))
    }
}

/// In place of a reason that the server does not give.
const FOR_KEYS_ONLY: &str = "this room lets in only people whose key it knows";
const BANNED: &str = "you are banned from this room";
const LOCKED: &str = "this room lets no newcomers in now: try again later";
