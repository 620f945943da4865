//! The password of the room: the server asks for it in its greeting, and the person has
//! given it or types it now.
//!
//! It is sent to a server that asks for it only, and never where others can read along.

use std::time::Instant;

use chat_proto::password::Password;
use chat_proto::text::Text;

use super::stage::Stage;
use super::{Audience, Carrier, Conversation, LET_IN_WITHIN};
use crate::output::line::Line;

impl Conversation {
    /// Whether the person is to type the password now.
    pub fn wants_password(&self) -> bool {
        matches!(self.stage, Stage::Password)
    }

    /// The person has typed the password.
    pub fn give_password(&mut self, typed: &str, now: Instant) {
        if !self.wants_password() {
            return;
        }
        match Password::choose(typed) {
            Ok(password) => {
                self.options.password = Some(password.clone());
                self.hello("", Some(password), now + LET_IN_WITHIN);
            }
            Err(error) => self.show(Line::error(format!("that is no password: {error}"))),
        }
    }

    /// The server asks for the password, and lets us in by the moment `until`.
    pub(super) fn asked_for_password(&mut self, until: Instant) {
        let password = self.options.password.clone();
        match (password, self.options.audience) {
            _ if self.carrier == Carrier::Open => self.do_without(OTHERS_READ),
            (Some(password), _) => self.hello("", Some(password), until),
            (None, Audience::Prompt) => {
                self.stage = Stage::Password;
                self.show(Line::notice(ASKED));
            }
            (None, Audience::Lines | Audience::Program) => self.do_without(NONE_GIVEN),
        }
    }

    /// The server has said that the password is wrong, or is not tried.
    pub(super) fn password_refused(&mut self, why: &Text) {
        self.options.password = None;
        match self.options.audience {
            Audience::Prompt => {
                self.show(Line::error(why.as_str()));
                self.stage = Stage::Password;
            }
            Audience::Lines | Audience::Program => self.do_without(why.as_str()),
        }
    }
}

const ASKED: &str = "this room asks for a password: type it below. It is not shown";
const NONE_GIVEN: &str = "this room asks for a password: set CHAT_PASSWORD, or use --password-file";
const OTHERS_READ: &str = "this server asks for a password over a connection that is not \
                           encrypted, and was not told it";
