//! The encoding for `nc`, telnet and eyes.
//!
//! Every line is CR, content, LF: the CR lets it overwrite the prompt that a
//! raw client shows. What kind of line it is can be told from its first
//! character, which no name and no text can forge, since every line of a text
//! stands behind its speaker's name.

mod crowd;
mod measure;
mod reply;

use crate::catalogue::{self, Arguments, Entry, TextForm};
use crate::command::{Command, CommandError, Given, Hello, OwnConnections, Past, Slot};
use crate::event::{Body, Event, Person, Rank, Reply, Speech};
use crate::name::NamePrefix;
use crate::password::Password;
use crate::text::{self, Text, TextError};

pub use crowd::{MAX_ONE_BY_ONE, entered, left, people_are_here};
pub use measure::{ANNOUNCED, measure, private, some_of, topic};
pub use reply::{bans, whois};

/// How the first line of the server's greeting begins (after its CR).
pub const GREETING: &str = "-- chat/1";

/// What stands behind [`GREETING`] and a blank, and behind [`TLS_OFFERED`] if that is there,
/// in a room that asks for a password before it tells anything of itself.
pub const PASSWORD_WANTED: &str = "password";

/// What stands behind [`GREETING`] and a blank, on a connection that is not encrypted,
/// if the same port also takes TLS from the first byte. A program that speaks TLS closes
/// and comes again that way.
pub const TLS_OFFERED: &str = "tls";

/// What stands behind [`GREETING`] and a blank, and behind [`TLS_OFFERED`] if that is there,
/// in a room that lets in only peers whose key it knows, and not this one.
pub const KEYS_ONLY: &str = "keys only";

/// What stands behind [`GREETING`] and a blank, and behind [`TLS_OFFERED`] if that is there,
/// if the peer is banned. The reason stands behind it and a colon.
pub const BANNED: &str = "banned";

/// What stands behind [`GREETING`] and a blank, and behind [`TLS_OFFERED`] if that is there,
/// in a room that lets no newcomers in now. The reason stands behind it and a colon. A
/// program that was in the room comes in all the same, if its hello proves that.
pub const LOCKED: &str = "locked";

/// The longest line that a connection in this form may send: a text of the
/// longest kind behind the longest command.
pub const MAX_LINE: usize = text::MAX_TEXT + "/announce ".len();

/// Appends the lines of an event.
pub fn encode_event(event: &Event, out: &mut Vec<u8>) {
    encode(event, "", out);
}

/// Appends the lines of an event of the past, each with its time (UTC).
/// Nothing else begins with a digit.
pub fn encode_dated(event: &Event, out: &mut Vec<u8>) {
    encode(event, &(event.time.to_seconds() + " "), out);
}

/// The same with the number of the event behind its time: `2026-11-23T10:00:00Z #41 <ann> hi`.
pub fn encode_numbered(event: &Event, out: &mut Vec<u8>) {
    let time = event.time.to_seconds();
    encode(event, &format!("{time} #{} ", event.seq), out);
}

/// Appends the line that only operators are sent, behind those of [`encode_event`], if the
/// event has one.
pub fn encode_private(event: &Event, out: &mut Vec<u8>) {
    if let Body::Measure(measure) = &event.body
        && let Some(line) = private(measure)
    {
        put(out, &[&line]);
    }
}

fn encode(event: &Event, time: &str, out: &mut Vec<u8>) {
    match &event.body {
        Body::Message(Speech { name, text, .. }) => {
            for line in text.as_str().split('\n') {
                put(out, &[time, "<", name.as_str(), "> ", line]);
            }
        }
        Body::Action(Speech { name, text, .. }) => {
            for line in text.as_str().split('\n') {
                put(out, &[time, "* ", name.as_str(), " ", line]);
            }
        }
        Body::Entered(arrivals) => {
            for line in entered(arrivals.iter().map(|arrival| &arrival.name)) {
                put(out, &[time, &line]);
            }
        }
        Body::Left(names) => {
            for line in left(names.iter()) {
                put(out, &[time, &line]);
            }
        }
        Body::People { people, .. } => put(out, &[time, &people_are_here(*people)]),
        Body::Renamed { old, new, .. } => {
            put(
                out,
                &[time, "[", old.as_str(), "] is now known as ", new.as_str()],
            );
        }
        Body::Measure(measure) => {
            for line in measure::measure(measure, event.time) {
                put(out, &[time, &line]);
            }
        }
        Body::Room { .. } => {}
    }
}

/// Appends the lines of a reply.
pub fn encode_reply(reply: &Reply, out: &mut Vec<u8>) {
    match reply {
        Reply::Notice(text)
        | Reply::Error { text, .. }
        | Reply::Done { text, .. }
        | Reply::Goodbye { text, .. } => put_remarks(out, text.as_str().split('\n')),
        Reply::Bans { bans, .. } => put_remarks(out, self::bans(bans)),
        Reply::Whois { person, .. } => put_remarks(out, whois(person)),
        Reply::People { people: 0, .. } => put(out, &["-- no person is in the room"]),
        Reply::People { people, names, .. } if names.is_empty() => {
            let people = people.to_string();
            put(out, &["-- here (", &people, " in all): no name begins so"]);
        }
        Reply::People { people, names, .. } => {
            let people = people.to_string();
            put(out, &["-- here (", &people, " in all): ", &list(names)]);
        }
        Reply::Gap { missed: 1 } => put(out, &["-- you missed 1 line"]),
        Reply::Gap { missed } => put(out, &["-- you missed ", &missed.to_string(), " lines"]),
        Reply::History { first, last, .. } if first > last => {
            put(out, &["-- nothing has been said yet"]);
        }
        // Its end can be seen, and there are no marks in this form.
        Reply::History { .. } | Reply::Confirmed { .. } => {}
        // Only programs ask for these, and they speak JSON.
        Reply::Welcome(welcome) => {
            put(out, &["-- you are ", welcome.name.as_str()]);
        }
        Reply::Pong { .. } => put(out, &["-- pong"]),
    }
}

/// The server's words to one peer.
fn put_remarks(out: &mut Vec<u8>, lines: impl IntoIterator<Item: AsRef<str>>) {
    for line in lines {
        put(out, &["-- ", line.as_ref()]);
    }
}

fn list(people: &[Person]) -> String {
    let names = people.iter().map(|person| person.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    out.push(b'\r');
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'\n');
}

/// Reads the line that a person of this rank typed. The rank decides what is proposed in the
/// place of an unknown command, and how a command that lacks something is refused; whether
/// the person may say a command is for the caller to decide. `None` is a line that shows
/// nothing, such as a blank one or one that only sets colours.
///
/// # Errors
///
/// When the command is unknown, or lacks an argument.
pub fn parse_command(line: &str, rank: Rank) -> Result<Option<Command>, CommandError> {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    if line.trim().is_empty() {
        return Ok(None);
    }
    let said = |text: &str| Text::clean(text).map_err(CommandError::text);
    let Some(command) = line.strip_prefix('/') else {
        return match Text::clean(line) {
            Ok(text) => Ok(Some(Command::Message { text, id: None })),
            Err(TextError::Empty) => Ok(None),
            Err(error) => Err(CommandError::text(error)),
        };
    };
    if command.starts_with('/') {
        return Ok(Some(Command::Message {
            text: said(command)?,
            id: None,
        }));
    }
    let (word, rest) = command.split_once([' ', '\t']).unwrap_or((command, ""));
    let ((entry, form), own) = look_up(word).ok_or_else(|| unknown(word, rank))?;
    let rest = rest.trim();
    let usage = || CommandError::usage(form.usage);
    let command = match entry.arguments {
        Arguments::None(command) => command(),
        Arguments::Id(command) => command(None),
        Arguments::Text(_) | Arguments::Name(_) | Arguments::Password(_) if rest.is_empty() => {
            return Err(usage());
        }
        Arguments::Text(command) => command(said(rest)?, None),
        Arguments::Name(command) => command(rest.to_owned()),
        Arguments::Prefix(command) => command(NamePrefix::new(rest)),
        Arguments::Password(command) => command(Password::said(rest)),
        Arguments::Past(command) => {
            let count = match rest {
                "" => Past::DEFAULT_COUNT,
                count => count.parse().map_err(|_| usage())?,
            };
            command(Past::Last(count), None)
        }
        Arguments::Hello(command) => command(Hello::parse(rest)?),
        Arguments::Operation { slots, make } => {
            let given = given(rest, slots, own).ok_or_else(usage);
            let unfit = |why| CommandError::unfit(&why, form.usage);
            let operation = given.and_then(|given| make(&given).map_err(unfit));
            // How to say it is no use to a person who may not.
            let refusal = |why| match entry.rank <= rank {
                true => why,
                false => CommandError::not_allowed(form.word),
            };
            Command::Operate {
                operation: operation.map_err(refusal)?,
                id: None,
            }
        }
    };
    Ok(Some(command))
}

/// The command with this word, which may have a `!` behind it.
fn look_up(word: &str) -> Option<((&'static Entry, &'static TextForm), OwnConnections)> {
    if let Some(known) = catalogue::by_word(word) {
        return Some((known, OwnConnections::Spared));
    }
    let (entry, form) = catalogue::by_word(word.strip_suffix('!')?)?;
    let may_be = matches!(entry.arguments,
        Arguments::Operation { slots, .. } if slots.contains(&Slot::Emphasis));
    may_be.then_some(((entry, form), OwnConnections::Included))
}

/// Splits what stands behind a command. `None` if it is too much, or no time stands in the
/// place of one.
fn given(mut rest: &str, slots: &[Slot], own: OwnConnections) -> Option<Given> {
    let mut given = Given {
        own,
        ..Given::default()
    };
    for slot in slots {
        let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let behind = behind.trim_start();
        match slot {
            Slot::Emphasis => continue,
            Slot::Rest => {
                given.text = Some(rest.to_owned()).filter(|rest| !rest.is_empty());
                return Some(given);
            }
            Slot::Word(_) => given.word = Some(word.to_owned()).filter(|word| !word.is_empty()),
            Slot::Number(_) if word.is_empty() => {}
            Slot::Number(_) => given.number = Some(word.parse().ok()?),
            Slot::Term => match word.parse() {
                Ok(term) => given.term = Some(term),
                // Probably meant for one.
                Err(()) if word.starts_with(|first: char| first.is_ascii_digit()) => return None,
                Err(()) => continue,
            },
        }
        rest = behind;
    }
    (rest.is_empty() || slots.is_empty()).then_some(given)
}

fn unknown(word: &str, rank: Rank) -> CommandError {
    let shown: String = text::clean(word).chars().take(32).collect();
    let advice = match catalogue::nearest(word, rank) {
        Some(command) => format!(": did you mean /{command}? /help lists the commands"),
        None => "; /help lists the commands, // says a line that begins with /".to_owned(),
    };
    CommandError::usage(&format!("there is no /{shown}{advice}"))
}

#[cfg(test)]
mod tests;
