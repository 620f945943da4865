//! Servers of plain lines: the tutorial's, `ncat --chat`. They confirm nothing, and
//! their lines are shown as they come.

use chat_proto::text::{self, Text};

use super::Conversation;
use super::commands::is_quit;
use super::foreign::ServerKind;
use super::stage::{Departure, Stage};
use crate::output::line::{Kind, Line};

impl Conversation {
    /// How many lines a server of plain lines has not taken. They are bytes in the
    /// output by now, and counted there.
    pub fn unsent(&self) -> usize {
        match self.is_plain() {
            true => self.output.iter().filter(|&&byte| byte == b'\n').count(),
            false => 0,
        }
    }

    /// The server is one of plain lines: sends it the lines that waited.
    pub(super) fn be_plain(&mut self, stage: Stage) {
        self.warn_of_plain();
        if matches!(self.stage, Stage::Undecided { .. })
            && self.options.server != ServerKind::PlainLines
        {
            self.show(Line::notice(UNCONFIRMED));
        }
        self.stage = stage;
        // A person who has left is told the lines that waited; nothing more is sent.
        while !self.is_leaving()
            && let Some(line) = self.outbox.next_waiting()
        {
            self.send_plain(&line);
        }
        self.quit_next();
    }

    pub(super) fn send_plain(&mut self, line: &str) {
        if is_quit(line) {
            self.departure = Departure::Leaving;
            return;
        }
        match Text::clean(line) {
            Ok(text) => {
                self.output.extend_from_slice(text.as_str().as_bytes());
                self.output.push(b'\n');
                self.show(Line::new(
                    None,
                    Kind::Message {
                        speaker: None,
                        text,
                    },
                ));
            }
            Err(text::TextError::Empty) => {}
            Err(error) => self.refuse(format!("that was not sent: {error}")),
        }
    }

    /// Shows a line of the server.
    pub(super) fn show_plain(&mut self, line: &str) {
        // The tutorial's server puts a CR before each message, also where the
        // line before it had no end.
        let rows = line.split('\r').filter(|row| !row.is_empty());
        let rows: Vec<_> = rows.map(text::clean).collect();
        if !rows.is_empty() {
            // As one line: each row by itself would take many times its bytes.
            self.show(Line::new(None, Kind::Raw(rows.join("\n"))));
        }
    }
}

const UNCONFIRMED: &str = "\
this server does not greet as a chat server does: what you type is sent to it
line by line, and nothing tells whether it arrives";
