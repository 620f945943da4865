//! What people and connections are recognized by, as it is saved.

use std::net::IpAddr;

use chat_proto::event::{Fingerprint, Tag};
use serde::{Deserialize, Serialize};

use super::table::Traces;
use crate::saved::NoState;

/// Traces as they are saved: the address, the key, whether a name belongs to that, and the
/// program.
#[derive(Serialize, Deserialize)]
pub(in crate::room) struct SavedTraces(Option<IpAddr>, Option<String>, bool, Option<u64>);

impl Traces {
    pub(in crate::room) fn save(&self) -> SavedTraces {
        let key = self.key.map(|key| key.to_string());
        SavedTraces(
            self.address,
            key,
            self.holds_name,
            self.program.map(Tag::bits),
        )
    }

    pub(in crate::room) fn restore(saved: &SavedTraces) -> Result<Self, NoState> {
        let SavedTraces(address, key, holds_name, program) = saved;
        let key = key.as_deref().map(|key| {
            let key = Fingerprint::parse(key);
            key.ok_or_else(|| NoState::wrong("key"))
        });
        Ok(Self {
            address: *address,
            key: key.transpose()?,
            holds_name: *holds_name,
            program: program.map(Tag::new),
        })
    }
}
