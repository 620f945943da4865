//! Messages that the room has not confirmed. Pure.

use std::collections::VecDeque;

use chat_proto::command::Command;
use chat_proto::event::MessageId;
use chat_proto::json_form;
use chat_proto::text::Text;

use crate::random::Random;

/// Lines that wait to be sent, and messages that were sent and have not come back. The
/// latter keep their ids: a message that is sent again under the same id is in the room
/// once, whether or not it had arrived.
#[derive(Debug)]
pub(super) struct Outbox {
    /// Typed before it could be sent.
    waiting: VecDeque<String>,
    /// Sent and not yet come back, in order.
    unconfirmed: VecDeque<Sent>,
    random: Random,
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Sent {
    id: MessageId,
    pub(super) kind: SpeechKind,
    pub(super) text: Text,
}

/// The kind of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum SpeechKind {
    Message,
    Action,
}

impl Outbox {
    pub(super) fn new(random: Random) -> Self {
        Self {
            waiting: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            random,
        }
    }

    /// Keeps a line until it can be sent.
    pub(super) fn wait(&mut self, line: String) {
        self.waiting.push_back(line);
    }

    /// The line whose turn it is.
    pub(super) fn next_waiting(&mut self) -> Option<String> {
        self.waiting.pop_front()
    }

    /// Sends a message, and keeps it until it is confirmed.
    pub(super) fn send(&mut self, kind: SpeechKind, text: Text, output: &mut Vec<u8>) {
        let id = self.random.message_id();
        let sent = Sent { id, kind, text };
        sent.encode(output);
        self.unconfirmed.push_back(sent);
    }

    /// Sends all unconfirmed messages again.
    pub(super) fn send_again(&self, output: &mut Vec<u8>) {
        for sent in &self.unconfirmed {
            sent.encode(output);
        }
    }

    /// The text of the message with this id, if it is unconfirmed.
    pub(super) fn text_of(&self, id: &MessageId) -> Option<&Text> {
        let mut unconfirmed = self.unconfirmed.iter();
        unconfirmed
            .find(|sent| sent.id == *id)
            .map(|sent| &sent.text)
    }

    /// The room has the message with this id, or has refused it. Returns the message,
    /// if it is one of ours.
    pub(super) fn settle(&mut self, id: &MessageId) -> Option<Sent> {
        let place = self.unconfirmed.iter().position(|sent| sent.id == *id)?;
        self.unconfirmed.remove(place)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.unconfirmed.is_empty()
    }

    /// All texts in the order in which they were said, without line ends at their end,
    /// which are not sent.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let unconfirmed = self.unconfirmed.iter().map(|sent| sent.text.as_str());
        let waiting = self.waiting.iter();
        unconfirmed.chain(waiting.map(|line| line.trim_end_matches(['\r', '\n'])))
    }
}

impl Sent {
    fn encode(&self, output: &mut Vec<u8>) {
        let (text, id) = (self.text.clone(), Some(self.id.clone()));
        let command = match self.kind {
            SpeechKind::Message => Command::Message { text, id },
            SpeechKind::Action => Command::Action { text, id },
        };
        json_form::encode_command(&command, output);
    }
}
