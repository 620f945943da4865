//! Measures as objects.
//!
//! What only operators and the history may know stands in the member `private`, which is the
//! last one of its object: [`private_part`](super::private_part) finds it, so that it can be
//! left out of a line.

use serde::{Deserialize, Serialize};

use super::values::{
    MalformedObject, Str, of_name, of_remark, of_time, optional_name, to_name, to_remark, to_time,
};
use crate::identity::Fingerprint;
use crate::moderation::{Measure, MeasureKind, Subject};
use crate::name::Name;
use crate::text::Text;

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

fn of_subjects<'a>(subjects: &[Subject]) -> Vec<Str<'a>> {
    let subjects = subjects.iter().map(|subject| subject.to_string().into());
    subjects.collect()
}

fn to_text(text: &Option<Str<'_>>) -> Result<Text, MalformedObject> {
    let text = text.as_deref().ok_or(MalformedObject)?;
    Text::clean(text).map_err(|_| MalformedObject)
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
