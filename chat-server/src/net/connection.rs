//! One peer: its transport, and whether that can be read and written.
//!
//! mio reports edges, so readiness is remembered here until an operation says
//! `WouldBlock`. No rule of the chat is in this file.

mod clock;
mod due;
mod writing;

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::clock::Now;
use crate::cold::Cold;
use crate::hub::Hub;
use crate::net::transport::{Readiness, StallTimer, Transport};
use crate::net::wire::Wire;
use crate::session::{Held, Reason, Session, Stage};
pub(crate) use clock::Silence;
use clock::{Clock, Linger};

/// A transport and its session.
#[derive(Debug)]
pub struct Connection<S = Wire> {
    transport: S,
    /// The rules.
    pub session: Session,
    /// It counts as one of those who may come in.
    pub(crate) came_in: bool,
    /// It stands in the list of those to be looked after in this round.
    pub(crate) queued: bool,
    pub(crate) past_turn: PastTurn,
    ready: Readiness,
    stall_timer: StallTimer,
    state: State,
    clock: Cold<Clock>,
}

/// Where a connection stands that gets the past, page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PastTurn {
    /// It gets none for now.
    Idle,
    /// In the list of those whose turn comes.
    Queued,
    /// A piece of the files is read for it.
    Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more that is sent reaches the peer, for this reason. What waits for it is
    /// thrown away as if it had been sent, and what it said before is still heard.
    Gone(Reason),
    /// All is sent and our side is shut. What still comes is thrown away for
    /// a moment: closing a socket with unread input resets the connection,
    /// and the peer would lose our last words.
    Lingering,
    Closed,
}

/// What becomes of a connection at the end of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is dropped.
    Drop,
    /// It stays.
    Stay {
        /// What it can do in the next round.
        work: Work,
        /// The moment for which it needs a timer.
        timer: Option<Instant>,
    },
}

/// What a connection can do although the poll tells nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It takes more of what waits for it.
    Send,
    /// Something else.
    Other,
    /// Nothing.
    None,
}

impl<S: Transport> Connection<S> {
    /// A connection that has just been let in and registered.
    pub(crate) fn new(transport: S, session: Session) -> Self {
        Self {
            transport,
            session,
            came_in: true,
            queued: false,
            past_turn: PastTurn::Idle,
            ready: Readiness {
                readable: true,
                writable: true,
                ..Readiness::default()
            },
            stall_timer: StallTimer::System,
            state: State::Open,
            clock: Cold::default(),
        }
    }

    /// The bytes' way.
    pub fn transport(&self) -> &S {
        &self.transport
    }

    /// What is in memory for this peer alone.
    pub fn held(&self) -> Held {
        let held = self.session.held();
        Held {
            partial: held.partial + self.transport.unready(),
            ..held
        }
    }

    /// Has the poll tell nothing more of it.
    pub(crate) fn deregister(&mut self, registry: &S::Registry) {
        // A socket that is dropped is off the poll as well.
        let _ = self.transport.deregister(registry);
    }

    /// Takes note of what the poll has told.
    pub(crate) fn note(&mut self, told: Readiness) {
        self.ready.read_on |= told.read_on;
        self.ready.readable |= told.readable || self.ready.read_on;
        self.ready.writable |= told.writable;
        if told.failed {
            self.notice_reset();
        }
    }

    /// Has its turn to be heard. Tells how many bytes were read.
    pub(crate) fn hear(&mut self, buffer: &mut [u8], hub: &mut Hub, now: Now) -> usize {
        self.settle(now);
        self.session.go_on(hub, now);
        match self.wants_read() {
            true => self.read(buffer, hub, now),
            false => 0,
        }
    }

    /// Reads once, at most a buffer full, and lets the session have it. Tells how
    /// many bytes there were.
    fn read(&mut self, buffer: &mut [u8], hub: &mut Hub, now: Now) -> usize {
        let read = self.transport.read(buffer);
        let count = read.as_ref().map_or(0, |received| received.count);
        match read {
            Ok(received) if received.count == 0 => self.read_end(hub, now),
            Ok(received) => {
                self.ready.readable &= !received.is_drained || self.ready.read_on;
                match self.state {
                    State::Open | State::Gone(_) if self.session.stage() == Stage::Closing => {}
                    State::Open | State::Gone(_) => {
                        self.session.receive(&buffer[..count], hub, now);
                    }
                    State::Lingering => self.throw_away(count),
                    State::Closed => {}
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => self.ready.readable = false,
                ErrorKind::Interrupted => {}
                _ => {
                    let reason = self.fail(&error);
                    self.end(reason, hub, now);
                }
            },
        }
        self.notice_reset();
        self.settle(now);
        count
    }

    fn read_end(&mut self, hub: &mut Hub, now: Now) {
        self.ready.readable = false;
        if self.state == State::Open {
            // After an end of input Linux tells of a reset only here.
            self.notice_failure();
        }
        match self.state {
            State::Open => self.session.input_ended(hub, now),
            State::Gone(reason) => self.end(reason, hub, now),
            State::Lingering | State::Closed => self.state = State::Closed,
        }
    }

    /// A peer that is not read from for now, because it has said too much, would be
    /// found to be gone only when all of that has been heard, perhaps minutes later.
    fn notice_reset(&mut self) {
        if self.ready.read_on && self.state == State::Open && self.session.is_held() {
            self.notice_failure();
        }
    }

    fn notice_failure(&mut self) {
        if let Ok(Some(error)) = self.transport.take_error() {
            self.fail(&error);
        }
    }

    /// Has the session know of a failure, which can happen while others read the
    /// room as well.
    fn settle(&mut self, now: Now) {
        if self.has_broken_off() {
            self.session.break_off();
            self.clock
                .change(|clock| _ = clock.stalled.get_or_insert(now.instant));
        }
    }

    /// The peer is gone and all is heard that it said: it has left the room.
    fn end(&mut self, reason: Reason, hub: &mut Hub, now: Now) {
        if self.session.stage() != Stage::Closing {
            self.session.lost(reason, hub, now);
        }
        self.state = State::Closed;
    }

    /// Whether the peer is gone, and not because it has closed in order. A peer that
    /// closes in order means all that it said, and is heard to the end however long
    /// that takes; what another one has sent may be the rest of a flood.
    fn has_broken_off(&self) -> bool {
        matches!(self.state, State::Gone(reason) if reason != Reason::Closed)
    }

    /// Ends it step by step, as far as that is possible now, and tells what becomes of
    /// it. The timer is taken for set.
    pub(crate) fn conclude(&mut self, stall: Duration, hub: &Hub, now: Now) -> Next {
        self.close(hub, now);
        if self.is_closed() {
            return Next::Drop;
        }
        let timer = self.needs_timer(stall);
        if timer.is_some() {
            self.set_timer(timer);
        }
        let work = if self.can_send(hub) {
            Work::Send
        } else if self.needs_turn(stall) {
            Work::Other
        } else {
            Work::None
        };
        Next::Stay { work, timer }
    }

    fn close(&mut self, hub: &Hub, now: Now) {
        match self.state {
            State::Open | State::Gone(_) if self.is_finished(hub, now) => self.shut(hub, now),
            State::Lingering if self.lingers_until().is_none_or(|at| at <= now.instant) => {
                self.state = State::Closed;
            }
            _ => {}
        }
    }

    /// Whether all is said, and all sent or past its time.
    fn is_finished(&self, hub: &Hub, now: Now) -> bool {
        let may_wait = self.holds_back() && !self.session.is_overdue(now);
        !may_wait && self.session.is_finished(hub, now)
    }

    fn shut(&mut self, hub: &Hub, now: Now) {
        let all_sent = self.has_sent_all(hub);
        let may_wait = all_sent && !self.is_gone() && !self.session.is_overdue(now);
        self.state = match self.transport.shut() {
            Ok(()) if all_sent => {
                let linger = Linger {
                    until: now.instant + LINGER_FOR,
                    left: LINGER_BYTES,
                };
                self.clock.change(|clock| clock.linger = Some(linger));
                State::Lingering
            }
            // Our end is itself something to send.
            Err(error) if error.kind() == ErrorKind::WouldBlock && may_wait => {
                self.written(Err(error), now);
                return;
            }
            _ => State::Closed,
        };
    }

    /// Whether it can be dropped.
    fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether it is to be looked at when the round ends.
    pub(crate) fn is_due(&self, stall: Duration, hub: &Hub) -> bool {
        let is_closing = self.session.stage() == Stage::Closing;
        is_closing || self.needs_turn(stall) || self.can_send(hub)
    }

    /// Whether it has to be looked after although nothing more may happen to
    /// it: also when it has just stopped to take what it is sent, for that may
    /// not last for ever.
    fn needs_turn(&self, stall: Duration) -> bool {
        let takes_nothing = !self.ready.writable || self.is_gone();
        self.is_closed() || self.needs_room() || takes_nothing && self.needs_timer(stall).is_some()
    }

    /// Whether its session goes on.
    fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Gone(_))
    }

    fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone(_))
    }

    /// Whether it would change the room, or hear, or ask it, now.
    pub(crate) fn needs_room(&self) -> bool {
        self.wants_read() || self.session.has_work()
    }

    /// Whether reading now could do anything.
    pub(crate) fn wants_read(&self) -> bool {
        // Asked first, because nearly all of them have said nothing.
        self.ready.readable
            && match self.state {
                State::Open | State::Gone(_) => !self.session.is_held(),
                State::Lingering => true,
                State::Closed => false,
            }
    }

    fn throw_away(&mut self, count: usize) {
        let left = self.clock.change(|clock| {
            let linger = clock.linger.as_mut()?;
            linger.left = linger.left.saturating_sub(count);
            Some(linger.left)
        });
        if left.is_none_or(|left| left == 0) {
            self.state = State::Closed;
        }
    }

    /// An error on one socket ends that connection only, and not before all is heard
    /// that had come by then.
    fn fail(&mut self, error: &io::Error) -> Reason {
        let reason = match error.kind() {
            ErrorKind::ConnectionReset => Reason::Reset,
            // So Linux tells of a reset behind the end of the input.
            ErrorKind::BrokenPipe => Reason::Closed,
            ErrorKind::TimedOut => Reason::NoAnswer,
            // No socket says so: what came is not what the peer encrypted, or no TLS.
            ErrorKind::InvalidData => Reason::Undecipherable,
            _ => Reason::SocketError,
        };
        // Only reading tells when that is.
        self.ready.readable = true;
        self.ready.read_on = true;
        self.ready.writable = true;
        match self.state {
            State::Gone(first) => return first,
            State::Open => self.state = State::Gone(reason),
            State::Lingering | State::Closed => {}
        }
        reason
    }
}

/// How long and how much unread input is thrown away at the end.
const LINGER_FOR: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests;
