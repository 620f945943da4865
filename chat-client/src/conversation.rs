//! The talk with the server, without its socket.
//!
//! Bytes from the server and lines from the person go in; lines to show and
//! bytes to send come out. A server that greets as `chat/1` is asked for the
//! JSON form. Any other one (the tutorial's, `ncat --chat`) is talked to in
//! plain lines, and so is one that has said nothing for [`DECIDE_AFTER`];
//! should its first line be a greeting after all, it is not too late.
//!
//! Everything that is shown has been through [`chat_proto::text::clean`]:
//! whatever the server does, it cannot reach the terminal behind our back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chat_proto::PROTOCOL;
use chat_proto::command::{Command, Hello};
use chat_proto::event::{Body, ErrorCode, Event, MessageId, Reply, ServerMessage, Speech};
use chat_proto::framing::{Line, LineDecoder, MAX_UNENDED};
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_proto::text::{self, Text};
use chat_proto::text_form;

/// How long a server may take to greet before it is taken for a plain one.
pub const DECIDE_AFTER: Duration = Duration::from_secs(1);

/// How long a plain server may pause within a line before what came of it is
/// shown: the tutorial's says who left without a line end.
pub const SHOW_PARTIAL_AFTER: Duration = Duration::from_millis(200);

/// The talk with one server.
#[derive(Debug)]
pub struct Conversation {
    stage: Stage,
    decoder: LineDecoder,
    wanted_name: Option<String>,
    me: Option<Name>,
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
    shown: Vec<String>,
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
    /// We said that we leave.
    Leaving,
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
            decoder: LineDecoder::new(MAX_UNENDED),
            wanted_name,
            me: None,
            waiting: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            seed,
            sent: 0,
            partial_since: None,
            output: Vec::new(),
            shown: Vec::new(),
        }
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
        match self.stage {
            Stage::Undecided(_) | Stage::Hello => self.waiting.push_back(line),
            Stage::PlainSoFar | Stage::Plain => self.send_plain(&line),
            Stage::Json => self.send_json(&line),
            Stage::Leaving => {}
        }
    }

    /// The person leaves.
    pub fn quit(&mut self) {
        if self.stage == Stage::Json {
            json_form::encode_command(&Command::Quit, &mut self.output);
        }
        self.stage = Stage::Leaving;
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

    /// What is to be shown, line by line; the caller takes it away.
    pub fn shown(&mut self) -> &mut Vec<String> {
        &mut self.shown
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

    /// Whether the person said that they leave.
    pub fn is_leaving(&self) -> bool {
        self.stage == Stage::Leaving
    }

    /// What was said and not confirmed, when the connection is lost.
    pub fn undelivered(&self) -> impl Iterator<Item = &str> {
        let unconfirmed = self.unconfirmed.iter().map(|(_, text)| text.as_str());
        unconfirmed.chain(self.waiting.iter().map(String::as_str))
    }

    fn line(&mut self, line: Line<'_>) {
        let line = match line {
            Line::Whole(line) => line.to_owned(),
            Line::TooLong(bytes) | Line::NotUtf8(bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
        };
        match self.stage {
            Stage::Undecided(_) | Stage::PlainSoFar => self.first_line(&line),
            Stage::Plain => self.show_plain(&line),
            Stage::Hello | Stage::Json | Stage::Leaving => self.object(&line),
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
            self.stage = Stage::Leaving;
            return;
        }
        match Text::clean(line) {
            Ok(text) => {
                self.output.extend_from_slice(text.as_str().as_bytes());
                self.output.push(b'\n');
                self.show(&format!("<You> {text}"));
            }
            Err(text::TextError::Empty) => {}
            Err(error) => self.show(&format!("-- that was not sent: {error}")),
        }
    }

    fn send_json(&mut self, line: &str) {
        let command = match text_form::parse_command(line) {
            Ok(None) => return,
            Ok(Some(command)) => command,
            Err(error) => return self.show(&format!("-- {error}")),
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
            Command::Help => return self.show(HELP),
            Command::Hello(_) => return self.show("-- that has been said already"),
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
        // Lines in text form may still come before the welcome, and objects
        // of a kind that is newer than this program at any time.
        match json_form::parse_server_message(line) {
            Ok(Some(ServerMessage::Event(event))) => self.event(event),
            Ok(Some(ServerMessage::Reply(reply))) => self.reply(reply),
            Ok(None) | Err(_) => {}
        }
    }

    fn event(&mut self, event: Event) {
        match event.body {
            Body::Message(speech) => {
                self.confirm(&speech);
                let own = Some(&speech.name) == self.me.as_ref();
                let name = if own { "You" } else { speech.name.as_str() };
                for line in speech.text.as_str().split('\n') {
                    self.show(&format!("<{name}> {line}"));
                }
            }
            Body::Action(speech) => {
                self.confirm(&speech);
                for line in speech.text.as_str().split('\n') {
                    self.show(&format!("* {} {line}", speech.name));
                }
            }
            Body::Entered(names) => {
                for name in names {
                    self.show(&format!("[{name}] entered room"));
                }
            }
            Body::Left(names) => {
                for name in names {
                    self.show(&format!("[{name}] is offline"));
                }
            }
            Body::Renamed { old, new } => {
                if Some(&old) == self.me.as_ref() {
                    self.show(&format!("-- you are now known as {new}"));
                    self.me = Some(new);
                } else {
                    self.show(&format!("[{old}] is now known as {new}"));
                }
            }
        }
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
                self.show(&format!("-- you are {}; {company}", welcome.name));
                self.me = Some(welcome.name);
                self.stage = Stage::Json;
                while let Some(line) = self.waiting.pop_front() {
                    self.say(line);
                }
            }
            Reply::Notice(text) => self.show(&format!("-- {text}")),
            Reply::Error { code, text, id } => {
                let known = self
                    .unconfirmed
                    .iter()
                    .position(|(known, _)| Some(known) == id.as_ref());
                match known.and_then(|index| self.unconfirmed.remove(index)) {
                    Some((_, said)) if code != ErrorCode::TooLong => {
                        self.show(&format!("-- {text}: {said}"));
                    }
                    _ => self.show(&format!("-- {text}")),
                }
            }
            Reply::People { people, names, .. } => {
                let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                self.show(&format!("-- here ({people} in all): {}", names.join(", ")));
            }
            Reply::Pong { .. } => {}
        }
    }

    fn show_plain(&mut self, line: &str) {
        // The tutorial's server puts a CR before each message, also where the
        // line before it had no end.
        for line in line.split('\r').filter(|line| !line.is_empty()) {
            self.show(line);
        }
    }

    fn show(&mut self, lines: &str) {
        self.shown
            .extend(text::clean(lines).split('\n').map(str::to_owned));
    }
}

const HELP: &str = "\
-- whatever you type is said to everyone here
-- /me TEXT      says what you do: * ann waves
-- /nick NAME    gives you another name
-- /who          tells who is here
-- /quit         leaves, and so does Ctrl-D
-- //TEXT        says a line that begins with /";

#[cfg(test)]
mod tests;
