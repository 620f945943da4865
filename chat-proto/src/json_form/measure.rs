//! Measures, and the state of the room that they make, as objects.
//!
//! What only operators and the history may know stands in the member `private`, which is the
//! last one of its object. [`public_part`] leaves it out of a line.

use std::ops::Range;

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::values::{MalformedObject, Str, to_name};
use crate::event::{CountedBan, Timestamp};
use crate::identity::Fingerprint;
use crate::moderation::{
    Ban, Door, Measure, MeasureKind, Mute, OperatorKey, Remark, Standing, Subject, Topic,
};
use crate::name::Name;
use crate::text::Text;

/// Where the private member is in the line of an event, with the comma before it, if the
/// line has one. Without these bytes the line is what every reader may see.
pub fn private_part(line: &[u8]) -> Option<Range<usize>> {
    // Within a string the quotes would be escaped, and no other member is called so.
    let start = memmem::find(line, PRIVATE)?;
    let end = line.strip_suffix(b"}\n").map(<[u8]>::len)?;
    (start < end).then_some(start..end)
}

const PRIVATE: &[u8] = b",\"private\":{";

/// The members of a measure besides those that each event has.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct MeasureObject<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    by: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    name: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    names: Option<Vec<Str<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    text: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    until: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    private: Option<PrivateMeasure<'a>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct PrivateMeasure<'a> {
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    subjects: Vec<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    key: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    of: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Str<'a>>,
}

/// Whether this `type` is one of a measure.
pub(super) fn is_type(kind: &str) -> bool {
    TYPES.contains(&kind)
}

const TYPES: [&str; 13] = [
    "topic",
    "removed",
    "banned",
    "unbanned",
    "muted",
    "unmuted",
    "slow",
    "locked",
    "unlocked",
    "op",
    "deop",
    "announced",
    "erased",
];

/// The `type` of a measure.
pub(super) fn type_of(kind: &MeasureKind) -> &'static str {
    match kind {
        MeasureKind::Topic(_) => "topic",
        MeasureKind::Removed { .. } => "removed",
        MeasureKind::Banned { .. } => "banned",
        MeasureKind::Unbanned { .. } => "unbanned",
        MeasureKind::Muted { .. } => "muted",
        MeasureKind::Unmuted { .. } => "unmuted",
        MeasureKind::Slow(_) => "slow",
        MeasureKind::Locked => "locked",
        MeasureKind::Unlocked => "unlocked",
        MeasureKind::Promoted { .. } => "op",
        MeasureKind::Demoted { .. } => "deop",
        MeasureKind::Announced(_) => "announced",
        MeasureKind::Erased { .. } => "erased",
    }
}

impl<'a> MeasureObject<'a> {
    pub(super) fn of(measure: &'a Measure) -> Self {
        let mut object = Self {
            by: measure.by.as_ref().map(of_name),
            ..Self::default()
        };
        match &measure.kind {
            MeasureKind::Topic(text) => object.text = text.as_ref().map(of_remark),
            MeasureKind::Removed { name, reason } => {
                object.name = Some(of_name(name));
                object.reason = reason.as_ref().map(of_remark);
            }
            MeasureKind::Banned {
                names,
                until,
                subjects,
                of,
                reason,
            } => {
                object.names = Some(names.iter().map(of_name).collect());
                object.until = until.map(of_time);
                let private = PrivateMeasure {
                    subjects: of_subjects(subjects),
                    of: of.as_ref().map(of_name),
                    reason: reason.as_ref().map(of_remark),
                    ..PrivateMeasure::default()
                };
                let is_known = !subjects.is_empty() || of.is_some() || reason.is_some();
                object.private = is_known.then_some(private);
            }
            MeasureKind::Unbanned { subjects } => object.private = private(subjects),
            MeasureKind::Muted {
                name,
                until,
                subjects,
            } => {
                object.name = Some(of_name(name));
                object.until = Some(of_time(*until));
                object.private = private(subjects);
            }
            MeasureKind::Unmuted { name, subjects } => {
                object.name = Some(of_name(name));
                object.private = private(subjects);
            }
            MeasureKind::Slow(seconds) => object.seconds = Some(*seconds),
            MeasureKind::Locked | MeasureKind::Unlocked => {}
            MeasureKind::Promoted { name, key } | MeasureKind::Demoted { name, key } => {
                object.name = Some(of_name(name));
                object.private = key.map(|key| PrivateMeasure {
                    key: Some(key.to_string().into()),
                    ..PrivateMeasure::default()
                });
            }
            MeasureKind::Announced(text) => object.text = Some(text.as_str().into()),
            MeasureKind::Erased { target, reason } => {
                object.target = Some(*target);
                object.reason = reason.as_ref().map(of_remark);
            }
        }
        object
    }

    /// The measure of this `type`.
    pub(super) fn to_measure(&self, kind: &str) -> Result<Measure, MalformedObject> {
        let private = self.private.as_ref();
        let subjects = || to_subjects(private.map_or(&[][..], |it| &it.subjects));
        let name = || to_name(&self.name);
        let key = || to_key(private.and_then(|it| it.key.as_deref()));
        let kind = match kind {
            "topic" => MeasureKind::Topic(to_remark(&self.text)?),
            "removed" => MeasureKind::Removed {
                name: name()?,
                reason: to_remark(&self.reason)?,
            },
            "banned" => MeasureKind::Banned {
                names: self.to_names()?,
                until: to_time(&self.until)?,
                subjects: subjects()?,
                of: match private.and_then(|it| it.of.as_deref()) {
                    Some(name) => Some(Name::parse(name).map_err(|_| MalformedObject)?),
                    None => None,
                },
                reason: match private {
                    Some(private) => to_remark(&private.reason)?,
                    None => None,
                },
            },
            "unbanned" => MeasureKind::Unbanned {
                subjects: subjects()?,
            },
            "muted" => MeasureKind::Muted {
                name: name()?,
                until: to_time(&self.until)?.ok_or(MalformedObject)?,
                subjects: subjects()?,
            },
            "unmuted" => MeasureKind::Unmuted {
                name: name()?,
                subjects: subjects()?,
            },
            "slow" => MeasureKind::Slow(self.seconds.ok_or(MalformedObject)?),
            "locked" => MeasureKind::Locked,
            "unlocked" => MeasureKind::Unlocked,
            "op" => MeasureKind::Promoted {
                name: name()?,
                key: key()?,
            },
            "deop" => MeasureKind::Demoted {
                name: name()?,
                key: key()?,
            },
            "announced" => MeasureKind::Announced(to_text(&self.text)?),
            "erased" => MeasureKind::Erased {
                target: self.target.ok_or(MalformedObject)?,
                reason: to_remark(&self.reason)?,
            },
            _ => return Err(MalformedObject),
        };
        let by = optional_name(&self.by)?;
        Ok(Measure { by, kind })
    }

    fn to_names(&self) -> Result<Vec<Name>, MalformedObject> {
        let names = self.names.iter().flatten();
        names
            .map(|name| Name::parse(name).map_err(|_| MalformedObject))
            .collect()
    }
}

fn private<'a>(subjects: &[Subject]) -> Option<PrivateMeasure<'a>> {
    let subjects = of_subjects(subjects);
    let is_known = !subjects.is_empty();
    is_known.then(|| PrivateMeasure {
        subjects,
        ..PrivateMeasure::default()
    })
}

/// The members of an event `room` that say which measures stand.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StandingObject<'a> {
    #[serde(default, skip_serializing_if = "is_zero")]
    part: u32,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    topic: Option<TopicObject<'a>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    slow: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    locked: bool,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    private: Option<PrivateStanding<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TopicObject<'a> {
    #[serde(borrow)]
    text: Str<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    by: Option<Str<'a>>,
    #[serde(borrow)]
    time: Str<'a>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct PrivateStanding<'a> {
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    bans: Vec<BanObject<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    mutes: Vec<BanObject<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    operators: Vec<OperatorObject<'a>>,
}

/// A ban or a mute.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BanObject<'a> {
    #[serde(borrow)]
    what: Str<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    of: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    by: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    time: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    until: Option<Str<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Str<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hits: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OperatorObject<'a> {
    #[serde(borrow)]
    key: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
}

impl<'a> StandingObject<'a> {
    pub(super) fn of(standing: &'a Standing) -> Self {
        let private = PrivateStanding {
            bans: standing.bans.iter().map(BanObject::of).collect(),
            mutes: standing.mutes.iter().map(BanObject::of_mute).collect(),
            operators: standing.operators.iter().map(OperatorObject::of).collect(),
        };
        let is_known =
            !private.bans.is_empty() || !private.mutes.is_empty() || !private.operators.is_empty();
        Self {
            part: standing.part,
            topic: standing.topic.as_ref().map(TopicObject::of),
            slow: standing.slow,
            locked: standing.door == Door::Locked,
            private: is_known.then_some(private),
        }
    }

    pub(super) fn to_standing(&self) -> Result<Standing, MalformedObject> {
        let (bans, mutes, operators) = match &self.private {
            Some(it) => (&it.bans[..], &it.mutes[..], &it.operators[..]),
            None => (&[][..], &[][..], &[][..]),
        };
        Ok(Standing {
            part: self.part,
            topic: self.topic.as_ref().map(TopicObject::to_topic).transpose()?,
            slow: self.slow,
            door: if self.locked {
                Door::Locked
            } else {
                Door::Open
            },
            bans: bans
                .iter()
                .map(BanObject::to_ban)
                .collect::<Result<_, _>>()?,
            mutes: mutes
                .iter()
                .map(BanObject::to_mute)
                .collect::<Result<_, _>>()?,
            operators: operators
                .iter()
                .map(OperatorObject::to_key)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl<'a> TopicObject<'a> {
    pub(super) fn of(topic: &'a Topic) -> Self {
        Self {
            text: of_remark(&topic.text),
            by: topic.by.as_ref().map(of_name),
            time: of_time(topic.time),
        }
    }

    pub(super) fn to_topic(&self) -> Result<Topic, MalformedObject> {
        Ok(Topic {
            text: Remark::new(&self.text).map_err(|_| MalformedObject)?,
            by: optional_name(&self.by)?,
            time: self.time.parse().map_err(|_| MalformedObject)?,
        })
    }
}

impl<'a> BanObject<'a> {
    pub(super) fn of(ban: &'a Ban) -> Self {
        Self {
            what: ban.subject.to_string().into(),
            of: ban.of.as_ref().map(of_name),
            by: ban.by.as_ref().map(of_name),
            time: Some(of_time(ban.time)),
            until: ban.until.map(of_time),
            reason: ban.reason.as_ref().map(of_remark),
            hits: None,
        }
    }

    pub(super) fn to_ban(&self) -> Result<Ban, MalformedObject> {
        Ok(Ban {
            subject: self.what.parse().map_err(|()| MalformedObject)?,
            of: optional_name(&self.of)?,
            by: optional_name(&self.by)?,
            time: to_time(&self.time)?.ok_or(MalformedObject)?,
            until: to_time(&self.until)?,
            reason: to_remark(&self.reason)?,
        })
    }

    pub(super) fn of_counted(CountedBan { ban, hits }: &'a CountedBan) -> Self {
        Self {
            hits: Some(*hits),
            ..Self::of(ban)
        }
    }

    pub(super) fn to_counted(&self) -> Result<CountedBan, MalformedObject> {
        Ok(CountedBan {
            ban: self.to_ban()?,
            hits: self.hits.unwrap_or(0),
        })
    }

    fn of_mute(mute: &'a Mute) -> Self {
        Self {
            what: mute.subject.to_string().into(),
            of: Some(of_name(&mute.of)),
            by: mute.by.as_ref().map(of_name),
            time: None,
            until: Some(of_time(mute.until)),
            reason: None,
            hits: None,
        }
    }

    fn to_mute(&self) -> Result<Mute, MalformedObject> {
        Ok(Mute {
            subject: self.what.parse().map_err(|()| MalformedObject)?,
            of: to_name(&self.of)?,
            by: optional_name(&self.by)?,
            until: to_time(&self.until)?.ok_or(MalformedObject)?,
        })
    }
}

impl<'a> OperatorObject<'a> {
    fn of(operator: &'a OperatorKey) -> Self {
        Self {
            key: operator.key.to_string().into(),
            name: of_name(&operator.name),
        }
    }

    fn to_key(&self) -> Result<OperatorKey, MalformedObject> {
        Ok(OperatorKey {
            key: Fingerprint::parse(&self.key).ok_or(MalformedObject)?,
            name: Name::parse(&self.name).map_err(|_| MalformedObject)?,
        })
    }
}

fn of_name(name: &Name) -> Str<'_> {
    name.as_str().into()
}

fn of_remark(remark: &Remark) -> Str<'_> {
    remark.as_str().into()
}

fn of_time<'a>(time: Timestamp) -> Str<'a> {
    time.to_string().into()
}

fn of_subjects<'a>(subjects: &[Subject]) -> Vec<Str<'a>> {
    let subjects = subjects.iter().map(|subject| subject.to_string().into());
    subjects.collect()
}

fn optional_name(name: &Option<Str<'_>>) -> Result<Option<Name>, MalformedObject> {
    name.as_ref().map(|_| to_name(name)).transpose()
}

fn to_remark(text: &Option<Str<'_>>) -> Result<Option<Remark>, MalformedObject> {
    let remark = |text: &Str<'_>| Remark::new(text).map_err(|_| MalformedObject);
    text.as_ref().map(remark).transpose()
}

fn to_text(text: &Option<Str<'_>>) -> Result<Text, MalformedObject> {
    let text = text.as_deref().ok_or(MalformedObject)?;
    Text::clean(text).map_err(|_| MalformedObject)
}

fn to_time(time: &Option<Str<'_>>) -> Result<Option<Timestamp>, MalformedObject> {
    let time = time.as_deref().map(str::parse).transpose();
    time.map_err(|_| MalformedObject)
}

fn to_key(key: Option<&str>) -> Result<Option<Fingerprint>, MalformedObject> {
    let key = key.map(|key| Fingerprint::parse(key).ok_or(MalformedObject));
    key.transpose()
}

fn to_subjects(subjects: &[Str<'_>]) -> Result<Vec<Subject>, MalformedObject> {
    let subjects = subjects.iter().map(|it| it.parse());
    subjects
        .collect::<Result<_, ()>>()
        .map_err(|()| MalformedObject)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
