//! One connection's part in the conversation, without its socket.
//!
//! Bytes and moments come in, the room changes, and what is to be sent waits
//! in the [`Cursor`](crate::timeline::cursor::Cursor). A session begins as a stranger:
//! greeted, but not announced until it says `/hello`, says anything else, or
//! has been there for [`ANNOUNCE_AFTER`], so that it comes in under its final
//! name.

mod change;
mod participant;
pub(crate) mod rate;

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_proto::event::ErrorCode;
use chat_proto::foreign::Foreign;
use chat_proto::framing::{Item, LineDecoder};
use chat_proto::name::Name;
use chat_proto::{json_form, text_form};

use crate::clock::Now;
use crate::cold::Cold;
use crate::hub::{Answer, Hub};
use crate::net::admission::Refusal;
use crate::room::origin::ClientId;
use crate::session::rate::RateLimiter;
use crate::timeline::mark::Form;
use crate::timeline::replay::{Files, Page, Piece, Wanted};
use crate::timeline::slices::Slices;
pub(crate) use change::Change;
use participant::{MAX_PRIVATE, Participant, Phase};

/// How long a newcomer may take to say who they are.
pub const ANNOUNCE_AFTER: Duration = Duration::from_millis(500);

/// How long a peer that has closed its sending side still receives.
pub const LISTEN_FOR: Duration = Duration::from_secs(30);

/// How long the last words to a peer may take to be sent.
pub const FAREWELL_FOR: Duration = Duration::from_secs(5);

/// What one connection may say before it is somebody else's turn, in lines and
/// in what they come to in both forms together: a line of two bytes can be
/// 200 in JSON form, and a text of a thousand lines a thousand prefixed ones.
const TURN_LINES: usize = 64;
const TURN_BYTES: u64 = 64 * 1024;

/// One connection, without its socket.
#[derive(Debug)]
pub struct Session {
    decoder: LineDecoder,
    /// Input that came and is not to be processed yet.
    backlog: Cold<Vec<u8>>,
    participant: Participant,
}

impl Session {
    /// A connection that has just been accepted.
    pub fn new(client: ClientId, address: SocketAddr, hub: &Hub, now: Now) -> Self {
        let mut participant = Participant::new(client, address, hub, now);
        participant.greet(hub, now);
        Self {
            decoder: LineDecoder::default(),
            backlog: Cold::default(),
            participant,
        }
    }

    /// A connection that was accepted only to be told why it cannot come in.
    pub fn refused(
        client: ClientId,
        address: SocketAddr,
        refusal: Refusal,
        hub: &Hub,
        now: Now,
    ) -> Self {
        let mut participant = Participant::new(client, address, hub, now);
        participant.refuse(refusal, hub, now);
        Self {
            decoder: LineDecoder::default(),
            backlog: Cold::default(),
            participant,
        }
    }

    /// Takes what the peer sent.
    pub fn receive(&mut self, input: &[u8], hub: &mut Hub, now: Now) {
        if self.has_backlog() {
            self.backlog
                .change(|backlog| backlog.extend_from_slice(input));
            self.go_on(hub, now);
        } else {
            self.process(input, hub, now);
        }
    }

    /// Processes input that had to wait, if it no longer has to.
    pub fn go_on(&mut self, hub: &mut Hub, now: Now) {
        self.participant.go_on_with_who(hub, now);
        if self.has_backlog() && self.wants_input() {
            let backlog = self.backlog.change(std::mem::take);
            self.process(&backlog, hub, now);
        }
    }

    fn has_backlog(&self) -> bool {
        self.backlog.get().is_some()
    }

    /// The peer will send nothing more. What it was in the middle of saying is
    /// not said: half a line is not what anybody meant.
    pub fn input_ended(&mut self, hub: &mut Hub, now: Now) {
        self.participant
            .input_ended(!self.decoder.pending().is_empty(), hub, now);
    }

    /// The socket failed: nothing can be sent any more.
    pub fn lost(&mut self, reason: Reason, hub: &mut Hub, now: Now) {
        self.participant.leave(hub, now);
        self.participant.close(reason, hub, now);
    }

    /// The peer is gone, and not in order. What it has said is heard still, but not
    /// the time that blank lines would take.
    pub fn break_off(&mut self) {
        self.participant.has_broken_off = true;
    }

    /// Something that everybody is told.
    pub fn tell(&mut self, text: &str, hub: &Hub, now: Now) {
        if !self.is_closing() {
            self.participant.notice(text, hub, now);
        }
    }

    /// It has to go, for a reason that it is told.
    pub fn dismiss(&mut self, text: &str, reason: Reason, hub: &mut Hub, now: Now) {
        if !self.is_closing() {
            self.participant.notice(text, hub, now);
            self.participant.end(reason, hub, now);
        }
    }

    /// Which connection it is.
    pub fn client(&self) -> ClientId {
        self.participant.client
    }

    /// What came of a request of this connection that had to wait for its place.
    pub fn outcome(&mut self, answer: Answer, hub: &mut Hub, now: Now) {
        self.participant.outcome(answer, hub, now);
    }

    /// The line that it is in the middle of takes memory that others need.
    pub fn end_partial_line(&mut self, hub: &mut Hub, now: Now) {
        self.decoder = LineDecoder::default();
        let text = "the lines of all that have no end yet are too long together, \
                    and yours is one of the longest: goodbye";
        if !self.is_closing() {
            self.participant.error(ErrorCode::TooLong, text, hub, now);
            self.participant.end(Reason::NoLineEnd, hub, now);
        }
    }

    /// The server stops; people are to come back `after` that.
    pub fn goodbye(&mut self, after: Duration, hub: &Hub, now: Now) {
        if !self.is_closing() {
            self.participant.goodbye(after, hub, now);
        }
    }

    /// When [`Session::expire`] wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let pace = self.participant.pace.get().and_then(RateLimiter::deadline);
        pace.into_iter()
            .chain(self.participant.phase.deadline())
            .min()
    }

    /// Does what is due.
    pub fn expire(&mut self, hub: &mut Hub, now: Now) {
        if self.participant.pace.get().is_some() {
            self.participant
                .pace
                .change(|pace| pace.expire(now.instant));
        }
        let deadline = self.participant.phase.deadline();
        if deadline.is_none_or(|deadline| deadline > now.instant) {
            return;
        }
        match self.participant.phase {
            Phase::Arriving(_) => self.participant.come_in(None, hub, now),
            Phase::Refused(refusal, _) => {
                self.participant.end(Reason::Refused(refusal), hub, now);
            }
            Phase::Listening(_) => self.participant.close(Reason::Closed, hub, now),
            Phase::Asking(_) | Phase::Closing(..) | Phase::Present(_) => {}
        }
    }

    /// Whether more input would be processed now.
    fn wants_input(&self) -> bool {
        self.participant.wants_input()
    }

    /// Whether there is something to do without the peer's doing anything.
    pub fn has_work(&self) -> bool {
        let more_names = self.participant.is_telling_who()
            && matches!(self.participant.phase, Phase::Present(_))
            && self.participant.reader.private_bytes() < MAX_PRIVATE;
        more_names || self.has_backlog() && self.wants_input()
    }

    /// Whether the peer is not to be read from: it has to take what waits for
    /// it first, or has said more than is processed yet. Those who have left
    /// are never held: reading from them is how their end is noticed.
    pub fn is_held(&self) -> bool {
        self.participant.phase.is_open() && (!self.wants_input() || self.has_backlog())
    }

    /// Whether the peer has said more than may be heard for the moment.
    pub fn is_too_fast(&self) -> bool {
        self.participant.is_too_fast()
    }

    /// Whether all is said, and all sent or past its time. What still has to
    /// be kept is waited for, unless nothing can be kept now.
    pub fn is_finished(&self, hub: &Hub, now: Now) -> bool {
        let all_sent = match hub.timeline.trouble() {
            Some(_) => !self.has_output(hub),
            None => self.participant.reader.is_at_end(),
        };
        match self.participant.phase {
            Phase::Closing(_, until) => now.instant >= until || all_sent,
            _ => false,
        }
    }

    /// Whether it has not come in yet.
    pub fn is_arriving(&self) -> bool {
        matches!(self.participant.phase, Phase::Arriving(_))
    }

    /// Whether it has had its time to say who it is, and comes in as it is.
    pub fn is_due_to_arrive(&self, now: Now) -> bool {
        matches!(self.participant.phase, Phase::Arriving(at) if at <= now.instant)
    }

    /// Whether it is in the room, or about to be, and has not said a line yet.
    pub fn is_unjoined(&self) -> bool {
        let is_in = matches!(
            self.participant.phase,
            Phase::Arriving(_) | Phase::Asking(_) | Phase::Present(_)
        );
        is_in && !self.participant.joined
    }

    /// Where it comes from.
    pub fn address(&self) -> SocketAddr {
        self.participant.address()
    }

    /// Whether it is in the room.
    pub fn is_present(&self) -> bool {
        self.participant.present_name().is_some()
    }

    /// Whether it is to be closed once all is sent.
    pub fn is_closing(&self) -> bool {
        matches!(self.participant.phase, Phase::Closing(..))
    }

    /// Whether there is anything to send.
    pub fn has_output(&self, hub: &Hub) -> bool {
        self.participant
            .reader
            .is_behind(&hub.timeline.view(self.participant.form))
    }

    /// What is to be sent next, if it is all in one piece.
    pub fn one_piece<'a>(&self, hub: &'a Hub) -> Option<&'a [u8]> {
        self.participant
            .reader
            .one_piece(&hub.timeline.view(self.participant.form))
    }

    /// What is to be sent next, up to a piece of the past.
    pub fn output<'a>(&'a self, hub: &'a Hub, slices: &mut Slices<'a>) {
        let shown = hub.timeline.view(self.participant.form);
        self.participant.reader.slices(&shown, slices);
    }

    /// If a piece of the past comes next, fills `page` with the beginning of
    /// it, which may be nothing, or tells what has to be read first. `piece` is what
    /// was read.
    pub fn past(
        &mut self,
        hub: &Hub,
        files: &dyn Files,
        piece: Option<Piece>,
        page: &mut Page,
        now: Now,
    ) -> Past {
        let form = self.participant.form;
        let Some(replay) = self.participant.reader.due(&hub.timeline.view(form)) else {
            return Past::NotDue;
        };
        match page.fill(replay, form, &hub.timeline.source(), files, piece, now.time) {
            Some(wanted) => Past::Wanted(wanted),
            None => Past::Page,
        }
    }

    /// Leaves out what was still to be sent of the past.
    pub fn forget_past(&mut self) {
        self.participant.reader.forget_past();
    }

    /// Takes note that `count` bytes of the page were sent.
    pub fn past_sent(&mut self, count: usize, page: &Page) {
        self.participant.reader.page_sent(count, page);
    }

    /// Whether a piece of the past is what comes next.
    pub fn is_past_due(&self, hub: &Hub) -> bool {
        self.participant
            .reader
            .is_due(&hub.timeline.view(self.participant.form))
    }

    /// Takes note that `count` bytes were sent.
    pub fn sent(&mut self, count: usize) {
        self.participant.reader.advance(count);
    }

    /// Whether it stands before what the log is about to drop.
    pub fn is_too_far_behind(&self, hub: &Hub) -> bool {
        self.participant
            .reader
            .needs_before(hub.timeline.trim_point(self.participant.form))
    }

    /// Goes on where the log will begin, with what lies before it as the past.
    pub fn fall_behind(&mut self, hub: &Hub) {
        let form = self.participant.form;
        let (log, point) = (hub.timeline.log(form), hub.timeline.trim_point(form));
        self.participant.reader.fall_behind(log, point);
    }

    /// What is in memory for this peer alone.
    pub fn held(&self) -> Held {
        Held {
            answers: self.participant.reader.private_bytes(),
            backlog: self.backlog.get().map_or(0, Vec::len),
            partial: self.decoder.pending().len(),
        }
    }

    /// What it is called in the room, or was when it left.
    pub fn name(&self) -> Option<&Name> {
        self.participant.name()
    }

    /// What has become of it since this was last asked, in order.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        self.participant.take_changes()
    }

    /// Why it ended.
    pub fn reason(&self) -> Reason {
        self.participant.reason()
    }

    /// Takes lines off `input` while they may be processed, but no more than
    /// a turn's worth; the rest has to wait.
    fn process(&mut self, mut input: &[u8], hub: &mut Hub, now: Now) {
        let written = hub.timeline.written();
        for _ in 0..TURN_LINES {
            if !self.participant.wants_input() || hub.timeline.written() - written >= TURN_BYTES {
                break;
            }
            let max_line = match self.participant.form {
                Form::Text => text_form::MAX_LINE,
                Form::Json => json_form::MAX_LINE,
            };
            let offered = input.len();
            let item = self.decoder.next_item(&mut input, max_line);
            let is_line = matches!(item, Ok(Some(Item::Line(_))));
            let rate = hub.limits().rate;
            let taken = offered - input.len();
            let is_free = self.participant.has_broken_off
                && matches!(item, Ok(Some(Item::Line(line))) if line.is_blank());
            if rate > 0 && !is_free {
                let pace = &mut self.participant.pace;
                pace.change(|pace| pace.spend(taken, is_line, rate, now.instant));
            }
            match item {
                Ok(Some(Item::Line(line))) => self.participant.line(line, hub, now),
                Ok(Some(Item::Telnet(telnet))) => self.participant.telnet(telnet, hub, now),
                Ok(None) => {
                    let unended = self.decoder.pending();
                    if let Some(foreign) = self.participant.beginning.unended(unended) {
                        self.participant.foreign(foreign, hub, now);
                    }
                    break;
                }
                Err(_) => {
                    self.participant.error(
                        ErrorCode::TooLong,
                        "that was 64 KiB without a line end: goodbye",
                        hub,
                        now,
                    );
                    self.participant.end(Reason::NoLineEnd, hub, now);
                    break;
                }
            }
        }
        if !input.is_empty() && !self.is_closing() {
            self.backlog.change(|backlog| backlog.extend(input));
        }
    }
}

/// Bytes in memory for one peer alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Answers that wait for it.
    pub answers: usize,
    /// What it has sent and is not processed yet.
    pub backlog: usize,
    /// The beginning of a line, of what is processed.
    pub partial: usize,
}

/// What comes of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// It does not come next.
    NotDue,
    /// The page is filled.
    Page,
    /// This is to be read first.
    Wanted(Wanted),
}

/// Why a session ended, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The peer closed it.
    Closed,
    /// The peer's system did.
    Reset,
    /// The peer's system cannot be reached any more.
    NoAnswer,
    /// Anything else that a system can say of a socket.
    SocketError,
    /// What waited for the peer was not taken in time.
    TookNothing,
    /// The peer said so.
    Quit,
    /// 64 KiB came without a line end.
    NoLineEnd,
    /// What came first belongs to another protocol.
    AnotherProtocol(Foreign),
    /// Another version of ours was asked for.
    WrongProtocol,
    /// Nobody can come in, because nothing can be kept.
    NoSpace,
    /// It could not come in.
    Refused(Refusal),
    /// Whoever it was came back over another connection.
    Replaced,
    /// Nothing was said for too long.
    SaidNothing,
    /// Nothing was said, and others came who might.
    Crowded,
    /// The server stops.
    ServerStopped,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed the connection",
            Self::Reset => "the connection was reset",
            Self::NoAnswer => "no answer any more",
            Self::SocketError => "the connection failed",
            Self::TookNothing => "read nothing for too long (--stall)",
            Self::Quit => "said /quit",
            Self::NoLineEnd => "sent 64 KiB without a line end",
            Self::AnotherProtocol(foreign) => return write!(f, "spoke {foreign}"),
            Self::WrongProtocol => "asked for another version of the protocol",
            Self::NoSpace => "the history cannot be written",
            Self::Refused(refusal) => return refusal.fmt(f),
            Self::Replaced => "came back over another connection",
            Self::SaidNothing => "sent no line in time (--idle-join)",
            Self::Crowded => "sent no line, and others came (--max-unjoined)",
            Self::ServerStopped => "the server stops",
        })
    }
}

#[cfg(test)]
mod tests;
