//! What a connection is in the room: its form, its phase, what waits for it,
//! and what each of its commands does. How its bytes become lines, and when
//! they are taken, is not known here.
//!
//! What changes the room is proposed to the [`Hub`], and takes effect when the request has
//! its place in the order. To come in, to take another name or to be told who is here
//! a connection waits for the outcome, in a phase of its own ([`Phase::Asking`]): what it
//! says next depends on that. To say something does not wait.

mod asking;
mod commands;
mod handshake;
mod locked;
mod operating;
mod outcomes;
mod words;

use std::mem;
use std::time::{Duration, Instant};

use chat_proto::catalogue::When;
use chat_proto::event::{ErrorCode, Reply};
use chat_proto::foreign::{Beginning, Foreign};
use chat_proto::framing::{Line, Telnet};
use chat_proto::name::{Name, NamePrefix};
use chat_proto::{json_form, text_form};

use super::caller::Caller;
use super::change::Change;
use super::reason::Reason;
use super::stage::{ANNOUNCE_AFTER, FAREWELL_FOR, LISTEN_FOR, Stage};
use crate::access::keys::PersonKey;
use crate::clock::Now;
use crate::cold::Cold;
use crate::hub::{Hub, notice};
use crate::net::admission::Refusal;
use crate::net::remote::Remote;
use crate::net::transport::Carrier;
use crate::room::origin::ClientId;
use crate::room::request::Act;
use crate::session::rate::RateLimiter;
use crate::timeline::cursor::Cursor;
use crate::timeline::mark::{Form, Mark, Place};
use asking::{Asking, Standing};
use locked::Lock;
use operating::{Barred, ToldBans};

/// All of a session but the bytes that come in.
#[derive(Debug)]
pub(super) struct Participant {
    /// Which connection it is.
    pub(super) client: ClientId,
    /// Where its peer is.
    pub(super) remote: Remote,
    /// Whether people on the way can read what it is sent.
    carrier: Carrier,
    pub(super) form: Form,
    pub(super) phase: Phase,
    pub(super) reader: Cursor,
    /// Whether a line has been taken, and what comes is the chat protocol.
    pub(super) beginning: Beginning,
    /// A line end has come, though perhaps nothing before it: the peer is there.
    pub(super) joined: bool,
    /// The peer is gone, and not in order.
    pub(super) has_broken_off: bool,
    /// What it has said and does not know the outcome of.
    unanswered: u16,
    /// How fast it speaks.
    pub(super) pace: Cold<RateLimiter>,
    pub(super) names: Cold<Names>,
}

/// Names that matter to a participant, besides the one that it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The key that it has proved to have, until the room knows it.
    key: Option<PersonKey>,
    /// The answer to `who` goes on behind this name.
    who: Option<Name>,
    /// How the names begin that it asks for.
    prefix: Option<NamePrefix>,
    bans: Option<ToldBans>,
    /// The name under which it left.
    was: Option<Name>,
    /// What the log is still to be told.
    changes: Vec<Change>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Has to say the password of the room.
    Locked(Box<Lock>),
    /// Greeted and not yet announced; comes in at this moment at the latest.
    Arriving(Instant),
    /// Greeted at the control socket, and not announced. It asks what it likes, and comes
    /// in when it says something or wants a name.
    Outside,
    /// Told why it cannot come in; until this moment a program may say that it has a
    /// place here already, or it gets the reason in its own form.
    Refused(Refusal, Instant),
    /// Told that it does not come in; until this moment a program may say hello.
    Barred(Box<Barred>),
    /// Has asked for something, and is heard again when it knows the outcome.
    Asking(Box<Asking>),
    /// In the room.
    Present(Name),
    /// Gone from the room, but still receiving until this moment.
    Listening(Instant),
    /// To be closed once all is sent, or at this moment.
    Closing(Reason, Instant),
}

/// What is left of the input when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    /// A line that has no end, which is not said.
    HalfALine,
}

impl Phase {
    /// When it ends, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Present(_) | Self::Outside | Self::Asking(_) => None,
            Self::Locked(lock) => Some(lock.deadline()),
            Self::Barred(barred) => Some(barred.until),
            Self::Arriving(at)
            | Self::Refused(_, at)
            | Self::Listening(at)
            | Self::Closing(_, at) => Some(*at),
        }
    }

    /// Whether it still hears, and is heard.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Listening(_) | Self::Closing(..))
    }
}

impl Participant {
    /// A stranger's.
    pub(super) fn new(client: ClientId, caller: Caller, hub: &Hub, now: Now) -> Self {
        let mut names = Cold::default();
        if let Some(key) = caller.key {
            names.change(|names: &mut Names| names.key = Some(key));
        }
        let phase = match caller.remote {
            Remote::Network { .. } => Phase::Arriving(now.instant + ANNOUNCE_AFTER),
            Remote::Control => Phase::Outside,
        };
        Self {
            client,
            remote: caller.remote,
            carrier: caller.carrier,
            form: Form::Text,
            phase,
            reader: Cursor::held_at(hub.timeline.reply_mark().text),
            beginning: Beginning::Unknown,
            joined: false,
            has_broken_off: false,
            unanswered: 0,
            pace: Cold::default(),
            names,
        }
    }

    /// The name that it has in the room.
    pub(super) fn present_name(&self) -> Option<&Name> {
        match &self.phase {
            Phase::Present(name) => Some(name),
            Phase::Asking(asking) => match &asking.standing {
                Standing::Present(name) => Some(name),
                Standing::Arriving(_) | Standing::Outside => None,
            },
            _ => None,
        }
    }

    /// The name that it has, or had.
    pub(super) fn name(&self) -> Option<&Name> {
        let was = || self.names.get()?.was.as_ref();
        self.present_name().or_else(was)
    }

    /// How far it has come.
    pub(super) fn stage(&self) -> Stage {
        match &self.phase {
            Phase::Locked(lock) => Stage::Locked(lock.silent_from()),
            Phase::Arriving(until) => Stage::Arriving(*until),
            Phase::Refused(..) | Phase::Barred(..) => Stage::Refused,
            Phase::Outside => Stage::Outside,
            Phase::Asking(asking) => match asking.standing {
                Standing::Arriving(_) => Stage::Joining,
                Standing::Outside => Stage::Outside,
                Standing::Present(_) => Stage::Present,
            },
            Phase::Present(_) => Stage::Present,
            Phase::Listening(_) => Stage::Listening,
            Phase::Closing(..) => Stage::Closing,
        }
    }

    /// Why it ended, or is about to.
    pub(super) fn reason(&self) -> Reason {
        match self.phase {
            Phase::Refused(refusal, _) => Reason::Refused(refusal),
            Phase::Closing(reason, _) => reason,
            _ => Reason::Closed,
        }
    }

    /// The key that it has proved to have, until the room knows it.
    fn key(&self) -> Option<&PersonKey> {
        self.names.get()?.key.as_ref()
    }

    /// Something has become of it that the log is to be told.
    fn note(&mut self, change: Change) {
        self.names.change(|names| names.changes.push(change));
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        match self.names.get() {
            Some(names) if !names.changes.is_empty() => {
                self.names.change(|names| mem::take(&mut names.changes))
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is told who is here if it asks.
    pub(super) fn may_list(&self) -> bool {
        matches!(self.phase, Phase::Present(_) | Phase::Outside)
    }

    /// Whether there are more names to tell.
    pub(super) fn is_telling_who(&self) -> bool {
        self.names.get().is_some_and(|names| names.who.is_some())
    }

    pub(super) fn is_too_fast(&self) -> bool {
        self.pace.get().is_some_and(RateLimiter::is_waiting)
    }

    pub(super) fn wants_input(&self) -> bool {
        self.phase.is_open()
            && !matches!(self.phase, Phase::Asking(_))
            && self.unanswered < MAX_UNANSWERED
            && !self.is_too_fast()
            && self.reader.private_bytes() < MAX_PRIVATE
            && self.reader.detours() < MAX_DETOURS
            && !self.reader.has_asked()
            && !self.is_telling_who()
            && !self.is_telling_bans()
    }

    pub(super) fn line(&mut self, line: Line<'_>, hub: &mut Hub, now: Now) {
        self.joined = true;
        if line.is_blank() || self.is_locked_out() {
            return;
        }
        if let Some(foreign) = self.beginning.line(line) {
            return self.foreign(foreign, hub, now);
        }
        match line {
            Line::Whole(text) => self.command(text, hub, now),
            Line::TooLong(start) => {
                let text = words::long_line(self.form, start, hub.limits());
                self.error(ErrorCode::TooLong, &text, hub, now);
            }
            Line::NotUtf8(_) => {
                self.error(
                    ErrorCode::NotUtf8,
                    "that was not sent: it is not UTF-8",
                    hub,
                    now,
                );
            }
        }
    }

    /// Answers a request of telnet, behind all that was sent so far. In JSON form
    /// the bytes of an answer would be no JSON, and no program of ours asks.
    pub(super) fn telnet(&mut self, telnet: Telnet, hub: &Hub, now: Now) {
        match (self.form, telnet.refusal()) {
            (Form::Json, _) => {}
            (Form::Text, None) => self.notice("the server is here", hub, now),
            (Form::Text, Some(answer)) => {
                let position = hub.timeline.reply_mark().text;
                self.reader
                    .reply(position, |out| out.extend_from_slice(&answer));
            }
        }
    }

    fn command(&mut self, line: &str, hub: &mut Hub, now: Now) {
        if let Phase::Locked(_) = self.phase {
            return self.locked_line(line, hub, now);
        }
        let command = match self.form {
            Form::Text => text_form::parse_command(line, self.rank(hub)),
            Form::Json => json_form::parse_command(line, self.rank(hub)),
        };
        match command {
            Ok(None) => {}
            Ok(Some(command)) if !self.may_say(&command, hub, now) => {}
            Ok(Some(command)) => match (&self.phase, command.kind().entry().when) {
                (_, When::Joining) | (Phase::Present(_), _) | (Phase::Outside, When::Anywhere) => {
                    self.do_command(command, hub, now)
                }
                (Phase::Arriving(_) | Phase::Outside, _) => {
                    self.come_in(Some(command), hub, now);
                }
                (Phase::Refused(refusal, _), _) => {
                    self.end(Reason::Refused(*refusal), hub, now);
                }
                (Phase::Barred(barred), _) => {
                    let bar = barred.bar.clone();
                    self.end_barred(&bar, hub, now);
                }
                _ => {}
            },
            Err(error) => {
                let mut reply = error.into_reply();
                // The limit may be lower than what a text can have.
                if let Reply::Error { code, text, .. } = &mut reply
                    && *code == ErrorCode::TooLong
                {
                    *text = notice(&words::long_text(hub.limits()));
                }
                self.reply(&reply, hub, now);
            }
        }
    }

    /// Goes from the room, also if it has only asked to come in.
    pub(super) fn leave(&mut self, hub: &mut Hub, now: Now) {
        let name = self.present_name().cloned();
        if name.is_none() && !matches!(self.phase, Phase::Asking(_)) {
            return;
        }
        let answer = hub.propose(self.client, Act::Leave, now);
        if let Some(place) = answer.and_then(|answer| answer.own) {
            self.skip_own(place);
        }
        if let Some(name) = name {
            self.note(Change::Left(name.clone()));
            self.names.change(|names| names.was = Some(name));
        }
        self.phase = Phase::Closing(Reason::Closed, now.instant);
    }

    pub(super) fn input_ended(&mut self, rest: Rest, hub: &mut Hub, now: Now) {
        let in_mid_line = rest == Rest::HalfALine;
        match self.phase {
            Phase::Present(_) if self.beginning != Beginning::Unknown => {
                if in_mid_line {
                    self.notice("your last line had no end and was not sent", hub, now);
                }
                self.leave(hub, now);
                self.phase = Phase::Listening(now.instant + LISTEN_FOR);
                // The peer's system answers this with a reset if no program
                // listens there any more, which frees the connection at once.
                let seconds = LISTEN_FOR.as_secs();
                let text = format!("you have left, and still hear the room for {seconds} s");
                self.notice(&text, hub, now);
            }
            Phase::Locked(_)
            | Phase::Arriving(_)
            | Phase::Outside
            | Phase::Asking(_)
            | Phase::Present(_) => {
                if in_mid_line {
                    self.notice("your line had no end and was not sent", hub, now);
                }
                self.end(Reason::Closed, hub, now);
            }
            Phase::Refused(refusal, _) => self.end(Reason::Refused(refusal), hub, now),
            Phase::Barred(ref barred) => {
                let bar = barred.bar.clone();
                self.end_barred(&bar, hub, now);
            }
            Phase::Listening(_) | Phase::Closing(..) => {}
        }
    }

    /// Nothing of what came is said, and nothing more is heard.
    pub(super) fn foreign(&mut self, foreign: Foreign, hub: &mut Hub, now: Now) {
        if foreign == Foreign::Irc {
            let position = hub.timeline.reply_mark().of(self.form);
            self.reader
                .reply(position, |out| out.extend_from_slice(words::NO_IRC));
        } else {
            let text = words::foreign(foreign);
            self.error(ErrorCode::BadCommand, &text, hub, now);
        }
        self.end(Reason::AnotherProtocol(foreign), hub, now);
    }

    /// Leaves the room and closes once all is sent.
    pub(super) fn end(&mut self, reason: Reason, hub: &mut Hub, now: Now) {
        self.reader.stop_at(hub.timeline.log(self.form).head());
        self.leave(hub, now);
        self.close(reason, hub, now);
    }

    pub(super) fn close(&mut self, reason: Reason, hub: &Hub, now: Now) {
        self.reader.stop_at(hub.timeline.log(self.form).head());
        self.names
            .change(|names| (names.who, names.prefix, names.bans) = (None, None, None));
        self.phase = Phase::Closing(reason, now.instant + FAREWELL_FOR);
    }

    /// In text form a peer does not get its own lines back.
    fn skip_own(&mut self, place: Place) {
        if self.form == Form::Text {
            self.reader.skip(place.text);
        }
    }

    pub(super) fn notice(&mut self, text: &str, hub: &Hub, now: Now) {
        self.reply(&Reply::Notice(notice(text)), hub, now);
    }

    pub(super) fn error(&mut self, code: ErrorCode, text: &str, hub: &Hub, now: Now) {
        self.reply(
            &Reply::Error {
                code,
                text: notice(text),
                id: None,
            },
            hub,
            now,
        );
    }

    fn reply(&mut self, reply: &Reply, hub: &Hub, now: Now) {
        self.reply_at(hub.timeline.reply_mark(), reply, now);
    }

    fn reply_at(&mut self, mark: Mark, reply: &Reply, now: Now) {
        let form = self.form;
        self.reader
            .reply(mark.of(form), |out| encode(reply, form, now, out));
    }

    pub(super) fn goodbye(&mut self, why: Reason, after: Duration, hub: &Hub, now: Now) {
        let text = notice(match why {
            Reason::LeftBehind => {
                "this server was cut off from the others of the room: goodbye, and come back"
            }
            _ => "the server is shutting down: goodbye",
        });
        self.reply_at(
            hub.timeline.last_mark(),
            &Reply::Goodbye { text, after },
            now,
        );
        self.close(why, hub, now);
    }
}

fn encode(reply: &Reply, form: Form, now: Now, out: &mut Vec<u8>) {
    match form {
        Form::Text => text_form::encode_reply(reply, out),
        Form::Json => json_form::encode_reply(reply, now.time, out),
    }
}

/// Replies that may wait before no more of a peer's input is processed: a peer that
/// asks without reading gets no more answers.
pub(super) const MAX_PRIVATE: usize = 16 * 1024;

/// Detours that may wait, likewise: one for each own line that is not sent back to
/// a peer that does not read those of others.
const MAX_DETOURS: usize = 128;

/// What a peer may say before the outcome of the first of it is known. A server that is
/// alone knows each at once.
const MAX_UNANSWERED: u16 = 64;
