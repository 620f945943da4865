//! What people may know of a person.

use chat_proto::event::{Person, Profile, Rank};

use super::apply::Room;
use super::members::Member;
use super::origin::Origin;
use super::verdict::Silence;
use crate::clock::Now;

impl Room {
    /// What a peer of this rank may know of a member.
    pub(super) fn profile(
        &self,
        origin: Origin,
        member: &Member,
        asker: Rank,
        now: Now,
    ) -> Profile {
        let muted = match self.mute_of(member, now) {
            Some(Silence::Muted(left)) => Some(now.time.after(left)),
            _ => None,
        };
        let key = member.keyed.as_ref().map(|keyed| keyed.key.print());
        let is_private = asker < Rank::Operator;
        Profile {
            person: Person {
                held: self.holders.key_of(&member.name),
                name: member.name.clone(),
            },
            since: member.visit.came(),
            idle: member.visit.idle(now.time),
            program: self.members.program(&member.visit).cloned(),
            rank: self.standing_of(origin, member),
            muted,
            address: member.visit.address.filter(|_| !is_private),
            key: key.filter(|_| !is_private),
        }
    }
}
