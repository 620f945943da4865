//! What comes from the peer: bytes to lines, as many as may be processed now.

use std::mem;

use chat_proto::event::ErrorCode;
use chat_proto::framing::{Endless, Item, LineDecoder};
use chat_proto::{json_form, text_form};

use super::Session;
use super::input::Input;
use super::participant::Rest;
use super::reason::Reason;
use super::stage::Stage;
use crate::clock::Now;
use crate::hub::Hub;
use crate::timeline::mark::Form;

impl Session {
    /// Takes what the peer sent.
    pub(crate) fn receive(&mut self, input: &[u8], hub: &mut Hub, now: Now) {
        if self.input.has_backlog() {
            self.input.put_back(input);
            self.go_on(hub, now);
        } else {
            self.process(input, hub, now);
        }
    }

    /// Processes input that had to wait, if it no longer has to.
    pub(crate) fn go_on(&mut self, hub: &mut Hub, now: Now) {
        self.participant.go_on_with_who(hub, now);
        self.participant.go_on_with_bans(hub, now);
        if self.input.has_backlog() && self.wants_input() {
            let backlog = self.input.backlog.change(mem::take);
            self.process(&backlog, hub, now);
        }
    }

    /// The peer will send nothing more. What it was in the middle of saying is
    /// not said: half a line is not what a person means.
    pub(crate) fn input_ended(&mut self, hub: &mut Hub, now: Now) {
        let rest = match self.input.partial() {
            0 => Rest::Nothing,
            _ => Rest::HalfALine,
        };
        self.participant.input_ended(rest, hub, now);
    }

    /// The line that it is in the middle of takes memory that others need.
    pub(crate) fn end_partial_line(&mut self, hub: &mut Hub, now: Now) {
        self.input.decoder = LineDecoder::default();
        let text = "the lines of all that have no end yet are too long together, \
                    and yours is one of the longest: goodbye";
        if self.stage() != Stage::Closing {
            self.participant.error(ErrorCode::TooLong, text, hub, now);
            self.participant.end(Reason::NoLineEnd, hub, now);
        }
    }

    /// Takes lines off `input` while they may be processed, but no more than
    /// a turn's worth; the rest has to wait.
    fn process(&mut self, mut input: &[u8], hub: &mut Hub, now: Now) {
        let written = hub.timeline.written();
        for _ in 0..TURN_LINES {
            let is_full = hub.timeline.written() - written >= TURN_BYTES;
            if is_full || !self.wants_input() || !self.take_item(&mut input, hub, now) {
                break;
            }
        }
        if !input.is_empty() && self.stage() != Stage::Closing {
            self.input.put_back(input);
        }
    }

    /// Takes the next item off `input`, if there is a whole one.
    fn take_item(&mut self, input: &mut &[u8], hub: &mut Hub, now: Now) -> bool {
        let Self {
            input: Input { decoder, .. },
            participant,
        } = self;
        let max_line = match participant.form {
            Form::Text => text_form::MAX_LINE,
            Form::Json => json_form::MAX_LINE,
        };
        let offered = input.len();
        let item = decoder.next_item(input, max_line);
        participant.pay_for(offered - input.len(), &item, hub, now);
        match item {
            Ok(Some(Item::Line(line))) => participant.line(line, hub, now),
            Ok(Some(Item::Telnet(telnet))) => participant.telnet(telnet, hub, now),
            Ok(None) => {
                let unended = decoder.pending();
                if let Some(foreign) = participant.beginning.unended(unended) {
                    participant.foreign(foreign, hub, now);
                }
                return false;
            }
            Err(Endless) => {
                let text = "that was 64 KiB without a line end: goodbye";
                participant.error(ErrorCode::TooLong, text, hub, now);
                participant.end(Reason::NoLineEnd, hub, now);
                return false;
            }
        }
        true
    }
}

/// What one connection may say before it is the turn of the next, in lines and
/// in what they come to in both forms together: a line of two bytes can be
/// 200 in JSON form, and a text of a thousand lines a thousand prefixed ones.
pub(super) const TURN_LINES: usize = 64;
pub(super) const TURN_BYTES: u64 = 64 * 1024;
