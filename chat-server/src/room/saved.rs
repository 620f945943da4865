//! The whole room as bytes: a server that restores it goes on as the one that has saved it.
//!
//! What the room is the same for all servers of a cluster by is not in there: its secret key
//! comes with its [`Identity`]. What follows from the rest is made anew.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::absent::{Absent, SavedAbsent};
use super::apply::Room;
use super::dedup::{DedupIndex, SavedIds};
use super::gone::{Gone, SavedGone};
use super::holders::{Holders, SavedHolders};
use super::identity::Identity;
use super::members::{Members, SavedMembers};
use super::moderation::{Moderation, Pace, SavedPace};
use super::presence::{Presence, SavedPresence};
use super::roster::People;
use super::runs::{Runs, SavedRuns};
use super::tickets::ResumeTickets;
use crate::clock::Now;
use crate::saved::{Moments, NoState, count};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<'a> {
    #[serde(borrow)]
    runs: SavedRuns<'a>,
    /// How many owners were drawn.
    drawn: u64,
    /// The number of the next event.
    next: u64,
    members: SavedMembers<'a>,
    /// What is taken by their names.
    taken: &'a str,
    presence: SavedPresence<'a>,
    ids: SavedIds,
    absent: SavedAbsent<'a>,
    holders: SavedHolders<'a>,
    moderation: Vec<Box<RawValue>>,
    pace: SavedPace,
    gone: SavedGone<'a>,
}

impl Room {
    /// The state of the room, all but its secret key. `at` is any time of the room, and the
    /// instant that this server has for it: the bytes do not depend on which.
    pub fn save(&self, at: Now) -> Vec<u8> {
        let moments = Moments::new(at);
        debug_assert_eq!(self.told, self.presence.told_of(self.people.count()));
        let saved = Saved {
            runs: self.runs.save(),
            drawn: self.tickets.drawn(),
            next: self.next,
            taken: &self.people.save_taken(),
            members: self.members.save(),
            presence: self.presence.save(moments),
            ids: self.ids.save(),
            absent: self.absent.save(moments),
            holders: self.holders.save(),
            moderation: self.moderation.save(),
            pace: self.pace.save(moments),
            gone: self.gone.save(moments),
        };
        serde_json::to_vec(&saved).expect("it has no keys but strings")
    }

    /// The room with this identity whose state [`Room::save`] has made bytes of, here or on
    /// another server. `at` is any time of the room, and the instant that this server has for
    /// it.
    ///
    /// # Errors
    ///
    /// When they are no state, or that of another room or run.
    pub fn restore(bytes: &[u8], identity: &Identity, at: Now) -> Result<Self, NoState> {
        let saved: Saved<'_> = serde_json::from_slice(bytes)?;
        let moments = Moments::new(at);
        let &Identity { ref room, run, key } = identity;
        let next = count(saved.next, "number of the next event")?;
        let runs = Runs::restore(&saved.runs, next)?;
        if runs.room() != room || runs.newest() != Some(run) {
            return Err(NoState::new("it is the state of another room"));
        }
        let members = Members::restore(&saved.members)?;
        let names = members.names().cloned();
        let people = People::restore(key, names, saved.taken)?;
        let presence = Presence::restore(&saved.presence, &people, moments)?;
        Ok(Self {
            key,
            run,
            runs,
            members,
            told: presence.told_of(people.count()),
            presence,
            ids: DedupIndex::restore(&saved.ids, next)?,
            tickets: ResumeTickets::behind(key, run, count(saved.drawn, "number of programs")?),
            absent: Absent::restore(&saved.absent, key, moments)?,
            holders: Holders::restore(&saved.holders, &people)?,
            people,
            moderation: Moderation::restore(&saved.moderation)?,
            pace: Pace::restore(&saved.pace, moments)?,
            gone: Gone::restore(&saved.gone, moments)?,
            next,
        })
    }
}

#[cfg(test)]
mod tests;
