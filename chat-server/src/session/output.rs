//! What a session has to send: out of the log, and of the past.

use super::{Past, Session};
use crate::clock::Now;
use crate::hub::Hub;
use crate::timeline::cursor::{Lag, Pending};
use crate::timeline::log::View;
use crate::timeline::replay::{Files, Page, Piece, Reader};
use crate::timeline::slices::Slices;

impl Session {
    /// What is to be sent next.
    pub(crate) fn pending(&self, hub: &Hub) -> Pending {
        let shown = hub.timeline.view(self.participant.form);
        self.participant.reader.pending(&shown)
    }

    /// How far it is behind what it may read, if it is.
    pub(crate) fn lag(&self, hub: &Hub) -> Option<Lag> {
        let shown = hub.timeline.view(self.participant.form);
        self.participant.reader.lag(&shown)
    }

    /// Leaves out what the peer is not sent of what it may read now.
    fn leave_out_hidden(&mut self, hub: &Hub, shown: &View<'_>) {
        // The rank is looked up only then.
        if shown
            .log
            .hidden()
            .are_behind(self.participant.reader.position())
        {
            let rank = self.participant.rank(hub);
            self.participant.reader.leave_out_hidden(shown, rank);
        }
    }

    /// What is to be sent next, if it is all in one piece.
    pub(crate) fn one_piece<'a>(&mut self, hub: &'a Hub) -> Option<&'a [u8]> {
        let shown = hub.timeline.view(self.participant.form);
        self.leave_out_hidden(hub, &shown);
        self.participant.reader.one_piece(&shown)
    }

    /// What is to be sent next, up to a piece of the past.
    pub(crate) fn output<'a>(&'a mut self, hub: &'a Hub, slices: &mut Slices<'a>) {
        let shown = hub.timeline.view(self.participant.form);
        self.leave_out_hidden(hub, &shown);
        self.participant.reader.slices(&shown, slices);
    }

    /// If a piece of the past comes next, fills `page` with the beginning of
    /// it, which may be nothing, or tells what has to be read first. `piece` is what
    /// was read.
    pub(crate) fn past(
        &mut self,
        hub: &Hub,
        files: &dyn Files,
        piece: Option<Piece>,
        page: &mut Page,
        now: Now,
    ) -> Past {
        let (form, rank) = (self.participant.form, self.participant.rank(hub));
        let Some(replay) = self.participant.reader.due(&hub.timeline.view(form)) else {
            return Past::NotDue;
        };
        let reader = Reader { form, rank };
        match page.fill(
            replay,
            reader,
            &hub.timeline.source(),
            files,
            piece,
            now.time,
        ) {
            Some(wanted) => Past::Wanted(wanted),
            None => Past::Page,
        }
    }

    /// Leaves out what was still to be sent of the past.
    pub(crate) fn forget_past(&mut self) {
        self.participant.reader.forget_past();
    }

    /// Takes note that `count` bytes of the page were sent.
    pub(crate) fn past_sent(&mut self, count: usize, page: &Page) {
        self.participant.reader.page_sent(count, page);
    }

    /// Takes note that `count` bytes were sent.
    pub(crate) fn sent(&mut self, count: usize) {
        self.participant.reader.advance(count);
    }

    /// Whether it stands before what the log is about to drop.
    pub(crate) fn is_too_far_behind(&self, hub: &Hub) -> bool {
        self.participant
            .reader
            .needs_before(hub.timeline.live_from(self.participant.form))
    }

    /// Goes on where the log will begin, with what lies before it as the past.
    pub(crate) fn fall_behind(&mut self, hub: &Hub) {
        let form = self.participant.form;
        let (log, point) = (hub.timeline.log(form), hub.timeline.live_from(form));
        self.participant.reader.fall_behind(log, point);
    }
}
