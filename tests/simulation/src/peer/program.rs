//! What a program knows of the room, which has the number of each event.

use std::collections::{BTreeSet, VecDeque};

use chat_server::hub::Hub;
use chat_server::timeline::mark::Form;

use super::Asked;
use crate::ledger::{Ledger, Noting};

/// What a program knows.
#[derive(Debug)]
pub(crate) struct Program {
    /// Which event may come next.
    pub(super) next: Vec<u64>,
    /// The newest event at the welcome.
    pub(super) joined: u64,
    /// The messages that are still to come at the welcome.
    pub(super) welcoming: VecDeque<u64>,
    /// Events of the past since the last answer to `history`.
    pub(super) again: Vec<u64>,
    /// Of which so many may be missing.
    pub(super) gap: u64,
    /// Who is here, if that can be known.
    pub(super) people: Option<BTreeSet<String>>,
    /// The pieces of the answer to `who`.
    pub(super) who: BTreeSet<String>,
}

impl Program {
    /// An event came. `asked` is what the program has asked for of the past.
    pub(super) fn event(
        &mut self,
        seq: u64,
        asked: &[(Asked, Option<usize>)],
        ledger: &Ledger,
        hub: &Hub,
    ) {
        if self.next.contains(&seq) {
            assert!(
                !asked.is_empty() || self.again.is_empty(),
                "{:?} came again",
                self.again
            );
            self.next = vec![seq + 1];
            if seq > self.joined
                && let Some(people) = &mut self.people
            {
                match &ledger.event(seq).what {
                    Noting::Entered(names) => people.extend(names.iter().cloned()),
                    Noting::Left(names) => people.retain(|name| !names.contains(name)),
                    Noting::Renamed(old, new) => {
                        people.remove(old);
                        people.insert(new.clone());
                    }
                    Noting::Said(_) | Noting::Hub => {}
                }
            }
            return;
        }
        let next = &self.next;
        let is_past = next.iter().any(|next| seq < *next);
        assert!(is_past, "event {seq} came, and {next:?} should");
        let first = hub.timeline.log(Form::Json).first();
        while let Some(skipped) = self.welcoming.front().filter(|it| **it < seq) {
            assert!(self.gap > 0 || *skipped < first, "{skipped} is missing");
            self.welcoming.pop_front();
        }
        if self.welcoming.front() == Some(&seq) {
            self.welcoming.pop_front();
        } else {
            assert!(
                !asked.is_empty(),
                "event {seq} came again, and {next:?} should"
            );
            self.again.push(seq);
        }
    }

    /// So many events are told as missing: they must be gone.
    pub(super) fn missed(
        &mut self,
        missed: u64,
        asked: &[(Asked, Option<usize>)],
        ledger: &Ledger,
        hub: &Hub,
    ) {
        let is_past = !asked.is_empty() || !self.welcoming.is_empty();
        let gone = |next: &u64| next + missed <= ledger.held_from(hub);
        let mut next: Vec<u64> = self
            .next
            .iter()
            .filter(|next| gone(next))
            .map(|next| next + missed)
            .collect();
        if !next.is_empty() {
            self.people = None;
        }
        if is_past {
            self.gap += missed;
            next.extend(&self.next);
        }
        assert!(
            !next.is_empty(),
            "{missed} events are not missing at {:?}",
            self.next
        );
        self.next = next;
    }

    /// The end of an answer.
    pub(super) fn history(
        &mut self,
        asked: Asked,
        first: u64,
        last: u64,
        ledger: &Ledger,
        hub: &Hub,
    ) {
        let mut again = std::mem::take(&mut self.again);
        let gap = std::mem::take(&mut self.gap);
        let expected: Vec<u64> = match asked {
            Asked::Last(count) => last_said(ledger, last, count),
            Asked::From(from) => {
                assert!(first >= from || first > last);
                (first..=last).collect()
            }
        };
        assert!(again.is_sorted(), "the past comes in order: {again:?}");
        let in_memory = hub.timeline.log(Form::Json).first();
        for seq in expected {
            match again.first() == Some(&seq) {
                true => _ = again.remove(0),
                false => {
                    let dropped = matches!(asked, Asked::Last(_)) && seq < in_memory;
                    assert!(
                        dropped || gap > 0 && seq < ledger.held_from(hub),
                        "{seq} is missing"
                    );
                }
            }
        }
        assert!(again.is_empty(), "it has not asked for {again:?}");
    }
}

/// The last things said up to `last`.
pub(super) fn last_said(ledger: &Ledger, last: u64, count: usize) -> Vec<u64> {
    let said = (1..=last).rev().filter(|seq| ledger.is_said(*seq));
    let mut said: Vec<u64> = said.take(count).collect();
    said.reverse();
    said
}
