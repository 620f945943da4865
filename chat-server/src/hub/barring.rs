//! Connections of this server that are kept out, and how often that was done.

use super::*;

impl Hub {
    /// Why a peer that has just come does not come in. A ban counts how often it is hit.
    pub fn bar(
        &mut self,
        traces: &Traces,
        key: Option<&PersonKey>,
        time: Timestamp,
    ) -> Option<Bar> {
        let bar = self.room.bar(traces, key, time)?;
        self.count_hit(&bar, time);
        Some(bar)
    }

    pub(super) fn count_hit(&mut self, bar: &Bar, time: Timestamp) {
        let Bar::Banned(ban) = bar else {
            self.barred[1] += 1;
            return;
        };
        self.barred[0] += 1;
        *self.ban_hits.entry(ban.subject).or_default() += 1;
        let bans = self.room.moderation().bans();
        // Those of bans that have ended are of no use.
        if self.ban_hits.len() > 2 * bans.len() + MAX_OLD_HITS {
            let stands = |subject: &Subject| bans.get(subject, time).is_some();
            self.ban_hits.retain(|subject, _| stands(subject));
        }
    }

    /// How often a ban has kept a connection of this server out since its start.
    pub fn hits_of(&self, subject: &Subject) -> u64 {
        self.ban_hits.get(subject).copied().unwrap_or(0)
    }

    /// How often a connection of this server was kept out since its start: by a ban, by a
    /// lock of the room, and by its password.
    pub(crate) fn barred(&self) -> [u64; 3] {
        let [banned, locked] = self.barred;
        [banned, locked, self.access.refused()]
    }
}

/// How many counts of bans that have ended are kept at most.
const MAX_OLD_HITS: usize = 1024;
