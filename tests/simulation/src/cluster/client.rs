//! A peer of one of the servers, and what it is to have seen.

use chat_proto::event::{Body, Event, Reply, ServerMessage, Welcome};
use chat_proto::json_form;
use chat_server::net::transport::Readiness;
use chat_server::timeline::mark::Form;

use crate::wire::Wire;

/// A peer.
pub(super) struct Client {
    pub(super) wire: Wire,
    pub(super) server: usize,
    form: Form,
    /// What it has said, by number, in order.
    said: Vec<usize>,
    /// It is to be in the room at the end, and all that it has said.
    pub(super) is_certain: bool,
    /// It sends nothing more.
    is_done: bool,
    read: Vec<u8>,
}

/// What a program says of itself when it comes back.
pub(super) struct Seen {
    pub(super) room: String,
    pub(super) seq: u64,
    pub(super) secret: String,
}

impl Client {
    pub(super) fn new(wire: Wire, server: usize, form: Form) -> Self {
        Self {
            wire,
            server,
            form,
            said: Vec::new(),
            is_certain: true,
            is_done: false,
            read: Vec::new(),
        }
    }

    pub(super) fn number(&self) -> usize {
        self.wire.number
    }

    pub(super) fn send(&self, line: &str) {
        if self.is_done {
            return;
        }
        let socket = &mut *self.wire.socket();
        socket.arrived.extend(line.as_bytes());
        socket.tell(Readiness {
            readable: true,
            ..Readiness::default()
        });
    }

    pub(super) fn say(&mut self, number: usize) {
        if self.is_done {
            return;
        }
        self.said.push(number);
        let line = match self.form {
            Form::Text => format!("{number} said\n"),
            Form::Json => format!("{{\"type\":\"message\",\"text\":\"{number} said\"}}\n"),
        };
        self.send(&line);
    }

    pub(super) fn nick(&self, name: &str) {
        let line = match self.form {
            Form::Text => format!("/nick {name}\n"),
            Form::Json => format!("{{\"type\":\"nick\",\"name\":\"{name}\"}}\n"),
        };
        self.send(&line);
    }

    pub(super) fn who(&self) {
        self.send(match self.form {
            Form::Text => "/who\n",
            Form::Json => "{\"type\":\"who\"}\n",
        });
    }

    /// Says so and goes.
    pub(super) fn quit(&mut self) {
        self.send(match self.form {
            Form::Text => "/quit\n",
            Form::Json => "{\"type\":\"quit\"}\n",
        });
        (self.is_done, self.is_certain) = (true, false);
    }

    /// Its connection is reset.
    pub(super) fn break_off(&mut self) {
        let socket = &mut *self.wire.socket();
        socket.fail();
        socket.ended = true;
        socket.tell(Readiness {
            readable: true,
            writable: true,
            read_on: true,
            failed: true,
        });
        (self.is_done, self.is_certain) = (true, false);
    }

    /// Its server was killed.
    pub(super) fn lose(&mut self) {
        self.wire.socket().place = None;
        (self.is_done, self.is_certain) = (true, false);
    }

    /// Takes what it was sent.
    pub(super) fn read(&mut self) {
        self.read.append(&mut self.wire.socket().written);
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        let text = std::str::from_utf8(&self.read).expect("text");
        text.split('\n').map(|line| line.trim_start_matches('\r'))
    }

    fn messages(&self) -> impl Iterator<Item = ServerMessage> {
        // Lines of the text form may come before the welcome, and the end may be cut.
        self.lines()
            .filter_map(|line| json_form::parse_server_message(line).ok().flatten())
    }

    fn welcome(&self) -> Option<Welcome> {
        self.messages().find_map(|message| match message {
            ServerMessage::Reply(Reply::Welcome(welcome)) => Some(*welcome),
            _ => None,
        })
    }

    fn events(&self) -> Vec<Event> {
        let event = |message| match message {
            ServerMessage::Event(event) => Some(event),
            ServerMessage::Reply(_) => None,
        };
        self.messages().filter_map(event).collect()
    }

    /// What it says when it comes back, if it is a program that was welcomed.
    pub(super) fn seen(&self) -> Option<Seen> {
        let welcome = self.welcome()?;
        Some(Seen {
            room: welcome.room?.as_str().to_owned(),
            seq: self.events().last().map_or(welcome.seq, |event| event.seq),
            secret: welcome.secret?.to_digits(),
        })
    }

    /// Whether it has said this.
    pub(super) fn has_said(&self, number: usize) -> bool {
        self.said.contains(&number)
    }

    /// Whether another connection has its place.
    pub(super) fn is_replaced(&self) -> bool {
        self.lines()
            .any(|line| line.contains("over another connection"))
    }

    /// Whether it is at the server, as far as both of them know.
    pub(super) fn is_connected(&self) -> bool {
        let socket = self.wire.socket();
        !self.is_done && socket.place.is_some() && !socket.shut
    }

    /// Whether its server has said goodbye, and closed the connection.
    pub(super) fn is_sent_away(&self) -> bool {
        self.wire.socket().shut && self.lines().any(|line| line.contains("goodbye"))
    }

    /// Whether it was not let in, since the stream did not answer.
    pub(super) fn is_turned_away(&self) -> bool {
        self.lines()
            .any(|line| line.contains("nobody else can come in now"))
    }

    /// How much of what it has said was refused.
    pub(super) fn refused(&self) -> usize {
        let told = self
            .lines()
            .filter(|line| line.contains("that was not sent"));
        told.count()
    }

    /// Holds what it has seen against all that has happened.
    pub(super) fn check(&self, all: &[Event]) {
        let messages: Vec<usize> = all.iter().filter_map(number_said).collect();
        let mine: Vec<usize> = messages
            .iter()
            .copied()
            .filter(|number| self.said.contains(number))
            .collect();
        let refused = self.refused();
        let mut said = self.said.iter();
        assert!(
            mine.iter().all(|it| said.any(|said| said == it)),
            "{mine:?}"
        );
        if self.is_certain {
            let count = mine.len() + refused;
            assert_eq!(
                count,
                self.said.len(),
                "all of it is in the room, or was refused"
            );
        }
        if refused == 0 {
            assert!(self.said.starts_with(&mine), "{mine:?} of {:?}", self.said);
        }
        match self.form {
            Form::Text => self.check_text(&messages),
            Form::Json => self.check_json(all),
        }
    }

    /// Others' messages from one of them on, up to its end, and none of its own.
    fn check_text(&self, messages: &[usize]) {
        let others = messages.iter().filter(|it| !self.said.contains(it));
        let others: Vec<usize> = others.copied().collect();
        let said = self.lines().filter_map(|line| {
            let (name, text) = line.split_once("> ")?;
            name.starts_with('<').then(|| number_in(text))?
        });
        let seen: Vec<usize> = said.collect();
        let is_seen = match self.is_certain {
            true => others.ends_with(&seen),
            false => seen.is_empty() || others.windows(seen.len()).any(|some| some == seen),
        };
        assert!(is_seen, "{seen:?} of {others:?}");
    }

    /// All events behind its welcome, up to its end.
    fn check_json(&self, all: &[Event]) {
        let Some(welcome) = self.welcome() else {
            let lines: Vec<_> = self.lines().collect();
            assert!(!self.is_certain, "it is welcomed: {lines:?}");
            return;
        };
        let events = self.events();
        let from = welcome.from.unwrap_or(welcome.seq + 1);
        let first = from as usize - 1;
        let last = first + events.len();
        assert_eq!(events, all[first..last], "from {from} on");
        if self.is_certain {
            assert_eq!(last, all.len(), "up to the end");
        }
    }
}

fn number_said(event: &Event) -> Option<usize> {
    match &event.body {
        Body::Message(speech) => number_in(speech.text.as_str()),
        _ => None,
    }
}

/// The number that a text of ours begins with.
pub(super) fn number_in(text: &str) -> Option<usize> {
    text.split_once(' ')?.0.parse().ok()
}
