//! The measures that stand, as the event `room` repeats them, and bans as an answer lists
//! them.

use serde::{Deserialize, Serialize};

use super::values::{
    MalformedObject, Str, of_name, of_remark, of_time, optional_name, to_name, to_remark, to_time,
};
use crate::event::CountedBan;
use crate::identity::Fingerprint;
use crate::moderation::{Ban, Door, Mute, OperatorKey, Remark, Standing, Topic};
use crate::name::Name;

/// Appends measures that stand as an object of their own.
pub fn encode_standing(standing: &Standing, out: &mut Vec<u8>) {
    let object = StandingObject::of(standing);
    serde_json::to_writer(out, &object).expect("it has no keys but strings");
}

/// Reads what [`encode_standing`] has written.
///
/// # Errors
///
/// When it is no such object.
pub fn parse_standing(object: &str) -> Result<Standing, MalformedObject> {
    let object: StandingObject<'_> = serde_json::from_str(object).map_err(|_| MalformedObject)?;
    object.to_standing()
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
