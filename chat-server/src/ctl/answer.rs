//! What of the server's lines is the answer to a command, and how it is shown. Pure.

use chat_proto::command::{Command, Kind};
use chat_proto::event::{MessageId, Reply, ServerMessage};
use chat_proto::json_form;
use chat_proto::text_form::{self, GREETING};

/// How answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As people at a terminal are told.
    Text,
    /// As the server sends them: an object a line.
    Objects,
}

/// The answer to a command, as far as it has come.
#[derive(Debug)]
pub(super) struct Answer {
    kind: Kind,
    id: MessageId,
    format: Format,
}

/// What a line of the server is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) shown: Shown,
    /// Nothing else follows.
    pub(super) verdict: Option<Verdict>,
}

/// What is shown of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    /// On standard output.
    Output(String),
    /// On standard error.
    Trouble(String),
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    Refused,
    /// The server is no longer there, and why.
    Gone(String),
}

impl Answer {
    /// The answer to this command, which was asked under this mark.
    pub(super) fn new(command: &Command, id: MessageId, format: Format) -> Self {
        Self {
            kind: command.kind(),
            id,
            format,
        }
    }

    /// Takes a line of the server.
    pub(super) fn hear(&self, line: &str) -> Heard {
        let message = match json_form::parse_server_message(line) {
            Ok(Some(message)) => message,
            Ok(None) => return self.heard(line, Shown::Nothing, None),
            Err(_) => {
                let why = "the server has sent what is no object of chat/1";
                return Heard {
                    shown: Shown::Nothing,
                    verdict: Some(Verdict::Gone(why.to_owned())),
                };
            }
        };
        let text = text(&message);
        let verdict = self.verdict(&message);
        let shown = match &verdict {
            Some(Verdict::Refused) => Shown::Trouble(text),
            // It is told as the reason.
            Some(Verdict::Gone(_)) => Shown::Nothing,
            Some(Verdict::Done) | None => Shown::Output(text),
        };
        self.heard(line, shown, verdict)
    }

    fn heard(&self, line: &str, shown: Shown, verdict: Option<Verdict>) -> Heard {
        let shown = match self.format {
            Format::Text => shown,
            Format::Objects => Shown::Output(line.to_owned()),
        };
        Heard { shown, verdict }
    }

    fn verdict(&self, message: &ServerMessage) -> Option<Verdict> {
        let ServerMessage::Reply(reply) = message else {
            return None;
        };
        let is_ours = |id: &Option<MessageId>| id.as_ref().is_none_or(|id| *id == self.id);
        match reply {
            Reply::Error { id, .. } if is_ours(id) => Some(Verdict::Refused),
            Reply::Goodbye { text, .. } => Some(Verdict::Gone(text.to_string())),
            Reply::Done { id, .. }
            | Reply::Whois { id, .. }
            | Reply::History { id, .. }
            | Reply::Bans {
                id, more: false, ..
            } if is_ours(id) => Some(Verdict::Done),
            Reply::People { more: false, .. } => Some(Verdict::Done),
            // A sentence is all that it has for an answer.
            Reply::Notice(_) if self.kind == Kind::Forget => Some(Verdict::Done),
            _ => None,
        }
    }
}

/// The lines that a peer in text form would be shown, without what marks them there. What was
/// said has its number, by which `erase` knows it.
fn text(message: &ServerMessage) -> String {
    let mut bytes = Vec::new();
    let number = match message {
        ServerMessage::Reply(reply) => {
            text_form::encode_reply(reply, &mut bytes);
            String::new()
        }
        ServerMessage::Event(event) => {
            text_form::encode_dated(event, &mut bytes);
            format!("#{} ", event.seq)
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(|line| {
        let line = line.trim_start_matches('\r');
        format!("{number}{}", line.strip_prefix(REMARK).unwrap_or(line))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a line is that comes before the welcome.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Greeted {
    /// The first one, and what it says behind the words for programs.
    Chat(String),
    /// More words for people.
    Words,
    /// We are in.
    Welcome,
    /// We are not, and why.
    Refused(String),
    /// It is no chat server's.
    Foreign,
}

/// Reads a line that comes before the welcome.
pub(super) fn greeted(line: &str) -> Greeted {
    let words = line.trim_start_matches('\r');
    if let Some(words) = words.strip_prefix(GREETING) {
        return Greeted::Chat(words.trim().to_owned());
    }
    if words.starts_with(REMARK) {
        return Greeted::Words;
    }
    match json_form::parse_server_message(line) {
        Ok(Some(ServerMessage::Reply(Reply::Welcome(_)))) => Greeted::Welcome,
        Ok(Some(ServerMessage::Reply(Reply::Error { text, .. } | Reply::Goodbye { text, .. }))) => {
            Greeted::Refused(text.to_string())
        }
        Ok(_) => Greeted::Words,
        Err(_) => Greeted::Foreign,
    }
}

/// What marks the server's words in text form.
const REMARK: &str = "-- ";

#[cfg(test)]
mod tests;
