//! Encryption, as far as the conversation knows of it: the offer in the greeting, and
//! what the person is told.

use std::time::Instant;

use chat_proto::framing::LineDecoder;
use chat_proto::text_form::{GREETING, TLS_OFFERED};

use super::stage::{Refusal, Stage};
use super::{Audience, Conversation, TlsOffer};
use crate::output::line::Line;

/// How the bytes of a connection travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Encrypted.
    Encrypted,
    /// As they are, within this machine.
    Local,
    /// As they are, through a network.
    Open,
}

/// The offer in a greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offered {
    /// None.
    No,
    /// The server takes TLS as well.
    Too,
    /// It takes nothing else.
    Only,
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

    /// Whether the server lets nobody in without TLS, and the person wants none.
    pub fn is_refused_plain(&self) -> bool {
        matches!(self.stage.refusal(), Some(Refusal::TlsOnly))
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
        if self.carrier != Carrier::Encrypted {
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
        self.hello(greeting, until);
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

fn offered(greeting: &str) -> Offered {
    let (offer, rest) = split(greeting).unwrap_or_default();
    match offer {
        "" => Offered::No,
        _ if rest == ONLY || rest.starts_with(ONLY_AND_HOW) => Offered::Only,
        _ => Offered::Too,
    }
}

/// The words of a greeting, but for an offer of TLS.
pub(super) fn without_offer(greeting: &str) -> Option<&str> {
    let (_, rest) = split(greeting)?;
    Some(rest)
}

/// The offer, if there is one, and the words behind it.
fn split(greeting: &str) -> Option<(&str, &str)> {
    let (_, words) = greeting.split_once(GREETING)?;
    let words = words.trim();
    match words.strip_prefix(TLS_OFFERED) {
        Some("") => Some((words, "")),
        Some(rest) if rest.starts_with(' ') => Some((TLS_OFFERED, rest.trim_start())),
        _ => Some(("", words)),
    }
}

/// How a server goes on that takes nothing but TLS.
const ONLY: &str = "only";
const ONLY_AND_HOW: &str = "only:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_a_word_of_its_own() {
        for (greeting, expected, rest) in [
            ("\r-- chat/1 welcome: type", Offered::No, "welcome: type"),
            (
                "\r-- chat/1 tls welcome: type",
                Offered::Too,
                "welcome: type",
            ),
            (
                "-- chat/1 tls the server is full",
                Offered::Too,
                "the server is full",
            ),
            ("-- chat/1 tls", Offered::Too, ""),
            (
                "-- chat/1 tls only: chat-client A 1",
                Offered::Only,
                "only: chat-client A 1",
            ),
            ("-- chat/1 tls only", Offered::Only, "only"),
            ("-- chat/1 tls only a few", Offered::Too, "only a few"),
            ("-- chat/1 tlsx welcome", Offered::No, "tlsx welcome"),
            ("-- chat/1", Offered::No, ""),
            ("-- chat/1 welcome tls", Offered::No, "welcome tls"),
        ] {
            assert_eq!(offered(greeting), expected, "{greeting}");
            assert_eq!(without_offer(greeting), Some(rest), "{greeting}");
        }
        assert_eq!(without_offer("hello"), None);
    }
}
