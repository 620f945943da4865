//! The requests of programs. Each member of an object is read only where it means
//! something, so that members from a newer program are skipped.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{ResumeObject, parse_object};
use super::trouble;
use super::values::{number, string};
use crate::catalogue::{self, Arguments};
use crate::command::{
    Command, CommandError, Entry, Given, Hello, Kind, OwnConnections, Past, Resume, Slot,
};
use crate::event::{ErrorCode, MessageId, Rank, RoomId, Secret};
use crate::moderation::Remark;
use crate::name::NamePrefix;
use crate::password::Password;
use crate::text::Text;

/// Reads a line from a program of this rank, which decides what is proposed in the place of
/// an unknown `type`. `None` is a blank line.
///
/// # Errors
///
/// When it is not an object, or the object is not understood.
pub fn parse_command(line: &str, rank: Rank) -> Result<Option<Command>, CommandError> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let request: Request<'_> = parse_object(line).map_err(|why| {
        CommandError::new(
            ErrorCode::BadCommand,
            &format!("that is not an object of chat/1: {why}"),
        )
    })?;
    let id = match request.id {
        Some(id) => Some(
            string(id)
                .and_then(|id| MessageId::new(&id))
                .ok_or_else(|| {
                    CommandError::usage("an id is a string of 1 to 64 visible ASCII characters")
                })?,
        ),
        None => None,
    };
    let usage = |text: &str| CommandError::usage(text).about(id.clone());
    let text = || {
        let text = request
            .text
            .and_then(string)
            .ok_or_else(|| usage(&trouble::of_string("text", request.text)))?;
        Text::clean(&text).map_err(|error| CommandError::text(error).about(id.clone()))
    };
    let kind = request.kind.and_then(string).unwrap_or_default();
    let arguments = catalogue::by_type(&kind).map(|entry| entry.arguments);
    Ok(Some(match arguments {
        None | Some(Arguments::Hello(_) | Arguments::Password(_)) => {
            let types: Vec<_> = catalogue::types(rank).collect();
            return Err(usage(&format!("type is one of {}", types.join(", "))));
        }
        Some(Arguments::None(command)) => command(),
        Some(Arguments::Id(command)) => command(id),
        Some(Arguments::Text(command)) => command(text()?, id),
        Some(Arguments::Prefix(command)) => {
            let prefix = match request.prefix.map(string) {
                Some(None) => return Err(usage(&trouble::of_string("prefix", request.prefix))),
                prefix => prefix.flatten(),
            };
            command(prefix.and_then(|prefix| NamePrefix::new(&prefix)))
        }
        Some(Arguments::Name(command)) => {
            let name = request
                .name
                .and_then(string)
                .ok_or_else(|| usage(&trouble::of_string("name", request.name)))?;
            command(name.into_owned())
        }
        Some(Arguments::Past(command)) => {
            let past = request.to_past().ok_or_else(|| {
                usage(r#"history takes "count":20, or "first":1 and perhaps "last":9"#)
            })?;
            command(past, id)
        }
        Some(Arguments::Operation { slots, make }) => {
            let given = request.to_given(slots).map_err(|why| usage(&why))?;
            let form = catalogue::by_type(&kind).and_then(|entry| entry.text);
            let how = form.map_or("", |form| form.usage);
            let unfit = |why| CommandError::unfit(&why, how).about(id.clone());
            let operation = make(&given).map_err(unfit)?;
            Command::Operate { operation, id }
        }
    }))
}

impl Hello {
    /// Reads what stands behind `/hello`.
    ///
    /// # Errors
    ///
    /// When it is not an object with a `protocol`.
    pub fn parse(json: &str) -> Result<Self, CommandError> {
        let usage = || CommandError::usage(Kind::Hello.entry().text.map_or("", |form| form.usage));
        if !json.starts_with('{') {
            return Err(usage());
        }
        let request: Request<'_> = parse_object(json).map_err(|why| {
            CommandError::usage(&format!("that is not the object of a hello: {why}"))
        })?;
        let protocol = request.protocol.and_then(number).ok_or_else(usage)?;
        let name = match request.name.map(string) {
            Some(None) => {
                return Err(CommandError::usage(&trouble::of_string(
                    "name",
                    request.name,
                )));
            }
            name => name.flatten().map(Cow::into_owned),
        };
        // What is wrong with a password is told without it.
        let password = match request.password.map(string) {
            Some(None) => return Err(CommandError::usage("password is to be a string")),
            password => password.flatten().map(|text| Password::said(&text)),
        };
        let resume = match request.resume {
            Some(resume) => Some(to_resume(resume).ok_or_else(|| {
                CommandError::usage(r#"resume is to be {"room":"…","seq":41}, as in the welcome"#)
            })?),
            None => None,
        };
        let replay = match request.replay {
            Some(replay) => number(replay)
                .and_then(|count| usize::try_from(count).ok())
                .ok_or_else(|| CommandError::usage("replay is to be a number of messages"))?,
            None => 0,
        };
        // An unknown program is no reason to turn it away.
        let program = request.program.and_then(string);
        let program = program.and_then(|program| Remark::new(&program).ok());
        let entry = match request.join.map(RawValue::get) {
            Some("false") => Entry::Aside,
            _ => Entry::Join,
        };
        Ok(Self {
            program,
            entry,
            protocol,
            name,
            password,
            resume,
            replay,
        })
    }
}

/// The members of a program's object, not yet read.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    protocol: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    prefix: Option<&'a RawValue>,
    #[serde(borrow)]
    password: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    resume: Option<&'a RawValue>,
    #[serde(borrow)]
    replay: Option<&'a RawValue>,
    #[serde(borrow)]
    count: Option<&'a RawValue>,
    #[serde(borrow)]
    first: Option<&'a RawValue>,
    #[serde(borrow)]
    last: Option<&'a RawValue>,
    #[serde(borrow)]
    program: Option<&'a RawValue>,
    #[serde(borrow)]
    join: Option<&'a RawValue>,
    #[serde(borrow)]
    what: Option<&'a RawValue>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    seconds: Option<&'a RawValue>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
    #[serde(borrow)]
    force: Option<&'a RawValue>,
}

impl Request<'_> {
    /// The pieces of an operation; the error is for the sender.
    fn to_given(&self, slots: &[Slot]) -> Result<Given, String> {
        let mut given = Given::default();
        for slot in slots {
            match *slot {
                Slot::Word(key) => {
                    let value = match key {
                        "what" => self.what,
                        _ => self.name,
                    };
                    let word = value.and_then(string).map(Cow::into_owned);
                    given.word = Some(word.ok_or_else(|| trouble::of_string(key, value))?);
                }
                Slot::Number(key) => {
                    let value = match key {
                        "target" => self.target,
                        _ => self.seconds,
                    };
                    let not_one = || format!("{key} is to be a number");
                    given.number = Some(value.and_then(number).ok_or_else(not_one)?);
                }
                Slot::Term => {
                    let not_one = || {
                        r#"duration is to be a time such as "30m", "2h", "7d", or "forever""#
                            .to_owned()
                    };
                    let term = |value| string(value).and_then(|text| text.parse().ok());
                    let term = self.duration.map(|value| term(value).ok_or_else(not_one));
                    given.term = term.transpose()?;
                }
                Slot::Rest => {
                    let text = |value| string(value).map(Cow::into_owned);
                    let not_one = || trouble::of_string("text", self.text);
                    let text = self.text.map(|value| text(value).ok_or_else(not_one));
                    given.text = text.transpose()?;
                }
                Slot::Emphasis => {
                    let force = self.force.map(RawValue::get);
                    if force == Some("true") {
                        given.own = OwnConnections::Included;
                    }
                }
            }
        }
        Ok(given)
    }

    fn to_past(&self) -> Option<Past> {
        if let Some(count) = self.count {
            return Some(Past::Last(number(count)?.try_into().ok()?));
        }
        Some(Past::Range {
            first: number(self.first?)?,
            last: match self.last {
                Some(last) => Some(number(last)?),
                None => None,
            },
        })
    }
}

fn to_resume(value: &RawValue) -> Option<Resume> {
    let ResumeObject { room, seq, secret } = parse_object(value.get()).ok()?;
    let room = RoomId::new(&room)?;
    let secret = secret.as_deref().and_then(Secret::parse);
    Some(Resume { room, seq, secret })
}
