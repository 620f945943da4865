//! A person who takes part over one connection, and the words that the person sends.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use chat_proto::event::{RoomId, Secret, SpeechKind};
use chat_proto::name::Name;
use chat_proto::text::MAX_TEXT;
use chat_server::net::transport::Readiness;
use chat_server::session::Reason;

use crate::ledger::{Ledger, Said};
use crate::peer::{Asked, Peer};
use crate::script::Words;
use crate::standing::{Entry, Phase, Standing};
use crate::wire::Wire;

/// One connection, on both sides.
#[derive(Debug)]
pub(crate) struct Person {
    /// Counted up: no two have the same.
    pub(crate) number: usize,
    /// The number of the program's first connection.
    pub(crate) owner: usize,
    pub(crate) address: SocketAddr,
    pub(crate) wire: Wire,
    /// What the server makes of it.
    pub(crate) standing: Standing,
    /// Until when all that it sent is heard although its connection has failed. A peer
    /// that once took little may have no time left.
    pub(crate) heard_until: Option<Instant>,
    /// At some time it took only some of what it was sent.
    pub(crate) took_little: bool,
    /// What was sent and has not arrived.
    pub(crate) on_the_way: VecDeque<u8>,
    /// What it sends is JSON from here on.
    pub(crate) in_json: bool,
    /// It has sent a line that is not blank.
    pub(crate) has_spoken: bool,
    /// It sends nothing more, for whatever reason.
    pub(crate) is_done: bool,
    /// How often it has asked for the past.
    pub(crate) questions: usize,
    /// What it has said and is not in the room yet, in order.
    pub(crate) saying: VecDeque<usize>,
    /// What of that did not come into the room.
    pub(crate) passed: Vec<usize>,
    /// Something of that has come into the room.
    pub(crate) has_said: bool,
    /// The events when it was closed.
    pub(crate) closing: Option<u64>,
    pub(crate) peer: Peer,
    /// What it reads in text form begins here, once it is in the room.
    pub(crate) held_at: u64,
}

/// What a program says at the hello of what it has seen before.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) room: RoomId,
    pub(crate) seq: u64,
    /// What proves that it is the same.
    pub(crate) secret: Option<Secret>,
    pub(crate) owner: usize,
}

impl Person {
    /// What it has seen, if it is a program.
    pub(crate) fn seen(&self) -> Option<Seen> {
        let (room, secret) = self.peer.welcomed.clone()?;
        Some(Seen {
            room,
            seq: self.peer.last()?,
            secret: Some(secret),
            owner: self.owner,
        })
    }

    /// Whether it is in the room.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self.standing.phase, Phase::Here(_))
    }

    /// What it is called in the room.
    pub(crate) fn name(&self) -> String {
        let name = self.standing.name.clone();
        name.unwrap_or_else(|| Name::of_address(self.address).to_string())
    }

    /// Whether the server still hears it, and sends to it.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.standing.phase, Phase::Closing | Phase::Closed(_))
    }

    /// Whether something is still to become of it.
    pub(crate) fn is_to_go_on(&self) -> bool {
        self.standing.phase == Phase::Arriving || self.standing.is_held
    }

    /// Whether all that it sent was to be heard: it came in, went by itself, was not sent
    /// away before, and did not break off while it said more than the `rate`, or than
    /// was heard in time.
    pub(crate) fn was_heard(&self, reason: Reason, rate: u32, now: Instant) -> bool {
        let wire = self.wire.socket();
        let is_in_time = !self.took_little && self.heard_until.is_none_or(|until| now < until);
        let is_heard = wire.error.is_none() || rate == 0 && is_in_time;
        let meant_it = wire.ended && !wire.lost && is_heard;
        let by_itself = matches!(reason, Reason::Closed | Reason::Reset | Reason::SocketError);
        self.standing.entry == Entry::Admitted && meant_it && by_itself
    }

    /// In its turn the events from `first` on have come: what of that it has said.
    pub(crate) fn note_said(&mut self, ledger: &Ledger, first: u64) {
        for seq in first..=ledger.last() {
            if let Some(number) = ledger.said_number(seq) {
                let place = self.saying.iter().position(|said| *said == number);
                let place = place.expect("said once, and in order");
                self.passed.extend(self.saying.drain(..place));
                self.saying.pop_front();
                self.has_said = true;
            }
        }
    }

    /// Some of what it has sent arrives.
    pub(crate) fn arrive(&mut self, count: usize) {
        let socket = &mut *self.wire.socket();
        let count = count.min(self.on_the_way.len());
        if count > 0 && !socket.ended {
            socket.arrived.extend(self.on_the_way.drain(..count));
            socket.tell(Readiness {
                readable: true,
                ..Readiness::default()
            });
        }
    }

    /// So many more bytes can be sent to it.
    pub(crate) fn take(&self, count: usize) {
        let socket = &mut *self.wire.socket();
        socket.space = count;
        if count > 0 {
            socket.tell(Readiness {
                writable: true,
                ..Readiness::default()
            });
        }
    }

    /// It sends nothing more.
    pub(crate) fn end(&self) {
        let socket = &mut *self.wire.socket();
        socket.ended = true;
        socket.tell(Readiness {
            readable: true,
            writable: socket.error.is_some() || socket.deaf,
            read_on: true,
            failed: false,
        });
    }

    /// Sends words, of which so many bytes arrive.
    pub(crate) fn send(&mut self, seat: usize, words: Words, ledger: &mut Ledger) {
        if self.is_done {
            return;
        }
        match words {
            Words::Say {
                length,
                lines,
                spice,
                kind,
            } => self.say(seat, length, lines, spice, kind, ledger),
            Words::Burst(count, length) => {
                for _ in 0..count {
                    self.say(seat, length, 1, 0, SpeechKind::Message, ledger);
                }
            }
            Words::Again(ago) => self.say_again(seat, ago, ledger),
            Words::Nick(number) => {
                let name = NAMES[number % NAMES.len()];
                self.put(
                    &[r#"{"type":"nick","name":""#, name, "\"}"],
                    &["/nick ", name],
                );
            }
            Words::Who => self.put(&[r#"{"type":"who"}"#], &["/who"]),
            Words::Ping => {
                self.peer.pings += usize::from(self.in_json);
                self.put(&[r#"{"type":"ping"}"#], &["/help"]);
            }
            Words::Last(count) => {
                let mark = self.ask(Asked::Last(count));
                let count = count.to_string();
                let json = [r#"{"type":"history","count":"#, &count, &mark];
                self.put(&json, &["/history ", &count]);
            }
            Words::Range(first, more) if self.in_json => {
                let mark = self.ask(Asked::From(first));
                let (first, last) = (first.to_string(), (first + more).to_string());
                let head = r#"{"type":"history","first":"#;
                self.put(&[head, &first, ",\"last\":", &last, &mark], &[]);
            }
            Words::Range(..) => self.put(&[], &["/help"]),
            Words::Help(times) => {
                for _ in 0..times {
                    self.put(&[r#"{"type":"who"}"#], &["/help"]);
                }
            }
            Words::Quit => {
                self.put(&[r#"{"type":"quit"}"#], &["/quit"]);
                self.is_done = true;
            }
            Words::Junk(number) => self.junk(number),
        }
    }

    /// Notes that it asks for the past; the end of the object that asks.
    fn ask(&mut self, what: Asked) -> String {
        self.questions += 1;
        let mark = self.in_json.then_some(self.questions);
        self.peer.asked.push((what, mark));
        format!(",\"id\":\"{}\"}}", self.questions)
    }

    /// Says hello, and speaks JSON from then on.
    pub(crate) fn hello(&mut self, name: usize, replay: usize, resume: Option<Seen>) {
        let name = NAMES[name % NAMES.len()];
        let mut hello = format!("{{\"protocol\":1,\"name\":\"{name}\"");
        if replay > 0 {
            hello += &format!(",\"replay\":{replay}");
        }
        if let Some(Seen {
            seq, room, secret, ..
        }) = &resume
        {
            let room = room.as_str();
            hello += &format!(",\"resume\":{{\"room\":\"{room}\",\"seq\":{seq}");
            if let Some(secret) = secret {
                hello += &format!(",\"secret\":\"{}\"", secret.to_digits());
            }
            hello += "}";
        }
        (self.peer.replay, self.peer.resumes) = (replay, resume.map(|seen| seen.seq));
        self.peer.says_hello = true;
        self.put(&[], &["/hello ", &hello, "}"]);
        self.in_json = true;
    }

    fn put(&mut self, json: &[&str], text: &[&str]) {
        let parts = if self.in_json { json } else { text };
        for part in parts {
            self.on_the_way.extend(part.as_bytes());
        }
        self.on_the_way.push_back(b'\n');
        self.has_spoken = true;
    }

    fn say(
        &mut self,
        seat: usize,
        length: usize,
        lines: usize,
        spice: usize,
        kind: SpeechKind,
        ledger: &mut Ledger,
    ) {
        let number = ledger.said.len();
        let lines = if self.in_json { lines } else { 1 };
        let (raw, clean) = SPICES[spice % SPICES.len()];
        let filler = "x".repeat(length / lines);
        let rows = |spice: &str| vec![format!("{number} {filler}{spice}"); lines].join("\n");
        let (sent, text) = (rows(raw), rows(clean));
        let id = match (self.in_json, number % 4) {
            (false, _) | (true, 3) => None,
            (true, 2) => Some(number.to_string()),
            (true, _) => Some(format!("{number:-<24}")),
        };
        ledger.said.push(Said {
            text,
            kind,
            id: id.clone(),
            by: vec![self.number],
            person: seat,
            owner: self.owner,
            seq: None,
            refused: false,
        });
        // What is longer is refused, and never comes into the room.
        if sent.len() <= MAX_TEXT {
            self.saying.push_back(number);
        }
        if self.in_json {
            self.put_json_message(&sent, kind, id.as_deref());
            return;
        }
        let me = match kind {
            SpeechKind::Message => "",
            SpeechKind::Action => "/me ",
        };
        self.put(&[], &[me, &sent]);
    }

    fn put_json_message(&mut self, text: &str, kind: SpeechKind, id: Option<&str>) {
        let kind = match kind {
            SpeechKind::Message => "message",
            SpeechKind::Action => "action",
        };
        let id = id.map_or(String::new(), |id| format!(",\"id\":\"{id}\""));
        let head = format!("{{\"type\":\"{kind}\",\"text\":\"");
        self.put(&[&head, &escaped(text), "\"", &id, "}"], &[]);
    }

    /// What was sent before over any connection of the same person, under its
    /// mark, which no other person has; under a short one of the same program.
    fn say_again(&mut self, seat: usize, ago: usize, ledger: &mut Ledger) {
        if !self.in_json {
            return;
        }
        let owner = self.owner;
        let is_mine = |said: &Said| match &said.id {
            Some(id) if id.len() > 22 => said.person == seat,
            Some(_) => said.owner == owner,
            None => false,
        };
        let all = ledger.said.iter_mut().enumerate().rev();
        let Some((number, said)) = all.filter(|(_, said)| is_mine(said)).nth(ago) else {
            return;
        };
        said.by.push(self.number);
        let (text, kind, id) = (said.text.clone(), said.kind, said.id.clone());
        if text.len() <= MAX_TEXT {
            self.saying.push_back(number);
        }
        self.put_json_message(&text, kind, id.as_deref());
    }

    fn junk(&mut self, number: usize) {
        let junk: &[u8] = match number % 16 {
            0 => b"\n",
            1 => b"   \r\n",
            2 => b"\xff\xfe\x00\n",
            3 => b"\xff\xfb\x01\xff\xfa\x18\x00x\xff\xf0\n",
            4 => b"/dance\n",
            5 => b"{\"type\":\"dance\"}\n",
            6 => b"/nick\n",
            7 => b"/hello {\"protocol\":1}x\n",
            8 => b"\x1b[2J\x00\x07\n",
            9 => b"{\"type\":\"message\",\"text\":7,\"id\":\"short\"}\n",
            10 => b"/history x\n",
            11 => b"\r\0\r\n",
            12 => b"GET / HTTP/1.1\r\n",
            13 => b"\x16\x03\x01\n",
            14 => &[b'y'; 4200],
            _ => &[b'z'; 66_000],
        };
        if !self.in_json {
            match number % 16 {
                // This could be said.
                5 | 8 | 9 => return,
                // And this as well, but as the first line.
                12 | 13 if self.has_spoken => return,
                12 | 13 => self.is_done = true,
                _ => {}
            }
        }
        self.on_the_way.extend(junk);
        match number % 16 {
            14 => self.on_the_way.push_back(b'\n'),
            15 => self.is_done = true,
            _ => {}
        }
        self.has_spoken |= number % 16 > 1;
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => "\\n".to_owned(),
            '"' | '\\' => format!("\\{character}"),
            character if character < ' ' => format!("\\u{:04x}", u32::from(character)),
            character => character.to_string(),
        })
        .collect()
}

/// The name of the room.
pub(crate) const ROOM: &str = "simulated";

/// Names that are taken, look alike, or are none.
const NAMES: [&str; 20] = [
    "ann",
    "Ann",
    "аnn",
    "ａｎｎ",
    "bo",
    "b0",
    "中文",
    "server",
    "x y",
    "ann-2",
    "d😀",
    "Ⅷ",
    "rn",
    "zoë",
    "zoe\u{301}",
    "<x>",
    "Bill",
    "BiII",
    "potato",
    "РОТАТО",
];

/// What is in a message, and what of it all peers see.
const SPICES: [(&str, &str); 8] = [
    ("", ""),
    ("\u{1b}[31mred\u{7}", "red"),
    ("a\u{202e}b\u{2066}c\u{feff}", "abc"),
    ("tab\there", "tab\there"),
    ("é中😀\"\\", "é中😀\"\\"),
    ("\u{7f}\u{9b}x\u{9b}1;2Hy", "y"),
    ("a\rb\u{2028}c", "a b c"),
    ("", ""),
];
