//! The measures that stand in the room: its topic, bans, mutes, operators, slow mode, and
//! whether newcomers come in.
//!
//! They change by measures only ([`Moderation::apply`]), which are events of the room. So
//! the events of a history give the same again, and what `Moderation::parts` puts into the
//! event `room` at the head of each file gives it without the files before.

mod pace;
mod saved;
mod table;

use std::collections::BTreeMap;

use chat_proto::event::{Fingerprint, Timestamp};
use chat_proto::json_form::{encode_standing, parse_standing};
use chat_proto::moderation::{Ban, Door, Measure, MeasureKind, Mute, OperatorKey, Standing, Topic};
use chat_proto::name::Name;
use serde_json::value::RawValue;

use crate::saved::NoState;

pub use pace::Pace;
pub(super) use pace::SavedPace;
pub(super) use saved::SavedTraces;
pub use table::{Table, Traces};

/// The measures that stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moderation {
    topic: Option<Topic>,
    slow: u32,
    door: Door,
    bans: Table<Ban>,
    mutes: Table<Mute>,
    operators: BTreeMap<Fingerprint, Name>,
}

impl Moderation {
    /// Takes a measure that was taken at `time`.
    pub fn apply(&mut self, measure: &Measure, time: Timestamp) {
        let by = measure.by.clone();
        match &measure.kind {
            MeasureKind::Topic(text) => {
                let topic = text.clone().map(|text| Topic { text, by, time });
                self.topic = topic;
            }
            MeasureKind::Banned {
                until,
                subjects,
                of,
                reason,
                ..
            } => {
                self.bans.drop_ended(time);
                for &subject in subjects {
                    self.bans.insert(Ban {
                        subject,
                        of: of.clone(),
                        by: by.clone(),
                        time,
                        until: *until,
                        reason: reason.clone(),
                    });
                }
            }
            MeasureKind::Unbanned { subjects } => {
                subjects.iter().for_each(|it| self.bans.remove(it));
            }
            MeasureKind::Muted {
                name,
                until,
                subjects,
            } => {
                self.mutes.drop_ended(time);
                for &subject in subjects {
                    self.mutes.insert(Mute {
                        subject,
                        of: name.clone(),
                        by: by.clone(),
                        until: *until,
                    });
                }
            }
            MeasureKind::Unmuted { subjects, .. } => {
                subjects.iter().for_each(|it| self.mutes.remove(it));
            }
            MeasureKind::Slow(seconds) => self.slow = *seconds,
            MeasureKind::Locked => self.door = Door::Locked,
            MeasureKind::Unlocked => self.door = Door::Open,
            MeasureKind::Promoted { name, key } => {
                if let Some(key) = key {
                    self.operators.insert(*key, name.clone());
                }
            }
            MeasureKind::Demoted { key, .. } => {
                if let Some(key) = key {
                    self.operators.remove(key);
                }
            }
            MeasureKind::Removed { .. }
            | MeasureKind::Announced(_)
            | MeasureKind::Erased { .. } => {}
        }
    }

    /// Takes what an event `room` repeats. Its first part stands in the place of all that
    /// was before.
    pub fn take(&mut self, standing: Standing) {
        if standing.part == 0 {
            *self = Self {
                topic: standing.topic,
                slow: standing.slow,
                door: standing.door,
                ..Self::default()
            };
        }
        standing
            .bans
            .into_iter()
            .for_each(|it| self.bans.insert(it));
        standing
            .mutes
            .into_iter()
            .for_each(|it| self.mutes.insert(it));
        let operators = standing.operators.into_iter();
        self.operators
            .extend(operators.map(|OperatorKey { key, name }| (key, name)));
    }

    /// Forgets what has ended at `time`.
    pub fn drop_ended(&mut self, time: Timestamp) {
        self.bans.drop_ended(time);
        self.mutes.drop_ended(time);
    }

    /// All of it, in as few parts as events can hold.
    pub fn parts(&self) -> Vec<Standing> {
        let mut parts = Parts::new(Standing {
            topic: self.topic.clone(),
            slow: self.slow,
            door: self.door,
            ..Standing::default()
        });
        for ban in self.bans.iter() {
            parts
                .make_room(table::bytes_of_ban(ban))
                .bans
                .push(ban.clone());
        }
        for mute in self.mutes.iter() {
            let bytes = table::bytes_of_mute(mute);
            parts.make_room(bytes).mutes.push(mute.clone());
        }
        for (key, name) in &self.operators {
            let operator = OperatorKey {
                key: *key,
                name: name.clone(),
            };
            let bytes = BYTES_OF_KEY + name.as_str().len();
            parts.make_room(bytes).operators.push(operator);
        }
        parts.done
    }

    /// All of it, as it is saved.
    pub(super) fn save(&self) -> Vec<Box<RawValue>> {
        let object = |part: &Standing| {
            let mut object = Vec::new();
            encode_standing(part, &mut object);
            let object = String::from_utf8(object).expect("JSON is text");
            RawValue::from_string(object).expect("it is one object")
        };
        self.parts().iter().map(object).collect()
    }

    pub(super) fn restore(saved: &[Box<RawValue>]) -> Result<Self, NoState> {
        let mut moderation = Self::default();
        for (number, part) in (0..).zip(saved) {
            let part = parse_standing(part.get()).ok();
            let part = part.filter(|part| part.part == number);
            moderation.take(part.ok_or_else(|| NoState::wrong("measures"))?);
        }
        Ok(moderation)
    }

    /// What the room is about.
    pub fn topic(&self) -> Option<&Topic> {
        self.topic.as_ref()
    }

    /// How many seconds each person is to wait between two things that they say.
    pub fn slow(&self) -> u32 {
        self.slow
    }

    /// Whether newcomers come in.
    pub fn door(&self) -> Door {
        self.door
    }

    /// The bans, those that have ended among them.
    pub fn bans(&self) -> &Table<Ban> {
        &self.bans
    }

    /// The mutes, those that have ended among them.
    pub fn mutes(&self) -> &Table<Mute> {
        &self.mutes
    }

    /// Whether the owner of this key was made an operator.
    pub fn is_operator(&self, key: &Fingerprint) -> bool {
        self.operators.contains_key(key)
    }

    /// The key of the operator who was made one under this name.
    pub fn operator_called(&self, name: &Name) -> Option<Fingerprint> {
        let mut operators = self.operators.iter();
        operators.find(|(_, its)| *its == name).map(|(key, _)| *key)
    }
}

/// The parts as they are filled.
struct Parts {
    /// Never empty.
    done: Vec<Standing>,
    /// How much the last one can still hold, in bytes.
    left: usize,
}

impl Parts {
    fn new(first: Standing) -> Self {
        Self {
            done: vec![first],
            left: PART_BYTES,
        }
    }

    /// The part that has room for so much.
    fn make_room(&mut self, bytes: usize) -> &mut Standing {
        if bytes > self.left {
            let part = self.done.len() as u32;
            self.done.push(Standing {
                part,
                ..Standing::default()
            });
            self.left = PART_BYTES;
        }
        self.left -= bytes;
        self.done.last_mut().expect("there is a first one")
    }
}

/// Of the lists in one part. With the rest of the line that is less than
/// [`MAX_LINE`](chat_proto::json_form::MAX_LINE).
const PART_BYTES: usize = 24 * 1024;

/// A key and what stands around it and its name, at most.
const BYTES_OF_KEY: usize = 100;

/// More bans, or mutes, than any operator sets by hand.
pub const MAX_SUBJECTS: usize = 1 << 16;

#[cfg(test)]
mod tests;
