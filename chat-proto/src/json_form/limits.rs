//! The member `limits` of a welcome.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::Limits;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct LimitsObject {
    text: usize,
    line: usize,
    name: usize,
    #[serde(default)]
    rate: u32,
    #[serde(default)]
    clients: usize,
    #[serde(default)]
    per_address: usize,
    #[serde(default)]
    new_per_address: u32,
    #[serde(default)]
    unjoined: usize,
    #[serde(default)]
    unjoined_per_address: usize,
    #[serde(default)]
    idle_join_ms: u64,
    #[serde(default)]
    stall_ms: u64,
}

impl LimitsObject {
    pub(super) fn of(limits: Limits) -> Self {
        Self {
            text: limits.text,
            line: limits.line,
            name: limits.name,
            rate: limits.rate,
            clients: limits.clients,
            per_address: limits.per_address,
            new_per_address: limits.new_per_address,
            unjoined: limits.unjoined,
            unjoined_per_address: limits.unjoined_per_address,
            idle_join_ms: milliseconds(limits.idle_join),
            stall_ms: milliseconds(limits.stall),
        }
    }

    pub(super) fn to_limits(self) -> Limits {
        Limits {
            text: self.text,
            line: self.line,
            name: self.name,
            rate: self.rate,
            clients: self.clients,
            per_address: self.per_address,
            new_per_address: self.new_per_address,
            unjoined: self.unjoined,
            unjoined_per_address: self.unjoined_per_address,
            idle_join: Duration::from_millis(self.idle_join_ms),
            stall: Duration::from_millis(self.stall_ms),
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
