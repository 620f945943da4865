//! The line of an event whose text was erased.
//!
//! The event keeps its number, its time and its speaker, and says who removed its text. The
//! member `erased` marks it, so that a history which is read back shows which texts are
//! gone. It keeps its `id` too, and its `tag` then stands for the text that it had: by that
//! the server still knows the message when it is sent again.

use super::event::encode_event;
use super::record::Record;
use super::server_message::parse_server_message;
use crate::event::{Body, Event, MessageId, ServerMessage, SpeechKind, Tag};
use crate::name::Name;
use crate::text::Text;

/// The line of a message or an action, without its end, becomes one without its text, with
/// its end. `by` removed it; `None` is the operator of the server. `tag_of` gives the tag by
/// which a message that has an id and no tag is still known.
///
/// `None` if there is nothing to erase: the line is of something else, or its text was
/// erased before.
pub fn erase(
    line: &str,
    by: Option<&Name>,
    tag_of: impl FnOnce(SpeechKind, &MessageId, &Text) -> Option<Tag>,
) -> Option<Vec<u8>> {
    replace(line, removed_by(by), tag_of)
}

/// Whether a line, with its end, is one whose text is there, and `erased` is what it becomes
/// without the text, whichever person removed that.
pub fn becomes(
    line: &str,
    erased: &str,
    tag_of: impl FnOnce(SpeechKind, &MessageId, &Text) -> Option<Tag>,
) -> bool {
    let event = parse_server_message(erased.trim_end_matches('\n'));
    let Ok(Some(ServerMessage::Event(Event {
        body: Body::Message(speech) | Body::Action(speech),
        ..
    }))) = event
    else {
        return false;
    };
    let line = line.strip_suffix('\n');
    line.and_then(|line| replace(line, speech.text, tag_of))
        .is_some_and(|replaced| replaced == erased.as_bytes())
}

/// The line, with `text` and the mark of an erased one.
fn replace(
    line: &str,
    text: Text,
    tag_of: impl FnOnce(SpeechKind, &MessageId, &Text) -> Option<Tag>,
) -> Option<Vec<u8>> {
    let Ok(Some(ServerMessage::Event(event))) = parse_server_message(line) else {
        return None;
    };
    let (kind, mut speech) = match event.body {
        Body::Message(speech) => (SpeechKind::Message, speech),
        Body::Action(speech) => (SpeechKind::Action, speech),
        _ => return None,
    };
    if Record::parse(line).is_ok_and(|record| record.is_erased) {
        return None;
    }
    if let (None, Some(id)) = (speech.tag, &speech.id) {
        speech.tag = tag_of(kind, id, &speech.text);
    }
    speech.text = text;
    let event = Event {
        body: kind.body(speech),
        ..event
    };
    let mut erased = Vec::new();
    encode_event(&event, &mut erased);
    erased.truncate(erased.len() - END.len());
    erased.extend_from_slice(MARKED_END);
    Some(erased)
}

/// What stands in the place of a text.
fn removed_by(by: Option<&Name>) -> Text {
    let text = match by {
        Some(name) => format!("[removed by {name}]"),
        None => "[removed by the operator]".to_owned(),
    };
    Text::clean(&text).expect("it is short, and can be seen")
}

/// How a line ends,
const END: &[u8] = b"}\n";

/// and how one ends whose text was erased.
const MARKED_END: &[u8] = b",\"erased\":true}\n";

#[cfg(test)]
mod tests;
