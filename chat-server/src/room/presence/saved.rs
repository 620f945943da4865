//! Arrivals and departures that are still to be told, as they are saved.

use chat_proto::event::{Arrival, Tag};
use serde::{Deserialize, Serialize};

use super::Presence;
use super::large::Large;
use crate::room::roster::People;
use crate::saved::{Moment, Moments, NoState, name, names};

#[derive(Serialize, Deserialize)]
pub(in crate::room) struct SavedPresence<'a> {
    #[serde(borrow)]
    left: Vec<&'a str>,
    /// The name, the tag, and whether the program is back.
    entered: Vec<(&'a str, Option<u64>, bool)>,
    passed: Vec<&'a str>,
    listed: bool,
    deadline: Option<Moment>,
    rested: Option<Moment>,
    /// How many people are told by name; `None` for all.
    names_up_to: Option<u64>,
    /// The number of people that was told last.
    number: Option<u64>,
    next_number: Option<Moment>,
}

impl Presence {
    pub(in crate::room) fn save(&self, moments: Moments) -> SavedPresence<'_> {
        let entered = self.entered.values().map(|arrival| {
            let Arrival { name, tag, back } = arrival;
            (name.as_str(), tag.map(Tag::bits), *back)
        });
        SavedPresence {
            left: self.left.iter().map(|name| name.as_str()).collect(),
            entered: entered.collect(),
            passed: self.passed.iter().map(|name| name.as_str()).collect(),
            listed: self.listed,
            deadline: self.deadline.map(|at| moments.save(at)),
            rested: self.rested.map(|at| moments.save(at)),
            names_up_to: Some(self.large.names_up_to)
                .filter(|most| *most < usize::MAX)
                .map(|most| most as u64),
            number: self.large.told.map(|number| number as u64),
            next_number: self.large.next.map(|at| moments.save(at)),
        }
    }

    /// What is to be told where these people are here.
    pub(in crate::room) fn restore(
        saved: &SavedPresence<'_>,
        people: &People,
        moments: Moments,
    ) -> Result<Self, NoState> {
        let arrivals = saved.entered.iter().map(|(text, tag, back)| {
            let arrival = Arrival {
                tag: tag.map(Tag::new),
                back: *back,
                ..Arrival::of(name(text)?)
            };
            Ok((arrival.name.clone(), arrival))
        });
        let presence = Self {
            left: names(&saved.left)?,
            entered: arrivals.collect::<Result<_, NoState>>()?,
            passed: names(&saved.passed)?,
            listed: saved.listed,
            deadline: saved.deadline.map(|at| moments.restore(at)).transpose()?,
            rested: saved.rested.map(|at| moments.restore(at)).transpose()?,
            large: Large {
                names_up_to: number(saved.names_up_to)?.unwrap_or(usize::MAX),
                told: number(saved.number)?,
                next: (saved.next_number)
                    .map(|at| moments.restore(at))
                    .transpose()?,
            },
        };
        let are_all = presence.entered.len() == saved.entered.len();
        NoState::unless(
            are_all && presence.agrees_with(people),
            "arrivals and departures",
        )?;
        Ok(presence)
    }

    /// How many people are here as the events tell it, if so many are.
    pub(in crate::room) fn told_of(&self, here: usize) -> usize {
        // Each of these is right where all of them agree with the people who are here.
        let pending = self.entered.len() - self.passed.len();
        here.saturating_sub(pending) + self.left.len()
    }

    /// Whether all that is pending can be so where these people are here.
    fn agrees_with(&self, people: &People) -> bool {
        let is_pending = self.is_pending();
        let is_large = self.is_large(people.count());
        let is_due = !is_large && (is_pending || self.large.is_told());
        let mut names = self.entered.keys();
        // A person is here, or has gone again.
        names.all(|name| people.contains(name) != self.passed.contains(name))
            && (self.passed.iter()).all(|name| {
                self.listed && self.entered.contains_key(name) && !self.left.contains(name)
            })
            // A person is gone, or back.
            && (self.left.iter()).all(|name| {
                people.contains(name) == self.entered.contains_key(name)
            })
            && self.deadline.is_some() == is_due
            // A number is told where one may be.
            && (self.large.next.is_some() || !is_large && !self.large.is_told())
            && (is_pending || !self.listed)
    }
}

fn number(saved: Option<u64>) -> Result<Option<usize>, NoState> {
    let number = saved.map(usize::try_from).transpose();
    number.map_err(|_| NoState::new("it has a number of people that is none"))
}
