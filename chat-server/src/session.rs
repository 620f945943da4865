//! One connection's part in the conversation, without its socket.
//!
//! Bytes and moments come in (`turn`), requests go to the room (`participant`), and
//! what is to be sent waits in the [`Cursor`](crate::timeline::cursor::Cursor)
//! (`output`). A session begins as a stranger: greeted, but not announced until it says
//! `/hello`, says anything else, or has been there for [`ANNOUNCE_AFTER`], so that it
//! comes in under its final name. At the control socket it stays outside until it says
//! something, and may ask from there.

mod caller;
mod change;
mod input;
mod output;
mod participant;
pub(crate) mod rate;
mod reason;
mod stage;
mod turn;

use std::time::{Duration, Instant};

use chat_proto::name::Name;

use crate::clock::Now;
use crate::hub::{Answer, Hub};
use crate::net::admission::Refusal;
use crate::net::remote::Remote;
use crate::room::origin::ClientId;
use crate::session::rate::RateLimiter;
use crate::timeline::cursor::Pending;
use crate::timeline::replay::Wanted;
pub(crate) use caller::Caller;
pub(crate) use change::Change;
use input::Input;
use participant::{MAX_PRIVATE, Participant, Phase};
pub use reason::Reason;
pub use stage::{ANNOUNCE_AFTER, FAREWELL_FOR, LISTEN_FOR, Stage};

/// One connection, without its socket.
#[derive(Debug)]
pub struct Session {
    input: Input,
    participant: Participant,
}

impl Session {
    /// A connection that has just been accepted.
    pub(crate) fn new(client: ClientId, caller: Caller, hub: &mut Hub, now: Now) -> Self {
        let mut participant = Participant::new(client, caller, hub, now);
        participant.greet(hub, now);
        Self {
            input: Input::default(),
            participant,
        }
    }

    /// A connection that was accepted only to be told why it cannot come in.
    pub(crate) fn refused(
        client: ClientId,
        caller: Caller,
        refusal: Refusal,
        hub: &Hub,
        now: Now,
    ) -> Self {
        let mut participant = Participant::new(client, caller, hub, now);
        participant.refuse(refusal, hub, now);
        Self {
            input: Input::default(),
            participant,
        }
    }

    /// The socket failed: nothing can be sent any more.
    pub(crate) fn lost(&mut self, reason: Reason, hub: &mut Hub, now: Now) {
        self.participant.leave(hub, now);
        self.participant.close(reason, hub, now);
    }

    /// The peer is gone, and not in order. What it has said is heard still, but not
    /// the time that blank lines would take.
    pub(crate) fn break_off(&mut self) {
        self.participant.has_broken_off = true;
    }

    /// A word to every peer that may know of the room.
    pub(crate) fn tell(&mut self, text: &str, hub: &Hub, now: Now) {
        if !matches!(self.stage(), Stage::Closing | Stage::Locked(_)) {
            self.participant.notice(text, hub, now);
        }
    }

    /// It has to go, for a reason that it is told.
    pub(crate) fn dismiss(&mut self, text: &str, reason: Reason, hub: &mut Hub, now: Now) {
        if self.stage() != Stage::Closing {
            self.participant.notice(text, hub, now);
            self.participant.end(reason, hub, now);
        }
    }

    /// Which connection it is.
    pub(crate) fn client(&self) -> ClientId {
        self.participant.client
    }

    /// What came of a request of this connection that had to wait for its place.
    pub(crate) fn outcome(&mut self, answer: Answer, hub: &mut Hub, now: Now) {
        self.participant.outcome(answer, hub, now);
    }

    /// The server stops; people are to come back `after` that.
    pub(crate) fn goodbye(&mut self, why: Reason, after: Duration, hub: &Hub, now: Now) {
        if self.stage() != Stage::Closing {
            self.participant.goodbye(why, after, hub, now);
        }
    }

    /// When `Session::expire` wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let pace = self.participant.pace.get().and_then(RateLimiter::deadline);
        pace.into_iter()
            .chain(self.participant.phase.deadline())
            .min()
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, hub: &mut Hub, now: Now) {
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
            Phase::Locked(_) => self.participant.locked_expire(hub, now),
            Phase::Arriving(_) => self.participant.come_in(None, hub, now),
            Phase::Refused(refusal, _) => {
                self.participant.end(Reason::Refused(refusal), hub, now);
            }
            Phase::Barred(ref barred) => {
                let bar = barred.bar.clone();
                self.participant.end_barred(&bar, hub, now);
            }
            Phase::Listening(_) => self.participant.close(Reason::Closed, hub, now),
            Phase::Asking(_) | Phase::Outside | Phase::Closing(..) | Phase::Present(_) => {}
        }
    }

    /// Whether more input would be processed now.
    fn wants_input(&self) -> bool {
        self.participant.wants_input()
    }

    /// Whether there is something to do without the peer's doing anything.
    pub(crate) fn has_work(&self) -> bool {
        let is_telling = self.participant.is_telling_who() || self.participant.is_telling_bans();
        let more_names = is_telling
            && self.participant.may_list()
            && self.participant.reader.private_bytes() < MAX_PRIVATE;
        more_names || self.input.has_backlog() && self.wants_input()
    }

    /// Whether the peer is not to be read from: it has to take what waits for
    /// it first, or has said more than is processed yet. Those who have left
    /// are never held: reading from them is how their end is noticed.
    pub fn is_held(&self) -> bool {
        self.participant.phase.is_open() && (!self.wants_input() || self.input.has_backlog())
    }

    /// Whether all is said, and all sent or past its time. What still has to
    /// be kept is waited for, unless nothing can be kept now.
    pub(crate) fn is_finished(&self, hub: &Hub, now: Now) -> bool {
        let all_sent = match hub.timeline.trouble() {
            Some(_) => self.pending(hub) == Pending::Nothing,
            None => self.participant.reader.is_at_end(),
        };
        match self.participant.phase {
            Phase::Closing(..) => all_sent || self.is_overdue(now),
            _ => false,
        }
    }

    /// Whether its last words have waited for too long.
    pub(crate) fn is_overdue(&self, now: Now) -> bool {
        matches!(self.participant.phase, Phase::Closing(_, until) if now.instant >= until)
    }

    /// How far it has come.
    pub fn stage(&self) -> Stage {
        self.participant.stage()
    }

    /// Whether it is in the room, or about to be, and has not said a line yet.
    pub fn is_unjoined(&self) -> bool {
        let is_in = matches!(
            self.stage(),
            Stage::Locked(_) | Stage::Arriving(_) | Stage::Joining | Stage::Present
        );
        is_in && !self.participant.joined
    }

    /// Where its peer is.
    pub(crate) fn remote(&self) -> Remote {
        self.participant.remote
    }

    /// What is in memory for this peer alone.
    pub fn held(&self) -> Held {
        Held {
            answers: self.participant.reader.private_bytes(),
            backlog: self.input.backlog(),
            partial: self.input.partial(),
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
}

/// Bytes in memory for one peer alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Answers that wait for it.
    pub answers: usize,
    /// What it has sent and is not processed yet.
    pub backlog: usize,
    /// The beginning of a line, of what is processed; and of a record, in front of that.
    pub partial: usize,
}

/// What comes of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// It does not come next.
    NotDue,
    /// The page is filled.
    Page,
    /// This is to be read first.
    Wanted(Wanted),
}

#[cfg(test)]
mod tests;
