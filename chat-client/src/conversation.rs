//! The conversation with the server, without its socket.
//!
//! Bytes from the server and lines from the person go in; [`Line`]s to show and bytes
//! to send come out. A server that greets as `chat/1` is asked for the JSON form. Any
//! other one is taken for a server of plain lines (the tutorial's, `ncat --chat`) if a
//! person reads what it says or has told that it is one, and if it does not speak a
//! known other protocol. A server that has said nothing for [`DECIDE_AFTER`] is taken
//! for one, too; its first line may still be a greeting. To a program every other
//! server is a [`ForeignServer`]: plain lines confirm nothing.
//!
//! The conversation outlives its connections. When one is lost after the welcome, lines
//! wait. On the next one the hello names the last event that was seen, the missed
//! events follow, and messages that had not come back are sent again under the same
//! ids, so that each is in the room once. A server that is no `chat/1` by then is not
//! talked to: the waiting lines were not meant for it.
//!
//! Everything that is shown has been through [`chat_proto::text::clean`]: no server can
//! send control sequences to the terminal.

mod about;
mod carrier;
mod commands;
mod disconnect;
mod door;
mod foreign;
mod greeting;
mod holders;
mod incoming;
mod measures;
mod netsplit;
mod objects;
mod options;
mod outage;
mod outbox;
mod outgoing;
mod password;
mod people;
mod plain;
mod position;
mod removed;
mod stage;
mod timeouts;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use chat_proto::PROTOCOL;
use chat_proto::command::{Command, Entry, Hello};
use chat_proto::event::Rank;
use chat_proto::framing::{self, LineDecoder, MAX_UNENDED};
use chat_proto::json_form;
use chat_proto::moderation::Remark;
use chat_proto::name::Name;
use chat_proto::password::Password;
use chat_proto::text::MAX_TEXT;

use crate::output::line::{Line, Presence};
use crate::random::Random;
pub use about::about;
pub use carrier::Carrier;
pub use commands::is_quit;
use foreign::BEGINNING;
pub use foreign::{ForeignServer, ServerKind};
use greeting::{is_greeting, refusal_in};
use holders::Holders;
use netsplit::Netsplit;
use objects::Objects;
pub use options::{Audience, JoinOptions, TlsOffer};
use outage::Outage;
use outbox::Outbox;
pub use people::People;
use position::Position;
use removed::Removed;
use stage::{Departure, Liveness, Refusal, Stage};
pub use timeouts::*;

/// The conversation with one server.
#[derive(Debug)]
pub struct Conversation {
    stage: Stage,
    departure: Departure,
    decoder: LineDecoder,
    options: JoinOptions,
    carrier: Carrier,
    /// The person knows that the connection is not encrypted.
    is_warned: bool,
    me: Option<Name>,
    rank: Rank,
    people: People,
    removed: Removed,
    holders: Holders,
    /// The most bytes in a text, as the server says.
    limit: usize,
    outbox: Outbox,
    position: Position,
    /// From a loss until the next welcome.
    outage: Option<Outage>,
    /// From a loss until a while after the return.
    netsplit: Option<Netsplit>,
    /// The server's goodbye, and how long it wants to be left alone.
    goodbye: Option<(String, Duration)>,
    /// A new event came since this was asked last.
    progress: bool,
    /// When the last bytes came, if they were the beginning of a line.
    partial_since: Option<Instant>,
    output: Vec<u8>,
    shown: Vec<Line>,
    /// The server's objects, if they are wanted.
    objects: Option<Objects>,
    refusals: usize,
}

/// The server does not speak in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAChat;

impl Conversation {
    /// A conversation that begins at `now`. The ids of messages are made with `random`.
    pub fn new(options: JoinOptions, random: Random, now: Instant) -> Self {
        Self {
            stage: undecided(&options, now),
            departure: Departure::Staying,
            decoder: LineDecoder::default(),
            carrier: Carrier::Local,
            is_warned: false,
            me: None,
            rank: options.rank,
            options,
            people: People::default(),
            removed: Removed::default(),
            holders: Holders::default(),
            limit: MAX_TEXT,
            outbox: Outbox::new(random),
            position: Position::default(),
            outage: None,
            netsplit: None,
            goodbye: None,
            progress: false,
            partial_since: None,
            output: Vec::new(),
            shown: Vec::new(),
            objects: None,
            refusals: 0,
        }
    }

    /// Keeps the server's objects as they come, for [`Conversation::objects`].
    pub fn keep_objects(&mut self, presence: Presence) {
        self.objects = Some(Objects::new(presence));
    }

    /// Takes bytes from the server.
    ///
    /// # Errors
    ///
    /// When it sends 64 KiB without a line end.
    pub fn receive(&mut self, mut input: &[u8], now: Instant) -> Result<(), NotAChat> {
        if matches!(self.stage, Stage::Undecided { .. } | Stage::PlainSoFar) {
            // It may come in pieces, even of a single byte.
            let pending = self.decoder.pending().iter();
            let beginning: Vec<u8> = pending.chain(input).take(BEGINNING).copied().collect();
            if let Some(foreign) = ForeignServer::recognize(&beginning, self.options.server) {
                self.stage = Stage::ForeignServer(foreign);
                return Ok(());
            }
        }
        let mut decoder = std::mem::take(&mut self.decoder);
        let result = loop {
            match decoder.next_line(&mut input, MAX_UNENDED) {
                Ok(Some(line)) => self.line(line, now),
                Ok(None) => break Ok(()),
                Err(_) => break Err(NotAChat),
            }
        };
        if let Stage::Json(liveness) = &mut self.stage {
            liveness.hear(now);
        }
        self.partial_since = (!decoder.pending().is_empty()).then_some(now);
        self.decoder = decoder;
        result
    }

    /// Whether a line that is said now waits until the server takes it.
    pub fn is_waiting(&self) -> bool {
        !matches!(
            self.stage,
            Stage::PlainSoFar | Stage::Plain | Stage::Json(_)
        )
    }

    /// When [`Conversation::expire`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let netsplit = self.netsplit.as_ref().and_then(Netsplit::deadline);
        self.stage_deadline().into_iter().chain(netsplit).min()
    }

    fn stage_deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Undecided { until }
            | Stage::Hello { until, .. }
            | Stage::Returning { until } => Some(*until),
            Stage::Plain | Stage::PlainSoFar => {
                self.partial_since.map(|since| since + SHOW_PARTIAL_AFTER)
            }
            Stage::Json(liveness) => liveness.deadline(),
            Stage::Disconnected
            | Stage::TlsOffered
            | Stage::Password
            | Stage::Unfit { .. }
            | Stage::ForeignServer(_) => None,
        }
    }

    /// Does the things whose time has come.
    pub fn expire(&mut self, now: Instant) {
        let is_over = |netsplit: &mut Netsplit| netsplit.deadline().is_some_and(|at| at <= now);
        if let Some(netsplit) = self.netsplit.take_if(is_over) {
            self.tell_gone(netsplit);
        }
        if self.stage_deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match &mut self.stage {
            Stage::Undecided { .. } if self.options.may_be_plain() => {
                self.be_plain(Stage::PlainSoFar);
            }
            Stage::Undecided { .. } => {
                let foreign = match self.decoder.take_pending() {
                    Some(partial) => ForeignServer::says(&String::from_utf8_lossy(&partial)),
                    None => ForeignServer::Silent(GREET_WITHIN),
                };
                self.stage = Stage::ForeignServer(foreign);
            }
            Stage::Hello { refusal, .. } => {
                let refusal = refusal.take();
                self.stage = Stage::Unfit { refusal };
            }
            Stage::Returning { .. } => self.stage = Stage::Unfit { refusal: None },
            Stage::Json(liveness @ Liveness::Heard(_)) => {
                json_form::encode_command(&Command::Ping { id: None }, &mut self.output);
                *liveness = Liveness::Pinged(now);
            }
            Stage::Json(liveness) => *liveness = Liveness::Silent,
            Stage::Plain | Stage::PlainSoFar => {
                if let Some(partial) = self.decoder.take_pending() {
                    self.stage = Stage::Plain;
                    self.show_plain(&String::from_utf8_lossy(&partial));
                }
                self.partial_since = None;
            }
            Stage::Disconnected
            | Stage::TlsOffered
            | Stage::Password
            | Stage::Unfit { .. }
            | Stage::ForeignServer(_) => {}
        }
    }

    /// Bytes to send; the caller takes them away.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Lines to show; the caller takes them away.
    pub fn shown(&mut self) -> &mut Vec<Line> {
        &mut self.shown
    }

    /// The server's objects, safe to print, one a line; the caller takes them
    /// away.
    pub fn objects(&mut self) -> &mut Vec<String> {
        &mut self.objects.get_or_insert_default().lines
    }

    /// The name that the person has in the room.
    pub fn me(&self) -> Option<&Name> {
        self.me.as_ref()
    }

    /// What the person may do in the room, as far as the server has told. It decides alone.
    pub fn rank(&self) -> Rank {
        self.rank
    }

    /// The other people in the room.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The most bytes in a text.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many lines were refused, here or by the server.
    pub fn refused(&self) -> usize {
        self.refusals
    }

    /// Shows a line of the client's own.
    pub fn show(&mut self, line: Line) {
        self.shown.push(line);
    }

    /// Whether every line that was said is with the server: confirmed or, in plain
    /// lines, sent.
    pub fn all_delivered(&self) -> bool {
        self.outbox.is_empty() && self.output.is_empty()
    }

    /// Whether the server has let us in, be it on an earlier connection.
    pub fn was_welcomed(&self) -> bool {
        self.me.is_some()
    }

    /// Whether this connection is of no use, or no longer.
    pub fn is_unfit(&self) -> bool {
        matches!(
            self.stage,
            Stage::Unfit { .. } | Stage::ForeignServer(_) | Stage::Json(Liveness::Silent)
        )
    }

    /// Whether a new event came since this was asked last.
    pub fn has_progressed(&mut self) -> bool {
        std::mem::take(&mut self.progress)
    }

    /// Whether the server is one of plain lines. Any other server confirms messages, so
    /// a message without a confirmation is undelivered.
    pub fn is_plain(&self) -> bool {
        matches!(self.stage, Stage::Plain | Stage::PlainSoFar)
    }

    /// The server, if it is no chat server and is not talked to.
    pub fn foreign_server(&self) -> Option<&ForeignServer> {
        match &self.stage {
            Stage::ForeignServer(foreign) => Some(foreign),
            _ => None,
        }
    }

    /// Who reads and types.
    pub fn audience(&self) -> Audience {
        self.options.audience
    }

    /// Whether the server has let us in or is one of plain lines: from then on lines
    /// are sent.
    pub fn is_settled(&self) -> bool {
        self.was_welcomed() || self.is_plain()
    }

    /// Whether the person said that they leave.
    pub fn is_leaving(&self) -> bool {
        self.departure == Departure::Leaving
    }

    /// Lines that were said and are not confirmed yet, in order.
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
            Stage::Undecided { .. } | Stage::PlainSoFar => self.first_line(&line, now),
            Stage::Returning { until } if is_greeting(&line) => self.greeted(&line, until),
            Stage::Returning { .. } => self.stage = Stage::Unfit { refusal: None },
            Stage::Plain => self.show_plain(&line),
            Stage::Hello { .. } | Stage::Json(_) => self.object(&line, now),
            // What comes before TLS may be from any machine on the way.
            Stage::Disconnected
            | Stage::TlsOffered
            | Stage::Password
            | Stage::Unfit { .. }
            | Stage::ForeignServer(_) => {}
        }
    }

    fn first_line(&mut self, line: &str, now: Instant) {
        if is_greeting(line) {
            self.greeted(line, now + LET_IN_WITHIN);
        } else if self.options.may_be_plain() {
            self.be_plain(Stage::Plain);
            self.show_plain(line);
        } else {
            self.stage = Stage::ForeignServer(ForeignServer::says(line));
        }
    }

    /// Asks to be let in under the name that the person asked for last. A name that the
    /// server has given a number (`ann-2`) would get another one with each return.
    fn hello(&mut self, greeting: &str, password: Option<Password>, until: Instant) {
        let hello = Hello {
            protocol: PROTOCOL,
            name: self.options.name.clone(),
            password,
            resume: self.position.resume(),
            replay: self.options.replay,
            program: Remark::new(PROGRAM).ok(),
            entry: Entry::Join,
        };
        self.output.extend(hello.encode());
        let refusal = refusal_in(greeting).map(Refusal::ForNow);
        self.stage = Stage::Hello { until, refusal };
    }
}

/// The beginning of a conversation with a server that has not said anything.
fn undecided(options: &JoinOptions, now: Instant) -> Stage {
    let greet_within = match options.may_be_plain() {
        true => DECIDE_AFTER,
        false => GREET_WITHIN,
    };
    Stage::Undecided {
        until: now + greet_within,
    }
}

/// What the client calls itself.
const PROGRAM: &str = concat!("chat-client ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;
