//! The connection: receiving, sending, and reconnecting.

use std::time::{Duration, Instant};

use super::App;
use super::end::End;
use super::intake::Intake;
use crate::conversation::{Audience, Carrier, about};
use crate::net::Received;
use crate::net::backoff::GiveUp;
use crate::net::link::Progress;
use crate::net::security::Remark;
use crate::output::line::Line;

impl App {
    /// Goes on reconnecting. The end, if the server is not the one that is meant, or if
    /// the encrypted connection that it has offered cannot be had.
    pub(super) fn reconnect(&mut self, now: Instant) -> Option<End> {
        match self.link.poll_reconnect(now) {
            Progress::None => None,
            Progress::Connected => {
                self.meet();
                self.conversation.handle_reconnect(now);
                None
            }
            Progress::Failed(error)
                if error.is_distrust() || self.conversation.outage_since().is_none() =>
            {
                Some(End::NoConnection(error))
            }
            // The row above the prompt says that there is none.
            Progress::Failed(_) => {
                self.link.disconnect(Duration::ZERO, now);
                None
            }
        }
    }

    /// There is a connection: tells what kind, and what is new about the server.
    pub(super) fn meet(&mut self) {
        if let Some(transport) = self.link.transport() {
            let carrier = if transport.is_encrypted() {
                Carrier::Encrypted {
                    key: self.link.shown_key(),
                }
            } else if transport.is_local() {
                Carrier::Local
            } else {
                Carrier::Open
            };
            self.conversation.handle_carrier(carrier);
        }
        let is_program = self.conversation.audience() == Audience::Program;
        for remark in self.link.remarks() {
            self.conversation.show(match remark {
                // A program's output is the conversation. The person who has started it
                // may read its standard error.
                Remark::Notice(text) if is_program => Line::error(text),
                Remark::Notice(text) => Line::notice(text),
                Remark::Trouble(text) | Remark::NoMemory(text) => Line::error(text),
            });
        }
    }

    /// Goes over to TLS, if the server has offered it. What came besides is not looked
    /// at.
    fn accept_tls(&mut self) -> bool {
        let is_wanted = self.conversation.wants_tls();
        if is_wanted {
            self.conversation.handle_tls_begun();
            self.link.encrypt();
        }
        is_wanted
    }

    /// Reads at most [`READS`] buffers, so that keys are seen to in a flood.
    pub(super) fn receive(&mut self) -> Option<End> {
        for _ in 0..READS {
            if self.output.is_full() {
                break;
            }
            let count = match self.link.read(&mut self.buffer) {
                Received::Bytes(count) => count,
                Received::Drained => break,
                Received::End => {
                    self.conversation.handle_close(Instant::now());
                    if self.accept_tls() {
                        return None;
                    }
                    return self.check_foreign_server().or_else(|| self.disconnect());
                }
                Received::Cut => {
                    return self.check_foreign_server().or_else(|| self.disconnect());
                }
            };
            let received = self
                .conversation
                .receive(&self.buffer[..count], Instant::now());
            if self.accept_tls() {
                return None;
            }
            // At once, since rows may be many times what they came as.
            let lines = self.lines(Instant::now());
            self.take(&lines);
            if received.is_err() {
                match self.conversation.outage_since() {
                    Some(_) => return self.disconnect(),
                    None => return Some(End::NotAChat),
                }
            }
        }
        if self.conversation.has_progressed() {
            self.link.progress();
        }
        None
    }

    /// The end, if the server is no chat server. After a loss another attempt may find
    /// the chat again.
    pub(super) fn check_foreign_server(&self) -> Option<End> {
        match self.conversation.outage_since() {
            None => self
                .conversation
                .foreign_server()
                .cloned()
                .map(End::ForeignServer),
            Some(_) => None,
        }
    }

    /// The connection is of no use any more: ends the client, or begins to reconnect.
    fn disconnect(&mut self) -> Option<End> {
        let conversation = &mut self.conversation;
        let returns =
            self.link.reconnects() && conversation.may_reconnect() && !conversation.is_leaving();
        if !returns {
            if let Some(goodbye) = conversation.goodbye() {
                let goodbye = Line::notice(goodbye);
                conversation.show(goodbye);
            }
            return Some(if conversation.is_put_out() {
                End::PutOut
            } else if conversation.is_leaving() {
                End::Left
            } else if conversation.is_unfit()
                && !conversation.was_welcomed()
                && !conversation.is_refused_for_good()
            {
                End::NotLetIn
            } else {
                End::ServerGone(conversation.end_reason())
            });
        }
        let now = Instant::now();
        let is_first = conversation.outage_since().is_none();
        // A full room is not to be left alone for longer and longer: there may be a
        // place at any time.
        if conversation.has_progressed() || conversation.is_refused_for_now() {
            self.link.progress();
        }
        let wait = conversation.handle_disconnect(now);
        self.link.disconnect(wait, now);
        // A prompt has a row for it, which goes away again.
        let is_prompt = self.prompt.is_some();
        if let Some(refusal) = conversation.tell_refusal() {
            conversation.show(Line::error(match self.link.deadline() {
                Some(at) if !is_prompt => {
                    let wait = at.saturating_duration_since(now);
                    format!("{refusal}; trying again in {}", about(wait))
                }
                _ => refusal,
            }));
        } else if is_first
            && !is_prompt
            && let Some(why) = conversation.outage_reason()
        {
            let lost = Line::status(format!("{why}; trying again"));
            conversation.show(lost);
        }
        None
    }

    /// The end, if the person leaves or the time to reconnect is over while there is no
    /// connection. One that does not lead back into the room counts as none.
    pub(super) fn while_away(&mut self) -> Option<End> {
        if self.conversation.is_unfit() {
            return self.disconnect();
        }
        self.conversation.outage_since()?;
        if self.conversation.is_leaving() {
            return Some(End::Left);
        }
        if self.give_up_at().is_some_and(|end| end <= Instant::now()) {
            return Some(End::GivenUp);
        }
        None
    }

    /// When the client stops trying to reconnect.
    pub(super) fn give_up_at(&self) -> Option<Instant> {
        let since = self.conversation.outage_since()?;
        let is_program = self.conversation.audience() == Audience::Program;
        if is_program && !self.conversation.was_welcomed() {
            return GiveUp::After(since).deadline(since);
        }
        // Behind a pipe that is full there may be nothing but its end, or a
        // program that stands still.
        let give_up = match (&self.prompt, self.intake) {
            (Some(_), _) | (None, Intake::Open) => GiveUp::Never,
            (None, Intake::Full(from) | Intake::Ended(from) | Intake::Broken(from)) => {
                GiveUp::After(from)
            }
        };
        give_up.deadline(since)
    }

    pub(super) fn send(&mut self) -> Option<End> {
        self.sent = self.link.is_writable() && !self.conversation.output().is_empty();
        if self.link.write(self.conversation.output()).is_err() {
            // It may have said something before it went.
            if let Some(end) = self.receive() {
                return Some(end);
            }
            if self.link.is_connected() {
                return self.disconnect();
            }
        }
        if self.conversation.is_leaving() && self.conversation.output().is_empty() {
            // A plain server learns only so that we are done.
            self.link.close_sending();
        }
        None
    }
}

/// Buffers that are read before keys are seen to and the screen is repainted.
const READS: usize = 16;
