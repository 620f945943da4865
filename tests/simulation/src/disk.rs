//! A disk that does what the schedule says: when it is done, when it fails, what
//! it drops, and when it reads. It stands for `chat_server::storage`, of which the room knows
//! nothing but these calls.

use std::collections::VecDeque;
use std::io;

use chat_server::hub::Hub;
use chat_server::timeline::mark::Mark;
use chat_server::timeline::replay::{Files, Piece, Wanted};

use crate::ledger::Ledger;
use crate::script::Keeping;

/// What is known of the disk.
#[derive(Debug)]
pub(crate) struct Disk {
    keeping: Keeping,
    /// What was given to be made safe.
    pub(crate) in_flight: Option<Mark>,
    pub(crate) fails: bool,
    /// What is before this in the JSON log is safe.
    pub(crate) safe: u64,
    /// It reads nothing for the moment.
    pub(crate) is_slow: bool,
    /// What it reads fails.
    pub(crate) is_unreadable: bool,
    /// What it is to read, and for whom.
    pub(crate) reading: VecDeque<(usize, Wanted)>,
}

/// What is on the disk, to be read.
#[derive(Debug)]
pub(crate) struct Kept<'a>(pub(crate) &'a Ledger);

impl Disk {
    pub(crate) fn new(keeping: Keeping, hub: &mut Hub) -> Self {
        if keeping != Keeping::Not {
            hub.timeline.keep(1, 0, SEGMENT);
        }
        if keeping == Keeping::Always {
            hub.timeline.show_late();
        }
        Self {
            keeping,
            in_flight: None,
            fails: false,
            safe: 0,
            is_slow: false,
            is_unreadable: false,
            reading: VecDeque::new(),
        }
    }

    /// Keeps what was said since, and lets people see what may be seen.
    pub(crate) fn keep(&mut self, hub: &mut Hub) {
        if self.fails && self.keeping != Keeping::Not {
            return;
        }
        while hub.timeline.next_cut().is_some() {
            hub.timeline.cut_done();
        }
        if self.keeping != Keeping::Always {
            hub.timeline.show_all();
        }
        if self.keeping != Keeping::Not && self.in_flight.is_none() {
            self.in_flight = Some(hub.timeline.head());
        }
    }

    /// The next piece that it has read, and for whom.
    pub(crate) fn piece(&mut self, ledger: &mut Ledger) -> Option<(usize, Piece)> {
        if self.is_slow {
            return None;
        }
        let (who, wanted) = self.reading.pop_front()?;
        ledger.was_unreadable |= self.is_unreadable;
        let from = wanted.position as usize;
        let bytes = match self.is_unreadable {
            true => Err(io::ErrorKind::Other.into()),
            false => Ok(ledger.json_bytes(from..from + wanted.most).to_vec()),
        };
        Some((who, Piece { wanted, bytes }))
    }

    /// What was given to it is safe.
    pub(crate) fn synced(&mut self, hub: &mut Hub) {
        if let Some(mark) = self.in_flight.take() {
            hub.timeline.set_safe(mark.json);
            self.safe = mark.json;
            if mark.json > hub.timeline.shown().json {
                hub.timeline.show(mark);
            }
        }
    }
}

impl Files for Kept<'_> {
    fn find(&self, seq: u64) -> Option<(u64, u64)> {
        // As an index has it: one not far before it.
        let near = (seq - 1) / 5 * 5 + 1;
        (seq <= self.0.last()).then(|| (near, self.0.json_start(near)))
    }

    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)> {
        let indexed = (1..=self.0.last()).step_by(5);
        let mut places = indexed.map(|seq| (seq, self.0.json_start(seq)));
        places.find(|(_, place)| *place >= position + least)
    }

    fn held(&self, position: u64) -> u64 {
        self.0.json_bytes(position as usize..usize::MAX).len() as u64
    }
}

/// Bytes of the JSON form in one file.
const SEGMENT: u64 = 50_000;
