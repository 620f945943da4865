//! The file of people and its changes, as they are saved with the room. A file that is read
//! again can mean something else: a line that could not be used, since another one looked like
//! it, could be if that one has been removed. So each line is saved with what it means.

use chat_proto::event::Fingerprint;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::day::Day;
use super::line::{Claim, Entry, Rights};
use super::{Line, People};
use crate::access::keys::PersonKey;
use crate::saved::{NoState, name};

/// The lines by their places.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedPeople<'a>(#[serde(borrow)] Vec<(u64, String, Option<SavedEntry<'a>>)>);

/// The name, the key, whether it is an operator's, and the days of a claim.
#[derive(Serialize, Deserialize)]
struct SavedEntry<'a>(&'a str, String, bool, Option<[String; 2]>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SavedChange<'a> {
    Claim {
        name: &'a str,
        key: String,
        day: String,
    },
    Use {
        name: &'a str,
        key: String,
        day: String,
    },
    Forget {
        name: &'a str,
    },
}

impl People {
    pub(crate) fn save(&self) -> SavedPeople<'_> {
        let lines = self.lines.iter().map(|(place, line)| {
            // Each byte as one character: it need not be UTF-8.
            let text = line.text.iter().copied().map(char::from).collect();
            let entry = line.entry.as_ref().and_then(SavedEntry::of);
            (*place as u64, text, entry)
        });
        SavedPeople(lines.collect())
    }

    pub(crate) fn restore(SavedPeople(saved): &SavedPeople<'_>) -> Result<Self, NoState> {
        let wrong = || NoState::wrong("file of people");
        let mut people = Self::default();
        let in_order = saved.is_sorted_by(|one, next| one.0 < next.0);
        NoState::unless(in_order, "file of people")?;
        for (place, text, entry) in saved {
            let place = usize::try_from(*place).ok();
            let place = place.filter(|place| *place <= usize::MAX / 4);
            let place = place.ok_or_else(wrong)?;
            let text: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
            let text = text.map_err(|_| wrong())?;
            people.lines.insert(place, Line::of_text(&text));
            // In the order of their lines, as they were added.
            if let Some(entry) = entry {
                people.add(place, entry.entry()?).map_err(|_| wrong())?;
            }
        }
        Ok(people)
    }
}

impl<'a> SavedEntry<'a> {
    fn of(entry: &'a Entry) -> Option<Self> {
        let Entry {
            name,
            key,
            rights,
            claim,
        } = entry;
        let claim = claim.map(|Claim { made, used }| [made, used].map(|day| day.to_string()));
        Some(Self(name.as_str(), print(key)?, rights.op, claim))
    }

    fn entry(&self) -> Result<Entry, NoState> {
        let Self(text, key, op, claim) = self;
        let claim = claim.as_ref().map(|[made, used]| {
            let [made, used] = [day(made)?, day(used)?];
            Ok::<_, NoState>(Claim { made, used })
        });
        Ok(Entry {
            name: name(text)?,
            key: key_of(key)?,
            rights: Rights { op: *op },
            claim: claim.transpose()?,
        })
    }
}

impl Change {
    pub(crate) fn save(&self) -> SavedChange<'_> {
        match self {
            Self::Claim { name, key, day } => SavedChange::Claim {
                name: name.as_str(),
                key: key.save(),
                day: day.to_string(),
            },
            Self::Use { name, key, day } => SavedChange::Use {
                name: name.as_str(),
                key: print(key).unwrap_or_default(),
                day: day.to_string(),
            },
            Self::Forget(name) => SavedChange::Forget {
                name: name.as_str(),
            },
        }
    }

    pub(crate) fn restore(saved: &SavedChange<'_>) -> Result<Self, NoState> {
        Ok(match saved {
            SavedChange::Claim {
                name: of,
                key,
                day: on,
            } => Self::Claim {
                name: name(of)?,
                key: PersonKey::restore(key)?,
                day: day(on)?,
            },
            SavedChange::Use {
                name: of,
                key,
                day: on,
            } => Self::Use {
                name: name(of)?,
                key: key_of(key)?,
                day: day(on)?,
            },
            SavedChange::Forget { name: of } => Self::Forget(name(of)?),
        })
    }
}

/// A fingerprint as text. Each one here is of SHA-256.
fn print(key: &ssh_key::Fingerprint) -> Option<String> {
    Some(Fingerprint::of_digest(key.sha256()?).to_string())
}

fn key_of(text: &str) -> Result<ssh_key::Fingerprint, NoState> {
    let key = Fingerprint::parse(text).ok_or_else(|| NoState::wrong("key"))?;
    Ok(ssh_key::Fingerprint::Sha256(key.digest()))
}

fn day(text: &str) -> Result<Day, NoState> {
    Day::parse(text).ok_or_else(|| NoState::wrong("day"))
}
