//! One peer: its socket, and whether the socket can be read and written.
//!
//! mio reports edges, so readiness is remembered here until an operation says
//! `WouldBlock`. No rule of the chat is in this file. A [`Socket`] is all that it
//! needs of the system, so that a room full of connections can also be simulated.

use std::io;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use crate::clock::Now;
use crate::cold::Cold;
use crate::hub::Hub;
use crate::net::socket::Socket;
use crate::session::{Past, Reason, Session};
use crate::timeline::replay::{Files, Page, Piece, Wanted};
use crate::timeline::slices::Slices;

/// A socket and its session.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    socket: S,
    /// The rules.
    pub session: Session,
    /// It counts as one of those who may come in.
    pub came_in: bool,
    /// There may be something to read.
    pub readable: bool,
    /// A short read is not all there is: its end has been told of, and only
    /// reading finds out how it ended; or what it sends is marked as urgent, and
    /// a read ends at each mark.
    pub read_on: bool,
    /// The last write did not block.
    pub writable: bool,
    /// It stands in the list of those to be looked after in this round.
    pub queued: bool,
    /// It stands in the list of those who get the past, page by page.
    pub returning: bool,
    /// A piece of the files is read for it.
    pub reading: bool,
    /// The system is told not to end it for taking nothing, because we do.
    patient: bool,
    /// Why nothing more that is sent reaches the peer. What waits for it is thrown
    /// away as if it had been sent, and what it said before is still heard.
    gone: Option<Reason>,
    /// Nothing more comes from it.
    silenced: bool,
    state: State,
    clock: Cold<Clock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// All is sent and our side is shut. What still comes is thrown away for
    /// a moment: closing a socket with unread input resets the connection,
    /// and the peer would lose our last words.
    Lingering,
    Closed,
}

/// The moments that matter to a connection. Nothing is due for most.
#[derive(Debug, Default, PartialEq, Eq)]
struct Clock {
    /// The moment for which a timer is set.
    timer: Option<Instant>,
    /// Since when it has taken nothing of what waits for it.
    stalled: Option<Instant>,
    /// It is tried once more, before that is the end.
    probed: bool,
    /// It is in the room and has said nothing.
    silence: Option<Silence>,
    linger: Option<Linger>,
}

/// Since when it has said nothing, and until when it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) since: Instant,
    pub(crate) until: Option<Instant>,
}

/// How long and for how many more bytes of input it lingers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Linger {
    until: Instant,
    left: usize,
}

impl<S: Socket> Connection<S> {
    /// A connection that has just been accepted and registered.
    pub fn new(socket: S, session: Session, came_in: bool) -> Self {
        Self {
            socket,
            session,
            came_in,
            readable: true,
            read_on: false,
            writable: true,
            queued: false,
            returning: false,
            reading: false,
            patient: false,
            gone: None,
            silenced: false,
            state: State::Open,
            clock: Cold::default(),
        }
    }

    /// Reads once, at most a buffer full, and lets the session have it. Tells how
    /// many bytes there were.
    pub fn read(&mut self, buffer: &mut [u8], hub: &mut Hub, now: Now) -> usize {
        let read = self.socket.read(buffer);
        let bytes = *read.as_ref().unwrap_or(&0);
        match read {
            Ok(0) => {
                self.readable = false;
                if self.state == State::Open {
                    // After an end of input Linux tells of a reset only here.
                    self.notice_failure();
                    match self.gone {
                        Some(reason) => self.give_up(reason),
                        None => self.session.input_ended(hub, now),
                    }
                } else {
                    self.state = State::Closed;
                }
            }
            Ok(count) => {
                // Less than was asked for is all there was (epoll(7)): what
                // comes later is told of again. Not every system does that.
                if cfg!(target_os = "linux") && count < buffer.len() && !self.read_on {
                    self.readable = false;
                }
                match self.state {
                    State::Open if self.session.is_closing() => {}
                    State::Open => self.session.receive(&buffer[..count], hub, now),
                    State::Lingering => self.throw_away(count),
                    State::Closed => {}
                }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => self.readable = false,
                io::ErrorKind::Interrupted => {}
                _ => {
                    let reason = self.fail(&error);
                    self.give_up(reason);
                }
            },
        }
        self.notice_reset();
        self.settle(hub, now);
        bytes
    }

    /// Whoever is not read from for now, because they have said too much, would be
    /// found to be gone only when all of that has been heard, perhaps minutes later.
    pub fn notice_reset(&mut self) {
        if self.read_on && self.state == State::Open && self.session.is_held() {
            self.notice_failure();
        }
    }

    fn notice_failure(&mut self) {
        if let Ok(Some(error)) = self.socket.take_error() {
            self.fail(&error);
        }
    }

    /// Has the room know of a failure, which can happen while others read the
    /// room as well: whoever was in it has left.
    pub fn settle(&mut self, hub: &mut Hub, now: Now) {
        if self.has_broken_off() {
            self.session.break_off();
            self.clock
                .change(|clock| _ = clock.stalled.get_or_insert(now.instant));
        }
        if let Some(reason) = self.gone
            && self.is_over()
        {
            if !self.session.is_closing() {
                self.session.lost(reason, hub, now);
            }
            self.state = State::Closed;
        }
    }

    /// Whether the peer is gone and all is heard that it said.
    fn is_over(&self) -> bool {
        self.state != State::Closed && self.gone.is_some() && self.silenced
    }

    /// Whether the peer is gone, and not because it has closed in order. A peer that
    /// closes in order means all that it said, and is heard to the end however long
    /// that takes; what another one has sent may be the rest of a flood.
    fn has_broken_off(&self) -> bool {
        self.gone.is_some_and(|reason| reason != Reason::Closed)
    }

    /// Writes until nothing is left but the past, the socket is full, or this
    /// connection has had its share of the round. Tells how many bytes that were.
    pub fn write(&mut self, hub: &Hub, now: Now) -> usize {
        let mut share = SHARE;
        let mut bytes = 0;
        while share > 0 && self.can_send(hub) {
            let is_gone = self.gone.is_some();
            let written = match self.session.one_piece(hub) {
                Some(bytes) if is_gone => Ok(bytes.len()),
                Some(bytes) => self.socket.write(bytes),
                None => {
                    let mut slices = Slices::new();
                    self.session.output(hub, &mut slices);
                    match slices.bytes() {
                        0 => break,
                        bytes if is_gone => Ok(bytes),
                        _ => self.socket.write_vectored(slices.as_slice()),
                    }
                }
            };
            let count = self.written(written, now);
            share = share.saturating_sub(count.max(1));
            self.session.sent(count);
            bytes += count;
        }
        if self.patient && !self.session.has_output(hub) {
            self.set_patient(false);
        }
        bytes
    }

    /// Writes a page of the past, if that is what comes next; or tells what of it is
    /// to be read first. `piece` is what was read. Tells also how many bytes were
    /// written.
    pub fn write_past(
        &mut self,
        hub: &Hub,
        files: &dyn Files,
        piece: Option<Piece>,
        page: &mut Page,
        now: Now,
    ) -> (usize, Option<Wanted>) {
        if self.gone.is_some() {
            self.session.forget_past();
            return (0, None);
        }
        match self.session.past(hub, files, piece, page, now) {
            Past::NotDue => (0, None),
            Past::Wanted(wanted) => (0, Some(wanted)),
            Past::Page => {
                let mut count = 0;
                if !page.bytes().is_empty() {
                    let written = self.socket.write(page.bytes());
                    count = self.written(written, now);
                }
                self.session.past_sent(count, page);
                (count, None)
            }
        }
    }

    /// Whether it could be sent a page of the past now.
    pub fn wants_past(&self, hub: &Hub) -> bool {
        self.may_send() && !self.reading && self.session.is_past_due(hub)
    }

    fn written(&mut self, written: io::Result<usize>, now: Now) -> usize {
        match written {
            Ok(count) => {
                if self.gone.is_none() && self.clock.get().is_some() {
                    self.clock
                        .change(|clock| (clock.stalled, clock.probed) = (None, false));
                }
                return count;
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => {
                    self.writable = false;
                    self.clock
                        .change(|clock| _ = clock.stalled.get_or_insert(now.instant));
                    if !self.patient {
                        self.set_patient(true);
                    }
                }
                io::ErrorKind::Interrupted => {}
                _ => _ = self.fail(&error),
            },
        }
        0
    }

    /// Linux counts a peer as dead that takes a little at a time and never all
    /// that waits. As long as more waits than the system holds, it is for us to
    /// see whether it takes anything.
    fn set_patient(&mut self, patient: bool) {
        self.patient = patient;
        self.socket.set_dead_after(!patient);
    }

    /// Whether it is now to come in without having said a word.
    pub fn comes_in_silent(&self, now: Now) -> bool {
        self.session.is_due_to_arrive(now) && self.session.is_unjoined() && !self.is_unheard()
    }

    /// If it is in the room and has said nothing: for how long.
    pub(crate) fn silence(&self) -> Option<Silence> {
        self.clock.get()?.silence
    }

    /// It is in the room and has said nothing, or it has.
    pub(crate) fn set_silence(&mut self, silence: Option<Silence>) {
        self.clock.change(|clock| clock.silence = silence);
    }

    /// When it has been silent for too long. Whoever has perhaps said something by
    /// now is heard first: the server may have been stopped for a while.
    pub(crate) fn silent_until(&self) -> Option<Instant> {
        self.silence()?.until.filter(|_| !self.wants_read())
    }

    /// Does what is due; `stall` is how long it may take nothing.
    pub fn expire(&mut self, stall: Duration, hub: &mut Hub, now: Now) {
        if !self.is_unheard() {
            self.session.expire(hub, now);
        }
        if self.state != State::Open || self.stalled_until(stall).is_none_or(|at| at > now.instant)
        {
            return;
        }
        let is_gone = self.has_broken_off();
        if !is_gone && !self.clock.get().is_some_and(|clock| clock.probed) {
            // The poll tells of free space only when there is much of it.
            self.clock.change(|clock| clock.probed = true);
            self.writable = true;
        } else if is_gone || !self.writable {
            let reason = self.gone.unwrap_or(Reason::TookNothing);
            self.session.lost(reason, hub, now);
            self.state = State::Closed;
        }
    }

    fn stalled_until(&self, stall: Duration) -> Option<Instant> {
        if self.gone == Some(Reason::Closed) {
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

    /// Ends it step by step, as far as that is possible now.
    pub fn close(&mut self, hub: &Hub, now: Now) {
        match self.state {
            State::Open if self.session.is_finished(hub, now) => {
                let all_sent = !self.session.has_output(hub);
                self.state = match self.socket.shut() {
                    Ok(()) if all_sent => {
                        let linger = Linger {
                            until: now.instant + LINGER_FOR,
                            left: LINGER_BYTES,
                        };
                        self.clock.change(|clock| clock.linger = Some(linger));
                        State::Lingering
                    }
                    _ => State::Closed,
                };
            }
            State::Lingering if self.lingers_until().is_none_or(|at| at <= now.instant) => {
                self.state = State::Closed;
            }
            _ => {}
        }
    }

    /// Whether it can be dropped.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether it has to be looked after although nothing more may happen to
    /// it: also when it has just stopped to take what it is sent, for that may
    /// not last for ever.
    pub fn needs_turn(&self, stall: Duration) -> bool {
        let takes_nothing = !self.writable || self.gone.is_some();
        self.is_closed() || self.needs_room() || takes_nothing && self.needs_timer(stall).is_some()
    }

    /// The moment for which a timer is to be set, if there is none as early as
    /// that.
    pub fn needs_timer(&self, stall: Duration) -> Option<Instant> {
        let deadline = self.deadline(stall)?;
        let is_earlier = self.timer().is_none_or(|timer| deadline < timer);
        is_earlier.then_some(deadline)
    }

    /// Whether it could be sent more now, apart from the past.
    pub fn can_send(&self, hub: &Hub) -> bool {
        self.may_send() && self.session.has_output(hub) && !self.session.is_past_due(hub)
    }

    /// What is kept only after our side was shut comes too late.
    fn may_send(&self) -> bool {
        self.writable && self.state == State::Open
    }

    /// Whether it would change the room, or hear, or ask it, now.
    pub fn needs_room(&self) -> bool {
        self.is_over() || self.wants_read() || self.session.has_work()
    }

    /// Whether reading now could do anything.
    pub fn wants_read(&self) -> bool {
        let wanted = match self.state {
            State::Open => !self.session.is_held(),
            State::Lingering => true,
            State::Closed => false,
        };
        self.readable && wanted
    }

    /// When it wants to be looked after, if nothing happens before.
    pub fn deadline(&self, stall: Duration) -> Option<Instant> {
        match self.state {
            State::Open => {
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
    /// come at once that is not too late because nobody has listened yet.
    fn is_unheard(&self) -> bool {
        self.session.is_arriving() && self.wants_read()
    }

    fn lingers_until(&self) -> Option<Instant> {
        self.clock.get()?.linger.map(|linger| linger.until)
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

    /// The moment for which a timer is set.
    pub fn timer(&self) -> Option<Instant> {
        self.clock.get()?.timer
    }

    /// A timer is set for this moment, or none any more.
    pub fn set_timer(&mut self, timer: Option<Instant>) {
        self.clock.change(|clock| clock.timer = timer);
    }

    /// The socket, to be taken off the poll.
    pub fn socket(&mut self) -> &mut S {
        &mut self.socket
    }

    /// An error on one socket ends that connection only, and not before all is heard
    /// that had come by then.
    fn fail(&mut self, error: &io::Error) -> Reason {
        let reason = match error.kind() {
            io::ErrorKind::ConnectionReset => Reason::Reset,
            // So Linux tells of a reset behind the end of the input.
            io::ErrorKind::BrokenPipe => Reason::Closed,
            io::ErrorKind::TimedOut => Reason::NoAnswer,
            _ => Reason::SocketError,
        };
        // Only reading tells when that is.
        (self.readable, self.read_on, self.writable) = (true, true, true);
        *self.gone.get_or_insert(reason)
    }

    /// Nothing more is to be heard.
    fn give_up(&mut self, reason: Reason) {
        self.gone = Some(reason);
        self.silenced = true;
        self.readable = false;
    }
}

/// How long the last attempt has.
const PROBE_FOR: Duration = Duration::from_millis(50);

/// How long a peer may leave unanswered what was sent.
#[cfg(target_os = "linux")]
pub const DEAD_AFTER: Duration = Duration::from_secs(60);

/// Bytes that one connection is sent in one round.
const SHARE: usize = 256 * 1024;

/// How long and how much unread input is thrown away at the end.
const LINGER_FOR: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests;
