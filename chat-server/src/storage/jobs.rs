//! Which job is given next, and what comes of it.
//!
//! There is never more than one under way. Each begins where the one before it left
//! off, and after a failure the next one begins at the last place that is known to be safe.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::disk::Handle;
use super::flight::{Flight, Lost, SILENT_AFTER, Seen, beginning, edge, end};
use super::keeper::{self, Astray, Begin, Begun, Cut, Done, Expected, Job, Outcome, Rewrite};
use super::{History, News, SyncMode};
use crate::clock::Now;
use crate::hub::Hub;
use crate::timeline::mark::{Form, Mark};
use crate::timeline::replay::SOURCE;

impl History {
    /// Gives the next job, if there is none under way and one is due.
    pub(super) fn give(&mut self, hub: &mut Hub, now: Now, news: &mut Vec<News>) {
        if self.in_flight.is_some() {
            return;
        }
        let syncs = self.is_sync_due(now);
        let begin = self.next_begin(hub);
        let looks = self.is_asked || !self.dropped.is_empty() || is_due(self.next_look, now);
        let rewrite = match begin {
            None => self.next_rewrite(hub, now, news),
            Some(_) => None,
        };
        let names = !self.names_are_safe;
        if begin.is_none() && !syncs && !looks && !names && rewrite.is_none() {
            return;
        }
        let freezes = rewrite.as_ref().is_some_and(Rewrite::freezes);
        let syncs = self.astray.is_none()
            && (syncs || begin.is_some() && self.options.sync != SyncMode::Off);
        let mark = end(hub);
        let tail = edge(hub, self.start()..mark.json);
        let expected = self.expected(mark, hub);
        let full = self.next_full();
        // Only when what leaves the old files is safe in the newest one.
        let cuts = match self.astray.is_none() && (syncs || self.written == self.safe) {
            true => std::mem::take(&mut self.cuts),
            false => Vec::new(),
        };
        self.syncer.give(Job {
            remove: std::mem::take(&mut self.dropped),
            file: Arc::clone(self.newest()),
            sync: syncs,
            expected: expected.clone(),
            full: full.as_ref().map(|(number, file)| {
                let path = keeper::full(&self.options.path, *number);
                (path, Arc::clone(file))
            }),
            begin,
            cuts: cuts.clone(),
            names,
            rewrite,
        });
        self.in_flight = Some(Flight {
            silent_from: now.instant + SILENT_AFTER,
            is_late: false,
            mark,
            syncs,
            full: full.map(|(number, _)| number),
            tail,
            expected,
            cuts,
            is_asked: std::mem::take(&mut self.is_asked),
            names,
            freezes,
        });
        if let Some(trouble) = &mut self.trouble {
            trouble.tried = true;
        }
        if syncs {
            self.next_sync = Some(now.instant + SYNC_EVERY);
        }
    }

    /// What the newest file holds, up to `mark`.
    fn expected(&mut self, mark: Mark, hub: &Hub) -> Expected {
        let start = self.start();
        if self.seen.head.is_empty() {
            self.seen.head = beginning(hub, start..mark.json);
        }
        match &self.astray {
            Some(lost) => lost.expected.clone(),
            None => self.seen.expected(start, mark),
        }
    }

    fn is_sync_due(&self, now: Now) -> bool {
        match self.options.sync {
            // Over only when a sync says so, too.
            _ if self.trouble.is_some() => true,
            SyncMode::Always => self.written > self.safe,
            SyncMode::Batch => self.written > self.safe && is_due(self.next_sync, now),
            SyncMode::Off => false,
        }
    }

    /// Whether another file is to be begun, and how.
    fn next_begin(&self, hub: &Hub) -> Option<Begin> {
        match self.astray.as_ref().map(|lost| lost.how) {
            Some(Astray::Deleted) => Some(Begin::Again {
                copy: self.safe - self.start(),
            }),
            Some(Astray::Moved | Astray::Spoilt) => Some(Begin::Again { copy: 0 }),
            None => {
                let is_full = hub
                    .timeline
                    .next_cut()
                    .is_some_and(|cut| cut.json == self.written);
                let last = self.segments.numbers().max().unwrap_or(0);
                is_full.then_some(Begin::Next { number: last + 1 })
            }
        }
    }

    /// The full file that is looked at next.
    fn next_full(&mut self) -> Option<(u64, Arc<Handle>)> {
        let full = self.segments.len() - 1;
        self.turn = (self.turn + 1).checked_rem(full)?;
        let segment = self.segments.get(self.turn)?;
        let number = segment.number.filter(|_| !segment.is_gone)?;
        Some((number, Arc::clone(self.files.get(self.turn)?)))
    }

    /// Takes note of what came of the job.
    pub(super) fn take(&mut self, done: Done, hub: &mut Hub, now: Now, news: &mut Vec<News>) {
        let Some(mut flight) = self.in_flight.take() else {
            return;
        };
        if !matches!(done.result, Ok(Outcome::InPlace(_))) {
            // That is still to be done, once the newest file is in its place.
            self.cuts.append(&mut flight.cuts);
        }
        self.next_look = Some(now.instant + LOOK_EVERY);
        self.names_are_safe |= flight.names && done.result.is_ok();
        let mark = flight.mark;
        if done.full_is_gone
            && let Some(number) = flight.full
            && self.segments.set_gone(number)
        {
            let path = keeper::full(&self.options.path, number);
            news.push(News::Noted(format!(
                "{} is gone: what is in it can be read until the server ends",
                path.display()
            )));
        }
        match done.result {
            Err(error) => {
                // All that is not known to be safe is written again.
                self.written = self.safe;
                self.fail(&error, hub, now, news);
            }
            Ok(Outcome::Astray(how)) => {
                self.astray = Some(Lost {
                    how,
                    expected: flight.expected,
                });
                self.is_asked |= flight.is_asked;
            }
            Ok(Outcome::InPlace(_)) if self.astray.is_some() => {
                // It has been put back.
                (self.astray, self.next_look) = (None, None);
                self.is_asked |= flight.is_asked;
            }
            Ok(Outcome::InPlace(length)) => {
                self.seen.tail = flight.tail;
                (self.seen.end, self.seen.next) = (flight.mark.json, flight.mark.seq + 1);
                if flight.is_asked {
                    let text = "the history is in its place";
                    news.push(News::Noted(text.to_owned()));
                }
                self.cut_foreign(length, news);
                if flight.syncs {
                    self.is_safe(flight.mark, hub, news);
                }
            }
            Ok(Outcome::Begun(begun)) => self.begun(begun, flight, hub, now, news),
        }
        if let Some(rewritten) = done.rewritten {
            self.take_rewritten(rewritten, mark, hub, now, news);
        }
    }

    /// Everything before `mark` is on the disk.
    fn is_safe(&mut self, mark: Mark, hub: &mut Hub, news: &mut Vec<News>) {
        self.made_safe(mark, hub);
        let late = self.options.sync == SyncMode::Always || self.trouble.is_some();
        // More may have been shown while it was under way.
        if late && mark.json > hub.timeline.shown().json {
            hub.timeline.show(mark);
        }
        if self.trouble.as_ref().is_some_and(|trouble| trouble.tried) {
            self.trouble = None;
            hub.timeline.set_trouble(None);
            news.push(News::Recovered);
        }
    }

    pub(super) fn made_safe(&mut self, mark: Mark, hub: &mut Hub) {
        self.safe = mark.json;
        hub.timeline.set_safe(self.safe);
    }

    /// What another program has appended to our file is not part of the history.
    fn cut_foreign(&self, length: u64, news: &mut Vec<News>) {
        let end = self.written - self.start();
        if length > end && self.trouble.is_none() && self.newest().cut(end).is_ok() {
            news.push(News::Noted(format!(
                "{} bytes that another program had appended to the history were cut off",
                length - end
            )));
        }
    }

    /// Another file has been begun.
    fn begun(
        &mut self,
        begun: Begun,
        flight: Flight,
        hub: &mut Hub,
        now: Now,
        news: &mut Vec<News>,
    ) {
        let Some(lost) = self.astray.take() else {
            // The one before it is full.
            self.is_safe(flight.mark, hub, news);
            if let Some(number) = begun.number {
                self.segments.set_number(number);
            }
            self.push(begun.file, hub, now);
            return hub.timeline.cut_done();
        };
        if let Some(trouble) = &mut self.trouble {
            // It is over when the contents of the new file are safe.
            trouble.retry = now.instant;
        }
        if let Some(path) = &begun.aside {
            let text = format!("what was in its place is in {}", path.display());
            news.push(News::Noted(text));
        }
        let text = self.begun_again(lost.how, begun.file, hub, now);
        news.push(match flight.is_asked {
            true => News::Noted(text),
            false => News::Told(text),
        });
    }

    /// Goes on in a file that is in the place of one with which another program has
    /// done something; tells what.
    fn begun_again(&mut self, how: Astray, file: Arc<Handle>, hub: &mut Hub, now: Now) -> String {
        match how {
            Astray::Moved => {
                // What was not safe in the old one will be in this one.
                let (start, old) = (self.start(), Arc::clone(self.newest()));
                // More may have been written than counts after a failure.
                let end = self.segments.last().map_or(start, |last| last.end);
                if end > self.safe {
                    self.cuts.push(Cut {
                        file: old,
                        at: self.safe - start,
                        length: end - start,
                    });
                }
                if !self.segments.cut(self.safe) {
                    self.files.pop_back();
                }
                (self.written, self.next_sync) = (self.safe, None);
                self.push(file, hub, now);
                hub.begin_file(self.safe, now);
                "the history was moved away, and goes on in a new file".to_owned()
            }
            Astray::Deleted => {
                // What was seen of the old one is in this one before it is looked at.
                self.files.pop_back();
                self.files.push_back(file);
                self.written = self.safe;
                "the history was deleted or replaced by another program, \
                 and has been written again"
                    .to_owned()
            }
            Astray::Spoilt => {
                // All that is left is in memory.
                let log = hub.timeline.log(Form::Json);
                let start = log.start().max(self.start());
                let (first, _) = log.event_at(start);
                let is_whole = start == self.start();
                self.files.pop_back();
                self.files.push_back(file);
                self.segments.begin_again(start, first);
                self.seen = Seen::before(start, first);
                (self.written, self.safe) = (start, start);
                hub.timeline.set_safe(start);
                self.forget(hub, now);
                let text = "the history was changed by another program, and has been written again";
                if is_whole {
                    return text.to_owned();
                }
                // The old files may hold some events that are lost here.
                self.cuts.clear();
                hub.begin_file(start, now);
                format!("{text} from event {first} on; what was before that is lost")
            }
        }
    }

    /// Goes on in another file, behind the last byte that is written.
    fn push(&mut self, file: Arc<Handle>, hub: &mut Hub, now: Now) {
        let start = self.written;
        let (seq, _) = hub.timeline.log(Form::Json).event_at(start);
        self.files.push_back(file);
        self.segments.begin(None, start, (seq, start));
        self.seen = Seen::before(start, seq);
        while let Some(index) = self.segments.drop_moved(self.most_files()) {
            self.files.remove(index);
        }
        // With room for the new one, which the last event can make larger, or its chapter.
        let beyond = hub.chapter_bytes().max(SOURCE as u64 / 2);
        let new = self.segment_size() + beyond;
        let least = self.options.keep.saturating_sub(self.segment_size() + new);
        while let Some(oldest) = self.segments.drop_oldest(least) {
            let file = self.files.pop_front();
            if let (Some(number), Some(file)) = (oldest.number, file) {
                self.dropped
                    .push((keeper::full(&self.options.path, number), file));
            }
        }
        self.forget(hub, now);
    }

    /// Has the room forget the events that are in no file any more.
    fn forget(&self, hub: &mut Hub, now: Now) {
        if let Some(first) = self.segments.first() {
            hub.forget_before(first.first, now);
        }
    }
}

pub(super) fn is_due(at: Option<Instant>, now: Now) -> bool {
    at.is_none_or(|at| at <= now.instant)
}

/// How often it is looked whether the files are in their places.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The time between two syncs in [`SyncMode::Batch`].
pub(super) const SYNC_EVERY: Duration = Duration::from_millis(200);
