//! What the measures that stand mean for a person: whether they come in, and whether they
//! may speak.

use std::net::IpAddr;
use std::time::Duration;

use chat_proto::event::{Rank, Timestamp};
use chat_proto::moderation::Door;

use super::apply::Room;
use super::identity::Owner;
use super::members::Member;
use super::moderation::Traces;
use super::origin::Origin;
use super::verdict::{Bar, Silence};
use crate::access::keys::PersonKey;
use crate::clock::Now;

impl Room {
    /// By what a peer is recognized that comes from there with this key, and has proved to
    /// be this program.
    pub fn traces(
        &self,
        address: Option<IpAddr>,
        key: Option<&PersonKey>,
        program: Option<Owner>,
    ) -> Traces {
        Traces {
            address,
            key: key.map(PersonKey::print),
            holds_name: key.is_some_and(|key| self.holders.name_of(key).is_some()),
            program: program.map(|owner| self.key.tag_of_program(owner)),
        }
    }

    /// The same of a member.
    pub(super) fn traces_of(&self, member: &Member) -> Traces {
        let key = member.keyed.as_ref().map(|keyed| &keyed.key);
        self.traces(member.visit.address, key, member.owner)
    }

    /// Why a peer does not come in. Operators are hit by no ban of an address.
    pub fn bar(&self, traces: &Traces, key: Option<&PersonKey>, time: Timestamp) -> Option<Bar> {
        // Over the control socket.
        traces.address?;
        let is_operator = key.is_some_and(|key| self.is_operator_key(key));
        let traces_of_key = Traces {
            address: None,
            ..*traces
        };
        let hit_by = match is_operator {
            true => &traces_of_key,
            false => traces,
        };
        if let Some(ban) = self.moderation.bans().find(hit_by, time) {
            return Some(Bar::Banned(Box::new(ban.clone())));
        }
        // A program proves with its secret that it was here before.
        let is_known = traces.holds_name || is_operator || traces.program.is_some();
        (self.moderation.door() == Door::Locked && !is_known).then_some(Bar::Locked)
    }

    /// Whether the owner of a key is an operator.
    pub fn is_operator_key(&self, key: &PersonKey) -> bool {
        self.holders.is_operator(key) || self.moderation.is_operator(&key.print())
    }

    /// What a member may do.
    pub fn rank_of(&self, origin: Origin) -> Rank {
        let key = self.members.key_of(origin);
        match key.is_some_and(|key| self.is_operator_key(key)) {
            true => Rank::Operator,
            false => Rank::Ordinary,
        }
    }

    /// The same of a member, who is an operator also at the control socket.
    pub(super) fn standing_of(&self, origin: Origin, member: &Member) -> Rank {
        match member.visit.address {
            Some(_) => self.rank_of(origin),
            None => Rank::Operator,
        }
    }

    /// Why a member is muted.
    pub(super) fn mute_of(&self, member: &Member, now: Now) -> Option<Silence> {
        if self.moderation.mutes().is_empty() {
            return None;
        }
        let mute = self
            .moderation
            .mutes()
            .find(&self.traces_of(member), now.time)?;
        Some(Silence::Muted(mute.until.since(now.time)))
    }

    /// Why a member may not speak now. A member who may has spoken.
    pub(super) fn silence(&mut self, origin: Origin, member: &Member, now: Now) -> Option<Silence> {
        let muted = self.mute_of(member, now);
        let slow = self.moderation.slow();
        if muted.is_some() || slow == 0 || self.rank_of(origin) == Rank::Operator {
            return muted;
        }
        // The control socket is the operator's.
        member.visit.address?;
        let traces = self.traces_of(member);
        let wait = self.pace.wait(origin, &traces, slow, now.instant);
        if wait > Duration::ZERO {
            return Some(Silence::Slow(wait));
        }
        self.pace.speak(origin, now.instant);
        None
    }
}
