//! The talk with the server, without its socket.
//!
//! Bytes from the server and lines from the person go in; [`Line`]s to show
//! and bytes to send come out. A server that greets as `chat/1` is asked for the
//! JSON form. Any other one (the tutorial's, `ncat --chat`) is talked to in
//! plain lines, and so is one that has said nothing for [`DECIDE_AFTER`];
//! should its first line be a greeting after all, it is not too late.
//!
//! The talk outlives its connections. When one is lost after the welcome, lines
//! wait; on the next one the hello says what has been seen, what was missed
//! follows, and what had not come back is sent again under the same marks, so
//! that it is in the room once. A server that is no `chat/1` by then is not
//! talked to: what waits was not meant for it.
//!
//! Everything that is shown has been through [`chat_proto::text::clean`]:
//! whatever the server does, it cannot reach the terminal behind our back.

mod company;
mod hearing;
mod outbox;
mod plain;
mod position;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use chat_proto::PROTOCOL;
use chat_proto::command::{Command, Hello};
use chat_proto::foreign::Foreign;
use chat_proto::framing::{self, LineDecoder, MAX_UNENDED};
use chat_proto::json_form;
use chat_proto::name::Name;
use chat_proto::text::{self, MAX_TEXT};
use chat_proto::text_form;

use crate::line::Line;
use crate::people::People;
use crate::random::Random;
use company::Company;
use outbox::{Manner, Outbox};
use position::Position;

/// How long a server may take to greet before it is taken for a plain one. What
/// one that was only busy is sent as plain lines cannot be confirmed.
pub const DECIDE_AFTER: Duration = Duration::from_secs(3);

/// How long a plain server may pause within a line before what came of it is
/// shown: the tutorial's says who left without a line end.
pub const SHOW_PARTIAL_AFTER: Duration = Duration::from_millis(200);

/// How long a server may take to welcome us for the first time. Longer than on a
/// return, where there is another attempt: this one is the only one.
pub const LET_IN_WITHIN: Duration = Duration::from_secs(60);

/// Bytes by which another protocol is known at the latest: `HTTP/` is the longest.
const BEGINNING: usize = 5;

/// How long a server that we come back to may take to welcome us.
pub const WELCOME_WITHIN: Duration = Duration::from_secs(5);

/// How long the server may be quiet before it is asked for a sign of life. A
/// connection whose other end is gone says nothing by itself.
pub const QUIET_FOR: Duration = Duration::from_secs(30);

/// How long that may take.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// What to ask for at the hello.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The name.
    pub name: Option<String>,
    /// How many of the last messages to see again on joining.
    pub replay: usize,
}

/// The talk with one server.
#[derive(Debug)]
pub struct Conversation {
    stage: Stage,
    /// The person said that they leave.
    leaving: bool,
    /// They said so behind what waits; it is done when that is sent.
    leaving_next: bool,
    /// What answers speaks another protocol.
    is_foreign: bool,
    decoder: LineDecoder,
    wishes: Wishes,
    me: Option<Name>,
    people: People,
    /// The most bytes in a text, as the server says.
    limit: usize,
    outbox: Outbox,
    position: Position,
    /// While the connection is lost.
    away: Option<Away>,
    /// From a loss until a while after the return.
    company: Option<Company>,
    /// What the server said before it went, and for how long.
    goodbye: Option<(String, Duration)>,
    /// Something came that had not been there before.
    progress: bool,
    /// When the server was last heard.
    heard: Instant,
    /// When it was asked for a sign of life, if it has not been heard since.
    pinged: Option<Instant>,
    /// It has not given one.
    silent: bool,
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
    /// `/hello` is sent; answered at this moment at the latest.
    Hello(Instant),
    /// The JSON form.
    Json,
    /// There is no connection.
    Away,
    /// There is one again, and the greeting is to come; likewise.
    Returning(Instant),
    /// What answers is not what we were talking to, or lets nobody in.
    Unfit,
}

/// A connection that was lost.
#[derive(Debug)]
struct Away {
    since: Instant,
    /// Why, for people.
    why: String,
}

/// The server does not speak in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAChat;

impl Conversation {
    /// A conversation that begins at `now`. The marks of messages are made
    /// with `random`.
    pub fn new(wishes: Wishes, random: Random, now: Instant) -> Self {
        Self {
            stage: Stage::Undecided(now + DECIDE_AFTER),
            leaving: false,
            leaving_next: false,
            decoder: LineDecoder::default(),
            wishes,
            me: None,
            people: People::default(),
            limit: MAX_TEXT,
            is_foreign: false,
            outbox: Outbox::new(random),
            position: Position::default(),
            away: None,
            company: None,
            goodbye: None,
            progress: false,
            heard: now,
            pinged: None,
            silent: false,
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
        if matches!(self.stage, Stage::Undecided(_) | Stage::PlainSoFar) {
            // It may come in pieces, even of a single byte.
            let pending = self.decoder.pending().iter();
            let beginning: Vec<u8> = pending.chain(input).take(BEGINNING).copied().collect();
            self.is_foreign |= Foreign::recognize_answer(&beginning).is_some();
        }
        let mut decoder = std::mem::take(&mut self.decoder);
        let result = loop {
            match decoder.next_line(&mut input, MAX_UNENDED) {
                Ok(Some(line)) => self.line(line, now),
                Ok(None) => break Ok(()),
                Err(_) => break Err(NotAChat),
            }
        };
        (self.heard, self.pinged) = (now, None);
        self.partial_since = (!decoder.pending().is_empty()).then_some(now);
        self.decoder = decoder;
        result
    }

    /// Takes a line that the person typed or piped.
    pub fn say(&mut self, line: String) {
        // What stands behind a `/quit` is not meant to be said, whether or not it
        // was read before the client has left.
        if self.leaving || self.leaving_next {
            return;
        }
        match self.stage {
            Stage::PlainSoFar | Stage::Plain => self.send_plain(&line),
            Stage::Json => self.send_json(&line),
            _ if is_quit(&line) => self.leaving_next = true,
            Stage::Undecided(_)
            | Stage::Hello(_)
            | Stage::Away
            | Stage::Returning(_)
            | Stage::Unfit => self.outbox.wait(line),
        }
    }

    /// Whether what is said now waits until the server takes it.
    pub fn is_waiting(&self) -> bool {
        !matches!(self.stage, Stage::PlainSoFar | Stage::Plain | Stage::Json)
    }

    /// The person leaves.
    pub fn quit(&mut self) {
        if self.stage == Stage::Json && !self.leaving {
            json_form::encode_command(&Command::Quit, &mut self.output);
        }
        self.leaving = true;
    }

    /// Leaves, if that was said last of what waited.
    fn quit_next(&mut self) {
        if std::mem::take(&mut self.leaving_next) {
            self.quit();
        }
    }

    /// Whether the last thing that was said is that the person leaves.
    pub fn has_said_quit(&self) -> bool {
        self.leaving || self.leaving_next
    }

    /// The connection is lost, and is to be had again; or the attempt to have
    /// it again has failed. How long the server wants to be left alone.
    pub fn lose(&mut self, now: Instant) -> Duration {
        let (said, wait) = match self.goodbye.take() {
            Some((text, after)) => (Some(text), after),
            None => (None, Duration::ZERO),
        };
        let away = self.away.get_or_insert_with(|| Away {
            since: now,
            why: "connection lost".to_owned(),
        });
        if let Some(said) = said {
            away.why = said;
        }
        if self.stage == Stage::Json {
            let others = self.people.names().cloned();
            self.company = Some(Company::new(self.company.take(), others, self.me.clone()));
        }
        self.stage = Stage::Away;
        self.silent = false;
        self.decoder = LineDecoder::default();
        self.partial_since = None;
        // Half a line is nothing, and whole messages are sent again.
        self.output.clear();
        wait
    }

    /// There is a connection again.
    pub fn begin_again(&mut self, now: Instant) {
        self.stage = Stage::Returning(now + WELCOME_WITHIN);
        (self.heard, self.pinged) = (now, None);
    }

    /// When [`Conversation::expire`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let company = self.company.as_ref().and_then(Company::deadline);
        self.stage_deadline().into_iter().chain(company).min()
    }

    fn stage_deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Undecided(at) | Stage::Hello(at) | Stage::Returning(at) => Some(at),
            Stage::Plain | Stage::PlainSoFar => {
                self.partial_since.map(|since| since + SHOW_PARTIAL_AFTER)
            }
            Stage::Json if self.silent => None,
            Stage::Json => Some(match self.pinged {
                None => self.heard + QUIET_FOR,
                Some(at) => at + ANSWER_WITHIN,
            }),
            Stage::Away | Stage::Unfit => None,
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        let is_over = |company: &mut Company| company.deadline().is_some_and(|at| at <= now);
        if let Some(company) = self.company.take_if(is_over) {
            self.tell_gone(company);
        }
        if self.stage_deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.stage {
            Stage::Undecided(_) => self.be_plain(Stage::PlainSoFar),
            Stage::Hello(_) | Stage::Returning(_) => self.stage = Stage::Unfit,
            Stage::Json if self.pinged.is_some() => self.silent = true,
            Stage::Json => {
                json_form::encode_command(&Command::Ping { id: None }, &mut self.output);
                self.pinged = Some(now);
            }
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
        self.outbox.is_empty() && self.output.is_empty()
    }

    /// Whether the server has let us in, be it on an earlier connection.
    pub fn was_welcomed(&self) -> bool {
        self.me.is_some()
    }

    /// Since when the connection is lost, until the next welcome.
    pub fn away_since(&self) -> Option<Instant> {
        self.away.as_ref().map(|away| away.since)
    }

    /// Why it is lost, for people, as long as it is.
    pub fn away_why(&self) -> Option<&str> {
        self.away.as_ref().map(|away| away.why.as_str())
    }

    /// Whether this connection will never do, or no longer.
    pub fn is_unfit(&self) -> bool {
        self.stage == Stage::Unfit || self.silent
    }

    /// Whether something came that had not been there before, since this was
    /// asked last.
    pub fn has_progressed(&mut self) -> bool {
        std::mem::take(&mut self.progress)
    }

    /// What the server said before it went.
    pub fn goodbye(&self) -> Option<&str> {
        self.goodbye.as_ref().map(|(text, _)| text.as_str())
    }

    /// Whether the server is one of plain lines. Any other one confirms what it has,
    /// or may be about to: then whatever was said and is not confirmed is undelivered.
    pub fn is_plain(&self) -> bool {
        matches!(self.stage, Stage::Plain | Stage::PlainSoFar)
    }

    /// Whether what answers speaks HTTP, TLS or SSH: nobody hears us there.
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Whether the person said that they leave.
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// What was said and is not confirmed yet, in order.
    pub fn undelivered(&self) -> impl Iterator<Item = &str> {
        self.outbox.texts()
    }

    fn line(&mut self, line: framing::Line<'_>, now: Instant) {
        let line = match line {
            framing::Line::Whole(line) => Cow::Borrowed(line),
            framing::Line::TooLong(bytes) | framing::Line::NotUtf8(bytes) => {
                String::from_utf8_lossy(bytes)
            }
        };
        match self.stage {
            Stage::Undecided(_) | Stage::PlainSoFar => self.first_line(&line, now),
            Stage::Returning(until) if is_greeting(&line) => self.hello(&line, until),
            Stage::Returning(_) => self.stage = Stage::Unfit,
            Stage::Plain => self.show_plain(&line),
            Stage::Hello(_) | Stage::Json => self.object(&line, now),
            Stage::Away | Stage::Unfit => {}
        }
    }

    fn first_line(&mut self, line: &str, now: Instant) {
        if is_greeting(line) {
            self.hello(line, now + LET_IN_WITHIN);
        } else {
            self.be_plain(Stage::Plain);
            self.show_plain(line);
        }
    }

    /// Asks to be let in, under the name that the person asked for last; not
    /// the one that it became because somebody had it, or it would grow with
    /// each return.
    fn hello(&mut self, greeting: &str, until: Instant) {
        // A server that is flooded may say nothing but why we cannot come in.
        if let Some((_, word)) = greeting.split_once(text_form::GREETING)
            && !word.trim_start().starts_with("welcome")
        {
            let word = text::clean(word.trim()).into_owned();
            self.goodbye = Some((word, Duration::ZERO));
        }
        let hello = Hello {
            protocol: PROTOCOL,
            name: self.wishes.name.clone(),
            resume: self.position.resume(),
            replay: self.wishes.replay,
        };
        self.output.extend(hello.encode());
        self.stage = Stage::Hello(until);
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
        match command {
            Command::Message { text, .. } => {
                return self.outbox.send(Manner::Message, text, &mut self.output);
            }
            Command::Action { text, .. } => {
                return self.outbox.send(Manner::Action, text, &mut self.output);
            }
            Command::Quit => return self.quit(),
            Command::Help => return self.show(Line::word(HELP)),
            Command::Hello(_) => return self.refuse("that has been said already".to_owned()),
            Command::History { .. } => self.position.ask_history(),
            Command::Nick { .. } | Command::Who | Command::Ping { .. } => {}
        }
        json_form::encode_command(&command, &mut self.output);
    }
}

fn is_greeting(line: &str) -> bool {
    line.trim_start_matches('\r')
        .starts_with(text_form::GREETING)
}

/// Whether a line says that the person leaves.
pub fn is_quit(line: &str) -> bool {
    matches!(text_form::parse_command(line), Ok(Some(Command::Quit)))
}

const HELP: &str = "\
whatever you type is said to everyone here
/me TEXT      says what you do: * ann waves
/nick NAME    gives you another name
/who          tells who is here
/history N    shows the last N messages
/quit         leaves, and so does Ctrl-D
//TEXT        says a line that begins with /";

#[cfg(test)]
mod tests;
