//! How it is told who comes and who goes.
//!
//! Each of ten thousand arrivals, told to everybody there, would be fifty
//! million lines. So only so many in a second are told one by one; what is
//! beyond waits for a moment and is told together. Who is here is known at
//! once all the same ([`People`](crate::people::People)): only the telling
//! waits.
//!
//! Whoever counts along must never be wrong: what is pending is told before
//! anything that contradicts it. Whoever comes and goes meanwhile is not told
//! at all, unless somebody was given the names of all who are here, and so may
//! wait to hear that they went.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chat_proto::event::Body;
use chat_proto::name::Name;

/// Arrivals and departures that are told one by one in a second, and that many
/// more after a quiet time.
pub const ONE_BY_ONE: u32 = 20;

/// How long an arrival or a departure may wait to be told.
pub const TOGETHER_AFTER: Duration = Duration::from_millis(500);

/// What the names in one event may come to in JSON form, in bytes: with the
/// rest of the line less than
/// [`MAX_LINE`](chat_proto::json_form::MAX_LINE).
pub const MAX_NAMES_BYTES: usize = 24 * 1024;

/// Who is still to be told of.
#[derive(Debug, Default)]
pub struct Presence {
    /// Told as here, and gone.
    left: BTreeSet<Name>,
    /// Here, and told as gone or not at all. Who is in both is back again.
    entered: BTreeSet<Name>,
    /// Of those in `entered` who have gone again.
    passed: BTreeSet<Name>,
    /// Somebody was given the names since the first of them came.
    listed: bool,
    /// When they are told, if there are any.
    deadline: Option<Instant>,
    /// When as many can be told one by one as after a quiet time.
    rested: Option<Instant>,
}

impl Presence {
    /// Somebody comes: whether that is told at once. Otherwise it is pending.
    pub fn enter(&mut self, name: &Name, now: Instant) -> bool {
        if self.is_told_alone(now) {
            return true;
        }
        self.passed.remove(name);
        self.entered.insert(name.clone());
        self.wait(now);
        false
    }

    /// Somebody goes: whether that is told at once. Otherwise it is pending,
    /// unless nobody knows that they came.
    pub fn leave(&mut self, name: &Name, now: Instant) -> bool {
        if self.is_told_alone(now) {
            return true;
        }
        let is_known = self.listed && !self.left.contains(name);
        if is_known && self.entered.contains(name) {
            self.passed.insert(name.clone());
        } else if !self.entered.remove(name) {
            self.left.insert(name.clone());
        }
        self.wait(now);
        false
    }

    /// Somebody is given the names of those who are here.
    pub fn list(&mut self) {
        self.listed = self.deadline.is_some();
    }

    /// Whether something about this name is pending.
    pub fn concerns(&self, name: &Name) -> bool {
        self.left.contains(name) || self.entered.contains(name)
    }

    /// Whether it is pending that somebody went.
    pub fn has_departures(&self) -> bool {
        !self.left.is_empty() || !self.passed.is_empty()
    }

    /// When what is pending is to be told.
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
        let left = pieces(left).into_iter().map(Body::Left);
        let entered = pieces(entered).into_iter().map(Body::Entered);
        let passed = pieces(passed).into_iter().map(Body::Left);
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

/// The names in as few events as they fit into.
fn pieces(names: BTreeSet<Name>) -> Vec<Vec<Name>> {
    let mut pieces: Vec<Vec<Name>> = Vec::new();
    let mut left = 0;
    for name in names {
        // No character of a name is escaped; with quotes and a comma.
        let bytes = name.as_str().len() + 3;
        match pieces.last_mut() {
            Some(last) if bytes <= left => {
                left -= bytes;
                last.push(name);
            }
            _ => {
                left = MAX_NAMES_BYTES - bytes;
                pieces.push(vec![name]);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests;
