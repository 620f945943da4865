//! A room that lets in only people whose key it knows.

use super::{Carrier, Conversation};
use crate::output::line::Line;

impl Conversation {
    /// The server does not know our key, and closes. It has given this reason. The person
    /// is told which key that was, since its operator has to know it.
    pub(super) fn not_known(&mut self, reason: &str) {
        self.do_without(match reason {
            "" => NO_REASON,
            reason => reason,
        });
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
}

const NO_REASON: &str = "this room lets in only people whose key it knows";
