//! A conversation and a room between which the connection is cut at any moment:
//! everything that is said stands in the room once, and is shown once, in the
//! order of the room.

use std::collections::VecDeque;

use chat_proto::event::{
    Body, Event, Limits, MessageId, Reply, RoomId, Speech, Timestamp, Welcome,
};
use chat_proto::text::Text;
use proptest::prelude::*;

use super::*;
use crate::line::Kind;

/// A room of the simplest kind, with one reader who comes back.
#[derive(Default)]
struct Room {
    /// Name, text and mark.
    log: Vec<(&'static str, String, Option<MessageId>)>,
    /// How many of them the reader has been sent; `None` before the hello.
    told: Option<usize>,
    /// Lines on their way to the reader.
    down: VecDeque<String>,
    /// Bytes on their way to the room.
    up: Vec<u8>,
}

impl Room {
    fn connect(&mut self) {
        self.cut();
        self.down.push_back("\r-- chat/1\n".to_owned());
    }

    fn cut(&mut self) {
        self.told = None;
        self.down.clear();
        self.up.clear();
    }

    fn says(&mut self, name: &'static str, text: String, id: Option<MessageId>) {
        self.log.push((name, text, id));
        self.tell();
    }

    /// Sends what the reader has not been sent.
    fn tell(&mut self) {
        let Some(told) = &mut self.told else { return };
        for (seq, (name, text, id)) in self.log.iter().enumerate().skip(*told) {
            let event = Event {
                seq: seq as u64 + 1,
                time: Timestamp::from_unix_milliseconds(0),
                body: Body::Message(Speech {
                    name: Name::choose(name).unwrap(),
                    text: Text::clean(text).unwrap(),
                    id: id.clone(),
                }),
            };
            let mut line = Vec::new();
            json_form::encode_event(&event, &mut line);
            self.down.push_back(String::from_utf8(line).unwrap());
        }
        *told = self.log.len();
    }

    fn reply(&mut self, reply: &Reply) {
        let mut line = Vec::new();
        json_form::encode_reply(reply, Timestamp::from_unix_milliseconds(0), &mut line);
        self.down.push_back(String::from_utf8(line).unwrap());
    }

    /// Takes a line of the reader's, if a whole one has come.
    fn take(&mut self) {
        let Some(end) = self.up.iter().position(|byte| *byte == b'\n') else {
            return;
        };
        let line: Vec<u8> = self.up.drain(..=end).collect();
        let line = std::str::from_utf8(&line[..end]).unwrap();
        if let Some(hello) = line.strip_prefix("/hello ") {
            let resume = Hello::parse(hello).unwrap().resume;
            let seq = self.log.len();
            self.reply(&Reply::Welcome(Welcome {
                name: Name::choose("ann").unwrap(),
                room: RoomId::new("r1"),
                seq: seq as u64,
                first: 1,
                kept: true,
                resumed: resume.as_ref().map(|_| true),
                people: 1,
                names: Vec::new(),
                limits: Limits::default(),
                secret: None,
            }));
            self.told = Some(resume.map_or(seq, |resume| resume.seq as usize));
            self.tell();
            return;
        }
        let Ok(Some(Command::Message { text, id })) = json_form::parse_command(line) else {
            panic!("{line}");
        };
        let known = self.log.iter().position(|(_, _, known)| *known == id);
        match (known, id) {
            (Some(place), Some(id)) => self.reply(&Reply::Confirmed {
                id,
                seq: place as u64 + 1,
            }),
            (_, id) => self.says("ann", text.to_string(), id),
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_cut_everything_is_there_once(
        steps in proptest::collection::vec(0u8..12, 1..200),
    ) {
        let mut talk = Talk::new();
        let mut room = Room::default();
        let (mut said, mut shown) = (0, Vec::new());
        // The first welcome is let through: before it there is no way back.
        room.connect();
        let rest = std::iter::repeat_n([2, 3], 1000).flatten();
        let steps = [3, 2, 3].into_iter().chain(steps).chain([5]).chain(rest);
        for step in steps {
            match step {
                0 => {
                    said += 1;
                    talk.conversation.say(format!("ann {said}"));
                }
                1 => {
                    said += 1;
                    room.says("bo", format!("bo {said}"), None);
                }
                2 | 6 | 7 | 8 => room.take(),
                4 if talk.conversation.stage != Stage::Away => {
                    talk.conversation.lose(talk.now);
                    room.cut();
                }
                5 if talk.conversation.stage == Stage::Away => {
                    talk.conversation.begin_again(talk.now);
                    room.connect();
                }
                _ => {
                    if let Some(line) = room.down.pop_front() {
                        talk.hear(&line);
                    }
                }
            }
            room.up.append(talk.conversation.output());
            for line in talk.conversation.shown().drain(..) {
                if let Kind::Message { text, .. } = line.kind {
                    shown.push(text.to_string());
                }
            }
        }
        let log: Vec<String> = room.log.iter().map(|(_, text, _)| text.clone()).collect();
        prop_assert_eq!(&shown, &log);
        prop_assert_eq!(log.len(), said);
        prop_assert!(talk.conversation.all_delivered());
        let own: Vec<&String> = log.iter().filter(|text| text.starts_with("ann")).collect();
        let mut sorted = own.clone();
        sorted.sort_by_key(|text| text[4..].parse::<u32>().unwrap());
        prop_assert_eq!(own, sorted);
    }
}
