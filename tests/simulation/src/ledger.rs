//! What has happened in the room, as the rules say and not as the server does
//! it: every event is looked at once, when it is appended, and everything that
//! a peer is sent is held against it later.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use chat_proto::event::{Arrival, Body, Event, KeyId, ServerMessage, Speech, SpeechKind};
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_server::hub::Hub;
use chat_server::timeline::Timeline;
use chat_server::timeline::mark::Form;
use memchr::memchr;

use crate::keys::key_of;

/// All events so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The lines of the JSON form.
    json: Vec<u8>,
    /// The lines of the text form.
    text: Vec<u8>,
    events: Vec<Noted>,
    /// The lines in both forms of events whose texts were erased.
    erased: HashMap<u64, [Vec<u8>; 2]>,
    /// Everything that was said, by the number in its text.
    pub(crate) said: Vec<Said>,
    /// Who is here as the events tell it.
    pub(crate) told: BTreeSet<String>,
    /// The keys that hold names, as what is said under them tells it.
    holders: HashMap<String, KeyId>,
    /// At some time the disk could not read.
    pub(crate) was_unreadable: bool,
    /// At some time it could not write.
    pub(crate) was_trouble: bool,
}

/// An event.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    json: Range<usize>,
    text: Range<usize>,
    pub(crate) time: String,
    pub(crate) what: Noting,
    /// In whose turn it happened, by the number of the connection, and whether
    /// it was their own doing.
    by: Option<usize>,
    own: Own,
}

/// Whether an event comes back to whom it is of, in text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// It is another person's.
    No,
    /// It never does.
    Never,
    /// It may, where it was told later.
    Perhaps,
}

/// Whose turn it is, and what they are called.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// The number of the connection.
    pub(crate) connection: usize,
    /// The names that it had before, has meanwhile and has after it.
    pub(crate) names: Vec<String>,
    /// It was not in the room before, and may have had another one in between.
    pub(crate) comes_in: bool,
}

/// What matters of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Noting {
    /// Something said, by its number.
    Said(usize),
    Entered(Vec<String>),
    Left(Vec<String>),
    Renamed(String, String),
    /// No person is told of.
    Hub,
}

/// Something that a peer has sent.
#[derive(Debug)]
pub(crate) struct Said {
    /// What it is to be in the room.
    pub(crate) text: String,
    pub(crate) kind: SpeechKind,
    pub(crate) id: Option<String>,
    /// The connections that have sent it, and the person.
    pub(crate) by: Vec<usize>,
    pub(crate) person: usize,
    /// The program, over all its connections.
    pub(crate) owner: usize,
    /// The event that it is.
    pub(crate) seq: Option<u64>,
    /// Its sender was told that it was not taken.
    pub(crate) refused: bool,
}

impl Ledger {
    /// The number of the newest event.
    pub(crate) fn last(&self) -> u64 {
        self.events.len() as u64
    }

    /// An event that there is.
    pub(crate) fn event(&self, seq: u64) -> &Noted {
        &self.events[seq as usize - 1]
    }

    /// Its line in the JSON form, with its end, that a reader may get; `has_begun` one that
    /// was in the middle of a line when a text was erased.
    pub(crate) fn json(&self, seq: u64, has_begun: bool) -> impl Iterator<Item = &[u8]> {
        let whole = &self.json[self.event(seq).json.clone()];
        self.one_of(seq, whole, Form::Json, has_begun)
    }

    /// Its lines in the text form, likewise.
    pub(crate) fn texts(&self, seq: u64, has_begun: bool) -> impl Iterator<Item = &[u8]> {
        self.one_of(seq, self.text(seq), Form::Text, has_begun)
    }

    fn one_of<'a>(
        &'a self,
        seq: u64,
        whole: &'a [u8],
        form: Form,
        has_begun: bool,
    ) -> impl Iterator<Item = &'a [u8]> {
        let erased = self.erased.get(&seq).map(|lines| &lines[form as usize][..]);
        let whole = (erased.is_none() || has_begun).then_some(whole);
        erased.into_iter().chain(whole)
    }

    /// Its lines in the text form, as they were first.
    pub(crate) fn text(&self, seq: u64) -> &[u8] {
        &self.text[self.event(seq).text.clone()]
    }

    /// Whether its text was erased.
    pub(crate) fn is_erased(&self, seq: u64) -> bool {
        self.erased.contains_key(&seq)
    }

    /// The text of an event is erased, if it has one: whether it has.
    pub(crate) fn erase(&mut self, seq: u64, hub: &mut Hub) -> bool {
        let Some(number) = self.said_number(seq) else {
            return false;
        };
        if self.is_erased(seq) || !hub.timeline.holds(seq) {
            return false;
        }
        let by = format!("e{seq}");
        hub.timeline.erase(seq, Name::parse(&by).ok());
        let whole = &self.json[self.event(seq).json.clone()];
        let json = hub.timeline.source().erasures.line(seq, whole);
        let text = String::from_utf8_lossy(self.text(seq));
        let row = self.said[number].text.lines().next().expect("a row");
        let (who, _) = text.split_once(row).expect("it is said");
        let text = format!("{who}[removed by {by}]\n").into_bytes();
        let lines = [text, json.expect("it can be erased")];
        self.erased.insert(seq, lines);
        true
    }

    /// No text that was erased is in memory.
    pub(crate) fn check_erased(&self, timeline: &Timeline) {
        for (seq, [_, json]) in &self.erased {
            let line = timeline.log(Form::Json).event(*seq);
            assert!(line.is_none_or(|line| line == json), "{seq} is not erased");
            let text = timeline.log(Form::Text).event(*seq);
            let mut text = text.into_iter().flatten();
            assert!(text.all(|byte| *byte == b'\n'), "{seq} is not erased");
        }
    }

    /// What is before this event may be told as missing.
    pub(crate) fn held_from(&self, hub: &Hub) -> u64 {
        match self.was_unreadable {
            true => hub.timeline.log(Form::Json).first(),
            false => hub.timeline.first(),
        }
    }

    /// Whether an event is something said or done.
    pub(crate) fn is_said(&self, seq: u64) -> bool {
        self.said_number(seq).is_some()
    }

    /// What was said, if that is what it is.
    pub(crate) fn said_number(&self, seq: u64) -> Option<usize> {
        match self.event(seq).what {
            Noting::Said(number) => Some(number),
            _ => None,
        }
    }

    /// The first event in which a connection took this name instead of another,
    /// unless a person came in under it before, who may be the same.
    pub(crate) fn renamed_to(&self, name: &str, connection: usize) -> Option<u64> {
        let is_it = |event: &Noted| match &event.what {
            Noting::Renamed(_, new) => new == name && event.by == Some(connection),
            Noting::Entered(names) => names.iter().any(|entered| entered == name),
            _ => false,
        };
        let index = self.events.iter().position(is_it)?;
        let is_renamed = matches!(self.events[index].what, Noting::Renamed(..));
        is_renamed.then_some(index as u64 + 1)
    }

    /// The newest event that begins before this place in the text form, and 0
    /// if there is none.
    pub(crate) fn last_before_text(&self, place: u64) -> u64 {
        let begins_before = |event: &Noted| (event.text.start as u64) < place;
        self.events.partition_point(begins_before) as u64
    }

    /// Whether an event is the doing of this connection.
    pub(crate) fn own(&self, seq: u64, connection: usize) -> Own {
        let event = self.event(seq);
        match event.by == Some(connection) {
            true => event.own,
            false => Own::No,
        }
    }

    /// Takes what the room has appended since, in the turn of a connection or
    /// in no peer's.
    pub(crate) fn note(&mut self, hub: &Hub, mut turn: Option<Turn>) {
        let head = hub.timeline.head();
        if head.seq == self.last() {
            return;
        }
        let (mut start, text) = (self.json.len(), self.text.len());
        let log = hub.timeline.log(Form::Json);
        let new = log.position_of(self.last() + 1).expect("it is in memory");
        for piece in log.bytes(new..head.json) {
            self.json.extend_from_slice(piece);
        }
        while let Some(length) = memchr(b'\n', &self.json[start..]) {
            let json = start..start + length + 1;
            start = json.end;
            self.note_event(json, turn.as_mut(), hub.timeline.first());
        }
        assert_eq!(
            start,
            self.json.len(),
            "the log ends in the middle of a line"
        );
        assert_eq!(self.last(), head.seq, "there are as many lines as events");
        // The other form tells the same.
        assert_eq!(self.text.len() as u64, head.text);
        let mut at = text as u64;
        for piece in hub.timeline.log(Form::Text).bytes(at..head.text) {
            let ours = &self.text[at as usize..at as usize + piece.len()];
            assert!(
                ours == piece,
                "in text form it is {:?} and should be {:?}",
                String::from_utf8_lossy(piece),
                String::from_utf8_lossy(ours)
            );
            at += piece.len() as u64;
        }
    }

    fn note_event(&mut self, json: Range<usize>, turn: Option<&mut Turn>, first: u64) {
        let by = turn.as_ref().map(|turn| turn.connection);
        let line = &self.json[json.start..json.end - 1];
        let line = std::str::from_utf8(line).expect("UTF-8");
        let no_controls = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!line.contains(no_controls), "controls in {line:?}");
        let Ok(Some(ServerMessage::Event(Event { seq, time, body }))) =
            json_form::parse_server_message(line)
        else {
            panic!("no event: {line}");
        };
        assert_eq!(seq, self.last() + 1, "numbers have no gaps");
        let (start, time) = (self.text.len(), time.to_seconds());
        let (what, own) = self.follow(&body, turn, seq, first);
        self.events.push(Noted {
            json,
            text: start..self.text.len(),
            time,
            what,
            by,
            own,
        });
    }

    /// What an event means, and how it is written in text form.
    fn follow(
        &mut self,
        body: &Body,
        turn: Option<&mut Turn>,
        seq: u64,
        first: u64,
    ) -> (Noting, Own) {
        match body {
            Body::Message(speech) | Body::Action(speech) => {
                let (before, behind, kind) = match body {
                    Body::Action(_) => ("* ", " ", SpeechKind::Action),
                    _ => ("<", "> ", SpeechKind::Message),
                };
                let (name, said) = (speech.name.as_str(), speech.text.as_str());
                assert!(self.told.contains(name), "{name} speaks before coming in");
                for row in said.split('\n') {
                    self.put(&[before, name, behind, row]);
                }
                let id = speech.id.as_ref().map(|id| id.as_str());
                let by = turn.map(|turn| turn.connection);
                let number = take(&mut self.said, said, kind, id, by);
                self.note_holder(speech, number);
                let earlier = self.said[number].seq.replace(seq);
                assert!(earlier.is_none_or(|seq| seq < first), "it is said twice");
                (Noting::Said(number), Own::Never)
            }
            Body::Entered(arrivals) => {
                let name = |arrival: &Arrival| arrival.name.to_string();
                let names: Vec<String> = arrivals.iter().map(name).collect();
                self.crowd(&names, "entered room", "entered");
                for name in &names {
                    assert!(self.told.insert(name.clone()), "{name} comes in twice");
                }
                let own = own_presence(&turn, &names);
                (Noting::Entered(names), own)
            }
            Body::Left(names) => {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                self.crowd(&names, "is offline", "left");
                for name in &names {
                    assert!(self.told.remove(name), "{name} goes without having come");
                }
                let own = own_presence(&turn, &names);
                (Noting::Left(names), own)
            }
            Body::Renamed { old, new, .. } => self.rename(old.as_str(), new.as_str(), turn),
            Body::Measure(measure) => panic!("no peer is an operator: {measure:?}"),
            Body::People { .. } => panic!("no room is large"),
            Body::Room { people, .. } => {
                assert_eq!(*people, self.told.len(), "as many as were told of");
                (Noting::Hub, Own::No)
            }
        }
    }

    /// A name belongs to the first person with a key who says something under it, and to no
    /// other one behind that.
    fn note_holder(&mut self, speech: &Speech, number: usize) {
        let before = self.holders.get(speech.name.as_str()).copied();
        assert!(
            before.is_none_or(|key| Some(key) == speech.held),
            "{speech:?}"
        );
        if let Some(held) = speech.held {
            let key = key_of(self.said[number].person);
            assert_eq!(key.map(|key| key.id()), Some(held), "{speech:?}");
            self.holders.insert(speech.name.to_string(), held);
        }
    }

    fn rename(&mut self, old: &str, new: &str, turn: Option<&mut Turn>) -> (Noting, Own) {
        self.put(&["[", old, "] is now known as ", new]);
        let (old, new) = (old.to_owned(), new.to_owned());
        assert!(self.told.remove(&old), "{old} is not here");
        assert!(self.told.insert(new.clone()), "{new} is here already");
        let own = match turn {
            Some(turn) if turn.comes_in || turn.names.contains(&old) => {
                turn.names.push(new.clone());
                Own::Never
            }
            _ => Own::No,
        };
        (Noting::Renamed(old, new), own)
    }

    fn crowd(&mut self, names: &[String], one: &str, many: &str) {
        assert!(!names.is_empty(), "an event without names");
        if names.len() > 3 {
            let others = (names.len() - 2).to_string();
            self.put(&[
                "-- ", &names[0], ", ", &names[1], " and ", &others, " others ", many,
            ]);
        } else {
            names
                .iter()
                .for_each(|name| self.put(&["[", name, "] ", one]));
        }
    }

    /// Appends a line in text form.
    fn put(&mut self, parts: &[&str]) {
        self.text.push(b'\r');
        for part in parts {
            self.text.extend(part.as_bytes());
        }
        self.text.push(b'\n');
    }
}

fn own_presence(turn: &Option<&mut Turn>, names: &[String]) -> Own {
    match (turn, names) {
        (Some(turn), [name]) if turn.comes_in || turn.names.contains(name) => Own::Perhaps,
        _ => Own::No,
    }
}

/// Finds what was said among what was sent.
fn take(
    sent: &mut [Said],
    text: &str,
    kind: SpeechKind,
    id: Option<&str>,
    by: Option<usize>,
) -> usize {
    let number = number_in(text).expect("a text that peers send");
    let said = sent.get_mut(number).expect("a text that a peer has sent");
    assert_eq!(said.text, text, "it is what was said");
    assert_eq!((said.kind, said.id.as_deref()), (kind, id));
    let by = by.expect("the turn of a connection");
    assert!(said.by.contains(&by), "another peer said that");
    assert!(!said.refused || said.id.is_some(), "it was refused");
    said.refused = false;
    number
}

/// The number of the event in the place of whose text this one is.
pub(crate) fn erased_in(text: &str) -> Option<u64> {
    let number = text.strip_prefix("[removed by e")?.strip_suffix(']')?;
    number.parse().ok()
}

/// The number that a text of ours begins with.
pub(crate) fn number_in(text: &str) -> Option<usize> {
    text.split_once(' ')?.0.parse().ok()
}

/// The keys of names, which take long to make and are always the same ones. A
/// key is a number here.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    names: HashMap<String, Vec<usize>>,
    keys: HashMap<String, usize>,
}

impl Keys {
    /// What this name has in common with those that look like it.
    pub(crate) fn of(&mut self, name: &str) -> &[usize] {
        if !self.names.contains_key(name) {
            let name = Name::parse(name).expect("a name");
            let mut number = |key: &str| {
                let next = self.keys.len();
                *self.keys.entry(key.to_owned()).or_insert(next)
            };
            let keys = name.keys().iter().map(&mut number).collect();
            self.names.insert(name.to_string(), keys);
        }
        &self.names[name]
    }
}
