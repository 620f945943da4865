//! The servers as bytes: a newcomer that restores them judges the next entries as the server
//! does that has saved them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chat_proto::event::RunId;
use serde::{Deserialize, Serialize};

use super::{MAX_DIGESTS, MAX_ENDED, MAX_SERVERS, Run, Servers};
use crate::room::origin::ServerId;
use crate::saved::{self, NoState, count, pack_numbers, unpack_numbers};
use crate::sequencer::stream::record::Seen;
use crate::sequencer::stream::rules::Rules;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<'a> {
    /// The number of the entry that was read last.
    entry: u64,
    /// The digests of the entries up to that one, the newest last.
    #[serde(borrow)]
    digests: Cow<'a, str>,
    time: Option<String>,
    #[serde(borrow)]
    rules: Option<Cow<'a, str>>,
    runs: Vec<SavedRun>,
    ended: Vec<String>,
    forgotten: Option<String>,
}

/// The run, its server, the number of its last record, and the time that this one says.
type SavedRun = (String, u16, u64, String);

impl Servers {
    /// What is known of the servers, by what was read so far.
    pub fn save(&self) -> Vec<u8> {
        let runs = self.runs.iter();
        let runs = runs.map(|(run, at)| {
            let time = at.time.to_string();
            (run.to_string(), at.server.0, at.number, time)
        });
        let saved = Saved {
            entry: self.seen.entry,
            digests: pack_numbers(self.digests.iter().copied()).into(),
            time: self.time.map(|time| time.to_string()),
            rules: self.rules.as_ref().map(|Rules(rules)| rules.into()),
            runs: runs.collect(),
            ended: self.ended.iter().map(RunId::to_string).collect(),
            forgotten: self.forgotten.map(|run| run.to_string()),
        };
        serde_json::to_vec(&saved).expect("it has no keys but strings")
    }

    /// The servers that [`Servers::save`] has made bytes of.
    ///
    /// # Errors
    ///
    /// When they are no such state.
    pub fn restore(bytes: &[u8]) -> Result<Self, NoState> {
        let saved: Saved<'_> = serde_json::from_slice(bytes)?;
        let entry = count(saved.entry, "number of entries")?;
        let digests: VecDeque<u64> = unpack_numbers(&saved.digests)?.into();
        let expected = usize::try_from(entry)
            .unwrap_or(usize::MAX)
            .min(MAX_DIGESTS);
        NoState::unless(digests.len() == expected, "digests")?;
        let digest = digests.back().copied().unwrap_or_default();
        let ended = saved.ended.iter().map(|run| saved::run(run));
        let ended: BTreeSet<RunId> = ended.collect::<Result<_, _>>()?;
        let runs = runs(&saved.runs)?;
        let has_ended = |run: &RunId| ended.contains(run);
        let is_right = ended.len() == saved.ended.len()
            && ended.len() <= MAX_ENDED
            && !runs.keys().any(has_ended)
            && (runs.is_empty() || saved.rules.is_some() && saved.time.is_some());
        NoState::unless(is_right, "servers")?;
        Ok(Self {
            seen: Seen { entry, digest },
            digests,
            time: saved.time.as_deref().map(saved::time).transpose()?,
            rules: saved.rules.map(|rules| Rules(rules.into_owned())),
            runs,
            ended,
            forgotten: saved.forgotten.as_deref().map(saved::run).transpose()?,
        })
    }
}

/// Runs and servers, each once.
fn runs(saved: &[SavedRun]) -> Result<BTreeMap<RunId, Run>, NoState> {
    let runs = saved.iter().map(|(run, server, number, time)| {
        NoState::unless(*server < MAX_SERVERS, "servers")?;
        let at = Run {
            server: ServerId(*server),
            number: count(*number, "servers")?,
            time: saved::time(time)?,
        };
        Ok((saved::run(run)?, at))
    });
    let runs: BTreeMap<RunId, Run> = runs.collect::<Result<_, NoState>>()?;
    let servers: BTreeSet<ServerId> = runs.values().map(|run| run.server).collect();
    let is_each_once = [runs.len(), servers.len()] == [saved.len(); 2];
    NoState::unless(is_each_once, "servers")?;
    Ok(runs)
}
