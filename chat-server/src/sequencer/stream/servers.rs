//! Which servers share the room, and which of their records count: the same at each of them,
//! because it follows from the entries of the stream alone.
//!
//! A record counts if it is the next one of its run. So each one counts once, however often
//! and however late it comes again, and a run that ends has ended for good.

mod saved;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::hash::Hasher;
use std::time::Duration;

use chat_proto::event::{RunId, Timestamp};
use siphasher::sip::SipHasher24;

use super::asks::Ask;
use super::record::{NoRecord, Record, Seen};
use super::rules::Rules;
use crate::room::origin::ServerId;

/// The servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Servers {
    /// What was read last.
    seen: Seen,
    /// The digests of the entries up to that one, the newest last.
    digests: VecDeque<u64>,
    /// The time of the room, which does not go backwards.
    time: Option<Timestamp>,
    /// The rules that the servers go by.
    rules: Option<Rules>,
    runs: BTreeMap<RunId, Run>,
    /// Runs that have ended, but for the oldest ones.
    ended: BTreeSet<RunId>,
    /// Runs up to this one have ended, or can begin no more.
    forgotten: Option<RunId>,
}

/// A run of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its server, as connections are told apart by.
    pub server: ServerId,
    /// The number of its last record.
    pub number: u64,
    /// The time of day that this one says.
    pub time: Timestamp,
}

/// A record that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its run.
    pub run: RunId,
    /// The server of that.
    pub server: ServerId,
    /// When what it asks for takes effect, at every server.
    pub time: Timestamp,
    /// What it asks for.
    pub asks: Vec<Ask>,
}

/// Why an entry counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Void {
    /// It is no record.
    NoRecord(NoRecord),
    /// It came before, or one of the same run is missing before it.
    OutOfTurn,
    /// Its run has ended, or has never begun.
    Elsewhere,
    /// It would be the first of one server more than there can be ([`MAX_SERVERS`]).
    Full,
    /// Its server goes by other rules than the others.
    Rules {
        /// Those of the others.
        expected: Rules,
    },
}

/// Why no more entry can be taken: what this server has is not what the others have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Entries are missing, or come again.
    Torn {
        /// The number of the entry that was to come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Another server has read other bytes.
    Forked {
        /// Its run.
        run: RunId,
        /// The entry at which both have something else.
        entry: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn { expected, found } => write!(
                f,
                "the stream is not the one that this server has read: entry {expected} was to \
                 come, and {found} came"
            ),
            Self::Forked { run, entry } => write!(
                f,
                "the run {run} of another server has read something else than this one in the \
                 entries up to {entry}"
            ),
        }
    }
}

impl Servers {
    /// What was read last.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// The time of the room.
    pub fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// The rules that the servers go by, which those of the last run that has begun are.
    pub fn rules(&self) -> Option<&Rules> {
        self.rules.as_ref()
    }

    /// A run that has begun and not ended.
    pub fn run(&self, run: RunId) -> Option<Run> {
        self.runs.get(&run).copied()
    }

    /// All runs that have begun and not ended.
    pub fn runs(&self) -> impl Iterator<Item = (RunId, Run)> {
        self.runs.iter().map(|(run, at)| (*run, *at))
    }

    /// A run that begins has to be later than this one.
    pub fn last_run(&self) -> Option<RunId> {
        let last = self.runs.keys().next_back();
        last.max(self.ended.last())
            .max(self.forgotten.as_ref())
            .copied()
    }

    /// Takes the next entry of the stream.
    ///
    /// # Errors
    ///
    /// When it cannot be the next one. Nothing that is taken afterwards means anything.
    pub fn take(&mut self, number: u64, bytes: &[u8]) -> Result<Result<Counted, Void>, Fault> {
        let expected = self.seen.entry + 1;
        if number != expected {
            let found = number;
            return Err(Fault::Torn { expected, found });
        }
        let record = Record::parse(bytes);
        if let Ok(record) = &record {
            self.compare(record)?;
        }
        self.seen.entry = number;
        self.seen.digest = digest(self.seen.digest, bytes);
        self.digests.push_back(self.seen.digest);
        if self.digests.len() > MAX_DIGESTS {
            self.digests.pop_front();
        }
        Ok(match record {
            Ok(record) => self.judge(record),
            Err(why) => Err(Void::NoRecord(why)),
        })
    }

    /// Compares what the server of this record has read with what this one has, as far back
    /// as that is known. Servers alone can tell, so others are not asked.
    fn compare(&self, record: &Record) -> Result<(), Fault> {
        let Seen { entry, digest } = record.seen;
        let behind = self.seen.entry.checked_sub(entry);
        let index = behind.and_then(|behind| {
            let newest = self.digests.len().checked_sub(1)?;
            newest.checked_sub(usize::try_from(behind).ok()?)
        });
        let own = index.and_then(|index| self.digests.get(index));
        let is_next = self
            .runs
            .get(&record.run)
            .is_some_and(|run| run.number + 1 == record.number);
        match own {
            Some(own) if is_next && *own != digest => Err(Fault::Forked {
                run: record.run,
                entry,
            }),
            _ => Ok(()),
        }
    }

    fn judge(&mut self, record: Record) -> Result<Counted, Void> {
        let Record {
            run, number, time, ..
        } = record;
        if number == 1 {
            self.begin(run, time, record.asks.first())?;
        }
        let Some(known) = self.runs.get_mut(&run) else {
            return Err(Void::Elsewhere);
        };
        if number != known.number + 1 {
            return Err(Void::OutOfTurn);
        }
        let server = known.server;
        (known.number, known.time) = (number, time);
        let time = self.time_of(run, time);
        self.time = Some(time);
        Ok(Counted {
            run,
            server,
            time,
            asks: record.asks,
        })
    }

    /// The time of the room with a record of this run that says this time. It never goes
    /// backwards. So a single clock that is wrong, by years perhaps, must not set it: it counts
    /// up to a little beyond the clocks of the others.
    fn time_of(&self, run: RunId, said: Timestamp) -> Timestamp {
        let others = self.runs.iter().filter(|(other, _)| **other != run);
        let latest = others.map(|(_, other)| other.time).max();
        let bounded = latest.map_or(said, |latest| said.min(beyond(latest)));
        self.time.map_or(bounded, |last| last.max(bounded))
    }

    /// A run wants to begin.
    fn begin(&mut self, run: RunId, time: Timestamp, first: Option<&Ask>) -> Result<(), Void> {
        if self.runs.contains_key(&run) {
            return Err(Void::OutOfTurn);
        }
        let Some(Ask::Begin { rules }) = first else {
            return Err(Void::Elsewhere);
        };
        if self.ended.contains(&run) || self.forgotten.is_some_and(|last| run <= last) {
            return Err(Void::Elsewhere);
        }
        // They can change where no server goes by them.
        let expected = self.rules.clone().filter(|_| !self.runs.is_empty());
        if let Some(expected) = expected.filter(|expected| expected != rules) {
            return Err(Void::Rules { expected });
        }
        let server = self.free_server().ok_or(Void::Full)?;
        self.rules = Some(rules.clone());
        let number = 0;
        let begun = Run {
            server,
            number,
            time,
        };
        self.runs.insert(run, begun);
        Ok(())
    }

    /// The first number that no server has.
    fn free_server(&self) -> Option<ServerId> {
        let taken: BTreeSet<ServerId> = self.runs.values().map(|run| run.server).collect();
        let free = (0..MAX_SERVERS).map(ServerId);
        free.into_iter().find(|server| !taken.contains(server))
    }

    /// The run has ended if this was its last record, and its server is gone.
    pub fn end(&mut self, run: RunId, number: u64) -> Option<ServerId> {
        let known = self.runs.get(&run).filter(|run| run.number == number)?;
        let server = known.server;
        self.runs.remove(&run);
        self.ended.insert(run);
        if self.ended.len() > MAX_ENDED {
            self.forgotten = self.forgotten.max(self.ended.pop_first());
        }
        Some(server)
    }
}

/// As far beyond a time as the clock of another server counts.
fn beyond(time: Timestamp) -> Timestamp {
    let milliseconds = u64::try_from(time.unix_milliseconds()).unwrap_or_default();
    Timestamp::from_unix_milliseconds(milliseconds + MAX_AHEAD.as_millis() as u64)
}

fn digest(before: u64, bytes: &[u8]) -> u64 {
    // It tells mistakes, and no secret: anyone may compute it.
    let mut hasher = SipHasher24::new_with_keys(before, 0);
    hasher.write(bytes);
    hasher.finish()
}

/// How far the clock of one server counts beyond those of all others. After all of them were
/// off for longer, one that begins alone counts in full when the runs before it have ended.
const MAX_AHEAD: Duration = Duration::from_secs(10 * 60);

/// How many digests are kept: a server that is further behind than this is not compared.
const MAX_DIGESTS: usize = 4096;

/// How many servers there can be at a time.
pub const MAX_SERVERS: u16 = 256;

/// How many runs that have ended are known one by one.
const MAX_ENDED: usize = 1024;

#[cfg(test)]
mod tests;
