//! Encryption, as far as the conversation knows of it: the offer in the greeting, and
//! what the person is told.

use std::time::Instant;

use chat_proto::framing::LineDecoder;
use ssh_key::Fingerprint;

use super::greeting::{Offered, asks_for_password, offered, shut};
use super::stage::{Refusal, Stage};
use super::{Audience, Conversation, TlsOffer};
use crate::output::line::Line;

/// How the bytes of a connection travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Encrypted.
    Encrypted {
        /// The person's key, which the server was shown if it has asked for one.
        key: Option<Fingerprint>,
    },
    /// As they are, within this machine.
    Local,
    /// As they are, through a network.
    Open,
}

impl Conversation {
    /// There is a connection, of this kind. Told before its first bytes.
    pub fn handle_carrier(&mut self, carrier: Carrier) {
        self.carrier = carrier;
    }

    /// Whether the server has offered TLS and is to be met anew that way. Nothing was
    /// sent to it.
    pub fn wants_tls(&self) -> bool {
        matches!(self.stage, Stage::TlsOffered)
    }

    /// Whether the server does not let us in, and another attempt is of no use.
    pub fn is_refused_for_good(&self) -> bool {
        matches!(
            self.stage.refusal(),
            Some(Refusal::TlsOnly | Refusal::ForGood | Refusal::PutOut)
        )
    }

    /// The plain connection is given up for an encrypted one, which is on its way.
    pub fn handle_tls_begun(&mut self) {
        self.stage = Stage::Disconnected;
        self.decoder = LineDecoder::default();
        self.partial_since = None;
        // Lines that a silent server was sent, and has not taken.
        self.output.clear();
    }

    /// The server has greeted as `chat/1`, and is asked to let us in by the moment
    /// `until`.
    pub(super) fn greeted(&mut self, greeting: &str, until: Instant) {
        if self.is_leaving() {
            return;
        }
        if !matches!(self.carrier, Carrier::Encrypted { .. }) {
            match (offered(greeting), self.options.tls) {
                (Offered::No, _) | (Offered::Too, TlsOffer::Decline) => {}
                (Offered::Too | Offered::Only, TlsOffer::Take) => {
                    self.stage = Stage::TlsOffered;
                    return;
                }
                (Offered::Only, TlsOffer::Decline) => {
                    let refusal = Some(Refusal::TlsOnly);
                    self.stage = Stage::Unfit { refusal };
                    return;
                }
            }
            self.warn_of_plain();
        }
        if let Some(shut) = shut(greeting) {
            return self.stand_before(shut, until);
        }
        match asks_for_password(greeting) {
            true => self.asked_for_password(until),
            false => self.hello(greeting, None, until),
        }
    }

    /// Tells a person once that others can read along. Within one machine they cannot.
    pub(super) fn warn_of_plain(&mut self) {
        let is_person = self.options.audience != Audience::Program;
        if is_person && self.carrier == Carrier::Open && !self.is_warned {
            self.is_warned = true;
            self.show(Line::notice("this connection is not encrypted"));
        }
    }
}
