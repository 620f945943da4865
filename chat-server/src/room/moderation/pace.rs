//! Slow mode: when each person has last said something.
//!
//! A person who leaves and comes back does not begin anew: the newcomer from the same
//! address, or with the same key, goes on with the time of the one who has left last.
//! People who share an address and stay do not wait for each other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chat_proto::moderation::{Network, Subject};
use serde::{Deserialize, Serialize};

use super::table::Traces;
use crate::room::origin::{Origin, SavedOrigin};
use crate::saved::{Moment, Moments, NoState};

/// When people have spoken, as far as slow mode asks for it.
#[derive(Debug, Default)]
pub struct Pace {
    here: BTreeMap<Origin, Instant>,
    left: BTreeMap<Subject, Instant>,
    /// When the entries of people who have left were last looked through.
    swept: Option<Instant>,
}

impl Pace {
    /// How long a person has to wait before they may say something; zero if they may now.
    pub fn wait(&self, origin: Origin, traces: &Traces, slow: u32, now: Instant) -> Duration {
        let left = || subject_of(traces).and_then(|subject| self.left.get(&subject));
        let spoke = self.here.get(&origin).or_else(left);
        spoke.map_or(Duration::ZERO, |spoke| {
            let slow = Duration::from_secs(slow.into());
            slow.saturating_sub(now.saturating_duration_since(*spoke))
        })
    }

    /// A person has said something.
    pub fn speak(&mut self, origin: Origin, now: Instant) {
        self.here.insert(origin, now);
    }

    /// A person has left.
    pub fn leave(&mut self, origin: Origin, traces: &Traces, slow: u32, now: Instant) {
        let Some(spoke) = self.here.remove(&origin) else {
            return;
        };
        let slow = Duration::from_secs(slow.into());
        if self.swept.is_none_or(|swept| swept + slow <= now) {
            self.left.retain(|_, spoke| *spoke + slow > now);
            self.swept = Some(now);
        }
        if let Some(subject) = subject_of(traces) {
            let latest = self.left.entry(subject).or_insert(spoke);
            *latest = spoke.max(*latest);
        }
    }

    /// Slow mode has ended.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A pace as it is saved.
#[derive(Serialize, Deserialize)]
pub(in crate::room) struct SavedPace {
    here: Vec<(SavedOrigin, Moment)>,
    left: Vec<(String, Moment)>,
    swept: Option<Moment>,
}

impl Pace {
    pub(in crate::room) fn save(&self, moments: Moments) -> SavedPace {
        let here = self.here.iter();
        let here = here.map(|(origin, spoke)| (origin.save(), moments.save(*spoke)));
        let left = self.left.iter();
        let left = left.map(|(subject, spoke)| (subject.to_string(), moments.save(*spoke)));
        SavedPace {
            here: here.collect(),
            left: left.collect(),
            swept: self.swept.map(|swept| moments.save(swept)),
        }
    }

    pub(in crate::room) fn restore(saved: &SavedPace, moments: Moments) -> Result<Self, NoState> {
        let here = saved.here.iter();
        let here = here.map(|(origin, spoke)| Ok((Origin::of(*origin), moments.restore(*spoke)?)));
        let left = saved.left.iter().map(|(subject, spoke)| {
            let subject: Option<Subject> = subject.parse().ok();
            let subject = subject.ok_or_else(|| NoState::wrong("slow mode"))?;
            Ok((subject, moments.restore(*spoke)?))
        });
        let swept = saved.swept.map(|swept| moments.restore(swept));
        let pace = Self {
            here: here.collect::<Result<_, NoState>>()?,
            left: left.collect::<Result<_, NoState>>()?,
            swept: swept.transpose()?,
        };
        let count = |saved: usize, restored: usize| NoState::unless(saved == restored, "slow mode");
        count(saved.here.len(), pace.here.len())?;
        count(saved.left.len(), pace.left.len())?;
        Ok(pace)
    }
}

/// By what a person is recognized who comes back.
fn subject_of(traces: &Traces) -> Option<Subject> {
    let network = || Some(Subject::Network(Network::of(traces.address?)));
    traces.key.map(Subject::Key).or_else(network)
}
