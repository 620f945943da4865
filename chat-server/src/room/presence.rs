//! How arrivals and departures are told.
//!
//! Ten thousand arrivals, each told to all people there, would be fifty million
//! lines. So only so many in a second are told one by one; the others wait for a
//! moment and are told together. The room knows at once all the same who is here
//! ([`People`](crate::room::roster::People)): only the telling waits.
//!
//! A client that counts along must never be wrong: a pending arrival or departure is
//! told before any event that contradicts it. A person who comes and goes meanwhile is
//! not told of at all, unless a client was given the names of all people here, and so
//! may wait to hear that the person went.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chat_proto::event::{Arrival, Body};
use chat_proto::name::Name;

/// Arrivals and departures that are told one by one in a second, and that many
/// more after a quiet time.
pub const ONE_BY_ONE: u32 = 20;

/// How long an arrival or a departure may wait to be told.
pub const TOGETHER_AFTER: Duration = Duration::from_millis(500);

/// What the names in one event, with what belongs to them, may come to in JSON
/// form, in bytes: with the rest of the line less than
/// [`MAX_LINE`](chat_proto::json_form::MAX_LINE).
pub const MAX_NAMES_BYTES: usize = 24 * 1024;

/// Arrivals and departures that are still to be told.
#[derive(Debug, Default)]
pub struct Presence {
    /// Told as here, and gone.
    left: BTreeSet<Name>,
    /// Here, and told as gone or not at all. A person in both is back again.
    entered: BTreeMap<Name, Arrival>,
    /// Of the people in `entered`: gone again.
    passed: BTreeSet<Name>,
    /// A client was given all names since the first of them came.
    listed: bool,
    /// When they are told, if there are any.
    deadline: Option<Instant>,
    /// When as many can be told one by one as after a quiet time.
    rested: Option<Instant>,
}

impl Presence {
    /// A person comes: whether that is told at once. Otherwise it is pending.
    pub fn enter(&mut self, arrival: &Arrival, now: Instant) -> bool {
        if self.is_told_alone(now) {
            return true;
        }
        self.passed.remove(&arrival.name);
        self.entered.insert(arrival.name.clone(), arrival.clone());
        self.wait(now);
        false
    }

    /// A person goes: whether that is told at once. Otherwise it is pending, unless no
    /// client knows that they came.
    pub fn leave(&mut self, name: &Name, now: Instant) -> bool {
        if self.is_told_alone(now) {
            return true;
        }
        let is_known = self.listed && !self.left.contains(name);
        if is_known && self.entered.contains_key(name) {
            self.passed.insert(name.clone());
        } else if self.entered.remove(name).is_none() {
            self.left.insert(name.clone());
        }
        self.wait(now);
        false
    }

    /// A client is given the names of all people here.
    pub fn list(&mut self) {
        self.listed = self.deadline.is_some();
    }

    /// Whether something about this name is pending.
    pub fn concerns(&self, name: &Name) -> bool {
        self.left.contains(name) || self.entered.contains_key(name)
    }

    /// Whether a departure is pending.
    pub fn has_departures(&self) -> bool {
        !self.left.is_empty() || !self.passed.is_empty()
    }

    /// When the pending ones are to be told.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// All that is pending, to be told now in this order.
    pub fn take(&mut self, now: Instant) -> impl Iterator<Item = Body> + use<> {
        let Self {
            left,
            entered,
            passed,
            rested,
            ..
        } = std::mem::take(self);
        self.rested = rested;
        let entered = pieces(entered.into_values(), arrival_bytes);
        let entered = entered.into_iter().map(Body::Entered);
        let [left, passed] = [left, passed].map(|names| pieces(names, name_bytes).into_iter());
        let (left, passed) = (left.map(Body::Left), passed.map(Body::Left));
        for _ in 0..left.len() + entered.len() + passed.len() {
            self.spend(now);
        }
        left.chain(entered).chain(passed)
    }

    /// Not while others wait, or the order would be another one than it was.
    fn is_told_alone(&mut self, now: Instant) -> bool {
        let full = now + INTERVAL * (ONE_BY_ONE - 1);
        let alone = self.deadline.is_none() && self.rested.is_none_or(|at| at <= full);
        if alone {
            self.spend(now);
        }
        alone
    }

    /// One more is told. There are no debts, or after a flood single arrivals
    /// would wait without need.
    fn spend(&mut self, now: Instant) {
        let rested = self.rested.map_or(now, |at| at.max(now)) + INTERVAL;
        self.rested = Some(rested.min(now + INTERVAL * ONE_BY_ONE));
    }

    fn wait(&mut self, now: Instant) {
        if self.left.is_empty() && self.entered.is_empty() {
            self.deadline = None;
            self.listed = false;
        } else {
            self.deadline.get_or_insert(now + TOGETHER_AFTER);
        }
    }
}

/// The time in which one more can be told alone.
const INTERVAL: Duration = Duration::from_millis(1000 / ONE_BY_ONE as u64);

/// People in as few events as they fit into.
fn pieces<T>(people: impl IntoIterator<Item = T>, bytes_of: fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut pieces: Vec<Vec<T>> = Vec::new();
    let mut left = 0;
    for one in people {
        let bytes = bytes_of(&one);
        match pieces.last_mut() {
            Some(last) if bytes <= left => {
                left -= bytes;
                last.push(one);
            }
            _ => {
                left = MAX_NAMES_BYTES - bytes;
                pieces.push(vec![one]);
            }
        }
    }
    pieces
}

/// No character of a name is escaped; with quotes and a comma.
fn name_bytes(name: &Name) -> usize {
    name.as_str().len() + 3
}

/// With the tag, and the name once more if the program is back.
fn arrival_bytes(arrival: &Arrival) -> usize {
    let name = name_bytes(&arrival.name);
    const TAG: usize = "\"0123456789abcdef\",".len();
    name + TAG + if arrival.back { name } else { 0 }
}

#[cfg(test)]
mod tests;
