//! The names that belong to keys, as they are saved.

use std::collections::BTreeMap;

use chat_proto::event::KeyId;
use chat_proto::name::Name;
use serde::{Deserialize, Serialize};

use super::{Holders, Present};
use crate::access::naming::Naming;
use crate::access::people::{Change, People, SavedChange, SavedPeople};
use crate::room::roster;
use crate::saved::{self, NoState, count};

#[derive(Serialize, Deserialize)]
pub(in crate::room) struct SavedHolders<'a> {
    naming: String,
    #[serde(borrow)]
    people: SavedPeople<'a>,
    /// The name, the key, and the day on which the use of the name was noted last.
    here: Vec<(&'a str, &'a str, i64)>,
    pending: Vec<SavedChange<'a>>,
    taken: u64,
}

impl Holders {
    pub(in crate::room) fn save(&self) -> SavedHolders<'_> {
        let here = self.here.iter();
        let here = here.map(|(name, Present { key, noted })| (name.as_str(), key.as_str(), *noted));
        SavedHolders {
            naming: self.naming.word(),
            people: self.people.save(),
            here: here.collect(),
            pending: self.pending.iter().map(Change::save).collect(),
            taken: self.taken,
        }
    }

    /// The holders where these people are here.
    pub(in crate::room) fn restore(
        saved: &SavedHolders<'_>,
        people: &roster::People,
    ) -> Result<Self, NoState> {
        let wrong = || NoState::wrong("names of keys");
        let here = saved.here.iter().map(|(name, key, noted)| {
            let key = KeyId::parse(key).ok_or_else(wrong)?;
            let noted = *noted;
            Ok((saved::name(name)?, Present { key, noted }))
        });
        let here: BTreeMap<Name, Present> = here.collect::<Result<_, NoState>>()?;
        let are_here = here.keys().all(|name| people.contains(name));
        NoState::unless(are_here && here.len() == saved.here.len(), "names of keys")?;
        let pending = saved.pending.iter().map(Change::restore);
        Ok(Self {
            naming: Naming::of_word(&saved.naming).ok_or_else(wrong)?,
            people: People::restore(&saved.people)?,
            here,
            pending: pending.collect::<Result<_, _>>()?,
            taken: count(saved.taken, "names of keys")?,
        })
    }
}
