//! The programs that were in the room when the last run of the server ended, and have
//! not returned.
//!
//! After a restart all programs return within seconds, and clients do not show each of
//! them. So no stranger may enter under one of their names meanwhile: each name is kept
//! for [`TIME_TO_RETURN`] for the program that had it. The [`Tag`] in the history
//! identifies that program. Names of people without a program are not kept: these
//! people could not prove that a name is theirs.
//!
//! No departures are told after a restart: the event `room` says that all people are gone.
//! The client decides whom to show as gone, and when (`conversation/netsplit.rs`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chat_proto::TIME_TO_RETURN;
use chat_proto::event::{Arrival, RunId, Tag, Timestamp};
use chat_proto::name::Name;
use serde::{Deserialize, Serialize};

use crate::room::identity::{Key, Owner};
use crate::room::roster::People;
use crate::saved::{self, Moment, Moments, NoState};

/// The programs in the room, as the events of a history tell it.
#[derive(Debug, Default)]
pub struct Roll {
    /// By name, including the programs that have not returned since a short run began.
    bearers: BTreeMap<Name, Bearer>,
    /// When the newest run began, if it is one with a number.
    run: Option<(RunId, Option<Timestamp>)>,
}

/// The program that has a name.
#[derive(Debug, Clone, Copy)]
struct Bearer {
    tag: Tag,
    run: RunId,
    /// The program was in the room when the run before ended, and has not returned.
    is_missing: bool,
}

impl Roll {
    /// The room was opened in this run, or goes on in it.
    pub fn open(&mut self, run: Option<RunId>, time: Option<Timestamp>) {
        if self.run.map(|(run, _)| run) != run {
            self.end_run(time);
            self.run = run.map(|run| (run, time));
        }
    }

    /// The program of this arrival has the name from now on.
    pub fn enter(&mut self, arrival: Arrival) {
        let Arrival { name, tag, .. } = arrival;
        match (tag, self.run) {
            (Some(tag), Some((run, _)))
                if self.bearers.len() < MAX_ABSENT || self.bearers.contains_key(&name) =>
            {
                let is_missing = false;
                let bearer = Bearer {
                    tag,
                    run,
                    is_missing,
                };
                self.bearers.insert(name, bearer);
            }
            _ => _ = self.bearers.remove(&name),
        }
    }

    /// The name is free again.
    pub fn leave(&mut self, name: &Name) {
        self.bearers.remove(name);
    }

    /// Ends the last run. The next one begins at `time`.
    pub fn into_absent(mut self, time: Timestamp, key: Key) -> Absent {
        self.end_run(Some(time));
        let mut names = People::new(key);
        for name in self.bearers.keys() {
            names.enter(name);
        }
        Absent {
            bearers: self.bearers,
            names: Some(names),
            deadlines: None,
        }
    }

    /// Marks the programs in the room as missing. Programs that were missing already
    /// are dropped, unless the run was too short for them to return.
    fn end_run(&mut self, time: Option<Timestamp>) {
        let begun = self.run.and_then(|(_, begun)| begun);
        let lasted = begun.zip(time).map(|(begun, time)| {
            let lasted = time.unix_milliseconds() - begun.unix_milliseconds();
            u64::try_from(lasted).unwrap_or(u64::MAX)
        });
        let was_short = lasted.is_some_and(|lasted| lasted < TIME_TO_RETURN.as_millis() as u64);
        self.bearers
            .retain(|_, bearer| was_short || !bearer.is_missing);
        for bearer in self.bearers.values_mut() {
            bearer.is_missing = true;
        }
    }
}

/// The programs that may return.
#[derive(Debug, Default)]
pub struct Absent {
    bearers: BTreeMap<Name, Bearer>,
    /// Their names, as long as these are kept.
    names: Option<People>,
    /// When the names are no longer kept, and when they are no longer known.
    deadlines: Option<[Instant; 2]>,
}

impl Absent {
    /// Starts the deadlines: the server can be reached from now on.
    pub fn begin(&mut self, now: Instant) {
        self.deadlines = Some([now + TIME_TO_RETURN, now + KNOWN_FOR]);
    }

    /// Drops names that were kept for long enough.
    pub fn expire(&mut self, now: Instant) {
        let Some([kept, known]) = self.deadlines else {
            return;
        };
        if kept <= now {
            self.names = None;
        }
        if known <= now {
            *self = Self::default();
        }
    }

    /// Whether this name, or one that looks like it, is kept for a program.
    pub fn keeps(&self, name: &Name, now: Instant) -> bool {
        let is_over = self.deadlines.is_some_and(|[kept, _]| kept <= now);
        let names = self.names.as_ref().filter(|_| !is_over);
        names.is_some_and(|names| names.count() > 0 && names.is_taken(name))
    }

    /// How long names are still kept.
    pub fn keeps_for(&self, now: Instant) -> Duration {
        let until = self.deadlines.map(|[kept, _]| kept);
        until.map_or(TIME_TO_RETURN, |until| until.saturating_duration_since(now))
    }

    /// The name that this owner had; of several, the wanted one.
    pub fn name_of(
        &self,
        owner: Owner,
        key: &Key,
        wanted: Option<&Name>,
        now: Instant,
    ) -> Option<&Name> {
        if self.deadlines.is_some_and(|[_, known]| known <= now) {
            return None;
        }
        let is_of = |(name, bearer): &(&Name, &Bearer)| {
            key.tag_of_name(owner, bearer.run, name) == bearer.tag
        };
        let wanted = wanted.and_then(|wanted| self.bearers.get_key_value(wanted));
        let name = wanted.filter(is_of);
        let name = name.or_else(|| self.bearers.iter().find(is_of));
        name.map(|(name, _)| name)
    }

    /// Drops a name whose owner has returned, or that another person has now.
    pub fn remove(&mut self, name: &Name) {
        if self.bearers.remove(name).is_some()
            && let Some(names) = &mut self.names
        {
            names.leave(name);
        }
    }
}

/// Absent programs as they are saved.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedAbsent<'a> {
    /// The name, the tag, the run, and whether the program is missing.
    #[serde(borrow)]
    bearers: Vec<(&'a str, u64, String, bool)>,
    /// What is taken by their names, as long as these are kept: not what the names alone would
    /// give, since two of them may look alike.
    taken: Option<String>,
    deadlines: Option<[Moment; 2]>,
}

impl Absent {
    pub(super) fn save(&self, moments: Moments) -> SavedAbsent<'_> {
        let bearers = self.bearers.iter().map(|(name, bearer)| {
            let run = bearer.run.to_string();
            (name.as_str(), bearer.tag.bits(), run, bearer.is_missing)
        });
        SavedAbsent {
            bearers: bearers.collect(),
            taken: self.names.as_ref().map(People::save_taken),
            deadlines: self.deadlines.map(|both| both.map(|it| moments.save(it))),
        }
    }

    pub(super) fn restore(
        saved: &SavedAbsent<'_>,
        key: Key,
        moments: Moments,
    ) -> Result<Self, NoState> {
        let bearers = saved.bearers.iter().map(|(name, tag, run, is_missing)| {
            let bearer = Bearer {
                tag: Tag::new(*tag),
                run: saved::run(run)?,
                is_missing: *is_missing,
            };
            Ok((saved::name(name)?, bearer))
        });
        let bearers: BTreeMap<Name, Bearer> = bearers.collect::<Result<_, NoState>>()?;
        let is_right = bearers.len() == saved.bearers.len() && bearers.len() <= MAX_ABSENT;
        NoState::unless(is_right, "absent programs")?;
        let taken = saved.taken.as_ref();
        let names = taken.map(|taken| People::restore(key, bearers.keys().cloned(), taken));
        let deadlines = match saved.deadlines {
            Some([kept, known]) => Some([moments.restore(kept)?, moments.restore(known)?]),
            None => None,
        };
        Ok(Self {
            names: names.transpose()?,
            bearers,
            deadlines,
        })
    }
}

/// How long a program may have its name back, if no other person has it by then. After
/// a long outage chat-client waits for up to 30 s between two attempts, and does not
/// show returning people for [`TIME_TO_RETURN`] after that.
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// More programs than most rooms have. All of them are searched for each program that
/// returns and wants another name than it had.
const MAX_ABSENT: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    struct Test {
        roll: Roll,
        key: Key,
        time: u64,
        run: RunId,
    }

    impl Test {
        fn new() -> Self {
            let mut test = Self {
                roll: Roll::default(),
                key: Key::of([1; Key::BYTES]),
                time: 0,
                run: RunId::new(0, 0),
            };
            test.restart_after(0);
            test
        }

        fn restart_after(&mut self, seconds: u64) {
            self.time += seconds * 1000 + 1;
            self.run = RunId::new(self.time, 0);
            self.roll.open(Some(self.run), Some(self.now()));
        }

        fn now(&self) -> Timestamp {
            Timestamp::from_unix_milliseconds(self.time)
        }

        fn owner(&self, number: u64) -> Owner {
            self.key.owner(RunId::new(1, 0), number)
        }

        /// The owner with this number comes.
        fn enter(&mut self, text: &str, number: u64) {
            let tag = self
                .key
                .tag_of_name(self.owner(number), self.run, &name(text));
            self.roll.enter(Arrival {
                tag: Some(tag),
                ..Arrival::of(name(text))
            });
        }

        /// The name that each owner had, if the server restarts after so many seconds.
        #[track_caller]
        fn check(self, seconds: u64, expected: &[(u64, Option<&str>)]) {
            let key = self.key;
            let owner = |(number, _): &(u64, _)| self.owner(*number);
            let owners: Vec<Owner> = expected.iter().map(owner).collect();
            let time = Timestamp::from_unix_milliseconds(self.time + seconds * 1000);
            let absent = self.roll.into_absent(time, key);
            let now = Instant::now();
            for (owner, (number, expected)) in owners.iter().zip(expected) {
                let found = absent.name_of(*owner, &key, None, now).map(Name::as_str);
                assert_eq!(found, *expected, "{number}");
                let wanted = expected.map(name);
                let again = absent.name_of(*owner, &key, wanted.as_ref(), now);
                assert_eq!(again.map(Name::as_str), *expected);
            }
            let count = expected.iter().filter(|(_, name)| name.is_some()).count();
            assert_eq!(absent.names.map_or(0, |names| names.count()), count);
        }
    }

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn programs_that_are_here_at_the_end_are_known_by_their_last_names() {
        let mut test = Test::new();
        for (name, number) in [("ann", 1), ("bo", 2), ("cy", 3), ("di", 4)] {
            test.enter(name, number);
        }
        test.roll.leave(&name("cy"));
        test.roll.leave(&name("bo"));
        test.enter("bob", 2);
        // Another person has the name now, in one case without a program.
        test.roll.leave(&name("di"));
        test.roll.enter(Arrival::of(name("di")));
        test.roll.leave(&name("ann"));
        test.enter("ann", 5);
        // Another file of the same run begins.
        let run = test.run;
        test.roll.open(Some(run), None);
        let expected = [
            (1, None),
            (2, Some("bob")),
            (3, None),
            (4, None),
            (5, Some("ann")),
        ];
        test.check(3600, &expected);
    }

    /// A server that is started again and again within a short time has given the
    /// programs no time to come back.
    #[test]
    fn no_program_is_forgotten_over_short_runs() {
        for (second, is_known) in [(5, true), (14, true), (15, false)] {
            let mut test = Test::new();
            test.enter("ann", 1);
            test.enter("bo", 2);
            test.enter("cy", 3);
            test.restart_after(3600);
            test.enter("bo", 2);
            test.enter("cy", 3);
            test.roll.leave(&name("cy"));
            let ann = is_known.then_some("ann");
            test.check(second, &[(1, ann), (2, Some("bo")), (3, None)]);
        }
    }

    #[test]
    fn a_name_from_before_there_were_runs_is_of_no_program() {
        let mut test = Test::new();
        test.roll.open(None, None);
        test.enter("ann", 1);
        test.check(1, &[(1, None)]);
    }

    #[test]
    fn names_are_kept_for_a_time_and_known_for_longer() {
        let mut test = Test::new();
        test.enter("ann", 1);
        test.enter("bo", 2);
        let (key, owner) = (test.key, test.owner(1));
        let time = test.now();
        let mut absent = test.roll.into_absent(time, key);
        let alike = Name::choose("Аnn").unwrap();
        let mut now = Instant::now();
        assert!(absent.keeps(&alike, now), "from the beginning");
        absent.begin(now);
        now += TIME_TO_RETURN - Duration::from_millis(1);
        absent.expire(now);
        assert!(absent.keeps(&alike, now) && absent.keeps(&name("bo"), now));
        assert_eq!(absent.keeps_for(now), Duration::from_millis(1));
        absent.remove(&name("bo"));
        assert!(!absent.keeps(&name("bo"), now));
        now += Duration::from_millis(1);
        absent.expire(now);
        assert!(!absent.keeps(&alike, now));
        assert_eq!(absent.name_of(owner, &key, None, now), Some(&name("ann")));
        now += KNOWN_FOR - TIME_TO_RETURN;
        assert_eq!(absent.name_of(owner, &key, None, now), None);
    }

    #[test]
    fn they_are_bounded() {
        let mut test = Test::new();
        for number in 0..MAX_ABSENT as u64 + 10 {
            test.enter(&format!("p{number}"), number);
        }
        assert_eq!(test.roll.bearers.len(), MAX_ABSENT);
        test.roll.leave(&name("p7"));
        test.enter("late", 7);
        assert!(test.roll.bearers.contains_key(&name("late")));
    }
}
