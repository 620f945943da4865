//! Each reader's place in the log.
//!
//! Fan-out is done by position, not by copies: a line is encoded once, at the
//! end of a [`Log`], and a [`Cursor`] is an integer that moves along. What a
//! reader gets that others do not (a reply, a piece of the past), and what
//! others get that it does not (its own lines, in text form), are detours from
//! the log: at this position, first this, then go on there. Nothing in here
//! knows a socket.
//!
//! A reader that the log is about to be cut away from is moved to its new beginning,
//! with what lies between as a [`Replay`] before it: from files if there are any, and
//! otherwise told as a gap. So no reader holds back the log, and a reader that has
//! stopped costs two numbers.

mod insertion;
mod lag;

use std::collections::VecDeque;
use std::ops::Range;

use chat_proto::event::Rank;

use crate::timeline::log::{Log, View};
use crate::timeline::replay::{Page, Replay, Selection};
use crate::timeline::slices::Slices;
use insertion::{Insertion, Payload};
pub use lag::Lag;

/// A place in a [`Log`], with replies to send and lines to leave out on the way.
///
/// The order of replies against events: a reply is sent after everything that
/// was in the log when the reply was made, and before everything after.
#[derive(Debug)]
pub struct Cursor {
    position: u64,
    /// `None` for nearly all readers: they have no detour and read on without an end.
    waiting: Option<Box<Waiting>>,
}

/// The detours of a reader from the log, and where it stops.
#[derive(Debug)]
struct Waiting {
    /// Exclusive upper bound: `position` before joining, `u64::MAX` while present, the
    /// head at departure.
    end: u64,
    /// In order of position; `detour.resume` is never behind the next one.
    detours: VecDeque<Insertion>,
    /// How much of the first detour's bytes has been sent.
    sent: usize,
    /// Bytes of replies that wait.
    private: usize,
}

/// What a reader is to be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Nothing, until something happens.
    Nothing,
    /// A part of the log, or a reply.
    Log,
    /// A piece of the past.
    Past,
}

impl Cursor {
    /// A reader at `position` that reads nothing of the log until
    /// [`Cursor::go_on`].
    pub fn held_at(position: u64) -> Self {
        let mut reader = Self {
            position,
            waiting: None,
        };
        reader.stop_at(position);
        reader
    }

    /// Reads the log from where it was held, but nothing before `point`: there
    /// it is cut, or may be at any moment.
    pub fn go_on(&mut self, point: u64) {
        self.go_on_at(self.position.max(point));
    }

    /// Reads another log from `position` on, instead of `old`. Of the old log only the
    /// rest of the line at the cursor is still sent.
    pub fn change_log(&mut self, old: &Log, position: u64) {
        let waiting = self.waiting.get_or_insert_default();
        if waiting.sent == 0 {
            let (insert, _) = old.rest_of_line(self.position);
            waiting.private += insert.len();
            waiting.insert(0, self.position, Payload::Bytes(insert));
        }
        // The rest of the past was to come in the other form.
        self.forget_past();
        self.go_on_at(position);
    }

    /// Is held at another position. What it was to be sent comes first.
    pub fn hold_at(&mut self, position: u64) {
        self.go_on_at(position);
        self.stop_at(position);
    }

    /// Replies that wait are kept, and come first.
    fn go_on_at(&mut self, position: u64) {
        self.position = position;
        if let Some(waiting) = &mut self.waiting {
            for detour in &mut waiting.detours {
                (detour.at, detour.resume) = (position, position);
                detour.after = position;
            }
            waiting.end = u64::MAX;
        }
        self.pass_skips();
    }

    /// Reads no further than `position`.
    pub fn stop_at(&mut self, position: u64) {
        if position < self.end() {
            self.waiting.get_or_insert_default().end = position;
        }
    }

    /// It reads nothing from here on.
    fn end(&self) -> u64 {
        self.waiting.as_ref().map_or(u64::MAX, |it| it.end)
    }

    /// Leaves out `range`, which it has not come to yet.
    pub fn skip(&mut self, range: Range<u64>) {
        if self.waiting.is_none() && self.position == range.start {
            self.position = range.end;
            return;
        }
        let detours = &mut self.waiting.get_or_insert_default().detours;
        // It is left out with the rest.
        detours.retain(|it| !(it.is_hidden() && range.contains(&it.at)));
        // Nearly always the last one: replies come behind it only if it was not known
        // at once that this is its own.
        let later = detours.iter().rev();
        let later = later.take_while(|it| it.at >= range.end).count();
        let index = detours.len() - later;
        match index.checked_sub(1).and_then(|last| detours.get_mut(last)) {
            Some(last) if last.is_skip() && !last.is_hidden() && last.resume == range.start => {
                last.resume = range.end;
            }
            _ => detours.insert(
                index,
                Insertion {
                    at: range.start,
                    what: Payload::Bytes(Vec::new()),
                    resume: range.end,
                    after: 0,
                },
            ),
        }
        self.pass_skips();
    }

    /// Leaves out what a reader of this rank is not sent of what is shown. To be called before
    /// the bytes to send are asked for, if something is hidden behind its position.
    pub fn leave_out_hidden(&mut self, shown: &View<'_>, rank: Rank) {
        let until = shown.until.min(self.end());
        for hidden in shown.log.hidden().of(self.position..until, rank) {
            let detours = &mut self.waiting.get_or_insert_default().detours;
            let index = detours.iter().position(|it| it.at >= hidden.start);
            let index = index.unwrap_or(detours.len());
            let before = index.checked_sub(1).and_then(|last| detours.get(last));
            // Of its own event the reader is sent nothing.
            let is_passed = before.is_some_and(|it| it.resume > hidden.start);
            // Replies stand between events, and so not at the same place.
            if !is_passed && !detours.get(index).is_some_and(Insertion::is_hidden) {
                let left_out = Insertion {
                    at: hidden.start,
                    what: Payload::Hidden,
                    resume: hidden.end,
                    after: 0,
                };
                detours.insert(index, left_out);
            }
        }
        self.pass_skips();
    }

    /// Sends what `encode` writes, after everything before `position`. It does not
    /// wait for what waits to be shown further on.
    pub fn reply(&mut self, position: u64, encode: impl FnOnce(&mut Vec<u8>)) {
        let at = self.place_of(position);
        let waiting = self.waiting.get_or_insert_default();
        let (index, at) = waiting.place_for(at, position);
        let into = index
            .checked_sub(1)
            .and_then(|index| waiting.detours.get_mut(index))
            .filter(|last| !last.is_skip() && last.at == at);
        match into {
            Some(Insertion {
                what: Payload::Bytes(bytes),
                after,
                ..
            }) => {
                *after = position.max(*after);
                let before = bytes.len();
                encode(bytes);
                waiting.private += bytes.len() - before;
            }
            _ => {
                let mut bytes = Vec::new();
                encode(&mut bytes);
                waiting.private += bytes.len();
                waiting.insert(index, at, Payload::Bytes(bytes));
                waiting.detours[index].after = position;
            }
        }
        self.pass_skips();
    }

    /// Sends a piece of the past, after everything before `position`.
    pub fn replay(&mut self, position: u64, replay: Replay) {
        if replay.next < replay.end {
            let at = self.place_of(position);
            let waiting = self.waiting.get_or_insert_default();
            let (index, at) = waiting.place_for(at, position);
            waiting.insert(index, at, Payload::Replay(replay));
        }
    }

    /// Leaves out all pieces of the past.
    pub fn forget_past(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            let stays = |detour: &Insertion| !matches!(detour.what, Payload::Replay(_));
            waiting.detours.retain(stays);
            self.pass_skips();
        }
    }

    /// Where something for `position` comes, as far as this reader reads.
    fn place_of(&self, position: u64) -> u64 {
        position.min(self.end()).max(self.position)
    }

    fn detours_in_order(&self) -> impl Iterator<Item = &Insertion> {
        self.waiting.iter().flat_map(|waiting| &waiting.detours)
    }

    /// The detour that comes next.
    fn next_detour(&self) -> Option<&Insertion> {
        self.waiting.as_ref()?.detours.front()
    }

    /// Bytes of replies that wait.
    pub fn private_bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.private)
    }

    /// Detours that wait.
    pub fn detours(&self) -> usize {
        self.waiting.as_ref().map_or(0, |it| it.detours.len())
    }

    /// Whether the peer waits for a piece of the past that it asked for.
    pub fn has_asked(&self) -> bool {
        self.detours_in_order()
            .any(|detour| matches!(detour.what, Payload::Replay(Replay { asked: true, .. })))
    }

    /// The place in the log.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether the log before `point` is still needed.
    pub fn needs_before(&self, point: u64) -> bool {
        self.position < point.min(self.end())
    }

    /// Goes on at `point`, before which `log` is about to be cut. The events between
    /// become the past; the rest of the line at the cursor is kept.
    pub fn fall_behind(&mut self, log: &Log, point: u64) {
        let point = point.min(self.end());
        // Of the line at the cursor and of the past it is left out anyway.
        if let Some(waiting) = &mut self.waiting {
            waiting.detours.retain(|it| !it.is_hidden());
        }
        let mut before = VecDeque::new();
        let mut position = self.position;
        let waiting = self.waiting.get_or_insert_default();
        while waiting.detours.front().is_some_and(|it| it.at < point)
            && let Some(detour) = waiting.detours.pop_front()
        {
            waiting.private += past(log, position..detour.at, &mut before);
            position = detour.resume;
            if !detour.is_skip() {
                before.push_back(detour.what);
            }
        }
        waiting.private += past(log, position..point, &mut before);
        self.position = position.max(point);
        for what in before.into_iter().rev() {
            waiting.insert(0, self.position, what);
        }
        self.pass_skips();
    }

    /// What is to be sent next.
    pub fn pending(&self, shown: &View<'_>) -> Pending {
        match self.next_detour().filter(|it| it.at == self.position) {
            Some(detour) => match &detour.what {
                Payload::Bytes(_) if detour.after <= shown.until => Pending::Log,
                Payload::Replay(replay) if replay.is_due(shown.seq) => Pending::Past,
                Payload::Bytes(_) | Payload::Replay(_) | Payload::Hidden => Pending::Nothing,
            },
            None if self.position < shown.until.min(self.end()) => Pending::Log,
            None => Pending::Nothing,
        }
    }

    /// Whether it has read all that it reads: nothing more comes even if
    /// everything may be seen.
    pub fn is_at_end(&self) -> bool {
        self.next_detour().is_none() && self.position >= self.end()
    }

    /// The piece of the past that comes next, if that is what comes next.
    pub fn due(&mut self, shown: &View<'_>) -> Option<&mut Replay> {
        let is_due = self.pending(shown) == Pending::Past;
        match &mut self.waiting.as_mut()?.detours.front_mut()?.what {
            Payload::Replay(replay) if is_due => Some(replay),
            _ => None,
        }
    }

    /// Takes note that `count` bytes of the page were sent; the page holds what was
    /// due. The rest of a line that was begun is kept: its event may be dropped before
    /// it can be sent.
    pub fn page_sent(&mut self, count: usize, page: &Page) {
        let rest = page.rest_of_line(count);
        if let Some(waiting) = &mut self.waiting
            && let Some(Insertion {
                what: Payload::Replay(replay),
                ..
            }) = waiting.detours.front_mut()
        {
            page.advance(count + rest.len(), replay);
            if !rest.is_empty() {
                waiting.private += rest.len();
                waiting.insert(0, self.position, Payload::Bytes(rest.to_vec()));
            }
            self.pass_skips();
        }
    }

    /// The bytes to send next, if they are all there is and in one piece. That holds
    /// for nearly all readers, and is cheaper to send than slices.
    pub fn one_piece<'a>(&self, shown: &View<'a>) -> Option<&'a [u8]> {
        if self.waiting.is_none() {
            shown.log.newest_bytes(self.position..shown.until)
        } else {
            None
        }
    }

    /// Fills `slices` with what is to be sent next, up to a piece of the past.
    pub fn slices<'a>(&'a self, shown: &View<'a>, slices: &mut Slices<'a>) {
        let log = shown.log;
        let until = shown.until.min(self.end());
        let mut position = self.position;
        let mut sent = self.waiting.as_ref().map_or(0, |waiting| waiting.sent);
        for detour in self.detours_in_order() {
            if !slices.push_all(log.bytes(position..detour.at.min(until))) {
                return;
            }
            // Directly behind the reader's own lines, which need not be kept yet.
            if detour.after > shown.until || detour.at > until.max(position) {
                return;
            }
            match &detour.what {
                Payload::Bytes(bytes) if slices.push_all(std::iter::once(&bytes[sent..])) => {}
                Payload::Hidden => {}
                Payload::Bytes(_) | Payload::Replay(_) => return,
            }
            sent = 0;
            position = detour.resume;
        }
        slices.push_all(log.bytes(position..until.max(position)));
    }

    /// Takes note that the first `count` bytes of the slices were sent.
    pub fn advance(&mut self, mut count: usize) {
        while let Some(waiting) = &mut self.waiting
            && let Some(detour) = waiting.detours.front()
            && count > 0
        {
            let before = (detour.at - self.position).min(count as u64);
            self.position += before;
            count -= before as usize;
            if self.position == detour.at
                && let Payload::Bytes(bytes) = &detour.what
            {
                let now = (bytes.len() - waiting.sent).min(count);
                waiting.sent += now;
                waiting.private -= now;
                count -= now;
            }
            self.pass_skips();
        }
        self.position += count as u64;
    }

    /// Goes around every detour that has nothing left to send.
    fn pass_skips(&mut self) {
        while let Some(waiting) = &mut self.waiting {
            match waiting.detours.front() {
                Some(detour) if detour.at != self.position || !detour.is_over(waiting.sent) => {
                    return;
                }
                Some(detour) => {
                    self.position = detour.resume;
                    waiting.sent = 0;
                    waiting.detours.pop_front();
                }
                // An idle connection holds no buffer.
                None if waiting.end == u64::MAX => self.waiting = None,
                None => return,
            }
        }
    }
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            end: u64::MAX,
            // Most peers wait for one reply only; and hundreds that come at once wait
            // together.
            detours: VecDeque::with_capacity(1),
            sent: 0,
            private: 0,
        }
    }
}

impl Waiting {
    /// Behind which detours something at `position` comes that waits until
    /// everything before `after` may be seen, and where: not in the middle of what is
    /// left out, and not behind what waits longer.
    fn place_for(&self, position: u64, after: u64) -> (usize, u64) {
        let mut at = position;
        for (index, detour) in self.detours.iter().enumerate() {
            if detour.at > at || detour.after > after {
                return (index, at);
            }
            at = at.max(detour.resume);
        }
        (self.detours.len(), at)
    }

    fn insert(&mut self, index: usize, at: u64, what: Payload) {
        let resume = at;
        self.detours.insert(
            index,
            Insertion {
                at,
                what,
                resume,
                after: 0,
            },
        );
    }
}

/// Makes a part of the log that is about to be cut the past; tells how many
/// bytes of it are kept.
fn past(log: &Log, range: Range<u64>, out: &mut VecDeque<Payload>) -> usize {
    if range.is_empty() {
        return 0;
    }
    let (rest, behind) = log.rest_of_line(range.start);
    let kept = rest.len();
    let (next, offset) = log.event_at(behind);
    let (end, _) = log.event_at(range.end);
    if kept > 0 {
        out.push_back(Payload::Bytes(rest));
    }
    match out.back_mut() {
        Some(Payload::Replay(last))
            if last.end == next && last.what == Selection::Everything && !last.asked =>
        {
            last.end = end;
        }
        _ if next < end => {
            let mut replay = Replay::new(next, end, Selection::Everything);
            replay.offset = offset;
            out.push_back(Payload::Replay(replay));
        }
        _ => {}
    }
    kept
}

#[cfg(test)]
mod tests;
