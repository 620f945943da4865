//! The talk with the server, without its socket.
//!
//! Bytes from the server and lines from the person go in; [`Line`]s to show
//! and bytes to send come out. A server that greets as `chat/1` is asked for the
//! JSON form. Any other one (the tutorial's, `ncat --chat`) is talked to in
//! plain lines, and so is one that has said nothing for [`DECIDE_AFTER`];
//! should its first line be a greeting after all, it is not too late.
//!
//! Everything that is shown has been through [`chat_proto::text::clean`]:
//! whatever the server does, it cannot reach the terminal behind our back.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chat_proto::PROTOCOL;
use chat_proto::command::{Command, Hello};
use chat_proto::event::{Body, ErrorCode, Event, MessageId, Reply, ServerMessage, Speech};
use chat_proto::framing::{self, LineDecoder, MAX_UNENDED};
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_proto::text::{self, MAX_TEXT, Text};
use chat_proto::text_form;

use crate::line::{Kind, Line};
use crate::people::People;

/// How long a server may take to greet before it is taken for a plain one.
pub const DECIDE_AFTER: Duration = Duration::from_secs(1);

/// How long a plain server may pause within a line before what came of it is
/// shown: the tutorial's says who left without a line end.
pub const SHOW_PARTIAL_AFTER: Duration = Duration::from_millis(200);

/// The talk with one server.
#[derive(Debug)]
pub struct Conversation {
    stage: Stage,
    /// The person said that they leave.
    leaving: bool,
    decoder: LineDecoder,
    wanted_name: Option<String>,
    me: Option<Name>,
    people: People,
    /// The most bytes in a text, as the server says.
    limit: usize,
    /// Typed before it was clear how to send it.
    waiting: VecDeque<String>,
    /// Sent and not yet come back.
    unconfirmed: VecDeque<(MessageId, Text)>,
    /// What makes our marks differ from everybody else's.
    seed: u64,
    sent: u64,
    /// When the last bytes came, if they were the beginning of a line.
    partial_since: Option<Instant>,
    output: Vec<u8>,
    shown: Vec<Line>,
    /// The server's objects as they came, if somebody wants them.
    objects: Option<Vec<String>>,
    /// But for arrivals and departures.
    quiet: bool,
    refused: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing has come yet; decided at this moment at the latest.
    Undecided(Instant),
    /// The server has not greeted in time, but nor has it said anything else.
    PlainSoFar,
    /// Plain lines, for good.
    Plain,
    /// `/hello` is sent.
    Hello,
    /// The JSON form.
    Json,
}

/// The server does not speak in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAChat;

impl Conversation {
    /// A conversation that begins at `now`. `seed` is any number that others
    /// do not have.
    pub fn new(wanted_name: Option<String>, seed: u64, now: Instant) -> Self {
        Self {
            stage: Stage::Undecided(now + DECIDE_AFTER),
            leaving: false,
            decoder: LineDecoder::new(MAX_UNENDED),
            wanted_name,
            me: None,
            people: People::default(),
            limit: MAX_TEXT,
            waiting: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            seed,
            sent: 0,
            partial_since: None,
            output: Vec::new(),
            shown: Vec::new(),
            objects: None,
            quiet: false,
            refused: 0,
        }
    }

    /// Keeps the server's objects as they come, for [`Conversation::objects`];
    /// `quiet`: but for arrivals and departures.
    pub fn keep_objects(&mut self, quiet: bool) {
        self.objects = Some(Vec::new());
        self.quiet = quiet;
    }

    /// Takes what the server sent.
    ///
    /// # Errors
    ///
    /// When it sends 64 KiB without a line end.
    pub fn receive(&mut self, mut input: &[u8], now: Instant) -> Result<(), NotAChat> {
        let mut decoder = std::mem::replace(&mut self.decoder, LineDecoder::new(0));
        let result = loop {
            match decoder.next_line(&mut input) {
                Ok(Some(line)) => self.line(line),
                Ok(None) => break Ok(()),
                Err(_) => break Err(NotAChat),
            }
        };
        self.partial_since = (!decoder.pending().is_empty()).then_some(now);
        self.decoder = decoder;
        result
    }

    /// Takes a line that the person typed or piped.
    pub fn say(&mut self, line: String) {
        if self.leaving {
            return;
        }
        match self.stage {
            Stage::Undecided(_) | Stage::Hello => self.waiting.push_back(line),
            Stage::PlainSoFar | Stage::Plain => self.send_plain(&line),
            Stage::Json => self.send_json(&line),
        }
    }

    /// The person leaves.
    pub fn quit(&mut self) {
        if self.stage == Stage::Json && !self.leaving {
            json_form::encode_command(&Command::Quit, &mut self.output);
        }
        self.leaving = true;
    }

    /// When [`Conversation::expire`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Undecided(at) => Some(at),
            Stage::Plain | Stage::PlainSoFar => {
                self.partial_since.map(|since| since + SHOW_PARTIAL_AFTER)
            }
            _ => None,
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.stage {
            Stage::Undecided(_) => self.be_plain(Stage::PlainSoFar),
            Stage::Plain | Stage::PlainSoFar => {
                if let Some(partial) = self.decoder.take_pending() {
                    self.stage = Stage::Plain;
                    self.show_plain(&String::from_utf8_lossy(&partial));
                }
                self.partial_since = None;
            }
            _ => {}
        }
    }

    /// What is to be sent; the caller takes it away.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// What is to be shown; the caller takes it away.
    pub fn shown(&mut self) -> &mut Vec<Line> {
        &mut self.shown
    }

    /// The server's objects, safe to print, one a line; the caller takes them
    /// away.
    pub fn objects(&mut self) -> &mut Vec<String> {
        self.objects.get_or_insert_default()
    }

    /// The name that the person has in the room.
    pub fn me(&self) -> Option<&Name> {
        self.me.as_ref()
    }

    /// Who else is here.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The most bytes in a text.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many lines were refused, here or by the server.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Something of our own to say to the person.
    pub fn show(&mut self, line: Line) {
        self.shown.push(line);
    }

    /// Whether everything that was said is with the server: confirmed, or, by
    /// plain lines, as good as can be known.
    pub fn all_delivered(&self) -> bool {
        self.waiting.is_empty() && self.unconfirmed.is_empty() && self.output.is_empty()
    }

    /// Whether the server confirms what it has.
    pub fn confirms(&self) -> bool {
        matches!(self.stage, Stage::Hello | Stage::Json)
    }

    /// Whether the server is one of plain lines.
    pub fn is_plain(&self) -> bool {
        matches!(self.stage, Stage::Plain | Stage::PlainSoFar)
    }

    /// Whether the person said that they leave.
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// What was said and is not confirmed yet, in order.
    pub fn undelivered(&self) -> impl Iterator<Item = &str> {
        let unconfirmed = self.unconfirmed.iter().map(|(_, text)| text.as_str());
        unconfirmed.chain(self.waiting.iter().map(String::as_str))
    }

    fn line(&mut self, line: framing::Line<'_>) {
        let line = match line {
            framing::Line::Whole(line) => Cow::Borrowed(line),
            framing::Line::TooLong(bytes) | framing::Line::NotUtf8(bytes) => {
                String::from_utf8_lossy(bytes)
            }
        };
        match self.stage {
            Stage::Undecided(_) | Stage::PlainSoFar => self.first_line(&line),
            Stage::Plain => self.show_plain(&line),
            Stage::Hello | Stage::Json => self.object(&line),
        }
    }

    fn first_line(&mut self, line: &str) {
        if line
            .trim_start_matches('\r')
            .starts_with(text_form::GREETING)
        {
            let hello = Hello {
                protocol: PROTOCOL,
                name: self.wanted_name.clone(),
                resume: None,
                replay: 0,
            };
            self.output.extend(hello.encode());
            self.stage = Stage::Hello;
        } else {
            self.be_plain(Stage::Plain);
            self.show_plain(line);
        }
    }

    fn be_plain(&mut self, stage: Stage) {
        self.stage = stage;
        while let Some(line) = self.waiting.pop_front() {
            self.say(line);
        }
    }

    fn send_plain(&mut self, line: &str) {
        if line == "/quit" {
            self.leaving = true;
            return;
        }
        match Text::clean(line) {
            Ok(text) => {
                self.output.extend_from_slice(text.as_str().as_bytes());
                self.output.push(b'\n');
                let kind = Kind::Message { name: None, text };
                self.show(Line { time: None, kind });
            }
            Err(text::TextError::Empty) => {}
            Err(error) => self.refuse(format!("that was not sent: {error}")),
        }
    }

    /// Tells the person that something of theirs is not sent.
    pub fn refuse(&mut self, why: String) {
        self.refused += 1;
        self.show(Line::trouble(why));
    }

    fn send_json(&mut self, line: &str) {
        let command = match text_form::parse_command(line) {
            Ok(None) => return,
            Ok(Some(command)) => command,
            Err(error) => return self.refuse(error.to_string()),
        };
        let command = match command {
            Command::Message { text, .. } => {
                let id = self.remember(&text);
                Command::Message { text, id }
            }
            Command::Action { text, .. } => {
                let id = self.remember(&text);
                Command::Action { text, id }
            }
            Command::Quit => return self.quit(),
            Command::Help => return self.show(Line::word(HELP)),
            Command::Hello(_) => return self.refuse("that has been said already".to_owned()),
            command => command,
        };
        json_form::encode_command(&command, &mut self.output);
    }

    fn remember(&mut self, text: &Text) -> Option<MessageId> {
        self.sent += 1;
        let id = MessageId::new(&format!("{:016x}-{}", self.seed, self.sent))?;
        self.unconfirmed.push_back((id.clone(), text.clone()));
        Some(id)
    }

    fn object(&mut self, line: &str) {
        let message = json_form::parse_server_message(line);
        let is_presence = matches!(
            &message,
            Ok(Some(ServerMessage::Event(Event {
                body: Body::Entered(_) | Body::Left(_),
                ..
            })))
        );
        if let Some(objects) = &mut self.objects
            && line.starts_with('{')
            && !(self.quiet && is_presence)
        {
            objects.push(text::clean(line).into_owned());
        }
        // Lines in text form may still come before the welcome, and objects
        // of a kind that is newer than this program at any time.
        match message {
            Ok(Some(ServerMessage::Event(event))) => self.event(event),
            Ok(Some(ServerMessage::Reply(reply))) => self.reply(reply),
            Ok(None) | Err(_) => {}
        }
    }

    fn event(&mut self, event: Event) {
        let kind = match event.body {
            Body::Room { .. } => return,
            Body::Message(speech) => {
                let own = self.heard(&speech);
                Kind::Message {
                    name: (!own).then_some(speech.name),
                    text: speech.text,
                }
            }
            Body::Action(speech) => Kind::Action {
                own: self.heard(&speech),
                name: speech.name,
                text: speech.text,
            },
            Body::Entered(names) => {
                for name in names.iter().filter(|name| self.me.as_ref() != Some(name)) {
                    self.people.enter(name);
                }
                Kind::Entered(names)
            }
            Body::Left(names) => {
                for name in &names {
                    self.people.leave(name);
                }
                Kind::Left(names)
            }
            Body::Renamed { old, new } => {
                if Some(&old) == self.me.as_ref() {
                    let text = format!("you are now known as {new}");
                    self.me = Some(new);
                    Kind::Word(text)
                } else {
                    self.people.rename(&old, &new);
                    Kind::Renamed { old, new }
                }
            }
        };
        self.show(Line {
            time: Some(event.time),
            kind,
        });
    }

    /// Takes note of who speaks; tells whether it is the person themselves.
    fn heard(&mut self, speech: &Speech) -> bool {
        self.confirm(speech);
        let own = Some(&speech.name) == self.me.as_ref();
        if !own {
            self.people.speak(&speech.name);
        }
        own
    }

    fn confirm(&mut self, speech: &Speech) {
        if let Some(id) = &speech.id {
            self.unconfirmed
                .retain(|(unconfirmed, _)| unconfirmed != id);
        }
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Welcome(welcome) => {
                let others = welcome.people.saturating_sub(1);
                let company = match others {
                    0 => "nobody else is here yet".to_owned(),
                    1 => "1 other is here".to_owned(),
                    others => format!("{others} others are here"),
                };
                self.show(Line::word(format!("you are {}; {company}", welcome.name)));
                for name in welcome.names.iter().filter(|name| **name != welcome.name) {
                    self.people.enter(name);
                }
                self.limit = welcome.limits.text.min(MAX_TEXT);
                self.me = Some(welcome.name);
                self.stage = Stage::Json;
                while let Some(line) = self.waiting.pop_front() {
                    self.send_json(&line);
                }
            }
            Reply::Notice(text) => self.show(Line::word(text.as_str())),
            Reply::Error { code, text, id } => {
                let known = self
                    .unconfirmed
                    .iter()
                    .position(|(known, _)| Some(known) == id.as_ref());
                match known.and_then(|index| self.unconfirmed.remove(index)) {
                    Some((_, said)) if code != ErrorCode::TooLong => {
                        self.refuse(format!("{text}: {said}"));
                    }
                    _ => self.refuse(text.to_string()),
                }
            }
            Reply::People { people, names, .. } => {
                let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                let names = names.join(", ");
                self.show(Line::word(format!("here ({people} in all): {names}")));
            }
            Reply::Goodbye { text, .. } => self.show(Line::word(text.as_str())),
            Reply::Gap { missed } => {
                self.show(Line::word(format!("you missed {missed} lines")));
            }
            Reply::Confirmed { id, .. } => {
                self.unconfirmed.retain(|(known, _)| *known != id);
            }
            Reply::Pong { .. } | Reply::History { .. } => {}
        }
    }

    fn show_plain(&mut self, line: &str) {
        // The tutorial's server puts a CR before each message, also where the
        // line before it had no end.
        for line in line.split('\r').filter(|line| !line.is_empty()) {
            let kind = Kind::Raw(text::clean(line).into_owned());
            self.show(Line { time: None, kind });
        }
    }
}

const HELP: &str = "\
whatever you type is said to everyone here
/me TEXT      says what you do: * ann waves
/nick NAME    gives you another name
/who          tells who is here
/quit         leaves, and so does Ctrl-D
//TEXT        says a line that begins with /";

#[cfg(test)]
mod tests;
