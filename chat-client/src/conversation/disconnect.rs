//! Lost connections, and attempts that do not get to a welcome.

use std::mem;
use std::time::{Duration, Instant};

use chat_proto::framing::{self, LineDecoder};

use super::netsplit::Netsplit;
use super::outage::Outage;
use super::stage::{Refusal, Stage};
use super::{Conversation, FULL_FOR, WELCOME_WITHIN, undecided};

impl Conversation {
    /// The server has closed the connection: the beginning of a last line is all of it.
    pub fn handle_close(&mut self, now: Instant) {
        if matches!(
            self.stage,
            Stage::Undecided { .. } | Stage::PlainSoFar | Stage::Plain | Stage::Returning { .. }
        ) && let Some(rest) = self.decoder.take_pending()
        {
            let rest = String::from_utf8_lossy(&rest);
            self.line(framing::Line::Whole(&rest), now);
        }
    }

    /// The connection is lost and is to be made again, or an attempt to do so has
    /// failed. How long the server wants to be left alone.
    pub fn handle_disconnect(&mut self, now: Instant) -> Duration {
        let outage = self.outage.get_or_insert_with(|| Outage {
            since: now,
            why: "connection lost".to_owned(),
            refused: None,
        });
        let refusal = match mem::replace(&mut self.stage, Stage::Disconnected) {
            Stage::Hello { refusal, .. } | Stage::Unfit { refusal } => refusal,
            Stage::Json(_) => {
                let others = self.people.names().cloned();
                self.netsplit = Some(Netsplit::new(self.netsplit.take(), others, self.me.clone()));
                None
            }
            _ => None,
        };
        let mut wait = Duration::ZERO;
        if let Some((text, after)) = self.goodbye.take() {
            (outage.why, wait) = (text, after);
        }
        if let Some(Refusal::ForNow(text)) = refusal {
            outage.why = "not let in yet".to_owned();
            wait = FULL_FOR;
            outage.refuse(text);
        }
        self.decoder = LineDecoder::default();
        self.partial_since = None;
        // Half a line is dropped; the outbox sends whole messages again.
        self.output.clear();
        wait
    }

    /// Why the server had no room for us; once, as long as it is the same.
    pub fn tell_refusal(&mut self) -> Option<String> {
        self.outage.as_mut()?.tell_refusal()
    }

    /// There is a connection again, or the encrypted one in the place of the first.
    pub fn handle_reconnect(&mut self, now: Instant) {
        self.stage = match self.outage {
            Some(_) => Stage::Returning {
                until: now + WELCOME_WITHIN,
            },
            None => undecided(&self.options, now),
        };
    }

    /// The moment of the loss, until the next welcome.
    pub fn outage_since(&self) -> Option<Instant> {
        self.outage.as_ref().map(|outage| outage.since)
    }

    /// The reason of the outage, for people, while it lasts.
    pub fn outage_reason(&self) -> Option<&str> {
        self.outage.as_ref().map(|outage| outage.why.as_str())
    }

    /// Whether the server was reached since the loss, and had no room for us.
    pub fn was_refused(&self) -> bool {
        self.outage
            .as_ref()
            .is_some_and(|outage| outage.refused.is_some())
    }

    /// Whether a lost connection is worth another one: the server has let us in
    /// before, or has no room only for now.
    pub fn may_reconnect(&self) -> bool {
        match self.stage.refusal() {
            Some(Refusal::ForNow(_)) => true,
            Some(Refusal::ForGood | Refusal::PutOut | Refusal::TlsOnly) => false,
            None => self.was_welcomed() || self.outage.is_some(),
        }
    }

    /// Whether the server has said, over this connection, that it has no room now.
    pub fn is_refused_for_now(&self) -> bool {
        matches!(self.stage.refusal(), Some(Refusal::ForNow(_)))
    }

    /// The server's goodbye.
    pub fn goodbye(&self) -> Option<&str> {
        self.goodbye.as_ref().map(|(text, _)| text.as_str())
    }

    /// Why the server closed the connection, if the person has not been told already.
    pub fn end_reason(&self) -> Option<String> {
        Some(match (self.stage.refusal(), &self.stage) {
            (Some(Refusal::ForNow(text)), _) => text.clone(),
            (Some(Refusal::ForGood | Refusal::PutOut), _) => return None,
            (Some(Refusal::TlsOnly), _) => TLS_ONLY.to_owned(),
            (None, Stage::Undecided { .. } | Stage::PlainSoFar) => {
                "the server closed the connection without a word. Is it a chat server?".to_owned()
            }
            (None, Stage::Password) => {
                "the server closed the connection, since no right password came".to_owned()
            }
            (None, Stage::Hello { .. }) => {
                "the server closed the connection before it let us in".to_owned()
            }
            _ => "the server went away".to_owned(),
        })
    }
}

/// The words of a client that may not encrypt.
const TLS_ONLY: &str = "this server lets nobody in without encryption: leave out --no-tls";
