//! When something is due for a connection: it is silent for too long, it stalls for
//! longer than `--stall`, or it has lingered.

use std::time::{Duration, Instant};

use super::clock::Silence;
use super::{Connection, State};
use crate::clock::Now;
use crate::hub::Hub;
use crate::net::transport::Transport;
use crate::session::{Reason, Stage};

impl<S: Transport> Connection<S> {
    /// Whether it is now to come in without having said a word.
    pub(crate) fn comes_in_silent(&self, now: Now) -> bool {
        let is_due = match self.session.stage() {
            Stage::Arriving(at) | Stage::Locked(Some(at)) => at <= now.instant,
            _ => false,
        };
        is_due && self.session.is_unjoined() && !self.is_unheard()
    }

    /// If it is in the room and has said nothing: for how long.
    pub(crate) fn silence(&self) -> Option<Silence> {
        self.clock.get()?.silence
    }

    /// It is in the room and has said nothing, or it has.
    pub(crate) fn set_silence(&mut self, silence: Option<Silence>) {
        self.clock.change(|clock| clock.silence = silence);
    }

    /// When it has been silent for too long. A peer that has perhaps said something by
    /// now is heard first: the server may have been stopped for a while.
    pub(crate) fn silent_until(&self) -> Option<Instant> {
        self.silence()?.until.filter(|_| !self.wants_read())
    }

    /// Does what is due; `stall` is how long it may take nothing.
    pub(crate) fn expire(&mut self, stall: Duration, hub: &mut Hub, now: Now) {
        if !self.is_unheard() {
            self.session.expire(hub, now);
        }
        if !self.is_open() || self.stalled_until(stall).is_none_or(|at| at > now.instant) {
            return;
        }
        let is_gone = self.has_broken_off();
        if !is_gone && !self.clock.get().is_some_and(|clock| clock.probed) {
            // The poll tells of free space only when there is much of it.
            self.clock.change(|clock| clock.probed = true);
            self.ready.writable = true;
        } else if is_gone || !self.ready.writable {
            let reason = match self.state {
                State::Gone(reason) => reason,
                _ => Reason::TookNothing,
            };
            self.session.lost(reason, hub, now);
            self.state = State::Closed;
        }
    }

    pub(super) fn stalled_until(&self, stall: Duration) -> Option<Instant> {
        if self.state == State::Gone(Reason::Closed) {
            return None;
        }
        let clock = self.clock.get()?;
        let probe = if clock.probed {
            PROBE_FOR
        } else {
            Duration::ZERO
        };
        clock.stalled.map(|since| since + stall + probe)
    }

    /// The moment for which a timer is to be set, if there is none as early as
    /// that.
    pub(super) fn needs_timer(&self, stall: Duration) -> Option<Instant> {
        let deadline = self.deadline(stall)?;
        let is_earlier = self.timer().is_none_or(|timer| deadline < timer);
        is_earlier.then_some(deadline)
    }

    /// When it wants to be looked after, if nothing happens before.
    pub(super) fn deadline(&self, stall: Duration) -> Option<Instant> {
        match self.state {
            State::Open | State::Gone(_) => {
                let stalled = self.stalled_until(stall);
                let session = self.session.deadline();
                let session = session.filter(|_| !self.is_unheard());
                let silent = self.silent_until();
                session.into_iter().chain(stalled).chain(silent).min()
            }
            State::Lingering => self.lingers_until(),
            State::Closed => None,
        }
    }

    /// Whether it came not long ago and may have said who it is: where thousands
    /// come at once that is not too late because no thread has listened yet.
    fn is_unheard(&self) -> bool {
        matches!(self.session.stage(), Stage::Arriving(_)) && self.wants_read()
    }

    pub(super) fn lingers_until(&self) -> Option<Instant> {
        self.clock.get()?.linger.map(|linger| linger.until)
    }

    /// The moment for which a timer is set.
    pub(crate) fn timer(&self) -> Option<Instant> {
        self.clock.get()?.timer
    }

    /// A timer is set for this moment, or none any more.
    pub(crate) fn set_timer(&mut self, timer: Option<Instant>) {
        self.clock.change(|clock| clock.timer = timer);
    }
}

/// How long the last attempt has.
const PROBE_FOR: Duration = Duration::from_millis(50);
