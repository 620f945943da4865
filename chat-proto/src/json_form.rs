//! The encoding for programs: one JSON object a line (RFC 8259, NDJSON).
//!
//! All objects are one flat `Object` of optional members, told apart by
//! `type`; only events, of which there are most, are written without it. Members
//! that a reader does not know are skipped, and so are objects from the server
//! whose `type` it does not know.

mod erasure;
mod event;
mod limits;
mod measure;
mod object;
mod private_part;
mod record;
mod reply;
mod request;
mod server_message;
mod standing;
mod trouble;
mod values;

use crate::catalogue::Arguments;
use crate::command::{Command, Entry, Hello, Past};
use object::{Object, ResumeObject};
use values::Str;

pub use crate::event::MAX_LINE;
pub use erasure::{becomes, erase};
pub use event::encode_event;
pub use private_part::{PrivatePart, private_part};
pub use record::{Record, Recorded};
pub use reply::encode_reply;
pub use request::parse_command;
pub use server_message::parse_server_message;
pub use standing::{encode_standing, parse_standing};
pub use values::MalformedObject;

/// Whether a line that [`encode_event`] wrote is of something said or done.
pub fn is_speech(line: &[u8]) -> bool {
    kind_of(line)
        .is_some_and(|kind| kind.starts_with(b"message\"") || kind.starts_with(b"action\""))
}

/// A line that [`encode_event`] wrote, from the first letter of its type on.
fn kind_of(line: &[u8]) -> Option<&[u8]> {
    // The type stands behind the number and the time. A name or a text could hold the
    // same characters only behind it, and escaped.
    const TYPE: &[u8] = b"\"type\":\"";
    let at = memchr::memmem::find(line, TYPE)?;
    Some(&line[at + TYPE.len()..])
}

/// Appends the line of a command. [`Command::Help`] has none: in this form it
/// is the program that helps.
pub fn encode_command(command: &Command, out: &mut Vec<u8>) {
    if let Command::Hello(hello) = command {
        return out.extend_from_slice(&hello.encode());
    }
    let Some(kind) = command.kind().entry().json else {
        return;
    };
    let mut object = Object {
        kind: kind.into(),
        ..Object::default()
    };
    match command {
        Command::Message { text, id } | Command::Action { text, id } => {
            object.text = Some(text.as_str().into());
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Command::Nick { name } | Command::Forget { name } => {
            object.name = Some(name.as_str().into())
        }
        Command::Ping { id } => object.id = id.as_ref().map(|id| id.as_str().into()),
        Command::History { past, id } => {
            match *past {
                Past::Last(count) => object.count = Some(count),
                Past::Range { first, last } => (object.first, object.last) = (Some(first), last),
            }
            object.id = id.as_ref().map(|id| id.as_str().into());
        }
        Command::Operate { operation, id } => {
            object.id = id.as_ref().map(|id| id.as_str().into());
            if let Arguments::Operation { slots, .. } = command.kind().entry().arguments {
                object.fill_operation(&operation.given(), slots);
            }
        }
        Command::Who { prefix } => object.prefix = prefix.as_ref().map(|it| it.as_str().into()),
        Command::Quit | Command::Help | Command::Password(_) | Command::Hello(_) => {}
    }
    object.write(out);
}

impl Hello {
    /// The line to send, with its end.
    pub fn encode(&self) -> Vec<u8> {
        let mut line = b"/hello ".to_vec();
        Object {
            protocol: Some(self.protocol),
            name: self.name.as_deref().map(Str::from),
            password: self.password.as_ref().map(|it| it.as_str().into()),
            resume: self.resume.as_ref().map(|resume| ResumeObject {
                room: resume.room.as_str().into(),
                seq: resume.seq,
                secret: resume.secret.map(|secret| secret.to_digits().into()),
            }),
            replay: Some(self.replay).filter(|replay| *replay > 0),
            program: self.program.as_ref().map(|it| it.as_str().into()),
            join: (self.entry == Entry::Aside).then_some(false),
            ..Object::default()
        }
        .write(&mut line);
        line
    }
}

#[cfg(test)]
mod tests;
