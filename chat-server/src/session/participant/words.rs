//! What a connection is told in sentences.

use chat_proto::catalogue::{self, Arguments};
use chat_proto::event::{Limits, Rank, Reply};
use chat_proto::foreign::Foreign;
use chat_proto::name::Name;
use chat_proto::text::MAX_TEXT;
use chat_proto::text_form::{BANNED, KEYS_ONLY, LOCKED};
use chat_proto::{json_form, text_form};

use crate::access::keys::PersonKey;
use crate::hub::{Hub, notice};
use crate::net::transport::Carrier;
use crate::room::verdict::Bar;
use crate::timeline::mark::Form;

/// The commands, and how much may be said.
pub(super) fn help(rank: Rank, limits: &Limits) -> String {
    let rate = match limits.rate {
        0 => String::new(),
        rate => format!(", and {rate} lines a second are heard: the others wait"),
    };
    let commands = catalogue::help(rank, None);
    format!("{commands}\n{HELP_FOR_PROGRAMS}\n{}{rate}", most(limits))
}

const HELP_FOR_PROGRAMS: &str =
    r#"programs get JSON by answering /hello {"protocol":1,"name":"ann"}"#;

/// A line was too long, of which this is the start.
pub(super) fn long_line(form: Form, start: &[u8], limits: &Limits) -> String {
    let is_command = start.starts_with(b"/") && !start.starts_with(b"//") && !is_said(start);
    match form {
        Form::Json => {
            let line = json_form::MAX_LINE;
            format!("that was not sent: a line of JSON has at most {line} bytes, escapes included")
        }
        Form::Text if is_command => {
            let line = text_form::MAX_LINE;
            format!("that was not done: a command has at most {line} bytes")
        }
        Form::Text => long_text(limits),
    }
}

/// Whether this is the start of a command that says a text.
fn is_said(start: &[u8]) -> bool {
    let word = start.split(|byte| b" \t".contains(byte)).next();
    let word = word.and_then(|word| str::from_utf8(word.get(1..)?).ok());
    let command = word.and_then(catalogue::by_word);
    command.is_some_and(|(entry, _)| matches!(entry.arguments, Arguments::Text(_)))
}

/// A text was too long.
pub(super) fn long_text(limits: &Limits) -> String {
    format!("that was not sent: {}", most(limits))
}

/// The operator is told what to change, where that can be changed.
fn most(limits: &Limits) -> String {
    match limits.text {
        MAX_TEXT => format!("a message has at most {MAX_TEXT} bytes"),
        most => format!("a message has at most {most} bytes (--max-line)"),
    }
}

/// The name belongs to the speaker's key from now on.
pub(super) fn claimed(name: &Name) -> Reply {
    Reply::Notice(notice(&format!(
        "{name} belongs to your key now: from here on it is yours alone. /forget {name} frees it"
    )))
}

/// Only people whose key is listed come in, and this one is not.
pub(super) fn keys_only(version: &str, key: Option<&PersonKey>, carrier: Carrier) -> String {
    let shown = match (key, carrier) {
        (Some(key), _) => {
            let fingerprint = key.fingerprint();
            let line = key.public().to_openssh().unwrap_or_default();
            format!(
                "yours is {fingerprint}. To be let in, send this line, which is not secret, to \
                 the person who runs the server:\n{line}"
            )
        }
        (None, Carrier::Tls) => "you have shown none: chat-client shows one by itself".to_owned(),
        (None, Carrier::Plain | Carrier::Control) => {
            "a key is shown over an encrypted connection only: chat-client HOST PORT".to_owned()
        }
    };
    format!("{version} {KEYS_ONLY}: this room lets in only people whose key is listed\n{shown}")
}

/// A person does not come in.
pub(super) fn barred(version: &str, bar: &Bar) -> String {
    let word = match bar {
        Bar::Banned(_) => BANNED,
        Bar::Locked => LOCKED,
    };
    format!("{version} {word}: {bar}")
}

/// Why an operator cannot erase the event with this number, as far as that is known without
/// reading files.
pub(super) fn why_not_erased(target: u64, hub: &Hub) -> Option<String> {
    let (first, last) = (hub.timeline.first(), hub.timeline.reply_mark().seq);
    if target < first || target > last {
        return Some(match first > last {
            true => format!("there is no message {target}: nothing is held"),
            false => format!("there is no message {target}: {first} to {last} are held"),
        });
    }
    let line = hub.timeline.log(Form::Json).event(target)?;
    let is_speech = json_form::is_speech(line);
    (!is_speech).then(|| format!("{target} is no message; /history shows their numbers"))
}

/// A peer speaks another protocol.
pub(super) fn foreign(foreign: Foreign) -> String {
    let how = match foreign {
        Foreign::Proxy => ", which it takes only once, and only with --proxy-protocol",
        _ => "",
    };
    format!("this is a chat (chat/1), and you speak {foreign}{how}: goodbye")
}

/// What an IRC client is told; without the CR of text form before it.
pub(super) const NO_IRC: &[u8] =
    b"ERROR :this is no IRC server but a chat (chat/1), and nothing was said: \
    join with chat-client, or with nc and /nick NAME as the first line\r\n";
