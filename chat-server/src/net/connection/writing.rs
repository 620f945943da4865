//! What a connection is sent, and what it can take.

use std::io::{self, ErrorKind};

use super::{Connection, PastTurn};
use crate::clock::Now;
use crate::hub::Hub;
use crate::net::transport::{StallTimer, Transport};
use crate::session::Past;
use crate::timeline::cursor::Pending;
use crate::timeline::replay::{Files, Page, Piece, Wanted};
use crate::timeline::slices::Slices;

impl<S: Transport> Connection<S> {
    /// Writes until nothing is left but the past, the socket is full, or this
    /// connection has had its share of the round. Tells how many bytes that were.
    pub(crate) fn write(&mut self, hub: &Hub, now: Now) -> usize {
        let mut share = SHARE;
        let mut bytes = 0;
        while share > 0 && self.can_send(hub) {
            if self.holds_back() {
                let flushed = self.transport.flush().map(|()| 0);
                self.written(flushed, now);
                share -= 1;
                continue;
            }
            let is_gone = self.is_gone();
            let written = match self.session.one_piece(hub) {
                Some(bytes) if is_gone => Ok(bytes.len()),
                Some(bytes) => self.transport.write(bytes),
                None => {
                    let mut slices = Slices::new();
                    self.session.output(hub, &mut slices);
                    match slices.bytes() {
                        0 => break,
                        bytes if is_gone => Ok(bytes),
                        _ => self.transport.write_slices(slices.as_slice()),
                    }
                }
            };
            let count = self.written(written, now);
            share = share.saturating_sub(count.max(1));
            self.session.sent(count);
            bytes += count;
        }
        if self.stall_timer == StallTimer::Own && self.has_sent_all(hub) {
            self.set_stall_timer(StallTimer::System);
        }
        bytes
    }

    /// Writes a page of the past, if that is what comes next; or tells what of it is
    /// to be read first. `piece` is what was read. Tells also how many bytes were
    /// written.
    pub(crate) fn write_past(
        &mut self,
        hub: &Hub,
        files: &dyn Files,
        piece: Option<Piece>,
        page: &mut Page,
        now: Now,
    ) -> (usize, Option<Wanted>) {
        if self.is_gone() {
            self.session.forget_past();
            return (0, None);
        }
        match self.session.past(hub, files, piece, page, now) {
            Past::NotDue => (0, None),
            Past::Wanted(wanted) => (0, Some(wanted)),
            Past::Page => {
                let mut count = 0;
                while self.ready.writable && count < page.bytes().len() {
                    let written = self.transport.write(&page.bytes()[count..]);
                    match self.written(written, now) {
                        0 => break,
                        more => count += more,
                    }
                }
                self.session.past_sent(count, page);
                (count, None)
            }
        }
    }

    /// Whether it could be sent a page of the past now.
    pub(crate) fn wants_past(&self, hub: &Hub) -> bool {
        self.may_send()
            && self.past_turn != PastTurn::Reading
            && self.session.pending(hub) == Pending::Past
    }

    pub(super) fn written(&mut self, written: io::Result<usize>, now: Now) -> usize {
        match written {
            Ok(count) => {
                if !self.is_gone() && self.clock.get().is_some() {
                    self.clock
                        .change(|clock| (clock.stalled, clock.probed) = (None, false));
                }
                return count;
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    self.ready.writable = false;
                    self.clock
                        .change(|clock| _ = clock.stalled.get_or_insert(now.instant));
                    if self.stall_timer == StallTimer::System {
                        self.set_stall_timer(StallTimer::Own);
                    }
                }
                ErrorKind::Interrupted => {}
                _ => _ = self.fail(&error),
            },
        }
        0
    }

    /// Linux counts a peer as dead that takes a little at a time and never all
    /// that waits. As long as more waits than the system holds, it is for us to
    /// see whether it takes anything.
    fn set_stall_timer(&mut self, timer: StallTimer) {
        self.stall_timer = timer;
        self.transport.set_stall_timer(timer);
    }

    /// Whether it could be sent more now, apart from the past.
    pub(crate) fn can_send(&self, hub: &Hub) -> bool {
        self.may_send() && (self.session.pending(hub) == Pending::Log || self.holds_back())
    }

    /// Whether the system has taken all that there is.
    pub(super) fn has_sent_all(&self, hub: &Hub) -> bool {
        self.session.pending(hub) == Pending::Nothing && !self.holds_back()
    }

    /// Whether the system has still to take some of what was written. A peer that is gone
    /// waits for nothing.
    pub(super) fn holds_back(&self) -> bool {
        self.transport.holds_back() && !self.is_gone()
    }

    /// What is kept only after our side was shut comes too late.
    fn may_send(&self) -> bool {
        self.ready.writable && self.is_open()
    }
}

/// Bytes that one connection is sent in one round.
const SHARE: usize = 256 * 1024;
