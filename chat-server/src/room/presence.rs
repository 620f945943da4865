//! How arrivals and departures are told.
//!
//! Ten thousand arrivals, each told to all people in the room, would be fifty million
//! lines. So only [`ONE_BY_ONE`] in a second are told one by one; the others wait for
//! [`TOGETHER_AFTER`] and are told together. Only their events wait:
//! [`People`](crate::room::roster::People) changes at once.
//!
//! A client that counts arrivals and departures must never be wrong: a pending one is
//! told before any event that contradicts it. A person who comes and goes meanwhile is
//! not mentioned, unless a client was given the names of all people meanwhile: that
//! client has to learn that the person went.
//!
//! In a [`large`] room all of them stay pending, and the number of people is told in
//! their place.

pub mod large;
mod saved;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::time::{Duration, Instant};

use chat_proto::event::{Arrival, Body};
use chat_proto::name::Name;

use self::large::Large;
pub(super) use saved::SavedPresence;

/// The rate per second, and the burst, of arrivals and departures that are told one by
/// one.
pub const ONE_BY_ONE: u32 = 20;

/// How long an arrival or a departure may wait to be told.
pub const TOGETHER_AFTER: Duration = Duration::from_millis(500);

/// The most bytes that the people in one event take in JSON form. With the rest of the
/// line that is less than [`MAX_LINE`](chat_proto::json_form::MAX_LINE).
pub const MAX_NAMES_BYTES: usize = 24 * 1024;

/// Arrivals and departures that are still to be told.
#[derive(Debug, Default)]
pub struct Presence {
    /// People who are told as here, and have gone.
    left: BTreeSet<Name>,
    /// People who are here, and are told as gone or not at all. A person who is in
    /// `left` too is back again.
    entered: BTreeMap<Name, Arrival>,
    /// The people in `entered` who have gone again.
    passed: BTreeSet<Name>,
    /// A client was given all names since the first arrival or departure became
    /// pending.
    listed: bool,
    /// When the pending ones are told, if there are any.
    deadline: Option<Instant>,
    /// When the whole burst is available again.
    rested: Option<Instant>,
    /// What is told in place of names while many people are here.
    large: Large,
}

impl Presence {
    /// Takes an arrival, with which so many people are `here`. Returns whether it is told at
    /// once; otherwise it is pending.
    pub fn enter(&mut self, arrival: &Arrival, here: usize, now: Instant) -> bool {
        if self.is_told_alone(here, now) {
            return true;
        }
        self.passed.remove(&arrival.name);
        self.entered.insert(arrival.name.clone(), arrival.clone());
        self.wait(here, now);
        false
    }

    /// Takes a departure, after which so many people are `here`. Returns whether it is told at
    /// once; otherwise it is pending, unless no client knows of the arrival.
    pub fn leave(&mut self, name: &Name, here: usize, now: Instant) -> bool {
        if self.is_told_alone(here, now) {
            return true;
        }
        // In a large room names are given out all the time: to tell each person who was among
        // them would be to tell all.
        let is_known = self.listed && !self.is_large(here) && !self.left.contains(name);
        if is_known && self.entered.contains_key(name) {
            self.passed.insert(name.clone());
        } else if self.entered.remove(name).is_none() {
            self.left.insert(name.clone());
        }
        self.wait(here, now);
        false
    }

    /// Takes note that a client is given the names of all people.
    pub fn list(&mut self) {
        self.listed = self.is_pending();
    }

    /// Whether an arrival or a departure of this name is pending.
    pub fn concerns(&self, name: &Name) -> bool {
        self.left.contains(name) || self.entered.contains_key(name)
    }

    /// Whether an arrival of this name is pending.
    pub fn arrives(&self, name: &Name) -> bool {
        self.entered.contains_key(name)
    }

    /// The people who are told as here and have gone, also if they are back.
    pub fn departures(&self) -> impl Iterator<Item = &Name> {
        self.left.iter()
    }

    /// Whether a departure is pending.
    pub fn has_departures(&self) -> bool {
        !self.left.is_empty() || !self.passed.is_empty()
    }

    /// Whether an arrival or a departure is pending.
    fn is_pending(&self) -> bool {
        !self.left.is_empty() || !self.entered.is_empty()
    }

    /// When [`Presence::take`] is due, where so many people are `here`.
    pub fn deadline(&self, here: usize) -> Option<Instant> {
        match self.is_large(here) {
            true => self.large.deadline(here),
            false => self.deadline,
        }
    }

    /// Takes what is to be told now, in this order, where so many people are `here`: all that
    /// is pending, or in a large room their number if it is time.
    pub fn take(&mut self, here: usize, now: Instant) -> Vec<Body> {
        if self.is_large(here) {
            return self.large.take(here, now).into_iter().collect();
        }
        self.deadline = None;
        self.listed = false;
        let left = mem::take(&mut self.left);
        let entered = mem::take(&mut self.entered);
        let passed = mem::take(&mut self.passed);
        let mut told = self.told(left, entered.into_values(), passed, now);
        told.extend(self.large.end(here));
        told
    }

    /// Takes what is to be told before one of these names is used, where so many people are
    /// `here`: all that is pending, or in a large room the arrivals under these names alone.
    ///
    /// The departures of all people who are told as here come before them: one of these may
    /// have had a name that looks like the one that is used. That is little, since each of
    /// them was told by name.
    pub fn take_for(&mut self, names: &[&Name], here: usize, now: Instant) -> Vec<Body> {
        if !self.is_large(here) {
            return self.take(here, now);
        }
        let left = mem::take(&mut self.left);
        let entered = names.iter().filter_map(|name| self.entered.remove(*name));
        let entered: Vec<Arrival> = entered.collect();
        let passed = names.iter().filter_map(|name| self.passed.take(*name));
        let passed = passed.collect();
        self.listed &= self.is_pending();
        self.told(left, entered, passed, now)
    }

    /// The events that tell these. They count against the rate.
    fn told(
        &mut self,
        left: BTreeSet<Name>,
        entered: impl IntoIterator<Item = Arrival>,
        passed: BTreeSet<Name>,
        now: Instant,
    ) -> Vec<Body> {
        let entered = pieces(entered, arrival_bytes);
        let entered = entered.into_iter().map(Body::Entered);
        let [left, passed] = [left, passed].map(departures);
        let told: Vec<Body> = left.chain(entered).chain(passed).collect();
        told.iter().for_each(|_| self.spend(now));
        told
    }

    /// Whether the rate allows one more. Not while others are pending, or the events
    /// would be out of order, and not in a large room.
    fn is_told_alone(&mut self, here: usize, now: Instant) -> bool {
        let full = now + INTERVAL * (ONE_BY_ONE - 1);
        let alone = self.deadline.is_none()
            && !self.is_pending()
            && !self.is_large(here)
            && !self.large.is_told()
            && self.rested.is_none_or(|at| at <= full);
        if alone {
            self.spend(now);
        }
        alone
    }

    /// Counts one event against the rate. A flood leaves no debt, or single arrivals
    /// after it would wait without need.
    fn spend(&mut self, now: Instant) {
        let rested = self.rested.map_or(now, |at| at.max(now)) + INTERVAL;
        self.rested = Some(rested.min(now + INTERVAL * ONE_BY_ONE));
    }

    /// Sets when what is to be told is due, where so many people are `here`.
    fn wait(&mut self, here: usize, now: Instant) {
        self.listed &= self.is_pending();
        if self.is_large(here) {
            self.large.begin(now);
            self.deadline = None;
        } else if self.is_pending() || self.large.is_told() {
            self.deadline.get_or_insert(now + TOGETHER_AFTER);
        } else {
            self.deadline = None;
        }
    }
}

/// The time after which the rate allows one more.
const INTERVAL: Duration = Duration::from_millis(1000 / ONE_BY_ONE as u64);

/// The events in which these people leave, as few as they fit into.
pub(super) fn departures(
    names: impl IntoIterator<Item = Name>,
) -> impl ExactSizeIterator<Item = Body> {
    pieces(names, name_bytes).into_iter().map(Body::Left)
}

/// Splits people into as few events as they fit into.
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

/// The name with quotes and a comma. No character of a name is escaped.
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
