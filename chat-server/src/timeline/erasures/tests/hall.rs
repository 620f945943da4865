//! A room whose texts are erased, and a disk that holds it.

use std::ops::Range;
use std::time::Instant;

use chat_proto::event::{MessageId, ServerMessage, Speech, SpeechKind, Timestamp};
use chat_proto::text::Text;
use chat_proto::text_form;

use super::super::*;
use crate::clock::Now;
use crate::hub::Hub;
use crate::hub::testing::Said;
use crate::room::identity::tests::identity;
use crate::timeline::log::{ORIGIN, moved};
use crate::timeline::mark::Form;
use crate::timeline::replay::{Files, Piece, Wanted};

/// The files of a room, in memory.
pub(super) struct Disk {
    /// Where they begin in the JSON log.
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    /// Where each event begins in them.
    pub(super) places: Vec<usize>,
}

impl Disk {
    pub(super) fn write(&mut self, line: &[u8]) {
        self.places.push(self.bytes.len());
        self.bytes.extend_from_slice(line);
    }

    pub(super) fn place(&self, seq: u64) -> Range<usize> {
        let end = self.places.get(seq as usize);
        self.places[seq as usize - 1]..end.copied().unwrap_or(self.bytes.len())
    }

    /// Replaces the lines of erased events, as far as that may be.
    pub(super) fn rewrite(&mut self, hub: &mut Hub) {
        let ready = hub.timeline.to_erase();
        let ready: Vec<(u64, Eraser)> = ready.map(|(seq, it)| (seq, it.clone())).collect();
        for (seq, eraser) in ready {
            let place = self.place(seq);
            if let Some(line) = eraser.erase(&self.bytes[place.clone()]) {
                let old = self.start + place.start as u64..self.start + place.end as u64;
                for other in &mut self.places[seq as usize..] {
                    *other = *other - place.len() + line.len();
                }
                self.start = moved(self.start, place.len() as u64, &line);
                self.bytes.splice(place, line.iter().copied());
                hub.timeline.replaced(seq, old, &line);
            }
            hub.timeline.erasure_done(seq);
        }
    }

    pub(super) fn read(&self, wanted: Wanted) -> Piece {
        let from = (wanted.position - self.start) as usize;
        let bytes = Ok(self.bytes[from..from + wanted.most].to_vec());
        Piece { wanted, bytes }
    }
}

impl Files for Disk {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        let near = (seq - 1) / 5 * 5;
        let place = self.places.get(near as usize)?;
        Some((near + 1, self.start + *place as u64))
    }

    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        let places = (1..).zip(&self.places);
        let mut places = places.map(|(seq, place)| (seq, self.start + *place as u64));
        places.find(|(_, place)| *place >= position + least)
    }

    fn held(&self, position: u64) -> u64 {
        self.start + self.bytes.len() as u64 - position
    }
}

/// A room, and all lines that it has had.
pub(super) struct Hall {
    pub(super) hub: Hub,
    pub(super) disk: Option<Disk>,
    /// The line of each event as it was, and as it is without its text.
    pub(super) lines: Vec<[Vec<u8>; 2]>,
    pub(super) erased: BTreeSet<u64>,
}

/// The line of an event in a form.
pub(super) fn in_form(form: Form, line: &[u8]) -> Vec<u8> {
    let line = str::from_utf8(line).unwrap().trim_end();
    let message = json_form::parse_server_message(line).unwrap().unwrap();
    let ServerMessage::Event(event) = message else {
        panic!("{line}");
    };
    let mut out = Vec::new();
    match form {
        Form::Text => text_form::encode_event(&event, &mut out),
        Form::Json => out = format!("{line}\n").into_bytes(),
    }
    out
}

pub(super) fn eraser() -> Eraser {
    Eraser {
        key: identity().key,
        by: Name::parse("bo").ok(),
    }
}

impl Hall {
    pub(super) fn new(kept: bool) -> Self {
        let mut hub = Hub::new(identity(), 1);
        if kept {
            hub.timeline.keep(1, ORIGIN, u64::MAX);
            hub.timeline.show_late();
        }
        let disk = kept.then(|| Disk {
            start: ORIGIN,
            bytes: Vec::new(),
            places: Vec::new(),
        });
        Self {
            hub,
            disk,
            lines: Vec::new(),
            erased: BTreeSet::new(),
        }
    }

    /// Says something; where it lies in the text log.
    pub(super) fn say(&mut self, text: &str) -> Range<u64> {
        let speech = Speech {
            name: Name::parse("ann").unwrap(),
            text: Text::clean(text).unwrap(),
            held: None,
            id: MessageId::new("0123456789012345678901"),
            tag: None,
        };
        let now = Now {
            time: Timestamp::from_unix_milliseconds(0),
            instant: Instant::now(),
        };
        let said = self.hub.say(speech, None, SpeechKind::Message, now);
        let Said::New(place) = said else {
            panic!("{said:?}");
        };
        let line = self
            .hub
            .timeline
            .log(Form::Json)
            .event(self.last())
            .unwrap();
        self.lines
            .push([line.to_vec(), eraser().erase(line).unwrap()]);
        if let Some(disk) = &mut self.disk {
            disk.write(line);
        }
        place.text
    }

    pub(super) fn last(&self) -> u64 {
        self.hub.timeline.head().seq
    }

    /// Whether there was something to erase.
    pub(super) fn erase(&mut self, seq: u64) -> bool {
        self.hub.timeline.erase(seq, eraser().by);
        self.hub.timeline.holds(seq) && self.erased.insert(seq)
    }

    /// The JSON log in memory and the files are the same bytes at the same places.
    pub(super) fn check_places(&self) {
        let json = self.hub.timeline.log(Form::Json);
        for seq in json.first()..json.next() {
            let place = json.position_of(seq).unwrap();
            assert_eq!(json.event_at(place), (seq, 0));
            if let Some(disk) = &self.disk {
                assert_eq!(place, disk.start + disk.place(seq).start as u64);
                assert_eq!(json.event(seq).unwrap(), &disk.bytes[disk.place(seq)]);
            }
        }
    }

    /// No text that was erased is left of the events that are held, when no reader is
    /// behind.
    pub(super) fn check_gone(&self) {
        let timeline = &self.hub.timeline;
        let mut all: Vec<u8> = Vec::new();
        for form in [Form::Text, Form::Json] {
            let log = timeline.log(form);
            all.extend(log.bytes(log.start()..log.head()).flatten());
        }
        all.extend(self.disk.iter().flat_map(|disk| &disk.bytes));
        let all = String::from_utf8(all).unwrap();
        for seq in self.erased.range(timeline.first()..) {
            assert!(!all.contains(&format!("text {seq}.")), "{seq} is left");
        }
    }
}
