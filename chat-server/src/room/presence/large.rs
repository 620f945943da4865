//! Large rooms, in which the number of people is told in place of their names.
//!
//! Where ten thousand people come and go each name would be told to ten thousand others. So
//! while more people than a [limit](Presence::set_names_up_to) are here their arrivals and
//! departures stay pending, and at most each [`NUMBER_EACH`] one event tells how many people
//! are here, if that has changed. When they are few enough again all that is pending is told
//! by name, and the number once more, from which a reader can count on.

use std::time::{Duration, Instant};

use chat_proto::event::Body;

use super::Presence;

/// How often the number of people is told at most.
pub const NUMBER_EACH: Duration = Duration::from_secs(5);

/// What is told in place of names.
#[derive(Debug)]
pub(super) struct Large {
    /// Up to so many people are told by name.
    pub(super) names_up_to: usize,
    /// The number of people that was told last, unless all of them were told by name since.
    pub(super) told: Option<usize>,
    /// When the next number may be told; `None` while none was ever wanted.
    pub(super) next: Option<Instant>,
}

impl Default for Large {
    /// No room is large.
    fn default() -> Self {
        Self {
            names_up_to: usize::MAX,
            told: None,
            next: None,
        }
    }
}

impl Presence {
    /// Up to so many people are told by name from now on, where so many are `here`.
    pub fn set_names_up_to(&mut self, most: usize, here: usize, now: Instant) {
        self.large.names_up_to = most;
        self.wait(here, now);
    }

    /// Whether so many people are too many to be told by name.
    pub fn is_large(&self, here: usize) -> bool {
        here > self.large.names_up_to
    }
}

impl Large {
    /// A number may be told from now on, if none was told lately.
    pub(super) fn begin(&mut self, now: Instant) {
        self.next.get_or_insert(now);
    }

    /// Whether a number was told, and all people by name not since.
    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// When the number is to be told, if it is not known.
    pub(super) fn deadline(&self, here: usize) -> Option<Instant> {
        self.next.filter(|_| self.told != Some(here))
    }

    /// Takes the number, if it is to be told by now. Several servers may ask for it at once.
    pub(super) fn take(&mut self, here: usize, now: Instant) -> Option<Body> {
        self.deadline(here).filter(|at| *at <= now)?;
        self.next = Some(now + NUMBER_EACH);
        self.told = Some(here);
        let named = false;
        Some(Body::People {
            people: here,
            named,
        })
    }

    /// All people are told by name: takes their number, if one was told before.
    pub(super) fn end(&mut self, here: usize) -> Option<Body> {
        self.told.take()?;
        let named = true;
        Some(Body::People {
            people: here,
            named,
        })
    }
}

#[cfg(test)]
mod tests;
