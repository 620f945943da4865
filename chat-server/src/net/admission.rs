//! Which connections may come in: limits on all connections, on those from one address,
//! and on those that have not said anything yet.
//!
//! An address is one of IPv4, or the 64 bits that one subscriber of IPv6 usually has.
//! Addresses of this machine count only among all connections, unless `limit_loopback` is
//! set. This file knows no socket and no clock.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_proto::event::Limits;
use chat_proto::text_form::GREETING;

use crate::access::source::Source;
use crate::config::Config;

/// The connections that were let in and have not ended.
#[derive(Debug)]
pub(crate) struct Admission {
    config: Arc<Config>,
    /// How many connections there are.
    connections: usize,
    from: HashMap<Source, Count>,
    /// The silent connections and their addresses, the longest silent one first.
    silent: BTreeMap<Silent, IpAddr>,
    /// What is left of the turns of each address.
    turns: HashMap<Source, Turns>,
    /// When the turns of rested addresses were last dropped.
    swept: Option<Instant>,
}

/// When an address is rested, so that it has as many turns as after ten quiet minutes:
/// turns of connections that come into the room, and of those that do not.
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
    /// The worker that has it.
    pub(crate) worker: usize,
    /// Its key there.
    pub(crate) key: usize,
}

/// Why a connection may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The limit on connections is reached.
    Full,
    /// The limit on connections from this address is reached.
    AddressFull,
    /// The limit on new connections from this address in ten minutes is reached.
    AddressBusy,
    /// The same for connections that do not come into the room.
    AddressProbing,
    /// The limit on silent connections from this address is reached.
    AddressSilent,
    /// The connection does not come through the proxy.
    NoHeader,
    /// The connection is not encrypted.
    Plain,
    /// The limit on handshakes from this address is reached.
    AddressShaking,
    /// The handshake has failed.
    Handshake,
}

impl Refusal {
    /// All that there are.
    pub const ALL: [Self; 9] = [
        Self::Full,
        Self::AddressFull,
        Self::AddressBusy,
        Self::AddressProbing,
        Self::AddressSilent,
        Self::NoHeader,
        Self::Plain,
        Self::AddressShaking,
        Self::Handshake,
    ];

    /// In one word, for the metrics.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::AddressBusy => "address_busy",
            Self::AddressProbing => "address_probing",
            Self::AddressSilent => "address_silent",
            Self::NoHeader => "no_proxy_header",
            Self::Plain => "not_encrypted",
            Self::AddressShaking => "address_handshakes",
            Self::Handshake => "handshake_failed",
        }
    }

    /// The first line to a refused peer. A program takes it for the greeting, and says
    /// hello.
    pub(crate) fn greeting(self, limits: &Limits) -> String {
        // The words that a program looks for, without the `-- ` of a notice.
        let version = &GREETING["-- ".len()..];
        match self {
            Self::Plain => format!("{version} {TLS_ONLY}"),
            _ => format!("{version} {}", self.advice(limits)),
        }
    }

    /// The reason, and what a person can do.
    pub(crate) fn advice(self, limits: &Limits) -> String {
        let reason = self.reason(limits);
        match self {
            Self::NoHeader => format!("{reason}: connect through the proxy"),
            Self::Plain => format!("{reason}: connect with TLS"),
            _ => format!("{reason}: try again later"),
        }
    }

    /// The reason, with the limit and its option.
    pub(crate) fn reason(self, limits: &Limits) -> String {
        format!("{self} ({})", self.limit(limits))
    }

    /// The limit and its option.
    pub(crate) fn limit(self, limits: &Limits) -> String {
        match self {
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
            Self::Plain => "--tls require".to_owned(),
            Self::AddressShaking => format!("at most {}", MOST_PER_ADDRESS),
            Self::Handshake => "TLS 1.3 only".to_owned(),
        }
    }

    /// The name of its counter.
    pub(crate) fn counter(self) -> &'static str {
        match self {
            Self::Full => "refused_full",
            Self::AddressFull => "refused_address_full",
            Self::AddressBusy => "refused_address_busy",
            Self::AddressProbing => "refused_address_probing",
            Self::AddressSilent => "refused_address_silent",
            Self::NoHeader => "refused_no_header",
            Self::Plain => "refused_plain",
            Self::AddressShaking => "refused_address_shaking",
            Self::Handshake => "refused_handshake",
        }
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
            Self::Plain => "the connection is not encrypted",
            Self::AddressShaking => "too many TLS handshakes from one address",
            Self::Handshake => "the TLS handshake failed",
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

    /// A connection comes. Unless it is refused it counts, and takes one of the turns of
    /// its address; see [`Admission::leave`].
    pub(crate) fn arrive(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        let limits = &self.config.limits;
        if is_reached(self.connections, limits.clients) {
            return Err(Refusal::Full);
        }
        let source = Source::of(address);
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

    /// Whether a refused connection may come in if it proves that it has a place in the
    /// room. The connection whose place it takes counts until that is closed, so there may
    /// be a few more than the limits say.
    pub(crate) fn may_return(&self, address: IpAddr) -> bool {
        let from = self.from.get(&Source::of(address));
        let from = from.map_or(0, |from| from.connections);
        let Config {
            limits, returning, ..
        } = &*self.config;
        let is_reached = |count: usize, most| is_reached(count.saturating_sub(*returning), most);
        let is_full = self.is_limited(address) && is_reached(from, limits.per_address);
        !is_full && !is_reached(self.connections, limits.clients)
    }

    /// A refused connection has proved that, and comes in.
    pub(crate) fn let_back(&mut self, address: IpAddr) {
        self.count(address);
    }

    fn count(&mut self, address: IpAddr) {
        let from = self.from.entry(Source::of(address)).or_default();
        from.connections += 1;
        self.connections += 1;
    }

    /// A connection has ended. A probe of the port costs no person a place: it gives
    /// its turn back, and takes one of those that are for probes.
    pub(crate) fn leave(&mut self, address: IpAddr, visit: Visit, now: Instant) {
        self.connections -= 1;
        let source = Source::of(address);
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

    /// A connection comes in and has said nothing. If there are too many of those now, the
    /// one that has been silent for longest no longer counts as one, and is to go.
    pub(crate) fn wait(
        &mut self,
        silent: Silent,
        address: IpAddr,
    ) -> Result<Option<Silent>, Refusal> {
        let limits = &self.config.limits;
        let is_limited = self.is_limited(address);
        let from = self.from.entry(Source::of(address)).or_default();
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

    /// A silent connection says something, or ends.
    pub(crate) fn join(&mut self, silent: &Silent) {
        if let Some(address) = self.silent.remove(silent)
            && let Some(from) = self.from.get_mut(&Source::of(address))
        {
            from.silent -= 1;
        }
    }

    /// A connection from this address wants a handshake, which costs far more than it
    /// does the peer.
    pub(crate) fn may_begin(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        let [_, outside] = self.intervals();
        if self.is_limited(address)
            && let Some(turns) = self.turns(Source::of(address), now)
            && next(turns.outside, outside, now).is_none()
        {
            return Err(Refusal::AddressProbing);
        }
        Ok(())
    }

    /// A connection from this address came no further than its handshake: it takes one of
    /// the turns that are for probes.
    pub(crate) fn fail(&mut self, address: IpAddr, now: Instant) {
        let [_, outside] = self.intervals();
        if self.is_limited(address)
            && let Some(turns) = self.turns(Source::of(address), now)
        {
            turns.outside = turns.outside.max(now) + outside;
        }
    }

    /// As what an address counts among the handshakes, if these are limited for each
    /// address: they are where connections are.
    pub(crate) fn shaking_source(&self, address: IpAddr) -> Option<Source> {
        let is_limited = self.is_limited(address) && self.config.limits.per_address > 0;
        is_limited.then(|| Source::of(address))
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    /// How many of them are silent.
    pub(crate) fn silent(&self) -> usize {
        self.silent.len()
    }

    /// Whether connections from this address are limited, and not only counted.
    fn is_limited(&self, address: IpAddr) -> bool {
        self.config.limit_loopback || !address.to_canonical().is_loopback()
    }

    /// The times after which an address has one more turn: for a connection that comes into
    /// the room, and for one that does not.
    fn intervals(&self) -> [Duration; 2] {
        let most = self.config.limits.new_per_address.max(1);
        [most, most.saturating_mul(PROBES)].map(|most| WINDOW / most)
    }

    /// The turns of an address, if they are limited.
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

/// 0 is no limit.
fn is_reached(count: usize, most: usize) -> bool {
    most > 0 && count >= most
}

/// The time in which only so many may come from one address.
const WINDOW: Duration = Duration::from_secs(600);

/// Handshakes from one address at once.
pub(crate) const MOST_PER_ADDRESS: usize = 32;

/// What a peer without encryption is told where that is not allowed. The words HOST and
/// PORT stand for what it has connected to, which the server does not know.
const TLS_ONLY: &str = "tls only: chat-client HOST PORT, or ncat --ssl HOST PORT";

/// How many turns for connections that do not come into the room an address has for each
/// one that does: one in 0.1 s, if `--max-new-per-address` is 60.
const PROBES: u32 = 100;

/// The time between two searches for rested addresses.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Addresses that are remembered after their connections have ended.
const MAX_SOURCES: usize = 65_536;

#[cfg(test)]
mod tests;
