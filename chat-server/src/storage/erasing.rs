//! Which file is written anew because texts in it were erased, and what comes of that.
//!
//! What is safe and no live reader stands before is replaced ([`Timeline::to_erase`]), all of
//! it that is in one file at once. The line in memory is replaced together with that on disk:
//! places in the JSON log are those in the files.
//!
//! An erasure that fails does not stop the room. No reader is sent the text in the meantime,
//! and it is tried again. The event that tells of the erasure stands in the history, so a
//! restart finds what is still to be done.
//!
//! [`Timeline::to_erase`]: crate::timeline::Timeline::to_erase

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::disk::Handle;
use super::flight::{Seen, edge};
use super::jobs::is_due;
use super::keeper::{Rewrite, full};
use super::rewriting::{Progress, Rewriting, Target, beside};
use super::{History, News, SyncMode};
use crate::clock::Now;
use crate::hub::Hub;
use crate::ops::errors::in_words;
use crate::timeline::erasures::Eraser;
use crate::timeline::mark::Mark;

impl History {
    /// What the next job does for the erasure of texts, if anything.
    pub(super) fn next_rewrite(
        &mut self,
        hub: &mut Hub,
        now: Now,
        news: &mut Vec<News>,
    ) -> Option<Rewrite> {
        let can_begin = self.astray.is_none() && self.trouble.is_none();
        if !can_begin || !is_due(self.erasing.retry, now) {
            return None;
        }
        let rewriting = match self.erasing.rewriting.take() {
            Some(under_way) if self.path_of(&under_way.old).is_some() => under_way,
            under_way => {
                under_way.into_iter().for_each(|it| self.abandon(it));
                self.begin_rewriting(hub, news)?
            }
        };
        let path = self.path_of(&rewriting.old)?;
        let is_newest = Arc::ptr_eq(&rewriting.old, self.newest());
        Some(Rewrite {
            rewriting,
            path,
            length: is_newest.then(|| self.written - self.start()),
        })
    }

    /// Begins with the file of the first event that is to be erased.
    fn begin_rewriting(&mut self, hub: &mut Hub, news: &mut Vec<News>) -> Option<Rewriting> {
        loop {
            let ready = || hub.timeline.to_erase().map(|(seq, _)| seq);
            let first = ready().find(|seq| *seq > self.erasing.behind);
            let first = first.or_else(|| ready().next())?;
            let index = self.segments.holding(first);
            let targets = self.targets_in(index, hub);
            let file = index.and_then(|index| self.files.get(index));
            if let Some(old) = file.filter(|file| self.path_of(file).is_some()) {
                return Some(Rewriting {
                    old: Arc::clone(old),
                    targets,
                    copy: None,
                });
            }
            if file.is_some() {
                let events = numbers(&targets);
                news.push(News::Noted(format!(
                    "the text of {events} is still in a file that was moved away from the history"
                )));
            }
            self.erasing.is_failing = false;
            for target in targets {
                hub.timeline.erasure_done(target.seq);
            }
        }
    }

    /// What is to be erased in the file of this index.
    fn targets_in(&self, index: Option<usize>, hub: &Hub) -> Vec<Target> {
        let segment = index.and_then(|index| self.segments.get(index));
        let start = segment.map_or(0, |segment| segment.start);
        let ready = hub.timeline.to_erase();
        let there = ready.filter(|(seq, _)| self.segments.holding(*seq) == index);
        let target = |(seq, eraser): (u64, &Eraser)| {
            let near = self.segments.find(seq).map_or(start, |(_, place)| place);
            Target {
                seq,
                eraser: eraser.clone(),
                near: near - start,
            }
        };
        there.map(target).collect()
    }

    /// Where a file of the history is, unless it was moved away.
    fn path_of(&self, file: &Arc<Handle>) -> Option<PathBuf> {
        let index = self.files.iter().position(|it| Arc::ptr_eq(it, file))?;
        if index + 1 == self.files.len() {
            return Some(self.options.path.clone());
        }
        let segment = self.segments.get(index)?;
        let number = segment.number.filter(|_| !segment.is_gone)?;
        Some(full(&self.options.path, number))
    }

    /// The copy of a file is not made to its end.
    fn abandon(&mut self, rewriting: Rewriting) {
        if let Some(copy) = rewriting.copy {
            self.dropped.push((beside(&self.options.path), copy.new));
        }
    }

    /// Takes note of how far a file has been written anew, of which everything before
    /// `mark` was written if it is the newest one.
    pub(super) fn take_rewritten(
        &mut self,
        (rewriting, progress): (Rewriting, io::Result<Progress>),
        mark: Mark,
        hub: &mut Hub,
        now: Now,
        news: &mut Vec<News>,
    ) {
        let events = numbers(&rewriting.targets);
        match progress {
            Ok(Progress::Copied) => self.erasing.rewriting = Some(rewriting),
            Ok(Progress::Done) => {
                self.rewritten(rewriting, mark, hub);
                if std::mem::take(&mut self.erasing.is_failing) {
                    news.push(News::Noted(format!("the text of {events} has been erased")));
                }
            }
            Err(error) => {
                self.erasing.behind = rewriting.targets.last().map_or(0, |it| it.seq);
                self.abandon(rewriting);
                self.erasing.retry = Some(now.instant + AGAIN_AFTER);
                if !std::mem::replace(&mut self.erasing.is_failing, true) {
                    let (why, seconds) = (in_words(&error), AGAIN_AFTER.as_secs());
                    news.push(News::Noted(format!(
                        "the text of {events} cannot be erased from the history ({why}); \
                         no reader is sent it, and it is tried again every {seconds} s"
                    )));
                }
            }
        }
    }

    /// A file has been written anew, or nothing was to be erased in it.
    fn rewritten(&mut self, rewriting: Rewriting, mark: Mark, hub: &mut Hub) {
        let Rewriting { old, targets, copy } = rewriting;
        let index = self.files.iter().position(|it| Arc::ptr_eq(it, &old));
        if let Some(copy) = copy
            && let Some(index) = index
            && let Some(start) = self.segments.get(index).map(|segment| segment.start)
        {
            // In order: what lies behind a line keeps its place.
            for edit in copy.edits {
                let place = start + edit.place.start..start + edit.place.end;
                self.segments.replace(index, &place, &edit.line);
                hub.timeline.replaced(edit.seq, place, &edit.line);
            }
            self.files[index] = copy.new;
            self.names_are_safe = self.options.sync == SyncMode::Off;
            if index + 1 == self.files.len() {
                self.seen = Seen {
                    head: copy.head,
                    tail: edge(hub, self.start()..mark.json),
                    end: mark.json,
                    next: mark.seq + 1,
                };
            }
        }
        for target in targets {
            hub.timeline.erasure_done(target.seq);
        }
    }
}

/// The numbers of events, for people.
fn numbers(targets: &[Target]) -> String {
    let events = if targets.len() == 1 {
        "event"
    } else {
        "events"
    };
    let shown = targets.iter().take(MOST_NUMBERS);
    let shown: Vec<String> = shown.map(|target| target.seq.to_string()).collect();
    let more = match targets.len().saturating_sub(MOST_NUMBERS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{events} {}{more}", shown.join(", "))
}

/// When an erasure that has failed is tried again. Not at once: it may have to read and
/// write a large file each time.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The most numbers of events in a line of the log.
const MOST_NUMBERS: usize = 10;
