//! A conversation and a room between which the connection is cut at any moment:
//! everything that is said stands in the room once, and is shown once, in the
//! order of the room.

use std::collections::{HashSet, VecDeque};

use chat_proto::command::Resume;
use chat_proto::event::{
    Body, Event, Limits, MessageId, Rank, Reply, RoomId, RunId, Speech, Timestamp, Welcome,
};
use chat_proto::text::Text;
use chat_server::room::runs::{Onward, Runs};
use proptest::prelude::*;

use super::*;
use crate::output::line::Kind;

fn is_away(conversation: &Conversation) -> bool {
    matches!(conversation.stage, Stage::Disconnected)
}

/// A room of the simplest kind, with one reader who comes back. When the power
/// fails it loses the last that was said, and goes on in another run.
struct Room {
    /// Name, text and id.
    log: Vec<(&'static str, String, Option<MessageId>)>,
    /// Each run of the server, and where it begins.
    runs: Vec<(RunId, u64)>,
    /// How many of them the reader has been sent; `None` before the hello.
    told: Option<usize>,
    /// Lines on their way to the reader.
    down: VecDeque<String>,
    /// Bytes on their way to the room.
    up: Vec<u8>,
}

impl Room {
    fn new() -> Self {
        Self {
            log: Vec::new(),
            runs: vec![(RunId::new(1, 0), 1)],
            told: None,
            down: VecDeque::new(),
            up: Vec::new(),
        }
    }

    /// Loses so many of the last things that were said, and the runs of those.
    fn fail(&mut self, count: usize) {
        self.cut();
        self.log.truncate(self.log.len().saturating_sub(count));
        let last = self.log.len() as u64;
        let newest = self.runs.last().map_or(0, |(run, _)| run.milliseconds());
        self.runs.retain(|(_, start)| *start <= last);
        self.runs.push((RunId::new(newest + 1, 0), last + 1));
    }

    fn onward(&self, resume: &Resume) -> (RoomId, Onward) {
        let mut runs = Runs::of(RoomId::new("r1").unwrap());
        for (run, start) in &self.runs {
            runs.go_on(Some(*run), *start);
        }
        let onward = runs.onward(resume, 1, self.log.len() as u64);
        (runs.current(), onward)
    }

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
                    held: None,
                    id: id.clone(),
                    tag: None,
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
            let nowhere = Resume {
                room: RoomId::new("elsewhere").unwrap(),
                seq: 0,
                secret: None,
            };
            let (room, onward) = self.onward(resume.as_ref().unwrap_or(&nowhere));
            let behind = match onward {
                Onward::Behind(behind) | Onward::Torn { behind, .. } => Some(behind),
                Onward::Elsewhere => None,
            };
            let seq = self.log.len();
            self.reply(&Reply::Welcome(Box::new(Welcome {
                name: Name::choose("ann").unwrap(),
                room: Some(room),
                seq: seq as u64,
                first: 1,
                kept: true,
                resumed: resume.map(|_| matches!(onward, Onward::Behind(_))),
                from: behind.map(|behind| behind + 1),
                people: 1,
                names: Vec::new(),
                limits: Limits::default(),
                topic: None,
                greeting: None,
                rank: Rank::Ordinary,
                secret: None,
            })));
            self.told = Some(behind.map_or(seq, |behind| behind as usize));
            self.tell();
            return;
        }
        let Ok(Some(Command::Message { text, id })) =
            json_form::parse_command(line, Rank::Ordinary)
        else {
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

/// A client and the room, between which the connection is cut again and again.
struct Play {
    talk: Talk,
    room: Room,
    said: usize,
    /// What the client has shown.
    shown: Vec<String>,
    /// What the room has lost.
    lost: HashSet<String>,
}

impl Play {
    fn new() -> Self {
        let mut room = Room::new();
        // The first welcome is let through: before it there is no way back.
        room.connect();
        Self {
            talk: Talk::new(),
            room,
            said: 0,
            shown: Vec::new(),
            lost: HashSet::new(),
        }
    }

    fn step(&mut self, step: u8) {
        let Self { talk, room, .. } = self;
        match step {
            0 => {
                self.said += 1;
                talk.conversation.say(format!("ann {}", self.said));
            }
            1 => {
                self.said += 1;
                room.says("bo", format!("bo {}", self.said), None);
            }
            2 | 6 | 7 | 8 => room.take(),
            4 if !is_away(&talk.conversation) => {
                talk.conversation.handle_disconnect(talk.now);
                room.cut();
            }
            5 if is_away(&talk.conversation) => {
                talk.conversation.handle_reconnect(talk.now);
                room.connect();
            }
            12 if !is_away(&talk.conversation) => {
                talk.conversation.handle_disconnect(talk.now);
                let before = room.log.clone();
                room.fail(self.said % 4);
                let lost = before[room.log.len()..].iter();
                self.lost.extend(lost.map(|(_, text, _)| text.clone()));
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
                self.shown.push(text.to_string());
            }
        }
    }
}

proptest! {
    #[test]
    fn each_message_is_there_once_after_any_cuts(
        steps in proptest::collection::vec(0u8..13, 1..200),
    ) {
        let mut play = Play::new();
        let rest = std::iter::repeat_n([2, 3], 1000).flatten();
        let steps = [3, 2, 3].into_iter().chain(steps).chain([5]).chain(rest);
        for step in steps {
            play.step(step);
        }
        let Play { talk, room, said, mut shown, mut lost } = play;
        let log: Vec<String> = room.log.iter().map(|(_, text, _)| text.clone()).collect();
        // What the room has lost twice was sent again in between.
        lost.retain(|text| !log.contains(text));
        // A message that was shown and then lost by the room stays shown, and comes
        // only once as well.
        let kept: Vec<&String> = shown.iter().filter(|text| !lost.contains(*text)).collect();
        prop_assert_eq!(kept, log.iter().collect::<Vec<_>>());
        shown.sort();
        prop_assert!(shown.windows(2).all(|two| two[0] != two[1]), "{:?}", shown);
        prop_assert_eq!(log.len() + lost.len(), said);
        prop_assert!(talk.conversation.all_delivered());
        let own: Vec<&String> = log.iter().filter(|text| text.starts_with("ann")).collect();
        let mut sorted = own.clone();
        sorted.sort_by_key(|text| text[4..].parse::<u32>().unwrap());
        prop_assert_eq!(own, sorted);
    }
}
