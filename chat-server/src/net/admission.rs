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
use std::time::{Duration, Instant};

use chat_proto::event::Limits;
use chat_proto::text_form::GREETING;

/// Everybody who has come in and not gone.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    /// The addresses of this machine count as well.
    limit_loopback: bool,
    /// How many may come in beyond the limits.
    returning: usize,
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

/// Somebody who is in the room and has said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Silent {
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
    /// Nobody is here yet.
    /// `returning` may come in beyond the limits, see [`Admission::may_return`].
    pub(crate) fn new(limits: Limits, limit_loopback: bool, returning: usize) -> Self {
        Self {
            limits,
            limit_loopback,
            returning,
            connections: 0,
            from: HashMap::new(),
            silent: BTreeMap::new(),
            turns: HashMap::new(),
            swept: None,
        }
    }

    /// A connection comes. If it is not refused it counts, and takes one of the turns
    /// of its address; see [`Admission::leave`].
    pub(crate) fn arrive(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        if is_reached(self.connections, self.limits.clients) {
            return Err(Refusal::Full);
        }
        if let Some(source) = self.source(address) {
            let from = self.from.get(&source).map_or(0, |from| from.connections);
            if is_reached(from, self.limits.per_address) {
                return Err(Refusal::AddressFull);
            }
            let [inside, outside] = self.intervals();
            if let Some(turns) = self.turns(source, now) {
                if next(turns.outside, outside, now).is_none() {
                    return Err(Refusal::AddressProbing);
                }
                turns.inside = next(turns.inside, inside, now).ok_or(Refusal::AddressBusy)?;
            }
            self.from.entry(source).or_default().connections += 1;
        }
        self.connections += 1;
        Ok(())
    }

    /// Whether a connection that is refused may come in if it proves that it has a
    /// place here. The connection whose place it takes counts until that is closed,
    /// so there may be some more than the limits say.
    pub(crate) fn may_return(&self, address: IpAddr) -> bool {
        let from = self
            .source(address)
            .and_then(|source| self.from.get(&source));
        let from = from.map_or(0, |from| from.connections);
        let is_reached =
            |count: usize, most| is_reached(count.saturating_sub(self.returning), most);
        !is_reached(self.connections, self.limits.clients)
            && !is_reached(from, self.limits.per_address)
    }

    /// It has proved that, and comes in.
    pub(crate) fn let_back(&mut self, address: IpAddr) {
        if let Some(source) = self.source(address) {
            self.from.entry(source).or_default().connections += 1;
        }
        self.connections += 1;
    }

    /// A connection has ended. A probe of the port costs no person a place: it gives
    /// its turn back, and takes one of those that are for probes.
    pub(crate) fn leave(&mut self, address: IpAddr, visit: Visit, now: Instant) {
        self.connections -= 1;
        let Some(source) = self.source(address) else {
            return;
        };
        if let Entry::Occupied(mut from) = self.from.entry(source) {
            from.get_mut().connections -= 1;
            if from.get().connections == 0 {
                from.remove();
            }
        }
        let [inside, outside] = self.intervals();
        if visit == Visit::Outside
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
        if let Some(source) = self.source(address) {
            let from = self.from.entry(source).or_default();
            if is_reached(from.silent, self.limits.unjoined_per_address) {
                return Err(Refusal::AddressSilent);
            }
            from.silent += 1;
        }
        let is_crowded = is_reached(self.silent.len(), self.limits.unjoined);
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
            && let Some(source) = self.source(address)
            && let Some(from) = self.from.get_mut(&source)
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

    /// What counts as one with this address, if it is counted.
    fn source(&self, address: IpAddr) -> Option<Source> {
        let address = address.to_canonical();
        if address.is_loopback() && !self.limit_loopback {
            return None;
        }
        Some(match address {
            IpAddr::V4(address) => Source::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Source::V6([a, b, c, d, e, f, g, h])
            }
        })
    }

    /// The times in which one more of an address can come into the room, and one more
    /// that does not.
    fn intervals(&self) -> [Duration; 2] {
        let most = self.limits.new_per_address.max(1);
        [most, most.saturating_mul(PROBES)].map(|most| WINDOW / most)
    }

    /// What is left of the turns of an address, if they are counted.
    fn turns(&mut self, source: Source, now: Instant) -> Option<&mut Turns> {
        if self.limits.new_per_address == 0 {
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

/// How many connections that do not come into the room an address may have for each
/// one that does: one in 0.1 s, where 60 may in ten minutes.
const PROBES: u32 = 100;

/// The time between two searches for what can be dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Addresses that are remembered after their connections have ended.
const MAX_SOURCES: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(limits: Limits) -> Admission {
        Admission::new(limits, false, RETURNING)
    }

    const RETURNING: usize = 16;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn come(admission: &mut Admission, addresses: &[&str], now: Instant) -> Vec<bool> {
        let come = |address: &&str| admission.arrive(ip(address), now).is_ok();
        addresses.iter().map(come).collect()
    }

    /// Who goes makes room for another one.
    #[test]
    fn so_many_in_all() {
        let mut admission = admission(Limits {
            clients: 2,
            ..Limits::default()
        });
        let now = Instant::now();
        let [a, b] = [ip("127.0.0.1"), ip("10.0.0.1")];
        assert_eq!(admission.arrive(a, now), Ok(()));
        assert_eq!(admission.arrive(b, now), Ok(()));
        assert_eq!(admission.arrive(a, now), Err(Refusal::Full));
        admission.leave(b, Visit::Inside, now);
        assert_eq!(admission.arrive(a, now), Ok(()));
        assert_eq!(admission.connections(), 2);
    }

    /// IPv6 by its first half, IPv4 as itself in every form, and this
    /// machine not at all.
    #[test]
    fn so_many_from_one_address() {
        let limits = Limits {
            per_address: 2,
            ..Limits::default()
        };
        let now = Instant::now();
        for [same, other] in [
            ["10.0.0.1", "10.0.0.2"],
            ["::ffff:10.0.0.1", "::ffff:10.0.0.2"],
            ["2001:db8:1:1::1", "2001:db8:1:2::1"],
        ] {
            let mut admission = admission(limits);
            assert_eq!(
                come(&mut admission, &[same, same, same, other], now),
                [true, true, false, true]
            );
            admission.leave(ip(same), Visit::Inside, now);
            assert_eq!(come(&mut admission, &[same, same], now), [true, false]);
        }
        let mut admission = admission(limits);
        assert_eq!(
            come(&mut admission, &["10.0.0.1", "::ffff:10.0.0.1"], now),
            [true, true]
        );
        assert_eq!(come(&mut admission, &["10.0.0.1"], now), [false]);
        assert_eq!(
            come(&mut admission, &["2001:db8::1", "2001:db8::ffff"], now),
            [true, true]
        );
        assert_eq!(come(&mut admission, &["2001:db8::2"], now), [false]);
        assert_eq!(come(&mut admission, &["127.0.0.1"; 3], now), [true; 3]);
        assert_eq!(come(&mut admission, &["::1"; 3], now), [true; 3]);
        let mut strict = Admission::new(limits, true, RETURNING);
        let come_twice = come(&mut strict, &["127.0.0.2"; 3], now);
        assert_eq!(come_twice, [true, true, false]);
        assert_eq!(come(&mut strict, &["127.0.0.3"], now), [true]);
    }

    #[test]
    fn so_many_from_one_address_in_ten_minutes() {
        let mut admission = admission(Limits::default());
        let address = ip("10.0.0.1");
        let mut now = Instant::now();
        let come = |admission: &mut Admission, now| {
            let mut count = 0;
            while admission.arrive(address, now).is_ok() {
                admission.leave(address, Visit::Inside, now);
                count += 1;
            }
            count
        };
        assert_eq!(come(&mut admission, now), 60);
        assert_eq!(admission.arrive(address, now), Err(Refusal::AddressBusy));
        now += Duration::from_secs(10);
        assert_eq!(come(&mut admission, now), 1);
        now += WINDOW;
        assert_eq!(come(&mut admission, now), 60);
    }

    /// Probes of the port cost no person a place, and have a limit of their own.
    #[test]
    fn probes_are_counted_apart() {
        let mut admission = admission(Limits::default());
        let address = ip("10.0.0.1");
        let mut now = Instant::now();
        let probe = |admission: &mut Admission, now| {
            let come = admission.arrive(address, now);
            come.inspect(|()| admission.leave(address, Visit::Outside, now))
        };
        let mut probes = 0;
        while probe(&mut admission, now).is_ok() {
            probes += 1;
        }
        assert_eq!(probes, 6000);
        assert_eq!(probe(&mut admission, now), Err(Refusal::AddressProbing));
        // A person has to wait only as long as that flood lasts.
        now += Duration::from_secs(1);
        for _ in 0..60 {
            assert_eq!(admission.arrive(address, now), Ok(()));
            admission.leave(address, Visit::Inside, now);
        }
        assert_eq!(admission.arrive(address, now), Err(Refusal::AddressBusy));
        // And so does a probe when all turns of people are taken.
        assert_eq!(probe(&mut admission, now), Err(Refusal::AddressBusy));
        now += Duration::from_secs(10);
        for _ in 0..100 {
            assert_eq!(probe(&mut admission, now), Ok(()));
        }
        assert_eq!(admission.arrive(address, now), Ok(()));
    }

    /// They are counted apart, and each that speaks makes room.
    #[test]
    fn so_many_who_say_nothing() {
        let mut admission = admission(Limits {
            unjoined: 3,
            unjoined_per_address: 2,
            ..Limits::default()
        });
        let now = Instant::now();
        let [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(ip);
        for address in [a, a, a, b, c] {
            assert_eq!(admission.arrive(address, now), Ok(()));
        }
        // Whoever has waited for longest is first, on whichever thread.
        let silent = |number: u64| Silent {
            since: now + Duration::from_secs(number),
            worker: 9 - number as usize,
            key: 0,
        };
        assert_eq!(admission.wait(silent(1), a), Ok(None));
        assert_eq!(admission.wait(silent(2), a), Ok(None));
        assert_eq!(admission.wait(silent(3), a), Err(Refusal::AddressSilent));
        assert_eq!(admission.wait(silent(4), b), Ok(None));
        assert_eq!(admission.wait(silent(5), c), Ok(Some(silent(1))));
        assert_eq!(admission.silent(), 3);
        // That is counted once, whatever it does before it goes.
        admission.join(&silent(1));
        assert_eq!(admission.silent(), 3);
        admission.join(&silent(4));
        assert_eq!(admission.wait(silent(6), a), Ok(None));
        assert_eq!(admission.wait(silent(7), a), Err(Refusal::AddressSilent));
    }

    /// A peer that is refused is told the limit and its option, once.
    #[test]
    fn refusals_name_their_limits() {
        let limits = Limits {
            clients: 11,
            per_address: 12,
            new_per_address: 13,
            unjoined_per_address: 14,
            ..Limits::default()
        };
        let options = [
            "at most 11, --max-clients",
            "at most 12, --max-per-address",
            "at most 13 in ten minutes, --max-new-per-address",
            "at most 1300 in ten minutes, 100 times --max-new-per-address",
            "at most 14, --max-unjoined-per-address",
            "--proxy-protocol",
        ];
        for (refusal, option) in Refusal::ALL.into_iter().zip(options) {
            for text in [refusal.advice(&limits), refusal.greeting(&limits)] {
                assert!(text.contains(&format!("{refusal} ({option})")), "{text}");
                assert_eq!(text.matches("--").count(), 1, "{text}");
            }
        }
    }

    /// Beyond each limit there is space for some that take their own place again.
    #[test]
    fn some_may_return_beyond_the_limits() {
        let now = Instant::now();
        let [a, b] = [ip("10.0.0.1"), ip("10.0.0.2")];
        for (clients, per_address) in [(3, 0), (100, 0), (100, 3), (0, 40)] {
            let mut admission = admission(Limits {
                clients,
                per_address,
                new_per_address: 0,
                ..Limits::default()
            });
            while admission.arrive(a, now).is_ok() {}
            let full = admission.connections();
            while admission.may_return(a) {
                admission.let_back(a);
            }
            assert_eq!(admission.connections(), full + RETURNING);
            assert_eq!(admission.may_return(b), full < clients || clients == 0);
            for _ in 0..RETURNING {
                assert!(admission.arrive(a, now).is_err());
                admission.leave(a, Visit::Inside, now);
            }
            assert!(admission.may_return(a));
            admission.leave(a, Visit::Inside, now);
            assert_eq!(admission.arrive(a, now), Ok(()));
        }
    }

    /// What is remembered has an end.
    #[test]
    fn memory_is_bounded() {
        let mut admission = admission(Limits::default());
        let now = Instant::now();
        for number in 0..MAX_SOURCES as u32 + 1000 {
            let address = IpAddr::from(number.wrapping_add(1 << 24).to_be_bytes());
            assert_eq!(admission.arrive(address, now), Ok(()));
            admission.leave(address, Visit::Outside, now);
        }
        assert!(admission.from.is_empty());
        assert_eq!(admission.turns.len(), MAX_SOURCES);
        // A while later they make room for others.
        let later = now + WINDOW;
        assert_eq!(admission.arrive(ip("1.1.1.1"), later), Ok(()));
        assert_eq!(admission.turns.len(), 1);
    }
}
