//! The people who have left lately: an operator may want to ban one of them by name.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chat_proto::name::Name;

use super::moderation::{SavedTraces, Traces};
use crate::saved::{self, Moment, Moments, NoState};

/// The people who have left lately, the latest last.
#[derive(Debug, Default)]
pub(super) struct Gone {
    people: VecDeque<(Instant, Name, Traces)>,
}

impl Gone {
    /// A person leaves, or takes another name.
    pub(super) fn note(&mut self, name: &Name, traces: Traces, now: Instant) {
        let is_old = |at: Instant| at + REMEMBERED_FOR <= now;
        while self.people.len() >= MAX_GONE
            || self.people.front().is_some_and(|(at, ..)| is_old(*at))
        {
            self.people.pop_front();
        }
        self.people.push_back((now, name.clone(), traces));
    }

    /// The person who has left last under this name.
    pub(super) fn find(&self, name: &Name, now: Instant) -> Option<Traces> {
        let mut latest = self.people.iter().rev();
        let (at, _, traces) = latest.find(|(_, its, _)| its == name)?;
        (*at + REMEMBERED_FOR > now).then_some(*traces)
    }
}

/// People who have left, as they are saved.
pub(super) type SavedGone<'a> = Vec<(Moment, &'a str, SavedTraces)>;

impl Gone {
    pub(super) fn save(&self, moments: Moments) -> SavedGone<'_> {
        let people = self.people.iter();
        let people =
            people.map(|(at, name, traces)| (moments.save(*at), name.as_str(), traces.save()));
        people.collect()
    }

    pub(super) fn restore(saved: &SavedGone<'_>, moments: Moments) -> Result<Self, NoState> {
        NoState::unless(saved.len() <= MAX_GONE, "people who have left")?;
        let people = saved.iter().map(|(at, name, traces)| {
            let at = moments.restore(*at)?;
            Ok((at, saved::name(name)?, Traces::restore(traces)?))
        });
        let people = people.collect::<Result<_, NoState>>()?;
        Ok(Self { people })
    }
}

/// A ban by the name of a person who left before that time asks for an address or a key.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(60 * 60);

/// More than leave while an operator reads and types.
const MAX_GONE: usize = 1024;
