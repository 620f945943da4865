//! Plain lines, for pipes, files and terminals that can do no more.

use chat_proto::name::Name;
use std::io::{self, Write};

use super::blocking::BlockingWriter;
use super::line::{Kind, Line};
use super::pending::MAX_PENDING;
use super::style::Style;
use crate::sys;

/// Standard output that is only written to.
#[derive(Debug)]
pub struct Plain {
    out: BlockingWriter,
    style: Style,
    format: Format,
    /// Rows to write in this round.
    rows: String,
}

/// The content of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The conversation, for people.
    Lines,
    /// The server's objects, for programs.
    Objects,
    /// Nothing.
    Nothing,
}

impl Plain {
    pub(super) fn new(style: Style, format: Format) -> io::Result<Self> {
        Ok(Self {
            out: BlockingWriter(sys::stdout()?),
            style,
            format,
            rows: String::new(),
        })
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= MAX_PENDING
    }

    pub(super) fn show(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.out.write_all(rows.as_bytes())?;
        self.out.flush()
    }

    /// Errors go to standard error, so that a script can tell them from messages.
    pub(super) fn take(&mut self, lines: &[Line], me: Option<&Name>) {
        for line in lines {
            let aloud = match &line.kind {
                Kind::Error(text) => Some(text),
                // Programs read only objects, and people may still wonder.
                Kind::Status(text) | Kind::Warning(text) if self.format == Format::Objects => {
                    Some(text)
                }
                _ => None,
            };
            if let Some(text) = aloud {
                // Standard error is the last resort.
                let _ = writeln!(io::stderr(), "chat-client: {text}");
            } else if self.format == Format::Lines {
                self.style.render(line, me, &mut self.rows);
            }
        }
    }

    pub(super) fn take_objects(&mut self, objects: impl Iterator<Item = String>) {
        if self.format == Format::Objects {
            for object in objects {
                self.rows.extend([&object, "\n"]);
            }
        }
    }
}
