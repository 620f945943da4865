//! Who may come in: how many connections there are in all and from one address,
//! and how many of them have not said anything yet.
//!
//! An address is one of IPv4, or what one subscriber of IPv6 usually has, 64
//! bits of it. Addresses of this machine count in all only, unless it is said
//! that they count like the others. It is all a matter of numbers: sockets and
//! clocks are elsewhere.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_proto::event::Limits;
use chat_proto::text_form::GREETING;

use crate::config::Config;

/// Everybody who has come in and not gone.
#[derive(Debug)]
pub(crate) struct Admission {
    config: Arc<Config>,
    /// How many there are.
    connections: usize,
    from: HashMap<Source, Count>,
    /// Those who are in the room and have said nothing, and where they are from; who
    /// has been so for longest is the first.
    silent: BTreeMap<Silent, IpAddr>,
    /// What is left of the turns of each address.
    turns: HashMap<Source, Turns>,
    /// When those of them that mean nothing any more were last dropped.
    swept: Option<Instant>,
}

/// When an address can again send as many connections as after ten quiet minutes:
/// of those that come into the room, and of those that do not.
#[derive(Debug)]
struct Turns {
    inside: Instant,
    outside: Instant,
}

/// How far a connection that has ended had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// It was in the room: it had said something, or stayed.
    Inside,
    /// It did not come into the room, such as a probe of the port.
    Outside,
}

#[derive(Debug, Default)]
struct Count {
    connections: usize,
    /// Of those, the silent ones.
    silent: usize,
}

/// A connection that is in the room and has said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silent {
    /// For how long.
    pub(crate) since: Instant,
    /// Whose connection it is.
    pub(crate) worker: usize,
    /// Which one of those.
    pub(crate) key: usize,
}

/// Where somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4([u8; 4]),
    /// The first half of an address.
    V6([u8; 8]),
}

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There are as many as there can be.
    Full,
    /// There are as many from this address as there can be.
    AddressFull,
    /// As many have come from this address of late as may.
    AddressBusy,
    /// As many have come from this address of late without coming into the room as may.
    AddressProbing,
    /// As many of this address as may have said nothing yet.
    AddressSilent,
    /// It does not come through the proxy.
    NoHeader,
}

impl Refusal {
    /// All that there are.
    pub const ALL: [Self; 6] = [
        Self::Full,
        Self::AddressFull,
        Self::AddressBusy,
        Self::AddressProbing,
        Self::AddressSilent,
        Self::NoHeader,
    ];

    /// What whoever is refused sees first. A program takes it for the greeting,
    /// and asks.
    pub(crate) fn greeting(self, limits: &Limits) -> String {
        // The words that a program looks for, without the `-- ` of a notice.
        let version = &GREETING["-- ".len()..];
        format!("{version} {}", self.advice(limits))
    }

    /// What a person can make of it.
    pub(crate) fn advice(self, limits: &Limits) -> String {
        let reason = self.reason(limits);
        match self {
            Self::NoHeader => format!("{reason}: connect through the proxy"),
            _ => format!("{reason}: try again later"),
        }
    }

    /// The limit, and the option that it is set with.
    pub(crate) fn reason(self, limits: &Limits) -> String {
        let limit = match self {
            Self::Full => format!("at most {}, --max-clients", limits.clients),
            Self::AddressFull => format!("at most {}, --max-per-address", limits.per_address),
            Self::AddressBusy => format!(
                "at most {} in ten minutes, --max-new-per-address",
                limits.new_per_address
            ),
            Self::AddressProbing => format!(
                "at most {} in ten minutes, {PROBES} times --max-new-per-address",
                limits.new_per_address.saturating_mul(PROBES)
            ),
            Self::AddressSilent => format!(
                "at most {}, --max-unjoined-per-address",
                limits.unjoined_per_address
            ),
            Self::NoHeader => "--proxy-protocol".to_owned(),
        };
        format!("{self} ({limit})")
    }
}

/// In short, for the counters.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the room is full",
            Self::AddressFull => "too many connections from one address",
            Self::AddressBusy => "too many new connections from one address",
            Self::AddressProbing => "too many from one address that come and go without a word",
            Self::AddressSilent => "too many from one address that have not said anything",
            Self::NoHeader => "no PROXY header came first",
        })
    }
}

impl Admission {
    /// No connections yet.
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            connections: 0,
            from: HashMap::new(),
            silent: BTreeMap::new(),
            turns: HashMap::new(),
            swept: None,
        }
    }

    /// Goes by another configuration. Connections that are here stay.
    pub(crate) fn set_config(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    /// A connection comes. If it is not refused it counts, and takes one of the turns
    /// of its address; see [`Admission::leave`].
    pub(crate) fn arrive(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        let limits = &self.config.limits;
        if is_reached(self.connections, limits.clients) {
            return Err(Refusal::Full);
        }
        let source = source_of(address);
        if self.is_limited(address) {
            let from = self.from.get(&source).map_or(0, |from| from.connections);
            if is_reached(from, limits.per_address) {
                return Err(Refusal::AddressFull);
            }
            let [inside, outside] = self.intervals();
            if let Some(turns) = self.turns(source, now) {
                if next(turns.outside, outside, now).is_none() {
                    return Err(Refusal::AddressProbing);
                }
                turns.inside = next(turns.inside, inside, now).ok_or(Refusal::AddressBusy)?;
            }
        }
        self.count(address);
        Ok(())
    }

    /// Whether a connection that is refused may come in if it proves that it has a
    /// place here. The connection whose place it takes counts until that is closed,
    /// so there may be some more than the limits say.
    pub(crate) fn may_return(&self, address: IpAddr) -> bool {
        let from = self.from.get(&source_of(address));
        let from = from.map_or(0, |from| from.connections);
        let Config {
            limits, returning, ..
        } = &*self.config;
        let is_reached = |count: usize, most| is_reached(count.saturating_sub(*returning), most);
        let is_full = self.is_limited(address) && is_reached(from, limits.per_address);
        !is_full && !is_reached(self.connections, limits.clients)
    }

    /// It has proved that, and comes in.
    pub(crate) fn let_back(&mut self, address: IpAddr) {
        self.count(address);
    }

    fn count(&mut self, address: IpAddr) {
        let from = self.from.entry(source_of(address)).or_default();
        from.connections += 1;
        self.connections += 1;
    }

    /// A connection has ended. A probe of the port costs no person a place: it gives
    /// its turn back, and takes one of those that are for probes.
    pub(crate) fn leave(&mut self, address: IpAddr, visit: Visit, now: Instant) {
        self.connections -= 1;
        let source = source_of(address);
        if let Entry::Occupied(mut from) = self.from.entry(source) {
            from.get_mut().connections -= 1;
            if from.get().connections == 0 {
                from.remove();
            }
        }
        let [inside, outside] = self.intervals();
        if visit == Visit::Outside
            && self.is_limited(address)
            && let Some(turns) = self.turns(source, now)
        {
            turns.inside = turns.inside.checked_sub(inside).unwrap_or(now);
            turns.outside = turns.outside.max(now) + outside;
        }
    }

    /// Somebody says nothing for a while after coming in. If those are too many
    /// now, whoever has been silent for longest is one of them no more, and is to go.
    pub(crate) fn wait(
        &mut self,
        silent: Silent,
        address: IpAddr,
    ) -> Result<Option<Silent>, Refusal> {
        let limits = &self.config.limits;
        let is_limited = self.is_limited(address);
        let from = self.from.entry(source_of(address)).or_default();
        if is_limited && is_reached(from.silent, limits.unjoined_per_address) {
            return Err(Refusal::AddressSilent);
        }
        from.silent += 1;
        let is_crowded = is_reached(self.silent.len(), limits.unjoined);
        let first = self.silent.first_key_value().map(|(first, _)| *first);
        self.silent.insert(silent, address);
        let first = first.filter(|_| is_crowded);
        if let Some(first) = &first {
            self.join(first);
        }
        Ok(first)
    }

    /// Somebody who has waited says something, or goes.
    pub(crate) fn join(&mut self, silent: &Silent) {
        if let Some(address) = self.silent.remove(silent)
            && let Some(from) = self.from.get_mut(&source_of(address))
        {
            from.silent -= 1;
        }
    }

    /// How many there are.
    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    /// How many of them have said nothing yet.
    pub(crate) fn silent(&self) -> usize {
        self.silent.len()
    }

    /// Whether connections from this address are limited, and not only counted.
    fn is_limited(&self, address: IpAddr) -> bool {
        self.config.limit_loopback || !address.to_canonical().is_loopback()
    }

    /// The times in which one more of an address can come into the room, and one more
    /// that does not.
    fn intervals(&self) -> [Duration; 2] {
        let most = self.config.limits.new_per_address.max(1);
        [most, most.saturating_mul(PROBES)].map(|most| WINDOW / most)
    }

    /// What is left of the turns of an address, if they are counted.
    fn turns(&mut self, source: Source, now: Instant) -> Option<&mut Turns> {
        if self.config.limits.new_per_address == 0 {
            return None;
        }
        if self.turns.len() >= MAX_SOURCES && !self.turns.contains_key(&source) {
            if self.swept.is_none_or(|swept| swept + SWEEP_EVERY <= now) {
                self.swept = Some(now);
                self.turns
                    .retain(|_, turns| turns.inside > now || turns.outside > now);
            }
            if self.turns.len() >= MAX_SOURCES {
                // A flood from so many addresses is not stopped by counting them.
                return None;
            }
        }
        let rested = Turns {
            inside: now,
            outside: now,
        };
        Some(self.turns.entry(source).or_insert(rested))
    }
}

/// When an address is rested after one more turn, if it has one. (This is the generic
/// cell rate algorithm of ITU-T I.371.)
fn next(rested: Instant, interval: Duration, now: Instant) -> Option<Instant> {
    Some(rested.max(now) + interval).filter(|next| *next <= now + WINDOW)
}

/// What counts as one with this address.
fn source_of(address: IpAddr) -> Source {
    match address.to_canonical() {
        IpAddr::V4(address) => Source::V4(address.octets()),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h, ..] = address.octets();
            Source::V6([a, b, c, d, e, f, g, h])
        }
    }
}

/// 0 is no limit.
fn is_reached(count: usize, most: usize) -> bool {
    most > 0 && count >= most
}

/// The time in which only so many may come from one address.
const WINDOW: Duration = Duration::from_secs(600);

/// How many connections that do not come into the room an address may have for each
/// one that does: one in 0.1 s, where 60 may in ten minutes.
const PROBES: u32 = 100;

/// The time between two searches for what can be dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Addresses that are remembered after their connections have ended.
const MAX_SOURCES: usize = 65_536;

#[cfg(test)]
mod tests;
