//! What members do with names that belong to keys: they claim them by what they say, and
//! free them.

use chat_proto::name::Name;

use super::apply::Room;
use super::holders::Forgotten;
use super::members::Keyed;
use super::origin::{Authority, Origin};
use crate::access::naming::Naming;
use crate::access::people::People;
use crate::clock::Now;

impl Room {
    /// What keys mean for names, and whose they are, is told anew.
    pub(super) fn set_people(&mut self, naming: Naming, people: People, taken: u64) {
        self.holders.replace(naming, people, taken);
        for (name, key) in self.members.keyed() {
            self.holders.enter(name, Some(key));
        }
    }

    /// A member with a key says something. The name, if it belongs to the key from now on.
    pub(super) fn speak_with_key(
        &mut self,
        origin: Origin,
        name: &Name,
        keyed: &Keyed,
        now: Now,
    ) -> Option<Name> {
        if self.holders.key_of(name).is_some() {
            self.holders.note_use(name, &keyed.key, now.time);
            return None;
        }
        if !keyed.may_claim {
            return None;
        }
        self.members.settle_claim(origin);
        let has_claimed = self.holders.claim(name, &keyed.key, now.time);
        has_claimed.then(|| name.clone())
    }

    /// A member asks to free a name.
    pub(super) fn forget(
        &mut self,
        origin: Origin,
        name: &Name,
        authority: Authority,
    ) -> Forgotten {
        let keyed = self.members.get(origin).and_then(|member| member.keyed);
        let key = keyed.map(|keyed| keyed.key);
        let forgotten = self.holders.forget(name, key.as_ref(), authority);
        if let Forgotten::Freed(freed) = &forgotten {
            self.members.settle_claims_of(freed);
        }
        forgotten
    }
}
